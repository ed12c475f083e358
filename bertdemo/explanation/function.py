"""What is explained, as a function that Captum can take: the logit of a label, or the margin of two.

Its inputs are shares: 1 leaves a token as it is, 0 is its baseline, and between them lies the straight line of word
vectors. A gradient by a share is the gradient by the token embedding times its way from the baseline, summed over the
vector: what integrated gradients and their kin ask for, at one number a token.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertdemo.errors import ExplanationError
from bertdemo.explanation.cancellation import ShouldStop, check_cancelled, never
from bertdemo.explanation.forward import check_starts_from_vectors, logits_of, tables_of, word_vectors
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement

if TYPE_CHECKING:
    from torch import Tensor

# Products of a weight and a token, forward and backward, while the lock is held: .2 s on two cores.
_PIECE = {"cpu": 7e9}
_PIECE_ELSEWHERE = 1e11
_FORWARD_ALONE = 3  # times as fast

Expand = Callable[["Tensor"], "Tensor"]  # (n, …) → token embeddings (n, tokens, width)


@dataclass(frozen=True)
class ExplainedOutput:
    """A logit of a text, or the margin logit(``target``) − logit(``against``); labels are indices.

    Raises:
        ExplanationError: a label that there is not, or a label against itself.
    """

    classifier: Classifier
    tokenized: TokenizedText
    target: int
    against: int | None = None
    should_stop: ShouldStop = never

    def __post_init__(self) -> None:
        labels = self.classifier.label_names
        for label in (self.target, self.against):
            if label is not None and not 0 <= label < len(labels):
                raise ExplanationError(f"There is no label number {label}: choose one from 0 to {len(labels) - 1}.")
        if self.target == self.against:
            raise ExplanationError("A label cannot be held against itself: choose two different ones.")

    def of(self, logits: Tensor) -> Tensor:
        """Return (n,) of logits (n, labels)."""
        return logits[:, self.target] if self.against is None else logits[:, self.target] - logits[:, self.against]

    def vectors(self) -> Tensor:
        """Return the token embeddings of the text where the model is run: (1, tokens, width).

        Raises:
            ExplanationError: the model cannot be run from token embeddings on.
        """
        with self.classifier.lock:
            self.classifier.model.to(choose_placement("fp32").device)  # type: ignore[arg-type]
            check_starts_from_vectors(self.classifier, self.tokenized)
            return word_vectors(self.classifier, self.tokenized)

    def function(self, expand: Expand) -> Callable[[Tensor], Tensor]:
        """Return inputs (n, …) to outputs (n,), with gradients: fp32, in pieces between which others may use the model.

        ``expand`` makes token embeddings of a piece of the inputs. A gradient is computed along with its output, so
        that the memory of one piece is all that is taken, however many inputs there are.

        Raises (when called):
            CancelledError: ``should_stop()`` became true.
        """
        import torch

        def piece(inputs: Tensor, wants_gradient: bool) -> tuple[Tensor, Tensor | None]:
            """Return outputs (rows,) and their gradient by the inputs (rows, …)."""
            check_cancelled(self.should_stop)
            with self.classifier.lock, torch.set_grad_enabled(wants_gradient):
                inputs = inputs.detach().requires_grad_(wants_gradient)
                outputs = self.of(logits_of(self.classifier, self.tokenized, expand(inputs)))
                if not wants_gradient:
                    return outputs, None
                (gradient,) = torch.autograd.grad(outputs.sum(), inputs)  # of the inputs alone: no weight is touched
                return outputs.detach(), gradient

        def in_pieces(inputs: Tensor) -> Tensor:
            outputs: Tensor = _pieces().apply(inputs, piece, self.rows_at_once)
            return outputs

        return in_pieces

    @functools.cached_property
    def rows_at_once(self) -> int:
        """How many versions of the text go through the model while the lock is held."""
        return rows_at_once(self.classifier, len(self.tokenized))


def rows_at_once(classifier: Classifier, tokens: int, *, backward: bool = True) -> int:
    """Return how many texts of so many tokens make a piece: .2 s on two cores, or one text where that takes longer.

    A text of 512 tokens takes about .8 s with a model of the size of BERT-base, half of that without ``backward``.
    """
    model = classifier.model
    table: Any = tables_of(classifier)[0].weight  # it is looked up, not multiplied
    weights = sum(weight.numel() for weight in model.parameters()) - table.numel()
    piece = _PIECE.get(model.device.type, _PIECE_ELSEWHERE) * (1 if backward else _FORWARD_ALONE)
    return max(1, int(piece / (weights * tokens)))


def interpolate(baseline: Tensor, vectors: Tensor) -> Expand:
    """Return shares (n, tokens) to token embeddings on the straight line from ``baseline`` (0) to ``vectors`` (1).

    Both are (1, tokens, width).
    """
    way = vectors - baseline

    def expand(shares: Tensor) -> Tensor:
        return baseline + shares[..., None] * way

    return expand


def label_number(classifier: Classifier, name: str) -> int:
    """Return the index of a label.

    Raises:
        ExplanationError: there is none of that name.
    """
    if name not in classifier.label_names:
        known = ", ".join(classifier.label_names[:20])
        raise ExplanationError(f"There is no label called {name[:40]!r}: this run knows {known}.")
    return classifier.label_names.index(name)


@functools.cache
def _pieces() -> Any:
    import torch

    class Pieces(torch.autograd.Function):
        """A function of rows, computed in pieces; its gradient is there as soon as its value."""

        @staticmethod
        def forward(ctx: Any, inputs: Tensor, piece: Any, rows: int) -> Tensor:
            found = [piece(part, ctx.needs_input_grad[0]) for part in inputs.split(rows)]
            if ctx.needs_input_grad[0]:
                ctx.save_for_backward(torch.cat([gradient for _, gradient in found]))
            return torch.cat([outputs for outputs, _ in found])

        @staticmethod
        def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor, None, None]:
            (gradient,) = ctx.saved_tensors
            return gradient * outputs[0].reshape(-1, *[1] * (gradient.ndim - 1)), None, None

    return Pieces
