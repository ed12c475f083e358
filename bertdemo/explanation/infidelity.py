"""Do the scores foretell what happens when words are masked?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.cancellation import ShouldStop, never
from bertdemo.explanation.masking import check_scores, explained, logits_without
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

INFIDELITY = (
    "Random words are masked: the share of the change in the output that the scores of these words do not foretell "
    "(Yeh et al., 2019). 0\u00a0% is perfect, 100\u00a0% no better than scores of 0."
)
LIMIT_OF_INFIDELITY = (
    "It asks the scores to add up as if words did not interact; scores are rescaled by the best factor first, so that "
    "methods with other units can be compared."
)


@dataclass(frozen=True)
class Infidelity:
    """``value`` as Captum has it, in logits², after the best rescaling; ``share`` of the mean squared change."""

    value: float
    share: float
    samples: int


def infidelity(
    classifier: Classifier,
    tokenized: TokenizedText,
    word_scores: NDArray[np.float64],
    target: int,
    against: int | None = None,
    *,
    samples: int = 100,
    seed: int = 0,
    should_stop: ShouldStop = never,
) -> Infidelity:
    """Return Captum's ``infidelity`` with words as features: up to half of them are masked at a time, chosen at random.

    Args:
        classifier: whose output is to be foretold.
        tokenized: of the text.
        word_scores: (words,)
        target: a label, as an index; ``against`` another one if a margin is explained.
        against: see ``target``.
        samples: how often words are masked.
        seed: of the random choice.
        should_stop: looked at between two batches.

    Raises:
        ExplanationError: fewer than two words, or scores that are not one a word.
        CancelledError: ``should_stop()`` became true.
    """
    import torch
    from captum.metrics import infidelity as captum_infidelity

    _check(tokenized, word_scores)
    erased = _random_sets(len(tokenized.words), samples, seed)
    seen: list[NDArray[np.float64]] = []  # Captum keeps the outputs to itself: without words, then of the whole text

    def output(present: torch.Tensor) -> torch.Tensor:
        logits = logits_without(classifier, tokenized, present.numpy() < 0.5, should_stop)
        seen.append(explained(logits, target, against))
        return torch.from_numpy(seen[-1])

    def erase(present: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        gone = torch.from_numpy(erased.astype(np.float64))
        return gone, present - gone

    present = torch.ones((1, len(tokenized.words)), dtype=torch.float64)
    scores = torch.from_numpy(word_scores.astype(np.float64))[None]
    value = float(captum_infidelity(output, erase, present, scores, n_perturb_samples=samples, normalize=True))
    change = float(np.mean((seen[0] - seen[1]) ** 2))
    return Infidelity(value, value / change if change else 0.0, samples)


def _check(tokenized: TokenizedText, word_scores: NDArray[np.float64]) -> None:
    if len(tokenized.words) == 1:
        raise ExplanationError(
            "The text has one word, so none can be masked beside another that stays: type a text of two words or more."
        )
    check_scores(tokenized, word_scores)


def _random_sets(words: int, samples: int, seed: int) -> NDArray[np.bool_]:
    """Return sets of 1 to half of the words, every size as likely as the others: (samples, words)."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, words // 2, size=samples, endpoint=True)
    ranks = rng.random((samples, words)).argsort(axis=1)
    return np.asarray(ranks < sizes[:, None])
