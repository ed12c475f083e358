"""Every chart is a valid specification that names no colour of its own, and reads in grey as in colour."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from bertdemo.charts import finetuning, one_text, report, study
from bertdemo.charts.finetuning import score_chart
from bertdemo.charts.palette import CELL, CERTAINTY, MODELS, ROLES, SCORES
from bertdemo.charts.picture import svg

CONFIG = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))
CHARTS = {
    "loss": (finetuning.loss_chart, (100, 3)),
    "scores": (finetuning.score_chart, (100, False)),
    "rate": (finetuning.rate_chart, (100, 2e-4)),
    "compare": (finetuning.compare_chart, (("one", "two"), "macro_f1", "Macro-F1 (%)")),
    "labels": (finetuning.label_chart, (3, 100)),
    "lengths": (finetuning.length_chart, (128,)),
    "baseline": (report.interval_chart, (80.0,)),
    "runs": (report.interval_chart, (80.0, ("a", "b", "c", "d"))),
    "reliability": (report.reliability_chart, (CERTAINTY, 30.0)),
    "certainty": (report.certainty_chart, ()),
    "thresholds": (report.threshold_chart, ()),
    "roc": (report.roc_chart, (("ham", "spam"),)),
    "precision and recall": (report.precision_recall_chart, (("ham", "spam"),)),
    "slices": (report.slice_chart, (4, 50.0)),
    "disagreement": (report.disagreement_chart, (MODELS, 12)),
    "answer": (one_text.probability_chart, (3,)),
    "answers": (one_text.side_by_side_chart, (3, ("one", "two"))),
    "confusion": (report.confusion_chart, (3,)),
    "terms": (study.term_chart, (5, "Mean attribution (logits)")),
    "vectors": (study.map_chart, (("ham", "spam", "other"), 30.0, 12.0)),
    "waterfall": (one_text.waterfall_chart, (9, "Logits")),
    "by layer": (one_text.layer_chart, (8,)),
    "agreement": (one_text.agreement_chart, (4,)),
    "erasing": (one_text.erasing_chart, ("Words masked (%)", "Logit")),
    "sanity": (one_text.sanity_chart, (5,)),
}
STEPS = 4


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_a_valid_specification_without_rows_or_colours_of_its_own(name):
    chart, arguments = CHARTS[name]
    specification = chart(*arguments).to_dict()  # altair checks it against the schema
    assert specification["data"] == {"name": "rows"}
    assert "#" not in str({key: value for key, value in specification.items() if key not in ("$schema", "config")})


@pytest.mark.parametrize("name", CHARTS)
def test_names_stand_in_the_order_of_the_rows_also_where_new_rows_take_the_place_of_others(name):
    chart, arguments = CHARTS[name]
    specification = chart(*arguments).to_dict()
    channels = [
        layer.get("encoding", {}).get(channel, {})
        for layer in specification.get("layer", [specification])
        for channel in ("x", "y")
    ]
    by_rows = [channel["sort"] for channel in channels if channel.get("type") in ("nominal", "ordinal")]
    assert all(sort == {"field": "nth", "op": "min"} for sort in by_rows)
    if by_rows:
        [numbers] = specification["transform"]
        assert [(step["op"], step["as"]) for step in numbers["window"]] == [("row_number", "nth")]


@pytest.mark.parametrize("name", CHARTS)
def test_a_name_stands_in_the_middle_of_its_row(name):
    chart, arguments = CHARTS[name]
    assert chart(*arguments).to_dict()["config"]["axisBand"]["labelFlush"] is False  # the theme says otherwise


@pytest.mark.parametrize("name", CHARTS)
def test_every_quantitative_axis_has_a_title(name):
    chart, arguments = CHARTS[name]
    specification = chart(*arguments).to_dict()
    for layer in specification.get("layer", [specification]):
        for channel in ("x", "y"):
            axis = layer.get("encoding", {}).get(channel, {})
            if axis.get("type") == "quantitative" and "scale" not in axis:
                assert axis.get("title"), f"{name}: {channel} has no title"


@pytest.mark.parametrize("name", CHARTS)
def test_what_a_chart_tells_of_a_mark_has_as_many_digits_as_people_read(name):
    chart, arguments = CHARTS[name]
    specification = chart(*arguments).to_dict()
    whole = {"step", "texts", *(("start", "end") if name == "lengths" else ())}
    for layer in specification.get("layer", [specification]):
        told = layer["encoding"].get("tooltip") or []
        raw = {each["field"] for each in told if each["type"] == "quantitative" and "format" not in each}
        assert raw <= whole


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_chart_colours_stand_out_from_the_page_and_from_each_other(theme):
    colours = CONFIG["theme"][theme]
    blue, orange, ink, grey, paper = colours["chartCategoricalColors"]
    assert len(ROLES) == 5
    assert paper == colours["backgroundColor"]
    for colour in (blue, orange, grey):
        assert contrast(colour, paper) >= 3  # WCAG 1.4.11, graphical objects
    assert contrast(ink, paper) >= 7
    assert contrast(blue, orange) >= 1.4


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_in_both_themes(theme):
    colours = CONFIG["theme"][theme]
    assert contrast(colours["textColor"], colours["backgroundColor"]) >= 7
    assert contrast(colours["linkColor"], colours["backgroundColor"]) >= 4.5


def test_the_step_axis_is_as_long_as_the_plan_so_that_nothing_moves():
    encoding = finetuning.rate_chart(240, 2e-4).to_dict()["encoding"]
    assert encoding["x"]["scale"]["domain"] == [0, 240]


@pytest.mark.parametrize("number", [2, 3, 4])
def test_the_words_of_a_chart_have_a_colour_however_many_series_there_are(number):
    names = ("a", "b", "c", "d")[:number]
    _, dots, words = report.interval_chart(80.0, names).to_dict()["layer"]
    domain = dots["encoding"]["color"]["scale"]["domain"]
    assert domain.index(words["encoding"]["color"]["datum"]) == ROLES.index("ink")


def test_a_click_on_a_cell_of_the_matrix_tells_both_labels():
    [selection] = report.confusion_chart(3).to_dict()["params"]
    assert selection["name"] == CELL
    assert selection["select"]["fields"] == ["true", "predicted"]


def test_the_figures_of_the_sanity_check_stand_clear_of_its_bars_and_rule():
    [words] = [layer for layer in sanity_chart_layers() if layer["mark"]["type"] == "text"]
    [bars] = [layer for layer in sanity_chart_layers() if layer["mark"]["type"] == "bar"]
    assert words["encoding"]["x"] == {"value": "width"}
    assert bars["encoding"]["x"]["scale"]["domain"][1] >= 1.5


def sanity_chart_layers():
    return one_text.sanity_chart(5).to_dict()["layer"]


@pytest.mark.parametrize("name", ["reliability", "roc", "slices", "sanity"])
def test_a_line_to_compare_with_is_drawn_once_however_many_rows_there_are(name):
    chart, arguments = CHARTS[name]
    layers = chart(*arguments).to_dict()["layer"]
    [line] = [layer for layer in layers if layer["mark"]["type"] == "rule" and layer["mark"].get("aria") is False]
    assert "aggregate" in line["transform"][0]


def test_names_above_columns_stand_upright_where_a_slanted_one_would_leave_the_picture():
    for layer in one_text.agreement_chart(7).to_dict()["layer"]:
        assert layer["encoding"]["x"]["axis"]["labelAngle"] == -90


@pytest.mark.parametrize("values", [[100.0], [100.0] * STEPS, [63.21] * 2, [99.5, 100.0], [40.0, 72.5], [0.0]])
def test_the_axis_of_scores_has_several_short_ticks_also_where_all_scores_are_the_same(values):
    rows = [(step, value, name) for step, value in enumerate(values, start=1) for name in SCORES]
    table = pd.DataFrame(rows, columns=["step", "score", "series"])
    drawn = svg(score_chart(STEPS, False), table, "", ["#2E6DB4", "#D9782D", "#22272E", "#7C828C", "#FDFCFA"])
    steps, scores = [re.findall(r">([−\d.]+)</text>", part) for part in drawn.split("Optimiser step</text>")[:2]]
    assert steps == [str(step) for step in range(STEPS + 1)]
    ticks = [float(tick.replace("−", "-")) for tick in scores]
    assert len(ticks) >= 3
    assert max(ticks) - min(ticks) >= 1.5
    assert all(len(tick) <= 4 for tick in scores)
