"""How a text differs from all that a classifier was tested on, where what its answers are worth is not known."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.ui.kit import example_texts, resources

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bertdemo.data.dataset import Dataset
    from bertdemo.evaluation.slices import Familiar
    from bertdemo.prediction.single import Answer
    from bertdemo.runs.records import Run
    from bertdemo.ui.kit.text_input import Asked

_MOST = 1_000  # test texts that are looked at
_AT_ONCE = 128  # of them, while nobody else can use the classifier


def why(run: Run, asked: Asked, answer: Answer) -> str:
    """Return the difference in words; empty where there is none, or the test texts cannot be had."""
    from bertdemo.evaluation.slices import is_much, knows_share, main_script

    try:
        familiar = _familiar(run.id, run.created, run)
        if is_much(answer.unknown_share) and not knows_share(answer.unknown_share, _unknown(run.id, run.created, run)):
            return "in hardly any of them so much is unknown to the model"
    except BertDemoError:
        return ""
    text = _joined(asked.text, asked.pair)
    if not familiar.knows_script(text):
        return "hardly any of them is written in such letters" if main_script(text) else "hardly any has no letters"
    return "" if familiar.knows_length(text) else "hardly any of them is even half as long"


@st.cache_resource(show_spinner=False, max_entries=16)
def _familiar(run_id: str, created: float, _run: Run) -> Familiar:  # noqa: ARG001 (the key of the cache)
    from bertdemo.evaluation.slices import Familiar

    test = _tested(_run)
    return Familiar.of([_joined(*row) for row in zip(test.texts, test.pairs or repeat(None, len(test)), strict=True)])


@st.cache_resource(show_spinner=False, max_entries=16)
def _unknown(run_id: str, created: float, _run: Run) -> NDArray[np.float32]:  # noqa: ARG001 (the key of the cache)
    """Of each test text, the share that is unknown to the model: (texts,)."""
    from bertdemo.models.encoding import encode

    classifier, test = resources.models().classifier(run_id), _tested(_run)
    shares = []
    for start in range(0, len(test), _AT_ONCE):
        some = test.select(range(start, min(start + _AT_ONCE, len(test))))
        with classifier.lock:
            shares.append(encode(classifier, some.texts, some.pairs).unknown)
    return np.nan_to_num(np.concatenate(shares), nan=1.0)


def _tested(run: Run) -> Dataset:
    test = example_texts.tested_texts(run)
    return test.select(range(min(_MOST, len(test))))


def _joined(text: str, pair: str | None) -> str:
    return text if pair is None else f"{text} {pair}"
