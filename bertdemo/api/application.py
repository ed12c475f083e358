"""The HTTP interface: addresses, who may ask and how much, and every error as one sentence. FastAPI documents it."""

from __future__ import annotations

import ipaddress
import logging
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi_offline import FastAPIOffline
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import bertdemo
from bertdemo.api import service
from bertdemo.api.messages import Answer, Answers, Models, Problem, Question, Ready
from bertdemo.errors import BertDemoError, PredictionError, RunError
from bertdemo.prediction.model_cache import ModelCache
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_THREADS = 4  # requests at work at the same time; the others wait, and the pages keep the server's other threads
_UNKNOWN, _CONFLICT, _WRONG_INPUT, _BUG = 404, 409, 422, 500
_ABOUT = (
    "Ask the classifiers of this app. Every error is one sentence under `detail`. Where the server was started with "
    "`BERTDEMO_API_TOKEN`, send it as a bearer token."
)
_BEARER = HTTPBearer(auto_error=False, description="The value of BERTDEMO_API_TOKEN, if the server has one.")
_UNREADABLE = "There was an error parsing the body"  # FastAPI, of one that is not UTF-8 or nested too deeply
_PLAIN = {
    400: "The body cannot be read: send a JSON object in UTF-8.",
    404: "There is nothing at this address: see the documentation under docs.",
    405: "This address does not know that method: see the documentation under docs.",
}
LARGEST_BODY = 6 * 2**20  # bytes: 256 texts of 20,000 letters
LONGEST_BODY = 30.0  # seconds
_FREE = 3  # wrong tokens that cost nothing: a slip of the hand
_FIRST, _LONGEST = 0.25, 4.0  # seconds between two guesses, doubled with each wrong one
_MOST = 10.0  # seconds that a request waits for its turn at most
_FORGOTTEN = 900.0  # seconds without a wrong token
_CLIENTS = 1_000  # that are remembered; of more, those that guessed last


class _Desk:
    """Who answers: the parts of the app that requests share with the pages, and a few threads."""

    def __init__(
        self, settings: Callable[[], Settings], runs: Callable[[], Runs], models: Callable[[], ModelCache]
    ) -> None:
        self.settings, self.runs, self.models = settings, runs, models
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def off_the_loop(self, work: Callable[[], _Result]) -> _Result:
        return await to_thread.run_sync(work, limiter=self._threads)


def create_api(settings: Callable[[], Settings], runs: Callable[[], Runs], models: Callable[[], ModelCache]) -> FastAPI:
    """Return the interface as a FastAPI application, whose documentation (``docs``) needs no network."""
    api = FastAPIOffline(
        redoc_url=None, title="bertdemo", version=bertdemo.__version__, description=_ABOUT,
        responses={code: {"model": Problem} for code in (401, 408, 413, 429, _UNKNOWN, _CONFLICT, _WRONG_INPUT, _BUG)},
    )  # fmt: skip
    desk = _Desk(settings, runs, models)
    api.include_router(_open_addresses(desk))
    api.include_router(_guarded_addresses(desk), prefix="/v1", dependencies=[Depends(_guard(desk))])
    api.add_middleware(LimitedBody)
    _tell_errors(api)
    return api


def _open_addresses(desk: _Desk) -> APIRouter:
    router = APIRouter(tags=["state"])

    @router.get("/ready")
    async def ready() -> Ready:
        """Return whether the server answers and can read its runs; loads no model."""
        return await desk.off_the_loop(lambda: service.ready(desk.runs()))

    return router


def _guarded_addresses(desk: _Desk) -> APIRouter:
    router = APIRouter(tags=["classifiers"])

    @router.get("/models")
    async def models() -> Models:
        """Return all classifiers that can be asked, the newest first."""
        return await desk.off_the_loop(lambda: service.models(desk.runs(), desk.models()))

    @router.post("/predict")
    async def predict(question: Question) -> Answer | Answers:
        """Classify one text (`text`) or up to 256 (`texts`) with a run."""
        return await desk.off_the_loop(lambda: _answer(question, desk))

    return router


def _answer(question: Question, desk: _Desk) -> Answer | Answers:
    runs = desk.runs()
    try:
        runs.folder(question.run)
    except RunError as error:
        raise HTTPException(_UNKNOWN, str(error)) from error
    return service.answer(question, runs, desk.models())


def _guard(desk: _Desk) -> Callable[..., Awaitable[None]]:
    guesses = Guesses()

    async def check(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> None:
        """Refuse who does not bring the token."""
        token = desk.settings().api_token
        if not token:
            return
        try:
            client = request.client.host if request.client else ""
            is_right = given is not None and await guesses.is_right(given.credentials, token, client)
        except TooManyGuessesError as error:
            told = "Too many wrong tokens came from this address: wait, and send the right one."
            raise HTTPException(429, told, {"Retry-After": str(math.ceil(error.seconds))}) from error
        if not is_right:
            told = "This server asks for its token: send it in the header Authorization, as Bearer TOKEN."
            raise HTTPException(401, told, {"WWW-Authenticate": "Bearer"})

    return check


def _tell_errors(api: FastAPI) -> None:
    """One sentence for whatever goes wrong; bugs go to the log."""

    @api.exception_handler(BertDemoError)
    async def told(_: Request, error: BertDemoError) -> JSONResponse:
        codes: dict[type[BertDemoError], int] = {PredictionError: _WRONG_INPUT, RunError: _CONFLICT}
        return _problem(codes.get(type(error), _BUG), str(error))

    @api.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> JSONResponse:
        return _problem(_WRONG_INPUT, _sentence(error.errors()[0]))

    @api.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        is_ours = error.detail not in (HTTPStatus(error.status_code).phrase, _UNREADABLE)
        return _problem(error.status_code, error.detail if is_ours else _PLAIN[error.status_code], error.headers)

    @api.exception_handler(Exception)
    async def bug(_: Request, error: Exception) -> JSONResponse:
        _log.error("a request failed", exc_info=error)
        return _problem(_BUG, "Something went wrong inside the server: its log says what.")


def _problem(code: int, sentence: str, headers: Any = None) -> JSONResponse:
    return JSONResponse({"detail": sentence}, code, headers)


def _sentence(problem: dict[str, Any]) -> str:
    """Return what pydantic found first, as a sentence that names the field and does not repeat what was sent."""
    found = problem["msg"].removeprefix("Value error, ")
    place = ".".join(str(part) for part in problem["loc"] if part != "body")
    if problem["type"] == "json_invalid" or not (place or problem["type"] == "value_error"):
        return "The body is not a JSON object: send run and text, with the content type application/json."
    return f"{place or 'The request'}: {found[0].lower()}{found[1:]}."


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


class TooManyGuessesError(Exception):
    """So many guesses of a client wait that this one is not looked at; ``seconds`` until it may come again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass
class _Record:
    """The wrong tokens of a client, and when its next guess is looked at."""

    wrong: int
    last: float
    next: float


class Guesses:
    """Compares tokens in constant time, one after the other for each client that has sent wrong ones.

    A right token waits its turn, too, or guesses could be made side by side. A client is an address, or the network of
    an IPv6 address, of which one person has many.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._records: OrderedDict[str, _Record] = OrderedDict()

    async def is_right(self, given: str, token: str, address: str) -> bool:
        """Return whether ``given`` is the token, known after as long as the guesses before it cost.

        Raises:
            TooManyGuessesError: it would have to wait too long; it was not compared.
        """
        client = _client(address)
        await self._turn(client)
        if secrets.compare_digest(given.encode(), token.encode()):
            return True
        record = self._records.setdefault(client, _Record(0, 0.0, 0.0))
        record.wrong, record.last = record.wrong + 1, self._clock()
        self._records.move_to_end(client)
        while len(self._records) > _CLIENTS:
            self._records.popitem(last=False)
        return False

    async def _turn(self, client: str) -> None:
        now, record = self._clock(), self._records.get(client)
        if record is None:
            return
        if now - record.last > _FORGOTTEN:
            del self._records[client]
            return
        if record.wrong < _FREE:
            return
        pause = min(_LONGEST, _FIRST * 2.0 ** min(record.wrong - _FREE, 10))
        begin = max(now, record.next)
        if begin + pause - now > _MOST:
            raise TooManyGuessesError(begin + pause - now)
        record.next = begin + pause
        await self._sleep(record.next - now)


def _client(address: str) -> str:
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return address
    if number.version == 6 and number.ipv4_mapped is None:
        return str(ipaddress.ip_network((number, 64), strict=False))
    return str(getattr(number, "ipv4_mapped", None) or number)
