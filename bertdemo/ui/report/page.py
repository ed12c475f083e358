"""The report of a run: the headline, what BERT added, and which labels are mixed up, with the texts behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo import registry
from bertdemo.charts.names import CELL, MODELS
from bertdemo.evaluation.analysis import Analysis
from bertdemo.evaluation.report import Interval, Report, Scores, TrainingSummary, ending, verdict
from bertdemo.runs.records import Run
from bertdemo.tasks.records import State
from bertdemo.ui.finetune import live, start
from bertdemo.ui.kit import errors, resources
from bertdemo.ui.kit.errors import question
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import compact, count, duration, escape, percent
from bertdemo.ui.kit.resources import analysis_of
from bertdemo.ui.kit.texts import to_read
from bertdemo.ui.report import sections
from bertdemo.ui.report.sections import Reported, Section

if TYPE_CHECKING:
    import pandas as pd

SECTIONS: list[Section] = registry.members(sections, Section)
_ENDINGS = {
    State.FAILED: "This run failed.",
    State.INTERRUPTED: "This run was interrupted.",
}
MOST_LABELS = 20
REST = "all other labels"


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
    from bertdemo.charts.scores import interval_chart

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


@st.fragment
def mixed_up(run_id: str, scores: Scores, known: Analysis | None) -> None:
    """Draw the matrix with the texts of a chosen cell, and every label's own scores."""
    from bertdemo.charts.scores import confusion_chart

    rows, number = confusion_rows(scores)
    figure(
        "Which labels does it mix up?",
        rows,
        confusion_chart,
        number,
        key="confusion",
        alt="Confusion matrix: counts of true labels in rows, predicted labels in columns",
        note=f"{escape(commonest_mistake(scores))} {rows_explained(scores)}",
        clicked=lambda: _clicked(run_id, scores),
    )
    if known:
        with errors.shown():
            _texts(run_id, scores, known)
    st.markdown("**How good is each label?**")
    number_of = st.column_config.NumberColumn
    columns = {name: number_of(f"{name} (%)", format="%.1f") for name in ("precision", "recall", "F1")}
    st.dataframe(class_rows(scores), hide_index=True, column_config=columns, key="classes", alt="Scores per label")
    st.caption("Precision: how often it is right when it says this label. Recall: how many of this label it finds.")


def _texts(run_id: str, scores: Scores, known: Analysis) -> None:
    chosen = st.selectbox(
        "Read the texts of a cell",
        cells(scores),
        index=None,
        format_func=_words,
        placeholder="Click a cell above, or choose one here",
        key=_key(run_id),
    )
    if chosen:
        to_read(known.behind(chosen.label, chosen.called), key=f"cell_{run_id}_{chosen.label}_{chosen.called}")


def _clicked(run_id: str, scores: Scores) -> None:
    """Choose the clicked cell in the list; an empty one, or several labels folded into one, has no entry there."""
    picked = st.session_state["confusion"]["selection"].get(CELL) or [{}]
    wanted = picked[0].get("true"), picked[0].get("predicted")
    found = (cell for cell in cells(scores) if (cell.label, cell.called) == wanted)
    st.session_state[_key(run_id)] = next(found, None)


def _key(run_id: str) -> str:
    return f"cell_{run_id}"


def _words(cell: Cell) -> str:
    if cell.label == cell.called:
        return f"“{cell.label}” found: {count(cell.texts, 'text')}"
    return f"“{cell.label}” taken for “{cell.called}”: {count(cell.texts, 'text')}"


@dataclass(frozen=True)
class Cell:
    """How many test texts of a label were called by another (or the same)."""

    label: str
    called: str
    texts: int


def baseline_rows(report: Report) -> tuple[pd.DataFrame, float]:
    """Return rows for ``interval_chart`` of the model and its baseline, and where its axis begins (per cent)."""
    return score_rows(dict(zip(MODELS, (report.test, report.baseline), strict=True)))


def score_rows(named: Mapping[str, Scores]) -> tuple[pd.DataFrame, float]:
    """Return rows for ``interval_chart``, and where its axis begins (per cent)."""
    import pandas as pd

    rows = []
    for model, scores in named.items():
        for metric, value, interval in (
            ("accuracy", scores.accuracy, scores.accuracy_interval),
            ("macro-F1", scores.macro_f1, scores.macro_f1_interval),
        ):
            rows.append((metric, model, 100 * value, 100 * interval.low, 100 * interval.high))
    frame = pd.DataFrame(rows, columns=["metric", "model", "value", "low", "high"])
    return frame, axis_start(float(frame["low"].min()))


def axis_start(lowest: float) -> float:
    """Return where an axis of per cent may begin so that ``lowest`` stands off its end: a multiple of ten."""
    return max(0.0, 10.0 * math.floor((lowest - 5) / 10))


def class_rows(scores: Scores) -> pd.DataFrame:
    """Return precision, recall and F1 (per cent) of every label, the most frequent first."""
    import pandas as pd

    rows = sorted(scores.classes, key=lambda each: -each.support)
    return pd.DataFrame(
        [(c.label, 100 * c.precision, 100 * c.recall, 100 * c.f1, c.support) for c in rows],
        columns=["label", "precision", "recall", "F1", "texts"],
    )


def commonest_mistake(scores: Scores) -> str:
    """Return which label is most often taken for which other, in a sentence."""
    names = [each.label for each in scores.classes]
    called = [name for j, name in enumerate(names) if any(row[j] for row in scores.confusion)]
    if len(called) == 1:
        return (
            f"It calls every test text “{called[0]}”: it did not learn to tell the labels apart. Try a smaller "
            "learning rate, more epochs or more texts."
        )
    wrong = [(n, i, j) for i, row in enumerate(scores.confusion) for j, n in enumerate(row) if n and i != j]
    if not wrong:
        return "It made no mistake on the test texts."
    n, true, predicted = max(wrong)
    total = sum(scores.confusion[true])
    return f"Its commonest mistake is to take “{names[true]}” for “{names[predicted]}”: {n} of {count(total, 'text')}."


def cells(scores: Scores) -> list[Cell]:
    """Return the cells of the confusion matrix that hold texts.

    The mistakes, most frequent first, then the right answers.
    """
    names = [each.label for each in scores.classes]
    found = [Cell(names[i], names[j], n) for i, row in enumerate(scores.confusion) for j, n in enumerate(row) if n]
    return sorted(found, key=lambda cell: (cell.label == cell.called, -cell.texts))


def rows_explained(scores: Scores) -> str:
    """Return how to read the matrix that ``confusion_rows`` makes."""
    if len(scores.classes) <= MOST_LABELS:
        return "Each row holds the test texts of one label."
    rest = len(scores.classes) - MOST_LABELS + 1
    return (
        f"Each row holds the test texts of one label, the last row those of the {rest:,} other labels together: "
        "right and wrong answers among these are in one cell."
    )


def confusion_rows(scores: Scores) -> tuple[pd.DataFrame, int]:
    """Return rows for ``confusion_chart``, and how many labels; beyond 20 the rarest are counted together."""
    import pandas as pd

    names = [each.label for each in scores.classes]
    counts = [list(row) for row in scores.confusion]
    if len(names) > MOST_LABELS:
        names, counts = _fold(names, counts)
    rows = []
    for name, row in zip(names, counts, strict=True):
        total = sum(row)
        rows += [(name, other, n, n / total if total else 0.0) for other, n in zip(names, row, strict=True)]
    return pd.DataFrame(rows, columns=["true", "predicted", "texts", "share"]), len(names)


def _fold(names: list[str], counts: list[list[int]]) -> tuple[list[str], list[list[int]]]:
    order = sorted(range(len(names)), key=lambda i: -sum(counts[i]))
    top, rest = order[: MOST_LABELS - 1], order[MOST_LABELS - 1 :]
    groups = [[i] for i in top] + [rest]
    folded = [[sum(counts[i][j] for i in a for j in b) for b in groups] for a in groups]
    return [names[i] for i in top] + [REST], folded
