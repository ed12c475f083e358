"""How work is called off: it looks between two pieces, which ``function.rows_at_once`` keeps short."""

from __future__ import annotations

from collections.abc import Callable

Cancelled = Callable[[], bool]


class CancelledError(Exception):
    """A person wants nothing of this work any more. Not a ``BertDemoError``: there is nothing to say."""


def never() -> bool:
    """What work is given that nobody calls off."""
    return False


def go_on_unless(cancelled: Cancelled) -> None:
    """Raise ``CancelledError`` once ``cancelled()`` is true."""
    if cancelled():
        raise CancelledError
