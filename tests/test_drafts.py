"""Files and folders that appear whole or not at all, whatever kills their process at which moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bertdemo import drafts, processes
from bertdemo.drafts import drafted, read_steadily, scratch, sweep
from bertdemo.processes import is_over, owner

ROOT = Path(__file__).parents[1]
# Replaces a file or a folder, and is killed just before the n-th time that it changes what lies on the disk.
_SAVER = """
import os, signal, sys
from pathlib import Path
from bertdemo.drafts import drafted

place, at, calls = Path(sys.argv[1]), int(sys.argv[2]), 0

def deadly(act):
    def wrapped(*args, **options):
        global calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*args, **options)
    return wrapped

for name in ("mkdir", "rename", "replace", "unlink", "rmdir"):
    setattr(os, name, deadly(getattr(os, name)))
with drafted(place) as draft:
    if place.is_dir():
        draft.mkdir()
        (draft / "a").write_text("new")
        (draft / "b").write_text("new")
    else:
        draft.write_text("new")
"""


def killed_at(place: Path, at: int) -> bool:
    """Replace in a process of its own; whether it was killed on the way."""
    result = subprocess.run([sys.executable, "-c", _SAVER, place, str(at)], cwd=ROOT, check=False)
    assert result.returncode in (0, -signal.SIGKILL)
    return result.returncode != 0


def contents(place: Path) -> set[str]:
    files = sorted(place.iterdir()) if place.is_dir() else [place]
    return {file.read_text() for file in files}


def fill(place: Path, text: str) -> None:
    place.mkdir()
    for name in "ab":
        (place / name).write_text(text)


@pytest.fixture(scope="module")
def dead() -> str:
    """The owner's word of a process that has ended."""
    command = [sys.executable, "-c", "from bertdemo.processes import owner; print(owner())"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_process_killed_anywhere_leaves_the_old_or_the_new_and_no_draft_after_the_next_look(tmp_path, kind):
    seen = []
    for at in range(1, 20):
        place = tmp_path / str(at) / "model"
        place.parent.mkdir()
        place.write_text("old") if kind == "file" else fill(place, "old")
        was_killed = killed_at(place, at)
        seen.append(read_steadily(place, lambda place=place: contents(place)))
        assert seen[-1] in ({"old"}, {"new"})
        sweep(place.parent)
        assert list(place.parent.iterdir()) == [place]
        if not was_killed:
            break
    assert not was_killed
    assert seen[0] == {"old"}
    assert seen[-1] == {"new"}
    assert at > (1 if kind == "file" else 4)


def test_a_reader_that_comes_between_the_two_renames_of_a_living_writer_gets_the_new_one(tmp_path, monkeypatch):
    place = tmp_path / "model"
    fill(place, "old")
    rename, seen = Path.rename, []

    def read_in_between(path, target):
        if path.name.startswith(".ready-") and not seen:
            seen.append(None)
            seen.append(read_steadily(place, lambda: contents(place)))
        return rename(path, target)

    monkeypatch.setattr(drafts.Path, "rename", read_in_between)
    with drafted(place) as draft:
        fill(draft, "new")
    assert seen[1] == {"new"}
    assert contents(place) == {"new"}
    assert list(tmp_path.iterdir()) == [place]


def test_a_folder_replaced_while_it_is_read_is_read_again(tmp_path):
    place = tmp_path / "model"
    fill(place, "old")
    reads = []

    def read():
        first = (place / "a").read_text()
        if not reads:
            with drafted(place) as draft:
                fill(draft, "new")
        reads.append({first, (place / "b").read_text()})
        return reads[-1]

    assert read_steadily(place, read) == {"new"}
    assert reads[0] == {"old", "new"}


def test_an_error_leaves_what_was_there(tmp_path):
    place = tmp_path / "model"
    fill(place, "old")

    def fail():
        with drafted(place) as draft:
            draft.mkdir()
            raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        fail()
    assert contents(place) == {"old"}
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize("stage", ["draft", "ready", "old", "deleted"])
def test_only_what_dead_processes_left_is_swept(tmp_path, dead, stage):
    place = tmp_path / "model"
    fill(place, "kept")
    mine = tmp_path / f".{stage}-model-{owner()}-00000000"
    theirs = tmp_path / f".{stage}-model-{dead}-00000000"
    elsewhere = tmp_path / f".{stage}-model-1.1.ffffffff-00000000"
    for path in (mine, theirs, elsewhere, tmp_path / ".gitignore"):
        fill(path, "draft")
    assert not sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"model", mine.name, elsewhere.name, ".gitignore"}
    old = elsewhere.stat().st_mtime + 3601
    sweep(tmp_path, now=old)
    assert {path.name for path in tmp_path.iterdir()} == {"model", mine.name, ".gitignore"}
    assert contents(place) == {"kept"}


def test_in_a_folder_of_others_only_drafts_of_the_named_place_are_swept(tmp_path, dead):
    names = [f".draft-{name}-{dead}-00000000" for name in ("mine.csv", "other.csv")] + [".draft-x", ".notes-0badcafe"]
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    sweep(tmp_path, tmp_path / "mine.csv")
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])


def test_temporary_files_of_a_killed_process_go_with_the_next_that_needs_some(tmp_path, dead, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / f".draft-bertdemo-{dead}-00000000"
    fill(left, "large")
    with scratch() as folder:
        assert not left.exists()
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "file").touch()
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_any_length_can_have_a_draft(tmp_path):
    place = tmp_path / ("é" * 120 + ".csv")
    with drafted(place) as draft:
        draft.write_text("x")
    assert list(tmp_path.iterdir()) == [place]


def test_a_process_is_over_once_it_has_ended_and_nobody_can_tell_of_another_machine(dead, monkeypatch):
    me = owner()
    assert is_over(dead)
    assert is_over(me) is False
    assert is_over("nonsense") is None
    pid, ticks, machine = me.split(".")
    assert is_over(f"{pid}.{int(ticks) - 1}.{machine}")  # the number was given again
    monkeypatch.setattr(processes, "this_machine", lambda: processes.Machine("host", "another start", "pid:[1]"))
    assert is_over(dead) is None


def test_a_zombie_is_over():
    code = "from bertdemo.processes import owner; print(owner(), flush=True)"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with process:
        named = process.stdout.readline().strip()
        process.stdout.read()  # until it has ended
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_over(named)
