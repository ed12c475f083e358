"""Tiny bases of any architecture, and ways to damage one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
         "max_position_embeddings": 128}  # fmt: skip
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 128, "pad_token_id": None}
SEQ2SEQ = {
    "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 128,
}  # fmt: skip
OWN = {
    "albert": SIZES | {"embedding_size": 16},
    "bart": SEQ2SEQ,
    "big_bird": SIZES | {"block_size": 4, "num_random_blocks": 1},  # sparse from 29 tokens on
    "canine": SIZES | {"num_hash_buckets": 128, "local_transformer_stride": 8},
    "convbert": SIZES | {"embedding_size": 32, "head_ratio": 1, "conv_kernel_size": 3},
    "fnet": SIZES | {"tpu_short_seq_length": 128},
    "funnel": {"d_model": 32, "n_head": 2, "d_head": 16, "d_inner": 64, "block_sizes": [1, 1],
               "architectures": ["FunnelModel"]},
    "gpt2": GPT,
    "mobilebert": SIZES | {"embedding_size": 32, "intra_bottleneck_size": 32, "true_hidden_size": 32},
    "mpnet": SIZES | {"pad_token_id": 1},
    "mra": SIZES | {"block_per_row": 1, "initial_prior_first_n_blocks": 1},
    "perceiver": {"d_model": 32, "d_latents": 32, "num_latents": 8, "num_self_attends_per_block": 1, "num_blocks": 1,
                  "num_self_attention_heads": 2, "num_cross_attention_heads": 2, "max_position_embeddings": 128},
    "reformer": {
        "hidden_size": 32, "num_attention_heads": 2, "attention_head_size": 16, "attn_layers": ["local", "lsh"],
        "axial_pos_shape": [8, 16], "axial_pos_embds_dim": [16, 16], "feed_forward_size": 64, "num_buckets": 2,
        "local_attn_chunk_length": 8, "lsh_attn_chunk_length": 8, "is_decoder": False,
    },
    "rembert": SIZES | {"input_embedding_size": 16, "output_embedding_size": 16},
    "xlnet": {"d_model": 32, "n_layer": 2, "n_head": 2, "d_inner": 64},
}  # fmt: skip


def make_base(folder: Path, tiny_base: Path, kind: str, **changes: object) -> Path:
    """A random model of 2 layers and width 32 with the tokenizer of the tiny BERT; CANINE has its own."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_base)
    settings = {"vocab_size": len(tokenizer), "pad_token_id": 0, "bos_token_id": 2, "cls_token_id": 2,
                "eos_token_id": 3, "sep_token_id": 3, "decoder_start_token_id": 3}  # fmt: skip
    settings |= OWN.get(kind, SIZES) | changes
    if kind == "canine":
        settings.pop("vocab_size")
        tokenizer = transformers.CanineTokenizer()
    if settings["pad_token_id"] is None:
        tokenizer.pad_token = None
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **settings))
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if weight.ndim >= 2:  # larger than fresh ones, with which all texts are answered nearly alike
                    weight.normal_(std=0.5 if "embed" in name else 0.25)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def copy_of(base: Path, folder: Path) -> Path:
    return Path(shutil.copytree(base, folder))


def configure(folder: Path, **values: object) -> None:
    """Change settings in ``config.json``."""
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})


def remove(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink()
