"""Where a model runs and in which number format: looked up once, decided by a pure function."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bertdemo.errors import ModelError

Device = Literal["cuda", "mps", "cpu"]

_BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16", "arm_bf16")  # x86 and ARM, as torch names them


@dataclass(frozen=True)
class Hardware:
    """What this machine offers. ``cuda_capability`` is NVIDIA's compute capability, e.g. (8, 0) for an A100."""

    cuda_devices: tuple[str, ...] = ()
    cuda_capability: tuple[int, int] = (0, 0)
    has_mps: bool = False
    cpu_name: str = "CPU"
    cpu_threads: int = 1
    cpu_has_bf16: bool = False


@dataclass(frozen=True)
class Placement:
    """The decision and, in a sentence for people, its reason."""

    device: Device
    precision: Literal["fp32", "bf16", "fp16"]
    device_name: str
    reason: str


def look_up_hardware() -> Hardware:
    """Ask torch and the operating system; starts no CUDA context beyond what counting devices needs."""
    import torch

    names = tuple(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return Hardware(
        cuda_devices=names,
        cuda_capability=torch.cuda.get_device_capability(0) if names else (0, 0),
        has_mps=torch.backends.mps.is_available(),
        cpu_name=cpu_name(),
        cpu_threads=torch.get_num_threads(),
        # Without these instructions bf16 is emulated and slower than fp32.
        cpu_has_bf16=any(torch.cpu.get_capabilities().get(name) for name in _BF16_INSTRUCTIONS),
    )


def choose_placement(precision: str = "auto", hardware: Hardware | None = None) -> Placement:
    """Return the fastest device, and bf16 where it is native, else fp16 on a GPU, else fp32.

    Args:
        precision: ``auto`` or a demand: ``fp32``, ``bf16``, ``fp16``.
        hardware: looked up if not given; tests hand one over.

    Raises:
        ModelError: fp16 was demanded without an NVIDIA GPU.
    """
    hardware = hardware or look_up_hardware()
    if hardware.cuda_devices:
        return _on_cuda(precision, hardware)
    if precision == "fp16":
        raise ModelError("Precision fp16 needs an NVIDIA GPU and there is none here: choose auto.")
    if hardware.has_mps:
        wanted: Literal["fp32", "bf16"] = "bf16" if precision == "bf16" else "fp32"
        return Placement("mps", wanted, "Apple GPU", f"{wanted} on an Apple GPU")
    return _on_cpu(precision, hardware)


def _on_cuda(precision: str, hardware: Hardware) -> Placement:
    name, native = hardware.cuda_devices[0], hardware.cuda_capability >= (8, 0)
    if precision == "fp32":
        return Placement("cuda", "fp32", name, "fp32, as the recipe asks")
    if precision == "bf16" or (precision == "auto" and native):
        return Placement("cuda", "bf16", name, "bf16: this GPU computes it natively")
    return Placement("cuda", "fp16", name, "fp16: this GPU has no native bf16" if not native else "fp16, as asked")


def _on_cpu(precision: str, hardware: Hardware) -> Placement:
    threads = f"{hardware.cpu_threads} threads"
    if precision == "bf16" or (precision == "auto" and hardware.cpu_has_bf16):
        why = "this processor computes it natively" if hardware.cpu_has_bf16 else "as the recipe asks"
        return Placement("cpu", "bf16", hardware.cpu_name, f"bf16 on {threads}: {why}")
    why = "as the recipe asks" if precision == "fp32" else "this processor has no native bf16"
    return Placement("cpu", "fp32", hardware.cpu_name, f"fp32 on {threads}: {why}")


def memory_mb(device: Device) -> float:
    """Return memory in use, in MiB: the most the GPU's allocator has held so far, or what this process holds now."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_allocated() / 2**20
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


def cpu_name() -> str:
    """Return the processor as the kernel names it, or just "CPU"."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return "CPU"
