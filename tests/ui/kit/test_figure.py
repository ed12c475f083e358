"""A chart with its files, and tables that nobody's spreadsheet computes."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st

from bertdemo.charts.finetuning import label_chart
from bertdemo.ui.kit import figure
from bertdemo.ui.kit.figure import numbers

CONFIG = Path(__file__).parents[3] / ".streamlit" / "config.toml"


def test_no_table_of_streamlit_offers_a_file_or_copy_of_its_own():
    """It would be written as it is: a text that begins with = would be a formula in a spreadsheet."""
    assert tomllib.loads(CONFIG.read_text("utf-8"))["client"]["disableDataExport"] is True
    assert st.get_option("client.disableDataExport") in (True, False)  # this version of Streamlit knows it


def test_the_table_of_a_chart_is_a_file_in_which_no_label_is_a_formula(monkeypatch):
    files = {}
    monkeypatch.setattr(figure, "download", lambda label, data, name, key: files.update({name: data}))
    rows = pd.DataFrame({"label": ["=1+1", "ham"], "texts": [-3, 4]})
    figure.figure("Labels", rows, label_chart, 2, 4, key="labels", alt="Labels")
    assert files["labels.csv"]() == "label,texts\r\n'=1+1,-3\r\nham,4\r\n"
    assert files["labels.png"]().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("values", "format_"),
    [([63.143254, 0.2], "%.1f"), ([-0.8412345678, 0.0], "%.3f"), ([0.0, 1.9130434e-4], "%.2e"), ([0.0], "%.3f")],
)
def test_a_column_of_a_table_is_written_with_as_many_digits_as_people_read(values, format_):
    rows = pd.DataFrame({"value": values, "texts": range(len(values)), "label": "ham"})
    for kind in ("float64", "float32"):
        [(name, column)] = numbers(rows.astype({"value": kind})).items()
        assert (name, column["type_config"]["format"]) == ("value", format_)


def test_a_column_without_any_number_has_a_format_too():
    assert numbers(pd.DataFrame({"low": [math.nan]}))["low"]["type_config"]["format"] == "%.3f"
