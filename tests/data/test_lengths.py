from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertdemo.data.dataset import Dataset
from bertdemo.data.lengths import share_cut, token_lengths
from bertdemo.models.checkpoints import load_base
from bertdemo.models.encoding import encode
from bertdemo.models.vocabulary import open_tokenizer


def test_every_text_has_its_tokens_and_the_two_marks_around_them(tiny_base: Path) -> None:
    dataset = Dataset("a", ("", "the room", "the room " * 1000), (0, 0, 0), ("x",))
    assert token_lengths(open_tokenizer(tiny_base / "tokenizer.json"), dataset).tolist() == [2, 4, 2002]


def test_pairs_are_counted_together(tiny_base: Path) -> None:
    dataset = Dataset("a", ("the room",), (0,), ("x",), pairs=("the bed was soft",))
    assert token_lengths(open_tokenizer(tiny_base / "tokenizer.json"), dataset).tolist() == [9]


def test_lengths_agree_with_the_tokenizer_used_in_training(tiny_base: Path, small_dataset: Dataset) -> None:
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=128)
    texts = (*small_dataset.texts, "the room💕💕 was 👍🏽")
    dataset = Dataset("a", texts, (0,) * len(texts), ("x",))
    lengths = token_lengths(open_tokenizer(tiny_base / "tokenizer.json"), dataset)
    assert lengths.tolist() == encode(classifier, texts).lengths


@pytest.mark.parametrize(("limit", "share"), [(1, 1.0), (3, 0.5), (4, 0.25), (5, 0.0)])
def test_the_share_that_is_cut_counts_what_is_longer(limit: int, share: float) -> None:
    assert share_cut(np.array([2, 3, 4, 5]), limit) == share


def test_nothing_is_cut_from_nothing() -> None:
    assert share_cut(np.array([], dtype=np.int64), 128) == 0.0
