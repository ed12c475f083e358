"""An attribution as plain values: what is taken away as JSON, with all that it takes to compute it again."""

from __future__ import annotations

import hashlib
from typing import Any

from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.integrated_gradients import nodes
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.single import Answer

_HOW = (
    "output is a logit, not divided by the temperature (or logit(target) − logit(against)); word vectors of the text "
    "are x, those of the baseline b, in which special tokens keep theirs; a token's score is the sum over the width of "
    "(x − b) times Σ weights[i] · gradient of the output at b + shares[i] · (x − b), in fp32. With several baselines "
    "scores are their mean."
)


def to_json(attribution: Attribution, classifier: Classifier, answer: Answer) -> dict[str, Any]:
    """All of an attribution in values that JSON has words for.

    Args:
        attribution: of the text that ``answer`` is of.
        classifier: that was explained.
        answer: its prediction.
    """
    reading, labels = attribution.reading, classifier.label_names
    return {
        "prediction": {"label": answer.label, "scores": dict(answer.scores)},
        "target": labels[attribution.target],
        "against": None if attribution.against is None else labels[attribution.against],
        "method": attribution.method,
        "baseline": attribution.baseline,
        "n_steps": attribution.n_steps,
        "seed": attribution.seed,
        "output": attribution.output,
        "baseline_output": attribution.baseline_output,
        "difference": attribution.difference,
        "remainder": attribution.remainder,
        "relative_remainder": attribution.relative_remainder,
        "certified": attribution.certified,
        "tiny_difference": attribution.is_tiny,
        "signed": attribution.signed,
        "adds_up": attribution.adds_up,
        "text": reading.text,
        "pair": reading.pair,
        "truncated": reading.truncated,
        "tokens": [
            {"text": token.text, "start": token.start, "end": token.end, "part": token.part, "special": token.special,
             "score": score}
            for token, score in zip(reading.tokens, attribution.scores.tolist(), strict=True)
        ],
        "words": [
            {"text": word.text, "start": word.start, "end": word.end, "part": word.part, "score": score}
            for word, score in zip(reading.words, attribution.word_scores.tolist(), strict=True)
        ],
        "special_tokens": attribution.other,
        "model": {"sha256": weights_sha256(classifier), "labels": list(labels), "temperature": classifier.temperature},
        "ids": reading.ids.tolist(),
        "segments": None if reading.segments is None else reading.segments.tolist(),
        "integral": _integral(attribution),
        "versions": _versions(),
    }  # fmt: skip


def weights_sha256(classifier: Classifier) -> str:
    """SHA-256 over names and bytes of all weights, in the order of their names: the same in whatever files they lie."""
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
    shares, weights = nodes(attribution.n_steps)
    return {"how": _HOW, "shares": shares.tolist(), "weights": weights.tolist()}


def _versions() -> dict[str, str]:
    import captum
    import torch
    import transformers

    return {"torch": torch.__version__, "transformers": transformers.__version__, "captum": captum.__version__}
