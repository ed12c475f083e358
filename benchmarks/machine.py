"""What the figures were measured on: the processor, and how fast it multiplies matrices."""

from __future__ import annotations

import platform
import time

SIZE = 2048  # large enough that nothing but the multiplication counts
ROUNDS = 200  # the best of seconds: what the machine can do when nothing else wants it


def ceiling(precision: str) -> float:
    """Return the best rate of 200 products of two 2048 × 2048 matrices, in FLOP/s."""
    import torch

    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[precision]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    a, b = (torch.randn(SIZE, SIZE, device=device).to(dtype) for _ in range(2))
    best = 0.0
    for _ in range(ROUNDS):
        started = time.perf_counter()
        a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        best = max(best, 2 * SIZE**3 / (time.perf_counter() - started))
    return best


def describe() -> str:
    """Processor, threads and versions, in one line."""
    import torch
    import transformers

    from bertdemo.models.devices import look_up_hardware

    hardware = look_up_hardware()
    name = hardware.cuda_devices[0] if hardware.cuda_devices else f"{hardware.cpu_name}, {hardware.cpu_threads} threads"
    isa = torch.backends.cpu.get_cpu_capability()
    return (
        f"{name} ({isa}{', native bf16' if hardware.cpu_has_bf16 else ''}), Python {platform.python_version()}, "
        f"torch {torch.__version__}, transformers {transformers.__version__}"
    )
