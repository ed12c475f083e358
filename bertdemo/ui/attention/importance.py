"""What each head by itself is worth: for one text, and over a sample of the test part."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bertdemo.lines import shorten, signed
from bertdemo.ui.attention import computed
from bertdemo.ui.attention.selection import Selection
from bertdemo.ui.kit import resources
from bertdemo.ui.kit.background import Bar, result_of, skip_pending
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, escape

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.heads import HeadImportance
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models.classifier import Classifier
    from bertdemo.runs.folder import RunFolder
    from bertdemo.ui.attention.computed import Looked

_SAMPLE = 40  # test texts
_MEANING = (
    "Worth is how far the logit of the answer falls when this head alone is switched off (Michel et al. 2019): "
    "+ it increases the score of the answer, − it decreases it. Heads can stand in for one another, so "
    "worths do not add up."
)


def show(complete: Looked) -> None:
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
    """Computed when asked for: it takes the time of thousands of answers."""
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
