"""Tiny random classifiers of the architectures whose attention can be shown, with the tokenizer of the tiny BERT."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers

from bertdemo.models.classifier import Classifier

LABELS = ("bad", "good", "so-so")
_SIZES = {
    "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48,
    "max_position_embeddings": 64, "pad_token_id": 0, "vocab_size": 400, "num_labels": len(LABELS),
}  # fmt: skip
_OWN = {
    "roberta": {"type_vocab_size": 2},
    "xlm-roberta": {"type_vocab_size": 2},
    "electra": {"embedding_size": 16},
    # Two layers see 2 tokens to each side, so that a short text is longer than what they see.
    "modernbert": {"local_attention": 4, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
    "distilbert": {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48},
}
ARCHITECTURES = ("bert", *_OWN)
TEXT = "the coffee was cold and the waiter was kind"


def classifier_of(architecture: str, tiny_base: Path, seed: int = 0, **options: object) -> Classifier:
    """A complete classifier (3 layers of 4 heads, width 32) whose heads differ enough to tell them apart."""
    sizes = _SIZES if architecture != "distilbert" else {k: v for k, v in _SIZES.items() if k not in _OTHER_NAMES}
    settings = sizes | _OWN.get(architecture, {}) | options
    config = transformers.AutoConfig.for_model(architecture, **settings)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.AutoModelForSequenceClassification.from_config(config, attn_implementation="eager")
        _spread(model)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_base)  # these models have no vectors of emoji
    if architecture in ("distilbert", "modernbert"):  # they know no segments
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    return Classifier(model.eval(), tokenizer, LABELS, 60)


_OTHER_NAMES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")


def _spread(model: torch.nn.Module) -> None:
    """Larger weights than a fresh model's, whose attention is all but even and whose heads all but silent."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2 and "embed" not in name:
                parameter.normal_(std=0.25)
            elif name.endswith("bias"):
                parameter.normal_(std=0.1)


def hooks(model: torch.nn.Module) -> int:
    """How many hooks the modules of a model have."""
    return sum(len(each._forward_pre_hooks) + len(each._forward_hooks) for each in model.modules())
