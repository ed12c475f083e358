from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertdemo.data.dataset import Dataset
from bertdemo.data.lengths import share_cut, token_lengths
from bertdemo.errors import ModelError


def test_every_text_has_its_tokens_and_the_two_marks_around_them(tiny_base: Path) -> None:
    dataset = Dataset("a", ("", "the room", "the room " * 1000), (0, 0, 0), ("x",))
    assert token_lengths(tiny_base / "tokenizer.json", dataset).tolist() == [2, 4, 2002]


def test_pairs_are_counted_together(tiny_base: Path) -> None:
    dataset = Dataset("a", ("the room",), (0,), ("x",), pairs=("the bed was soft",))
    assert token_lengths(tiny_base / "tokenizer.json", dataset).tolist() == [9]


def test_lengths_agree_with_the_tokenizer_used_in_training(tiny_base: Path, small_dataset: Dataset) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_base)
    expected = [len(ids) for ids in tokenizer(list(small_dataset.texts))["input_ids"]]
    assert token_lengths(tiny_base / "tokenizer.json", small_dataset).tolist() == expected


@pytest.mark.parametrize("content", [None, "{}", "rubbish"])
def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json is no tokenizer"):
        token_lengths(path, Dataset("a", ("b",), (0,), ("x",)))


@pytest.mark.parametrize(("limit", "share"), [(1, 1.0), (3, 0.5), (4, 0.25), (5, 0.0)])
def test_the_share_that_is_cut_counts_what_is_longer(limit: int, share: float) -> None:
    assert share_cut(np.array([2, 3, 4, 5]), limit) == share


def test_nothing_is_cut_from_nothing() -> None:
    assert share_cut(np.array([], dtype=np.int64), 128) == 0.0
