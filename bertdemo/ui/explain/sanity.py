"""Does the explanation change when the model has forgotten what it learned?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.explanation import tinting
from bertdemo.lines import signed
from bertdemo.ui.explain import highlight, methods
from bertdemo.ui.explain.methods import key_of
from bertdemo.ui.kit.background import Bar, result_of
from bertdemo.ui.kit.figure import figure

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.sanity import Sanity
    from bertdemo.ui.explain.methods import Choice
    from bertdemo.ui.kit.explained_text import Subject


def show(subject: Subject, choice: Choice) -> None:
    """Draw the verdict, the correlation at each stage of forgetting, and the text as random weights would tint it."""
    from bertdemo.charts.one_text import sanity_chart
    from bertdemo.explanation.sanity import LIMIT, MEANING

    has_signs = methods.attribution(subject, choice).signed
    found = result_of(
        (*key_of(subject, choice), "sanity"),
        "Explaining copies with ever more random weights…",
        lambda bar: _sanity(subject, choice, bar),
    )
    if found.passed is None:
        st.caption(found.verdict)
        return
    rows = stage_rows(found)
    figure(
        found.verdict,
        rows,
        sanity_chart,
        len(rows),
        key="sanity_stages",
        alt="Rank correlation with the explanation of the trained model, the more of its weights are random",
        note=f"{MEANING} Right of the dashed line, chance explains it less than one time in 20. {LIMIT}",
    )
    st.caption("The scores of the trained model, and those of one whose weights are all random:")
    for key, scores in (("learned", found.original), ("forgotten", found.randomised)):
        highlight.show(
            tinting.words(subject.tokenized, scores, signed=has_signs),
            key=f"strip_{key}",
            label=f"The text, tinted by the scores of a model that has {key}",
        )


def _sanity(subject: Subject, choice: Choice, bar: Bar) -> Sanity:
    from bertdemo.explanation.sanity import sanity

    explain = methods.explain(choice)

    def report(done: int, of: int) -> None:
        bar.at(done, of)

    return sanity(subject.classifier, subject.tokenized, explain, should_stop=bar.is_over, report=report)


def stage_rows(found: Sanity) -> pd.DataFrame:
    """Return rows for ``sanity_chart``: one for each stage."""
    import pandas as pd

    rows = [(stage.name, stage.correlation, found.chance, signed(stage.correlation)) for stage in found.stages]
    return pd.DataFrame(rows, columns=["stage", "correlation", "chance", "words"])
