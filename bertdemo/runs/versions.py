"""With what a run was made (libraries, machine, threads), and which model came out: compared by who repeats a run."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import bertdemo
from bertdemo.errors import RunError
from bertdemo.models.checkpoints import files_beside
from bertdemo.models.devices import cpu_name
from bertdemo.tasks.failures import storage

_LIBRARIES = ("torch", "transformers", "tokenizers", "accelerate", "peft", "safetensors", "numpy", "scikit-learn")


def describe_machine() -> dict[str, Any]:
    """Return versions of Python and the learning libraries; operating system, processor, GPU, thread count."""
    import torch

    return {
        "python": platform.python_version(),
        "bertdemo": bertdemo.__version__,
        **{name: found for name in _LIBRARIES if (found := _version(name))},
        "platform": platform.platform(),
        "cpu": cpu_name(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
    }


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def model_digest(folder: Path) -> str:
    """Return SHA-256 (hex) of the weights and the card in a model's folder: what has to be the same when work goes on.

    Of an adapter also that of the base below it, which somebody may replace: another version of its package, say.

    Raises:
        RunError: there is no model in the folder.
        ModelError: it is an adapter of a base that is not there.
    """
    digest = hashlib.sha256()
    with storage(folder):
        try:
            for path in [*sorted([*folder.glob("*.safetensors"), folder / "classifier.json"]), *files_beside(folder)]:
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
        except (FileNotFoundError, ValueError, KeyError) as error:
            raise RunError("The model of this run is missing: restore its folder, or train it again.") from error
    return digest.hexdigest()
