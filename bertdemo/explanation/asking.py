"""Why this label? From a question in the words of a person to the scores of a text of any length, and to plain values.

The values are what is taken away as JSON, with all that it takes to compute them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.function import label_number
from bertdemo.explanation.integrated_gradients import integrated_gradients, nodes
from bertdemo.explanation.methods import METHODS, attribute, check_method
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.explanation.windows import Whole, explain_windows, windows
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.single import Answer

USUAL_METHOD = "integrated_gradients"
_HOW = (
    "output is a logit, not divided by the temperature (or logit(target) − logit(against)); token embeddings of the "
    "text are x, those of the baseline b, in which special tokens keep theirs; a token's score is the sum over the "
    "width of (x − b) times Σ weights[i] · gradient of the output at b + shares[i] · (x − b), in fp32, or of weights "
    "rounded to bf16, with unfused attention, where precision says so; outputs are in fp32. With several baselines "
    "scores are their mean."
)
_MERGED = (
    "The text is longer than the model reads and is explained in windows that overlap, each by itself. A token's score "
    "is the mean over the windows that hold it. output, baseline_output, difference and remainder are means over the "
    "windows; relative_remainder and n_steps are the largest; certified says that all windows are; precision "
    "is bf16 where that of one is. prediction is that of the beginning alone, which is what the model reads of this "
    "text."
)


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


def as_values(found: Attribution | Whole, classifier: Classifier, answer: Answer) -> dict[str, Any]:
    """Return ``to_json`` of a text, or ``to_json_in_windows`` of one that is longer than the model reads."""
    if isinstance(found, Whole):
        return to_json_in_windows(found, classifier, answer)
    return to_json(found, classifier, answer)


def to_json(attribution: Attribution, classifier: Classifier, answer: Answer) -> dict[str, Any]:
    """Return all of an attribution in values that JSON has words for.

    Args:
        attribution: of the text that ``answer`` is of.
        classifier: that was explained.
        answer: its prediction.
    """
    tokenized = attribution.tokenized
    return {
        "prediction": {"label": answer.label, "scores": dict(answer.scores)},
        **_question(attribution, classifier),
        **_sums(attribution),
        "text": tokenized.text,
        "pair": tokenized.pair,
        "truncated": tokenized.truncated,
        **_scored(tokenized, attribution.scores),
        "integral": _integral(attribution),
        "overlap": 0,
        "windows": [],
        "versions": _versions(),
    }


def to_json_in_windows(whole: Whole, classifier: Classifier, answer: Answer) -> dict[str, Any]:
    """Return the same of a text that is longer than the model reads.

    The whole with merged scores, and all of each window.

    Args:
        whole: in several windows.
        classifier: that was explained.
        answer: its prediction for the beginning of the text.
    """
    windows, tokenized = whole.windows, whole.windows.whole
    return {
        "prediction": {"label": answer.label, "scores": dict(answer.scores)},
        **_question(whole.found[0], classifier),
        **_merged([_sums(each) for each in whole.found]),
        "text": tokenized.text,
        "pair": tokenized.pair,
        "truncated": answer.truncated,
        **_scored(tokenized, whole.scores),
        "integral": None,
        "overlap": windows.overlap,
        "merged": _MERGED,
        "windows": [
            {
                "start": window.start,
                "end": window.end,
                "prediction": _prediction(classifier, probabilities.tolist()),
                **_sums(found),
                **_scored(found.tokenized, found.scores, partial(windows.shift, window)),
                "integral": _integral(found),
            }
            for window, probabilities, found in zip(windows.parts, whole.probabilities, whole.found, strict=True)
        ],
        "versions": _versions(),
    }


def _question(attribution: Attribution, classifier: Classifier) -> dict[str, Any]:
    """Return what was asked of which model, and how."""
    labels = classifier.label_names
    return {
        "target": labels[attribution.target],
        "against": None if attribution.against is None else labels[attribution.against],
        "method": attribution.method,
        "baseline": attribution.baseline,
        "seed": attribution.seed,
        "signed": attribution.signed,
        "adds_up": attribution.adds_up,
        "model": {"sha256": weights_sha256(classifier), "labels": list(labels), "temperature": classifier.temperature},
    }


def _sums(attribution: Attribution) -> dict[str, Any]:
    """Return what the scores ought to add up to, and how far they do."""
    return {
        "n_steps": attribution.n_steps,
        "precision": attribution.precision,
        "output": attribution.output,
        "baseline_output": attribution.baseline_output,
        "difference": attribution.difference,
        "remainder": attribution.remainder,
        "relative_remainder": attribution.relative_remainder,
        "certified": attribution.certified,
        "tiny_difference": attribution.is_tiny,
    }


def _merged(windows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the sums of all windows, see ``_MERGED``; None where a window has none."""

    def over(merge: Callable[[list[float]], float], key: str) -> float | None:
        values = [window[key] for window in windows]
        return None if None in values else merge(values)

    means = {key: over(fmean, key) for key in ("output", "baseline_output", "difference", "remainder")}
    largest = {key: over(max, key) for key in ("n_steps", "relative_remainder")}
    all_certified = all(window["certified"] for window in windows)
    return {
        **means, **largest, "precision": min(window["precision"] for window in windows), "certified": all_certified,
        "tiny_difference": any(window["tiny_difference"] for window in windows),
    }  # fmt: skip


def _prediction(classifier: Classifier, probabilities: Sequence[float]) -> dict[str, Any]:
    scores = sorted(zip(classifier.label_names, probabilities, strict=True), key=lambda score: -score[1])
    return {"label": scores[0][0], "scores": dict(scores)}


def _scored(
    tokenized: TokenizedText, scores: NDArray[np.float64], shift: Callable[[int | None], int] = lambda _: 0
) -> dict[str, Any]:
    """Return ids, tokens and words with their scores; characters count from ``shift`` of their part."""
    return {
        "tokens": [
            {"text": token.text, "start": token.start + shift(token.part), "end": token.end + shift(token.part),
             "part": token.part, "special": token.special, "score": score}
            for token, score in zip(tokenized.tokens, scores.tolist(), strict=True)
        ],
        "words": [
            {"text": word.text, "start": word.start + shift(word.part), "end": word.end + shift(word.part),
             "part": word.part, "score": score}
            for word, score in zip(tokenized.words, tokenized.sum_to_words(scores).tolist(), strict=True)
        ],
        "special_tokens": float(scores[tokenized.special].sum()),
        "ids": tokenized.ids.tolist(),
        "segments": None if tokenized.segments is None else tokenized.segments.tolist(),
    }  # fmt: skip


def weights_sha256(classifier: Classifier) -> str:
    """Return SHA-256 over names and bytes of all weights, in the order of their names.

    The same in whatever files they lie.
    """
    digest = hashlib.sha256()
    with classifier.lock:  # not for as long as it takes to read them all: nobody changes weights
        weights = sorted(classifier.model.state_dict().items())
    for name, weight in weights:
        digest.update(name.encode())
        digest.update(weight.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _integral(attribution: Attribution) -> dict[str, Any] | None:
    if attribution.method != "integrated_gradients" or attribution.n_steps is None:
        return None
    shares, weights = nodes(attribution.n_steps, attribution.baseline or "pad")
    return {"how": _HOW, "shares": shares.tolist(), "weights": weights.tolist()}


def _versions() -> dict[str, str]:
    import captum
    import torch
    import transformers

    return {"torch": torch.__version__, "transformers": transformers.__version__, "captum": captum.__version__}
