"""The scores of an attribution as bars that lead from the baseline to the output, and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertdemo.lines import distinct, plain, shorten, signed
from bertdemo.ui.explain.methods import SHORT_BASELINE_NAMES
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.attribution import Attribution

MOST_WORDS = 10  # that get a bar of their own
_LONGEST = 22  # characters of a word beside its bar
_COLUMNS = ["step", "start", "end", "low", "high", "words", "role"]


def rows(attribution: Attribution, most: int = MOST_WORDS) -> pd.DataFrame:
    """Return rows for ``waterfall_chart``, the strongest word first, whose bars lead from the baseline to the output.

    Where scores need not add up there are no ends to lead from and to: every bar begins at 0.
    """
    import pandas as pd

    scores = attribution.word_scores
    order = np.argsort(-np.abs(scores), kind="stable")
    steps = [(shorten(attribution.tokenized.words[i].text, _LONGEST), float(scores[i])) for i in order[:most]]
    if len(order) > most and attribution.adds_up:  # a sum of other scores would mean nothing
        steps.append((count(len(order) - most, "other word"), float(scores[order[most:]].sum())))
    steps.append(("special tokens", attribution.other))
    names = distinct(name for name, _ in steps)
    bars = _leading(attribution, steps) if attribution.adds_up else _from_zero(attribution, steps)
    if attribution.adds_up:
        baseline = f"baseline {SHORT_BASELINE_NAMES[attribution.baseline or 'pad']}"
        names = distinct([baseline, *names, "not accounted for", "this text"])
    return pd.DataFrame(
        [(name, start, end, min(start, end), max(start, end), words, role)
         for name, (start, end, words, role) in zip(names, bars, strict=True)],
        columns=_COLUMNS,
    )  # fmt: skip


def _from_zero(attribution: Attribution, steps: list[tuple[str, float]]) -> list[tuple[float, float, str, str]]:
    return [
        (0.0, score, signed(score) if attribution.signed else f"{score:.3g}", _role(score, attribution.signed))
        for _, score in steps
    ]


def _leading(attribution: Attribution, steps: list[tuple[str, float]]) -> list[tuple[float, float, str, str]]:
    at = attribution.baseline_output or 0.0
    bars = [(0.0, at, plain(at), "grey")]
    for _, score in [*steps, ("", attribution.remainder or 0.0)]:
        bars.append((at, at + score, signed(score), _role(score, True)))
        at += score
    start, end, words, _ = bars[-1]
    bars[-1] = start, end, words, "grey"  # what is left speaks for nothing
    return [*bars, (0.0, attribution.output, plain(attribution.output), "grey")]


def _role(score: float, is_signed: bool) -> str:
    return "grey" if not is_signed else "blue" if score > 0 else "orange"


def table(attribution: Attribution) -> pd.DataFrame:
    """All words, the strongest first: ``word``, ``place`` in the text (from 1), ``score``, ``share`` of ΔF (%)."""
    import pandas as pd

    scores = attribution.word_scores
    frame = pd.DataFrame(
        {
            "word": [word.text for word in attribution.tokenized.words],
            "place": np.arange(1, len(scores) + 1),
            "score": scores,
        }
    )
    if attribution.adds_up and attribution.difference:
        frame["share"] = 100 * scores / attribution.difference
    return frame.iloc[np.argsort(-np.abs(scores), kind="stable")]


def show(attribution: Attribution, title: str, note: str) -> None:
    """Draw the waterfall where scores add up, otherwise bars from zero; ``title`` and ``note`` are Markdown."""
    from bertdemo.charts.one_text import waterfall_chart

    bars = rows(attribution)
    figure(
        title,
        bars,
        waterfall_chart,
        len(bars),
        unit(attribution),
        key="waterfall",
        alt="Scores of the strongest words as bars" + (", from baseline to output" if attribution.adds_up else ""),
        note=note,
        table=bars[["step", "start", "end", "words"]],
    )


def unit(attribution: Attribution) -> str:
    """Return what the horizontal axis measures."""
    if attribution.adds_up:
        return "Logits, from the baseline to this text"
    return "Score (logits)" if attribution.signed else "Size of the score"
