"""How large a request may be and how long it may take to come: a header may lie, and a sender may dawdle."""

from __future__ import annotations

import anyio
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 6 * 2**20  # bytes: 256 texts of 20,000 letters
LONGEST_BODY = 30.0  # seconds


class LimitedBody:
    """ASGI middleware: a body has at most ``LARGEST_BODY`` bytes (or 413) and ``LONGEST_BODY`` seconds (or 408)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its body counted and its time running."""
        read, whole = 0, False
        over = anyio.current_time() + LONGEST_BODY
        told = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""

        async def counted() -> Message:
            """Return the next piece of the body, if there is room for it and it comes in time."""
            nonlocal read, whole
            if whole:  # what comes now is that the client has gone, whenever that is
                return await receive()
            if told.isdigit() and int(told) > LARGEST_BODY:
                raise _too_large()
            with anyio.move_on_after(over - anyio.current_time()) as scope_of_time:
                message = await receive()
            if scope_of_time.cancelled_caught:
                raise HTTPException(408, f"A request has {LONGEST_BODY:g} s to arrive: send it again.")
            read += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if read > LARGEST_BODY:
                raise _too_large()
            return message

        await self._app(scope, counted, send)


def _too_large() -> HTTPException:
    return HTTPException(413, f"A request has at most {LARGEST_BODY:,} bytes: send fewer texts at once.")
