"""Texts to token ids, and ids to padded tensors."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.models.legibility import Legibility

if TYPE_CHECKING:
    from torch import Tensor

    from bertdemo.models.classifier import Classifier

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
        """The given texts, in the given order."""
        segments = None if self.segments is None else tuple(self.segments[i] for i in rows)
        return Encoded(tuple(self.ids[i] for i in rows), segments, self.cut)


def is_blank(text: str) -> bool:
    """Whether there is nothing to read: no character but white space, controls (NUL) and invisible marks."""
    return all(letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf") for letter in text)


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
        columns = classifier.tokenizer(
            list(texts[part]), None if pairs is None else list(pairs[part]), truncation=True,
            max_length=classifier.max_length, padding=False, return_attention_mask=False,
        )  # fmt: skip
        ids += [np.asarray(row, dtype=np.int32) for row in columns["input_ids"]]
        segments += [np.asarray(row, dtype=np.int32) for row in columns.get("token_type_ids", ())]
        full = [place for place, row in enumerate(columns["input_ids"]) if len(row) >= classifier.max_length]
        cut += sum(columns.encodings is None or bool(columns.encodings[place].overflowing) for place in full)
        for place, row in enumerate(columns["input_ids"]):  # tokenizers written in Python do not tell whose a token is
            parts = columns.sequence_ids(place) if pairs is not None and columns.encodings is not None else None
            unknown.append(legibility.unknown_share(row, parts))
    return Encoded(tuple(ids), tuple(segments) or None, cut, np.array(unknown, np.float32))


def batches_by_length(rows: Sequence[int], lengths: Sequence[int], size: int) -> list[list[int]]:
    """``rows`` in batches of ``size``, shortest first, so that little of a batch is padding."""
    ordered = sorted(rows, key=lambda row: lengths[row])
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def padded_tokens(rows: Sequence[int], lengths: Sequence[int]) -> int:
    """Tokens that a batch of these rows holds once it is padded to the longest of them."""
    return len(rows) * max(lengths[row] for row in rows)


def collate(encoded: Encoded, rows: Sequence[int], pad_id: int, width: int = 0) -> dict[str, Tensor]:
    """Pad rows to the longest of them: ``input_ids``, ``attention_mask`` (rows, tokens), ``token_type_ids`` if any.

    With ``width`` to at least so many tokens.
    """
    ids = [encoded.ids[row] for row in rows]
    ones = [np.ones_like(row) for row in ids]
    inputs = {"input_ids": _padded(ids, pad_id, width), "attention_mask": _padded(ones, 0, width)}
    if encoded.segments is not None:
        inputs["token_type_ids"] = _padded([encoded.segments[row] for row in rows], 0, width)
    return inputs


def _padded(columns: Sequence[NDArray[np.int32]], filler: int, width: int) -> Tensor:
    """One row of the result for each of ``columns``, as long as the longest of them: (rows, tokens), 64-bit."""
    import torch

    table = np.full((len(columns), max(width, *map(len, columns))), filler, dtype=np.int64)
    for row, values in zip(table, columns, strict=True):
        row[: len(values)] = values
    return torch.from_numpy(table)
