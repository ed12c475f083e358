"""A classifier: a BERT with a classification head, its tokenizer and the names of its labels."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.errors import ModelError
from bertdemo.models.catalog import BaseModel, find_base

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

_CARD = "classifier.json"
# How the architectures we know spell the two kinds of dropout.
_HIDDEN_DROPOUT = ("hidden_dropout_prob", "dropout", "seq_classif_dropout", "embedding_dropout", "mlp_dropout",
                   "classifier_dropout")  # fmt: skip
_ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout")


@dataclass(frozen=True)
class Classifier:
    """What predicts. ``max_length`` is in tokens, special tokens included; longer texts are cut there."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    label_names: tuple[str, ...]
    max_length: int


def load_base(
    name: str, label_names: tuple[str, ...], *, dropout: float, max_length: int, seed: int = 0, attention: str = "sdpa"
) -> Classifier:
    """A base model with a fresh, untrained head for these labels, in fp32 on the CPU.

    Args:
        name: see ``find_base``.
        label_names: the labels, in the order of the logits.
        dropout: of hidden states and of the head. Attention weights are not dropped: on a CPU their random masks cost
            a fifth of the training time, for no difference in scores beyond the noise between seeds
            (``benchmarks/README.md``).
        max_length: in tokens; lowered to what the base can read.
        seed: of the head's random weights (and of all of torch from here on).
        attention: ``attn_implementation`` of transformers.

    Raises:
        ModelError: the base cannot be found, read, or reached.
    """
    import torch

    base = find_base(name)
    config = _load_config(base)
    _set_dropout(config, dropout)
    config.num_labels = len(label_names)
    config.id2label = dict(enumerate(label_names))
    config.label2id = {label: i for i, label in enumerate(label_names)}
    torch.manual_seed(seed)
    model, tokenizer = _load(base.location, config, attention)
    return Classifier(model, tokenizer, label_names, min(max_length, longest_input(model, tokenizer)))


def load_classifier(folder: Path, *, attention: str = "sdpa") -> Classifier:
    """The classifier that ``save_classifier`` wrote to ``folder``, in fp32 on the CPU, ready to predict.

    Raises:
        ModelError: the folder is missing or damaged.
    """
    from transformers import AutoConfig

    try:
        card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        model, tokenizer = _load(str(folder), config, attention)
        return Classifier(model.eval(), tokenizer, tuple(card["label_names"]), int(card["max_length"]))
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"The model in {folder.name} is missing or damaged: train it again or restore the folder."
        ) from error


def save_classifier(classifier: Classifier, folder: Path) -> None:
    """Write weights (safetensors), configuration, tokenizer, labels; a kill in between leaves the last good file.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
    try:
        classifier.model.save_pretrained(draft)
        classifier.tokenizer.save_pretrained(draft)
        card = {"label_names": classifier.label_names, "max_length": classifier.max_length}
        (draft / _CARD).write_text(json.dumps(card), encoding="utf-8")
        for file in draft.iterdir():
            file.replace(folder / file.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def longest_input(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """How many tokens the model can read: the tokenizer's word on it, or the number of learned positions."""
    positions = getattr(model.config, "max_position_embeddings", None) or tokenizer.model_max_length
    if model.config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= 2  # RoBERTa counts positions from padding_idx + 1
    return int(min(positions, tokenizer.model_max_length))


def _load_config(base: BaseModel) -> PretrainedConfig:
    from transformers import AutoConfig

    try:
        config: PretrainedConfig = AutoConfig.from_pretrained(base.location, trust_remote_code=False)
        return config
    except (OSError, ValueError, KeyError) as error:
        raise _not_loaded(base.location) from error


def _load(location: str, config: PretrainedConfig, attention: str) -> tuple[Any, PreTrainedTokenizerBase]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, logging

    logging.set_verbosity_error()  # the "newly initialised head" notice is not news here
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(location, trust_remote_code=False)
        model = AutoModelForSequenceClassification.from_pretrained(
            location, config=config, dtype=torch.float32, use_safetensors=True, trust_remote_code=False,
            attn_implementation=attention,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _not_loaded(location) from error
    return model, tokenizer


def _not_loaded(location: str) -> ModelError:
    if Path(location).is_dir():
        return ModelError(
            f"The folder {location} could not be read as a BERT-like model with a tokenizer and safetensors weights: "
            "choose a folder made by save_pretrained."
        )
    return ModelError(
        f"The model {location} could not be had from the Hub: there is no network, no such model, or it has no "
        "safetensors weights. Check the name, or use the bundled minilm-l6."
    )


def _set_dropout(config: PretrainedConfig, dropout: float) -> None:
    for names, value in ((_HIDDEN_DROPOUT, dropout), (_ATTENTION_DROPOUT, 0.0)):
        for name in names:
            if hasattr(config, name):
                setattr(config, name, value)
