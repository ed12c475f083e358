"""What is explained, as a function that Captum can take: the logit of a label, or the margin of two.

Its inputs are shares: 1 leaves a token as it is, 0 is its baseline, and between them lies the straight line of word
vectors. A gradient by a share is the gradient by the token embedding times its way from the baseline, summed over the
vector: what integrated gradients and their kin ask for, at one number a token. Here also is the model from its token
embeddings on, of which gradients are taken, and how work is called off: it looks between two pieces, which
``rows_at_once`` keeps short.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation.blocks import FAMILIES, inputs_of
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement

if TYPE_CHECKING:
    from torch import Tensor, nn


ShouldStop = Callable[[], bool]
Precision = Literal["fp32", "bf16"]
_SAME = 1e-5  # of the largest logit, or of 1 where all are smaller; rounding stays below
# Products of a weight and a token, forward and backward, while the lock is held: .2 s on two cores.
_PIECE = {"cpu": 7e9}
_PIECE_ELSEWHERE = 1e11
_FORWARD_ALONE = 3  # times as fast
Expand = Callable[["Tensor"], "Tensor"]  # (n, …) → token embeddings (n, tokens, width)


def never() -> bool:
    """Return what work is given that nobody calls off."""
    return False


def check_cancelled(should_stop: ShouldStop) -> None:
    """Raise ``CancelledError`` once ``should_stop()`` is true."""
    if should_stop():
        raise CancelledError


def word_vectors(classifier: Classifier, tokenized: TokenizedText) -> Tensor:
    """Return token embeddings, before positions and segments are added: (1, tokens, width), without gradient."""
    import torch

    return vectors_of(classifier, torch.from_numpy(tokenized.ids)[None])


def vectors_of(classifier: Classifier, ids: Tensor) -> Tensor:
    """Return the token embeddings of token ids: (…, width), without gradient, scaled where the architecture does so.

    Raises:
        ExplanationError: the architecture has no table of token embeddings.
    """
    import torch

    with torch.no_grad():
        vectors: Tensor = tables_of(classifier)[-1](ids.to(classifier.model.device))
    return vectors


def logits_of(classifier: Classifier, tokenized: TokenizedText, vectors: Tensor) -> Tensor:
    """Return logits (n, labels), in fp32 and not divided by the temperature, of n versions of the embeddings.

    Args:
        classifier: in evaluation mode; whoever calls holds its ``lock``.
        tokenized: says positions, mask and segments, which are the same for all versions.
        vectors: (n, tokens, width); gradients flow back to them.
    """
    logits: Tensor = outputs_of(classifier, tokenized, vectors).logits.float()
    return logits


def logits_and_states_of(
    classifier: Classifier, tokenized: TokenizedText, vectors: Tensor
) -> tuple[Tensor, list[Tensor]]:
    """Return what ``logits_of`` does, and the hidden states before the first layer and after each, (n, tokens, width).

    After the last layer there is one token where the classifier computes no more. Gradients flow back to all of them.

    Raises:
        ExplanationError: the architecture has no such states of each token of the text.
    """
    outputs = outputs_of(classifier, tokenized, vectors, output_hidden_states=True)
    states = getattr(outputs, "hidden_states", None)
    if not states or any(each.shape[:2] != vectors.shape[:2] for each in states[:-1]):
        raise ExplanationError(
            f"The architecture {classifier.model.config.model_type} does not tell a state of each token after each "
            "layer: choose another view than that by layer."
        )
    return outputs.logits.float(), list(states)


def outputs_of(classifier: Classifier, tokenized: TokenizedText, vectors: Tensor, **wanted: bool) -> Any:
    """Return what the model returns for n versions of a reading's token embeddings (n, tokens, width).

    See ``logits_of``.

    The model is given the ids, of which it makes positions and finds the token that its head reads, and the vectors
    take the place of those it looks up: not every architecture makes the same of ``inputs_embeds``.

    Raises:
        ExplanationError: it looks up nothing for these ids.
    """
    inputs = {name: tensor.expand(len(vectors), -1) for name, tensor in inputs_of(classifier, tokenized).items()}
    with _looked_up(classifier, inputs["input_ids"], vectors):
        return classifier.model(**inputs, **wanted)


def check_starts_from_vectors(classifier: Classifier, tokenized: TokenizedText) -> None:
    """Check that a model answers the same from token embeddings as from ids: gradients are taken of the former.

    The architectures that we know do, and are not asked. Whoever calls holds the classifier's ``lock``.

    Raises:
        ExplanationError: it has no token embeddings, or makes something else of them.
    """
    import torch

    model = classifier.model
    if model.config.model_type in FAMILIES:
        return
    with torch.inference_mode():
        expected = model(**inputs_of(classifier, tokenized)).logits.float()
        found = logits_of(classifier, tokenized, word_vectors(classifier, tokenized))
    if abs(found - expected).max() > _SAME * max(1, abs(expected).max()):
        raise _not_from_vectors(model.config.model_type)


@contextmanager
def _looked_up(classifier: Classifier, ids: Tensor, vectors: Tensor) -> Iterator[None]:
    """Let the model find ``vectors`` (n, tokens, width) for ``ids`` (n, tokens) inside a context.

    Architectures look up a text as it is, with padding behind it, turned about (tokens, n), or, in a decoder, one token
    later.

    Raises:
        ExplanationError: it was used, and nothing was looked up.
    """
    import torch

    found, mine = 0, threading.get_ident()

    def replace(_: nn.Module, arguments: tuple[Tensor, ...], own: Tensor) -> Tensor | None:
        """Give our vectors for what the table would give, where it was asked for these ids."""
        nonlocal found
        if threading.get_ident() != mine or arguments[0].ndim != 2:  # somebody else looks up vectors meanwhile
            return None
        asked, turned = arguments[0], arguments[0].shape == ids.T.shape != ids.shape
        asked, own = (asked.T, own.transpose(0, 1)) if turned else (asked, own)
        for late in (0, 1):
            length = min(ids.shape[1], asked.shape[-1] - late)
            if torch.equal(asked[:, late : late + length], ids[:, :length]):
                found += 1
                ours = vectors[:, :length].to(own.dtype)
                new = torch.cat([own[:, :late], ours, own[:, late + length :]], dim=1)
                return new.transpose(0, 1) if turned else new
        return None

    hooks = [table.register_forward_hook(replace) for table in tables_of(classifier)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    if not found:
        raise _not_from_vectors(classifier.model.config.model_type)


def tables_of(classifier: Classifier) -> list[nn.Module]:
    """Return the modules that look up token embeddings: an encoder and a decoder may have one each."""
    model = classifier.model
    try:
        first = model.get_input_embeddings()
    except NotImplementedError as error:
        raise _not_from_vectors(model.config.model_type) from error
    weight = getattr(first, "weight", None)
    tables = [module for module in model.modules() if weight is not None and getattr(module, "weight", None) is weight]
    tables = [module for module in tables if hasattr(module, "num_embeddings")]
    if not tables:
        raise _not_from_vectors(model.config.model_type)
    return tables


def _not_from_vectors(architecture: str) -> ExplanationError:
    return ExplanationError(
        f"Attributions are not possible for the architecture {architecture}, which does not answer from word "
        "vectors as it does from text: choose a run with another base model."
    )


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

        def rows(wants_gradient: bool) -> int:
            return rows_at_once(self.classifier, len(self.tokenized), backward=wants_gradient)

        def in_pieces(inputs: Tensor) -> Tensor:
            outputs: Tensor = _pieces().apply(inputs, piece, rows)
            return outputs

        return in_pieces

    @property
    def precision(self) -> Precision:
        """The number format of the matrix products."""
        return precision_of(self.classifier)

    @functools.cached_property
    def rows_at_once(self) -> int:
        """How many versions of the text go through the model, forward and back, while the lock is held."""
        return rows_at_once(self.classifier, len(self.tokenized))


def rounds(classifier: Classifier) -> bool:
    """Return whether a classifier is faster with weights in bf16: a CPU that computes so natively."""
    placement = classifier.suit(choose_placement())
    return (placement.device, placement.precision) == ("cpu", "bf16")


def precision_of(classifier: Classifier) -> Precision:
    """Return the number format of its weights."""
    import torch

    return "bf16" if classifier.model.dtype is torch.bfloat16 else "fp32"


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
        def forward(ctx: Any, inputs: Tensor, piece: Any, rows: Callable[[bool], int]) -> Tensor:
            found = [piece(part, ctx.needs_input_grad[0]) for part in inputs.split(rows(ctx.needs_input_grad[0]))]
            if ctx.needs_input_grad[0]:
                ctx.save_for_backward(torch.cat([gradient for _, gradient in found]))
            return torch.cat([outputs for outputs, _ in found])

        @staticmethod
        def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor, None, None]:
            (gradient,) = ctx.saved_tensors
            return gradient * outputs[0].reshape(-1, *[1] * (gradient.ndim - 1)), None, None

    return Pieces
