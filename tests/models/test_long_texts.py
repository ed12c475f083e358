"""A text that is far longer than a model reads is cut before it is tokenised, and nothing comes out otherwise."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from bertdemo.models import encoding
from bertdemo.models.classifier import Classifier
from bertdemo.models.encoding import shorten, tokenize
from tests.conftest import COMPLAINTS, PRAISE

PIECES = (
    "coffee", " ", "  ", "\n", "the staff were rude", "unbelievably", "x" * 150, "1234567", "3.5", "don't", "中文",
    "💕", "#tag",
    "e\u0301", "\u0301", "\u200d", "\u00a0", "ﬁ", "Σ", "İ", "ä", "[SEP]", "[UNK]", "<s>", "!", "...", "\0", "-",
)  # fmt: skip
MODEL = SimpleNamespace(config=SimpleNamespace(model_type="bert", type_vocab_size=2))  # more is not asked here
TEXTS = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def trained(model: Any, trainer: Any, split: Any, normalizer: Any) -> PreTrainedTokenizerFast:
    """A small tokenizer of a kind, with [CLS] … [SEP] around a text."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, split, decoders.ByteLevel()
    tokenizer.train_from_iterator([*PRAISE, *COMPLAINTS, "中文 💕"], trainer)
    ends = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ends)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]")


SPECIAL = ["[UNK]", "[CLS]", "[SEP]"]
KINDS = {
    "byte-level BPE": lambda: trained(
        models.BPE(),
        trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, show_progress=False,
                            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
        pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC(),
    ),
    "unigram": lambda: trained(
        models.Unigram(),
        trainers.UnigramTrainer(vocab_size=300, special_tokens=SPECIAL, unk_token="[UNK]", show_progress=False),
        pre_tokenizers.Metaspace(), normalizers.NFKC(),
    ),
    "unigram without words": lambda: trained(
        models.Unigram(),
        trainers.UnigramTrainer(vocab_size=300, special_tokens=SPECIAL, unk_token="[UNK]", show_progress=False),
        None, normalizers.NFKC(),
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=["word pieces", *KINDS])
def classifier(request: pytest.FixtureRequest, tiny_base: Path) -> Classifier:
    tokenizer = AutoTokenizer.from_pretrained(tiny_base) if request.param == "word pieces" else KINDS[request.param]()
    return Classifier(MODEL, tokenizer, ("a", "b"), 12)  # type: ignore[arg-type]


@pytest.fixture(scope="module", autouse=True)
def short_texts_are_long_here() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "_SHORT", 24)
        patch.setattr(encoding, "_USUAL", 3)
        patch.setattr(encoding, "_APART", 2)
        yield


def whole(classifier: Classifier, text: str, pair: str | None) -> Any:
    return classifier.tokenizer(
        text, pair, truncation=True, max_length=classifier.max_length, return_offsets_mapping=True
    )


@given(text=TEXTS, pair=st.none() | TEXTS)
def test_what_is_read_of_the_beginning_is_what_is_read_of_the_whole(
    classifier: Classifier, text: str, pair: str | None
) -> None:
    expected = whole(classifier, text, pair)
    found = tokenize(classifier, text, pair, return_offsets_mapping=True)
    assert found["input_ids"] == expected["input_ids"]
    assert found["offset_mapping"] == expected["offset_mapping"]
    assert bool(found.encodings[0].overflowing) == bool(expected.encodings[0].overflowing)


@pytest.mark.parametrize("pair", [None, "and the waiter was kind"])
def test_long_texts_of_words_are_cut(classifier: Classifier, pair: str | None) -> None:
    text = "the coffee was cold, and the soup too. " * 50
    cut, _ = shorten(classifier, text, pair)
    has_words = classifier.tokenizer.backend_tokenizer.pre_tokenizer is not None
    assert len(cut) < len(text) / 4 if has_words else cut == text


def test_a_tokenizer_that_keeps_the_end_of_a_text_reads_all_of_it(tiny_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_base, truncation_side="left")
    text = "the coffee was cold " * 50
    assert shorten(Classifier(MODEL, tokenizer, ("a", "b"), 12), text) == (text, None)  # type: ignore[arg-type]


def test_nobody_waits_for_a_text_that_cannot_be_cut(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "_IN_A_TURN", 100)
    classifier = Classifier(MODEL, AutoTokenizer.from_pretrained(tiny_base), ("a", "b"), 12)  # type: ignore[arg-type]
    shared, free = classifier.tokenizer, []
    used = type(shared).__call__

    def watched(tokenizer: Any, *arguments: Any, **wanted: Any) -> Any:
        asking = threading.Thread(target=lambda: free.append(classifier.lock.acquire(timeout=5)))
        asking.start()
        asking.join()
        assert tokenizer is not shared
        return used(tokenizer, *arguments, **wanted)

    monkeypatch.setattr(type(shared), "__call__", watched)
    text = " " * 400 + "coffee"
    assert tokenize(classifier, text)["input_ids"] == used(shared, "coffee")["input_ids"]
    assert free == [True]


def test_all_pieces_are_tried_next_to_each_other(classifier: Classifier) -> None:
    for first, second in itertools.product(PIECES, PIECES):
        text = "the coffee was cold " + first + second + first * 20 + " and so on" * 9
        assert tokenize(classifier, text)["input_ids"] == whole(classifier, text, None)["input_ids"]
