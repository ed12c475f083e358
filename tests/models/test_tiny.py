"""The fake base model: its vocabulary is the same each time, and that of a WordPiece."""

from __future__ import annotations

from pathlib import Path

from bertdemo.data.dataset import Dataset
from bertdemo.models.tiny import SPECIAL_TOKENS, make_tiny_bert


def test_the_same_texts_give_the_same_model_in_whatever_order_they_come(tmp_path: Path, small_dataset: Dataset):
    one, other = (
        make_tiny_bert(tmp_path / name, texts)
        for name, texts in (("one", small_dataset.texts), ("other", small_dataset.texts[::-1]))
    )
    for file in ("tokenizer.json", "model.safetensors"):
        assert (one / file).read_bytes() == (other / file).read_bytes()


def test_frequent_pairs_become_pieces_and_words(tmp_path: Path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(make_tiny_bert(tmp_path, ["aba aba abc"], vocabulary_size=12))
    # All three words begin with ab, so that it is joined first.
    assert sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get) == [
        *SPECIAL_TOKENS, "##a", "##b", "##c", "a", "b", "c", "ab",
    ]  # fmt: skip
    assert tokenizer.tokenize("aba abc Ab") == ["ab", "##a", "ab", "##c", "ab"]
