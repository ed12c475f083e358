"""The one place where accelerate is set up."""

from __future__ import annotations

from accelerate import Accelerator
from accelerate.state import AcceleratorState

from bertdemo.models.devices import Placement

_MIXED = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


def make_accelerator(placement: Placement) -> Accelerator:
    """Return an accelerator for this placement, whatever one made earlier in this process was for.

    accelerate keeps its state for the life of the process and refuses a second, different one; a worker trains once,
    but tests and notebooks train often.
    """
    AcceleratorState._reset_state(reset_partial_state=True)  # noqa: SLF001 - there is no public way
    return Accelerator(cpu=placement.device == "cpu", mixed_precision=_MIXED[placement.precision])
