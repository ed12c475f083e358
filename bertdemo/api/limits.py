"""How large a request may be, counted while it comes in: a header may lie or be missing."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 6 * 2**20  # bytes: 256 texts of 20,000 letters


class LimitedBody:
    """ASGI middleware that stops reading a body of more than ``LARGEST_BODY`` bytes; the answer is 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its body counted."""
        read = 0

        async def counted() -> Message:
            """The next piece of the body, if there is room for it."""
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BODY:
                raise HTTPException(413, f"A request has at most {LARGEST_BODY:,} bytes: send fewer texts at once.")
            return message

        await self._app(scope, counted, send)
