"""What is looked at: which heads, which are switched off, and what of a head is drawn and how.

All of it stands in the address, so that a link opens the same view.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bertdemo.explanation.tokenized_text import Unit
from bertdemo.ui.kit import address
from bertdemo.ui.kit.address import InvalidParam
from bertdemo.ui.kit.formatting import percent

Head = tuple[int, int]  # layer and head, from 0; in addresses and for people both count from 1
MOST = 4  # heads beside each other: as many as there are colours
_ALL = "all"
_CODE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,3}))?")
PART = "part"  # of a text that is longer than the model reads at once
LOOK, WORD = "look", "word"
_HEADS, _OFF = "head", "off"
LINES, MATRIX = "lines", "matrix"
PICTURES = {LINES: "Words and lines", MATRIX: "Matrix"}
_ALL_SIDES = "all"
SIDES = {
    _ALL_SIDES: "Both texts", "1-1": "1 at 1", "1-2": "1 at 2", "2-1": "2 at 1", "2-2": "2 at 2",
}  # fmt: skip


@dataclass(frozen=True)
class Selection:
    """One head of one layer; the mean of a layer where ``head`` is None; the mean of all where both are."""

    layer: int | None
    head: int | None

    @property
    def code(self) -> str:
        """``3.5``, ``3`` or ``all``."""
        if self.layer is None:
            return _ALL
        return f"{self.layer + 1}" if self.head is None else f"{self.layer + 1}.{self.head + 1}"

    @property
    def name(self) -> str:
        if self.layer is None:
            return "Mean of all heads"
        where = f"Layer {self.layer + 1}"
        return f"{where}, mean of its heads" if self.head is None else f"{where}, head {self.head + 1}"

    def of(self, values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return the part of (layers, heads, …) that is meant: (…)."""
        if self.layer is None:
            mean: NDArray[np.floating[Any]] = values.mean(axis=(0, 1))
            return mean
        layer: NDArray[np.floating[Any]] = values[self.layer]
        found: NDArray[np.floating[Any]] = layer.mean(axis=0) if self.head is None else layer[self.head]
        return found


def parse(code: str, layers: int, heads: int) -> Selection | None:
    """Return the part that a code names; None where the model has none such."""
    if code == _ALL:
        return Selection(None, None)
    found = _CODE.fullmatch(code)
    if not found:
        return None
    layer, head = int(found[1]) - 1, int(found[2]) - 1 if found[2] else None
    return Selection(layer, head) if 0 <= layer < layers and (head is None or 0 <= head < heads) else None


def unknown(layers: int, heads: int) -> Iterator[InvalidParam]:
    """Yield heads of the address that the model does not have."""
    codes = {Selection(layer, head).code for layer in range(layers) for head in (None, *range(heads))}
    kind = f"head of this model (it has {layers} layers of {heads} heads, and 2.3 is the third head of layer 2)"
    yield from address.invalid_params(_HEADS, {_ALL, *codes}, kind, between=",")
    yield from address.invalid_params(_OFF, codes, kind, between=",")


def chosen(layers: int, heads: int, otherwise: Selection) -> tuple[Selection, ...]:
    """Return the heads that the address names, up to ``MOST``."""
    codes = st.query_params.get(_HEADS, "").split(",")
    parts = dict.fromkeys(part for code in codes if (part := parse(code, layers, heads)))
    return tuple(parts)[:MOST] or (otherwise,)


def choose(part: Selection, among: tuple[Selection, ...], *, several: bool) -> None:
    """Look at this head; beside those that are looked at, or no longer, where there may be several."""
    if not several:
        wanted: tuple[Selection, ...] = (part,)
    elif part in among:
        wanted = tuple(each for each in among if each != part) or among
    else:
        wanted = (*among[-MOST + 1 :], part)
    st.query_params[_HEADS] = ",".join(each.code for each in wanted)


def parts_off(layers: int, heads: int) -> list[Selection]:
    """Return the heads and whole layers that the address switches off."""
    codes = st.query_params.get(_OFF, "").split(",")
    return [part for code in codes if (part := parse(code, layers, heads)) and part.layer is not None]


def switched_off(layers: int, heads: int) -> frozenset[Head]:
    """Return the heads that the address switches off, those of whole layers among them."""
    return frozenset(head for part in parts_off(layers, heads) for head in heads_in(part, heads))


def heads_in(part: Selection, heads: int) -> frozenset[Head]:
    """Return the heads that a part stands for: one, or all of a layer. The mean of all stands for none."""
    if part.layer is None:
        return frozenset()
    return frozenset((part.layer, head) for head in (range(heads) if part.head is None else (part.head,)))


def switch(off: Iterable[Head], heads: int) -> None:
    """Have exactly these heads switched off; a whole layer takes one word of the address."""
    off = frozenset(off)
    whole = {layer for layer, _ in off if heads_in(Selection(layer, None), heads) <= off}
    single = (Selection(layer, head).code for layer, head in sorted(off) if layer not in whole)
    codes = [*(Selection(layer, None).code for layer in sorted(whole)), *single]
    address.put(_OFF, ",".join(codes))


def one_of(name: str, options: dict[str, str], label: str) -> str:
    """Choose between ``options`` (word of the address to words of the screen), the first where none is named."""
    key, first = f"attention_{name}", next(iter(options))
    st.session_state[key] = st.query_params.get(name, first)

    def changed() -> None:
        """Put what was chosen into the address."""
        address.put(name, st.session_state[key] if st.session_state[key] != first else "")

    st.segmented_control(
        label, list(options), format_func=options.__getitem__, key=key, on_change=changed, required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    return str(st.session_state[key])


def begin(run_id: str, text: object) -> None:
    """Forget what belongs to another text, or to another run: words and parts of the one, heads of the other."""
    known = st.session_state.get("attention_of", (run_id, text))
    st.session_state["attention_of"] = (run_id, text)
    if known != (run_id, text):
        forgotten = (WORD, PART) if known[0] == run_id else (WORD, PART, _HEADS, _OFF)
        for name in forgotten:
            address.put(name)


def word() -> str | None:
    """Return the word that is looked at: ``from.4`` where it looks, ``at.4`` where it is looked at.

    By its first token.
    """
    return st.query_params.get(WORD)


def choose_word(code: str | None) -> None:
    address.put(WORD, code or "")


@dataclass(frozen=True)
class Filters:
    """``least``: weights below are hidden. ``looking`` and ``looked_at``: only words of this part of a pair."""

    special: bool = True
    least: float = 0.0
    looking: int | None = None
    looked_at: int | None = None


@dataclass(frozen=True)
class Visible:
    """Weights (heads, looking, looked at) of the units that are shown, those below the threshold as 0.

    ``hidden_special``, ``hidden_part`` and ``hidden_small`` are shares of what the shown units pay: to special tokens,
    to words of the other text, and in weights below the threshold.
    """

    looking: tuple[Unit, ...]
    looked_at: tuple[Unit, ...]
    weights: NDArray[np.float64]
    hidden_special: float
    hidden_part: float
    hidden_small: float


def visible(weights: NDArray[np.float64], units: tuple[Unit, ...], filters: Filters) -> Visible:
    """Apply filters to attention between units: (heads, units, units)."""
    looking = [place for place, unit in enumerate(units) if _stays(unit, filters.special, filters.looking)]
    looked_at = [place for place, unit in enumerate(units) if _stays(unit, filters.special, filters.looked_at)]
    rows = weights[:, looking]
    total = float(rows.sum()) or 1.0
    hidden = set(range(len(units))) - set(looked_at)
    special = [place for place in hidden if units[place].special]
    other = [place for place in hidden if not units[place].special]
    shown = rows[:, :, looked_at]
    kept = np.where(shown >= filters.least, shown, 0.0)
    return Visible(
        looking=tuple(units[place] for place in looking), looked_at=tuple(units[place] for place in looked_at),
        weights=kept, hidden_special=float(rows[:, :, special].sum()) / total,
        hidden_part=float(rows[:, :, other].sum()) / total, hidden_small=float((shown - kept).sum()) / total,
    )  # fmt: skip


def _stays(unit: Unit, special: bool, part: int | None) -> bool:
    if unit.special:
        return special
    return part is None or unit.part == part


def what_is_hidden(seen: Visible) -> str:
    """Return the shares that are not shown, in a sentence; empty where everything is."""
    shares = ((seen.hidden_special, "on special tokens"), (seen.hidden_part, "on the other text"),
              (seen.hidden_small, "in weights below the threshold"))  # fmt: skip
    told = [f"{percent(share, 0)} {where}" for share, where in shares if share > 0]
    return f"Hidden: {', '.join(told)}." if told else ""


@dataclass(frozen=True)
class Shown:
    """``by_norm``: weights times the lengths of what they are given to. ``tokens``: instead of words."""

    picture: str
    by_norm: bool
    tokens: bool
    filters: Filters


def choose_shown(special: str, *, has_pairs: bool) -> Shown:
    """Draw the choices and return what they say; ``special`` lists the special tokens, as Markdown."""
    with st.container(horizontal=True, vertical_alignment="center", key="attention_controls"):
        picture = one_of("picture", PICTURES, "Picture")
        with st.popover("Show and hide", icon=":material/tune:"):
            return _rest(picture, special, has_pairs)


def _rest(picture: str, names: str, has_pairs: bool) -> Shown:
    special = st.toggle(f"Special tokens ({names})", value=True, key="special", bind="query-params")
    tokens = st.toggle("Tokens, as the model reads them", key="pieces", bind="query-params")
    by_norm = st.toggle(
        "Weight by vector length (norm-based attention)", key="by_norm", bind="query-params",
        help="Multiplies each weight by the length of the vector it is given to (Kobayashi et al. 2020): much weight "
        "on a token that has next to nothing to give shows as next to nothing. These lengths do not sum to 100\u00a0%.",
    )  # fmt: skip
    least = 0
    if not by_norm:
        least = st.slider("Hide weights below", 0, 50, 0, format="%d %%", key="least", bind="query-params")
    sides = one_of("sides", SIDES, "Which text looks at which") if has_pairs else _ALL_SIDES
    looking, looked_at = (None, None) if sides == _ALL_SIDES else (int(side) - 1 for side in sides.split("-"))
    return Shown(picture, by_norm, tokens, Filters(special, least / 100, looking, looked_at))
