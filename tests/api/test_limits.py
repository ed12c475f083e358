"""A body that is too large or dawdles is not waited for."""

from __future__ import annotations

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from bertdemo.api import limits
from bertdemo.api.limits import LARGEST_BODY, LimitedBody


def read_through(receive, headers: list[tuple[bytes, bytes]] | None = None) -> list[Message]:
    """What an application behind the limits reads of a request, up to the end of its body and once more."""
    found: list[Message] = []

    async def application(_, receive, __) -> None:
        while not found or found[-1].get("more_body"):
            found.append(await receive())
        found.append(await receive())

    async def run() -> None:
        await LimitedBody(application)({"type": "http", "headers": headers or []}, receive, None)

    anyio.run(run)
    return found


async def dawdling() -> Message:
    await anyio.sleep(0.02)
    return {"type": "http.request", "body": b"x", "more_body": True}


def test_a_body_that_comes_byte_by_byte_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LONGEST_BODY", 0.1)
    with pytest.raises(HTTPException) as refused:
        read_through(dawdling)
    assert refused.value.status_code == 408


def test_after_the_body_a_request_may_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LONGEST_BODY", 0.05)
    messages = iter([{"type": "http.request", "body": b"x"}, {"type": "http.disconnect"}])

    async def receive() -> Message:
        message = next(messages)
        await anyio.sleep(0.2 if message["type"] == "http.disconnect" else 0)
        return message

    assert [each["type"] for each in read_through(receive)] == ["http.request", "http.disconnect"]


def test_what_a_header_says_is_too_large_is_not_read_at_all() -> None:
    async def never() -> Message:
        raise AssertionError("it was read")

    with pytest.raises(HTTPException) as refused:
        read_through(never, [(b"content-length", str(LARGEST_BODY + 1).encode())])
    assert refused.value.status_code == 413
