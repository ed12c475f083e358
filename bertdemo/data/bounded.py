"""What visitors name or upload is read in processes of their own, with bounds on memory and time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

import bertdemo
from bertdemo.data import reader_process
from bertdemo.data.dataset import Source
from bertdemo.data.opening import HubTable
from bertdemo.errors import DataError
from bertdemo.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

_Result = TypeVar("_Result")
_AT_ONCE = 2  # files; the others wait
_LOOK = 0.05  # seconds between two looks at a process
_BEGIN = 60  # seconds for it to load its libraries
_PATIENCE = 4  # seconds on the clock for each that it may work: a busy server takes longer
_KEPT = 64  # MB; a process that has grown by more is ended after its answer, and its memory is free again
_MEBIBYTE = 2**20
_COMMAND = (sys.executable, "-P", "-m", "bertdemo.data.reader_process")
# One thread: others read, too. The plain allocator takes what it needs, Arrow's own a gigabyte at a time.
_ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONPATH": str(Path(bertdemo.__file__).parents[1]),
}
_LESS = "save it as CSV with the columns you need"
_LESS_OF_HUB = "choose a smaller data set, or load it elsewhere and upload the columns you need as a file"
_TOKENS = ("HF_", "HUGGING")  # what reads files of strangers is told no token
_OURS = ("BERTDEMO_",)
_HUB_TURNS = threading.Semaphore(2)  # a download takes minutes: files of others do not wait for it
_HUB_MEMORY, _HUB_SECONDS = 4, 8  # times what a file may take: all of a data set is converted before rows are chosen


class TableReader:
    """Reads tables as ``reading.read_table`` does, and ends the process that does it where it takes too much.

    One that has its libraries loaded waits for the next file. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._turns = threading.Semaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._spare: _Process | None = None

    def prepare(self) -> None:
        """Have a process load its libraries, unless one waits; return at once."""
        with self._lock:
            if self._spare is None or not self._spare.is_alive():
                self._spare = _Process()

    def read(
        self, name: str, content: bytes, settings: Settings, waiting: Callable[[], None] = lambda: None, **options: Any
    ) -> pd.DataFrame:
        """Return the table in a file.

        Args:
            name: of the file; its ending tells the kind.
            content: the bytes of the file.
            settings: bounds of the file, and what reading it may take.
            waiting: called every now and then; what it raises calls the reading off.
            options: of ``reading.read_table``, as JSON can say them.

        Raises:
            DataError: see ``reading.read_table``; or reading takes more memory or time than allowed.
        """
        question = _question(name, settings, size=len(content), options=options)
        with _turn(self._turns, waiting):
            process = self._take()
            try:
                table = process.ask(question, content, waiting)
            except BaseException:
                process.end()
                raise
            self._give_back(process)
        return reader_process.from_bytes(table)

    def close(self) -> None:
        """End the process that waits."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.end()

    def _take(self) -> _Process:
        with self._lock:
            spare, self._spare = self._spare, None
        return spare if spare is not None and spare.is_alive() else _Process()

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            if self._spare is None and process.growth_mb() <= _KEPT:
                self._spare = process
                return
        process.end()


def read_hub(name: str, settings: Settings, waiting: Callable[[], None] = lambda: None) -> HubTable:
    """Read a data set of the Hub as ``opening.open_hub`` does, in a process that ends with it.

    It may take four times the memory of a file and eight times its seconds, and knows the Hub's token.

    Raises:
        DataError: see ``opening.read_hub``; or reading takes more memory or time than allowed.
    """
    question = _question(name, settings, memory=_HUB_MEMORY, seconds=_HUB_SECONDS, less=_LESS_OF_HUB)
    with _turn(_HUB_TURNS, waiting):
        process = _Process(withheld=_OURS)
        try:
            frame = reader_process.from_bytes(process.ask(question, b"", waiting))
        finally:
            process.end()
    return HubTable(frame, Source(**frame.attrs.pop("source")))


def _question(
    name: str, settings: Settings, *, memory: int = 1, seconds: int = 1, less: str = _LESS, size: int = 0,
    options: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what is asked of the process; without ``options`` the name is that of a data set of the Hub."""
    return {
        "name": name, "size": size, "options": options, "max_file_mb": settings.max_file_mb,
        "max_rows": settings.max_rows, "memory_mb": memory * settings.read_memory_mb,
        "seconds": seconds * settings.read_seconds, "clock": _PATIENCE * seconds * settings.read_seconds, "less": less,
    }  # fmt: skip


@contextmanager
def _turn(turns: threading.Semaphore, waiting: Callable[[], None]) -> Iterator[None]:
    while not turns.acquire(timeout=_LOOK):
        waiting()
    try:
        yield
    finally:
        turns.release()


class _Process:
    """A process that reads one table at a time.

    Args:
        withheld: how the names of the variables begin that it is not told of the environment.
    """

    def __init__(self, withheld: tuple[str, ...] = (*_OURS, *_TOKENS)) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(withheld)}
        self._process = subprocess.Popen(
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=inherited | _ENVIRONMENT,
            start_new_session=True,
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self._answers = self._process.stdin, self._process.stdout
        self._found = psutil.Process(self._process.pid)
        self._end = weakref.finalize(self, _end, self._process)
        self._before: int | None = None  # MB held once the libraries are there

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def growth_mb(self) -> int:
        """Return what it holds beyond its libraries."""
        try:
            memory = self._found.memory_info()
            private = memory.rss - getattr(memory, "shared", 0)  # a mapped file is none of its own
            return int(private / _MEBIBYTE) - (self._before or 0)
        except psutil.Error:
            return 0  # it has ended

    def _worked(self) -> float:
        """Return seconds of a processor that it has had."""
        try:
            times = self._found.cpu_times()
        except psutil.Error:
            return 0.0  # it has ended
        return float(times.user + times.system)

    def ask(self, question: dict[str, Any], content: bytes, waiting: Callable[[], None]) -> bytes:
        """Return the table that it makes of a file.

        Raises:
            DataError: what it says of the file; or it took too much memory or time, or has ended.
        """
        name, memory, seconds, less = (question[part] for part in ("name", "memory_mb", "seconds", "less"))

        def look() -> None:
            """Raise what ends the reading."""
            waiting()
            if self.growth_mb() > memory:
                raise MemoryError
            if self._worked() - before > seconds:
                raise TimeoutError

        try:
            if self._before is None:
                self._follow(self._receive, _BEGIN, waiting)
                self._before = self.growth_mb()
            before = self._worked()
            header, table = self._follow(lambda: self._converse(question, content), question["clock"], look)
        except TimeoutError as error:
            raise DataError(
                f"{name} takes more than {seconds} s of work to be read: {less}, or raise BERTDEMO_READ_SECONDS."
            ) from error
        except (MemoryError, EOFError, OSError, ValueError) as error:  # all but the first: the process has ended
            raise _too_large(name, memory, less) from error
        if header.get("memory"):
            raise _too_large(name, memory, less)
        if "error" in header:
            raise DataError(header["error"])
        return table

    def end(self) -> None:
        """End it now, whatever it does."""
        self._end()

    def _follow(self, work: Callable[[], _Result], seconds: float, look: Callable[[], None]) -> _Result:
        """Return what ``work`` returns, in a thread that ends with the process; ``look`` is called until then."""
        result: Future[_Result] = Future()
        threading.Thread(target=_fulfil, args=(result, work), name="reads-a-table", daemon=True).start()
        over = time.monotonic() + seconds
        while not wait([result], _LOOK).done:
            look()
            if time.monotonic() > over:
                raise TimeoutError
        return result.result()

    def _converse(self, question: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        self._questions.write(json.dumps(question).encode() + b"\n")
        self._questions.write(content)
        self._questions.flush()
        return self._receive()

    def _receive(self) -> tuple[dict[str, Any], bytes]:
        header = json.loads(self._answers.readline() or "{")  # nothing: it has ended, and this is no JSON
        table = self._answers.read(header["size"])
        if len(table) < header["size"]:
            raise EOFError
        return header, table


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):  # what could not be written any more
            if pipe is not None:
                pipe.close()


def _fulfil(result: Future[_Result], work: Callable[[], _Result]) -> None:
    try:
        result.set_result(work())
    except Exception as error:  # noqa: BLE001 (whoever waits raises it)
        result.set_exception(error)


def _too_large(name: str, memory: int, less: str) -> DataError:
    return DataError(f"{name} needs more than {memory} MB of memory: {less}, or raise BERTDEMO_READ_MEMORY_MB.")
