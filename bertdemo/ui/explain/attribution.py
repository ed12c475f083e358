"""What moved the answer: the three words that mattered, the text tinted, whether it adds up, the bars, the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.explanation import tinting
from bertdemo.lines import plain, signed
from bertdemo.ui.explain import agreement, export, highlight, layers, methods, waterfall, windows
from bertdemo.ui.explain.sentences import explained, how, sentence
from bertdemo.ui.kit.background import skip_pending
from bertdemo.ui.kit.formatting import count, percent
from bertdemo.ui.kit.section import question

if TYPE_CHECKING:
    from bertdemo.explanation.attribution import Attribution
    from bertdemo.ui.kit.explained_text import Subject


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
        question(title, "parts", "content_cut", skip_pending, windows.show, subject, choice)
    with st.popover(how(found), icon=":material/tune:", type="tertiary", key="why_how"):
        methods.pick_method(subject, choice)
    waterfall.show(found, _title(found, subject.labels), _note(found))
    _table(found)
    for title, key, icon, answer in (
        ("In which layer?", "layers", "layers", layers.show),
        ("Do other methods and baselines say the same?", "agreement", "compare_arrows", agreement.show),
        ("Download this explanation", "take", "download", export.show),
    ):
        question(title, key, icon, skip_pending, answer, subject, choice)


def _strip(found: Attribution) -> None:
    pieces = st.session_state.get("why_pieces", False)
    draw, scores = (tinting.tokens, found.scores) if pieces else (tinting.words, found.word_scores)
    highlight.show(
        draw(found.tokenized, scores, signed=found.signed),
        key="strip",
        label="The text, its words tinted by their scores",
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="strip_legend"):
        if found.signed:
            st.markdown(":small[**+ blue** increases the score, **\u2212 orange** decreases it; the deeper, the more.]")
        else:
            st.markdown(":small[The deeper the grey, the more it mattered: this method has no for and against.]")
        st.toggle("Word pieces", key="why_pieces", persist_state="session", help="The text as the model reads it")


def certificate(found: Attribution) -> None:
    """Draw whether the scores add up to what they explain, with the figures."""
    if not found.adds_up:
        st.caption("Scores of this method need not add up to anything: there is no sum to check.")
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
    made = f"{found.n_steps} {'steps' if found.seed is None else 'samples'}"
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
        left = len(found.tokenized.words) - waterfall.MOST_WORDS
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
        waterfall.table(found),
        hide_index=True,
        key="top_words",
        height=min(318, 38 + 35 * max(1, len(found.tokenized.words))),
        alt="Score of every word, the strongest first",
        column_config={
            "word": st.column_config.TextColumn("Word"),
            "place": number("Place", help="Which word of the text it is, from 1"),
            "score": number("Score (logits)" if found.adds_up else "Score", format="%+.3f" if found.signed else "%.3f"),
            "share": number("Share (%)", format="%.1f", help="Of the difference between this text and the baseline"),
        },
    )
