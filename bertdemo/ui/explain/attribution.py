"""What moved the answer: the three words that mattered, the text tinted, whether it adds up, the bars, the table.

Below, in which layer what a word contributes stands where; and a text that is longer than the model reads, all of it in
overlapping parts.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from bertdemo.explanation import tinting
from bertdemo.lines import distinct, plain, shorten, signed
from bertdemo.ui.explain import agreement, bars, methods, sentences
from bertdemo.ui.explain.bars import file_name
from bertdemo.ui.explain.methods import BASELINE_NAMES, key_of
from bertdemo.ui.explain.sentences import explained, how, sentence
from bertdemo.ui.kit import prediction
from bertdemo.ui.kit.errors import question
from bertdemo.ui.kit.figure import download, figure
from bertdemo.ui.kit.formatting import count, percent
from bertdemo.ui.kit.waiting import Bar, result_of, skip_pending

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.attribution import Attribution
    from bertdemo.explanation.layers import LayerAttribution
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.explanation.windows import Whole
    from bertdemo.ui.explain.methods import Choice
    from bertdemo.ui.kit.prediction import Subject

_MOST_WORDS = 30  # rows of the map
_GLYPH_FROM = 0.08  # of the largest score
_LONGEST = 18  # characters of a word beside its row


def show(subject: Subject) -> None:
    """Draw the whole view."""
    choice = methods.asked_for(subject)
    methods.pick_labels(subject, choice)
    found = methods.attribution(subject, choice)
    st.markdown(f"##### {sentence(found, subject.labels)}")
    _strip(found)
    certificate(found)
    if subject.tokenized.truncated:
        title = "Explain all of it, in overlapping parts"
        question(title, "parts", "content_cut", skip_pending, show_windows, subject, choice)
    with st.popover(how(found), icon=":material/tune:", type="tertiary", key="why_how"):
        methods.pick_method(subject, choice)
    bars.show_bars(found, _title(found, subject.labels), _note(found))
    _table(found)
    for title, key, icon, answer in (
        ("In which layer?", "layers", "layers", show_layers),
        ("Do other methods and baselines say the same?", "agreement", "compare_arrows", agreement.show),
        ("Download this explanation", "take", "download", bars.show_files),
    ):
        question(title, key, icon, skip_pending, answer, subject, choice)


def _strip(found: Attribution) -> None:
    by_token = st.session_state.get("why_pieces", False)
    draw, scores = (tinting.tokens, found.scores) if by_token else (tinting.words, found.word_scores)
    sentences.show_tinted(
        draw(found.tokenized, scores, signed=found.signed),
        key="strip",
        label="The text, its words tinted by their scores",
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="strip_legend"):
        if found.signed:
            st.markdown(":small[**+ blue** increases the score, **\u2212 orange** decreases it; the deeper, the more.]")
        else:
            st.markdown(":small[The deeper the grey, the more it mattered: this method has no for and against.]")
        st.toggle("Tokens", key="why_pieces", persist_state="session", help="The tokens that the model reads")


def certificate(found: Attribution) -> None:
    """Draw whether the scores add up to what they explain, with the figures."""
    if not found.adds_up:
        st.caption(f"Computed in {found.precision}. Scores of this method need not add up: there is no sum to check.")
    elif found.is_tiny:
        st.warning(f"{_TINY} {_sum(found)}", icon=":material/report:")
    elif found.certified:
        st.markdown(f":green-badge[:material/verified: It adds up] {_sum(found)}", help=_CERTIFIED)
    else:
        st.warning(f"**It does not add up:** {_sum(found)} Take the scores with care.", icon=":material/report:")


def _sum(found: Attribution) -> str:
    """Return how much of what is explained the scores leave out, and how they were made."""
    share = found.relative_remainder
    told = "" if share is None or found.is_tiny else f" ({percent(share, 2)})"
    made = f"{found.n_steps} {'steps' if found.seed is None else 'samples'} in {found.precision}"
    return (
        f"{signed(found.remainder or 0.0, 3)} of {signed(found.difference or 0.0)} logits are not accounted for{told}, "
        f"after {made} from the baseline {methods.BASELINE_NAMES[found.baseline or 'pad']}."
    )


_TINY = (
    "**There is next to nothing to explain:** text and baseline get all but the same output, and shares of so small a "
    "difference mislead."
)


_CERTIFIED = (
    "At most 1\u00a0% may be missing. This vouches for the sum: that the words really matter to the model so much is "
    "tested under “Is it true?”."
)


def _title(found: Attribution, labels: tuple[str, ...]) -> str:
    if not found.adds_up or found.baseline_output is None:
        return f"Which words matter to {explained(found, labels)}?"
    return (
        f"From {plain(found.baseline_output)} without the words to {plain(found.output)} with them: "
        f"what moved {explained(found, labels)}"
    )


def _note(found: Attribution) -> str:
    if not found.adds_up:
        marks = "“Special tokens” are [CLS] and [SEP] or their like, which are no words."
        left = len(found.tokenized.words) - bars.MOST_WORDS
        rest = f" {count(left, 'weaker word')} in the table alone." if left > 0 else ""
        return f"Bars begin at 0. {marks}{rest}"
    return (
        "A logit is the score of a label before all scores become probabilities. Each bar begins where the one above "
        "it ends. “Special tokens” are [CLS] and [SEP] or their like; together with “not accounted for” the bars "
        "lead exactly from the baseline to this text."
    )


def _table(found: Attribution) -> None:
    number = st.column_config.NumberColumn
    st.markdown("**All words, the strongest first**")
    st.dataframe(
        bars.score_table_of(found),
        hide_index=True,
        key="top_words",
        height=min(336, 38 + 35 * max(1, len(found.tokenized.words))),
        alt="Score of every word, the strongest first",
        column_config={
            "word": st.column_config.TextColumn("Word"),
            "place": number("Place", help="Which word of the text it is, from 1"),
            "score": number("Score (logits)" if found.adds_up else "Score", format="%+.3f" if found.signed else "%.3f"),
            "share": number("Share (%)", format="%.1f", help="Of the difference between this text and the baseline"),
        },
    )


def show_layers(subject: Subject, choice: Choice) -> None:
    """Draw a map of words by layers."""
    from bertdemo.charts.one_text import layer_chart
    from bertdemo.explanation.layers import layer_conductance

    found = result_of(
        (*key_of(subject, choice), "layers"),
        "Following the words through the layers…",
        lambda bar: layer_conductance(
            subject.classifier,
            subject.tokenized,
            choice.target,
            choice.against,
            baseline=choice.baseline,
            should_stop=bar,
        ),
    )
    rows = layer_rows(found)
    figure(
        finding(found),
        rows,
        layer_chart,
        rows["word"].nunique(),
        key="by_layer",
        alt="Score of each word (rows) after each layer (columns)",
        note=_layer_note(found),
        table=_wide(rows),
    )
    left = len(found.tokenized.words) - _MOST_WORDS
    if left > 0:
        st.caption(f"The {_MOST_WORDS} words with the largest scores; {count(left, 'other word')} left out.")


def finding(found: LayerAttribution) -> str:
    """Return where most of what moves the answer stands as the text passes through the layers, as Markdown."""
    marks = np.abs(found.other) > np.abs(found.word_scores).sum(axis=1)  # (layers + 1,), from before the first layer
    words = np.flatnonzero(~marks)
    if not len(words):
        return "Most of the evidence sits at the special tokens, from the first layer to the last"
    if (last := int(words[-1])) == len(marks) - 1:
        return "Most of the evidence sits at the words, up to the last layer"
    return f"Most of the evidence sits at the special tokens from layer {last + 1} on"


def layer_rows(found: LayerAttribution) -> pd.DataFrame:
    """Return rows for ``layer_chart``: the strongest words in the order of the text, then the special tokens."""
    import pandas as pd

    scores = np.concatenate([found.word_scores, found.other[:, None]], axis=1)  # (layers + 1, words + 1)
    words = len(found.tokenized.words)
    strongest = np.argsort(-np.abs(found.word_scores).max(axis=0), kind="stable")[:_MOST_WORDS]
    chosen = [*sorted(strongest.tolist()), words]
    texts = [*(word.text for word in found.tokenized.words), "special tokens"]
    names = distinct(shorten(texts[place], _LONGEST) for place in chosen)
    largest = float(np.abs(scores[:, chosen]).max()) or 1.0
    rows = [
        (name, "in" if layer == 0 else str(layer), value, abs(value) / largest, *_look(value / largest))
        for name, place in zip(names, chosen, strict=True)
        for layer, value in enumerate(scores[:, place].tolist())
    ]
    return pd.DataFrame(rows, columns=["word", "layer", "score", "size", "role", "glyph"])


def _look(share: float) -> tuple[str, str]:
    glyph = "" if abs(share) < _GLYPH_FROM else "+" if share > 0 else "\u2212"
    return "blue" if share >= 0 else "orange", glyph


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    table: pd.DataFrame = rows.pivot_table(index="word", columns="layer", values="score", sort=False).round(3)
    return table.reset_index()


def _layer_note(found: LayerAttribution) -> str:
    worst = float(np.abs(found.remainders).max())
    return (
        "Layer conductance (Dhamdhere et al., 2019): “in” is before the first layer. Each column adds up to what is "
        f"explained ({signed(found.difference)} logits), but for at most {worst:.3f}. What a word brings moves on to "
        "other places; behind the last layer all of it stands where the head reads. Baseline "
        f"{BASELINE_NAMES[found.baseline]}, {found.n_steps} steps. Blue (+) increases the score, "
        "orange (\u2212) decreases it."
    )


def show_windows(subject: Subject, choice: Choice) -> None:
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
    sentences.show_tinted(
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
    name = f"{file_name(subject, choice)}-parts.json"
    download("All parts (JSON)", lambda: record(subject, whole), name, key="take_parts")


def record(subject: Subject, whole: Whole) -> str:
    """Return all that it takes to compute the scores of every part again."""
    from bertdemo.explanation.asking import to_json_in_windows

    values = {"run": subject.run.id, **to_json_in_windows(whole, subject.classifier, subject.answer)}
    return json.dumps(values, ensure_ascii=False, indent=1)


def _whole(subject: Subject, choice: Choice, bar: Bar) -> Whole:
    from bertdemo.explanation.windows import explain_windows, windows

    classifier = subject.classifier
    cut = windows(classifier, subject.asked.text, subject.asked.pair)

    def attribute_part(done: int, tokenized: TokenizedText) -> Attribution:
        return methods.scores_of(classifier, tokenized, choice, partial(bar.at, done, len(cut.parts)))

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
