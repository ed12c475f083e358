"""What is explained and how: the label, the label it is held against, the method and its baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from bertdemo.errors import ExplanationError
from bertdemo.ui import errors
from bertdemo.ui.explain_kept import Bar, Work, kept, kept_each, key_of
from bertdemo.ui.words import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from bertdemo.explanation.attribution import Attribution
    from bertdemo.explanation.copies import Explain
    from bertdemo.explanation.methods import Method
    from bertdemo.explanation.reading import Reading
    from bertdemo.models.classifier import Classifier
    from bertdemo.ui.explain_answer import Subject

TARGET, AGAINST, METHOD, BASELINE = PARAMETERS = ("target", "against", "method", "baseline")  # of the address
DEFAULT_METHOD, DEFAULT_BASELINE = "integrated_gradients", "pad"
_NOBODY = -1
_WRONG = "why_wrong"  # what is to be said of words of the address
_Kind = TypeVar("_Kind")
_KEYS = {name: f"why_{name}" for name in PARAMETERS}
BASELINE_NAMES = {"pad": "PAD", "mask": "MASK", "zero": "Zero", "average": "Mean of PAD, MASK and zero"}
SHORT_BASELINE_NAMES = {**BASELINE_NAMES, "average": "Mean"}  # beside bars and cells


@dataclass(frozen=True)
class Choice:
    """What a person asks for; labels are indices, ``against`` None explains the logit of the target alone."""

    target: int
    against: int | None = None
    method: str = DEFAULT_METHOD
    baseline: str = DEFAULT_BASELINE


def asked_for(subject: Subject) -> Choice:
    """What the address asks for; without a word in it, the answer by integrated gradients.

    A label, method or baseline that there is not is said, the address cleaned of it, and the usual one taken.
    """
    from bertdemo.explanation.methods import METHODS

    labels = {name: number for number, name in enumerate(subject.labels)}
    target = _listed(TARGET, labels, subject.answered)
    against = _listed(AGAINST, labels, _NOBODY)
    if target == against:
        against = _NOBODY
        _left_out(AGAINST, "A label cannot be held against itself: choose two different ones.")
    method = _listed(METHOD, {name: name for name in METHODS}, DEFAULT_METHOD)
    if reason := METHODS[method].applies(subject.classifier):
        _left_out(METHOD, f"{METHODS[method].name} is not offered for this model: {reason}")
        method = DEFAULT_METHOD
    baseline = _listed(BASELINE, {name: name for name in BASELINE_NAMES}, DEFAULT_BASELINE)
    for message in st.session_state.get(_WRONG, ()):
        with errors.shown():
            raise ExplanationError(message)
    return Choice(target, None if against == _NOBODY else against, method, baseline)


def _listed(name: str, known: Mapping[str, _Kind], default: _Kind) -> _Kind:
    given = st.query_params.get(name)
    if given is None:
        return default
    if given in known:
        return known[given]
    kind = {METHOD: "method", BASELINE: "baseline"}.get(name, "label")
    _left_out(name, f"There is no {kind} called {shorten(given, 40)!r} here: choose one of the list.")
    return default


def _left_out(name: str, message: str) -> None:
    """Take a wrong word out of the address, or a dead link it would be; it is told until there is a result to see."""
    st.query_params.pop(name, None)
    st.session_state.setdefault(_WRONG, []).append(message)


def forget() -> None:
    """Take labels out of the address: those of one run say nothing of another."""
    for name in (TARGET, AGAINST):
        st.query_params.pop(name, None)


def pick_labels(subject: Subject, choice: Choice) -> None:
    """The pickers of what is explained; a change goes into the address."""
    names = subject.labels
    rest = ["", *(name for name in names if name != names[choice.target])]
    against = "" if choice.against is None else names[choice.against]
    with st.container(horizontal=True, gap="small", key="why_labels"):
        _picker(TARGET, "Why", names, names[choice.target], names[subject.answered], {})
        _picker(AGAINST, "and not", rest, against, "", {"": "– (its logit alone)"})


def pick_method(subject: Subject, choice: Choice) -> None:
    """The pickers of how it is explained; a change goes into the address."""
    from bertdemo.explanation.baselines import BASELINE_SENTENCES
    from bertdemo.explanation.methods import METHODS

    offered = {name: method for name, method in METHODS.items() if method.applies(subject.classifier) is None}
    _picker(METHOD, "Method", list(offered), choice.method, DEFAULT_METHOD, {k: m.name for k, m in offered.items()})
    method = METHODS[choice.method]
    st.caption(method.sentence)
    if method.needs_baseline:
        _picker(BASELINE, "Baseline", list(BASELINE_NAMES), choice.baseline, DEFAULT_BASELINE, BASELINE_NAMES)
        st.caption(f"{BASELINE_SENTENCES[choice.baseline]} The marks of the model and all positions stay.")
    for reason in _not_offered(subject, METHODS):
        st.caption(reason)


def _not_offered(subject: Subject, methods: Mapping[str, Method]) -> list[str]:
    reasons = ((method.name, method.applies(subject.classifier)) for method in methods.values())
    return [f"Not offered: {name}, as {reason}" for name, reason in reasons if reason]


def _picker(name: str, label: str, options: Sequence[str], value: str, default: str, words: Mapping[str, str]) -> None:
    """A select box whose value is that of the address; the default leaves the address short."""
    key = _KEYS[name]
    st.session_state[key] = value

    def changed() -> None:
        """Put what was chosen into the address."""
        if (chosen := st.session_state[key]) == default:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = chosen
        if name == TARGET and st.query_params.get(AGAINST) == chosen:
            st.query_params.pop(AGAINST)

    st.selectbox(
        label, options, format_func=lambda option: words.get(option) or shorten(option, 60), key=key, on_change=changed
    )


def attribution(subject: Subject, choice: Choice) -> Attribution:
    """The scores; computed once a visit, however often the page is drawn.

    Raises:
        ExplanationError: this cannot be explained in this way.
    """
    work = _work(subject, choice)
    found: Attribution = kept(work.key, work.words, work.make)
    st.session_state.pop(_WRONG, None)
    return found


def attributions(subject: Subject, choices: Sequence[Choice]) -> list[Attribution]:
    """The same for several choices, under one bar."""
    return kept_each([_work(subject, choice) for choice in choices])


def _work(subject: Subject, choice: Choice) -> Work:
    from bertdemo.explanation.methods import METHODS, attribute

    def make(bar: Bar) -> Attribution:
        return attribute(
            subject.classifier, subject.reading, choice.method, choice.target, choice.against,
            baseline=choice.baseline, cancelled=bar,
        )  # fmt: skip

    return Work(key_of(subject, choice), f"Computing the scores: {METHODS[choice.method].name}…", make)


def explain(choice: Choice) -> Explain:
    """The way in which scores are made, for tests that explain changed copies of the model."""
    from bertdemo.explanation.methods import attribute

    def word_scores(classifier: Classifier, reading: Reading) -> NDArray[np.float64]:
        return attribute(
            classifier, reading, choice.method, choice.target, choice.against, baseline=choice.baseline
        ).word_scores

    return word_scores
