"""What is said beside an answer to a text that the model cannot read, or reads as another text."""

import pytest

from bertdemo.models.checkpoints import load_base
from bertdemo.prediction.remarks import remarks
from bertdemo.prediction.single import predict_one


@pytest.fixture(scope="module")
def classifier(tiny_base):
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
def test_a_remark_says_how_much_is_unknown_and_which_text_is_read_otherwise(classifier, text, words):
    answer = predict_one(classifier, text)
    said = remarks(answer.unknown_share, answer.plain)
    assert len(said) == len(words)
    assert all(word in sentence for word, sentence in zip(words, said, strict=True))


def test_the_second_text_of_a_pair_counts_as_the_first(classifier):
    answer = predict_one(classifier, "the coffee", "สวัสดี ｃｏｆｆｅｅ")
    assert (answer.unknown_share, answer.plain) == (0.5, "สวัสดี coffee")


@pytest.mark.parametrize(("share", "words"), [(0.001, "1\u00a0%"), (0.999, "99\u00a0%")])
def test_a_share_never_claims_to_be_nothing_or_all(share, words):
    assert remarks(share, None)[0].startswith(words)
