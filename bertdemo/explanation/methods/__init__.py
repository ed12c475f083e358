"""The methods of attribution that are offered, one file each, under one call."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from bertdemo import registry
from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.function import ExplainedOutput, ShouldStop, never
from bertdemo.explanation.methods.method import Method
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

METHODS: Mapping[str, Method] = {method.key: method for method in registry.members(sys.modules[__name__], Method)}


def attribute(
    classifier: Classifier,
    tokenized: TokenizedText,
    method: str,
    target: int,
    against: int | None = None,
    *,
    baseline: str = "pad",
    seed: int = 0,
    should_stop: ShouldStop = never,
) -> Attribution:
    """Score tokens by any of ``METHODS``, for a logit or for the margin of two.

    Args:
        classifier: complete or not; predicting ones are a third faster.
        tokenized: the text.
        method: a key of ``METHODS``.
        target: a label, as an index.
        against: another label: explains logit(target) − logit(against).
        baseline: one of ``baselines.BASELINES``; without meaning for methods that need none.
        seed: of methods with samples; how many they take depends on the number of words.
        should_stop: asked between two pieces, see ``function.rows_at_once``.

    Whoever calls does not hold the classifier's lock: it is taken for each piece.

    Raises:
        ExplanationError: no such method, label or baseline; or the method does not apply to this classifier or text.
        CancelledError: ``should_stop()`` became true.
    """
    check_method(classifier, method)
    return METHODS[method].attribute(
        ExplainedOutput(classifier, tokenized, target, against, should_stop), baseline, seed
    )


def check_method(classifier: Classifier, method: str) -> None:
    """Refuse what is not offered.

    Raises:
        ExplanationError: there is no such method, or it does not apply to this classifier.
    """
    if method not in METHODS:
        raise ExplanationError(f"There is no method called {method[:40]!r}: choose one of {', '.join(METHODS)}.")
    if reason := METHODS[method].why_not(classifier):
        raise ExplanationError(f"{METHODS[method].name} is not offered for this model: {reason}")
