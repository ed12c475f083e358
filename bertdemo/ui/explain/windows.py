"""A text that is longer than the model reads: all of it, in overlapping parts."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.explanation import tinting
from bertdemo.ui.explain import highlight
from bertdemo.ui.explain.export import file_name
from bertdemo.ui.explain.methods import key_of
from bertdemo.ui.explain.sentences import explained
from bertdemo.ui.kit import prediction
from bertdemo.ui.kit.background import Bar, result_of
from bertdemo.ui.kit.formatting import count

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.attribution import Attribution
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.explanation.windows import Whole
    from bertdemo.ui.explain.methods import Choice
    from bertdemo.ui.kit.explained_text import Subject


def show(subject: Subject, choice: Choice) -> None:
    """Draw the whole text tinted, and the answer to each of its parts."""
    from bertdemo.explanation.windows import RULE

    whole = result_of(
        (*key_of(subject, choice), "windows"),
        "Explaining part after part…",
        lambda bar: _whole(subject, choice, bar),
    )
    tokenized, first = whole.windows.whole, whole.found[0]
    size = f"{count(len(whole.found), 'part')} that share at least {whole.windows.overlap} tokens"
    st.markdown(
        f"**{size}, {count(len(tokenized.words), 'word')} in all: what moves {explained(first, subject.labels)} where**"
    )
    highlight.show(
        tinting.words(tokenized, whole.word_scores, signed=first.signed),
        key="strip_whole",
        label="The whole text, its words tinted by their scores",
    )
    st.caption(RULE)
    st.dataframe(
        part_rows(whole, subject.labels),
        hide_index=True,
        key="parts_rows",
        alt="The answer to each part of the text, and how far its scores add up",
    )
    st.download_button(
        "All parts (JSON)",
        lambda: record(subject, whole),
        f"{file_name(subject, choice)}-parts.json",
        "application/json",
        key="take_parts",
        icon=":material/download:",
        on_click="ignore",
    )


def record(subject: Subject, whole: Whole) -> str:
    """Return all that it takes to compute the scores of every part again."""
    from bertdemo.explanation.asking import to_json_in_windows

    values = {"run": subject.run.id, **to_json_in_windows(whole, subject.classifier, subject.answer)}
    return json.dumps(values, ensure_ascii=False, indent=1)


def _whole(subject: Subject, choice: Choice, bar: Bar) -> Whole:
    from bertdemo.explanation.methods import attribute
    from bertdemo.explanation.windows import explain_windows, windows

    classifier = subject.classifier
    cut = windows(classifier, subject.asked.text, subject.asked.pair)

    def attribute_part(done: int, tokenized: TokenizedText) -> Attribution:
        return attribute(
            classifier, tokenized, choice.method, choice.target, choice.against, baseline=choice.baseline,
            should_stop=partial(bar.at, done, len(cut.parts)),
        )  # fmt: skip

    return explain_windows(classifier, cut, attribute_part, bar.is_over)


def part_rows(whole: Whole, labels: tuple[str, ...]) -> pd.DataFrame:
    """Return one row for each part: its words (from 1), its answer, and what its scores leave unexplained (%)."""
    import pandas as pd

    rows = []
    for part, probabilities, found in zip(whole.windows.parts, whole.probabilities, whole.found, strict=True):
        words = whole.windows.words_of(part)
        best = int(probabilities.argmax())
        share = found.relative_remainder
        rows.append(
            (
                f"{words[0] + 1:,} to {words[-1] + 1:,}",
                labels[best],
                prediction.certainty(float(probabilities[best])),
                round(found.output, 2),
                None if share is None or found.is_tiny else round(100 * share, 2),
            )
        )
    return pd.DataFrame(rows, columns=["words", "answer", "certainty", "explained (logits)", "not accounted for (%)"])
