"""What an explanation says, in words: the same on every view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertdemo.ui.explain_methods import BASELINE_NAMES
from bertdemo.ui.explain_waterfall import signed
from bertdemo.ui.words import escape, shorten

if TYPE_CHECKING:
    from bertdemo.explanation.attribution import Attribution

_NAMED = 3
_LEAST = 0.005  # a score that would be written as 0.00
_LONGEST = 30  # characters of a word in a sentence


def quoted(text: str) -> str:
    """A word or a label in a sentence, as Markdown."""
    return f"“{escape(shorten(text, _LONGEST))}”"


def explained(found: Attribution, labels: tuple[str, ...]) -> str:
    """What the scores are of, as Markdown."""
    against = "" if found.against is None else f" and not {quoted(labels[found.against])}"
    return f"{quoted(labels[found.target])}{against}"


def sentence(found: Attribution, labels: tuple[str, ...]) -> str:
    """Names the words that mattered most, as Markdown."""
    what = explained(found, labels)
    scores = found.word_scores
    top = [i for i in np.argsort(-np.abs(scores), kind="stable")[:_NAMED] if abs(scores[i]) >= _LEAST]
    if not top:
        return f"No word of this text moves {what}."
    named = [
        f"**{quoted(found.reading.words[i].text)}**" + (f" ({signed(scores[i])})" if found.signed else "") for i in top
    ]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    verb = "moved" if found.signed else "mattered to"
    return f"{listed} {verb} {what} most."


def how(found: Attribution) -> str:
    """The method and its baseline."""
    from bertdemo.explanation.methods import METHODS

    baseline = f", baseline {BASELINE_NAMES[found.baseline]}" if found.baseline else ""
    return f"{METHODS[found.method].name}{baseline}"
