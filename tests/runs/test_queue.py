from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bertdemo.errors import StorageError
from bertdemo.tasks.queue import Queue, QueueTransaction
from tests.patience import outcome


def empty(transaction: QueueTransaction) -> None:
    """Nothing to fill a new file with."""


@pytest.fixture
def queue(tmp_path):
    return Queue(tmp_path / "queue.sqlite", empty)


def test_runs_wait_in_the_order_of_their_submission(queue):
    with queue.change() as transaction:
        for run_id in ("c", "a", "b", "a"):
            transaction.join(run_id)
    with queue.look() as transaction:
        assert transaction.waiting() == ["c", "a", "b"]


def test_an_exception_undoes_the_change(queue):
    def join_and_break() -> None:
        with queue.change() as transaction:
            transaction.join("a")
            raise KeyError

    with pytest.raises(KeyError):
        join_and_break()
    with queue.look() as transaction:
        assert transaction.waiting() == []


def test_the_database_itself_lets_only_one_run_have_the_device(queue):
    def take_both() -> None:
        with queue.change() as transaction:
            transaction.take_device("a")
            transaction.take_device("b")

    with pytest.raises(StorageError) as caught:
        take_both()
    assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)


def test_a_new_file_is_filled_with_what_the_folders_know(tmp_path):
    queue = Queue(tmp_path / "queue.sqlite", lambda transaction: transaction.join("found"))
    with queue.look() as transaction:
        assert transaction.waiting() == ["found"]
    (tmp_path / "queue.sqlite").unlink()
    with queue.change() as transaction:
        assert transaction.waiting() == ["found"]


def test_a_file_that_is_no_queue_is_one_sentence(tmp_path, queue):
    (tmp_path / "queue.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StorageError, match="delete it"), queue.look():
        pass


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="BERTDEMO_HOME"), Queue(tmp_path / "file" / "q", empty).look():
        pass


_WRITER = """
import sys
from pathlib import Path
from bertdemo.tasks.queue import Queue
queue = Queue(Path(sys.argv[1]), lambda transaction: None)
sys.stdin.readline()
for number in range(25):
    with queue.change() as transaction:
        transaction.join(f"{sys.argv[2]}-{number}")
    with queue.change() as transaction:
        if transaction.at_work() is None:
            transaction.take_device(transaction.waiting()[0])
        transaction.waiting()
    with queue.change() as transaction:
        if transaction.at_work() == f"{sys.argv[2]}-{number}":
            transaction.leave(transaction.at_work())
    with queue.look() as transaction:
        transaction.waiting()
"""


def test_four_processes_that_meet_a_new_file_lose_nothing_and_never_fail(tmp_path, queue):
    """They all begin at the same time, so that making the file and switching to WAL collide as well."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, tmp_path / "queue.sqlite", str(number)],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    errors = [outcome(writer)[1] for writer in writers]
    assert errors == [""] * 4
    with queue.look() as transaction:
        left = transaction.waiting()
    for number in range(4):
        own = [int(run_id.split("-")[1]) for run_id in left if run_id.startswith(f"{number}-")]
        assert own == sorted(own)


class QueueMachine(RuleBasedStateMachine):
    """The queue against a list: first come, first served, and one at work."""

    ids = st.sampled_from("abcde")

    @initialize()
    def begin(self):
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.execute(
            "CREATE TABLE runs (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, device TEXT UNIQUE)"
        )
        self.transaction = QueueTransaction(self.connection)
        self.waiting: list[str] = []
        self.at_work: str | None = None

    @rule(run_id=ids)
    def join(self, run_id):
        self.transaction.join(run_id)
        if run_id not in self.waiting and run_id != self.at_work:
            self.waiting.append(run_id)

    @rule(run_id=ids)
    def leave(self, run_id):
        self.transaction.leave(run_id)
        self.waiting = [each for each in self.waiting if each != run_id]
        self.at_work = None if self.at_work == run_id else self.at_work

    @precondition(lambda self: self.waiting and not self.at_work)
    @rule()
    def start_next(self):
        self.at_work = self.waiting.pop(0)
        self.transaction.take_device(self.transaction.waiting()[0])

    @invariant()
    def agrees(self):
        if hasattr(self, "transaction"):
            assert self.transaction.waiting() == self.waiting
            assert self.transaction.at_work() == self.at_work

    def teardown(self):
        if hasattr(self, "connection"):
            self.connection.close()


TestQueueOrder = QueueMachine.TestCase
