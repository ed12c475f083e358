"""The check-up step alone, with tables that leave little to look at."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def checked_up(texts: list[str], labels: list[int], names: list[str]) -> AppTest:
    def page(texts: list[str], labels: list[int], names: list[str]) -> None:
        from bertdemo.data.dataset import Dataset
        from bertdemo.ui.finetune import checkup
        from bertdemo.ui.kit import errors

        with errors.shown():
            checkup.examine(Dataset("a", tuple(texts), tuple(labels), tuple(names)), None, 128)

    return AppTest.from_function(page, args=(texts, labels, names), default_timeout=600).run()


LONELY = ([*(f"text number {i}" for i in range(20)), "here alone"], [*([0, 1] * 10), 2], ["good", "bad", "lonely"])


def test_a_label_with_one_text_is_complained_of_once_and_the_box_to_tick_is_named() -> None:
    app = checked_up(*LONELY)
    assert "Too few distinct texts" not in " ".join(each.value for each in app.markdown)
    [box] = app.error
    assert "Too few distinct texts" in box.value
    assert "tick the box above" in box.value
    assert "lonely" in app.checkbox(key="drop_small").label
    app.checkbox(key="drop_small").check().run()
    assert not app.error


@pytest.mark.parametrize("texts", [[""] * 12, ["the same"] * 12])
@pytest.mark.parametrize("labels", [[0] * 12, [0, 1] * 6])
def test_where_nothing_can_be_learned_from_no_chart_and_no_table_of_nothing_is_drawn(
    texts: list[str], labels: list[int]
) -> None:
    app = checked_up(texts, labels, ["good", "bad"])
    assert not app.exception
    assert len(app.error) == 1
    assert not app.table
    assert "How many texts" not in " ".join(each.value for each in app.markdown)
    assert not app.get("vega_lite_chart")


def test_a_table_that_can_be_learned_from_has_its_charts_and_examples() -> None:
    app = checked_up(*LONELY)
    assert app.get("vega_lite_chart")
    assert app.table
