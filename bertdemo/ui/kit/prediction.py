"""What a classifier says of one text: the label and its certainty, all probabilities, and what was read.

``Subject`` is the text that is explained, with its answer: one record that all views of Explain share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.lines import shorten
from bertdemo.tasks.records import State
from bertdemo.ui.kit import resources, texts
from bertdemo.ui.kit.figure import draw
from bertdemo.ui.kit.formatting import count, escape, percent

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models.classifier import Classifier
    from bertdemo.prediction.single import Answer
    from bertdemo.runs.records import Run
    from bertdemo.ui.kit.texts import Asked

MOST_BARS = 12
_MOST_SHOWN = 2_000  # characters of a text that was cut
_OTHERS = 4  # labels beside the answer


def of(run: Run, asked: Asked) -> Answer:
    """Return what the classifier of a run says; asked once, however often the page is drawn.

    Raises:
        RunError: the run has no model, or is damaged.
        PredictionError: the text cannot be classified.
    """
    known = st.session_state.get("answered")
    if known and known[0] == (run.id, asked):
        answer: Answer = known[1]
        return answer
    if run.status.state is State.FAILED:
        resources.runs().get(run.id)  # says what is damaged, where what the page knows of the run cannot be trusted
    answer = fresh(run, asked)
    st.session_state["answered"] = ((run.id, asked), answer)
    texts.remember(asked, answer)
    return answer


def fresh(run: Run, asked: Asked) -> Answer:
    """Predict as ``of``, now; the first text of a run waits until its classifier is loaded.

    It is asked twice then: the first answer of all takes ten times as long, which tells nobody how fast it is.
    """
    from bertdemo.prediction.single import predict_one

    models, first = resources.models(), resources.first_classifier(run.id)
    if first:
        return predict_one(first, asked.text, asked.pair)
    if models.holds(run.id):
        return predict_one(models.classifier(run.id), asked.text, asked.pair)
    with st.spinner("Loading the classifier…"):
        predict_one(models.classifier(run.id), asked.text, asked.pair)
        return predict_one(models.classifier(run.id), asked.text, asked.pair)


def certainty(probability: float) -> str:
    """Return a probability in per cent that never claims to be certain."""
    if probability > 0.9995:
        return "over 99.9\u00a0%"
    return "under 0.1\u00a0%" if probability < 0.0005 else percent(probability)


def show(answer: Answer, least: float = 0.0) -> None:
    """Draw the answer in large, then every label's bar; ``least`` is the certainty below which it says "not sure"."""
    from bertdemo.charts.one_text import probability_chart

    sure = answer.confidence >= least
    st.header(headline(answer, least), anchor=False)
    if not sure:
        st.caption(f"Its best guess is below the {percent(least, 0)} that you ask for.")
    rows = probability_rows(answer, sure)
    draw(rows, probability_chart, len(rows), key="probabilities", alt=f"Probabilities: {_spoken(answer)}")
    if len(answer.scores) > MOST_BARS:
        rest = sum(p for _, p in answer.scores[MOST_BARS:])
        st.caption(f"And {count(len(answer.scores) - MOST_BARS, 'other label')}: {certainty(rest)} together.")
    _cut(answer)
    remark(answer)


def remark(answer: Answer) -> None:
    """Draw what of the text the model could not read, or reads as another text."""
    from bertdemo.prediction.single import remarks

    for sentence in remarks(answer.unknown_share, answer.plain):
        st.warning(escape(sentence), icon=":material/question_mark:")


def headline(answer: Answer, least: float) -> str:
    """Return the label and how certain it is, as Markdown."""
    label = escape(shorten(answer.label, 80))
    said = f"{label}, {certainty(answer.confidence)} certain"
    return said if answer.confidence >= least else f"Not sure (perhaps {label}, {certainty(answer.confidence)})"


def facts(answer: Answer) -> str:
    """Return what the answer cost and what it was made of."""
    time = f"{answer.milliseconds:.0f}" if answer.milliseconds >= 10 else f"{answer.milliseconds:.1f}"
    return f"Answered in {time} ms · {count(answer.tokens, 'token')} read · computed in {answer.precision}"


def probability_rows(answer: Answer, sure: bool = True) -> pd.DataFrame:
    """Return rows for ``probability_chart``, the most probable label first and, unless "not sure", in blue."""
    import pandas as pd

    rows = [
        (shorten(label, 60), 100 * probability, certainty(probability), "grey" if place or not sure else "blue")
        for place, (label, probability) in enumerate(answer.scores[:MOST_BARS])
    ]
    return pd.DataFrame(rows, columns=["label", "probability", "words", "role"])


def _spoken(answer: Answer) -> str:
    return ", ".join(f"{shorten(label, 40)} {certainty(p)}" for label, p in answer.scores[:MOST_BARS])


def _cut(answer: Answer) -> None:
    if answer.truncated:
        st.warning(
            f"Only the first {answer.tokens:,} tokens were read; the rest did not count.",
            icon=":material/content_cut:",
        )


def table(answer: Answer) -> None:
    """Draw all labels with their probabilities as a table."""
    labels, shares = zip(*answer.scores, strict=True)
    st.dataframe(
        {"label": labels, "probability (%)": [round(100 * p, 2) for p in shares]},
        hide_index=True,
        key="probability_table",
        height=min(420, 38 + 35 * len(labels)),
    )


def tokens(answer: Answer, asked: Asked) -> None:
    """Draw the text as the model reads it: its tokens, and what was left out."""
    st.caption(
        "The model reads tokens: one that begins with ## continues the word before it, and those in brackets are "
        "special tokens."
    )
    st.text(" ".join(answer.pieces))
    for whole, kept in ((asked.text, answer.kept_text), (asked.pair, answer.kept_pair)):
        if answer.truncated and whole and kept is not None and len(kept) < len(whole):
            st.markdown("**What was left out**")
            st.text(shorten(whole[len(kept) :].strip(), _MOST_SHOWN))


@dataclass(frozen=True, eq=False)
class Subject:
    """What is explained. ``edition`` says which of a run's models (nanoseconds), ``tokenized`` is what it read.

    ``classifier`` is the one that predicts, shared by all sessions.
    """

    run: Run
    edition: int
    asked: Asked
    answer: Answer
    tokenized: TokenizedText
    classifier: Classifier

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the logits."""
        return self.classifier.label_names

    @property
    def answered(self) -> int:
        """The label of the answer, as an index."""
        return self.labels.index(self.answer.label)


def subject(run: Run, asked: Asked) -> Subject:
    """Predict a text and read it as the classifier does; both are remembered.

    Raises:
        RunError: the run has no model.
        PredictionError: the text cannot be classified, or the tokenizer does not tell where its tokens stand.
    """
    from bertdemo.prediction.model_cache import last_written

    answer = of(run, asked)
    edition = last_written(run.id, resources.runs().model_folder(run.id))
    tokenized = _reading(run.id, edition, asked.text, asked.pair)
    return Subject(run, edition, asked, answer, tokenized, resources.models().classifier(run.id))


@st.cache_resource(show_spinner=False, max_entries=64)
def _reading(run_id: str, edition: int, text: str, pair: str | None) -> TokenizedText:  # noqa: ARG001 (the edition is a key)
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    return tokenize_with_words(resources.models().classifier(run_id), text, pair)


def show_subject(subject: Subject) -> None:
    """Draw the answer in large and the next labels beside it."""
    answer = subject.answer
    with st.container(key="answer", gap="small"):
        st.header(headline(answer, 0.0), anchor=False)
        st.caption(f"{others(answer)} {facts(answer)}")
    if answer.truncated:
        st.warning(
            f"Only the first {count(answer.tokens, 'token')} were read and are explained here; the rest did not count.",
            icon=":material/content_cut:",
        )
    remark(answer)


def others(answer: Answer) -> str:
    """Return the labels after the first, with their probabilities, as Markdown."""
    rest = answer.scores[1 : _OTHERS + 1]
    told = ", ".join(f"{escape(shorten(label, 40))} {certainty(p)}" for label, p in rest)
    more = len(answer.scores) - 1 - len(rest)
    return told + (f" and {count(more, 'other label')}" if more else "") + "."
