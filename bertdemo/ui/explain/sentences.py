"""What an explanation says, in words: the same on every view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertdemo.lines import signed
from bertdemo.ui.explain.methods import BASELINE_NAMES
from bertdemo.ui.kit.formatting import listed, quoted

if TYPE_CHECKING:
    from bertdemo.explanation.attribution import Attribution

_NAMED = 3
_LEAST = 0.005  # a score that would be written as 0.00


def explained(found: Attribution, labels: tuple[str, ...]) -> str:
    """Return what the scores are of, as Markdown."""
    target = quoted(labels[found.target])
    return target if found.against is None else f"the margin of {target} over {quoted(labels[found.against])}"


def output(found: Attribution, labels: tuple[str, ...]) -> str:
    """Return the output whose parts the scores are, as Markdown."""
    return explained(found, labels) if found.against is not None else f"the logit of {explained(found, labels)}"


def sentence(found: Attribution, labels: tuple[str, ...]) -> str:
    """Return names the words that mattered most, as Markdown."""
    what = explained(found, labels)
    top = [each for each in _by_word(found) if abs(each[1]) >= _LEAST][:_NAMED]
    if not top:
        return f"No word of this text moves {what}."
    named = [f"**{quoted(text)}**" + _figures(score, times, found) for text, score, times in top]
    verb = "moved" if found.signed else "mattered to"
    return f"{listed(named)} {verb} {what} most."


def _by_word(found: Attribution) -> list[tuple[str, float, int]]:
    """Return (as first written, its score, how often it stands there) of each word, the strongest first.

    The score of a word that comes again is the sum where scores add up; elsewhere, the strongest of them.
    """
    merged: dict[str, tuple[str, float, int]] = {}
    for word, score in zip(found.tokenized.words, found.word_scores.tolist(), strict=True):
        text, known, times = merged.get(word.text.casefold(), (word.text, 0.0, 0))
        together = known + score if found.adds_up else max(known, score, key=abs)
        merged[word.text.casefold()] = text, together, times + 1
    return sorted(merged.values(), key=lambda each: -abs(each[1]))


def _figures(score: float, times: int, found: Attribution) -> str:
    often = f"{times} times" if found.adds_up else f"the strongest of {times}"
    told = [signed(score)] * found.signed + [often] * (times > 1)
    return f" ({', '.join(told)})" if told else ""


def how(found: Attribution) -> str:
    """Return the method and its baseline."""
    from bertdemo.explanation.methods import METHODS

    baseline = f", baseline {BASELINE_NAMES[found.baseline]}" if found.baseline else ""
    return f"{METHODS[found.method].name}{baseline}"
