"""Which test texts a study is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertdemo.errors import ExplanationError, RunError
from bertdemo.evaluation.metrics import Answered
from bertdemo.studies.records import Question

MOST_WORDS, MOST_MAP = 500, 1000  # texts of a study
LEAST_MAP = 3  # one text is a point and two are a line, whatever the model makes of them
_SEED = 0  # the same question has the same sample


def question_about(label_names: Sequence[str], predicted: str, truth: str | None = None) -> Question:
    """Return what moved the answers ``predicted``, to all texts or to those of the label ``truth``.

    Raises:
        ExplanationError: there is no such label.
    """
    return Question("words", _index(label_names, predicted), None if truth is None else _index(label_names, truth))


def choose(answered: Answered, question: Question, most: int) -> tuple[tuple[int, ...], int]:
    """Return places in the test part, a random sample of at most ``most`` in their order, and how many there are.

    Raises:
        ExplanationError: ``most`` is out of range.
        RunError: no test text is of this kind, or there are too few for a map.
    """
    what, least, limit = ("map", LEAST_MAP, MOST_MAP) if question.about == "map" else ("study", 1, MOST_WORDS)
    if not least <= most <= limit:
        raise ExplanationError(f"A {what} reads {least} to {limit:,} texts and not {most:,}: choose another number.")
    if question.about == "map" and len(answered) < LEAST_MAP:
        raise RunError(too_few_for_a_map(len(answered)))
    wanted = np.ones(len(answered), dtype=np.bool_)
    if question.predicted is not None:
        wanted &= answered.predicted == question.predicted
    if question.truth is not None:
        wanted &= answered.truth == question.truth
    places = np.flatnonzero(wanted)
    if not len(places):
        raise RunError("There is no test text with this answer: choose another label or cell.")
    if len(places) > most:
        places = np.sort(np.random.default_rng(_SEED).choice(places, most, replace=False))
    return tuple(places.tolist()), int(wanted.sum())


def too_few_for_a_map(texts: int) -> str:
    """Return why there is no map, and what to do, as a sentence."""
    return f"A map needs {LEAST_MAP} test texts at the least, and this run has {texts}: fine-tune with more data."


def _index(label_names: Sequence[str], label: str) -> int:
    if label not in label_names:
        known = ", ".join(label_names[:20])
        raise ExplanationError(f"There is no label {label[:60]!r}: choose one of {known}.")
    return label_names.index(label)
