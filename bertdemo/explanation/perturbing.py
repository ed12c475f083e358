"""Methods that leave words out and look what the model says then: occlusion, LIME and Kernel SHAP, by Captum.

Their inputs are the words: 1 is there, 0 has its baseline's vectors. Tokens of a word share its score evenly.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.cancelling import Cancelled, go_on_unless
from bertdemo.explanation.function import Output, between
from bertdemo.explanation.reading import Reading

if TYPE_CHECKING:
    from torch import Tensor

_RANDOM = threading.Lock()  # torch and NumPy have one source of random numbers for all threads
_LOOK = 0.1  # seconds between two looks at whether the work is called off
GRADIENT_SAMPLES = 100  # of gradient SHAP: each costs as much as three of the others
_SAMPLES = 300
_SAMPLES_A_WORD = 4
_MOST_SAMPLES = 1000

Present = Callable[["Tensor"], "Tensor"]  # (n, words) of 0 and 1 → outputs (n,)


def samples(reading: Reading) -> int:
    """How many versions of a text LIME and Kernel SHAP look at: more where there are more words."""
    return min(_SAMPLES + _SAMPLES_A_WORD * len(reading.words), _MOST_SAMPLES)


@contextmanager
def seeded(seed: int, cancelled: Cancelled) -> Iterator[None]:
    """The same random numbers for the same seed, and afterwards those of everybody else as if nothing had been.

    Raises:
        CancelledError: ``cancelled()`` became true while somebody else drew, one at a time.
    """
    while not _RANDOM.acquire(timeout=_LOOK):
        go_on_unless(cancelled)
    try:
        with _drawn_from(seed):
            yield
    finally:
        _RANDOM.release()


@contextmanager
def _drawn_from(seed: int) -> Iterator[None]:
    import torch

    with torch.random.fork_rng(devices=[]):
        before = np.random.get_state()
        np.random.seed(seed)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            np.random.set_state(before)


def occlusion(output: Output, vectors: Tensor, baseline: Tensor) -> NDArray[np.float64]:
    """What the output loses when a word alone has its baseline's vectors (Zeiler & Fergus, 2014): (tokens,)."""
    from captum.attr import FeatureAblation

    words, present = _words(output, vectors, baseline)
    scores = FeatureAblation(present).attribute(words, perturbations_per_eval=words.shape[1])
    return _to_tokens(output.reading, scores)


def lime(output: Output, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
    """Weights of a sparse linear model of the output around the text (Ribeiro et al., 2016): (tokens,)."""
    from captum.attr import Lime

    words, present = _words(output, vectors, baseline)
    number = samples(output.reading)
    with seeded(seed, output.cancelled):
        scores = Lime(present).attribute(words, n_samples=number, perturbations_per_eval=number)
    return _to_tokens(output.reading, scores)


def kernel_shap(output: Output, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
    """Shapley values of the words, by weighted least squares over samples (Lundberg & Lee, 2017): (tokens,)."""
    from captum.attr import KernelShap

    if len(output.reading.words) == 1:  # there is nothing to sample: the word is all that changes
        return occlusion(output, vectors, baseline)
    words, present = _words(output, vectors, baseline)
    number = samples(output.reading)
    with seeded(seed, output.cancelled):
        scores = KernelShap(present).attribute(words, n_samples=number, perturbations_per_eval=number)
    return _to_tokens(output.reading, scores)


def _words(output: Output, vectors: Tensor, baseline: Tensor) -> tuple[Tensor, Present]:
    """All words there, (1, words), and the function that Captum asks.

    Raises:
        ExplanationError: the model reads no word.
    """
    import torch

    reading = output.reading
    if not reading.words:
        raise ExplanationError("The model reads no word of this text, so there is none to leave out: type another one.")
    line = between(baseline, vectors)
    # Special tokens stand on the last place, which is always there.
    place = torch.tensor([len(reading.words) if t.word is None else t.word for t in reading.tokens])
    place = place.to(vectors.device)

    def expand(words: Tensor) -> Tensor:
        return line(torch.cat([words, words.new_ones(len(words), 1)], dim=1)[:, place])

    return vectors.new_ones(1, len(reading.words)), output.function(expand)


def _to_tokens(reading: Reading, scores: Tensor) -> NDArray[np.float64]:
    of_words = scores[0].detach().double().cpu().numpy()
    of_tokens = np.zeros(len(reading))
    for word, score in zip(reading.words, of_words, strict=True):
        of_tokens[list(word.tokens)] = score / len(word.tokens)
    return of_tokens
