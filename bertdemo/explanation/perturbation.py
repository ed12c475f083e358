"""Methods that leave words out and look what the model says then, by Captum: occlusion, LIME and Kernel SHAP.

Their inputs are the words: 1 is there, 0 has its baseline's vectors. Tokens of a word share its score evenly. Gradient
SHAP stands beside them: it takes samples, too. Each call has random numbers of its own, from its seed, so that calls in
several threads neither wait for each other nor get numbers that depend on one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.function import ExplainedOutput, interpolate
from bertdemo.explanation.integrated_gradients import integral
from bertdemo.explanation.tokenized_text import TokenizedText

if TYPE_CHECKING:
    from torch import Tensor

GRADIENT_SAMPLES = 100  # of gradient SHAP: each costs as much as three of the others
_SAMPLES = 300
_SAMPLES_A_WORD = 4
_MOST_SAMPLES = 1000

# A source of random numbers, and how many words there are → samples (words,) of 0 and 1 without end.
Draw = Callable[[np.random.Generator, int], Iterator[NDArray[np.int64]]]
Present = Callable[["Tensor"], "Tensor"]  # (n, words) of 0 and 1 → outputs (n,)


def samples(tokenized: TokenizedText) -> int:
    """How many versions of a text LIME and Kernel SHAP look at: more where there are more words."""
    return min(_SAMPLES + _SAMPLES_A_WORD * len(tokenized.words), _MOST_SAMPLES)


def occlusion(output: ExplainedOutput, vectors: Tensor, baseline: Tensor) -> NDArray[np.float64]:
    """What the output loses when a word alone has its baseline's vectors (Zeiler & Fergus, 2014): (tokens,)."""
    from captum.attr import FeatureAblation

    words, present = _words(output, vectors, baseline)
    scores = FeatureAblation(present).attribute(words, perturbations_per_eval=words.shape[1])
    return _to_tokens(output.tokenized, scores)


def lime(output: ExplainedOutput, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
    """Weights of a sparse linear model of the output around the text (Ribeiro et al., 2016): (tokens,)."""
    from captum.attr import Lime

    words, present = _words(output, vectors, baseline)
    number = samples(output.tokenized)
    method = Lime(present, perturb_func=_sampler(seed, _halves))
    return _to_tokens(output.tokenized, method.attribute(words, n_samples=number, perturbations_per_eval=number))


def kernel_shap(output: ExplainedOutput, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
    """Shapley values of the words, by weighted least squares over samples (Lundberg & Lee, 2017): (tokens,)."""
    from captum.attr import KernelShap

    if len(output.tokenized.words) == 1:  # there is nothing to sample: the word is all that changes
        return occlusion(output, vectors, baseline)
    words, present = _words(output, vectors, baseline)
    number = samples(output.tokenized)
    method = KernelShap(present)
    method.perturb_func = _sampler(seed, _subsets)
    return _to_tokens(output.tokenized, method.attribute(words, n_samples=number, perturbations_per_eval=number))


def _sampler(seed: int, draw: Draw) -> Callable[..., Iterator[Tensor]]:
    """What Captum asks for samples, (1, words) each.

    Its own draw from what torch and NumPy keep for the whole process: two explanations would have to wait for each
    other, or get numbers that depend on one another.
    """

    def sample(words: Tensor, **_: object) -> Iterator[Tensor]:
        import torch

        for present in draw(np.random.default_rng(seed), words.shape[1]):
            yield torch.from_numpy(present[None]).to(words.device)

    return sample


def _halves(generator: np.random.Generator, words: int) -> Iterator[NDArray[np.int64]]:
    """Every word is there in half of the samples."""
    while True:
        yield generator.integers(2, size=words)


def _subsets(generator: np.random.Generator, words: int) -> Iterator[NDArray[np.int64]]:
    """All words, none, and then subsets whose sizes k have the weights of Shapley's kernel, (n − 1) / (k (n − k))."""
    yield np.ones(words, np.int64)
    yield np.zeros(words, np.int64)
    sizes = np.arange(1, words)
    chances = 1 / (sizes * (words - sizes))
    while True:
        size = generator.choice(sizes, p=chances / chances.sum())
        yield (generator.permutation(words) < size).astype(np.int64)


def gradient_shap(output: ExplainedOutput, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
    """Expected gradients (Erion et al., 2021) from one baseline, at random points of the way to the text: (tokens,)."""
    shares = np.random.default_rng(seed).uniform(size=GRADIENT_SAMPLES)
    return integral(output, vectors, baseline, shares, np.full(GRADIENT_SAMPLES, 1 / GRADIENT_SAMPLES))


def _words(output: ExplainedOutput, vectors: Tensor, baseline: Tensor) -> tuple[Tensor, Present]:
    """All words there, (1, words), and the function that Captum asks.

    Raises:
        ExplanationError: the model reads no word.
    """
    import torch

    tokenized = output.tokenized
    if not tokenized.words:
        raise ExplanationError("The model reads no word of this text, so there is none to leave out: type another one.")
    line = interpolate(baseline, vectors)
    # Special tokens stand on the last place, which is always there.
    place = torch.tensor([len(tokenized.words) if t.word is None else t.word for t in tokenized.tokens])
    place = place.to(vectors.device)

    def expand(words: Tensor) -> Tensor:
        return line(torch.cat([words, words.new_ones(len(words), 1)], dim=1)[:, place])

    return vectors.new_ones(1, len(tokenized.words)), output.function(expand)


def _to_tokens(tokenized: TokenizedText, scores: Tensor) -> NDArray[np.float64]:
    of_words = scores[0].detach().double().cpu().numpy()
    of_tokens = np.zeros(len(tokenized))
    for word, score in zip(tokenized.words, of_words, strict=True):
        of_tokens[list(word.tokens)] = score / len(word.tokens)
    return of_tokens
