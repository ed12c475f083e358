"""With what a run was made: libraries, machine, threads. Who repeats a run compares these first."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import bertdemo
from bertdemo.models.devices import cpu_name

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
