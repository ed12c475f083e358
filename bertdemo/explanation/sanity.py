"""Is an explanation about what the model has learned? It is made again for one that has forgotten it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.function import ShouldStop, check_cancelled, never
from bertdemo.explanation.masking import Explain, check_words, private_copy
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FEWEST_WORDS = 5  # of fewer, any two orders are alike often enough
# One-sided 5 % point of the normal distribution; the rank correlation of n independent values has variance 1 / (n − 1).
_RARE = 1.645
_CUTS = 3  # stages between the head and the token embeddings

MEANING = (
    "The weights of a copy of the model are replaced by random ones, from the head down (Adebayo et al., 2018): an "
    "explanation of what was learned has to change. Compared are the sizes of the scores, without their signs."
)
LIMIT = "It can show that an explanation is wrong; that it changes does not show that it is right."


@dataclass(frozen=True)
class Stage:
    """``name`` says which weights are random; ``correlations`` (seeds,) are Spearman's, of |word scores|."""

    name: str
    correlations: tuple[float, ...]

    @property
    def correlation(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.correlations))


@dataclass(frozen=True)
class Sanity:
    """What became of an explanation as the model forgot.

    Args:
        stages: the more of the weights are random, from the head down to all of them.
        original: (words,) the scores under test.
        randomised: (words,) those of the last stage's first draw.
        chance: scores that have nothing to do with each other reach a mean correlation above this one time in 20.
    """

    stages: tuple[Stage, ...]
    original: NDArray[np.float64]
    randomised: NDArray[np.float64]
    chance: float

    @property
    def passed(self) -> bool | None:
        """Whether the scores of the wholly random model are unrelated; None where the words are too few to tell."""
        if len(self.original) < FEWEST_WORDS:
            return None
        return self.stages[-1].correlation <= self.chance

    @property
    def verdict(self) -> str:
        """The same in a sentence."""
        if self.passed is None:
            there = "1 is" if len(self.original) == 1 else f"{len(self.original)} are"
            return f"The text has too few words to tell: {FEWEST_WORDS} are needed, {there} there."
        correlation = f"{self.stages[-1].correlation:z.2f}".replace("-", "\u2212")
        figure = f"rank correlation {correlation}, by chance up to {self.chance:.2f}"
        if self.passed:
            return f"With random weights the scores are others ({figure}): they depend on what the model has learned."
        return (
            f"With random weights the scores are much the same ({figure}): part of them is not about what was learned."
        )


def sanity(
    classifier: Classifier,
    tokenized: TokenizedText,
    explain: Explain,
    *,
    seeds: int = 2,
    should_stop: ShouldStop = never,
    report: Callable[[int, int], object] = lambda _done, _all: None,
) -> Sanity:
    """Explain private copies of the model in which ever more weights are random.

    Args:
        classifier: stays as it is.
        tokenized: of the text.
        explain: as the explanation under test was made.
        seeds: random draws a stage.
        should_stop: looked at between two explanations.
        report: is told how many explanations of how many are made.

    Raises:
        ExplanationError: the text has no words.
        CancelledError: ``should_stop()`` became true.
    """
    check_words(tokenized, ())
    parts = stages(classifier.model)
    original, correlations = explain(classifier, tokenized), list[tuple[float, ...]]()
    last: list[NDArray[np.float64]] = []
    for done, names in enumerate(parts.values()):
        last = []
        for seed in range(seeds):
            check_cancelled(should_stop)
            report(done * seeds + seed, len(parts) * seeds)
            last.append(explain(with_random_weights(classifier, names, seed), tokenized))
        correlations.append(tuple(rank_correlation(original, scores) for scores in last))
    report(len(parts) * seeds, len(parts) * seeds)
    chance = _RARE / float(np.sqrt(max(1, len(original) - 1) * seeds))
    found = tuple(Stage(name, each) for name, each in zip(parts, correlations, strict=True))
    return Sanity(found, original, last[0], chance)


def stages(model: PreTrainedModel) -> dict[str, frozenset[str]]:
    """Return parts of a model's weights that become random, each with all that is above it.

    Its name → parameter names.
    """
    names = frozenset(name for name, _ in model.named_parameters())
    vectors = frozenset(name for name in names if "embeddings" in name and ".layer" not in name)
    layers = _layers(model)
    above = names - vectors - frozenset().union(*layers)
    cuts = sorted({round(len(layers) * step / _CUTS) for step in range(1, _CUTS + 1)} - {0})
    found = {"the head": above}
    for count in cuts:
        first = len(layers) - count
        which = "all layers" if count == len(layers) else f"layers {first + 1} to {len(layers)}"
        found[f"the head and {which}"] = above.union(*layers[first:])
    return found | {"all weights": names}


def _layers(model: PreTrainedModel) -> list[frozenset[str]]:
    """Return names of the parameters of each layer, from the first to the last.

    Of the longest list of modules there is.
    """
    from torch.nn import ModuleList

    lists = [(name, part) for name, part in model.named_modules() if isinstance(part, ModuleList)]
    name, layers = max(lists, key=lambda each: len(each[1]))
    return [frozenset(f"{name}.{row}.{own}" for own, _ in layer.named_parameters()) for row, layer in enumerate(layers)]


def with_random_weights(classifier: Classifier, names: Collection[str], seed: int) -> Classifier:
    """Return a private copy in which these parameters are as a BERT's before training.

    Matrices are drawn from a normal distribution of the deviation in the model's configuration (.02 in BERT), biases
    are 0 and factors of layer norms 1.
    """
    import torch

    copy, generator = private_copy(classifier, names), torch.Generator().manual_seed(seed)
    deviation = float(getattr(copy.model.config, "initializer_range", 0.02))
    with torch.no_grad():
        for name, weight in copy.model.named_parameters():
            if name not in names:
                continue
            if weight.dim() > 1:
                weight.copy_(torch.randn(weight.shape, generator=generator) * deviation)
            else:
                weight.fill_(0.0 if name.endswith("bias") else 1.0)
    return copy


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return Spearman's, of the sizes of two sets of scores; 0 where one of them is the same for all words."""
    from scipy.stats import rankdata

    ranks = [rankdata(np.abs(scores)) for scores in (one, other)]
    if any(np.ptp(each) == 0 for each in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])
