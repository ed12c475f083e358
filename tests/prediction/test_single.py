"""One text, one answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import BatchEncoding

from bertdemo.errors import PredictionError
from bertdemo.models.checkpoints import load_base
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement
from bertdemo.prediction.predict import predict
from bertdemo.prediction.single import MAX_CHARACTERS, predict_one, remarks
from tests.readable import is_readable

EXACT = Placement("cpu", "fp32", "CPU", "fp32 for tests")


@pytest.fixture(scope="module")
def classifier(tiny_base: Path) -> Classifier:
    return load_base(str(tiny_base), ("bad", "good", "odd"), dropout=0.0, max_length=12)


def test_all_labels_are_scored_and_the_best_comes_first(classifier):
    answer = predict_one(classifier, "the coffee was wonderful")
    probabilities = [probability for _, probability in answer.scores]
    assert answer.label == answer.scores[0][0]
    assert answer.confidence == max(probabilities)
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1)
    assert {label for label, _ in answer.scores} == {"bad", "good", "odd"}


def test_the_answer_is_that_of_a_batch(classifier):
    texts = ["the coffee was wonderful", "cold", "a " * 40]
    together = predict(classifier, texts, placement=EXACT).probabilities
    for text, expected in zip(texts, together, strict=True):
        scores = dict(predict_one(classifier, text).scores)
        assert [scores[name] for name in classifier.label_names] == pytest.approx(expected.tolist(), abs=1e-5)


def test_what_the_model_read_is_told(classifier):
    answer = predict_one(classifier, "the coffee")
    assert (answer.pieces[0], answer.pieces[-1]) == ("[CLS]", "[SEP]")
    assert answer.tokens == len(answer.pieces)
    assert (answer.truncated, answer.kept_text, answer.precision) == (False, "the coffee", "fp32")


def test_a_long_text_is_cut_and_the_part_that_was_read_is_told(classifier):
    text = "the coffee was wonderful and the staff was kind and we will come again and again"
    answer = predict_one(classifier, text)
    assert answer.truncated
    assert answer.tokens == classifier.max_length
    assert text.startswith(answer.kept_text)
    assert len(answer.kept_text) < len(text)
    assert predict_one(classifier, answer.kept_text).scores[0][1] == pytest.approx(answer.confidence, abs=1e-6)


def test_a_text_that_fills_the_model_to_the_last_token_was_not_cut(classifier):
    tokens = predict_one(classifier, "the coffee was").tokens
    full = replace(classifier, max_length=tokens)
    assert not predict_one(full, "the coffee was").truncated
    assert predict_one(full, "the coffee was cold").truncated


def test_of_a_pair_the_parts_that_were_read_are_told(classifier):
    answer = predict_one(classifier, "the coffee " * 5, "the staff " * 9)
    assert answer.truncated
    assert ("the coffee " * 5).startswith(answer.kept_text)
    assert ("the staff " * 9).startswith(answer.kept_pair)
    assert predict_one(classifier, "the coffee", "the staff").kept_pair == "the staff"


class InPython:
    """A tokenizer that does not tell where its tokens stand."""

    is_fast = False

    def __init__(self, inner) -> None:
        self._inner = inner

    def __call__(self, *texts, **options) -> BatchEncoding:
        assert "return_offsets_mapping" not in options
        return BatchEncoding(dict(self._inner(*texts, **options)))

    def __getattr__(self, name: str):
        return getattr(self._inner, name)


def test_a_tokenizer_written_in_python_tells_its_tokens_and_what_is_left_of_a_long_text(classifier):
    in_python = replace(classifier, tokenizer=InPython(classifier.tokenizer))
    for text, pair in (("the coffee", None), ("the coffee", "the staff"), ("coffee " * 40, None)):
        told, expected = predict_one(in_python, text, pair), predict_one(classifier, text, pair)
        assert (told.pieces, told.truncated, told.scores) == (expected.pieces, expected.truncated, expected.scores)
        assert told.kept_text.strip() == expected.kept_text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n\t ",
        "\0\0",
        "\u200b",
        "\ufffd" * 3,
        "\ue000",
        "\u0301",
        "\ufe0f",
        "\ud83d alone",
        "x" * (MAX_CHARACTERS + 1),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_in_a_sentence(classifier, text):
    with pytest.raises(PredictionError, match=r"^The (text|model can read nothing of the text).*\.$"):
        predict_one(classifier, text)


def test_the_longest_text_that_is_allowed_is_read(classifier):
    assert predict_one(classifier, "coffee " * (MAX_CHARACTERS // 7)).truncated


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1, max_size=80).filter(is_readable))
def test_any_text_gets_an_answer_whose_kept_part_begins_it(classifier, text):
    answer = predict_one(classifier, text)
    assert text.startswith(answer.kept_text)
    assert 0 < answer.confidence <= 1


@pytest.fixture(scope="module")
def classifier_of_two(tiny_base):
    return load_base(str(tiny_base), ("bad", "good"), dropout=0.0, max_length=16)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the coffee was cold", []),
        ("the coffee was cold 😀", []),
        ("สวัสดี", ["100 %"]),
        ("the สวัสดี", ["50\u00a0% of the tokens"]),
        ("the ｃｏｆｆｅｅ", ["50\u00a0% of the tokens", "“the coffee”"]),
        ("𝓽𝓱𝓮 𝓬𝓸𝓯𝓯𝓮𝓮", ["100 %", "“the coffee”"]),
        ("ⓣⓗⓔ coffee", ["50\u00a0% of the tokens", "“the coffee”"]),
        ("the cof\u00adfee", []),  # BERT leaves out what nobody sees: it is the same text to it, too
    ],
)
def test_a_remark_says_how_much_is_unknown_and_which_text_is_read_otherwise(classifier_of_two, text, words):
    answer = predict_one(classifier_of_two, text)
    said = remarks(answer.unknown_share, answer.plain)
    assert len(said) == len(words)
    assert all(word in sentence for word, sentence in zip(words, said, strict=True))


def test_the_second_text_of_a_pair_counts_as_the_first(classifier_of_two):
    answer = predict_one(classifier_of_two, "the coffee", "สวัสดี ｃｏｆｆｅｅ")
    assert (answer.unknown_share, answer.plain) == (0.5, "สวัสดี coffee")


@pytest.mark.parametrize(("share", "words"), [(0.001, "1\u00a0%"), (0.999, "99\u00a0%")])
def test_a_share_never_claims_to_be_nothing_or_all(share, words):
    assert remarks(share, None)[0].startswith(words)
