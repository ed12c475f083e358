"""Who guesses at the token of the server waits longer after each guess."""

from __future__ import annotations

import ipaddress
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

_FREE = 3  # wrong tokens that cost nothing: a slip of the hand
_FIRST, _LONGEST = 0.25, 4.0  # seconds between two guesses, doubled with each wrong one
_MOST = 10.0  # seconds that a request waits for its turn at most
_FORGOTTEN = 900.0  # seconds without a wrong token
_CLIENTS = 1_000  # that are remembered; of more, those that guessed last


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
