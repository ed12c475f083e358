"""Hidden states in bf16 from the embeddings on (CPU only)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def keep_in_bf16(model: nn.Module) -> None:
    """Have the embeddings hand on bf16, so that the residual stream between the layers stays in bf16.

    Autocast computes each matrix product in bf16 but leaves the embeddings' output, and with it every sum along the
    residual stream, in fp32: queries, keys, values and both feed-forward layers then each convert it anew, forward and
    backward. Layer norms still reduce in fp32 inside, and weights, gradients and the optimiser stay in fp32. The hook
    is not saved with the model, and does nothing outside of autocast. A model whose embeddings have another name is
    left as it is.
    """
    embeddings = getattr(getattr(model, "base_model", model), "embeddings", None)
    if isinstance(embeddings, nn.Module):
        embeddings.register_forward_hook(_to_bf16)


def _to_bf16(module: nn.Module, arguments: Any, output: Tensor) -> Tensor:  # noqa: ARG001 - the signature of a hook
    return output.to(torch.bfloat16) if torch.is_autocast_enabled("cpu") else output
