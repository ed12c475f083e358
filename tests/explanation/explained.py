"""Classifiers that have something to explain, for the tests of attribution."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.classifier import Classifier
from tests.explanation.architectures import classifier_of

TEXT = "the coffee was cold and the waiter was kind"
NAMES = tuple("abcdefghij")


@functools.cache
def smooth(tiny_base: Path, labels: int = 3) -> Classifier:
    """A random BERT that all words move, with so many labels."""
    classifier = classifier_of("bert", tiny_base, num_labels=labels)
    return replace(classifier, label_names=NAMES[:labels])


@functools.cache
def learned(learned_base: Path, *, complete: bool = False) -> Classifier:
    """The tiny BERT that tells praise from complaints, by few words and abruptly."""
    return load_classifier(learned_base, output_attentions=complete)
