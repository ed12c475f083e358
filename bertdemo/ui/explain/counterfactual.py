"""Try it: words are clicked away, masked or replaced, and the answer follows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from bertdemo.errors import PredictionError
from bertdemo.explanation import tinting
from bertdemo.lines import shorten, signed
from bertdemo.ui.explain import sentences
from bertdemo.ui.explain.sentences import output
from bertdemo.ui.kit import address, prediction, texts
from bertdemo.ui.kit.figure import draw
from bertdemo.ui.kit.formatting import count, quoted
from bertdemo.ui.predict.compare import Voice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertdemo.explanation.attribution import Attribution
    from bertdemo.explanation.counterfactual import Edited
    from bertdemo.prediction.single import Answer
    from bertdemo.ui.kit.address import InvalidParam
    from bertdemo.ui.kit.prediction import Subject

WITHOUT, HOW, INSTEAD = "without", "how", "instead"  # of the address: words (from 1), what becomes of them, by what
HOWS = {"delete": "Delete", "mask": "Mask", "replace": "Replace"}
_VERBS = {"delete": "Take out", "mask": "Mask", "replace": "Replace"}
FURTHER = "The text is longer than the model reads: without these words it reads so much further."
VOICES = ("this text", "with the change")
_KEYS = {HOW: "try_how", INSTEAD: "try_instead"}


@dataclass(frozen=True)
class Change:
    """``words`` are indices into those of the reading; ``instead`` is what replaces each where ``how`` says so."""

    words: frozenset[int]
    how: str
    instead: str


def show(subject: Subject, found: Attribution) -> None:
    """Draw the text with words to click, and what the classifier says of what is left."""
    change = _asked_for()
    st.markdown("**Click words to take them out, and see whether the answer follows**")
    _controls(change)
    pieces = tinting.words(subject.tokenized, found.word_scores, signed=found.signed)
    sentences.choose_word(
        pieces,
        key="try_strip",
        label="The text: choose words to change",
        off=change.words,
        clicked=lambda word: _put(change.words ^ {word}),
    )
    _buttons(subject, found, change)
    if change.words:
        _outcome(subject, found, change)
    else:
        st.caption("Nothing is changed yet.")


def _asked_for() -> Change:
    """Return what the address asks for, once its invalid parameters are dropped."""
    words = frozenset(int(each) - 1 for each in st.query_params.get(WITHOUT, "").split(".") if each)
    return Change(words, st.query_params.get(HOW, "delete"), st.query_params.get(INSTEAD, ""))


def unknown(subject: Subject) -> Iterator[InvalidParam]:
    """Yield words of the address that the text does not have, and ways to change them that there are not."""
    words = {str(word + 1) for word in range(len(subject.tokenized.words))}
    yield from address.invalid_params(HOW, HOWS, "way to change words")
    yield from address.invalid_params(WITHOUT, words, "word of this text", between=".")


def _put(words: frozenset[int]) -> None:
    address.put(WITHOUT, ".".join(str(word + 1) for word in sorted(words)))


def put(words: tuple[int, ...], how: str) -> None:
    """Make this the change that is shown."""
    _put(frozenset(words))
    st.query_params[HOW] = how


def _controls(change: Change) -> None:
    for name, value in ((HOW, change.how), (INSTEAD, change.instead)):
        st.session_state[_KEYS[name]] = value

    def changed() -> None:
        """Put how words are changed into the address."""
        for name, default in ((HOW, "delete"), (INSTEAD, "")):
            value = st.session_state.get(_KEYS[name], default)
            address.put(name, value if value != default else "")

    st.radio(
        "What becomes of them", list(HOWS), format_func=lambda how: HOWS.get(how, how), key=_KEYS[HOW],
        on_change=changed, label_visibility="collapsed", horizontal=True,
    )  # fmt: skip
    if change.how == "replace":
        st.text_input("Replaced by", key=_KEYS[INSTEAD], on_change=changed, placeholder="another word")


def _buttons(subject: Subject, found: Attribution, change: Change) -> None:
    strongest = _strongest(found, change)
    with st.container(horizontal=True, gap="small", key="try_buttons"):
        if strongest is not None:
            told = f"{_VERBS[change.how]} {quoted(subject.tokenized.words[strongest].text)}"
            st.button(f"{told}, too" if change.words else told,
                      key="try_strongest", on_click=_put, args=(change.words | {strongest},))  # fmt: skip
        if change.words:
            st.button("Put all back", key="try_back", on_click=_put, args=(frozenset[int](),))


def _strongest(found: Attribution, change: Change) -> int | None:
    """Return the word that speaks most for what is explained, of those that are left."""
    scores = found.word_scores.copy()
    scores[list(change.words)] = -np.inf
    best = int(scores.argmax()) if len(scores) else 0
    return best if len(scores) and scores[best] > 0 else None


def edited(subject: Subject, change: Change) -> Edited:
    """Return the text with the change made.

    Raises:
        ExplanationError: the tokenizer has no mask.
    """
    from bertdemo.explanation.counterfactual import edit, masked

    if change.how == "mask":
        return edit(subject.tokenized, {w: masked(subject.classifier, subject.tokenized, w) for w in change.words})
    instead = change.instead if change.how == "replace" else ""
    return edit(subject.tokenized, dict.fromkeys(change.words, instead))


def _outcome(subject: Subject, found: Attribution, change: Change) -> None:
    from bertdemo.prediction.single import predict_one

    new = edited(subject, change)
    try:
        answer = predict_one(subject.classifier, new.text, new.pair)
    except PredictionError:  # the text was read before words were taken away
        st.caption("Nothing is left to ask about: put a word back, or mask words instead.")
        return
    with st.container(key="try_outcome", gap="small"):
        st.markdown(f"##### {verdict(subject.answer, answer)}")
        st.caption(_foretold(subject, found, change, new))
        if subject.tokenized.truncated and change.how == "delete":
            st.caption(FURTHER)
    _bars(subject, answer)
    st.markdown("**The text that was asked**")
    st.text("\n\n".join(part for part in (new.text, new.pair) if part is not None))
    st.button("Explain this text", key="try_explain", on_click=_explain, args=(new.text, new.pair))


def verdict(before: Answer, after: Answer) -> str:
    """Return whether the answer changed, as Markdown."""
    sure = prediction.certainty(after.confidence)
    if after.label != before.label:
        return f"The answer flips: {quoted(before.label)} becomes {quoted(after.label)}, {sure} certain"
    was = prediction.certainty(before.confidence)
    return f"It stays {quoted(after.label)}: {was} certain before, {sure} now"


def _foretold(subject: Subject, found: Attribution, change: Change, new: Edited) -> str:
    """Return what happened to the logit, and how far scores that add up foretold it, as Markdown."""
    words = count(len(change.words), "word")
    moved = signed(_output(subject, found, new) - found.output)
    if not (found.signed and found.adds_up):
        return f"{words} changed: {output(found, subject.labels)} moves by {moved}."
    foretold = signed(-float(found.word_scores[list(change.words)].sum()))
    return (
        f"{words} changed. By the scores, {output(found, subject.labels)} should move by {foretold}; it moves by "
        f"{moved}. The two need not be equal: words work together"
        f"{', and what stands in their place counts as well' if change.how != 'delete' else ''}."
    )


def _output(subject: Subject, found: Attribution, new: Edited) -> float:
    """Return the logit, or margin, of the changed text."""
    import torch

    from bertdemo.explanation.function import logits_of, word_vectors
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    classifier = subject.classifier
    tokenized = tokenize_with_words(classifier, new.text, new.pair)
    with classifier.lock, torch.no_grad():
        logits = logits_of(classifier, tokenized, word_vectors(classifier, tokenized))[0]
    return float(logits[found.target] - (0 if found.against is None else logits[found.against]))


def _bars(subject: Subject, answer: Answer) -> None:
    from bertdemo.charts.one_text import side_by_side_chart
    from bertdemo.ui.predict.compare import rows_of

    voices = [Voice(name, subject.run, said, 0) for name, said in zip(VOICES, (subject.answer, answer), strict=True)]
    rows, labels = rows_of(voices)
    places = {shorten(label, 60): place for place, (label, _) in enumerate(subject.answer.scores)}
    rows = rows.sort_values("label", key=lambda names: names.map(places), kind="stable", ignore_index=True)
    draw(rows, side_by_side_chart, labels, VOICES, key="try_bars", alt="Probability of each label before and after")


def _explain(text: str, pair: str | None) -> None:
    _put(frozenset())
    texts.put(texts.Asked(text, pair))
