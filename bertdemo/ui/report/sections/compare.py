"""A run beside others: who is better and whether that is luck, what differs in the recipes, how each learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.errors import RunError
from bertdemo.lines import distinct, shorten
from bertdemo.models.catalog import base_name
from bertdemo.runs.records import Run
from bertdemo.training.recipe import Recipe
from bertdemo.ui.kit import resources, run_picker
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import ago, escape
from bertdemo.ui.kit.resources import analysis_of
from bertdemo.ui.report.rows import score_rows
from bertdemo.ui.report.sections import Reported, Section

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.evaluation.comparison import Comparison

_MOST = 4
_ADDRESS = "with"  # the chosen runs in the address of the page
_DIFFERS = "≠"
_MEASURES = {"Macro-F1 (%)": ("macro_f1", 100), "Accuracy (%)": ("accuracy", 100), "Loss (nats)": ("loss", 1)}


@dataclass(frozen=True)
class Named:
    """A run with the short name it has in the charts."""

    name: str
    run: Run


class CompareSection(Section):
    """Other runs beside this one."""

    title, key, icon, place = "Compare with other runs", "compare_runs", "compare_arrows", 7

    def applies(self, subject: Reported) -> bool:
        return True

    def draw(self, subject: Reported) -> None:
        compare(subject.run, subject.runs)


def compare(run: Run, runs: list[Run]) -> None:
    """Draw this run with up to three others; those on the same data are offered first."""
    rest = sorted((each for each in runs if each.id != run.id), key=lambda each: not _same_data(run, each))
    if not rest:
        st.markdown("There is no other run yet: make one with another recipe, and see here what that changed.")
        return
    labels = distinct(_label(run, each) for each in rest)
    names = {each.id: label for each, label in zip(rest, labels, strict=True)}
    chosen = st.multiselect(
        "Runs to compare with",
        list(names),
        format_func=names.__getitem__,
        default=[run_id for run_id in st.query_params.get_all(_ADDRESS) if run_id in names][: _MOST - 1],
        max_selections=_MOST - 1,
        key=f"compare_with_{run.id}",
        placeholder="Choose up to three",
    )
    st.query_params[_ADDRESS] = chosen
    if chosen:
        by_id = {each.id: each for each in rest}
        _together(_named([run, *(by_id[run_id] for run_id in chosen)]))


def _label(run: Run, other: Run) -> str:
    data = "" if _same_data(run, other) else f" · other data: {shorten(other.data.name, 30)}"
    made = "" if other.read_only else f" · {ago(other.created)}"
    return f"{run_picker.name_of(other)}{made}{data}"


def _same_data(run: Run, other: Run) -> bool:
    return run.data.fingerprint == other.data.fingerprint


def _named(chosen: list[Run]) -> list[Named]:
    return [Named(f"{number}  {shorten(run_picker.name_of(run), 30)}", run) for number, run in enumerate(chosen, 1)]


def _together(chosen: list[Named]) -> None:
    for other in chosen[1:]:
        _against(chosen[0], other, alone=len(chosen) == 2)
    _scores(chosen)
    _recipes(chosen)
    _curves(chosen)


def _against(first: Named, second: Named, *, alone: bool) -> None:
    """McNemar's test in words, or why there is none."""
    from bertdemo.evaluation.comparison import LIMIT, difference_words, sentence

    try:
        compared = _compared(first.run, second.run)
    except RunError as error:
        st.caption(f"{escape(second.name)}: {escape(str(error))}")
        return
    names = (f"“{run_picker.name_of(first.run)}”", f"“{run_picker.name_of(second.run)}”")
    if names[0] == names[1]:
        names = (f"“{first.name}”", f"“{second.name}”")
    st.markdown(escape(sentence(compared, *names)).replace(" %", "\u00a0%"))
    st.caption(
        f"By the {escape(compared.method)}. Difference in accuracy: {escape(difference_words(compared))}. {LIMIT}"
    )
    if alone:
        _disagreement(first, second, compared)


def _compared(first: Run, second: Run) -> Comparison:
    """Return both on the same test texts, in the order of the first.

    Raises:
        RunError: they were not tested on the same texts, or one kept no answers.
    """
    from bertdemo.evaluation.comparison import aligned
    from bertdemo.evaluation.comparison import compare as mcnemar

    ours, theirs = analysis_of(first), analysis_of(second)
    if ours is None or theirs is None:
        raise RunError("One of these runs kept no answers to the single texts: start it again to compare text by text.")
    places = aligned(ours.test, theirs.test)
    return mcnemar(ours.answers.test.truth, ours.answers.test.predicted, theirs.answers.test.predicted[places])


def _disagreement(first: Named, second: Named, compared: Comparison) -> None:
    import pandas as pd

    from bertdemo.charts.report import disagreement_chart

    names, counts = (first.name, second.name), (compared.only_first, compared.only_second)
    figure(
        "Where only one of them is right",
        pd.DataFrame({"classifier": names, "texts": counts}),
        disagreement_chart,
        names,
        max(counts),
        key="disagreement",
        alt="Number of test texts that only the one or only the other run gets right",
        note=f"Both are right on {compared.both_right:,} texts and both wrong on {compared.both_wrong:,}.",
    )


def _scores(chosen: list[Named]) -> None:
    """Draw all tested ones side by side."""
    from bertdemo.charts.report import interval_chart

    reports = {each.name: resources.runs().report(each.run.id) for each in chosen}
    tested = {name: report.test for name, report in reports.items() if report}
    if len(tested) < 2:
        return
    rows, low = score_rows(tested)
    alike = all(_same_data(chosen[0].run, each.run) for each in chosen)
    figure(
        "Which is better on its test texts?",
        rows,
        interval_chart,
        low,
        tuple(tested),
        key="compared_scores",
        alt="Accuracy and macro-F1 of each run with 95 % intervals",
        note="" if alike else "Not all of these are on the same data: their scores do not answer the same question.",
    )


def _recipes(chosen: list[Named]) -> None:
    rows, number = recipe_rows(chosen)
    st.markdown("**What was done differently?**")
    st.dataframe(
        rows.style.apply(lambda row: [_shade(row["differs"])] * len(row), axis=1),
        hide_index=True,
        key="recipe_differences",
        column_config={"differs": st.column_config.TextColumn("", width=30)},
        height=38 + 35 * min(len(rows), max(8, number + 1)),
        alt="Settings of each run; those that differ come first and are marked",
    )
    said = "Nothing differs: only chance can." if not number else f"Marked {_DIFFERS}: what differs."
    st.caption(f"{said} Then what all have in common.")


def _shade(differs: str) -> str:
    """See-through, so that it suits both themes."""
    return "background-color: rgba(79, 144, 218, 0.22)" if differs else ""


def recipe_rows(chosen: Sequence[Named]) -> tuple[pd.DataFrame, int]:
    """Return a row a setting and a column a run, those that differ first and marked, and how many these are."""
    import pandas as pd

    settings = [_settings(each.run) for each in chosen]
    rows = [(name, [each[name] for each in settings]) for name in settings[0]]
    rows.sort(key=lambda row: len(set(row[1])) == 1)
    marks = [_DIFFERS if len(set(values)) > 1 else "" for _, values in rows]
    columns = {each.name: [values[i] for _, values in rows] for i, each in enumerate(chosen)}
    frame = pd.DataFrame({"differs": marks, "setting": [name for name, _ in rows], **columns})
    return frame, sum(map(bool, marks))


def _settings(run: Run) -> dict[str, str]:
    """Return data and recipe in words."""
    about = {"data": run.data.name, "training texts": f"{run.data.n_train:,}", "base": base_name(run.recipe.base)}
    recipe = {each.name.replace("_", " "): str(getattr(run.recipe, each.name)) for each in fields(Recipe)}
    return about | {name: value for name, value in recipe.items() if name != "base"}


def _curves(chosen: list[Named]) -> None:
    from bertdemo.charts.finetuning import compare_chart

    shown = st.segmented_control(
        "Curves of", list(_MEASURES), default=next(iter(_MEASURES)), required=True, key="compared_curves"
    )
    title = shown or next(iter(_MEASURES))
    column, factor = _MEASURES[title]
    figure(
        "Which run learned faster, and which better?",
        validation_rows(chosen, column, factor),
        compare_chart,
        tuple(each.name for each in chosen),
        column,
        f"Validation {title[0].lower()}{title[1:]}",
        key="compare",
        alt=f"Validation {column.replace('_', '-')} over epochs for each chosen run",
        note="Only runs on the same data can be compared fairly.",
    )


def validation_rows(chosen: Sequence[Named], column: str, factor: int) -> pd.DataFrame:
    """Return rows for ``compare_chart``: one for each validation of each run."""
    import pandas as pd

    rows = [(event["epoch"], factor * event[column], each.name) for each in chosen for event in _validations(each.run)]
    return pd.DataFrame(rows, columns=["epoch", column, "run"])


def _validations(run: Run) -> list[dict[str, Any]]:
    return [event for event in resources.runs().metrics(run.id) if event["kind"] == "validation"]
