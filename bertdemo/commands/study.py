"""``study --run RUN``: what moved the answers to many test texts, or where these lie before and after fine-tuning."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertdemo.commands.console import Console, Subparsers, add_command
from bertdemo.commands.following import follow_to_result, message_with_time
from bertdemo.errors import ExplanationError
from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset
    from bertdemo.studies.records import (
        MapFindings,
        Question,
        Shortcut,
        StudyCard,
        View,
        WordFinding,
        WordFindings,
    )

_SHOWN = 12  # words in each direction, for people


def add(subparsers: Subparsers) -> None:
    """Add the arguments of the question."""
    parser = add_command(subparsers, "study", "Explain many test texts: a label, a cell, or all as a map.", run)
    parser.add_argument("--run", dest="id", required=True, metavar="RUN", help="id of the run, as listed by runs")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--label", metavar="L", help="the test texts that it called L; without: the map of all texts")
    which.add_argument("--cell", nargs=2, metavar=("TRUE", "PREDICTED"), help="those of label TRUE called PREDICTED")
    parser.add_argument(
        "--texts", type=int, metavar="N", help="at most so many, a random sample (default: 500; a map 1,000)"
    )
    parser.add_argument("--baseline", metavar="B", help="pad (default), mask, zero or average; not of a map")


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Have it done by a process of its own; the same command again finds it done, or goes on where it stopped."""
    from bertdemo.runs.store import Runs
    from bertdemo.studies.store import Studies

    studies, runs = Studies(settings), Runs(settings)
    runs.model_folder(arguments.id)
    question = _question(arguments, runs.folder(arguments.id).data_card().label_names)
    if question.about == "map" and arguments.baseline is not None:
        raise ExplanationError("A map compares with no baseline: leave out --baseline, or ask about a --label.")
    study_id = studies.submit(arguments.id, question, arguments.texts, baseline=arguments.baseline or "pad")
    follow_to_result(studies, study_id, output, lambda study: message_with_time(study.status))
    card = studies.folder(study_id).card
    test = runs.folder(arguments.id).split().part("test")
    about = {"run": card.run, "study": study_id, "model": card.model, "available": card.available}
    if card.question.about == "map":
        output.result(about | _map_values(studies.map(study_id), card, test), _map_lines(studies.map(study_id)))
    else:
        found = studies.words(study_id)
        output.result(about | _word_values(found, card, test), _word_lines(found, card))
    return 0


def _question(arguments: argparse.Namespace, label_names: Sequence[str]) -> Question:
    from bertdemo.studies.records import Question
    from bertdemo.studies.store import question_about

    if arguments.cell:
        truth, predicted = arguments.cell
        return question_about(label_names, predicted, truth)
    return Question("map") if arguments.label is None else question_about(label_names, arguments.label)


def _word_values(found: WordFindings, card: StudyCard, test: Dataset) -> dict[str, Any]:
    names, question = card.label_names, card.question
    return {
        "label": names[question.predicted or 0],
        "true_label": None if question.truth is None else names[question.truth],
        "against": None if question.against is None else names[question.against],
        "method": "integrated_gradients",
        "baseline": card.baseline,
        "texts": found.texts,
        "certified": found.certified,
        "in_bf16": found.in_bf16,
        "cut": found.cut,
        "compared": found.compared,
        "rare": found.rare,
        "words": [_word(word, test) for word in found.words],
        "suspected": found.suspected,
        "shortcuts": [_shortcut(each, test) for each in found.shortcuts],
    }


def _word(word: WordFinding, test: Dataset) -> dict[str, Any]:
    return asdict(word) | {"examples": [{"place": place, "text": test.texts[place]} for place in word.examples]}


def _shortcut(shortcut: Shortcut, test: Dataset) -> dict[str, Any]:
    return asdict(shortcut) | {"word": _word(shortcut.word, test)}


def _word_lines(found: WordFindings, card: StudyCard) -> Iterator[str]:
    from bertdemo.studies.words import NEVER_CERTIFIED

    label = card.label_names[card.question.predicted or 0]
    other = "" if card.question.against is None else f" and not {card.label_names[card.question.against]}"
    certified = f"{found.certified:,} certified (at most 1 % missing)"
    yield f"Why {label}{other}: {found.texts:,} of {card.available:,} test texts, {certified}."
    if found.certified < found.texts:
        yield NEVER_CERTIFIED
    if found.cut:
        yield f"{found.cut:,} are longer than the model reads: its answers rest on their beginnings, and so does this."
    yield "Mean attribution in logits, and its interval (95 % for all compared words at once)."
    for title, words in (("for it", _pushing(found, 1)), ("against it", _pushing(found, -1))):
        yield f"{title}:" if words else f"{title}: no word stands out."
        for word in words[:_SHOWN]:
            yield f"  {word.mean:+.2f} [{word.low:+.2f}, {word.high:+.2f}]  {word.text}  in {word.texts:,} texts"
    yield f"Words that look like shortcuts: {found.suspected:,}. A good reason looks the same: read them."
    for each in found.shortcuts:
        masked = each.masked
        yield (
            f"  {each.word.text}: in {each.in_label:,} of {each.label_texts:,} training texts of {label} and "
            f"{each.in_others:,} of {each.other_texts:,} others; masked in {masked.texts:,} test texts, right "
            f"{masked.right_before:,} before and {masked.right_after:,} after, p = {masked.p_value:.2g}"
        )


def _pushing(found: WordFindings, sign: int) -> list[WordFinding]:
    """Return the words whose interval lies on one side of zero."""
    from bertdemo.studies.words import surely

    return [word for word in found.words if sign * surely(word) > 0]


def _map_values(found: MapFindings, card: StudyCard, test: Dataset) -> dict[str, Any]:
    names = card.label_names
    points = [
        {
            "place": point.place, "text": test.texts[point.place], "label": names[point.truth],
            "predicted_label": names[point.predicted], "before": point.before, "after": point.after,
        }
        for point in found.points
    ]  # fmt: skip
    views = {"before": asdict(found.before) if found.before else None, "after": asdict(found.after)}
    return views | {"missing": found.missing or None, "precision": found.precision, "points": points}


def _map_lines(found: MapFindings) -> Iterator[str]:
    yield f"{len(found.points):,} test texts by the vector of their first token ([CLS])."
    if found.before is None:
        yield found.missing
    for title, view in (("before", found.before), ("after", found.after)):
        if view:
            yield _view_line(title, view)


def _view_line(title: str, view: View) -> str:
    first, second = (100 * share for share in view.explained)
    return (
        f"{title} fine-tuning: the nearest neighbour has the same label for {100 * view.neighbours:.1f} % of the texts "
        f"(chance: {100 * view.chance:.1f} %); two axes show {first:.1f} and {second:.1f} % of the variance"
    )
