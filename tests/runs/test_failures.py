from __future__ import annotations

import errno
from pathlib import Path

import pytest

from bertdemo.errors import ModelError, StorageError, TrainingError
from bertdemo.tasks.failures import is_wrong_input, sentence, storage


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelError("There is no such model: use another."), "There is no such model"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (
            RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
            "disk is full",
        ),
        (OSError(errno.EROFS, "Read-only file system", "/home/runs"), "/home/runs cannot be written"),
        (OSError(errno.EIO, "Input/output error", "/home/runs"), "Input/output error"),
        (MemoryError(), "smaller batch size"),
        (RuntimeError("CUDA out of memory. Tried to allocate 20 GiB"), "smaller batch size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "smaller batch size"),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (KeyError(), "KeyError"),
        (RuntimeError("x" * 10_000), "RuntimeError"),
    ],
)
def test_every_failure_is_one_line_a_person_can_read(error, words):
    line = sentence(error)
    assert words in line
    assert "\n" not in line
    assert len(line) < 500


def test_storage_turns_what_the_system_says_into_our_error():
    with pytest.raises(StorageError, match="disk is full"), storage(Path("home")):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_wrong_input_is_told_from_bad_luck():
    assert is_wrong_input(ModelError("x"))
    assert not is_wrong_input(TrainingError("x"))
    assert not is_wrong_input(StorageError("x"))
    assert not is_wrong_input(RuntimeError("x"))
