"""An explanation to take away: a table, and a page of its own that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from bertdemo.data.tables.cells import safe_csv
from bertdemo.explanation.attribution import Attribution

if TYPE_CHECKING:
    from bertdemo.prediction.single import Answer

_GLYPH_FROM = 0.08  # of the strongest score
_DEEPEST = 0.42  # of the tint; text stays readable on it
# Nothing is fetched and nothing runs, whatever a text holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.6 Georgia, serif; color: #14181d; background: #fdfcfa; max-width: 54rem; margin: 2rem auto;
  padding: 0 1rem; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 2; font-size: 1.1rem; }
.text span { border-radius: 0.3em; padding: 0.1em 0.12em; }
.text span[data-glyph]::before { content: attr(data-glyph); font-size: 0.7em; font-weight: bold;
  vertical-align: 0.35em; }
table { border-collapse: collapse; } td, th { padding: 0.15rem 0.9rem 0.15rem 0; text-align: left;
  border-bottom: 1px solid #ddd9d0; } td + td { text-align: right; font-variant-numeric: tabular-nums; }
svg { max-width: 100%; height: auto; } small { color: #4a4f57; }
"""
_TINTS = {"for": "46, 109, 180", "against": "217, 120, 45", "size": "34, 39, 46"}  # red, green, blue


def to_csv(found: Attribution) -> str:
    """Return a row for each word, then one for each token; characters count from 0, ``part`` 1 is the second text."""
    import pandas as pd

    tokenized = found.tokenized
    words = [
        ("word", each.part, each.start, each.end, each.text, False, score)
        for each, score in zip(tokenized.words, found.word_scores.tolist(), strict=True)
    ]
    tokens = [
        ("token", each.part, each.start, each.end, each.text, each.special, score)
        for each, score in zip(tokenized.tokens, found.scores.tolist(), strict=True)
    ]
    frame = pd.DataFrame([*words, *tokens], columns=["kind", "part", "start", "end", "text", "special", "score"])
    return safe_csv(frame.astype({"part": "Int64"}))


def to_html(
    found: Attribution, answer: Answer, labels: tuple[str, ...], name: str, how: str, charts: Mapping[str, str]
) -> str:
    """Return a page that opens without a network.

    Args:
        found: the scores.
        answer: the prediction that is explained.
        labels: in the order of the logits.
        name: of the classifier.
        how: method and baseline in words.
        charts: title → SVG element.
    """
    question = f"Why {labels[found.target]}" + ("" if found.against is None else f" and not {labels[found.against]}")
    body = "\n".join(_body(found, answer, question, name, how, charts))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(question)}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _body(
    found: Attribution, answer: Answer, question: str, name: str, how: str, charts: Mapping[str, str]
) -> Iterator[str]:
    yield f"<h1>{escape(question)}?</h1>"
    scores = ", ".join(f"{escape(label)} {100 * probability:.2f}&nbsp;%" for label, probability in answer.scores)
    yield f"<p>Classifier: {escape(name)}. It says: {scores}.</p>"
    yield from (f'<p class="text" dir="auto">{part}</p>' for part in _parts(found))
    if found.signed:
        yield "<p><small>+ blue increases the score, \u2212 orange decreases it; the deeper, the more.</small></p>"
    else:
        yield "<p><small>The deeper the grey, the more it mattered: this method has no for and against.</small></p>"
    yield f"<p>{escape(how)}. {escape(' '.join(_figures(found)))}</p>"
    for title, drawing in charts.items():
        yield f"<h2>{escape(title)}</h2>\n{drawing}"
    yield f"<h2>All words, the strongest first</h2>\n{_table(found)}"


def _figures(found: Attribution) -> Iterator[str]:
    """Yield what the scores are of and how far they add up, in sentences."""
    yield f"The output is {found.output:.4f} logits."
    if found.baseline_output is not None:
        yield f"Of the baseline it is {found.baseline_output:.4f}."
    if found.n_steps is not None:
        yield f"{found.n_steps} {'steps' if found.seed is None else 'samples'} were made in {found.precision}."
    if found.adds_up and found.remainder is not None:
        yield f"{found.remainder:+.4f} logits are not accounted for"
        share = found.relative_remainder
        if share is not None and not found.is_tiny:
            yield f"({100 * share:.2f} % of the difference; {'at most' if found.certified else 'more than'} 1 %)."
        else:
            yield "of a difference so small that shares of it mislead."
    yield "That scores add up does not show that they are true."


def _parts(found: Attribution) -> Iterator[str]:
    """Yield the text and its pair as HTML, every character of them, words tinted."""
    strongest = float(np.abs(found.word_scores).max(initial=0.0)) or 1.0
    for part, whole in enumerate((found.tokenized.text, found.tokenized.pair)):
        if whole is None:
            continue
        pieces, end = list[str](), 0
        for word, score in zip(found.tokenized.words, found.word_scores.tolist(), strict=True):
            if word.part == part:
                pieces += [escape(whole[end : word.start]), _tinted(word.text, score, strongest, found.signed)]
                end = word.end
        yield "".join([*pieces, escape(whole[end:])])


def _tinted(text: str, score: float, strongest: float, signed: bool) -> str:
    strength = abs(score) / strongest
    tint = _TINTS[("for" if score > 0 else "against") if signed else "size"]
    glyph = f' data-glyph="{"+" if score > 0 else chr(0x2212)}"' if signed and strength >= _GLYPH_FROM else ""
    colour = f"rgba({tint}, {_DEEPEST * strength:.3f})"
    return f'<span{glyph} title="{score:+.4f}" style="background: {colour}">{escape(text)}</span>'


def _table(found: Attribution) -> str:
    order = np.argsort(-np.abs(found.word_scores), kind="stable")
    sign = "+" if found.signed else ""
    scored = ((escape(found.tokenized.words[i].text), found.word_scores[i]) for i in order)
    rows = "".join(f"<tr><td>{word}</td><td>{score:{sign}.4f}</td></tr>" for word, score in scored)
    return f"<table><tr><th>Word</th><th>Score</th></tr>{rows}</table>"
