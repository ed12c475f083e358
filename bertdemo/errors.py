"""Every error a person can cause or must act on. The message says what happened and what to do next."""

from __future__ import annotations


class BertDemoError(Exception):
    """Root of all errors shown to a person as one sentence.

    ``exit_code`` is what a command returns: 2 for wrong input, 1 for a failure while running.
    """

    exit_code = 2


class SettingsError(BertDemoError):
    """An environment variable holds a value that cannot be used."""


class DataError(BertDemoError):
    """A file, table or data set cannot be used for text classification as it is."""


class OpenQuestionError(DataError):
    """A table leaves open what only a person can tell: ``question`` without a remedy, which page and command each word.

    The message ends in the remedy of the library.
    """

    remedy = ""

    def __init__(self, question: str) -> None:
        super().__init__(f"{question}: {self.remedy}.")
        self.question = question


class DoubtfulLabelError(OpenQuestionError):
    """Several columns may be the labels, and only a person can tell which: ``candidates``, the likeliest first."""

    remedy = "choose one of them"

    def __init__(self, question: str, candidates: tuple[str, ...]) -> None:
        super().__init__(question)
        self.candidates = candidates


class SeveralLabelsError(OpenQuestionError):
    """Too many rows have several labels: a person has to say what is learned of them, such as one of ``labels``."""

    remedy = "keep the first label of each row, or learn one label against all others"

    def __init__(self, question: str, labels: tuple[str, ...]) -> None:
        super().__init__(question)
        self.labels = labels


class UnknownLabelError(DataError):
    """The one label that is to be learned against all others is none of the table's."""


class DisputedLabelsError(OpenQuestionError):
    """Rows of one text disagree about its label, so that none is usable."""

    remedy = "take the most frequent label of each text"


class ModelError(BertDemoError):
    """A base model cannot be found or used."""


class WeightsError(ModelError):
    """Weights of a model are missing or no numbers; ``found`` says how many, without a word of where they lie."""

    def __init__(self, found: str, sentence: str) -> None:
        super().__init__(sentence)
        self.found = found


class RecipeError(BertDemoError):
    """A training setting is outside of what makes sense."""


class RunError(BertDemoError):
    """A run does not exist, or is not in a state in which this can be done."""


class PredictionError(BertDemoError):
    """A text cannot be classified as it is."""


class ExplanationError(BertDemoError):
    """An answer cannot be explained in the way that was asked for."""


class TrainingError(BertDemoError):
    """Training began and could not go on."""

    exit_code = 1


class JobError(BertDemoError):
    """A job began and could not go on."""

    exit_code = 1


class StorageError(BertDemoError):
    """The home folder cannot be written: the disk is full, read-only, or not ours."""

    exit_code = 1


class CancelledError(Exception):
    """A person wants nothing more of this work. Not a ``BertDemoError``: there is nothing to tell them."""
