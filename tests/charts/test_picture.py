"""A chart as a file: a picture, or a drawing in which a text is only a text."""

import re

import pandas as pd
import pytest

from bertdemo.charts.one_text import (
    agreement_chart,
    by_layer_chart,
    erasing_chart,
    head_worth_chart,
    layer_chart,
    sanity_chart,
    vectors_chart,
    waterfall_chart,
)
from bertdemo.charts.palette import ORDERS
from bertdemo.charts.picture import png, svg
from bertdemo.charts.study import map_chart, term_chart

COLOURS = ["#2E6DB4", "#D9782D", "#22272E", "#7C828C", "#FDFCFA"]


@pytest.fixture
def rows():
    steps = [
        ("<script>x</script>", 0.0, 1.0, 0.0, 1.0, "+1.00", "blue"),
        ("b & c", 1.0, 0.5, 0.5, 1.0, "−0.50", "orange"),
    ]
    return pd.DataFrame(steps, columns=["step", "start", "end", "low", "high", "words", "role"])


def test_a_drawing_has_the_words_as_text_and_fetches_nothing(rows):
    drawn = svg(waterfall_chart(2), rows, "what <moved> it", COLOURS)
    assert drawn.startswith("<svg")
    assert "<script" not in drawn
    assert "&lt;script&gt;x&lt;/script&gt;" in drawn
    assert "href" not in drawn
    assert COLOURS[0].lower() in drawn.lower()


def test_a_picture_is_a_png(rows):
    assert png(waterfall_chart(2), rows, "title", COLOURS).startswith(b"\x89PNG\r\n")


CELL = {"size": 0.9, "role": "blue", "glyph": "+"}
DRAWINGS = {
    "layers": (layer_chart(2), {"word": "cold", "layer": "1", "score": 0.5, **CELL}),
    "agreement": (agreement_chart(2), {"one": "a", "other": "b", "correlation": 0.5, "words": "0.50", **CELL}),
    "curve": (
        erasing_chart("Words masked (%)", "Logit"),
        {"share": 50.0, "value": 1.0, "low": None, "high": None, "series": ORDERS[0]},
    ),
    "sanity": (sanity_chart(2), {"stage": "the head", "correlation": 0.5, "chance": 0.2, "words": "+0.50"}),
    "by layer": (by_layer_chart(2, "share"), {"word": "cold", "layer": 1, "value": 0.2, "size": 0.5}),
    "worth": (head_worth_chart(2), {"layer": 1, "head": 2, "worth": 0.3, **CELL}),
    "vectors": (vectors_chart(("q, the query",)), {"vector": "q, the query", "number": 1, "value": 0.5}),
    "terms": (
        term_chart(2, "Mean"),
        {"word": "cold", "mean": 1.0, "low": 0.5, "high": 1.5, "texts": 9, "words": "+1.00", "role": "blue", "end": 2},
    ),
    "map": (
        map_chart(("praise", "complaint"), 40, 20),
        {"place": 1, "x": 0.1, "y": 0.2, "label": "praise", "called": "praise", "wrong": True, "text": "cold"},
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_chart_of_an_explanation_is_a_drawing_of_its_own(name):
    chart, row = DRAWINGS[name]
    drawn = svg(chart, pd.DataFrame([row]), "what it shows", COLOURS)
    empty = svg(chart, pd.DataFrame([row]).iloc[:0], "what it shows", COLOURS)
    assert "what it shows" in drawn
    assert len(drawn) > len(empty)


def test_a_long_title_has_several_lines(rows):
    drawn = svg(waterfall_chart(2), rows, "word " * 60, COLOURS)
    [shown] = re.findall(r"<text [^>]*>((?:<tspan[^>]*>[word ]+</tspan>)+)</text>", drawn)
    assert shown.count("<tspan") > 2
    assert shown.count("word") == 60


def test_colours_and_dashes_of_the_same_lines_share_a_legend():
    chart, row = DRAWINGS["curve"]
    assert svg(chart, pd.DataFrame([row]), "", COLOURS).count('role-legend"') == 1


def test_vectors_stand_below_each_other_each_with_its_title():
    rows = pd.DataFrame([(f"vector <{name}>", 1, value) for name, value in (("q", 1.0), ("k", -20.0))],
                        columns=["vector", "number", "value"])  # fmt: skip
    drawn = svg(vectors_chart(tuple(rows["vector"])), rows, "one head", COLOURS)
    assert [drawn.count(f"vector &lt;{name}&gt;</text>") for name in "qk"] == [1, 1]
    assert drawn.index("&lt;q&gt;") < drawn.index("&lt;k&gt;")
