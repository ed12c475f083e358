"""The stages of a run as one record of functions: tests hand over one that breaks at a chosen moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
