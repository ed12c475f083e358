"""What the methods that leave words out have in common: occlusion, and by Captum LIME and Kernel SHAP.

Their inputs are the words: 1 is there, 0 has its baseline's vectors. Tokens of a word share its score evenly. Each call
has random numbers of its own, from its seed, so that calls in several threads neither wait for each other nor get
numbers that depend on one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.function import ExplainedOutput, interpolate
from bertdemo.explanation.tokenized_text import TokenizedText

if TYPE_CHECKING:
    from torch import Tensor

# Pairs of complements come as near with these as 2.7 times as many samples drawn one by one (benchmarks/README.md).
_SAMPLES = 110
_SAMPLES_A_WORD = 1.5
_MOST_SAMPLES = 370

# A source of random numbers, and how many words there are → samples (words,) of 0 and 1 without end.
Draw = Callable[[np.random.Generator, int], Iterator[NDArray[np.int64]]]
Present = Callable[["Tensor"], "Tensor"]  # (n, words) of 0 and 1 → outputs (n,)


def number_of_samples(tokenized: TokenizedText) -> int:
    """Return how many versions of a text LIME and Kernel SHAP look at: more where there are more words."""
    return min(int(_SAMPLES + _SAMPLES_A_WORD * len(tokenized.words)), _MOST_SAMPLES)


def sampler(seed: int, draw: Draw) -> Callable[..., Iterator[Tensor]]:
    """Return what Captum asks for samples, (1, words) each.

    Its own draw from what torch and NumPy keep for the whole process: two explanations would have to wait for each
    other, or get numbers that depend on one another.
    """

    def sample(words: Tensor, **_: object) -> Iterator[Tensor]:
        import torch

        for present in draw(np.random.default_rng(seed), words.shape[1]):
            yield torch.from_numpy(present[None]).to(words.device)

    return sample


def words_and_function(output: ExplainedOutput, vectors: Tensor, baseline: Tensor) -> tuple[Tensor, Present]:
    """Return all words there, (1, words), and the function that Captum asks.

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

    function = output.function(expand)

    def present(words: Tensor) -> Tensor:
        distinct, which = words.unique(dim=0, return_inverse=True)  # few words have few subsets, and small ones recur
        return function(distinct)[which]

    return vectors.new_ones(1, len(tokenized.words)), present


def to_tokens(tokenized: TokenizedText, scores: Tensor) -> NDArray[np.float64]:
    """Divide the scores of words, (1, words), evenly among their tokens: (tokens,)."""
    of_words = scores[0].detach().double().cpu().numpy()
    of_tokens = np.zeros(len(tokenized))
    for word, score in zip(tokenized.words, of_words, strict=True):
        of_tokens[list(word.tokens)] = score / len(word.tokens)
    return of_tokens
