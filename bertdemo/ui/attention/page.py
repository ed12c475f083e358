"""Explain, "where the model looks": every head as a map, any of them word by word, and what becomes without them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.errors import ExplanationError
from bertdemo.lines import shorten
from bertdemo.ui.attention import ablation, computed, one_head, pictures, selection
from bertdemo.ui.attention.selection import Selection
from bertdemo.ui.kit import address, errors
from bertdemo.ui.kit.formatting import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.runs.records import Run
    from bertdemo.ui.attention.computed import Looked
    from bertdemo.ui.kit.address import InvalidParam
    from bertdemo.ui.kit.prediction import Subject
    from bertdemo.ui.kit.texts import Asked

_WHAT = (
    "In each layer every token takes in the others in shares that sum to 100\u00a0%: its attention. It shows where the "
    "model looks, not why it answers as it does: quite other weights can give the same answer "
    "(Jain & Wallace 2019; Wiegreffe & Pinter 2019; Bastings & Filippova 2020)."
)
_WORDS, _LAYERS, _OFF, _FORMULA = "heads", "layers", "off", "formula"
VIEWS = {
    _WORDS: "Head by head",
    _LAYERS: "Through the layers",
    _OFF: "Switch heads off",
    _FORMULA: "Behind the formula",
}


def show(run: Run, asked: Asked) -> None:
    """Draw the attention of a run's classifier to a text. Only this part is drawn anew with each choice."""
    st.fragment(_show)(run, asked)


def _show(run: Run, asked: Asked) -> None:
    with errors.shown():
        address.tell_no_longer()
        selection.begin(run.id, asked)
        window = _window(run, asked)
        complete = looked = computed.look(run, asked, window)
        if off := selection.switched_off(looked.layers, looked.heads):
            looked = computed.look(run, asked, window, off)
        st.caption(_WHAT)
        view = selection.one_of(selection.LOOK, VIEWS, "What to look at")
        ablation.off_line(looked)
        if view == _LAYERS:
            pictures.show_layers(looked)
        elif view == _OFF:
            pictures.show_grid(looked, looked.weights, (), lambda clicked: ablation.toggle(looked, clicked))
            ablation.show(complete, looked)
        else:
            _heads(looked, view, has_pairs=asked.pair is not None)


def _window(run: Run, asked: Asked) -> int:
    """Return which part of a text that is longer than the model reads at once."""
    windows = computed.windows_of(run, asked)
    if len(windows) == 1:
        return 0
    names = [f"Part {place + 1} of {len(windows)}: {shorten(part.text, 60)}" for place, part in enumerate(windows)]
    st.caption(
        "The text is longer than the model reads at once. Here it is read in overlapping parts: a token looks at those "
        "of its own part only, and each part has an answer of its own."
    )
    st.session_state["window"] = _window_of_address()

    def changed() -> None:
        """Put the part into the address; a word of it belongs to the part that it was chosen in."""
        address.put(selection.PART, str(st.session_state["window"] + 1))
        selection.choose_word(None)

    return st.selectbox(
        "Part of the text", range(len(names)), format_func=names.__getitem__, key="window", on_change=changed
    )


def _window_of_address() -> int:
    return int(st.query_params.get(selection.PART, "1")) - 1


def unknown(subject: Subject) -> Iterator[InvalidParam]:
    """Yield what the address says of this view and there is not."""
    yield from address.invalid_params(selection.LOOK, VIEWS, "way to look")
    yield from address.invalid_params("picture", selection.PICTURES, "picture")
    yield from address.invalid_params("sides", selection.SIDES, "choice of texts")
    yield from address.invalid_params("way", pictures.WAYS, "way through the layers")
    config = subject.classifier.model.config
    yield from selection.unknown(config.num_hidden_layers, config.num_attention_heads)
    if selection.PART in st.query_params or selection.WORD in st.query_params:
        parts = _parts(subject)
        numbers = {str(number + 1) for number in range(len(parts))}
        yield from address.invalid_params(selection.PART, numbers, "part of this text")
        tokens = range(len(parts[_window_of_address()]))
        places = {f"{side}.{token}" for side in ("from", "at") for token in tokens}
        yield from address.invalid_params(selection.WORD, places, "token to look at")


def _parts(subject: Subject) -> tuple[TokenizedText, ...]:
    """Return those in which the text is read.

    Of a pair of two long texts there are none but what the answer rests on.
    """
    try:
        return computed.windows_of(subject.run, subject.asked)
    except ExplanationError:
        return (subject.tokenized,)


def _heads(looked: Looked, view: str, *, has_pairs: bool) -> None:
    """Draw the grid, and below it what was chosen in it: word by word, or number by number."""
    parts = selection.chosen(looked.layers, looked.heads, _first(looked))
    words, several = view == _WORDS, False
    if words:
        several = st.toggle(
            f"Compare up to {selection.MOST} heads", key="several", value=len(parts) > 1, bind="query-params"
        )
    parts = parts if several else parts[:1]
    pictures.show_grid(looked, looked.weights, parts, lambda part: selection.choose(part, parts, several=several))
    if not words:
        one_head.show_formula(looked, parts[0])
        return
    special = dict.fromkeys(token.text for token in looked.tokenized.tokens if token.special)
    shown = selection.choose_shown(escape(", ".join(special)), has_pairs=has_pairs)
    one_head.show(looked, parts, shown)
    with st.expander("All heads in numbers", key="heads_box", icon=":material/table:", on_change="rerun") as box:
        if box.open:
            st.dataframe(statistics_of(looked), hide_index=True, key="heads_rows")
            st.caption(
                "Averages over the tokens of words (Clark et al. 2019); one text shows a habit in this text only."
            )


def _first(looked: Looked) -> Selection:
    """Return the head that is open before anybody has chosen.

    The one with the most attention between different words.
    """
    best = min(looked.statistics, key=lambda head: head.first + head.separator + head.itself)
    return Selection(best.layer, best.head)


def statistics_of(looked: Looked) -> pd.DataFrame:
    """Return one row a head: its habit in words, entropy in bits, distance in tokens, and shares in per cent."""
    import pandas as pd

    from bertdemo.explanation.heads import describe

    rows = pd.DataFrame([asdict(each) for each in looked.statistics])
    shares = {"first": "on the first token (%)", "separator": "on separators (%)", "itself": "on itself (%)",
              "previous": "on the previous (%)", "following": "on the next (%)"}  # fmt: skip
    table = pd.DataFrame({
        "layer": rows["layer"] + 1,
        "head": rows["head"] + 1,
        "entropy (bits)": rows["entropy"].round(2),
        "distance (tokens)": rows["distance"].round(1),
    })  # fmt: skip
    table = table.assign(**{name: (100 * rows[field]).round(1) for field, name in shares.items()})
    return table.assign(**{"in words": [describe(each) for each in looked.statistics]})
