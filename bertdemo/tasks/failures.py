"""One sentence for whatever went wrong, so that no run ends in a traceback on a screen."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bertdemo.errors import BertDemoError, StorageError
from bertdemo.lines import one_line

_FULL = "The disk is full: free some space and try again."
_MEMORY = "Memory ran out: choose a smaller batch size, a shorter maximum length or a smaller base model."
_ANOTHER_HOME = "set BERTDEMO_HOME to another folder"
_LONGEST = 300  # characters of a library's own message


@contextmanager
def storage(place: Path, instead: str = _ANOTHER_HOME) -> Iterator[None]:
    """Turn what the operating system says about ``place`` into a ``StorageError`` of one sentence."""
    try:
        yield
    except OSError as error:
        raise StorageError(_storage_sentence(error, place, instead)) from error


def sentence(error: BaseException) -> str:
    """Return what happened and what to do, in one line: our own errors speak for themselves."""
    if isinstance(error, BertDemoError):
        return one_line(str(error))
    text = str(error)
    # safetensors and SQLite report a full disk with an error type of their own.
    if "No space left" in text or "disk is full" in text:
        return _FULL
    if isinstance(error, MemoryError) or _is_out_of_memory(text):
        return _MEMORY
    if isinstance(error, OSError):
        return _storage_sentence(error, Path(error.filename or "the home folder"), _ANOTHER_HOME)
    told = one_line(f"{type(error).__name__}: {text}")[:_LONGEST]
    return f"The run failed with {told.rstrip('.: ')} (the log tells where)."


def is_wrong_input(error: BaseException) -> bool:
    """Return whether something impossible was asked for (a model that is none): no bad luck on the way."""
    return isinstance(error, BertDemoError) and error.exit_code == 2


def _is_out_of_memory(text: str) -> bool:
    return "out of memory" in text.lower() or "can't allocate memory" in text


def _storage_sentence(error: OSError, place: Path, instead: str) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _FULL
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{place} cannot be written: make it writable, or {instead}."
    reason = error.strerror or type(error).__name__
    return one_line(f"{place} cannot be used ({reason}): {instead}.")
