"""The pictures of attention: small maps of all heads, and from layer to layer what may have reached the answer.

A browser draws them by files of ours beside this one, with nothing from a network, from bytes made here; it makes the
files that people save itself.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bertdemo.explanation.tokenized_text import Unit, sum_tokens_to_words, words_of
from bertdemo.lines import distinct, one_line, shorten
from bertdemo.ui.attention import computed, selection
from bertdemo.ui.attention.selection import Selection, heads_in, parse
from bertdemo.ui.kit import resources, run_picker
from bertdemo.ui.kit.figure import figure, light_colours
from bertdemo.ui.kit.formatting import count, listed, percent, quoted

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.ui.attention.computed import Looked

_KEY = "attention_grid"
_TITLE = "Where every head looks: layers from top to bottom, heads from left to right"
_HOW = "In each map the tokens that look are rows, those that are looked at columns; the darker, the more attention."
_ROLLOUT, _RELEVANCE = "rollout", "gradient"
WAYS = {_ROLLOUT: "Attention rollout", _RELEVANCE: "Weighted by the gradient"}
_ABOUT = {
    _ROLLOUT: "Attention rollout (Abnar & Zuidema 2020) multiplies the attention of the layers, heads averaged, half "
    "of each token staying where it is. It is the same for every label and ignores how large the moved vectors are.",
    _RELEVANCE: "Attention times its gradient with respect to the logit, the positive part, added up over the layers "
    "(Chefer et al. 2021): sizes without sign, so it does not tell what spoke for and what against the label.",
}
_FOLDER = Path(__file__).parents[1] / "components"
SIDE = 20  # pixels of a small map
_SHADES = 7  # that a small map needs: fewer compress better
_LONGEST = 300  # characters of a text above a picture


def show_grid(
    looked: Looked, values: NDArray[np.float32], marked: tuple[Selection, ...], clicked: Callable[[Selection], None]
) -> None:
    """Draw the grid; ``values`` (layers, heads, tokens, tokens) are what its maps show, ``marked`` those in colours."""

    def hear() -> None:
        part = parse(str(heard(_KEY, "clicked")), looked.layers, looked.heads)
        if part:
            clicked(part)

    st.caption("Layers from top to bottom, heads from left to right; at the right and at the bottom their means.")
    file = file_of(looked, "all heads", "heads", _TITLE, _HOW)
    draw("grid", data_of(looked, values, marked), _KEY, file, on_clicked_change=hear)


def data_of(looked: Looked, values: NDArray[np.float32], marked: tuple[Selection, ...]) -> dict[str, Any]:
    """Return what the browser needs.

    A row of maps for each layer, the mean of its heads last, and below the mean of all.
    """
    parts = _parts(looked)
    shown = [part for part in parts if part]
    pixels = small_maps(np.stack([part.of(values) for part in shown]), float(values.max()))
    habits = _habits(looked)
    maps = [part and _map(part, habits, marked, looked) for part in parts]
    return {
        "shape": f"{looked.layers} {looked.heads}",
        "label": f"Maps of {looked.heads} heads in each of {looked.layers} layers",
        "rows": [*(f"{layer + 1}" for layer in range(looked.layers)), ""],
        "columns": [*(f"{head + 1}" for head in range(looked.heads)), "mean"],
        "maps": packed(json.dumps(maps)),
        "side": pixels.shape[-1],
        "packed": packed(pixels),
    }


def _parts(looked: Looked) -> list[Selection | None]:
    """Return row by row; the last row has one map, at its end."""
    rows = [Selection(layer, head) for layer in range(looked.layers) for head in (*range(looked.heads), None)]
    return [*rows, *([None] * looked.heads), Selection(None, None)]


def _habits(looked: Looked) -> dict[Selection, str]:
    from bertdemo.explanation.heads import describe

    return {Selection(each.layer, each.head): describe(each) for each in looked.statistics}


def _map(
    part: Selection, habits: dict[Selection, str], marked: tuple[Selection, ...], looked: Looked
) -> dict[str, Any]:
    own = heads_in(part, looked.heads)
    off = bool(own) and own <= looked.off
    says = f"{part.name}: {habits[part]}" if part in habits else part.name
    series = marked.index(part) if part in marked else -1
    return {"name": part.code, "says": f"{says}, switched off" if off else says, "series": series, "off": off}


def show_layers(looked: Looked) -> None:
    """Draw the chosen way, its finding, and a map of words and layers."""
    from bertdemo.charts.one_text import by_layer_chart

    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = selection.one_of("way", WAYS, "How")
        target = _target(looked) if way == _RELEVANCE else None
    st.caption(_ABOUT[way])
    units = words_of(looked.tokenized)
    scores = computed.rollout(looked) if target is None else computed.relevance(looked, target)
    values = sum_tokens_to_words(scores, units)
    rows = rows_of(units, values)
    if not len(rows):
        st.info("There are only special tokens in this text.")
        return
    unit, note = "share" if target is None else "size", _layer_note(units, values, looked, target is None)
    figure(
        title(units, values), rows, by_layer_chart, len(rows) // len(values), unit, key="attention_layers", note=note,
        alt=f"{WAYS[way]} of each word after each layer", table=_wide(rows),
    )  # fmt: skip


def _target(looked: Looked) -> int:
    """Return the label whose logit is explained: the answer, until a person chooses another."""
    names = looked.label_names
    label = st.selectbox(
        "For the label", names, index=looked.answer, format_func=lambda name: shorten(name, 40), key="relevant",
        label_visibility="collapsed", width=220, bind="query-params",
    )  # fmt: skip
    return names.index(label)


def rows_of(units: tuple[Unit, ...], values: NDArray[np.float64]) -> pd.DataFrame:
    """Return rows for ``by_layer_chart`` from (layers, units); special tokens are left out."""
    import pandas as pd

    words = [place for place, unit in enumerate(units) if not unit.special]
    names = distinct(shorten(units[place].text, 30) for place in words)
    largest = max(float(values[:, words].max(initial=0.0)), 1e-12)
    rows: list[tuple[Any, ...]] = [
        (name, layer + 1, value, value / largest)
        for name, place in zip(names, words, strict=True)
        for layer, value in enumerate(values[:, place].tolist())
    ]
    return pd.DataFrame(rows, columns=["word", "layer", "value", "size"])


def title(units: tuple[Unit, ...], values: NDArray[np.float64]) -> str:
    """Return the words that have most after the last layer, as Markdown."""
    ranked = sorted((place for place, unit in enumerate(units) if not unit.special), key=lambda p: -values[-1, p])
    best = listed([quoted(units[place].text) for place in ranked[:3]])
    return f"By this count, and apart from special tokens, most comes from {best}"


def _layer_note(units: tuple[Unit, ...], values: NDArray[np.float64], looked: Looked, shares: bool) -> str:
    special = sum(float(values[-1, place]) for place, unit in enumerate(units) if unit.special)
    if not shares:
        return "Special tokens are left out. Sizes have no unit and compare within this text only."
    note = f"Special tokens are left out; after the last layer they hold {percent(special, 0)} of the whole."
    return f"{note} Heads that are switched off still look, and are counted here." if looked.off else note


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a word and one column a layer."""
    wide = rows.pivot_table(index="word", columns="layer", values="value", sort=False)
    wide.columns = [f"layer {layer}" for layer in wide.columns]
    return wide.reset_index()


def draw(name: str, data: dict[str, Any], key: str, file: dict[str, Any], **changed: Callable[[], None]) -> None:
    """Draw ``components/attention_<name>.js`` with its data; ``on_<event>_change`` hears what a person does to it.

    ``file`` is what ``attention_file.of`` tells of the picture, for those who save it.
    """
    _component(name)(key=key, data={**data, "file": file}, **changed)


def heard(key: str, event: str) -> Any:
    """Return what the component last told under the name of an event."""
    return getattr(st.session_state[key], event)


@cache
def _component(name: str) -> Callable[..., Any]:
    parts = (_FOLDER / f"attention_{part}.js" for part in ("shared", "paper", name))
    script = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    style = (_FOLDER / "attention.css").read_text(encoding="utf-8")
    return st.components.v2.component(f"attention_{name}", css=style, js=script)


def packed(content: NDArray[np.uint8] | str) -> str:
    """Return pixels or a text, deflated and in base64."""
    plain = content.encode("utf-8") if isinstance(content, str) else content.tobytes()
    return base64.b64encode(zlib.compress(plain, 9)).decode("ascii")


def shades(weights: NDArray[np.floating[Any]], largest: float = 1.0) -> NDArray[np.uint8]:
    """Return 255 · √(weight / largest): small weights keep digits; off by at most 0.4 % of ``largest``."""
    found: NDArray[np.uint8] = np.rint(255 * _root(weights, largest)).astype(np.uint8)
    return found


def small_maps(weights: NDArray[np.floating[Any]], largest: float = 1.0) -> NDArray[np.uint8]:
    """Shrink (maps, tokens, tokens) to at most ``SIDE`` × ``SIDE`` pixels, each as dark as its darkest weight."""
    coarse = np.rint(_SHADES * _root(_pooled(weights), largest))
    found: NDArray[np.uint8] = np.rint(coarse * (255 / _SHADES)).astype(np.uint8)
    return found


def _pooled(weights: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    side = min(weights.shape[-1], SIDE)
    edges = np.arange(side) * weights.shape[-1] // side
    pooled: NDArray[np.floating[Any]] = np.maximum.reduceat(weights, edges, axis=-1)
    return np.maximum.reduceat(pooled, edges, axis=-2)


def _root(weights: NDArray[np.floating[Any]], largest: float) -> NDArray[np.floating[Any]]:
    root: NDArray[np.floating[Any]] = np.sqrt(np.clip(weights / max(largest, 1e-12), 0.0, 1.0))
    return root


def file_of(looked: Looked, what: str, name: str, title: str, *lines: str) -> dict[str, Any]:
    """Return what the browser needs for the file of a picture; all of it plain text.

    Args:
        looked: what the picture is of; its run and text are named above it.
        what: the picture, in the words of its button.
        name: of the file, behind the id of the run.
        title: the first line above the picture.
        lines: how to read it.
    """
    return {
        "title": title,
        "lines": [*(line for line in lines if line), about(looked)],
        "name": f"{looked.run_id}-attention-{name}.png",
        "what": what,
        "colours": light_colours(),
    }


def about(looked: Looked) -> str:
    """Return which run looks, at which text or pair, and whether all heads are on; plain text."""
    run, tokenized = run_picker.name_of(resources.runs().get(looked.run_id)), looked.tokenized
    texts = [tokenized.text] if tokenized.pair is None else [tokenized.text, tokenized.pair]
    told = " and ".join(f"“{shorten(one_line(text), _LONGEST)}”" for text in texts)
    off = f" {count(len(looked.off), 'head is', 'heads are')} switched off." if looked.off else ""
    return f"Run: {run}. Text: {told}.{off}"
