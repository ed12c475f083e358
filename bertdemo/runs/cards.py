"""What the list shows of each run, kept until something in its folder changes: a click need not open every file again.

Nothing is written: the folders are the truth, each process has an index of its own, and one that is lost is made again.
A change is told by inode and change time (``ctime``, which nobody can set), so that a folder that was copied in,
replaced or damaged by hand is read anew. What has changed a moment ago is not kept: within one tick of the clock of a
file system two versions look the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bertdemo.runs.records import Run

FILES = ("status.json", "name.txt", "recipe.json", "data.json", "report.json")  # all that a card is made of
AT_A_LOOK = 50  # runs whose files are looked at
_SETTLED_SECONDS = 2.0  # since the last change

_Stamp = tuple[int, int] | None  # inode and change time (nanoseconds); None where there is nothing


@dataclass(frozen=True, slots=True)
class _Card:
    run: Run
    folder: _Stamp
    files: tuple[_Stamp, ...]


class RunCards:
    """The runs in some folders as they stand. Any thread may ask.

    Each look asks after every folder, in which a new or a replaced file shows, and after the files themselves of at
    most ``AT_A_LOOK`` runs in turn, for those that somebody has written into by hand.

    Args:
        read: returns the runs in these folders, by folder, from their files.
        clock: Unix seconds.
    """

    def __init__(self, read: Callable[[Sequence[str]], Mapping[str, Run]], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock
        self._cards: dict[str, _Card] = {}
        self._turn = 0

    def look(self, folders: Sequence[str]) -> list[Run]:
        """Return the run in each folder; those in other folders are forgotten."""
        now, cards, stale = self._clock(), self._cards, dict[str, tuple[_Stamp, tuple[_Stamp, ...]]]()
        whole = self._next(len(folders))
        for number, folder in enumerate(folders):
            card, stamp = cards.get(folder), _stamp(folder)
            if card is None or card.folder != stamp or (number in whole and card.files != _files(folder)):
                stale[folder] = stamp, _files(folder)  # before the files are read
        read = self._read(list(stale)) if stale else {}
        fresh = {
            folder: _Card(run, *stale[folder])
            for folder, run in read.items()
            if not run.status.state.is_live and _is_settled(folder, stale[folder], now)
        }
        if stale or len(cards) != len(folders):
            self._cards = {each: cards[each] for each in folders if each not in stale} | fresh
        return [read[each] if each in stale else cards[each].run for each in folders]

    def _next(self, folders: int) -> range:
        begin = self._turn if self._turn < folders else 0
        self._turn = begin + AT_A_LOOK
        return range(begin, self._turn)


def _stamp(path: str) -> _Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 - a ``Path`` takes twice as long
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


def _files(folder: str) -> tuple[_Stamp, ...]:
    return tuple([_stamp(f"{folder}/{name}") for name in FILES])


def _is_settled(folder: str, stamps: tuple[_Stamp, tuple[_Stamp, ...]], now: float) -> bool:
    """Return whether nothing in the folder is on its way: no draft, and no change of a moment ago."""
    last = max((stamp[1] for stamp in (stamps[0], *stamps[1]) if stamp), default=0)
    if last / 1e9 > now - _SETTLED_SECONDS:
        return False
    try:
        return not any(name.startswith(".") for name in os.listdir(folder))  # noqa: PTH208
    except OSError:
        return False
