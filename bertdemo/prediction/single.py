"""One text, one answer: what a person sees who asks a classifier something."""

from __future__ import annotations

from dataclasses import dataclass

from bertdemo.errors import PredictionError
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.models.encoding import is_blank, tokenize
from bertdemo.prediction.predict import predict

MAX_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Answer:
    """What a classifier says of one text.

    ``scores`` are (label, probability) of all labels, the most probable first. ``tokens`` counts what the model read,
    special tokens included; ``pieces`` are these tokens. ``kept_text`` and ``kept_pair`` are the parts that were read:
    shorter than what was asked where ``truncated``. ``milliseconds`` includes tokenising and no waiting.
    """

    label: str
    scores: tuple[tuple[str, float], ...]
    tokens: int
    truncated: bool
    kept_text: str
    kept_pair: str | None
    pieces: tuple[str, ...]
    milliseconds: float
    precision: str

    @property
    def confidence(self) -> float:
        """Probability of the label."""
        return self.scores[0][1]


def predict_one(classifier: Classifier, text: str, pair: str | None = None) -> Answer:
    """Classify one text (with its pair) in fp32, where every digit counts and a batch saves nothing.

    Raises:
        PredictionError: see ``check_text``.
    """
    check_text(text)
    if pair is not None:
        check_text(pair, "second text")
    with classifier.lock:
        predictions = predict(classifier, [text], None if pair is None else [pair], placement=choose_placement("fp32"))
        pieces, truncated, kept_text, kept_pair = _what_was_read(classifier, text, pair)
    scores = sorted(
        zip(classifier.label_names, predictions.probabilities[0].tolist(), strict=True), key=lambda s: -s[1]
    )
    return Answer(
        label=scores[0][0], scores=tuple(scores), tokens=len(pieces), truncated=truncated, kept_text=kept_text,
        kept_pair=kept_pair, pieces=pieces, milliseconds=1000 * predictions.seconds, precision=predictions.precision,
    )  # fmt: skip


def check_text(text: str, what: str = "text") -> None:
    """Refuse what nothing can be said of, in one sentence.

    Raises:
        PredictionError: there is nothing to read, half of a character, or more than ``MAX_CHARACTERS``.
    """
    if is_blank(text):
        raise PredictionError(f"The {what} is empty: type something to classify.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise PredictionError(f"The {what} holds half of a character (a lone surrogate): remove it and try again.")
    if len(text) > MAX_CHARACTERS:
        raise PredictionError(
            f"The {what} has {len(text):,} characters and the limit is {MAX_CHARACTERS:,}: give a part of it, or "
            "predict a file with a text a row."
        )


def _what_was_read(
    classifier: Classifier, text: str, pair: str | None
) -> tuple[tuple[str, ...], bool, str, str | None]:
    """Tokens, whether anything was cut, and the part of each text up to its last token that was read."""
    tokenizer = classifier.tokenizer
    if not tokenizer.is_fast:
        return _what_was_read_slowly(classifier, text, pair)
    read = tokenize(classifier, text, pair, return_offsets_mapping=True)
    pieces = tuple(tokenizer.convert_ids_to_tokens(read["input_ids"]))
    if not read.encodings[0].overflowing:
        return pieces, False, text, pair
    ends = {0: 0, 1: 0}
    for sequence, (_, end) in zip(read.sequence_ids(), read["offset_mapping"], strict=True):
        if sequence is not None:
            ends[sequence] = max(ends[sequence], end)
    return pieces, True, text[: ends[0]], None if pair is None else pair[: ends[1]]


def _what_was_read_slowly(
    classifier: Classifier, text: str, pair: str | None
) -> tuple[tuple[str, ...], bool, str, str | None]:
    """The same of a tokenizer written in Python, which does not tell where in the text a token stands."""
    tokenizer = classifier.tokenizer
    ids = tokenize(classifier, text, pair)["input_ids"]
    pieces = tuple(tokenizer.convert_ids_to_tokens(ids))
    if len(tokenizer(text, pair, truncation=False, verbose=False)["input_ids"]) == len(ids):
        return pieces, False, text, pair
    return pieces, True, str(tokenizer.decode(ids, skip_special_tokens=True)), None if pair is None else ""
