"""The HTTP interface as something that a server can mount without paying for it before the first request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from bertdemo.prediction.model_cache import ModelCache
    from bertdemo.runs.store import Runs
    from bertdemo.settings import Settings


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
