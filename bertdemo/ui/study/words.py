"""What a study of words found, in sentences and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertdemo.lines import distinct, shorten, signed
from bertdemo.ui.kit.formatting import count, escape, listed, percent, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bertdemo.studies.records import Masked, Shortcut, StudyCard, WordFinding, WordFindings

_FOR, _AGAINST = 10, 6  # words drawn
_NAMED = 3
_LUCK = 0.05


def strong(found: WordFindings) -> tuple[list[WordFinding], list[WordFinding]]:
    """Return the words that surely spoke for the answer and against it, the surest first."""
    from bertdemo.studies.words import surely

    return [w for w in found.words if surely(w) > 0], [w for w in found.words if surely(w) < 0]


def headline(found: WordFindings, card: StudyCard) -> str:
    """Return the words that mattered most, as Markdown."""
    answer = f"“{escape(card.label_names[card.question.predicted or 0])}”"
    if card.question.against is not None:
        answer += f" and not “{escape(card.label_names[card.question.against])}”"
    pushing, holding = strong(found)
    if not pushing and not holding:
        return (
            f"No word stands out over {count(found.texts, 'text')}: every mean could be zero, or too few texts share "
            f"a word. Why it said {answer} differs from text to text."
        )
    spoke = f"{_names(pushing)} spoke most for {answer}" if pushing else f"No single word surely spoke for {answer}"
    return f"{spoke}; {_names(holding)} spoke against it." if holding else f"{spoke}."


def moved(card: StudyCard) -> str:
    """Return what the scores are of, as Markdown."""
    told = quoted(card.label_names[card.question.predicted or 0])
    against = card.question.against
    return f"the answer {told}" if against is None else f"the margin of {told} over {quoted(card.label_names[against])}"


def _names(words: Sequence[WordFinding]) -> str:
    return listed([f"**{quoted(word.text)}**" for word in words[:_NAMED]])


def method(found: WordFindings, card: StudyCard) -> str:
    """Return how the figures were made, and what they cannot say."""
    from bertdemo.studies.words import NEVER_CERTIFIED

    which = "all" if found.texts == card.available else f"a random sample of {found.texts:,} of the {card.available:,}"
    whole = found.certified == found.texts
    told = f"{'every one' if whole else f'{found.certified:,} of them'} certified (scores add up to within 1\u00a0%)."
    never = "" if whole else f" {NEVER_CERTIFIED}"
    rounded = f" Scores of {count(found.in_bf16, 'text')} were computed in bf16." if found.in_bf16 else ""
    rest = "its answer rests on what it read, and so do the scores."
    cut = f" {count(found.cut, 'text')} longer than the model reads: {rest}" if found.cut else ""
    return (
        f"Integrated gradients of {which} such test texts, baseline {card.baseline.upper()}, {told}{never}{rounded} "
        "A word's score in a text is the sum over its occurrences. "
        f"Bars are 95\u00a0% intervals of the mean for all {found.compared:,} "
        "compared words at once (Student's, Bonferroni), as if texts were independent; words come in the order of the "
        f"end nearest to zero. Compared are words in at least 5 texts; {found.rare:,} stand in one text alone. "
        f"That a word moves answers does not say that it should.{cut}"
    )


def chart_rows(found: WordFindings) -> pd.DataFrame:
    """Return rows for ``term_chart``.

    The words that stand out, and where none does the largest means that were compared.
    """
    import pandas as pd

    from bertdemo.charts.palette import BLUE, ORANGE

    pushing, holding = strong(found)
    drawn = [*pushing[:_FOR], *reversed(holding[:_AGAINST])]
    drawn = drawn or sorted((w for w in found.words if not w.few), key=lambda w: -w.mean)[: _FOR + _AGAINST]
    names = distinct(shorten(word.text, 24) for word in drawn)
    rows = [
        (name, w.mean, w.low, w.high, w.texts, signed(w.mean), BLUE if w.mean > 0 else ORANGE, max(w.high or 0.0, 0.0))
        for name, w in zip(names, drawn, strict=True)
    ]
    return pd.DataFrame(rows, columns=["word", "mean", "low", "high", "texts", "words", "role", "end"])


def table_rows(found: WordFindings) -> pd.DataFrame:
    """Return every word in at least two texts, as it is listed and downloaded."""
    import pandas as pd

    rows = [
        (w.text, w.kind, w.mean, w.spread, w.low, w.high, w.texts, w.occurrences, 100 * w.pushing) for w in found.words
    ]
    columns = ["word", "kind", "mean", "spread", "low", "high", "texts", "occurrences", "speaks for (%)"]
    return pd.DataFrame(rows, columns=columns)


def shortcut_rows(shortcuts: Sequence[Shortcut], label: str) -> dict[str, list[str]]:
    """Return columns of Markdown, one row a word."""
    name = escape(shorten(label, 30))
    return {
        "Word": [escape(shorten(each.word.text, 40)) for each in shortcuts],
        f"In training texts: “{name}”, others": [
            f"{_share(each.in_label, each.label_texts)}, {_share(each.in_others, each.other_texts)}"
            for each in shortcuts
        ],
        "Right, then masked": [_change(each.masked) for each in shortcuts],
        f"Called “{name}”": [f"{each.masked.called_before:,} → {each.masked.called_after:,}" for each in shortcuts],
    }


def _share(part: int, whole: int) -> str:
    return percent(part / whole, 1) if whole else "none"


def _change(masked: Masked) -> str:
    before, after = (percent(right / masked.texts, 0) for right in (masked.right_before, masked.right_after))
    words = f"{before} → {after}"
    return f"{f'**{words}**' if masked.p_value < _LUCK else words} of {masked.texts:,}"


def about_shortcuts(found: WordFindings, label: str) -> str:
    """Return what the table of shortcuts shows, or why there is none; Markdown."""
    name = escape(shorten(label, 40))
    if not found.suspected:
        return (
            "No word looks like a shortcut: none of those that surely spoke for the answer is rare in the training "
            f"texts of other labels than “{name}”."
        )
    masked = [each.word.text for each in found.shortcuts if each.masked.p_value < _LUCK]
    told = f"Of {count(found.suspected, 'word')} that could be shortcuts, {_all_or(found)} masked"
    if not masked:
        return f"{told}: for none does the accuracy change by more than luck explains."
    names = listed([f"**{quoted(each)}**" for each in masked[:_NAMED]])
    return f"{told}: without {names} the accuracy on the texts that contain it changes by more than luck explains."


def _all_or(found: WordFindings) -> str:
    masked = len(found.shortcuts)
    return "all were" if masked == found.suspected else f"{masked:,} {'was' if masked == 1 else 'were'}"


SHORTCUTS = (
    "Listed are words that surely spoke for the answer, stand at least three times as often in training texts of the "
    "label as in others (Fisher's exact test, Bonferroni), numbers, handles, tags, addresses and marks first. A good "
    "reason looks the same as a shortcut: only a reader can tell them apart. Each was replaced by the mask token in "
    "test texts of all labels that contain it (a random 300 of more). In bold: luck hardly explains the change in "
    "right answers (exact McNemar test, times the number of words masked)."
)
