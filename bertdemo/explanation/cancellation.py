"""How work is called off: it looks between two pieces, which ``function.rows_at_once`` keeps short."""

from __future__ import annotations

from collections.abc import Callable

from bertdemo.errors import CancelledError

ShouldStop = Callable[[], bool]


def never() -> bool:
    """Return what work is given that nobody calls off."""
    return False


def check_cancelled(should_stop: ShouldStop) -> None:
    """Raise ``CancelledError`` once ``should_stop()`` is true."""
    if should_stop():
        raise CancelledError
