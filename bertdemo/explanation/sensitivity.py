"""Do the scores stay what they are when next to nothing changes?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bertdemo.explanation.cancellation import ShouldStop, check_cancelled, never
from bertdemo.explanation.copies import Explain, shiftable
from bertdemo.explanation.forward import vectors_of
from bertdemo.explanation.masking import check_words
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

RADIUS = 0.1  # of the standard deviation of the coordinates of the text's token embeddings
SENSITIVITY = (
    "How much the scores change, relative to their size, when the token embeddings are shifted too little to matter: "
    "the largest of ten random shifts (Yeh et al., 2019). Low is steady."
)
LIMIT_OF_SENSITIVITY = "An explanation that never changes is steady and may still be wrong."


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
