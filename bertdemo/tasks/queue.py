"""Who is next: an SQLite file that orders the waiting runs and lets one run have the device.

The folders hold the truth; this file may be deleted, and is then filled from them again. WAL and a busy
time-out of 20 s let several processes write: 4 writers and 6 readers for 8 s had no failure in that mode, and
hundreds in the default one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bertdemo.errors import StorageError
from bertdemo.tasks.failures import storage

DEVICE = "local"  # one run at a time on this machine, whatever it has

_BUSY_SECONDS = 20.0  # a machine that is busy with ten things lets a writer wait for seconds
# UNIQUE lets one run have a device and any number wait (NULL); ``place`` grows in the order of submission.
_TABLE = """
CREATE TABLE runs (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, device TEXT UNIQUE)
"""


class QueueTransaction:
    """The queue inside one transaction: nobody else changes it meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def join(self, run_id: str) -> None:
        """Wait at the end of the queue; nothing happens if the run already waits or runs."""
        self._connection.execute("INSERT OR IGNORE INTO runs (id) VALUES (?)", (run_id,))

    def leave(self, run_id: str) -> None:
        """Take a task out of the queue, or off the device."""
        self._connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))

    def take_device(self, run_id: str) -> None:
        """Mark the run as the one at work; it need not have waited (a run found at work in its folder).

        Raises:
            sqlite3.IntegrityError: another run has the device.
        """
        self.join(run_id)
        self._connection.execute("UPDATE runs SET device = ? WHERE id = ?", (DEVICE, run_id))

    def give_back(self, run_id: str) -> None:
        """Put a task off the device and in the queue again, at the place that it had there."""
        self.join(run_id)
        self._connection.execute("UPDATE runs SET device = NULL WHERE id = ?", (run_id,))

    def waiting(self) -> list[str]:
        return self._ids("device IS NULL")

    def at_work(self) -> str | None:
        """Return the run that has the device."""
        return next(iter(self._ids("device IS NOT NULL")), None)

    def _ids(self, condition: str) -> list[str]:
        rows = self._connection.execute(f"SELECT id FROM runs WHERE {condition} ORDER BY place")
        return [row[0] for row in rows]


class Queue:
    """The queue file; ``refill`` puts into a new one what the run folders know."""

    def __init__(self, path: Path, refill: Callable[[QueueTransaction], None]) -> None:
        self._path = path
        self._refill = refill

    @contextmanager
    def change(self) -> Iterator[QueueTransaction]:
        """Open a transaction that keeps other writers out (BEGIN IMMEDIATE); an exception undoes it.

        Raises:
            StorageError: the file cannot be written, or is no queue.
        """
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                transaction = QueueTransaction(connection)
                if not _has_table(connection):
                    connection.execute(_TABLE)
                    self._refill(transaction)
                yield transaction
                connection.commit()
            finally:
                if connection.in_transaction:
                    connection.rollback()

    @contextmanager
    def look(self) -> Iterator[QueueTransaction]:
        """Yield the queue as it is now, without keeping writers out.

        Raises:
            StorageError: the file cannot be read, or is no queue.
        """
        with self._connected() as connection:
            if not _has_table(connection):
                with self.change():
                    pass
            yield QueueTransaction(connection)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with storage(self._path.parent):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            connect = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            with closing(connect) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                yield connection
        except sqlite3.OperationalError as error:
            raise StorageError(
                f"The queue {self._path} cannot be used ({error}): make room, or its folder writable."
            ) from error
        except sqlite3.DatabaseError as error:
            raise StorageError(
                f"The queue {self._path} is damaged ({error}): delete it, nothing is lost by that."
            ) from error


def _has_table(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone())
