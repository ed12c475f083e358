"""An explanation that was taken away says what the page said, and does nothing else."""

import csv
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.export.explanation import to_csv, to_html
from bertdemo.models.checkpoints import load_base
from bertdemo.prediction.single import predict_one

TEXTS = (
    "the coffee was cold",
    "<script>alert(1)</script> <img src=x onerror=alert(2)>\n\t=1+1  e\u0301 今天 طقس 🙂",
    "&amp; &lt;b&gt; \"quoted\" 'single'",
)


@pytest.fixture(scope="module")
def classifier(tiny_base):
    return load_base(str(tiny_base), ("praise", "<b>complaint</b>"), dropout=0.0, max_length=64)


def found(classifier, text, *, signed=True):
    """Scores that count up from −1, as no method would give them."""
    tokenized = tokenize_with_words(classifier, text)
    scores = np.where(tokenized.special, 0.0, np.linspace(-1.0, 1.0, len(tokenized)))
    scores = scores if signed else np.abs(scores)
    return Attribution(
        tokenized=tokenized, target=1, against=None, method="integrated_gradients" if signed else "saliency",
        baseline="pad" if signed else None, scores=scores, signed=signed, adds_up=signed, output=2.0,
        baseline_output=1.5 if signed else None, n_steps=20 if signed else None,
    )  # fmt: skip


class Reader(HTMLParser):
    """Collects what a browser would show and what it would fetch or run."""

    def __init__(self):
        super().__init__()
        self.tags, self.addresses, self.texts, self._inside = [], [], [], False

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append(tag)
        self.addresses += [value for name, value in given.items() if name in ("src", "href", "action", "data")]
        self.addresses += [name for name in given if name.startswith("on")]
        if given.get("class") == "text":
            self._inside = True
            self.texts.append("")

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "p"

    def handle_data(self, data):
        if self._inside:
            self.texts[-1] += data


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("signed", [True, False])
def test_the_page_shows_the_text_as_it_was_and_fetches_nothing(classifier, text, signed):
    page = to_html(
        found(classifier, text, signed=signed), predict_one(classifier, text), classifier.label_names, "<i>run</i>",
        "method", {"a <chart>": "<svg></svg>"},
    )  # fmt: skip
    reader = Reader()
    reader.feed(page)
    assert reader.texts == [text]
    assert not {"script", "img", "b", "i", "link", "iframe"} & set(reader.tags)
    assert reader.addresses == []
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert "@import" not in page


def test_scores_without_a_sign_have_neither_glyphs_nor_colours(classifier):
    text = TEXTS[0]
    page = to_html(found(classifier, text, signed=False), predict_one(classifier, text), classifier.label_names, "", "",
                   {})  # fmt: skip
    assert "data-glyph=" not in page
    assert set(re.findall(r"rgba\((\d+, \d+, \d+),", page)) == {"34, 39, 46"}


def test_the_page_tells_what_is_not_accounted_for(classifier):
    page = to_html(found(classifier, TEXTS[0]), predict_one(classifier, TEXTS[0]), classifier.label_names, "", "", {})
    assert "20 steps were made in fp32" in page
    assert "+0.5000 logits are not accounted for" in page
    assert "more than 1 %" in page


@pytest.mark.parametrize("text", TEXTS)
def test_the_table_has_every_word_and_token_with_its_characters(classifier, text):
    given = found(classifier, text)
    rows = list(csv.DictReader(io.StringIO(to_csv(given), newline="")))
    words = [row for row in rows if row["kind"] == "word"]
    assert len(rows) == len(given.tokenized.words) + len(given.tokenized)
    for row, score in zip(words, given.word_scores, strict=True):
        piece = text[int(row["start"]) : int(row["end"])]
        assert row["text"] in (piece, f"'{piece}")
        assert float(row["score"]) == pytest.approx(score, abs=1e-9)
    assert not [row for row in rows if row["text"].startswith(("=", "+", "@", "-"))]
