"""Texts to token ids, and ids to padded tensors."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from bertdemo.models.cutting import readable, turn
from bertdemo.models.legibility import Legibility

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from bertdemo.models.classifier import Classifier, Padding

_Texts = str | list[str]
_AT_ONCE = 2048  # texts; the tokenizer's own records of a text are a hundred times the size of its ids


@dataclass(frozen=True)
class Encoded:
    """Token ids of n texts, unpadded. ``segments`` says which of the two texts a token belongs to, where a model asks.

    ``cut`` counts the texts that were longer than ``max_length``. Tokenizers written in Python do not tell: of theirs,
    it counts those that fill ``max_length`` to the last token. ``unknown`` is the share of each text's tokens that the
    model does not know, NaN where it reads nothing of it (``Legibility``); empty where ids were not made from texts.
    """

    ids: tuple[NDArray[np.int32], ...]
    segments: tuple[NDArray[np.int32], ...] | None
    cut: int
    unknown: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each text, special tokens included."""
        return [len(row) for row in self.ids]

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> Encoded:
        """Return the given texts, in the given order."""
        segments = None if self.segments is None else tuple(self.segments[i] for i in rows)
        return Encoded(tuple(self.ids[i] for i in rows), segments, self.cut)


def is_blank(text: str) -> bool:
    """Return whether there is nothing to read: no character but white space, controls (NUL) and invisible marks."""
    return all(letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf") for letter in text)


def reads_segments(model: PreTrainedModel) -> bool:
    """Return whether a model tells the two texts of a pair apart by ``token_type_ids``.

    Not every tokenizer of its kind says.

    The configurations of XLNet and Funnel have no number of types: they compare those of two tokens. Where there is one
    type alone, a second would be out of range.
    """
    types = getattr(model.config, "type_vocab_size", None)
    return model.config.model_type in ("xlnet", "funnel") if types is None else types > 1


def tokenize(classifier: Classifier, texts: _Texts, pairs: _Texts | None = None, **wanted: Any) -> Any:
    """Return the ``BatchEncoding`` of a text or texts (with their pairs) for this model: cut, not padded.

    Whatever reads texts for a classifier does it here, so that all read alike, and without its lock: long texts are
    read beside it. ``wanted`` goes to the tokenizer.
    """
    texts, pairs = _readable(classifier, texts, pairs)
    with turn(classifier, *_each(texts), *_each(pairs)) as tokenizer:
        return tokenizer(
            texts, pairs, truncation=True, max_length=classifier.max_length, padding=False,
            return_token_type_ids=reads_segments(classifier.model), **wanted,
        )  # fmt: skip


def count_tokens(classifier: Classifier, text: str, pair: str | None = None) -> int:
    """Return tokens of a text (with its pair), special tokens included.

    Of a text that is much longer than the model reads it is any number above ``max_length``.
    """
    text, pair = readable(classifier, text, pair)
    with turn(classifier, text, pair) as tokenizer:
        return len(tokenizer(text, pair, truncation=False, verbose=False)["input_ids"])


def encode(classifier: Classifier, texts: Sequence[str], pairs: Sequence[str] | None = None) -> Encoded:
    """Tokenise every text (with its pair), special tokens included, cut to ``classifier.max_length`` tokens."""
    if not texts:
        return Encoded((), None, 0)
    ids: list[NDArray[np.int32]] = []
    segments: list[NDArray[np.int32]] = []
    unknown: list[float] = []
    legibility = Legibility(classifier.tokenizer)
    cut = 0
    for start in range(0, len(texts), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        second = None if pairs is None else list(pairs[part])
        columns = tokenize(classifier, list(texts[part]), second, return_attention_mask=False)
        ids += [np.asarray(row, dtype=np.int32) for row in columns["input_ids"]]
        segments += [np.asarray(row, dtype=np.int32) for row in columns.get("token_type_ids", ())]
        full = [place for place, row in enumerate(columns["input_ids"]) if len(row) >= classifier.max_length]
        cut += sum(columns.encodings is None or bool(columns.encodings[place].overflowing) for place in full)
        for place, row in enumerate(columns["input_ids"]):  # tokenizers written in Python do not tell whose a token is
            parts = columns.sequence_ids(place) if pairs is not None and columns.encodings is not None else None
            unknown.append(legibility.unknown_share(row, parts))
    return Encoded(tuple(ids), tuple(segments) or None, cut, np.array(unknown, np.float32))


def _readable(classifier: Classifier, texts: _Texts, pairs: _Texts | None) -> tuple[_Texts, _Texts | None]:
    if isinstance(texts, str):
        return readable(classifier, texts, cast("str | None", pairs))
    if pairs is None:
        return [readable(classifier, text)[0] for text in texts], None
    both = [readable(classifier, text, pair) for text, pair in zip(texts, pairs, strict=True)]
    return [text for text, _ in both], [str(pair) for _, pair in both]


def _each(texts: _Texts | None) -> Sequence[str]:
    return [texts] if isinstance(texts, str) else texts or ()


def batches_by_length(
    rows: Sequence[int], lengths: Sequence[int], size: int, padding: Padding = "right"
) -> list[list[int]]:
    """Return ``rows`` in batches of ``size``, shortest first, so that little of a batch is padding.

    Or none (``none``).
    """
    ordered = sorted(rows, key=lambda row: lengths[row])
    groups = [list(group) for _, group in groupby(ordered, lengths.__getitem__)] if padding == "none" else [ordered]
    return [group[i : i + size] for group in groups for i in range(0, len(group), size)]


def padded_tokens(rows: Sequence[int], lengths: Sequence[int]) -> int:
    """Return tokens that a batch of these rows holds once it is padded to the longest of them."""
    return len(rows) * max(lengths[row] for row in rows)


def collate(classifier: Classifier, encoded: Encoded, rows: Sequence[int], width: int = 0) -> dict[str, Tensor]:
    """Pad rows to the longest of them: ``input_ids``, ``attention_mask`` (rows, tokens), ``token_type_ids`` if any.

    With ``width`` to at least so many tokens. Where the classifier takes no padding, rows have to be of one length.
    """
    width = max(width, *(len(encoded.ids[row]) for row in rows))
    on_left = classifier.padding == "left"
    ids = [encoded.ids[row] for row in rows]
    ones = [np.ones_like(row) for row in ids]
    inputs = {
        "input_ids": _padded(ids, classifier.pad_id, width, on_left),
        "attention_mask": _padded(ones, 0, width, on_left),
    }
    if encoded.segments is not None:
        inputs["token_type_ids"] = _padded([encoded.segments[row] for row in rows], 0, width, on_left)
    return inputs


def _padded(columns: Sequence[NDArray[np.int32]], filler: int, width: int, on_left: bool) -> Tensor:
    """Return (rows, width), 64-bit: one row for each of ``columns``, filled up on the right, or on the left."""
    import torch

    table = np.full((len(columns), width), filler, dtype=np.int64)
    for row, values in zip(table, columns, strict=True):
        start = width - len(values) if on_left else 0
        row[start : start + len(values)] = values
    return torch.from_numpy(table)
