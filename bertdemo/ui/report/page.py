"""The report of a run: the headline, what BERT added, and where it goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo import registry
from bertdemo.evaluation.analysis import Analysis
from bertdemo.evaluation.report import Interval, Report, TrainingSummary, ending, verdict
from bertdemo.runs.records import Run
from bertdemo.tasks.records import State
from bertdemo.ui.finetune import live, start
from bertdemo.ui.kit import errors, resources
from bertdemo.ui.kit.errors import question
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import compact, count, duration, escape, percent
from bertdemo.ui.kit.resources import analysis_of
from bertdemo.ui.report import sections
from bertdemo.ui.report.rows import baseline_rows, mixed_up
from bertdemo.ui.report.sections import Reported, Section

if TYPE_CHECKING:
    pass

SECTIONS: list[Section] = registry.members(sections, Section)
_ENDINGS = {
    State.FAILED: "This run failed.",
    State.INTERRUPTED: "This run was interrupted.",
}


def show(run: Run, runs: list[Run]) -> None:
    """Draw everything a run that has ended leaves.

    Its report, question by question, its curves, its recipe and its log.
    """
    report, known = resources.runs().report(run.id), None
    if report is None:
        _ending(run)
    else:
        known = _report(run, report)
    subject = Reported(run, runs, known)
    for section in SECTIONS:
        if section.applies(subject):
            question(section.title, section.key, section.icon, section.draw, subject)
    _rest(run, report)


def _ending(run: Run) -> None:
    reason = escape(run.status.message)
    st.warning(" ".join(part for part in (_ENDINGS.get(run.status.state, ""), reason) if part))
    if resources.runs().can_test(run.id):
        st.button(
            "Test its best model, to use it",
            key="test_kept",
            icon=":material/fact_check:",
            type="primary",
            on_click=_test,
            args=(run.id,),
            help="The best model until then is there and whole. Its test takes as long as that of any run.",
        )
    again = st.button(
        "Start it again",
        key="again",
        icon=":material/replay:",
        help="A new run with the same texts, the same split and the same recipe. This one stays as it is.",
    )
    if again:
        with errors.shown():
            start.begin(resources.runs().folder(run.id).split(), run.recipe, run.name)


def _test(run_id: str) -> None:
    with errors.shown():
        resources.runs().test(run_id)


def _report(run: Run, report: Report) -> Analysis | None:
    """Return the scores, what BERT added, and which labels are mixed up; returns what the answers tell beyond that."""
    scores(report)
    if run.status.state.has_model:
        label = "Ask it about a text of yours"
        st.page_link("pages/predict.py", label=label, icon=":material/arrow_forward:", query_params={"run": run.id})
    if run.status.state is State.STOPPED:
        early = "Training was stopped early; these are the scores of the best model until then."
        st.caption(ending(report.training) or early)
    if run.data.columns:
        st.caption(escape(run.data.columns))
    known = None
    with errors.shown() as outcome:
        known = analysis_of(run)
    _baseline(report, known)
    mixed_up(run.id, report.test, known)
    if known is None and not outcome.failed:
        st.caption(
            "This run kept no answers to the single texts: an older version made it. Fine-tune it again with the same "
            "recipe to see its calibration, its mistakes and where it is good and bad."
        )
    return known


def scores(report: Report) -> None:
    """Draw the two figures people come for, with their intervals, and one sentence on what they are worth."""
    with st.container(horizontal=True, key="headline", gap="small"):
        _score("Accuracy on texts it never saw", report.test.accuracy, report.test.accuracy_interval)
        _score("Macro-F1 (every label counts the same)", report.test.macro_f1, report.test.macro_f1_interval)
    st.markdown(escape(verdict(report)).replace(" %", "\u00a0%"))


def _score(name: str, value: float, interval: Interval) -> None:
    with st.container(width=300, gap=None):
        st.metric(name, percent(value), help=f"How the interval was made: {escape(interval.method)}.")
        st.caption(f"95 % interval {100 * interval.low:.1f} to {100 * interval.high:.1f}")


def _baseline(report: Report, known: Analysis | None) -> None:
    from bertdemo.charts.report import interval_chart

    rows, low = baseline_rows(report)
    figure(
        "What does BERT add to a bag of words?",
        rows,
        interval_chart,
        low,
        key="baseline",
        alt="Accuracy and macro-F1 of BERT and of TF-IDF with logistic regression, with 95 % intervals",
        note=(
            "The bag of words is TF-IDF with logistic regression, trained on the same texts in "
            f"{duration(report.baseline_seconds)} and tested on the same {count(report.test.n, 'text')}."
        ),
    )
    if known:
        _text_by_text(known)


def _text_by_text(known: Analysis) -> None:
    from bertdemo.evaluation.comparison import sentence

    compared = known.against_baseline
    st.markdown(escape(sentence(compared, "BERT", "the bag of words")).replace(" %", "\u00a0%"))
    st.caption(f"By the {escape(compared.method)}.")


def _rest(run: Run, report: Report | None) -> None:
    seen = live.curves(run.id)
    if seen.step:
        with st.expander("How it learned", key="curves_after", icon=":material/show_chart:"):
            live.charts(run, seen)
    live.warnings(run, seen)
    with st.expander("Recipe and cost", key="recipe_after", icon=":material/receipt_long:"):
        if report:
            st.text(_cost(report.training))
        data = run.data
        st.text(f"{data.n_train:,} texts to train, {data.n_validation:,} to validate, {data.n_test:,} to test.")
        for line in data.reading:
            st.text(line)
        rows = [(name.replace("_", " "), str(value)) for name, value in run.recipe.to_dict().items()]
        st.dataframe(
            {"setting": [a for a, _ in rows], "value": [b for _, b in rows]},
            hide_index=True,
            key="recipe_rows",
        )
    if not run.read_only:  # starters come without
        with st.expander("Log", key="log_after", icon=":material/article:"):
            live.log(run.id)


def _cost(training: TrainingSummary) -> str:
    return (
        f"{training.steps:,} of {training.planned_steps:,} steps in {duration(training.seconds)} "
        f"on {training.device} ({training.precision}), {compact(training.samples_per_second)} texts and "
        f"{compact(training.tokens_per_second)} tokens a second. "
        f"The most memory seen in use was {training.peak_memory_mb:,.0f} MB. "
        f"The best model was that of step {training.best_step:,}."
    )
