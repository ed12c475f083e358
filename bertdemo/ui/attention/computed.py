"""The attention of a run to a text, computed once and kept for all who look at the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bertdemo.ui.kit import resources

if TYPE_CHECKING:
    from bertdemo.explanation.heads import HeadDetail, HeadStatistics
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models.classifier import Classifier
    from bertdemo.runs.records import Run
    from bertdemo.ui.attention.selection import Head
    from bertdemo.ui.kit.texts import Asked

_KEPT = 4  # texts; that of 512 tokens takes 75 MB with 72 heads
_Any = TypeVar("_Any")


@dataclass(frozen=True)
class Looked:
    """What the model does with a text while the heads in ``off`` are switched off.

    ``weights`` (layers, heads, tokens, tokens); ``probabilities`` and ``logits`` (labels,), ``label_names`` as many.
    """

    run_id: str
    edition: int
    tokenized: TokenizedText
    off: frozenset[Head]
    weights: NDArray[np.float32]
    statistics: tuple[HeadStatistics, ...]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    label_names: tuple[str, ...]

    @property
    def layers(self) -> int:
        return int(self.weights.shape[0])

    @property
    def heads(self) -> int:
        """Heads of each layer."""
        return int(self.weights.shape[1])

    @property
    def answer(self) -> int:
        """The label that it gives, as an index."""
        return int(self.logits.argmax())

    @property
    def key(self) -> tuple[object, ...]:
        """What every figure of this text depends on."""
        return (self.run_id, self.edition, self.tokenized.text, self.tokenized.pair, self.off)


def look(run: Run, asked: Asked, window: int = 0, off: frozenset[Head] = frozenset()) -> Looked:
    """Return the attention of a run's classifier to a text, or to one of its windows, and its answer.

    Raises:
        RunError: the run has no model.
        PredictionError: the text cannot be read.
        ExplanationError: attention cannot be shown for this architecture.
    """
    edition = _edition(run)
    if resources.attention_models().holds(run.id):
        return _look(run.id, edition, asked.text, asked.pair, window, off)
    with st.spinner("Loading a classifier that can be looked into…"):
        return _look(run.id, edition, asked.text, asked.pair, window, off)


def windows_of(run: Run, asked: Asked) -> tuple[TokenizedText, ...]:
    """Return the windows in which the model reads a text; one where it reads all of it at once.

    Raises:
        RunError, PredictionError: as ``look``.
        ExplanationError: both texts of a pair are too long.
    """
    return _readings(run.id, _edition(run), asked.text, asked.pair)


def _edition(run: Run) -> int:
    from bertdemo.prediction.model_cache import last_written

    return last_written(run.id, resources.runs().model_folder(run.id))


@st.cache_resource(show_spinner=False, max_entries=4 * _KEPT)
def _readings(run_id: str, edition: int, text: str, pair: str | None) -> tuple[TokenizedText, ...]:  # noqa: ARG001 (the key)
    """Return the predicting classifier divides the text: nobody should have to load another one for that."""
    from bertdemo.explanation.tokenized_text import tokenize_with_words
    from bertdemo.explanation.windows import windows

    classifier = resources.models().classifier(run_id)
    tokenized = tokenize_with_words(classifier, text, pair)
    if not tokenized.truncated:
        return (tokenized,)
    return tuple(part.tokenized for part in windows(classifier, text, pair).parts)


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _look(run_id: str, edition: int, text: str, pair: str | None, window: int, off: frozenset[Head]) -> Looked:
    from bertdemo.explanation.attention import attention
    from bertdemo.explanation.heads import statistics
    from bertdemo.prediction.predict import softmax

    classifier = resources.attention_models().classifier(run_id)
    tokenized = _readings(run_id, edition, text, pair)[window]
    seen = attention(classifier, tokenized, off)
    return Looked(
        run_id=run_id, edition=edition, tokenized=tokenized, off=off, weights=seen.weights,
        statistics=statistics(seen.weights, tokenized), logits=seen.logits,
        probabilities=softmax(seen.logits[None], classifier.temperature)[0], label_names=classifier.label_names,
    )  # fmt: skip


def classifier(looked: Looked) -> Classifier:
    """Return the classifier; raises RunError where the run was deleted meanwhile."""
    return resources.attention_models().classifier(looked.run_id)


def norms(looked: Looked) -> NDArray[np.float32]:
    """Return weights times the length of what they are given to: (layers, heads, tokens, tokens)."""
    from bertdemo.explanation.attention import norm_weighted

    return _kept("norms", looked, lambda: norm_weighted(classifier(looked), looked.tokenized, looked.off))


def closeup(looked: Looked, layer: int, head: int, token: int) -> HeadDetail:
    """Return the numbers of one head for one token that looks."""
    from bertdemo.explanation.heads import closeup as look_closely

    def compute() -> HeadDetail:
        return look_closely(classifier(looked), looked.tokenized, layer, head, token, looked.off)

    return _kept(f"closeup {layer} {head} {token}", looked, compute)


def rollout(looked: Looked) -> NDArray[np.float64]:
    """Return attention rollout to what the classification head reads: (layers, tokens)."""
    from bertdemo.explanation import attention

    def compute() -> NDArray[np.float64]:
        return attention.rollout(looked.weights, attention.read_at(classifier(looked), looked.tokenized))

    return _kept("rollout", looked, compute)


def relevance(looked: Looked, target: int) -> NDArray[np.float64]:
    """Return attention weighted by its gradient, to what the classification head reads: (layers, tokens)."""
    from bertdemo.explanation import attention

    def compute() -> NDArray[np.float64]:
        return attention.relevance(classifier(looked), looked.tokenized, target, switched_off=looked.off)

    return _kept(f"relevance {target}", looked, compute)


def _kept(what: str, looked: Looked, compute: Callable[[], _Any]) -> _Any:
    """Compute it once for each visitor and text; the next text takes its place."""
    kept: dict[str, Any] = st.session_state.setdefault("attention_kept", {})
    if kept.get("key") != looked.key:
        kept.clear()
        kept["key"] = looked.key
    if what not in kept:
        kept[what] = compute()
    found: _Any = kept[what]
    return found
