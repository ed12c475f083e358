"""The axis of the validation scores can be read whatever the scores are."""

import re

import pandas as pd
import pytest

from bertdemo.charts.curves import score_chart
from bertdemo.charts.names import SCORES
from bertdemo.charts.picture import svg

STEPS = 4


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
