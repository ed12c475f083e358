"""The process that does one run: ``python -m bertdemo.runs.worker FOLDER``.

With ``--wait`` instead it imports everything and waits to be told the folder on its standard input.

Load the base model, train it, load the best checkpoint from disk, test it once, compare it with the baseline.
Every way out ends in a final state with one sentence; tracebacks go to the log.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bertdemo.data.dataset import Dataset, Split
from bertdemo.errors import BertDemoError, CancelledError, StorageError, TrainingError
from bertdemo.models.catalog import base_name
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.pipeline import Pipeline, full_pipeline, import_everything
from bertdemo.runs.reporting import Reporter
from bertdemo.settings import Settings
from bertdemo.tasks.failures import is_wrong_input, sentence
from bertdemo.tasks.heartbeat import StatusWriter
from bertdemo.tasks.records import Request, State
from bertdemo.tasks.spare_worker import wait_for_work

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bertdemo.evaluation.report import TrainingSummary
    from bertdemo.models.classifier import Classifier
    from bertdemo.training.recipe import Recipe

_log = logging.getLogger("bertdemo.runs.worker")  # __name__ is __main__ here


def main(arguments: Sequence[str] | None = None) -> int:
    """Do the run, then start the next one that waits. Returns 0 if the run ended with a tested model."""
    from bertdemo.runs.store import Runs

    (path,) = sys.argv[1:] if arguments is None else arguments
    take_pipeline = full_pipeline
    if path == "--wait":
        path, imported = wait_for_work(import_everything, RunFolder)

        def take_pipeline() -> Pipeline:
            imported()
            return full_pipeline()

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("bertdemo").setLevel(logging.INFO)
    state = work(RunFolder(Path(path)), take_pipeline)
    Runs(Settings.from_environment(os.environ)).start_next()
    return 0 if state.has_model else 1


def work(folder: RunFolder, take_pipeline: Callable[[], Pipeline] = full_pipeline) -> State:
    """Do the whole run in this process and return the state it ended in."""
    from bertdemo.runs.store import Runs

    try:
        writer = Runs(Settings(folder.path.parents[1])).take_over(folder)
        if writer is None:  # cancelled, or given up as dead, before this process was up
            return folder.status().state
    except BertDemoError:
        # There is no status to write. The readers see that this process is gone and say so.
        _log.exception("the run could not be taken over")
        return State.FAILED
    try:
        with writer.heartbeats():
            state, message = _do(folder, writer, take_pipeline)
        return _end(folder, writer, state, message)
    except Exception as error:  # noqa: BLE001 - logged with its traceback, and told in the status
        return _fail(folder, writer, error)


def _do(folder: RunFolder, writer: StatusWriter, take_pipeline: Callable[[], Pipeline]) -> tuple[State, str]:
    recipe = folder.recipe()
    writer.update(State.STARTING, f"Loading the base model {base_name(recipe.base)}.")
    if writer.status.only_test:
        return _test_kept(folder, writer, recipe, take_pipeline)
    _raise_if_asked(folder, "stop", "cancel")
    pipeline, split = take_pipeline(), folder.split()
    folder.write_versions(pipeline.describe_machine())
    summary, stopped = _train(folder, writer, recipe, split, pipeline)
    writer.update(State.TESTING, "Testing the best model on texts it never saw.", remaining=None, trained=True)
    _judge(folder, recipe, split, summary, pipeline)
    if stopped:
        return State.STOPPED, f"Stopped at step {summary.steps}: the best model so far was kept and tested."
    return State.FINISHED, "Finished: the best model was tested."


def _test_kept(
    folder: RunFolder, writer: StatusWriter, recipe: Recipe, take_pipeline: Callable[[], Pipeline]
) -> tuple[State, str]:
    """Test the best model that lies in the folder of a run whose process was killed."""
    _raise_if_asked(folder, "cancel")
    pipeline, split = take_pipeline(), folder.split()
    summary = folder.summary_so_far(interrupted=not writer.status.trained)
    writer.update(State.TESTING, "Testing the best model that was kept on texts it never saw.", remaining=None)
    _judge(folder, recipe, split, summary, pipeline)
    if summary.interrupted:
        where = f"step {summary.steps:,} of {summary.planned_steps:,}"
        return State.STOPPED, f"Interrupted at {where}: the best model until then was tested."
    if summary.steps < summary.planned_steps and not recipe.patience:  # a person had stopped it before
        return State.STOPPED, f"Stopped at step {summary.steps}: the best model so far was kept and tested."
    return State.FINISHED, "Finished: the best model was tested."


def _train(
    folder: RunFolder, writer: StatusWriter, recipe: Recipe, split: Split, pipeline: Pipeline
) -> tuple[TrainingSummary, bool]:
    """Train, and tell whether a stop ended it; the trained weights are let go of when this returns."""
    classifier = pipeline.load_for_training(recipe, split.dataset.label_names)
    _raise_if_asked(folder, "stop", "cancel")
    reporter = Reporter(folder, writer)

    def keep(best: Classifier) -> None:
        reporter.flush()
        folder.keep_model(lambda draft: pipeline.save_classifier(best, draft), reporter.step)

    try:
        summary: TrainingSummary = pipeline.train(classifier, split, recipe, reporter, folder.request, keep)
    finally:
        reporter.flush()
    stopped = folder.request() == "stop" and summary.steps < summary.planned_steps
    if not folder.has_model():
        raise CancelledError
    return summary, stopped


def _judge(folder: RunFolder, recipe: Recipe, split: Split, summary: TrainingSummary, pipeline: Pipeline) -> None:
    """Test what was kept, as it lies on the disk, in the precision of the recipe.

    The report comes last: where there is one, there are answers and the temperature, too.
    """
    import numpy as np

    from bertdemo.evaluation.metrics import Answered, Answers
    from bertdemo.evaluation.report import Report, Scores

    classifier = pipeline.load_classifier(folder.model_path)
    placement = pipeline.choose_placement(recipe.precision)

    def answers_on(part: Dataset) -> Answered:
        """Return the answers, which have to be numbers."""
        _raise_if_asked(folder, "cancel")
        predictions = pipeline.predict(classifier, part.texts, part.pairs, placement=placement)
        _check_numbers(predictions.logits)
        return Answered(np.asarray(part.labels, dtype=np.int64), predictions.logits)

    def scores_of(answered: Answered) -> Scores:
        scores: Scores = pipeline.score(answered.truth, answered.predicted, split.dataset.label_names)
        return scores

    test, validation = answers_on(split.part("test")), answers_on(split.part("validation"))
    _raise_if_asked(folder, "cancel")
    baseline = pipeline.score_baseline(split)
    folder.write_answers(Answers(validation, test, baseline.predicted))
    pipeline.write_temperature(folder.model_path, pipeline.fit_temperature(validation.logits, validation.truth))
    folder.write_report(Report(scores_of(test), scores_of(validation), baseline.scores, baseline.seconds, summary))


def _check_numbers(logits: NDArray[np.float32]) -> None:
    import numpy as np

    if not np.isfinite(logits).all():  # arg max would take the first label for all of them, and a score come out
        raise TrainingError(
            "The model's answers are not numbers, so it cannot be tested: "
            "choose a smaller learning rate or precision fp32."
        )


def _raise_if_asked(folder: RunFolder, *requests: Request) -> None:
    if folder.request() in requests:
        raise CancelledError


def _end(folder: RunFolder, writer: StatusWriter, state: State, message: str, *, wrong_input: bool = False) -> State:
    """Say the last word; a cancel that came at any time before it is heard."""
    if folder.request() == "cancel":
        state, message, wrong_input = State.CANCELLED, folder.on_cancelled(), False
    writer.update(state, message, remaining=None, wrong_input=wrong_input)
    _log.info("%s: %s", state, message)
    return state


def _fail(folder: RunFolder, writer: StatusWriter, error: Exception) -> State:
    try:
        if isinstance(error, CancelledError):
            return _end(folder, writer, State.CANCELLED, "Stopped before there was a model to keep.")
        _log.error("the run ends here", exc_info=error)
        return _end(folder, writer, State.FAILED, sentence(error), wrong_input=is_wrong_input(error))
    except StorageError:
        # Nothing can be written any more. The readers see that this process is gone and say so.
        _log.exception("the final state could not be written")
        return State.FAILED


if __name__ == "__main__":
    sys.exit(main())
