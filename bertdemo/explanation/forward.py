"""The model from its token embeddings on: what gradients are taken of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bertdemo.errors import ExplanationError
from bertdemo.explanation.blocks import FAMILIES, inputs_of
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bertdemo.explanation.tokenized_text import TokenizedText

_SAME = 1e-5  # of the largest logit, or of 1 where all are smaller; rounding stays below


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
    """What ``logits_of`` gives, and the hidden states before the first layer and after each: (n, tokens, width) each.

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
    """A context in which ``vectors`` (n, tokens, width) are what the model finds for ``ids`` (n, tokens).

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
                new = torch.cat([own[:, :late], vectors[:, :length], own[:, late + length :]], dim=1)
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
