"""Do the scores foretell what happens when words are masked, and stay what they are when next to nothing changes?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.function import ShouldStop, check_cancelled, never, vectors_of
from bertdemo.explanation.masking import Explain, check_scores, check_words, explained, logits_without, shiftable
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
RADIUS = 0.1  # of the standard deviation of the coordinates of the text's token embeddings
SENSITIVITY = (
    "How much the scores change, relative to their size, when the token embeddings are shifted too little to matter: "
    "the largest of ten random shifts (Yeh et al., 2019). Low is steady."
)
LIMIT_OF_SENSITIVITY = "An explanation that never changes is steady and may still be wrong."


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


@dataclass(frozen=True)
class Sensitivity:
    """``value``: largest relative change of the scores over ``samples`` shifts of the token embeddings.

    ``radius`` is the largest shift of any coordinate of a token embedding.
    """

    value: float
    radius: float
    samples: int


def sensitivity(
    classifier: Classifier,
    tokenized: TokenizedText,
    explain: Explain,
    *,
    samples: int = 10,
    seed: int = 0,
    should_stop: ShouldStop = never,
) -> Sensitivity:
    """Return Captum's ``sensitivity_max``: explanations of a private copy whose token embeddings are shifted a little.

    Args:
        classifier: stays as it is; the copy shares its weights.
        tokenized: of the text. Special tokens keep their vectors, so that a baseline made of them does, too.
        explain: makes the word scores under test.
        samples: random shifts.
        seed: of the shifts.
        should_stop: looked at between two explanations.

    Raises:
        ExplanationError: the text has no words.
        CancelledError: ``should_stop()`` became true.
    """
    import torch
    from captum.metrics import sensitivity_max

    check_words(tokenized, ())
    ids = np.unique(tokenized.ids[~tokenized.special])
    copy, shift = shiftable(classifier, ids)
    vectors = vectors_of(copy, torch.from_numpy(ids))
    radius = RADIUS * float(vectors.std())
    generator = torch.Generator().manual_seed(seed)

    def scores(shifts: torch.Tensor | tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        # Captum hands over a tuple or a tensor, and takes the rows of a tensor that comes back for parts of a tuple.
        return (torch.stack([one(each) for each in (shifts[0] if isinstance(shifts, tuple) else shifts)]),)

    def one(each: torch.Tensor) -> torch.Tensor:
        check_cancelled(should_stop)
        shift.copy_(each)
        with torch.enable_grad():  # Captum switches it off, and explanations may need it
            return torch.from_numpy(explain(copy, tokenized))

    def draw(shifts: torch.Tensor) -> torch.Tensor:
        return radius * (2 * torch.rand(shifts.shape, generator=generator) - 1).to(shifts)

    value = sensitivity_max(
        scores, torch.zeros_like(vectors)[None], draw, n_perturb_samples=samples, max_examples_per_batch=1
    )
    return Sensitivity(float(value), radius, samples)
