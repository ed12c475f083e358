"""With what a run was made: libraries, machine, threads. Who repeats a run compares these first."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import bertdemo

_LIBRARIES = ("torch", "transformers", "tokenizers", "accelerate", "safetensors", "numpy", "scikit-learn")
_CPU_FACTS = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, Any]:
    """Versions of Python and the learning libraries; operating system, processor, GPU, thread count."""
    import torch

    return {
        "python": platform.python_version(),
        "bertdemo": bertdemo.__version__,
        **{name: found for name in _LIBRARIES if (found := _version(name))},
        "platform": platform.platform(),
        "cpu": _cpu_name(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
    }


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _cpu_name() -> str:
    """Linux hides the name from ``platform.processor()``."""
    if _CPU_FACTS.exists():
        for line in _CPU_FACTS.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
