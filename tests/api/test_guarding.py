"""Who may ask, under which name, how often with a wrong token, and how large and slow a request may be."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from bertdemo.api import application
from bertdemo.api.application import LARGEST_BODY, Guesses, LimitedBody, TooManyGuessesError
from bertdemo.api.guarding import Api, Guarded, is_own_name
from bertdemo.errors import SettingsError
from bertdemo.settings import Settings

LOOPBACK = ["localhost", "localhost:8501", "127.0.0.1:8501", "127.8.9.1", "[::1]:8501", "LOCALHOST.", " localhost "]
FOREIGN = [
    "", "evil.example", "evil.example:8501", "localhost.evil.example", "127.0.0.1.evil.example", "2130706433",
    "127.0.0.1@evil.example", "evil.example#127.0.0.1", "localhost/evil.example", "[::1", "0x7f.1", "\xe9",
    "evil.example:localhost",
]  # fmt: skip


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "192.0.2.7"])
def test_a_server_on_one_address_answers_to_it_and_to_loopback(address: str) -> None:
    assert all(is_own_name(host, (), {address}) for host in [*LOOPBACK, f"{address}:8501"])
    assert not any(is_own_name(host, (), {address}) for host in [*FOREIGN, "192.0.2.9", "[2001:db8::1]"])


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::"])
def test_a_server_on_all_addresses_answers_to_numbers_and_to_the_name_of_its_machine(address: str) -> None:
    own = ["192.0.2.9:8501", "[2001:db8::1]:8501", f"{socket.gethostname()}:8501"]
    assert all(is_own_name(host, (), {address}) for host in [*LOOPBACK, *own])
    assert not any(is_own_name(host, (), {address}) for host in FOREIGN)


def test_further_names_are_a_setting() -> None:
    allowed = ("Class.Example", "other.example:80")
    assert all(is_own_name(host, allowed, {"127.0.0.1"}) for host in ("class.example:8501", "other.example", *LOOPBACK))
    assert not is_own_name("sub.class.example", allowed, {"127.0.0.1"})
    assert is_own_name("anything.example", ("*",), {"127.0.0.1"})


async def page(_: object) -> PlainTextResponse:
    return PlainTextResponse("words")


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("words")
    await websocket.close()


def client_of(settings: Settings, host: str = "localhost:8501") -> TestClient:
    app = Starlette(routes=[Route("/", page), WebSocketRoute("/stream", echo)])
    return TestClient(Guarded(app, lambda: settings, ["127.0.0.1"]), base_url=f"http://{host}")


SETTINGS = Settings(Path("unused"))


def test_every_answer_has_the_headers() -> None:
    for path, code in (("/", 200), ("/nowhere", 404)):
        answer = client_of(SETTINGS).get(path)
        assert answer.status_code == code
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'self';" in answer.headers["content-security-policy"]
    framed = client_of(replace(SETTINGS, frame_ancestors="https://school.example")).get("/")
    assert "frame-ancestors https://school.example;" in framed.headers["content-security-policy"]


def test_a_foreign_name_gets_a_sentence_and_no_socket() -> None:
    foreign = client_of(SETTINGS, "evil.example")
    answer = foreign.get("/")
    assert answer.status_code == 421
    assert "BERTDEMO_ALLOWED_HOSTS=evil.example" in answer.text
    assert "words" not in answer.text
    with pytest.raises(WebSocketDisconnect), foreign.websocket_connect("ws://evil.example/stream"):
        pass
    with client_of(SETTINGS).websocket_connect("ws://localhost/stream") as stream:
        assert stream.receive_text() == "words"


def test_settings_that_cannot_be_read_are_told() -> None:
    def broken() -> Settings:
        raise SettingsError("BERTDEMO_MAX_ROWS is 'many': set it to a whole number.")

    answer = TestClient(Guarded(Starlette(), broken, ["127.0.0.1"]), base_url="http://localhost").get("/")
    assert (answer.status_code, "BERTDEMO_MAX_ROWS" in answer.text) == (500, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("BERTDEMO_BASE_FOLDERS", "models"), ("BERTDEMO_FRAME_ANCESTORS", "'self'; script-src *"),
     ("BERTDEMO_READ_SECONDS", "-1")],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: value})


def test_lists_of_settings() -> None:
    found = Settings.from_environment(
        {"BERTDEMO_BASE_FOLDERS": "/a:/b c:", "BERTDEMO_ALLOWED_HOSTS": "a.example, b.example,"}
    )
    assert found.base_folders == (Path("/a"), Path("/b c"))
    assert found.allowed_hosts == ("a.example", "b.example")


class Clock:
    """Time that passes by sleeping."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guesses(clock: Clock) -> Guesses:
    return Guesses(clock, clock.sleep)


def ask(guesses: Guesses, given: str, address: str = "192.0.2.1") -> bool:
    return anyio.run(guesses.is_right, given, "sesame", address)


def seconds_of(clock: Clock, guesses: Guesses, given: str, address: str = "192.0.2.1") -> float:
    before = clock.now
    ask(guesses, given, address)
    return clock.now - before


def test_each_wrong_token_costs_more_and_others_pay_nothing(clock: Clock, guesses: Guesses) -> None:
    costs = [seconds_of(clock, guesses, "wrong") for _ in range(9)]
    assert costs == [0, 0, 0, 0.25, 0.5, 1, 2, 4, 4]
    assert seconds_of(clock, guesses, "sesame", "192.0.2.2") == 0
    assert seconds_of(clock, guesses, "wrong", "not an address") == 0
    assert seconds_of(clock, guesses, "sesame") == 4  # or guesses could be made side by side
    clock.now += application._FORGOTTEN + 1
    assert seconds_of(clock, guesses, "wrong") == 0


def test_guesses_side_by_side_wait_for_each_other(guesses: Guesses, clock: Clock) -> None:
    for _ in range(9):
        ask(guesses, "wrong")
    slept: list[float] = []

    async def asleep(seconds: float) -> None:
        slept.append(seconds)

    guesses._sleep = asleep
    for _ in range(2):
        ask(guesses, "wrong")
    with pytest.raises(TooManyGuessesError):
        ask(guesses, "sesame")
    assert slept == [4, 8]


def test_the_addresses_of_one_network_are_one_client(clock: Clock, guesses: Guesses) -> None:
    for number in range(5):
        ask(guesses, "wrong", f"2001:db8::{number}:1")
        ask(guesses, "wrong", "::ffff:192.0.2.9")
    assert seconds_of(clock, guesses, "wrong", "2001:db8::ffff") == 1
    assert seconds_of(clock, guesses, "wrong", "192.0.2.9") == 1
    assert seconds_of(clock, guesses, "wrong", "2001:db8:0:1::1") == 0


def test_memory_is_bounded_and_the_last_are_remembered(guesses: Guesses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "_CLIENTS", 10)
    for number in range(200):
        ask(guesses, "wrong", f"192.0.2.{number}")
    assert list(guesses._records) == [f"192.0.2.{number}" for number in range(190, 200)]


def test_over_http_too_many_are_told_when_to_come_again(tmp_path, runs, models, monkeypatch) -> None:
    clock = Clock()

    async def at_once(_: float) -> None:
        """Time stands still, as for requests side by side."""

    monkeypatch.setattr(application, "Guesses", lambda: Guesses(clock, at_once))
    client = TestClient(Api(lambda: Settings(tmp_path, api_token="sesame"), lambda: runs, lambda: models))
    headers = {"Authorization": "Bearer wrong"}
    codes = [client.get("/v1/models", headers=headers).status_code for _ in range(9)]
    assert codes == [401] * 8 + [429]
    response = client.get("/v1/models", headers=headers)
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert response.json()["detail"].endswith(".")
    clock.now += 60
    assert client.get("/v1/models", headers={"Authorization": "Bearer sesame"}).status_code == 200


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
    monkeypatch.setattr(application, "LONGEST_BODY", 0.1)
    with pytest.raises(HTTPException) as refused:
        read_through(dawdling)
    assert refused.value.status_code == 408


def test_after_the_body_a_request_may_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "LONGEST_BODY", 0.05)
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
