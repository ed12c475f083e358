"""Requests under another's name are refused, and every answer carries the headers of a careful page."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from bertdemo.api.guarding import Guarded, is_own_name
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
