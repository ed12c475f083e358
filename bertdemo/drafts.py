"""Files and folders that appear whole or not at all, and what becomes of drafts whose process was killed.

A draft lies beside the place it is for and names its process. A file takes its place by one rename. So does a folder
where there is none yet; where there is one, the complete new one is first called *ready*, the old one steps aside, and
whoever finds the place empty in between puts there what is ready. Whoever looks next sweeps what dead processes left.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from bertdemo.processes import is_over, owner

_Value = TypeVar("_Value")

_STAGES = ("draft", "ready", "old", "deleted")
_NAME = re.compile(rf"\.(?:{'|'.join(_STAGES)})-(?P<place>.+)-(?P<owner>[0-9]+\.[0-9]+\.[0-9a-f]{{8}})-[0-9a-f]{{8}}")
# What older versions left, which names no process.
_NAMELESS = re.compile(r"\.(?:(?:draft|deleted)-.+|.+-[0-9a-f]{8}|answers\.parquet|classifier\.json)")
_OLD_SECONDS = 3600.0  # a draft whose process cannot be seen from here is given up after this
_LONGEST_NAME = 120  # bytes of the place's name; the rest of a draft's name has 60, and file systems take 255
_READS = 3  # of a folder that is replaced meanwhile
_SCRATCH = "bertdemo"


@contextmanager
def drafted(place: Path) -> Iterator[Path]:
    """Yield a path beside ``place`` for a new file or folder, which is there whole once the block is left in order.

    Raises:
        OSError: the disk does not let it; what was at ``place`` is there as before.
    """
    draft = _beside(place, "draft")
    try:
        yield draft
        _put(draft, place)
    finally:
        _delete(draft)


def discard(place: Path) -> None:
    """Take a file or folder out of sight at once, then delete what is in it.

    Raises:
        OSError: the disk does not let it.
    """
    hidden = _beside(place, "deleted")
    place.rename(hidden)
    _delete(hidden)


def recover(place: Path) -> None:
    """Put at ``place`` the folder that was ready when the process that replaced it was stopped between two renames."""
    if place.exists():
        return
    for ready in place.parent.glob(f".ready-{_short(place)}-*"):
        if _is_for(ready, place):
            with contextlib.suppress(OSError):  # its process, or another reader, was faster
                ready.rename(place)


def read_steadily(folder: Path, read: Callable[[], _Value]) -> _Value:
    """Return what ``read`` makes of ``folder``, all of it of one version: it is read again if replaced meanwhile."""
    for _ in range(_READS - 1):
        recover(folder)
        version = _version(folder)
        try:
            value = read()
        except Exception:
            if _version(folder) == version:
                raise
        else:
            if _version(folder) == version:
                return value
    return read()


def sweep(folder: Path, place: Path | None = None, *, now: float | None = None) -> bool:
    """Remove the drafts in ``folder`` whose processes have ended; return whether none is left.

    One whose process cannot be seen from here, or is not named, goes when it is an hour old.

    Args:
        folder: whose drafts to look at; what is ready in it takes its place first.
        place: look at the drafts for this path alone: in a folder that is not ours.
        now: Unix seconds; the time as it is unless told.
    """
    is_clean = True
    for path in _hidden_in(folder):
        match = _NAME.fullmatch(path.name)
        if match is None if place else not (match or _NAMELESS.fullmatch(path.name)):
            continue
        if place and not _is_for(path, place):
            continue
        if path.name.startswith(".ready-") and match:
            recover(folder / match["place"])
        if _is_left(path, match["owner"] if match else "", time.time() if now is None else now):
            _delete(path)
        is_clean = is_clean and not path.exists()
    return is_clean


class Sweeper:
    """Sweeps folders that are looked at again and again: one in which nothing has changed costs one question."""

    def __init__(self) -> None:
        self._clean: dict[Path, int] = {}

    def look(self, folder: Path, now: float | None = None) -> None:
        """Sweep ``folder`` if anything in it was made or removed since it was found clean; none is no error."""
        version = _version(folder)
        if version is not None and self._clean.get(folder) != version[1] and sweep(folder, now=now):
            self._clean[folder] = (_version(folder) or version)[1]


def make_scratch() -> Path:
    """Return a new folder for temporary files, which the next one who asks removes if this process is killed."""
    root = Path(tempfile.gettempdir())
    sweep(root, root / _SCRATCH)
    folder = _beside(root / _SCRATCH, "draft")
    folder.mkdir(mode=0o700)
    return folder


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder for temporary files and remove it."""
    folder = make_scratch()
    try:
        yield folder
    finally:
        _delete(folder)


def _put(draft: Path, place: Path) -> None:
    if not (draft.is_dir() and place.is_dir()):
        draft.replace(place)
        return
    ready, old = _beside(place, "ready"), _beside(place, "old")
    draft.rename(ready)
    try:
        place.rename(old)
    except OSError:
        _delete(ready)
        raise
    try:
        ready.rename(place)
    except FileNotFoundError:  # a reader found the place empty and was faster
        if not place.exists():
            raise
    _delete(old)


def _beside(place: Path, stage: str) -> Path:
    return place.with_name(f".{stage}-{_short(place)}-{owner()}-{secrets.token_hex(4)}")


def _short(place: Path) -> str:
    return place.name.encode("utf-8", "surrogateescape")[:_LONGEST_NAME].decode("utf-8", "ignore")


def _is_for(draft: Path, place: Path) -> bool:
    match = _NAME.fullmatch(draft.name)
    return match is not None and match["place"] == _short(place)


def _hidden_in(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.name.startswith(".")]
    except OSError:
        return []


def _is_left(path: Path, named: str, now: float) -> bool:
    over = is_over(named)
    if over is not None:
        return over
    try:
        return now - path.stat().st_mtime > _OLD_SECONDS
    except OSError:
        return False


def _version(folder: Path) -> tuple[int, int] | None:
    """Return which folder it is, and when an entry was last made or removed in it."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
