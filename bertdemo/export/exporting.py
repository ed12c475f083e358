"""The one door to exports: a run in, a file out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bertdemo.drafts import drafted, sweep
from bertdemo.runs.store import Runs
from bertdemo.tasks.failures import storage

Format = Literal["zip", "onnx", "int8"]
FORMATS: tuple[Format, ...] = ("zip", "onnx", "int8")
ENDINGS: dict[Format, str] = {"zip": ".zip", "onnx": ".onnx", "int8": ".onnx"}  # of file names


@dataclass(frozen=True)
class Exported:
    """What was written; ``seconds`` without the start of the process."""

    run: str
    format: Format
    output: Path
    bytes: int
    seconds: float


def export(runs: Runs, run_id: str, kind: Format, output: Path) -> Exported:
    """Write the classifier of a run to ``output``, which appears complete or not at all.

    Takes a second for a zip; for ONNX half a minute and a gigabyte or two of memory, which a server that people look at
    leaves to a process of its own (``python -m bertdemo export``).

    Raises:
        RunError: there is no such run, it has no classifier, or it is damaged.
        ModelError: the model cannot be exported.
        StorageError: ``output`` cannot be written.
    """
    started = time.perf_counter()
    with storage(output, "choose another place"):
        sweep(output.parent, output)
        with drafted(output) as draft:
            _write(runs, run_id, kind, draft)
    return Exported(run_id, kind, output, output.stat().st_size, time.perf_counter() - started)


def _write(runs: Runs, run_id: str, kind: Format, file: Path) -> None:
    if kind == "zip":
        from bertdemo.export.package import write_package

        write_package(runs, run_id, file)
        return
    from bertdemo.export.calibrated import load_calibrated
    from bertdemo.export.onnx import to_int8, to_onnx

    model = to_onnx(load_calibrated(runs, run_id))
    if kind == "onnx":
        file.write_bytes(model.SerializeToString())
    else:
        to_int8(model, file)
