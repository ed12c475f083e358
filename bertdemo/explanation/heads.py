"""What heads do: statistics of where each looks, a name for its habit, and what the answer loses without it.

One head and one token can be put under the glass: the numbers behind softmax(q·k / √d)·v (Vaswani et al., 2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.blocks import (
    NO_HEADS,
    AttentionInputs,
    Block,
    Head,
    ablate_heads,
    blocks_of,
    capture_attention_inputs,
    check_heads,
    inputs_of,
    only_one_off,
)
from bertdemo.explanation.function import ExplainedOutput, ShouldStop, check_cancelled, never, rows_at_once
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor


DOMINANT = 0.5  # share of the attention from which on a habit is named
_EVEN = 0.9  # share of the largest possible entropy from which on attention is called spread out
_SHARP = 1.0  # bits: two tokens share all attention equally
_TARGETS = {
    "first": "the first token ([CLS] or its like)",
    "separator": "the separators ([SEP] or its like)",
    "itself": "the token itself",
    "previous": "the previous token",
    "following": "the next token",
}
Vector = NDArray[np.float32]


@dataclass(frozen=True)
class HeadStatistics:
    """Where one head (``layer`` and ``head`` from 0) looks, averaged over the tokens of the words that look.

    Args:
        entropy: bits; 0 where all attention goes to one token, ``most_entropy`` where it is spread evenly.
        distance: mean distance in tokens between the token that looks and what it looks at.
        first: share of the attention that goes to the first token, [CLS].
        separator: the same for the other special tokens, [SEP].
        itself: for the token that looks.
        previous: for the token before it, averaged over those that have one in the text.
        following: for the token after it, likewise. Both NaN where the text has one token only.
    """

    layer: int
    head: int
    entropy: float
    most_entropy: float
    distance: float
    first: float
    separator: float
    itself: float
    previous: float
    following: float


def statistics(weights: NDArray[np.float32], tokenized: TokenizedText) -> tuple[HeadStatistics, ...]:
    """Return statistics of every head, layer by layer, in the manner of Clark et al. (2019).

    What special tokens look at is left out: it says nothing of words. A text of nothing but special tokens is the
    exception: then all of them count.

    Args:
        weights: (layers, heads, tokens, tokens).
        tokenized: whose weights they are.
    """
    looking = np.flatnonzero(~tokenized.special) if not tokenized.special.all() else np.arange(len(tokenized))
    most = math.log2(len(tokenized))
    return tuple(
        HeadStatistics(layer=layer, head=head, most_entropy=most, **{name: float(v[head]) for name, v in found.items()})
        for layer, found in enumerate(_statistics(of_layer, tokenized, looking) for of_layer in weights)
        for head in range(weights.shape[1])
    )


def _statistics(
    weights: NDArray[np.float32], tokenized: TokenizedText, looking: NDArray[np.intp]
) -> dict[str, NDArray[np.float64]]:
    """Of the heads of one layer: (heads,) for each field."""
    rows = weights[:, looking].astype(np.float64)  # (heads, tokens that look, tokens)
    places = np.arange(len(tokenized))
    return {
        "entropy": _entropy(rows).mean(axis=-1),
        "distance": (rows * abs(places - looking[:, None])).sum(axis=-1).mean(axis=-1),
        "first": rows[..., 0].mean(axis=-1),
        "separator": rows[..., np.flatnonzero(tokenized.special & (places > 0))].sum(axis=-1).mean(axis=-1),
        "itself": rows[:, np.arange(len(looking)), looking].mean(axis=-1),
        "previous": _neighbour(rows, looking, tokenized.special, -1),
        "following": _neighbour(rows, looking, tokenized.special, 1),
    }


def describe(statistics: HeadStatistics) -> str:
    """Return what a head does with this text, in words, with the figure that the words rest on and its threshold.

    One text shows a habit in this text, no law of the head.
    """
    shares = {name: getattr(statistics, name) for name in _TARGETS}
    name, share = max(shares.items(), key=lambda item: -1.0 if math.isnan(item[1]) else item[1])
    if share >= DOMINANT:
        return f"looks at {_TARGETS[name]} ({_percent(share)} of its attention; named from {_percent(DOMINANT)} on)"
    if statistics.entropy >= _EVEN * statistics.most_entropy:
        return (
            f"looks everywhere about equally ({statistics.entropy:.1f} of at most {statistics.most_entropy:.1f} bits; "
            f"named from {_percent(_EVEN)} on)"
        )
    if statistics.entropy <= _SHARP:
        return f"picks one or two tokens ({statistics.entropy:.1f} bits; named up to {_SHARP:.0f})"
    return (
        f"has no single habit: the nearest to one is that it looks at {_TARGETS[name]} ({_percent(share)} of its "
        f"attention; named from {_percent(DOMINANT)} on); it looks {statistics.distance:.1f} tokens far on average"
    )


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", "\u00a0%")


def logits_with_ablated_heads(
    classifier: Classifier, tokenized: TokenizedText, off: AbstractSet[Head]
) -> NDArray[np.float32]:
    """Return logits (labels,) while these heads (layer and head, from 0) are off, not divided by the temperature.

    A head is off when what it hands to the output projection is replaced by zeros; the residual connection, the biases
    and the other heads go on. Both kinds of classifier will do, complete or not.

    Raises:
        ExplanationError: another architecture, or a head that it does not have.
    """
    import torch

    with classifier.lock, ablate_heads(classifier, off), torch.inference_mode():
        logits: NDArray[np.float32] = (
            classifier.model(**inputs_of(classifier, tokenized)).logits[0].float().cpu().numpy()
        )
    return logits


def logits_without_each_head(
    classifier: Classifier, tokenized: TokenizedText, should_stop: ShouldStop = never
) -> NDArray[np.float32]:
    """Return logits while one head is off, for every head: (layers, heads, labels).

    Lets others at the model in between.

    Raises:
        ExplanationError: another architecture.
        CancelledError: ``cancelled`` became true.
    """
    blocks = blocks_of(classifier)
    most, step = blocks[0].heads, rows_at_once(classifier, len(tokenized), backward=False)
    found = []
    for block in blocks:
        for start in range(0, most, step):
            check_cancelled(should_stop)
            found.append(_without(classifier, tokenized, block, range(start, min(start + step, most))))
    return np.concatenate(found).reshape(len(blocks), most, -1)


def _without(classifier: Classifier, tokenized: TokenizedText, block: Block, heads: range) -> NDArray[np.float32]:
    """Return logits (heads, labels) without one of ``heads`` of a block each."""
    import torch

    with classifier.lock, only_one_off(block, heads), torch.inference_mode():
        logits: Tensor = classifier.model(**inputs_of(classifier, tokenized)).logits
    found: NDArray[np.float32] = logits.float().cpu().numpy()
    return found


@dataclass(frozen=True)
class HeadImportance:
    """What switching off each head by itself changes on average over ``texts``; all (layers, heads).

    Args:
        change: mean change of the logit, below 0 where the head speaks for the label.
        size: mean size of that change: heads that help on some texts and hurt on others are not 0 here.
        flips: share of the texts that get another label.
    """

    texts: int
    change: NDArray[np.float64]
    size: NDArray[np.float64]
    flips: NDArray[np.float64]


def importance_over(
    classifier: Classifier,
    readings: Sequence[TokenizedText],
    target: int | None = None,
    *,
    should_stop: ShouldStop = never,
    report: Callable[[int], None] = lambda done: None,  # noqa: ARG005
) -> HeadImportance:
    """Return what switching off each head by itself changes over texts, of which there is at least one.

    The logit of the label without the head, less the same with all heads (Michel et al., 2019). Heads can stand in for
    one another, so the changes do not add up.

    Args:
        classifier: complete or not.
        readings: of that classifier.
        target: the label whose logit is watched; None is the label that each text gets with all heads.
        should_stop: asked several times a second.
        report: told after each text how many are done.

    Raises:
        ExplanationError: another architecture, or no such label.
        CancelledError: ``cancelled`` became true.
    """
    changes, flips = list[NDArray[np.float32]](), list[NDArray[np.bool_]]()
    for tokenized in readings:
        complete, without = (
            logits_with_ablated_heads(classifier, tokenized, NO_HEADS),
            logits_without_each_head(classifier, tokenized, should_stop),
        )
        watched = ExplainedOutput(classifier, tokenized, int(complete.argmax()) if target is None else target).target
        changes.append(without[..., watched] - complete[watched])
        flips.append(without.argmax(axis=-1) != complete.argmax())
        report(len(changes))
    found = np.asarray(changes, dtype=np.float64)
    return HeadImportance(len(found), found.mean(axis=0), abs(found).mean(axis=0), np.mean(flips, axis=0))


def _entropy(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """In bits, over the last axis; 0 · log 0 is 0."""
    bits: NDArray[np.float64] = -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=-1)
    return bits


def _neighbour(
    rows: NDArray[np.float64], looking: NDArray[np.intp], special: NDArray[np.bool_], step: int
) -> NDArray[np.float64]:
    """Return mean share (heads,) of the token before (−1) or after (1), of those in ``looking`` that have one."""
    beside = looking + step
    inside = (beside >= 0) & (beside < len(special))
    has_one = inside & ~special[beside.clip(0, len(special) - 1)]
    if not has_one.any():
        return np.full(len(rows), math.nan)
    mean: NDArray[np.float64] = rows[:, np.flatnonzero(has_one), beside[has_one]].mean(axis=-1)
    return mean


@dataclass(frozen=True)
class HeadDetail:
    """What one head computes for one token; ``width`` numbers make up a query, a key and a value.

    Args:
        query: (width,) of the token; keys: (tokens, width).
        products: query ⊙ key (tokens, width): what each number adds to a score before it is scaled.
        scores: (tokens,), query · key / √width; −inf or nearly so where the model hides a token.
        weights: (tokens,), the softmax of the scores: the attention weights.
        values: (tokens, width); weighted: weights ⊙ values (tokens, width).
        output: (width,), the sum of ``weighted``: what the head hands on for this token.
    """

    query: Vector
    keys: Vector
    products: Vector
    scores: Vector
    weights: Vector
    values: Vector
    weighted: Vector
    output: Vector

    @property
    def scale(self) -> float:
        """What dot products are divided by: √width."""
        return float(np.sqrt(len(self.query)))


def closeup(
    classifier: Classifier,
    tokenized: TokenizedText,
    layer: int,
    head: int,
    token: int,
    switched_off: AbstractSet[Head] = NO_HEADS,
) -> HeadDetail:
    """Return the numbers of one head (from 0) of one layer (from 0) for one token (from 0) that looks.

    Queries and keys are those that meet: where positions turn them (rotary embeddings), after the turn.

    Raises:
        ExplanationError: see ``attention.attention``; or there is no such layer, head or token.
    """
    import torch

    blocks = blocks_of(classifier)
    check_heads(len(blocks), blocks[0].heads, {(layer, head)})
    if not 0 <= token < len(tokenized):
        raise ExplanationError(f"There is no token {token + 1}: the model reads {len(tokenized)} of this text.")
    with classifier.lock, torch.inference_mode():
        return _closeup(
            blocks[layer], capture_attention_inputs(classifier, tokenized, switched_off)[layer], head, token
        )


def _closeup(block: Block, seen: AttentionInputs, head: int, token: int) -> HeadDetail:
    queries, keys, values = (part[head] for part in block.queries_keys_values(seen))
    products = queries[token] * keys
    scores = block.scores(queries, keys, seen)[token]
    weights = scores.softmax(dim=-1)
    weighted = weights[:, None] * values
    tensors = (queries[token], keys, products, scores, weights, values, weighted, weighted.sum(dim=0))
    return HeadDetail(*(tensor.float().cpu().numpy() for tensor in tensors))
