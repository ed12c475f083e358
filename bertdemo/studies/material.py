"""What a study works with: the classifier of its run, the texts, and the answers that the run kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.dataset import Dataset, Split
from bertdemo.errors import RunError
from bertdemo.evaluation.metrics import Answered
from bertdemo.explanation.masking import ids_without, texts_at_once
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.encoding import Encoded
from bertdemo.prediction.predict import predict_settled
from bertdemo.runs.versions import model_digest
from bertdemo.settings import Settings
from bertdemo.studies.folder import StudyFolder
from bertdemo.tasks.worker import raise_if_asked

if TYPE_CHECKING:
    from bertdemo.models.classifier import Classifier
    from bertdemo.models.devices import Placement


@dataclass(frozen=True)
class Material:
    """The classifier of a run with its texts; its methods raise ``CancelledError`` where a person wants that."""

    folder: StudyFolder
    classifier: Classifier
    split: Split
    test: Dataset
    answered: Answered
    base: str
    placement: Placement
    _readings: dict[int, TokenizedText] = field(default_factory=dict)

    def text(self, place: int) -> tuple[str, str | None]:
        """Return a test text and its pair."""
        return self.test.texts[place], self.test.pairs[place] if self.test.pairs else None

    def tokenized(self, place: int) -> TokenizedText:
        """Return a test text as the model reads it."""
        if place not in self._readings:
            self._readings[place] = tokenize_with_words(self.classifier, *self.text(place))
        return self._readings[place]

    def predict(self, readings: Sequence[TokenizedText], masked: Sequence[NDArray[np.bool_]]) -> NDArray[np.float32]:
        """Return logits (texts, labels) of texts some of whose words (words,) are masked; labels are those of fp32."""
        logits = np.zeros((len(readings), len(self.classifier.label_names)), np.float32)
        for rows in _pieces(self.classifier, [len(each) for each in readings]):
            raise_if_asked(self.folder, "cancel")
            encoded = self._encoded([readings[row] for row in rows], [masked[row] for row in rows])
            with self.classifier.lock:
                logits[rows], _ = predict_settled(self.classifier, encoded, self.placement)
        return logits

    def _encoded(self, readings: Sequence[TokenizedText], masked: Sequence[NDArray[np.bool_]]) -> Encoded:
        ids = [
            ids_without(self.classifier, tokenized, words[None])[0] if words.any() else tokenized.ids
            for tokenized, words in zip(readings, masked, strict=True)
        ]
        segments = tuple(each.segments.astype(np.int32) for each in readings if each.segments is not None)
        return Encoded(tuple(row.astype(np.int32) for row in ids), segments or None, cut=0)


def gather(folder: StudyFolder) -> Material:
    """Load what the study is about.

    Raises:
        RunError: the run, its model, its texts or its answers are gone, or are others than when the study was made.
    """
    from bertdemo.models.devices import choose_placement
    from bertdemo.prediction.model_cache import ModelCache
    from bertdemo.runs.store import Runs

    card, runs = folder.card, Runs(Settings(folder.home))
    if model_digest(runs.model_folder(card.run)) != card.model:
        raise RunError(f"The model of the run {card.run} is not the one this study began with: start the study again.")
    run = runs.folder(card.run)
    split, answers = run.split(), run.answers()
    if answers is None:
        raise RunError(f"The run {card.run} kept no answers to its test texts: fine-tune it again to study them.")
    classifier = ModelCache(runs, capacity=1).classifier(card.run)
    return Material(
        folder, classifier, split, split.part("test"), answers.test, run.recipe().base,
        classifier.suit(choose_placement()),
    )  # fmt: skip


def _pieces(classifier: Classifier, lengths: Sequence[int]) -> list[list[int]]:
    """Return rows of similar length, few enough at a time that a cancel is soon heard."""
    pieces: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        if pieces and len(pieces[-1]) < texts_at_once(classifier, lengths[row]):
            pieces[-1].append(row)
        else:
            pieces.append([row])
    return pieces
