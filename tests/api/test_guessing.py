"""Wrong tokens are slowed down; nobody else is, and nothing grows."""

from __future__ import annotations

import anyio
import pytest
from starlette.testclient import TestClient

from bertdemo.api import application, guessing
from bertdemo.api.guessing import Guesses, TooManyGuessesError
from bertdemo.api.mounting import Api
from bertdemo.settings import Settings


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
    clock.now += guessing._FORGOTTEN + 1
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
    monkeypatch.setattr(guessing, "_CLIENTS", 10)
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
