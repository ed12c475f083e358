"""The choice of device and number format, for hardware that this machine need not have."""

import pytest

from bertdemo.errors import ModelError
from bertdemo.models.devices import Hardware, choose_placement, look_up_hardware, memory_mb

A100 = Hardware(cuda_devices=("NVIDIA A100",), cuda_capability=(8, 0))
T4 = Hardware(cuda_devices=("Tesla T4",), cuda_capability=(7, 5))
LAPTOP = Hardware(cpu_name="A laptop", cpu_threads=4)
SERVER = Hardware(cpu_name="A server", cpu_threads=2, cpu_has_bf16=True)
MAC = Hardware(has_mps=True)


@pytest.mark.parametrize(
    ("hardware", "precision", "device", "chosen"),
    [
        (A100, "auto", "cuda", "bf16"),
        (A100, "fp16", "cuda", "fp16"),
        (A100, "fp32", "cuda", "fp32"),
        (T4, "auto", "cuda", "fp16"),
        (T4, "bf16", "cuda", "bf16"),
        (LAPTOP, "auto", "cpu", "fp32"),
        (LAPTOP, "bf16", "cpu", "bf16"),
        (SERVER, "auto", "cpu", "bf16"),
        (SERVER, "fp32", "cpu", "fp32"),
        (MAC, "auto", "mps", "fp32"),
        (MAC, "bf16", "mps", "bf16"),
    ],
)
def test_the_fastest_safe_format_is_chosen_and_a_demand_is_heeded(hardware, precision, device, chosen):
    placement = choose_placement(precision, hardware)
    assert (placement.device, placement.precision) == (device, chosen)
    assert placement.reason.startswith(chosen)


@pytest.mark.parametrize("hardware", [LAPTOP, MAC])
def test_fp16_without_an_nvidia_gpu_is_refused(hardware):
    with pytest.raises(ModelError, match="needs an NVIDIA GPU"):
        choose_placement("fp16", hardware)


def test_this_machine_can_be_looked_up_and_used():
    hardware = look_up_hardware()
    assert hardware.cpu_threads >= 1
    placement = choose_placement("auto", hardware)
    assert memory_mb(placement.device) >= 0
