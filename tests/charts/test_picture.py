"""A chart as a file: a picture, or a drawing in which a text is only a text."""

import pandas as pd
import pytest

from bertdemo.charts.attribution import waterfall_chart
from bertdemo.charts.picture import png, svg

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
