"""The text that is explained and what the classifier says of it: one record that all views of the page share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.lines import shorten
from bertdemo.ui.kit import prediction, resources
from bertdemo.ui.kit.formatting import count, escape

if TYPE_CHECKING:
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models.classifier import Classifier
    from bertdemo.prediction.single import Answer
    from bertdemo.runs.records import Run
    from bertdemo.ui.kit.text_input import Asked

_OTHERS = 4  # labels beside the answer


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
        PredictionError: the text cannot be classified, or the tokenizer does not tell where its pieces stand.
    """
    from bertdemo.prediction.model_cache import last_written

    answer = prediction.of(run, asked)
    edition = last_written(run.id, resources.runs().model_folder(run.id))
    tokenized = _reading(run.id, edition, asked.text, asked.pair)
    return Subject(run, edition, asked, answer, tokenized, resources.models().classifier(run.id))


@st.cache_resource(show_spinner=False, max_entries=64)
def _reading(run_id: str, edition: int, text: str, pair: str | None) -> TokenizedText:  # noqa: ARG001 (the edition is a key)
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    return tokenize_with_words(resources.models().classifier(run_id), text, pair)


def show(subject: Subject) -> None:
    """Draw the answer in large and the next labels beside it."""
    answer = subject.answer
    with st.container(key="answer", gap="small"):
        st.header(prediction.headline(answer, 0.0), anchor=False)
        st.caption(f"{others(answer)} {prediction.facts(answer)}")
    if answer.truncated:
        st.warning(
            f"Only the first {count(answer.tokens, 'token')} were read and are explained here; the rest did not count.",
            icon=":material/content_cut:",
        )
    prediction.remark(answer)


def others(answer: Answer) -> str:
    """Return the labels after the first, with their probabilities, as Markdown."""
    rest = answer.scores[1 : _OTHERS + 1]
    told = ", ".join(f"{escape(shorten(label, 40))} {prediction.certainty(p)}" for label, p in rest)
    more = len(answer.scores) - 1 - len(rest)
    return told + (f" and {count(more, 'other label')}" if more else "") + "."
