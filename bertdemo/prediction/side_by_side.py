"""Several batches at once on a CPU, each on its share of the cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")
# Each batch holds its hidden states, so that their number bounds the memory whatever the number of cores.
_MOST = 4


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
    return max(batches for batches in range(1, _MOST + 1) if threads % batches == 0)


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
