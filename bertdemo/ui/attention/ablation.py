"""Switch heads off, one, many or a layer, and see the answer move; and what each head by itself is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bertdemo.evaluation.report import points_between
from bertdemo.lines import shorten, signed
from bertdemo.ui.attention import computed, selection
from bertdemo.ui.attention.selection import Selection, heads_in
from bertdemo.ui.kit import resources
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, escape
from bertdemo.ui.kit.prediction import certainty
from bertdemo.ui.kit.waiting import Bar, result_of, skip_pending

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.heads import HeadImportance
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models.classifier import Classifier
    from bertdemo.runs.folder import RunFolder
    from bertdemo.ui.attention.computed import Looked

_MOST_LABELS = 6
_ON = "all heads on"
_SAMPLE = 40  # test texts
_MEANING = (
    "Worth is how far the logit of the answer falls when this head alone is switched off (Michel et al. 2019): "
    "+ it increases the score of the answer, − it decreases it. Heads can stand in for one another, so "
    "worths do not add up."
)


@dataclass(frozen=True)
class Change:
    """A label's probability with all heads on, and with some off."""

    label: str
    before: float
    after: float


def toggle(looked: Looked, part: Selection) -> None:
    """Switch what was clicked off, or on again where all of it is off."""
    own = heads_in(part, looked.heads)
    selection.switch(looked.off - own if own <= looked.off else looked.off | own, looked.heads)


def show(complete: Looked, looked: Looked) -> None:
    """Draw the answer before and after, and what heads are worth. ``complete`` is the same text with all heads on."""
    _layers(looked)
    _answer(complete, looked)
    show_importance(complete)


def off_line(looked: Looked) -> None:
    """Say that heads are off, wherever it matters, and draw the button that ends it."""
    if looked.off:
        with st.container(horizontal=True, vertical_alignment="center", key="off_line"):
            st.markdown(f"**{count(len(looked.off), 'head is', 'heads are')} switched off**: {escape(_names(looked))}.")
            st.button("Switch all on", key="all_on", on_click=selection.switch, args=(frozenset(), looked.heads))


def _names(looked: Looked) -> str:
    parts = selection.parts_off(looked.layers, looked.heads)
    told = (f"all of layer {part.code}" if part.head is None else part.code for part in parts)
    return shorten(", ".join(told), 120)


def _layers(looked: Looked) -> None:
    """Draw a layer at a time: the same as the last column of the grid."""
    layers = [frozenset(heads_in(Selection(layer, None), looked.heads)) for layer in range(looked.layers)]
    off = [layer for layer, own in enumerate(layers) if own <= looked.off]
    st.session_state["layers_off"] = off

    def changed() -> None:
        chosen = set(st.session_state["layers_off"])
        single = looked.off.difference(*(layers[layer] for layer in off)) if off else looked.off
        selection.switch(single.union(*(layers[layer] for layer in chosen)), looked.heads)

    st.pills(
        "Whole layers that are off", range(looked.layers), selection_mode="multi", key="layers_off",
        format_func=lambda layer: f"Layer {layer + 1}", on_change=changed,
    )  # fmt: skip


def _answer(complete: Looked, looked: Looked) -> None:
    from bertdemo.charts.one_text import side_by_side_chart

    if not looked.off:
        st.markdown("Click a map to switch that head off, or *mean* for its whole layer. The answer follows at once.")
    changes = changes_of(complete, looked)
    names = (_ON, f"{count(len(looked.off), 'head')} off") if looked.off else (_ON,)
    rows = _rows(changes, names)
    figure(
        headline(changes, len(looked.off)), rows, side_by_side_chart, len(changes), names, key="off_answer",
        alt="Probability of each label with all heads on and with some off", table=rows.drop(columns="words"),
    )  # fmt: skip


def changes_of(complete: Looked, looked: Looked) -> list[Change]:
    """Return the labels that are probable before or after, the first answer first."""
    pairs = zip(complete.label_names, complete.probabilities.tolist(), looked.probabilities.tolist(), strict=True)
    changes = [Change(*pair) for pair in pairs]
    kept = sorted(changes, key=lambda change: -max(change.before, change.after))[:_MOST_LABELS]
    return sorted(kept, key=lambda change: -change.before)


def headline(changes: list[Change], off: int) -> str:
    """Return what became of the answer, as Markdown."""
    first = changes[0]
    now = max(changes, key=lambda change: change.after)
    label = escape(shorten(first.label, 60))
    if not off:
        return f"With all heads on: {label}, {certainty(first.before)}"
    without = f"Without {'this head' if off == 1 else f'these {off} heads'}"
    if now.label != first.label:
        other = escape(shorten(now.label, 60))
        return f"{without} the answer is no longer {label} but {other}, {certainty(now.after)}"
    points = points_between(first.before, first.after)
    moved = "does not move" if abs(points) < 0.05 else f"moves by {signed(points, 1)} points"
    return f"{without} the answer stays {label} and its probability {moved}"


def _rows(changes: list[Change], names: tuple[str, ...]) -> pd.DataFrame:
    """Return rows for ``side_by_side_chart``."""
    import pandas as pd

    rows = [
        (shorten(change.label, 60), 100 * value, certainty(value), name)
        for change in changes
        for name, value in zip(names, (change.before, change.after), strict=False)
    ]
    return pd.DataFrame(rows, columns=["label", "probability", "words", "series"])


def show_importance(complete: Looked) -> None:
    """Draw two questions that are answered once they are open. ``complete`` is the text with all heads on."""
    _question("What is each head worth for this text?", "worth_box", "weight", _worth_here, complete)
    _question("Averaged over the test texts", "worth_sample_box", "stacks", _worth_over_sample, complete)


def _question(title: str, key: str, icon: str, answer: Callable[[Looked], None], complete: Looked) -> None:
    with st.expander(title, key=key, icon=f":material/{icon}:", on_change="rerun") as box:
        if box.open:
            skip_pending(answer, complete)


def _worth_here(complete: Looked) -> None:
    classifier = computed.classifier(complete)
    found = result_of(
        ("worth", complete.key),
        "Switching off one head after the other…",
        lambda bar: measure(classifier, [complete.tokenized], bar),
    )
    worth = -found.change
    label = escape(shorten(complete.label_names[complete.answer], 60))
    best = np.unravel_index(int(abs(worth).argmax()), worth.shape)
    name = Selection(int(best[0]), int(best[1])).name
    title = f"{name} counts most for “{label}” here: {signed(float(worth[best]))} logits"
    _worth(title, worth, "head_worth", _MEANING)


def _worth_over_sample(complete: Looked) -> None:
    """Compute it when asked for: it takes the time of thousands of answers."""
    st.caption(
        f"Switches off each of the {complete.layers * complete.heads} heads, one after the other, for up to {_SAMPLE} "
        "texts of the test part."
    )
    folder, classifier = resources.runs().folder(complete.run_id), computed.classifier(complete)
    found = result_of(
        ("worth", complete.run_id, complete.edition),
        "Reading the texts…",
        lambda bar: measure(classifier, _sample(folder, classifier), bar),
        begin="Measure",
    )
    _sample_result(found)


def measure(classifier: Classifier, readings: list[TokenizedText], bar: Bar) -> HeadImportance:
    """Return the worth of all heads over some texts, each for its own answer.

    ``bar`` tells how far it is, and calls it off.

    Raises:
        CancelledError: it was called off.
        ExplanationError: another architecture.
    """
    from bertdemo.explanation.heads import importance_over

    def report(done: int) -> None:
        bar.at(done, len(readings))
        told = f": {done} of {count(len(readings), 'text')}" if len(readings) > 1 else "…"
        bar.words = f"Switching off one head after the other{told}"

    return importance_over(classifier, readings, should_stop=bar.is_over, report=report)


def _worth(title: str, worth: NDArray[Any], key: str, note: str) -> None:
    from bertdemo.charts.one_text import head_worth_chart

    rows = worth_rows(worth)
    figure(
        title, rows, head_worth_chart, len(worth), key=key, alt="What each head of each layer is worth", note=note,
        table=rows[["layer", "head", "worth"]],
    )  # fmt: skip


def worth_rows(worth: NDArray[Any]) -> pd.DataFrame:
    """Return rows for ``head_worth_chart`` from (layers, heads), in logits.

    The glyph is left out where there is nothing.
    """
    import pandas as pd

    size = abs(worth) / max(float(abs(worth).max()), 1e-12)
    rows = [
        (layer + 1, head + 1, float(value), float(size[layer, head]), *_role(float(value), float(size[layer, head])))
        for (layer, head), value in np.ndenumerate(worth)
    ]
    return pd.DataFrame(rows, columns=["layer", "head", "worth", "size", "role", "glyph"])


def _role(worth: float, size: float) -> tuple[str, str]:
    if size < 0.02:
        return "grey", ""
    return ("blue", "+") if worth > 0 else ("orange", "−")


def _sample(folder: RunFolder, classifier: Classifier) -> list[TokenizedText]:
    """Test texts, evenly over the part, cut where the model stops reading."""
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    test = folder.split().part("test")
    rows = range(0, len(test), max(1, len(test) // _SAMPLE))[:_SAMPLE]
    return [tokenize_with_words(classifier, test.texts[row], test.pairs[row] if test.pairs else None) for row in rows]


def _sample_result(found: HeadImportance) -> None:
    worth = -found.change
    largest = np.unravel_index(int(found.flips.argmax()), found.flips.shape)
    name = Selection(int(largest[0]), int(largest[1])).name
    flips, texts = round(float(found.flips[largest]) * found.texts), count(found.texts, "test text")
    title = f"No single head changes the answer to any of {texts}"
    if flips:
        title = f"No head changes more answers than {name.lower()}: {flips} of {texts} get another label without it"
    note = f"Means over {count(found.texts, 'test text')}, each for its own answer. {_MEANING}"
    _worth(title, worth, "sample_worth", note)
