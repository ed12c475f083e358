"""The process that does one job: ``python -m bertdemo.jobs.worker FOLDER LOCK``.

Load the classifier, predict the chunks of rows that are not yet kept, keep each. Every way out ends in a final state
with one sentence; tracebacks go to the log. Killed at any moment, the next worker goes on after the last chunk kept.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bertdemo.errors import RunError
from bertdemo.jobs.folder import NO_LABEL, JobFolder, PredictedChunk
from bertdemo.models.encoding import is_blank
from bertdemo.runs.versions import model_digest
from bertdemo.settings import Settings
from bertdemo.tasks.records import State
from bertdemo.tasks.worker import StatusWriter, raise_if_asked, run_task, run_worker

if TYPE_CHECKING:
    from bertdemo.prediction.predict import Predictions

# Texts and their second texts → predictions in their order.
Predictor = Callable[[Sequence[str], Sequence[str] | None], "Predictions"]


def main(arguments: Sequence[str]) -> int:
    """Do the job, then start the next one that waits. Returns 0 if the job finished."""
    from bertdemo.jobs.store import Jobs

    return 0 if run_worker(arguments, Jobs, work) is State.FINISHED else 1


def make_predictor(folder: JobFolder) -> Predictor:
    """Return the classifier of the job's run where it works fastest, or in fp32 if the job asks for that.

    Raises:
        RunError: the run or its model is gone, or is another one than when the job was made.
    """
    from bertdemo.models.devices import choose_placement
    from bertdemo.prediction.model_cache import ModelCache
    from bertdemo.prediction.predict import batches_at_once, predict
    from bertdemo.runs.store import Runs

    card, runs = folder.card, Runs(Settings(folder.home))
    if model_digest(runs.model_folder(card.run)) != card.model:
        raise RunError(f"The model of the run {card.run} is not the one this job began with: start the job again.")
    classifier = ModelCache(runs, capacity=1).classifier(card.run)
    placement = choose_placement("fp32" if card.exact else "auto")
    return functools.partial(predict, classifier, placement=placement, at_once=batches_at_once())


def work(folder: JobFolder, make_predictor: Callable[[JobFolder], Predictor] = make_predictor) -> State:
    """Do what is left of the job in this process and return the state it ended in."""
    return run_task(folder, lambda writer: _do(folder, writer, make_predictor))


def _do(folder: JobFolder, writer: StatusWriter, make_predictor: Callable[[JobFolder], Predictor]) -> tuple[State, str]:
    """Predict what is not yet kept, chunk by chunk."""
    writer.update(State.STARTING, f"Loading the classifier {folder.card.run_name}.")
    folder.drop_damaged_parts()
    raise_if_asked(folder, "cancel")
    predictor = make_predictor(folder)
    before = done = folder.rows_done()
    began, total = time.perf_counter(), folder.card.rows
    for chunk in sorted(set(range(folder.chunks())) - folder.done()):
        raise_if_asked(folder, "cancel")
        part = predict_chunk(folder, chunk, predictor)
        folder.write_part(chunk, part)
        done += len(part.labels)
        speed = (done - before) / (time.perf_counter() - began)
        message = f"Predicting: row {done:,} of {total:,} in {part.precision}."
        writer.update(State.PREDICTING, message, step=done, steps=total, speed=speed, remaining=(total - done) / speed)
    return State.FINISHED, "Finished: every row is predicted."


def predict_chunk(folder: JobFolder, chunk: int, predictor: Predictor) -> PredictedChunk:
    """Return the predictions of one chunk of rows; a row without a text, or one that the model can read, gets none."""
    texts, pairs = folder.texts(chunk)
    filled = [row for row, parts in enumerate(zip(texts, pairs or texts, strict=True)) if not any(map(is_blank, parts))]
    predictions = predictor([texts[row] for row in filled], None if pairs is None else [pairs[row] for row in filled])
    labels = np.full(len(texts), NO_LABEL, np.int32)
    probabilities = np.full((len(texts), len(folder.card.label_names)), np.nan, np.float32)
    unknown = np.full(len(texts), np.nan, np.float32)
    labels[filled], probabilities[filled] = predictions.labels, predictions.probabilities
    unknown[filled] = predictions.unknown
    labels[np.isnan(unknown)], probabilities[np.isnan(unknown)] = NO_LABEL, np.nan
    return PredictedChunk(labels, probabilities, unknown, predictions.seconds, predictions.cut, predictions.precision)


def import_everything() -> None:
    """Import what a job with a BERT needs, the parts that transformers would load only at first use included."""
    import pyarrow.parquet
    from transformers import AutoTokenizer, BertForSequenceClassification

    from bertdemo.prediction.model_cache import ModelCache

    del pyarrow, AutoTokenizer, BertForSequenceClassification, ModelCache


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
