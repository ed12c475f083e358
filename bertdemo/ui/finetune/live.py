"""A run while it is under way: where it stands, its curves, its log, and the two ways to end it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from bertdemo.charts.palette import BATCH, LOSSES, SCORES
from bertdemo.runs.records import Run
from bertdemo.tasks.records import State
from bertdemo.ui.kit import resources, waiting
from bertdemo.ui.kit.figure import draw, numbers
from bertdemo.ui.kit.formatting import about, compact, count, duration, escape

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from bertdemo.runs.folder import RunFolder

_LOG_LINES = 40
_SETTLED = 10  # steps until the smoothed loss means something
_FAR = 3  # times the loss of blind guessing: a validation loss, which is of many texts, means something at once
Event = dict[str, Any]
_Row = TypeVar("_Row")
_KEYS = ("macro_f1", "accuracy")  # in the order of SCORES
_MOST_POINTS = 500  # more dots than pixels help nobody


def watch(run: Run) -> None:
    """Draw the live view. It looks again every two seconds and reloads the page once the run has ended."""
    _buttons(run)
    waiting.watch(resources.runs(), run, _panel)


def _panel(run: Run) -> None:
    """Draw where the run stands: a bar with words, four figures, three charts. The layout never changes.

    Of a run whose kept model is tested, there are no figures: those of its training are over.
    """
    seen = curves(run.id)
    waiting.progress(run, _sentence(run, seen.step))
    if not run.status.only_test:
        figures(seen)
        warnings(run, seen)
        charts(run, seen)
    with st.expander("Log", key="live_log", on_change="rerun") as box:  # read only while it is open
        if box.open:
            log(run.id)


def curves(run_id: str) -> Curves:
    """Return the curves of a run; what all who watch it have read of its metrics is not read again."""
    folder = resources.runs().folder(run_id)
    return _followed(str(folder.path), folder).look()


@st.cache_resource(show_spinner=False, max_entries=16)
def _followed(path: str, _folder: RunFolder) -> Followed:  # noqa: ARG001 (the key of the cache)
    return Followed(_folder)


def charts(run: Run, seen: Curves) -> None:
    """Draw losses large, validation scores and learning rate below, and one table for all."""
    from bertdemo.charts.finetuning import loss_chart, rate_chart, score_chart

    steps, peak = seen.started.get("steps", 0) or run.status.steps or 1, run.recipe.learning_rate
    st.markdown("**Is it learning?** Both losses should fall; if only the training loss does, it learns by heart.")
    draw(
        seen.encoded["losses"],
        loss_chart,
        steps,
        len(run.data.label_names),
        key="loss",
        alt="Training and validation loss over optimiser steps",
    )
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**How good is it** on the validation texts?")
        draw(
            seen.encoded["scores"],
            score_chart,
            steps,
            seen.scores.empty,
            key="scores",
            alt="Validation accuracy and macro-F1 over steps",
        )
    with right:
        st.markdown("**How large are its steps?**")
        draw(seen.encoded["rates"], rate_chart, steps, peak, key="rate", alt="Learning rate over optimiser steps")
    with st.expander("Show as a table", type="compact", key="curve_tables", on_change="rerun") as box:
        if box.open:
            losses = seen.losses[seen.losses["series"] != BATCH]
            for name, rows in (("losses", losses), ("scores", seen.scores), ("rates", seen.rates)):
                height = min(200, 38 + 35 * len(rows))
                st.dataframe(rows, hide_index=True, key=f"curve_{name}", height=height, column_config=numbers(rows))


def figures(seen: Curves) -> None:
    """Draw speed, memory and device."""
    step, started = seen.step, seen.started
    with st.container(horizontal=True, key="figures", gap="medium"):
        st.metric("Texts a second", _number(step, "samples_per_second"), width=140)
        st.metric("Tokens a second", _number(step, "tokens_per_second"), width=140)
        st.metric("Memory in use", f"{_number(step, 'memory_mb')} MB" if step else "–", width=150)
        st.metric("Number format", started.get("precision", "–"), width=150)
    st.caption(escape(f"{started['device']}: {started['reason']}") if started else "Available when training starts.")


def warnings(run: Run, seen: Curves) -> None:
    """Draw what a person should know: training that diverges is flagged at once, then what the worker wants to say."""
    advice = f"{'Stop, and try' if run.status.state.is_live else 'Try'} a smaller learning rate."
    if seen.step and not math.isfinite(seen.step["loss"]):
        st.error(f"The loss is not a number: training has diverged. {advice}")
    elif diverges(seen, len(run.data.label_names)):
        st.warning(f"The loss is far above blind guessing: training diverges. {advice}")
    for note in seen.notes[-4:]:
        (st.warning if note["warning"] else st.info)(f"Step {note['step']:,}: {escape(note['message'])}")


def diverges(seen: Curves, labels: int) -> bool:
    """Return whether the losses are far above that of giving all labels the same probability, ln(``labels``).

    The smoothed training loss is, where it is half as high again; the validation loss, where it was three times as high
    at each of the last two evaluations (at the first one: at that), while the training loss is not low, too: a model
    that learns by heart has the one without the other. So one bad evaluation among good ones is none, and a run that
    recovers diverges no more.
    """
    blind = math.log(max(labels, 2))
    trained, judged = seen.trained, seen.judged
    if trained is None:
        return False
    if judged and min(judged) > _FAR * blind and trained > blind / 2:
        return True
    return bool(seen.step["step"] >= _SETTLED and trained > 1.5 * blind)


def log(run_id: str) -> None:
    """Draw the last lines of the log, as they are.

    So few that no box of its own must be scrolled, which keys cannot do.
    """
    written = resources.runs().log(run_id, last=_LOG_LINES)
    st.code(written or "Nothing written yet.", language=None, wrap_lines=True)


def _sentence(run: Run, step: dict[str, Any]) -> str:
    status = run.status
    if status.state is State.QUEUED:
        return _waiting(run)
    if status.state is State.TRAINING and status.steps:
        words = [f"Training: step {status.step:,} of {status.steps:,}"]
        if step:
            words.append(f"{duration(step['elapsed'])} elapsed")
        if status.remaining is not None:
            words.append(f"{about(status.remaining)} left")
        return ", ".join(words)
    return escape(status.message or f"The run is {status.state.value}")


def _waiting(run: Run) -> str:
    """Return how many runs come before this one, and when the first of them ends."""
    ahead = resources.runs().ahead_of(run)
    if not ahead:
        return "It begins in a moment"
    remaining = [each.status.remaining for each in ahead if each.status.remaining is not None]
    when = f"; the one under way needs {about(remaining[0])} more" if remaining else ""
    return f"Waiting for {count(len(ahead), 'run')} before this one{when}"


def _number(step: dict[str, Any], name: str) -> str:
    return compact(step[name]) if step else "–"


def _buttons(run: Run) -> None:
    asked = resources.runs().folder(run.id).request()
    with st.container(horizontal=True, key="live_buttons"):
        stop = "Stopping: the best so far is kept" if asked == "stop" else "Stop and keep the best so far"
        nothing_yet = run.status.state is State.QUEUED
        if not run.status.only_test and st.button(
            stop, key="stop_run", icon=":material/stop_circle:", disabled=asked is not None or nothing_yet
        ):
            resources.runs().stop(run.id)
            st.rerun()
        ending = asked == "cancel"  # which makes it another panel, one that is not open
        label, key = ("Cancelling…", "cancelling_run") if ending else ("Cancel", "cancel_run")
        with st.popover(label, key=key, disabled=ending):
            st.write("Cancel, and keep nothing of it, not even the best model so far?")
            if st.button("Cancel the run", key="cancel_yes", type="primary"):
                resources.runs().cancel(run.id)
                st.rerun()


@dataclass(frozen=True)
class Curves:
    """What the charts of one run draw, and the last event of each kind."""

    losses: pd.DataFrame  # step, loss, series
    scores: pd.DataFrame  # step, score (per cent), series
    rates: pd.DataFrame  # step, learning_rate
    started: Event
    step: Event
    validation: Event
    notes: tuple[Event, ...]
    trained: float | None  # the smoothed training loss of the last step
    judged: tuple[float, ...]  # the last two validation losses

    @cached_property
    def encoded(self) -> dict[str, pa.Table]:
        """Return the rows as they are sent, made once for all who watch, in a third of the bytes."""
        frames = {"losses": self.losses, "scores": self.scores, "rates": self.rates}
        return {name: _small(frame) for name, frame in frames.items()}


def smooth(values: Sequence[float], half_life: float) -> list[float]:
    """Return an exponential moving average: a weight halves every ``half_life`` values; its start is corrected.

    A value that is not finite is left out of the average. Correction as in Kingma & Ba (2015), eq. 3.
    """
    decay = 0.5 ** (1.0 / half_life)
    total = weight = 0.0
    smoothed = []
    for value in values:
        if math.isfinite(value):
            total, weight = decay * total + (1 - decay) * value, decay * weight + (1 - decay)
        smoothed.append(total / weight if weight else math.nan)
    return smoothed


def thin(rows: Sequence[_Row], most: int = _MOST_POINTS) -> list[_Row]:
    """Keep at most ``most`` of the rows, evenly spaced, the last one among them."""
    if len(rows) <= most:
        return list(rows)
    stride = math.ceil(len(rows) / most)
    return list(rows[::-stride])[::-1]


class Followed:
    """The curves of one run, by any number of sessions; each look reads only what was written since the last."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._offset = 0
        self._events: list[Event] = []
        self._curves = curves_of([])

    def look(self) -> Curves:
        """Return the curves as of now."""
        with self._lock:
            if self._size() < self._offset:  # another run has taken this folder
                self._offset, self._events, self._curves = 0, [], curves_of([])
            new, self._offset = self._folder.read_metrics(self._offset)
            if new:
                self._events += new
                self._curves = curves_of(self._events)
            return self._curves

    def _size(self) -> int:
        try:
            return (self._folder.path / "metrics.jsonl").stat().st_size
        except FileNotFoundError:
            return 0


def curves_of(metrics: Sequence[Event]) -> Curves:
    """Return the rows of all live charts of one run."""
    import pandas as pd

    steps = [event for event in metrics if event["kind"] == "step"]
    checks = [event for event in metrics if event["kind"] == "validation"]
    started = _last(metrics, "started")
    drawn, checked = thin(steps), thin(checks)
    average = smooth([event["loss"] for event in steps], half_life=max(2.0, started.get("steps", len(steps)) / 80))
    scores = [(e["step"], 100 * e[key], name) for name, key in zip(SCORES, _KEYS, strict=True) for e in checked]
    rates = [(event["step"], event["learning_rate"]) for event in drawn]
    return Curves(
        losses=pd.DataFrame(_losses(steps, average, checked), columns=["step", "loss", "series"]),
        scores=pd.DataFrame(scores, columns=["step", "score", "series"]),
        rates=pd.DataFrame(rates, columns=["step", "learning_rate"]),
        started=started,
        step=_last(steps, "step"),
        validation=_last(checks, "validation"),
        notes=tuple(event for event in metrics if event["kind"] == "note"),
        trained=average[-1] if average else None,
        judged=tuple(event["loss"] for event in checks[-2:]),
    )


def _losses(steps: list[Event], average: list[float], checks: list[Event]) -> list[tuple[int, float, str]]:
    drawn = thin([(event["step"], event["loss"], mean) for event, mean in zip(steps, average, strict=True)])
    rows = [(step, loss, BATCH) for step, loss, _ in drawn]
    rows += [(step, mean, LOSSES[0]) for step, _, mean in drawn]
    return rows + [(event["step"], event["loss"], LOSSES[1]) for event in checks]


def _small(rows: pd.DataFrame) -> pa.Table:
    """Return rows with the names of series written once and numbers as exact as pixels are."""
    import pyarrow as pa

    kinds = {"step": pa.int32(), "series": pa.dictionary(pa.int8(), pa.string())}
    return pa.table({name: pa.array(rows[name].tolist(), kinds.get(name, pa.float32())) for name in map(str, rows)})


def _last(events: Iterable[Event], kind: str) -> Event:
    return next((event for event in reversed(list(events)) if event["kind"] == kind), {})
