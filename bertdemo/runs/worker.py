"""The process that does one run: ``python -m bertdemo.runs.worker FOLDER LOCK``.

Load the base model, train it, load the best checkpoint from disk, test it once, compare it with the baseline.
Every way out ends in a final state with one sentence; tracebacks go to the log.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.data.dataset import Dataset, Split
from bertdemo.errors import CancelledError, TrainingError
from bertdemo.models.catalog import base_name
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.reporting import Reporter
from bertdemo.tasks.records import State
from bertdemo.tasks.worker import StatusWriter, raise_if_asked, run_task, run_worker

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bertdemo.evaluation.report import TrainingSummary
    from bertdemo.models.classifier import Classifier
    from bertdemo.training.recipe import Recipe


@dataclass(frozen=True)
class Pipeline:
    """One function for each stage of a run, with the signature of the module that it comes from."""

    load_for_training: Callable[..., Any]
    train: Callable[..., Any]
    save_classifier: Callable[..., None]
    load_classifier: Callable[..., Any]
    choose_placement: Callable[[str], Any]
    predict: Callable[..., Any]
    score: Callable[..., Any]
    score_baseline: Callable[..., Any]
    fit_temperature: Callable[..., float]
    write_temperature: Callable[[Path, float], None]
    describe_machine: Callable[[], dict[str, Any]]


def import_everything() -> None:
    """Import what a run with a BERT will need, the parts that transformers would load only at first use included."""
    from transformers import AutoTokenizer, BertForSequenceClassification

    full_pipeline()
    del AutoTokenizer, BertForSequenceClassification


def full_pipeline() -> Pipeline:
    """Return the library's own functions. Imports torch, transformers and scikit-learn, which takes seconds."""
    from bertdemo.evaluation.baseline import score_baseline
    from bertdemo.evaluation.calibration import fit_temperature
    from bertdemo.evaluation.metrics import score
    from bertdemo.models.checkpoints import load_classifier, save_classifier, write_temperature
    from bertdemo.models.devices import choose_placement
    from bertdemo.prediction.predict import predict
    from bertdemo.runs.versions import describe_machine
    from bertdemo.training.loading import load_for_training
    from bertdemo.training.loop import train

    return Pipeline(
        load_for_training=load_for_training,
        train=train,
        save_classifier=save_classifier,
        load_classifier=load_classifier,
        choose_placement=choose_placement,
        predict=predict,
        score=score,
        score_baseline=score_baseline,
        fit_temperature=fit_temperature,
        write_temperature=write_temperature,
        describe_machine=describe_machine,
    )


def main(arguments: Sequence[str]) -> int:
    """Do the run, then let the next one that waits start. Returns 0 if the run ended with a tested model."""
    from bertdemo.runs.store import Runs

    return 0 if run_worker(arguments, Runs, work).has_model else 1


def work(folder: RunFolder, take_pipeline: Callable[[], Pipeline] = full_pipeline) -> State:
    """Do the whole run in this process and return the state it ended in."""

    def do(writer: StatusWriter) -> tuple[State, str]:
        ended = _do(folder, writer, take_pipeline)
        raise_if_asked(folder, "cancel")  # heard whenever it came
        return ended

    return run_task(folder, do)


def _do(folder: RunFolder, writer: StatusWriter, take_pipeline: Callable[[], Pipeline]) -> tuple[State, str]:
    recipe = folder.recipe()
    writer.update(State.STARTING, f"Loading the base model {base_name(recipe.base)}.")
    if writer.status.only_test:
        return _test_kept(folder, writer, recipe, take_pipeline)
    raise_if_asked(folder, "stop", "cancel")
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
    raise_if_asked(folder, "cancel")
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
    raise_if_asked(folder, "stop", "cancel")
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
        raise_if_asked(folder, "cancel")
        predictions = pipeline.predict(classifier, part.texts, part.pairs, placement=placement)
        _check_numbers(predictions.logits)
        return Answered(np.asarray(part.labels, dtype=np.int64), predictions.logits)

    def scores_of(answered: Answered) -> Scores:
        scores: Scores = pipeline.score(answered.truth, answered.predicted, split.dataset.label_names)
        return scores

    test, validation = answers_on(split.part("test")), answers_on(split.part("validation"))
    raise_if_asked(folder, "cancel")
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
