"""What is explained and how: the label, the label it is held against, the method and its baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.lines import shorten
from bertdemo.ui.kit import address
from bertdemo.ui.kit.address import InvalidParam
from bertdemo.ui.kit.waiting import Work, result_of, results_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from bertdemo.explanation.attribution import Attribution
    from bertdemo.explanation.function import ShouldStop
    from bertdemo.explanation.masking import Explain
    from bertdemo.explanation.methods.method import Method
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models.classifier import Classifier
    from bertdemo.ui.kit.prediction import Subject

TARGET, AGAINST, METHOD, BASELINE = PARAMETERS = ("target", "against", "method", "baseline")  # of the address
DEFAULT_METHOD, DEFAULT_BASELINE = "integrated_gradients", "pad"
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
    """Return what the address asks for, once its invalid parameters are dropped.

    Where it says nothing, the prediction is explained by the default method.
    """
    given, labels = st.query_params, subject.labels
    target = labels.index(given[TARGET]) if TARGET in given else subject.answered
    against = labels.index(given[AGAINST]) if AGAINST in given else None
    return Choice(target, against, given.get(METHOD, DEFAULT_METHOD), given.get(BASELINE, DEFAULT_BASELINE))


def unknown(subject: Subject) -> Iterator[InvalidParam]:
    """Yield labels, methods and baselines of the address that there are not, or not for this."""
    from bertdemo.explanation.methods import METHODS

    yield from address.invalid_params(TARGET, subject.labels, "label")
    yield from address.invalid_params(AGAINST, subject.labels, "label")
    yield from address.invalid_params(METHOD, METHODS, "method")
    yield from address.invalid_params(BASELINE, BASELINE_NAMES, "baseline")
    choice = asked_for(subject)
    if choice.target == choice.against:
        yield InvalidParam(AGAINST, "a label cannot be held against itself")
    method = METHODS[choice.method]
    if reason := method.why_not(subject.classifier):
        yield InvalidParam(METHOD, f"{method.name} is not offered for this model, as {reason.rstrip('.')}")


def pick_labels(subject: Subject, choice: Choice) -> None:
    """Draw the pickers of what is explained; a change goes into the address."""
    names = subject.labels
    rest = ["", *(name for name in names if name != names[choice.target])]
    against = "" if choice.against is None else names[choice.against]
    with st.container(horizontal=True, gap="small", key="why_labels"):
        _picker(TARGET, "Why", names, names[choice.target], names[subject.answered], {})
        _picker(AGAINST, "Compared with", rest, against, "", {"": "no other label"})


def pick_method(subject: Subject, choice: Choice) -> None:
    """Draw the pickers of how it is explained; a change goes into the address."""
    from bertdemo.explanation.attribution import BASELINE_SENTENCES
    from bertdemo.explanation.methods import METHODS

    offered = {name: method for name, method in METHODS.items() if method.why_not(subject.classifier) is None}
    _picker(METHOD, "Method", list(offered), choice.method, DEFAULT_METHOD, {k: m.name for k, m in offered.items()})
    method = METHODS[choice.method]
    st.caption(method.sentence)
    if method.needs_baseline:
        _picker(BASELINE, "Baseline", list(BASELINE_NAMES), choice.baseline, DEFAULT_BASELINE, BASELINE_NAMES)
        st.caption(f"{BASELINE_SENTENCES[choice.baseline]} The special tokens and all positions stay.")
    for reason in _not_offered(subject, METHODS):
        st.caption(reason)


def _not_offered(subject: Subject, methods: Mapping[str, Method]) -> list[str]:
    reasons = ((method.name, method.why_not(subject.classifier)) for method in methods.values())
    return [f"Not offered: {name}, as {reason}" for name, reason in reasons if reason]


def _picker(name: str, label: str, options: Sequence[str], value: str, default: str, words: Mapping[str, str]) -> None:
    """Draw a select box whose value is that of the address; the default leaves the address short."""
    key = _KEYS[name]
    st.session_state[key] = value

    def changed() -> None:
        """Put what was chosen into the address."""
        chosen = st.session_state[key]
        address.put(name, chosen if chosen != default else "")
        if name == TARGET and st.query_params.get(AGAINST) == chosen:
            address.put(AGAINST)

    st.selectbox(
        label, options, format_func=lambda option: words.get(option) or shorten(option, 60), key=key, on_change=changed
    )


def attribution(subject: Subject, choice: Choice) -> Attribution:
    """Return the scores; computed once a visit, however often the page is drawn.

    Raises:
        ExplanationError: this cannot be explained in this way.
    """
    work = _work(subject, choice)
    found: Attribution = result_of(work.key, work.words, work.make)
    return found


def attributions(subject: Subject, choices: Sequence[Choice]) -> list[Attribution]:
    """Return the same for several choices, under one bar."""
    return results_of([_work(subject, choice) for choice in choices])


def _work(subject: Subject, choice: Choice) -> Work:
    from bertdemo.explanation.methods import METHODS

    words = f"Computing the scores: {METHODS[choice.method].name}…"
    return Work(
        key_of(subject, choice), words, lambda bar: scores_of(subject.classifier, subject.tokenized, choice, bar)
    )


def key_of(subject: Subject, choice: Choice) -> tuple[Hashable, ...]:
    """Return what says that two results are about the same model, text and explanation."""
    return subject.run.id, subject.edition, subject.asked, choice


def scores_of(
    classifier: Classifier, tokenized: TokenizedText, choice: Choice, should_stop: ShouldStop | None = None
) -> Attribution:
    """Return the scores of any text, or of a changed copy of the model, made in this way; computed now."""
    from bertdemo.explanation.function import never
    from bertdemo.explanation.methods import attribute

    return attribute(
        classifier, tokenized, choice.method, choice.target, choice.against,
        baseline=choice.baseline, should_stop=should_stop or never,
    )  # fmt: skip


def explain(choice: Choice) -> Explain:
    """Return the way in which scores of words are made, for tests that explain changed copies of the model."""
    return lambda classifier, tokenized: scores_of(classifier, tokenized, choice).word_scores
