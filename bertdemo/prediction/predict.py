"""From texts to logits and probabilities, in batches of similar length, in the number format the hardware likes.

On a CPU, several batches go side by side, each on its share of the cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement, choose_placement
from bertdemo.models.encoding import Encoded, batches_by_length, collate, encode, is_long

if TYPE_CHECKING:
    from torch import Tensor

# The lead of the best logit over the second in bf16 differs from that in fp32 by less than .1 (benchmarks/README.md).
# Where it is smaller than twice that, the label could change, and the text is read again in fp32.
_NEARLY_TIED = 0.2
# Of a batch, padding included. The longest texts go through in smaller batches, which bounds the memory of a forward
# pass whatever the length of the texts and costs no speed.
_MOST_TOKENS = 4096
# Texts to a batch when they are read again in fp32, whose hidden states take twice the memory.
_SETTLED_AT_ONCE = 16
# oneDNN compiles a kernel for every new shape of a bf16 product and keeps it: padded to a multiple of 8 tokens there
# are few shapes, and a job of many rows held 80 MB less after 12,000 of them (benchmarks/README.md).
_STRIDE = 8
_In = TypeVar("_In")
_Out = TypeVar("_Out")
# Each batch holds its hidden states, so that their number bounds the memory whatever the number of cores.
_MOST_AT_ONCE = 4


@dataclass(frozen=True)
class Predictions:
    """Logits (texts, labels) in the order of the texts; ``cut`` counts texts longer than the model reads.

    ``seconds`` includes tokenising and no waiting for other threads; ``precision`` is the number format of the matrix
    products, but ``settled`` texts that were nearly tied were read again in fp32. ``unknown`` is the share of each
    text's tokens that the model does not know (texts,): NaN where it reads nothing of it, and has answered nothing.
    ``lengths`` are the tokens that it read of each, special tokens included.
    """

    logits: NDArray[np.float32]
    cut: int
    unknown: NDArray[np.float32]
    seconds: float
    precision: str
    temperature: float = 1.0
    settled: int = 0
    lengths: Sequence[int] = ()

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """Softmax of logits / temperature over the labels: (texts, labels), rows sum to 1."""
        return softmax(self.logits, self.temperature)

    @cached_property
    def labels(self) -> NDArray[np.intp]:
        """The most probable label of each text, as an index into the label names."""
        best: NDArray[np.intp] = self.logits.argmax(axis=1)
        return best


def predict(
    classifier: Classifier,
    texts: Sequence[str],
    pairs: Sequence[str] | None = None,
    *,
    batch_size: int = 64,
    placement: Placement | None = None,
    at_once: int = 1,
) -> Predictions:
    """Classify texts (with their pairs) where ``placement`` says; by default on the best device there is.

    In bf16 and fp16, texts whose two best labels are nearly tied are read again in fp32, so that rounding decides no
    label. Safe to call from several threads.

    Args:
        classifier: the model with its tokenizer and labels.
        texts: what to classify.
        pairs: the second text of each, for a model of pairs.
        batch_size: texts that go through the model at a time; fewer where they are long.
        placement: device and number format.
        at_once: batches into which these are divided, to be computed side by side on a CPU (``side_by_side``).
    """
    placement = classifier.suit(placement or choose_placement())
    with nullcontext() if is_long(*texts, *(pairs or ())) else classifier.lock:  # the clock starts after the waiting
        started = time.perf_counter()
        encoded = encode(classifier, texts, pairs)
        seconds = time.perf_counter() - started
    with classifier.lock:
        started = time.perf_counter()
        at_once = at_once if placement.device == "cpu" else 1
        with side_by_side(at_once) as apply:
            logits, settled = predict_settled(classifier, encoded, placement, max(1, batch_size // at_once), apply)
        seconds += time.perf_counter() - started
    return Predictions(
        logits, encoded.cut, encoded.unknown, seconds, placement.precision, classifier.temperature, settled,
        encoded.lengths,
    )  # fmt: skip


def predict_settled(
    classifier: Classifier, encoded: Encoded, placement: Placement, batch_size: int = 64, apply: Apply = map
) -> tuple[NDArray[np.float32], int]:
    """Return logits (texts, labels) whose best labels are those of fp32, and how many were read again for that.

    Whoever calls holds the classifier's lock; see ``predict_encoded``.
    """
    classifier.model.to(placement.device)  # type: ignore[arg-type]
    fast = classifier.in_bf16 if (placement.device, placement.precision) == ("cpu", "bf16") else classifier
    logits = predict_encoded(fast, encoded, placement, batch_size, apply)
    if placement.precision == "fp32":
        return logits, 0
    return logits, _settle(classifier, encoded, placement, logits, apply)


def predict_encoded(
    classifier: Classifier, encoded: Encoded, placement: Placement, batch_size: int = 64, apply: Apply = map
) -> NDArray[np.float32]:
    """Return logits (texts, labels) of encoded texts; a batch that does not fit into memory is halved and tried again.

    ``apply`` maps a function over the batches, as ``map`` does, in an order and in threads of its own.
    """
    logits = np.zeros((len(encoded), len(classifier.label_names)), dtype=np.float32)
    classifier.model.eval()
    batches = batches_by_length(range(len(encoded)), encoded.lengths, batch_size, classifier.padding, _MOST_TOKENS)
    longest_first = reversed(batches)  # what does not fit is found out at once
    with _inference(classifier, placement):  # autocast keeps its copies of the weights for as long as this is open
        for _ in apply(partial(_read, classifier, encoded, placement, logits), longest_first):
            pass
    return logits


def _read(
    classifier: Classifier, encoded: Encoded, placement: Placement, logits: NDArray[np.float32], rows: list[int]
) -> None:
    """Fill in the logits of one batch, or of its halves where it is too much."""
    try:
        logits[rows] = _forward(classifier, encoded, rows, placement).numpy()
        return
    except RuntimeError as error:
        from accelerate.utils.memory import should_reduce_batch_size  # takes seconds to import

        if len(rows) == 1 or not should_reduce_batch_size(error):
            raise
    for half in (rows[len(rows) // 2 :], rows[: len(rows) // 2]):
        _read(classifier, encoded, placement, logits, half)


def _settle(
    classifier: Classifier, encoded: Encoded, placement: Placement, logits: NDArray[np.float32], apply: Apply
) -> int:
    """Replace the logits of texts that are nearly tied by those of fp32, in place; returns how many there were."""
    if logits.shape[1] < 2:
        return 0
    best = np.partition(logits, -2, axis=1)
    rows = np.flatnonzero(best[:, -1] - best[:, -2] < _NEARLY_TIED)
    if len(rows):
        exact = replace(placement, precision="fp32")
        logits[rows] = predict_encoded(classifier, encoded.select(rows), exact, _SETTLED_AT_ONCE, apply)
    return len(rows)


def autocast(placement: Placement) -> AbstractContextManager[object]:
    """Compute matrix products in the placement's precision, sums and softmax in fp32 (torch's lists)."""
    import torch

    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[placement.precision]
    return torch.autocast(placement.device, dtype, enabled=placement.precision != "fp32")


def _forward(classifier: Classifier, encoded: Encoded, rows: list[int], placement: Placement) -> Tensor:
    width = len(encoded.ids[rows[-1]])  # the rows of a batch are in the order of their lengths
    if placement.precision != "fp32" and classifier.padding != "none":
        width = min(-(-width // _STRIDE) * _STRIDE, classifier.max_length)  # there are no positions beyond
    inputs = collate(classifier, encoded, rows, width)
    inputs = {name: tensor.to(placement.device) for name, tensor in inputs.items()}
    with _inference(classifier, placement):  # what is open counts in its own thread alone
        logits: Tensor = classifier.model(**inputs).logits.float().cpu()
    return logits


@contextmanager
def _inference(classifier: Classifier, placement: Placement) -> Iterator[None]:
    """No gradients, and the placement's number format unless the weights have it already."""
    import torch

    is_converted = classifier.model.dtype is not torch.float32
    with torch.inference_mode(), nullcontext() if is_converted else autocast(placement):
        yield


class Apply(Protocol):
    """``map`` or one that works in several threads."""

    def __call__(self, function: Callable[[_In], _Out], items: Iterable[_In], /) -> Iterator[_Out]:
        """Yield what the function returns for each item, in the order of the items."""


def batches_at_once() -> int:
    """Return how many batches to compute side by side in a process that does nothing else.

    Such that no core is left over.
    """
    import torch

    threads = torch.get_num_threads()
    return max(batches for batches in range(1, _MOST_AT_ONCE + 1) if threads % batches == 0)


@contextmanager
def side_by_side(workers: int) -> Iterator[Apply]:
    """Yield a ``map`` whose calls run in ``workers`` threads, each with its share of torch's; 1 is plain ``map``.

    The threads of one operation wait for each other at its end, and between operations all but one wait for Python.
    Two batches side by side do not (a fifth less time on two cores, benchmarks/README.md); what is computed differs in
    rounding alone. Not for a server: threads that meet torch for the first time meanwhile are given a share, too, and
    keep it.
    """
    if workers == 1:
        yield map
        return
    import torch

    everything = torch.get_num_threads()
    share = max(1, everything // workers)
    try:
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(share,)) as pool:
            yield pool.map
    finally:
        torch.set_num_threads(everything)


def softmax(logits: npt.ArrayLike, temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Return probabilities (texts, labels) of logits (texts, labels) divided by ``temperature``; rows sum to 1.

    Computed in float64 and safe from overflow.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponentials: npt.NDArray[np.float64] = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials
