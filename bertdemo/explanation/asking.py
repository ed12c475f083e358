"""Why this label? From a question in the words of a person to the scores of a text of any length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.function import label_number
from bertdemo.explanation.integrated_gradients import integrated_gradients
from bertdemo.explanation.methods import METHODS, attribute, check_method
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.explanation.windows import Whole, explain_windows, windows
from bertdemo.models.classifier import Classifier

USUAL_METHOD = "integrated_gradients"


@dataclass(frozen=True)
class Question:
    """What is asked of a classifier about a text.

    Args:
        target: why this label; None for the predicted one.
        against: and why not this one, which explains the margin of the two; None for the logit of the target alone.
        method: a key of ``METHODS``.
        baseline: what the text is compared with; None for the usual one, or where the method compares with nothing.
        steps: of integrated gradients; None for as many as it takes.
    """

    target: str | None = None
    against: str | None = None
    method: str = USUAL_METHOD
    baseline: str | None = None
    steps: int | None = None


def explain(
    classifier: Classifier,
    tokenized: TokenizedText,
    question: Question,
    predicted: str,
    progress: Callable[[str], None] = lambda _: None,
) -> Attribution | Whole:
    """Return the scores of a text, which are those of its windows where it is longer than the model reads.

    Args:
        classifier: that is explained.
        tokenized: the text.
        question: what is asked.
        predicted: the label that the classifier gives to the text.
        progress: told where it is before each window.

    Raises:
        ExplanationError: there is no such label or method, or the method does not take what is asked.
    """
    attribute_one = _asked(classifier, question, predicted)
    if not tokenized.truncated:
        return attribute_one(tokenized)
    found = windows(classifier, tokenized.text, tokenized.pair)

    def attribute_window(number: int, window: TokenizedText) -> Attribution:
        progress(f"window {number + 1:,} of {len(found.parts):,}")
        return attribute_one(window)

    return explain_windows(classifier, found, attribute_window)


def check_question(question: Question) -> None:
    """Refuse what contradicts itself, before a classifier is loaded.

    Raises:
        ExplanationError: the method takes no steps, or no baseline.
    """
    if question.steps is not None and question.method != USUAL_METHOD:
        raise ExplanationError(f"The steps are of {USUAL_METHOD}: leave them out for {question.method[:40]}.")
    method = METHODS.get(question.method)
    if question.baseline is not None and method is not None and not method.needs_baseline:
        raise ExplanationError(f"{question.method} compares with nothing: leave out the baseline.")


def _asked(classifier: Classifier, question: Question, predicted: str) -> Callable[[TokenizedText], Attribution]:
    """Return what to ask of a text, once it is known that it can be asked."""
    check_question(question)
    check_method(classifier, question.method)
    asked: dict[str, Any] = {
        "target": label_number(classifier, predicted if question.target is None else question.target),
        "against": None if question.against is None else label_number(classifier, question.against),
        "baseline": question.baseline or "pad",
    }
    if question.steps is not None:
        return lambda tokenized: integrated_gradients(classifier, tokenized, steps=question.steps, **asked)
    return lambda tokenized: attribute(classifier, tokenized, question.method, **asked)
