"""What the server asks of every request, and tells every browser; and the HTTP interface, built at its first one."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bertdemo.errors import SettingsError
from bertdemo.lines import printable, shorten
from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.prediction.model_cache import ModelCache
    from bertdemo.runs.store import Runs

_ANY = "*"
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s/@\\#?:\[\]]+)(?::\d*)?")  # a name, or an address in numbers; a port
_EVERYWHERE = ("", "0.0.0.0", "::")  # addresses of a server that listens on all of the machine's own
_MISDIRECTED, _BUG = 421, 500
_PLAIN = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # an address may hold the text of a visitor
}


class Guarded:
    """ASGI middleware: only requests to this server by one of its own names, and the headers of a careful page.

    A page of another site can make its own name mean this machine (DNS rebinding), and would then read here what it
    likes; but its requests carry its name. ``addresses`` are those that the server was told to listen on, and further
    names that it was given.
    """

    def __init__(self, app: ASGIApp, settings: Callable[[], Settings], addresses: Collection[str]) -> None:
        self._app, self._settings = app, settings
        self._addresses = {address.casefold().strip("[]") for address in addresses}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a sentence."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            settings = self._settings()
        except SettingsError as error:
            await _refuse(scope, receive, send, _BUG, str(error))
            return
        host = Headers(scope=scope).get("host", "")
        if not is_own_name(host, settings.allowed_hosts, self._addresses):
            name = shorten(printable(host), 100)
            await _refuse(
                scope, receive, send, _MISDIRECTED,
                f"This server is not known as {name}: open it by its own address, or start it with "
                f"BERTDEMO_ALLOWED_HOSTS={_name(host) or 'NAME'}.",
            )  # fmt: skip
            return

        async def told(message: Message) -> None:
            """Send the answer with our headers, unless it has its own."""
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _PLAIN.items():
                    headers.setdefault(name, value)
                policy = f"frame-ancestors {settings.frame_ancestors}; object-src 'none'; base-uri 'self'"
                headers.setdefault("content-security-policy", policy)
            await send(message)

        await self._app(scope, receive, told)


def is_own_name(host: str, allowed: Collection[str], addresses: Collection[str]) -> bool:
    """Return whether a server at these addresses answers to the header ``Host`` (a name, with or without a port).

    One that listens on all addresses of its machine answers to any address in numbers, which no other site can have as
    its name, and to the name of the machine.
    """
    name = _name(host)
    if _ANY in allowed or name in {_name(each) for each in allowed}:
        return True
    number = _number(name)
    if name == "localhost" or (number is not None and number.is_loopback):
        return True
    if name and name in addresses:
        return True
    if not any(address in _EVERYWHERE for address in addresses):
        return False
    machine = socket.gethostname().casefold()
    return number is not None or name in (machine, f"{machine.partition('.')[0]}.local")


def _name(host: str) -> str:
    """Return the name in "name:port", in small letters; "" if there is none."""
    found = _HOST.fullmatch(host.strip().casefold())
    return found[1].strip("[]").rstrip(".") if found else ""


def _number(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


async def _refuse(scope: Scope, receive: Receive, send: Send, code: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": "not a name of this server"})
        return
    await PlainTextResponse(sentence + "\n", code, headers=_PLAIN)(scope, receive, send)


class Api:
    """An ASGI application that is built when the first request comes.

    Importing FastAPI takes half a second, which the first visitor of the app should not wait for. The arguments are
    asked at every request: they are what the pages use, too.
    """

    def __init__(
        self, settings: Callable[[], Settings], runs: Callable[[], Runs], models: Callable[[], ModelCache]
    ) -> None:
        self._parts = settings, runs, models
        self._application: ASGIApp | None = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        application = self._application
        if application is None:
            application = await to_thread.run_sync(self._build)
        await application(scope, receive, send)

    def _build(self) -> ASGIApp:
        with self._lock:
            if self._application is None:
                from bertdemo.api.application import create_api

                self._application = create_api(*self._parts)
            return self._application
