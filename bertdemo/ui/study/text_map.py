"""Where the test texts lie for the model, before and after fine-tuning; a click on one shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.charts.palette import POINT
from bertdemo.lines import distinct, shorten
from bertdemo.ui.kit import errors, resources
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, escape, percent
from bertdemo.ui.study import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.runs.records import Run
    from bertdemo.studies.records import MapFindings, Point, View

_MOST_LABELS = 4  # that colours and shapes tell apart; of more, the rarest are drawn together
_OTHERS = "other labels"
_NOTABLE = 0.05  # of the texts; smaller changes come and go with the sample
_LONGEST = 80  # characters of a text in a chart or a list


def show(run: Run, known: Analysis) -> None:
    """Have the vectors of the test texts computed, and see them."""
    from bertdemo.studies.records import Question
    from bertdemo.studies.store import LEAST_MAP, MOST_MAP, too_few_for_a_map

    st.subheader("Map of the test texts, before and after", anchor=False)
    with errors.shown():
        if len(known.answers.test) < LEAST_MAP:
            st.caption(too_few_for_a_map(len(known.answers.test)))
            return
        question = Question("map")
        study = page.study_of(run, question, MOST_MAP)
        if study is None:
            if st.button("Draw the map", key="map_begin", icon=":material/scatter_plot:"):
                page.begin(run, question, MOST_MAP)
            st.caption(f"Up to {MOST_MAP:,} test texts, by the base model and by the fine-tuned one: under a minute.")
            return
        if page.is_done(study):
            _pictures(run, known, _map(study.id))
            page.delete(study)


@st.cache_resource(show_spinner=False, max_entries=8)
def _map(study_id: str) -> MapFindings:
    return resources.studies().map(study_id)


def _pictures(run: Run, known: Analysis, found: MapFindings) -> None:
    st.markdown(headline(found))
    chosen = f"map_text_{run.id}"
    views = (("before", "Before fine-tuning", found.before), ("after", "After fine-tuning", found.after))
    shown = [(when, title, view) for when, title, view in views if view]
    for place, (when, title, view) in zip(st.columns(len(shown)), shown, strict=True):
        with place:
            _picture(known, found, when, title, view, chosen)
    if found.missing:
        st.caption(f"There is no picture of the time before: {escape(found.missing)}")
    st.caption(method(found))
    _text(run, known, found.points, chosen)


def _picture(known: Analysis, found: MapFindings, when: str, title: str, view: View, chosen: str) -> None:
    from bertdemo.charts.study import map_chart

    rows, names = map_rows(found.points, known.label_names, known.test.texts, when)
    first, second = (round(100 * share) for share in view.explained)
    key = f"map_{when}"

    def clicked() -> None:
        picked = st.session_state[key]["selection"].get(POINT) or [{}]
        st.session_state[chosen] = picked[0].get("place")

    nearest = f"the nearest neighbour has the same label for {percent(view.neighbours, 0)}"
    figure(
        f"{title}: {nearest}", rows, map_chart, names, first, second, key=key, clicked=clicked,
        alt=f"Test texts {title.lower()} by two principal components of their vectors, with their labels",
    )  # fmt: skip


def map_rows(
    points: Sequence[Point], label_names: Sequence[str], texts: Sequence[str], when: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return rows for ``map_chart``, and the names of the labels that are drawn apart, the most frequent first."""
    import pandas as pd

    told = distinct(shorten(name, 24) for name in label_names)
    sizes = [sum(point.truth == label for point in points) for label in range(len(told))]
    ordered = sorted((label for label in range(len(told)) if sizes[label]), key=lambda label: -sizes[label])
    alone = ordered if len(ordered) <= _MOST_LABELS else ordered[: _MOST_LABELS - 1]
    names = (*(told[label] for label in alone), *([] if len(alone) == len(ordered) else [_OTHERS]))
    rows = [
        (
            point.place,
            *(point.before if when == "before" else point.after),
            told[point.truth] if point.truth in alone else _OTHERS,
            told[point.predicted],
            point.predicted != point.truth,
            shorten(texts[point.place], _LONGEST),
        )
        for point in points
    ]
    return pd.DataFrame(rows, columns=["place", "x", "y", "label", "called", "wrong", "text"]), names


def headline(found: MapFindings) -> str:
    """Return what fine-tuning did to the neighbourhoods, as Markdown."""
    after, chance = found.after.neighbours, percent(found.after.chance, 0)
    if found.before is None:
        return f"The nearest neighbour of a text has its label for **{percent(after, 0)}**; by chance, {chance}."
    before = found.before.neighbours
    if abs(after - before) < _NOTABLE:
        did = "Fine-tuning hardly changed which texts lie together"
    else:
        did = f"Fine-tuning moved texts of one label {'together' if after > before else 'apart'}"
    return (
        f"{did}: the nearest neighbour of a text has its label for **{percent(before, 0)}** of the texts before and "
        f"for **{percent(after, 0)}** after; by chance, {chance}."
    )


def method(found: MapFindings) -> str:
    """Return how the picture was made, and what it cannot show."""
    return (
        f"{count(len(found.points), 'test text')} (at most 1,000, a random sample), the last layer's vector of the "
        f"first token ([CLS] or its like) in {found.precision}, flattened by principal component analysis, each "
        "picture by itself: their axes have nothing in common. The axes show only the named share of the variance, and "
        "texts that lie together here may lie apart in the other dimensions; neighbours are counted in all of them, by "
        "cosine. A cross marks a text that the fine-tuned model answers wrongly. Click a text to read it."
    )


def _text(run: Run, known: Analysis, points: Sequence[Point], chosen: str) -> None:
    """Draw the clicked text, which can be chosen from a list as well."""
    places = [point.place for point in points]
    if st.session_state.get(chosen) not in places:
        st.session_state[chosen] = None
    place = st.selectbox(
        "Read a text of the map", places, index=None, key=chosen, placeholder="Click a text above, or choose one here",
        format_func=lambda row: shorten(known.test.texts[row], _LONGEST),
    )  # fmt: skip
    if place is not None:
        page.one_text(run, known, place)
