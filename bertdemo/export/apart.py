"""Exports in a process of their own, for a server: it shall not grow by what the exporters take, nor wait for them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from bertdemo.errors import RunError
from bertdemo.export.exporting import Format
from bertdemo.settings import Settings
from bertdemo.tasks.local import worker_command, worker_environment

_PATIENCE = 1800  # seconds
_PREFIX = "bertdemo: "


def export_apart(
    settings: Settings, run_id: str, kind: Format, output: Path, *, measure: bool = False
) -> dict[str, Any]:
    """Write the classifier of a run to ``output`` and return what ``export --json`` says of it.

    With ``measure``, that holds ``measured``: a dict for each form with the fields of ``measuring.Measured``.

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
