"""Step 2 of fine-tuning: what is in the data, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.data.tables.cells import safe_csv
from bertdemo.lines import listed
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, escape, percent

if TYPE_CHECKING:
    import pandas as pd
    from numpy import int64
    from numpy.typing import NDArray

    from bertdemo.data.checkup import CheckUp
    from bertdemo.data.dataset import Dataset, Source

    Lengths = NDArray[int64]

MOST_LABELS = 20
_FEW_LABELS = 5  # so many that charts stand side by side and examples are open
_BINS = 30


@dataclass(frozen=True)
class Usable:
    """The rows that can be learned from, and the tokens of each where the tokenizer is on this computer."""

    dataset: Dataset
    tokens: Lengths | None


def examine(dataset: Dataset, tokenizer: Path | None, max_length: int) -> Usable:
    """Show what was found and return the data set without the rows that cannot be learned from.

    Raises:
        DataError: too little remains.
    """
    checkup = _check_up(dataset.fingerprint, dataset)
    _findings(checkup)
    if len(checkup.kept) > 1:
        _charts(dataset, checkup, tokenizer, max_length)
    _removed(checkup)
    drop = checkup.can_drop_small and _leave_out(dataset, checkup)
    rows, usable = _clean(dataset.fingerprint, dataset.name, dataset.source, drop, dataset, checkup)
    usable = replace(usable, columns=dataset.columns, notes=dataset.notes, offers=dataset.offers)
    tokens = None if tokenizer is None else lengths(dataset.fingerprint, tokenizer, dataset)[rows]
    return Usable(usable, tokens)


def _charts(dataset: Dataset, checkup: CheckUp, tokenizer: Path | None, max_length: int) -> None:
    few = len(checkup.labels) <= _FEW_LABELS
    left, right = st.columns(2, gap="medium") if few else (st.container(), st.container())
    with left:
        _labels(checkup)
    with right:
        _lengths(dataset, tokenizer, max_length)
    _examples(checkup)


def _leave_out(dataset: Dataset, checkup: CheckUp) -> bool:
    """Return whether the labels that are too small may go."""
    small = checkup.too_small
    drop = st.checkbox(
        f"Leave out {count(len(small), 'label')} with too few texts: {escape(listed(small, 5))}",
        key="drop_small",
        value=st.session_state.get("drop_small_of") == dataset.fingerprint,  # also after a visit to another page
    )
    st.session_state["drop_small_of"] = dataset.fingerprint if drop else None
    return drop


@st.cache_resource(show_spinner=False, max_entries=8)
def _clean(
    fingerprint: str,  # noqa: ARG001
    name: str,  # noqa: ARG001 (the name and the source are part of the result)
    source: Source | None,  # noqa: ARG001
    drop_small: bool,
    _dataset: Dataset,
    _checkup: CheckUp,
) -> tuple[list[int], Dataset]:
    from bertdemo.data.checkup import usable_rows, without_unused_labels

    tick = "tick the box above to leave these labels out"
    rows = usable_rows(_dataset, _checkup, drop_small=drop_small, how_to_drop=tick)
    return rows, without_unused_labels(_dataset.select(rows))


@st.cache_resource(show_spinner="Checking the texts…", max_entries=8)
def _check_up(fingerprint: str, _dataset: Dataset) -> CheckUp:  # noqa: ARG001 (the key of the cache)
    from bertdemo.data.checkup import check_up

    return check_up(_dataset)


@st.cache_resource(show_spinner="Counting tokens…", max_entries=16)
def lengths(fingerprint: str, tokenizer: Path, _dataset: Dataset) -> Lengths:  # noqa: ARG001
    from bertdemo.data.checkup import token_lengths
    from bertdemo.models.vocabulary import open_tokenizer

    return token_lengths(open_tokenizer(tokenizer), _dataset)


def _findings(checkup: CheckUp) -> None:
    used = [label for label in checkup.labels if label.after and label.label not in checkup.too_small]
    if used:
        texts = sum(label.after for label in used)
        kept = f"**{count(texts, 'text')} under {count(len(used), 'label')}** can be learned from."
        st.markdown(f"{kept} Nothing had to be left out." if checkup.is_clean else kept)
    if checkup.findings():
        st.markdown("\n".join(f"- {escape(sentence)}" for sentence in checkup.findings()))
    if used and max(label.after for label in used) > 0.8 * len(checkup.kept):
        largest = max(used, key=lambda label: label.after)
        share = percent(largest.after / len(checkup.kept), 0)
        st.markdown(
            f"- {share} of the texts are “{escape(largest.label)}”: always answering that would be right "
            f"{share} of the time, so look at macro-F1, not only at accuracy."
        )


def label_rows(checkup: CheckUp) -> pd.DataFrame:
    """Return texts per label, the largest first."""
    import pandas as pd

    ordered = sorted(checkup.labels, key=lambda label: -label.after)
    return pd.DataFrame([(label.label, label.after) for label in ordered], columns=["label", "texts"])


def _labels(checkup: CheckUp) -> None:
    from bertdemo.charts.finetuning import label_chart

    rows = label_rows(checkup)
    shown, rest = rows.head(MOST_LABELS), rows.iloc[MOST_LABELS:]
    note = (
        f"And {count(int(rest['texts'].sum()), 'text')} under {count(len(rest), 'other label')}." if len(rest) else ""
    )
    figure(
        "How many texts has each label?",
        shown,
        label_chart,
        len(shown),
        int(rows["texts"].max()),
        key="labels",
        alt="Number of texts per label",
        note=note,
        table=rows,
    )


def _lengths(dataset: Dataset, tokenizer: Path | None, max_length: int) -> None:
    from bertdemo.charts.finetuning import length_chart
    from bertdemo.data.checkup import share_cut

    if tokenizer is None:
        st.markdown("**How long are the texts?**")
        st.caption("Shown once the tokenizer of the chosen base model is on this computer.")
        return
    tokens = lengths(dataset.fingerprint, tokenizer, dataset)
    cut = share_cut(tokens, max_length)
    words = (
        "No text is truncated"
        if cut == 0
        else f"{percent(cut) if cut >= 0.0005 else 'Fewer than 0.1 %'} of the texts are truncated"
    )
    rows, longest = length_rows(tokens, max_length), int(tokens.max(initial=0))
    beyond = f"The last bar holds all longer texts, too; the longest has {longest:,} tokens."
    figure(
        f"{words} at {max_length} tokens",
        rows,
        length_chart,
        max_length,
        key="lengths",
        note=beyond if longest >= rows["end"].iloc[-1] else "",
        alt=f"Histogram of text lengths in tokens, with a line at {max_length}",
    )


def length_rows(tokens: Lengths, max_length: int) -> pd.DataFrame:
    """Return a histogram of lengths in whole tokens; its last bin holds all of the longest texts."""
    import numpy as np
    import pandas as pd

    longest = int(tokens.max(initial=1))
    end = min(longest, max(max_length, int(np.quantile(tokens, 0.995)) if len(tokens) else 1)) + 1
    width = max(1, -(-end // _BINS))
    edges = np.arange(0, end + width, width)
    counts, _ = np.histogram(np.minimum(tokens, edges[-1] - 1), bins=edges)
    return pd.DataFrame({"start": edges[:-1], "end": edges[1:], "texts": counts})


def _examples(checkup: CheckUp) -> None:
    shown = [label for label in checkup.labels if label.examples][:MOST_LABELS]
    few = len(shown) <= _FEW_LABELS
    rows = [(escape(label.label), escape(text)) for label in shown for text in label.examples[: 3 if few else 1]]
    columns = {"Label": [label for label, _ in rows], "Text": [text for _, text in rows]}
    if few:
        st.markdown("**What do they look like?**")
    with st.container() if few else st.expander("What do they look like?", key="examples"):
        st.table(columns, border="horizontal", hide_index=True, alt="Examples of each label")


def _removed(checkup: CheckUp) -> None:
    if not checkup.removed:
        return
    import pandas as pd

    def frame(most: int | None = None) -> pd.DataFrame:
        rows = [(e.row + 1, e.label, e.reason.value, e.detail, e.text) for e in checkup.removed[:most]]
        return pd.DataFrame(rows, columns=["row", "label", "reason", "detail", "text"])

    with st.expander(f"See the {count(len(checkup.removed), 'row')} left out", key="removed"):
        st.dataframe(frame(1_000), hide_index=True, key="removed_rows")
        st.download_button(
            "Download all as CSV",
            data=lambda: safe_csv(frame()),
            file_name="left_out.csv",
            mime="text/csv",
            on_click="ignore",
            key="removed_download",
        )
