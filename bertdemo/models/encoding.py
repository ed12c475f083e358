"""Texts to token ids, and ids to padded tensors.

Of a text that is far longer than the model reads, only the part that decides what it reads is tokenised.
"""

from __future__ import annotations

import copy
import math
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bertdemo.models.vocabulary import Legibility

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertdemo.models.classifier import Classifier, Padding

_Texts = str | list[str]
_AT_ONCE = 2048  # texts; the tokenizer's own records of a text are a hundred times the size of its ids
_SHORT = 4_096  # characters; shorter texts are read whole
_IN_A_TURN = 32_768  # characters that are tokenised while others wait: .1 s of Chinese, the slowest
_USUAL = 8  # characters to a token at most, in most texts
_APART = 16  # words between the last token that counts and where a text is cut


class States(Protocol):
    """Hidden states of texts: ``training.kept_states.KeptStates``, which knows when they are computed."""

    seconds: float

    @property
    def remaining(self) -> float: ...
    def of(self, rows: Sequence[int]) -> list[Tensor]: ...
    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> States: ...


@dataclass(frozen=True)
class Encoded:
    """Token ids of n texts, unpadded. ``segments`` says which of the two texts a token belongs to, where a model asks.

    ``cut`` counts the texts that were longer than ``max_length``. Tokenizers written in Python do not tell: of theirs,
    it counts those that fill ``max_length`` to the last token. ``unknown`` is the share of each text's tokens that the
    model does not know, NaN where it reads nothing of it (``Legibility``); empty where ids were not made from texts.
    ``states`` are for a model that reads hidden states in place of ids.
    """

    ids: tuple[NDArray[np.int32], ...]
    segments: tuple[NDArray[np.int32], ...] | None
    cut: int
    unknown: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    states: States | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each text, special tokens included."""
        return [len(row) for row in self.ids]

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> Encoded:
        """Return the given texts, in the given order."""
        segments = None if self.segments is None else tuple(self.segments[i] for i in rows)
        states = None if self.states is None else self.states.select(rows)
        return Encoded(tuple(self.ids[i] for i in rows), segments, self.cut, states=states)


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
    texts, pairs = _shorten_all(classifier, texts, pairs)
    with _locked_tokenizer(classifier, *_listed(texts), *_listed(pairs)) as tokenizer:
        return tokenizer(
            texts, pairs, truncation=True, max_length=classifier.max_length, padding=False,
            return_token_type_ids=reads_segments(classifier.model), **wanted,
        )  # fmt: skip


def count_tokens(classifier: Classifier, text: str, pair: str | None = None) -> int:
    """Return tokens of a text (with its pair), special tokens included.

    Of a text that is much longer than the model reads it is any number above ``max_length``.
    """
    text, pair = shorten(classifier, text, pair)
    with _locked_tokenizer(classifier, text, pair) as tokenizer:
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


def is_long(*texts: str | None) -> bool:
    """Return whether one of them takes longer to tokenise than others should wait."""
    return any(text is not None and len(text) > _IN_A_TURN for text in texts)


def shorten(classifier: Classifier, text: str, pair: str | None = None) -> tuple[str, str | None]:
    """Return the beginning of a text (and of its pair) that becomes the same tokens as the whole, once both are cut.

    It still has more tokens than the model reads. Tokenizers divide a text into words first, and each word by itself,
    so what stands some words further on changes nothing. A text is left whole where that is not sure: its tokenizer
    knows no words, cuts on the left or is written in Python, its words are very long, or both texts of a pair are, of
    which the one with more tokens may keep one more.
    """
    tokenizer = classifier.tokenizer
    if max(len(text), len(pair or "")) <= _SHORT or not tokenizer.is_fast or tokenizer.truncation_side != "right":
        return text, pair
    if pair is None:
        return _beginning(classifier, text, classifier.max_length), None
    shorter = min(text, pair, key=len)
    if len(shorter) > _SHORT:
        return text, pair
    enough = max(classifier.max_length, len(_words(classifier, shorter)))
    if shorter is pair:
        return _beginning(classifier, text, enough), pair
    return text, _beginning(classifier, pair, enough)


def _shorten_all(classifier: Classifier, texts: _Texts, pairs: _Texts | None) -> tuple[_Texts, _Texts | None]:
    seconds: list[str | None] = [*_listed(pairs)] or [None] * len(_listed(texts))
    shortened = [shorten(classifier, text, pair) for text, pair in zip(_listed(texts), seconds, strict=True)]
    if isinstance(texts, str):
        return shortened[0]
    return [text for text, _ in shortened], None if pairs is None else [str(pair) for _, pair in shortened]


def _listed(texts: _Texts | None) -> list[str]:
    return [texts] if isinstance(texts, str) else texts or []


@contextmanager
def _locked_tokenizer(classifier: Classifier, *texts: str | None) -> Iterator[PreTrainedTokenizerBase]:
    """Yield the tokenizer, under the lock of the classifier; for a text that takes long a copy of it, and no lock."""
    if is_long(*texts):
        with classifier.lock:
            apart = copy.deepcopy(classifier.tokenizer)
        yield apart
        return
    with classifier.lock:
        yield classifier.tokenizer


def _beginning(classifier: Classifier, text: str, tokens: int) -> str:
    """As much of a text as has surely all of its first ``tokens`` tokens, and more of them."""
    size = max(_SHORT, _USUAL * tokens)
    most = max(size, _IN_A_TURN)
    while size <= most and size < len(text):
        words = _words(classifier, text[:size])
        if len(words) > tokens and None not in (words[tokens], words[-1]) and words[tokens] + _APART <= words[-1]:
            return text[:size]
        size *= 4
    return text


def _words(classifier: Classifier, text: str) -> list[int]:
    """Of each token the number of its word."""
    with classifier.lock:
        backend = classifier.tokenizer.backend_tokenizer
        backend.no_truncation()  # transformers says anew in each call what it wants
        backend.no_padding()
        words: list[int] = backend.encode_batch([text], add_special_tokens=False)[0].word_ids
    return words


def batches_by_length(
    rows: Sequence[int],
    lengths: Sequence[int],
    size: int,
    padding: Padding = "right",
    most_tokens: int | None = None,
) -> list[list[int]]:
    """Return ``rows`` in batches of ``size``, shortest first, so that little of a batch is padding.

    Or none (``none``). A batch of more than ``most_tokens``, padding included, is divided evenly into as many as it
    takes, which bounds the memory whatever the length of the texts; a text is never divided.
    """
    ordered = sorted(rows, key=lambda row: lengths[row])
    groups = [list(group) for _, group in groupby(ordered, lengths.__getitem__)] if padding == "none" else [ordered]
    batches = [group[i : i + size] for group in groups for i in range(0, len(group), size)]
    if most_tokens is None:
        return batches
    return [part for batch in batches for part in _divided(batch, padded_tokens(batch, lengths), most_tokens)]


def _divided(batch: list[int], tokens: int, most_tokens: int) -> Iterator[list[int]]:
    size = max(1, len(batch) * most_tokens // max(tokens, most_tokens))
    size = math.ceil(len(batch) / math.ceil(len(batch) / size))
    return (batch[i : i + size] for i in range(0, len(batch), size))


def padded_tokens(rows: Sequence[int], lengths: Sequence[int]) -> int:
    """Return tokens that a batch of these rows holds once it is padded to the longest of them."""
    return len(rows) * max(lengths[row] for row in rows)


def collate(classifier: Classifier, encoded: Encoded, rows: Sequence[int], width: int = 0) -> dict[str, Tensor]:
    """Pad rows to the longest of them: ``input_ids``, ``attention_mask`` (rows, tokens), ``token_type_ids`` if any.

    With ``width`` to at least so many tokens. Where the classifier takes no padding, rows have to be of one length.
    Where hidden states are kept, they come as ``inputs_embeds`` (rows, tokens, width) in place of ids.
    """
    width = max(width, *(len(encoded.ids[row]) for row in rows))
    on_left = classifier.padding == "left"
    ids = [encoded.ids[row] for row in rows]
    mask = _padded([np.ones_like(row) for row in ids], 0, width, on_left)
    if encoded.states is not None:
        states = _padded_states(encoded.states.of(rows), width, on_left)
        return {"inputs_embeds": states, "attention_mask": mask}
    inputs = {"input_ids": _padded(ids, classifier.pad_id, width, on_left), "attention_mask": mask}
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


def _padded_states(states: Sequence[Tensor], width: int, on_left: bool) -> Tensor:
    """Return (rows, width, width of the model), filled up with zeros."""
    from torch.nn.functional import pad
    from torch.nn.utils.rnn import pad_sequence

    padded: Tensor = pad_sequence([*states], batch_first=True, padding_side="left" if on_left else "right")
    missing = width - padded.shape[1]
    return pad(padded, (0, 0, missing, 0) if on_left else (0, 0, 0, missing)) if missing else padded
