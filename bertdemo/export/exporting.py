"""The one door to exports: a run in, a file out. A server has it done apart: it does not grow by it, nor wait."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bertdemo.drafts import drafted, sweep
from bertdemo.errors import RunError
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.tasks.failures import storage
from bertdemo.tasks.local import worker_command, worker_environment

Format = Literal["zip", "onnx", "int8"]
FORMATS: tuple[Format, ...] = ("zip", "onnx", "int8")
ENDINGS: dict[Format, str] = {"zip": ".zip", "onnx": ".onnx", "int8": ".onnx"}  # of file names
_PATIENCE = 1800  # seconds
_PREFIX = "bertdemo: "


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
    from bertdemo.export.onnx import to_int8, to_onnx
    from bertdemo.export.package import load_calibrated

    model = to_onnx(load_calibrated(runs, run_id))
    if kind == "onnx":
        file.write_bytes(model.SerializeToString())
    else:
        to_int8(model, file)


def export_apart(
    settings: Settings, run_id: str, kind: Format, output: Path, *, measure: bool = False
) -> dict[str, Any]:
    """Write the classifier of a run to ``output`` and return what ``export --json`` says of it.

    With ``measure``, that holds ``measured``: a dict for each form with the fields of ``onnx.Measured``.

    Raises:
        RunError: it cannot be exported, for the reason that the command gives.
    """
    options = ["--format", kind, "--output", str(output), "--json", *(["--measure"] if measure else [])]
    try:
        done = subprocess.run(
            [*worker_command("bertdemo"), "export", *options, run_id],
            env=worker_environment(os.environ, settings),
            cwd=output.parent,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RunError("The export took more than half an hour and was ended: try it from the command line.") from error
    if done.returncode:
        raise RunError(_reason(done.stderr))
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def _reason(told: str) -> str:
    lines = [line.removeprefix(_PREFIX) for line in told.splitlines() if line.startswith(_PREFIX)]
    return lines[-1] if lines else "The export failed: run `python -m bertdemo export` to see why."
