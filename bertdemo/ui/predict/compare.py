"""Two or more classifiers on the same text: what each says, how sure, how fast, how large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.lines import distinct, shorten
from bertdemo.ui.kit import prediction, resources, run_picker
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import ago, compact, escape, percent

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.prediction.single import Answer
    from bertdemo.runs.records import Run
    from bertdemo.ui.kit.texts import Asked

_MOST = 4  # that a chart can tell apart, and that stay loaded at once
MOST_OTHERS = _MOST - 1
OPEN = "compare_box"  # the key of what it is folded away in
_CHOSEN = "compare_answers"
_KNOWN = "compare_voices"  # in the session: (what was asked of whom, what they said)
_ROUNDS = 3  # askings of each, an odd number
_MOST_LABELS = 8


@dataclass(frozen=True)
class Voice:
    """What one of the classifiers says; ``parameters`` is its size."""

    name: str
    run: Run
    answer: Answer
    parameters: int


def others(run: Run, runs: list[Run]) -> list[Run]:
    """Return those that can be asked the same: classifiers of as many texts."""
    rest = (each for each in runs if each.status.state.has_model and each.id != run.id)
    return [each for each in rest if each.data.has_pairs == run.data.has_pairs]


def chosen() -> list[str]:
    """Return the ids of the other classifiers that a person has chosen."""
    return list(st.session_state.get(_CHOSEN, ()))


def begin_with(run_ids: list[str]) -> None:
    """Have these chosen, before the picker is drawn, and be seen."""
    st.session_state[_CHOSEN] = run_ids
    st.session_state[OPEN] = bool(run_ids)


def choose(run: Run, runs: list[Run], asked: Asked) -> None:
    """Draw the picker of other classifiers, and their answers beside this one."""
    rest = others(run, runs)
    if not rest:
        st.caption("There is no other classifier yet: fine-tune a second one with another recipe or other data.")
        return
    labels = distinct(_label(each) for each in rest)
    names = dict(zip((each.id for each in rest), labels, strict=True))
    wanted = st.multiselect(
        "Up to three others",
        list(names),
        format_func=lambda run_id: names.get(run_id, run_id),
        max_selections=MOST_OTHERS,
        key=_CHOSEN,
        persist_state="session",
        placeholder="Choose a classifier",
    )
    if wanted:
        _show(_voices((run, *(other for other in rest if other.id in wanted)), asked))


def _label(run: Run) -> str:
    """Return its name, and when it was made unless it came with the app."""
    return run_picker.name_of(run) if run.read_only else f"{run_picker.name_of(run)} · {ago(run.created)}"


def _voices(runs: tuple[Run, ...], asked: Asked) -> list[Voice]:
    """Return what each says; kept, as other parts of the page change more often than what is asked of whom."""
    question = (tuple((run.id, run_picker.name_of(run)) for run in runs), asked)
    known = st.session_state.get(_KNOWN)
    if known and known[0] == question:
        voices: list[Voice] = known[1]
        return voices
    with st.spinner("Asking each of them a few times…"):
        able = [run for run in runs if _can_answer(run, asked)]
        voices = [_voice(number, *each) for number, each in enumerate(_in_turns(able, asked), 1)]
    if len(able) == len(runs):
        st.session_state[_KNOWN] = (question, voices)
    return voices


def _can_answer(run: Run, asked: Asked) -> bool:
    """Return whether it answers, which also loads it; where it does not the page says why."""
    try:
        prediction.fresh(run, asked)
    except BertDemoError as error:
        st.error(escape(str(error)), icon=":material/error:")
        return False
    return True


def _in_turns(runs: list[Run], asked: Asked) -> list[tuple[Run, Answer]]:
    """Return each run's answer of middle duration: whatever slows the machine down meanwhile strikes them alike."""
    rounds = [[prediction.fresh(run, asked) for run in runs] for _ in range(_ROUNDS)]
    middle = (sorted(its, key=lambda answer: answer.milliseconds)[_ROUNDS // 2] for its in zip(*rounds, strict=True))
    return list(zip(runs, middle, strict=True))


def _voice(number: int, run: Run, answer: Answer) -> Voice:
    model = resources.models().classifier(run.id).model
    return Voice(f"{number}  {shorten(run_picker.name_of(run), 30)}", run, answer, int(model.num_parameters()))


def _show(voices: list[Voice]) -> None:
    from bertdemo.charts.one_text import side_by_side_chart

    if len(voices) < 2:
        return
    rows, labels = rows_of(voices)
    figure(
        agreement(voices),
        rows,
        side_by_side_chart,
        labels,
        tuple(voice.name for voice in voices),
        key="side_by_side",
        alt="Probability of each label by each classifier",
        table=rows.drop(columns="words"),
    )
    with st.container(key="side_by_side_facts", gap="small"):
        st.table(
            facts(voices), border="horizontal", hide_index=True, alt="What each classifier says, how fast, how large"
        )
        st.caption(f"Time: each was asked {_ROUNDS} times, in turns, and this is the median. Size: parameters.")


def agreement(voices: list[Voice]) -> str:
    """Return whether they say the same, as Markdown."""
    if len({frozenset(label for label, _ in voice.answer.scores) for voice in voices}) > 1:
        return "They sort under different labels, so each answers a question of its own"
    said = {voice.answer.label for voice in voices}
    if len(said) == 1:
        return f"{'Both' if len(voices) == 2 else 'All'} say “{escape(shorten(said.pop(), 60))}”"
    return "They do not say the same"


def rows_of(voices: list[Voice]) -> tuple[pd.DataFrame, int]:
    """Return rows for ``side_by_side_chart``, the labels that anybody finds probable first; and how many labels."""
    import pandas as pd

    highest: dict[str, float] = {}
    for voice in voices:
        for label, probability in voice.answer.scores:
            highest[label] = max(probability, highest.get(label, 0.0))
    top = sorted(highest, key=lambda label: -highest[label])[:_MOST_LABELS]
    rows = [
        (shorten(label, 60), 100 * p, prediction.certainty(p), voice.name)
        for label in top
        for voice in voices
        for p in [dict(voice.answer.scores).get(label)]
        if p is not None
    ]
    return pd.DataFrame(rows, columns=["label", "probability", "words", "series"]), len(top)


def facts(voices: list[Voice]) -> dict[str, list[str]]:
    """Return columns of the table under the chart; its cells are Markdown."""
    return {
        "Classifier": [escape(voice.name) for voice in voices],
        "Says": [f"{escape(shorten(v.answer.label, 40))}, {prediction.certainty(v.answer.confidence)}" for v in voices],
        "Time": [f"{voice.answer.milliseconds:.1f} ms" for voice in voices],
        "Size": [compact(voice.parameters) for voice in voices],
        **_unknown(voices),
        "Right on tests": ["–" if v.run.accuracy is None else percent(v.run.accuracy) for v in voices],
    }


def _unknown(voices: list[Voice]) -> dict[str, list[str]]:
    """Return how much of the text each of them does not know, where that is any of it."""
    if not any(voice.answer.unknown_share for voice in voices):
        return {}
    return {"Unknown to it": [percent(voice.answer.unknown_share, 0) for voice in voices]}
