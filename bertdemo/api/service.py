"""What the HTTP interface does, without HTTP. Everything here blocks: call it in a thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bertdemo
from bertdemo.api.messages import Answer, Answers, Cost, Model, Models, Prediction, Question, Ready
from bertdemo.errors import PredictionError
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.models.encoding import batches_by_length, count_tokens, is_blank
from bertdemo.prediction.model_cache import ModelCache
from bertdemo.prediction.predict import Predictions, predict
from bertdemo.prediction.single import in_other_letters, remarks
from bertdemo.runs.records import Run
from bertdemo.runs.store import Runs

_PRECISION = "fp32"
_AT_ONCE = 8  # texts in one forward pass
_TURN = 0.0005  # seconds in which another thread takes the lock; one that is taken again at once is never free


def ready(runs: Runs) -> Ready:
    """Return whether runs can be listed; loads nothing."""
    return Ready(ready=True, version=bertdemo.__version__, models=len(_with_model(runs)))


def models(runs: Runs, models: ModelCache) -> Models:
    """Return all runs that can be asked."""
    return Models(models=[
        Model(
            run=run.id, name=run.name, created=run.created, data=run.data.name, base=run.recipe.base,
            labels=list(run.data.label_names), pairs=run.data.has_pairs, accuracy=run.accuracy, macro_f1=run.macro_f1,
            loaded=models.holds(run.id),
        )
        for run in _with_model(runs)
    ])  # fmt: skip


def answer(question: Question, runs: Runs, models: ModelCache) -> Answer | Answers:
    """Classify in fp32, where the answer to a text does not depend on the other texts of the request.

    Raises:
        RunError: the run has no classifier, or is damaged.
        PredictionError: a text is empty, or pairs are missing or too many.
    """
    texts, pairs = question.several, question.several_pairs
    _check(texts, pairs, runs.folder(question.run).data_card().has_pairs)
    predictions, seconds = _predict(models.classifier(question.run), texts, pairs)
    cost = Cost(run=question.run, milliseconds=1000 * seconds, precision=_PRECISION).model_dump()
    if question.text is None:
        return Answers(**cost, predictions=predictions)
    return Answer(**cost, **predictions[0].model_dump())


def _with_model(runs: Runs) -> list[Run]:
    return [run for run in runs.list() if run.status.state.has_model]


def _check(texts: Sequence[str], pairs: Sequence[str] | None, wants_pairs: bool) -> None:
    if wants_pairs and pairs is None:
        raise PredictionError("This run was trained on pairs of texts: give a pair for each text.")
    if pairs is not None and not wants_pairs:
        raise PredictionError("This run was trained on single texts: leave the pairs out.")
    for place, text in enumerate((*texts, *(pairs or ())), start=1):
        if is_blank(text):
            which = f"text {place}" if place <= len(texts) else f"pair {place - len(texts)}"
            raise PredictionError(f"There is nothing to classify: {which} is empty.")


def _predict(
    classifier: Classifier, texts: Sequence[str], pairs: Sequence[str] | None
) -> tuple[list[Prediction], float]:
    """Return a few texts of similar length at a time, so that a visitor of the pages waits for a few texts at most."""
    found: dict[int, Prediction] = {}
    seconds, placement = 0.0, choose_placement(_PRECISION)
    for rows in batches_by_length(range(len(texts)), [len(text) for text in texts], _AT_ONCE):
        some, their_pairs = [texts[row] for row in rows], [pairs[row] for row in rows] if pairs else None
        predicted = predict(classifier, some, their_pairs, placement=placement)
        _refuse_illegible(rows, predicted.unknown, pairs is not None)
        reading = _reading(classifier, some, their_pairs, predicted)
        seconds += predicted.seconds
        scored = zip(rows, predicted.probabilities, predicted.unknown.tolist(), reading, strict=True)
        for row, probabilities, unknown, read in scored:
            found[row] = Prediction(**_scores(classifier.label_names, probabilities), unknown_share=unknown, **read)
        time.sleep(_TURN)
    return [found[row] for row in range(len(texts))], seconds


def _refuse_illegible(rows: Sequence[int], unknown: NDArray[np.float32], has_pairs: bool) -> None:
    for row, share in zip(rows, unknown, strict=True):
        if np.isnan(share):
            which = f"text {row + 1}{' or of its pair' if has_pairs else ''}"
            raise PredictionError(f"There is nothing to classify: the model can read nothing of {which}.")


def _reading(
    classifier: Classifier, texts: Sequence[str], pairs: Sequence[str] | None, predicted: Predictions
) -> list[dict[str, Any]]:
    """Of each text, the tokens that were read and whether there were more, and what is remarkable about them."""
    return [
        {
            "tokens": length,
            "truncated": length >= classifier.max_length < count_tokens(classifier, text, pair),
            "remarks": remarks(float(unknown), in_other_letters(classifier, text)),
        }
        for text, pair, length, unknown in zip(
            texts, pairs or repeat(None, len(texts)), predicted.lengths, predicted.unknown, strict=True
        )
    ]


def _scores(label_names: Sequence[str], probabilities: NDArray[np.float64]) -> dict[str, Any]:
    order = np.argsort(-probabilities, kind="stable")
    scores = {label_names[label]: float(probabilities[label]) for label in order}
    label, confidence = next(iter(scores.items()))
    return {"label": label, "confidence": confidence, "scores": scores}
