"""One text, one answer: what a person sees who asks a classifier something, and what has to be said beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bertdemo.data.dataset import in_plain_letters
from bertdemo.errors import PredictionError
from bertdemo.lines import one_line, shorten
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.models.encoding import count_tokens, is_blank, tokenize
from bertdemo.models.vocabulary import Legibility
from bertdemo.prediction.predict import predict

MAX_CHARACTERS = 1_000_000
_MOST_COMPARED = 4_000  # characters of a text that are looked at for letters in another form
_SHOWN = 60  # characters of a text


@dataclass(frozen=True)
class Answer:
    """What a classifier says of one text.

    ``scores`` are (label, probability) of all labels, the most probable first. ``tokens`` counts what the model read,
    special tokens included; ``pieces`` are these tokens. ``kept_text`` and ``kept_pair`` are the parts that were read:
    shorter than what was asked where ``truncated``. ``milliseconds`` includes tokenising and no waiting.
    ``unknown_share`` of the tokens that are not special stand for something that the model does not know. ``plain`` is
    the text (its pair, where that is the one) in plain letters, if the model reads that differently.
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
    unknown_share: float = 0.0
    plain: str | None = None

    @property
    def confidence(self) -> float:
        """Probability of the label."""
        return self.scores[0][1]


def predict_one(classifier: Classifier, text: str, pair: str | None = None) -> Answer:
    """Classify one text (with its pair) in fp32, where every digit counts and a batch saves nothing.

    Raises:
        PredictionError: see ``check_text``; or the model reads nothing of a text.
    """
    check_text(text)
    if pair is not None:
        check_text(pair, "second text")
    predictions = predict(classifier, [text], None if pair is None else [pair], placement=choose_placement("fp32"))
    unknown = float(predictions.unknown[0])
    if math.isnan(unknown):
        raise illegible(classifier, text)
    pieces, truncated, kept_text, kept_pair = _what_was_read(classifier, text, pair)
    plain = in_other_letters(classifier, text) or (in_other_letters(classifier, pair) if pair else None)
    scores = sorted(
        zip(classifier.label_names, predictions.probabilities[0].tolist(), strict=True), key=lambda s: -s[1]
    )
    return Answer(
        label=scores[0][0], scores=tuple(scores), tokens=len(pieces), truncated=truncated, kept_text=kept_text,
        kept_pair=kept_pair, pieces=pieces, milliseconds=1000 * predictions.seconds, precision=predictions.precision,
        unknown_share=unknown, plain=plain,
    )  # fmt: skip


def illegible(classifier: Classifier, text: str) -> PredictionError:
    """Return what to say of a text, or of its pair, of which the model reads nothing."""
    alone = Legibility(classifier.tokenizer).unknown_share(tokenize(classifier, text)["input_ids"])
    what = "text" if math.isnan(alone) else "second text"
    return PredictionError(
        f"The model can read nothing of the {what}: none of its characters is one that it knows. Type something to "
        "classify."
    )


def in_other_letters(classifier: Classifier, text: str) -> str | None:
    """Return the text in plain letters where the model reads that differently, though people see one text."""
    some = text[:_MOST_COMPARED]
    plain = in_plain_letters(some)
    if plain == some:
        return None
    with classifier.lock:
        one, other = (classifier.tokenizer(form, verbose=False)["input_ids"] for form in (some, plain))
    return plain if one != other else None


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
    """Return tokens, whether anything was cut, and the part of each text up to its last token that was read."""
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
    """Return the same of a tokenizer written in Python, which does not tell where in the text a token stands."""
    tokenizer = classifier.tokenizer
    ids = tokenize(classifier, text, pair)["input_ids"]
    pieces = tuple(tokenizer.convert_ids_to_tokens(ids))
    if count_tokens(classifier, text, pair) == len(ids):
        return pieces, False, text, pair
    return pieces, True, str(tokenizer.decode(ids, skip_special_tokens=True)), None if pair is None else ""


def remarks(unknown_share: float, plain: str | None) -> tuple[str, ...]:
    """Return sentences in plain text about an answer (``Answer``); none for a text that was read as it is."""
    said = []
    if unknown_share == 1:
        said.append(
            "The model knows nothing of this text: every token that it read is unknown to it (100 %), so the answer "
            "does not depend on what the text says."
        )
    elif unknown_share > 0:
        said.append(
            f"{share(unknown_share)} of the tokens that the model read are unknown to it: the answer rests on "
            "the others."
        )
    if plain is not None:
        said.append(
            f"Some letters are in another form (full-width, mathematical, circled …): the model reads them as other "
            f"tokens than “{shorten(one_line(plain), _SHOWN)}”, and may answer that differently."
        )
    return tuple(said)


def share(unknown: float) -> str:
    """Return a share above 0 and below 1 in whole per cent that claims neither."""
    return f"{min(99, max(1, round(100 * unknown)))}\u00a0%"
