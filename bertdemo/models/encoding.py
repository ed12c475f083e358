"""Texts to token ids, and ids to padded tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from bertdemo.models.classifier import Classifier


@dataclass(frozen=True)
class Encoded:
    """Token ids of n texts, unpadded. ``segments`` says which of the two texts a token belongs to, where a model asks.

    ``cut`` counts the texts that fill ``max_length`` to the last token: nearly always because they were longer.
    """

    ids: tuple[Sequence[int], ...]
    segments: tuple[Sequence[int], ...] | None
    cut: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each text, special tokens included."""
        return [len(row) for row in self.ids]


def encode(classifier: Classifier, texts: Sequence[str], pairs: Sequence[str] | None = None) -> Encoded:
    """Tokenise every text (with its pair), special tokens included, cut to ``classifier.max_length`` tokens."""
    if not texts:
        return Encoded((), None, 0)
    columns = classifier.tokenizer(
        list(texts), None if pairs is None else list(pairs), truncation=True, max_length=classifier.max_length,
        padding=False, return_attention_mask=False,
    )  # fmt: skip
    ids = tuple(columns["input_ids"])
    segments = tuple(columns["token_type_ids"]) if "token_type_ids" in columns else None
    return Encoded(ids, segments, sum(len(row) >= classifier.max_length for row in ids))


def batches_by_length(rows: Sequence[int], lengths: Sequence[int], size: int) -> list[list[int]]:
    """``rows`` in batches of ``size``, shortest first, so that little of a batch is padding."""
    ordered = sorted(rows, key=lambda row: lengths[row])
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def padded_tokens(rows: Sequence[int], lengths: Sequence[int]) -> int:
    """Tokens that a batch of these rows holds once it is padded to the longest of them."""
    return len(rows) * max(lengths[row] for row in rows)


def collate(encoded: Encoded, rows: Sequence[int], pad_id: int) -> dict[str, Tensor]:
    """Pad rows to the longest of them: ``input_ids``, ``attention_mask`` (rows, tokens), ``token_type_ids`` if any."""
    import torch

    width = max(len(encoded.ids[row]) for row in rows)

    def padded(columns: Sequence[Sequence[int]], filler: int) -> Tensor:
        return torch.tensor([[*columns[row], *[filler] * (width - len(columns[row]))] for row in rows])

    lengths = torch.tensor([[len(encoded.ids[row])] for row in rows])
    inputs = {
        "input_ids": padded(encoded.ids, pad_id),
        "attention_mask": (torch.arange(width) < lengths).long(),
    }
    if encoded.segments is not None:
        inputs["token_type_ids"] = padded(encoded.segments, 0)
    return inputs
