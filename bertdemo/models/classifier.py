"""A classifier: a BERT with a classification head, its tokenizer and the names of its labels."""

from __future__ import annotations

import copy
import errno
import json
import math
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.errors import ModelError
from bertdemo.models.adapters import base_of, has_adapter, is_adapted, merge_adapter, save_adapter
from bertdemo.models.catalog import BaseModel, find_base
from bertdemo.models.first_token import read_first_token_only
from bertdemo.models.hub import gated_sentence
from bertdemo.models.libraries import load_libraries
from bertdemo.models.vocabulary import add_emoji

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

_CARD = "classifier.json"
_SAFE = {"use_safetensors": True, "trust_remote_code": False}
# How the architectures we know spell the two kinds of dropout.
_HIDDEN_DROPOUT = ("hidden_dropout_prob", "dropout", "seq_classif_dropout", "embedding_dropout", "mlp_dropout",
                   "classifier_dropout")  # fmt: skip
_ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout")


@dataclass(frozen=True)
class Classifier:
    """What predicts. ``max_length`` is in tokens, special tokens included; longer texts are cut there.

    Logits are divided by ``temperature`` before the soft-max (Guo et al., 2017). One of several threads holds ``lock``
    while it uses the model or the tokenizer: tokenizers refuse to be used twice at a time, and two forward passes on
    the same cores are slower than one after the other.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    label_names: tuple[str, ...]
    max_length: int
    temperature: float = 1.0
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    @cached_property
    def in_bf16(self) -> Classifier:
        """The same with weights rounded to bf16, made when it is first asked for; it shares the lock.

        On a CPU it predicts a quarter faster than under autocast, which converts weights and hidden states in each
        batch.
        """
        import torch

        with self.lock:
            # deepcopy takes what stands in its memo as copied: there is never a second set of weights in fp32, whose
            # memory a worker would keep.
            weights = ((id(w), torch.nn.Parameter(w.detach().bfloat16(), False)) for w in self.model.parameters())
            rounded: PreTrainedModel = copy.deepcopy(self.model, dict(weights)).bfloat16()
            return replace(self, model=rounded)


def load_base(
    name: str,
    label_names: tuple[str, ...],
    *,
    dropout: float,
    max_length: int,
    seed: int = 0,
    attention: str | None = None,
) -> Classifier:
    """A base model with a fresh, untrained head for these labels, in fp32 on the CPU. It reads emoji (``add_emoji``).

    The head is new even where the base comes with one: a checkpoint that was fine-tuned before is a base like any
    other, whatever labels it had.

    Args:
        name: see ``find_base``.
        label_names: the labels, in the order of the logits.
        dropout: of hidden states and of the head. Attention weights are not dropped: on a CPU their random masks cost
            a fifth of the training time, for no difference in scores beyond the noise between seeds
            (``benchmarks/README.md``).
        max_length: in tokens; lowered to what the base can read.
        seed: of the head's random weights (and of all of torch from here on).
        attention: ``attn_implementation`` of transformers; None leaves the choice to it.

    Raises:
        ModelError: the base cannot be found, read, or reached.
    """
    import torch

    base = find_base(name)
    torch.manual_seed(seed)
    with _told_as_model_error(base.location):
        config = _read_config(base, label_names, dropout)
        tokenizer = _load_tokenizer(base.location)
        model = _with_fresh_head(base.location, config, attention)
    add_emoji(model, tokenizer)
    return Classifier(model, tokenizer, label_names, min(max_length, longest_input(model, tokenizer)))


def load_classifier(folder: Path, *, complete: bool = False) -> Classifier:
    """The classifier that ``save_classifier`` wrote to ``folder``, in fp32 on the CPU, ready to predict.

    An adapter is added to its base's weights: whoever predicts meets a whole model. One that is ``complete`` computes
    every token in its last layer, too, and can tell its attention weights: for looking inside, at a third more time.

    Raises:
        ModelError: the folder is missing or damaged, or the adapter's base cannot be had.
    """
    load_libraries()
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification, logging

    logging.disable_progress_bar()  # of reading one file
    try:
        card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
        labels = tuple(card["label_names"])
        if has_adapter(folder):
            model, tokenizer = _load_adapted(folder, labels, int(card.get("tokens", 0)))
        else:
            tokenizer = _load_tokenizer(str(folder))
            model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, **_SAFE)
        if complete:
            model.set_attn_implementation("eager")
        else:
            read_first_token_only(model)
        return Classifier(
            model.eval(), tokenizer, labels, int(card["max_length"]),
            temperature=_temperature(card.get("temperature", 1.0)),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        if _is_about_the_machine(error):
            raise
        raise ModelError(
            f"The model in {folder.name} is missing or damaged: train it again or restore the folder."
        ) from error


def _temperature(value: Any) -> float:
    """A divisor of logits: 0 would answer with NaN, and a negative one with the least likely label."""
    temperature = float(value)
    if not 0 < temperature < math.inf:
        raise ValueError("a temperature is a positive number")
    return temperature


def save_classifier(classifier: Classifier, folder: Path) -> None:
    """Write weights (safetensors), configuration, tokenizer, labels; a kill in between leaves the last good file.

    Of a classifier trained with LoRA only what was trained is written, and the name of its base.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
    try:
        if is_adapted(classifier.model):  # the tokenizer is the base's, as are most of the weights
            save_adapter(classifier.model, draft)
        else:
            classifier.model.save_pretrained(draft)
            classifier.tokenizer.save_pretrained(draft)
        card = {
            "label_names": classifier.label_names,
            "max_length": classifier.max_length,
            "temperature": classifier.temperature,
            "tokens": len(classifier.tokenizer),
        }
        (draft / _CARD).write_text(json.dumps(card), encoding="utf-8")
        for file in draft.iterdir():
            file.replace(folder / file.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_temperature(folder: Path, temperature: float) -> None:
    """Have the classifier in ``folder`` divide its logits by ``temperature`` from now on.

    Raises:
        OSError: the folder cannot be written.
    """
    card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
    draft = folder / f".{_CARD}"
    draft.write_text(json.dumps(card | {"temperature": temperature}), encoding="utf-8")
    draft.replace(folder / _CARD)


def longest_input(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """How many tokens the model can read: the tokenizer's word on it, or the number of learned positions."""
    positions = getattr(model.config, "max_position_embeddings", None) or 0
    if model.config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= 2  # RoBERTa counts positions from padding_idx + 1
    # XLNet says -1: its positions are relative and have no end.
    return int(min(positions, tokenizer.model_max_length) if positions > 0 else tokenizer.model_max_length)


def _read_config(base: BaseModel, label_names: tuple[str, ...], dropout: float) -> PretrainedConfig:
    from transformers import AutoConfig

    config: PretrainedConfig = AutoConfig.from_pretrained(base.location, trust_remote_code=False)
    config.num_labels = len(label_names)
    config.id2label = dict(enumerate(label_names))
    config.label2id = {label: i for i, label in enumerate(label_names)}
    config.problem_type = None  # a checkpoint that was a regression before is none now
    for names, value in ((_HIDDEN_DROPOUT, dropout), (_ATTENTION_DROPOUT, 0.0)):
        for name in names:
            if hasattr(config, name):
                setattr(config, name, value)
    return config


def _load_adapted(
    folder: Path, label_names: tuple[str, ...], tokens: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A base model with the adapter in ``folder`` added to its weights, and the base's tokenizer.

    ``tokens`` of the tokenizer it was trained with; 0 of an adapter from before emoji were read.
    """
    import torch
    from transformers import AutoModelForSequenceClassification, logging

    logging.set_verbosity_error()  # that the head is new is no news: the adapter brings its own
    logging.disable_progress_bar()
    base = find_base(base_of(folder))
    with _told_as_model_error(base.location):
        model = AutoModelForSequenceClassification.from_pretrained(
            base.location, config=_read_config(base, label_names, dropout=0.0), dtype=torch.float32,
            ignore_mismatched_sizes=True, **_SAFE,
        )  # fmt: skip
        tokenizer = _load_tokenizer(base.location)
    if tokens > len(tokenizer):
        add_emoji(model, tokenizer)
    merge_adapter(model, folder)
    return model, tokenizer


def _load_tokenizer(location: str) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(location, trust_remote_code=False)
    return tokenizer


def _with_fresh_head(location: str, config: PretrainedConfig, attention: str | None) -> PreTrainedModel:
    """The encoder's weights below a head of random ones."""
    import torch
    from transformers import AutoModel, AutoModelForSequenceClassification, logging

    logging.set_verbosity_error()  # that the old head is left out is not news here
    logging.disable_progress_bar()
    chosen = {"attn_implementation": attention} if attention else {}
    encoder = AutoModel.from_pretrained(location, config=config, dtype=torch.float32, **_SAFE, **chosen)
    model: PreTrainedModel = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32, **chosen)
    # Classifiers of some architectures have no pooler of the encoder's: what they lack is left out.
    lacking, _ = model.base_model.load_state_dict(encoder.state_dict(), strict=False)
    if lacking:
        raise ValueError(f"the checkpoint lacks {lacking[:3]}")
    return model


@contextmanager
def _told_as_model_error(location: str) -> Iterator[None]:
    """Say in a sentence why a base could not be loaded; a full disk or memory is not the model's fault."""
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        if isinstance(error, ModelError) or _is_about_the_machine(error):
            raise
        raise ModelError(_why_not_loaded(location, error)) from error


def _is_about_the_machine(error: Exception) -> bool:
    from accelerate.utils.memory import should_reduce_batch_size

    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EACCES) or should_reduce_batch_size(error)


def _why_not_loaded(location: str, error: Exception) -> str:
    if Path(location).is_dir():
        return (
            f"The folder {location} could not be read as a BERT-like model with a tokenizer and safetensors weights: "
            "choose a folder made by save_pretrained."
        )
    if "gated repo" in str(error):
        return gated_sentence(location)
    if isinstance(error, OSError):
        return (
            f"The model {location} could not be had from the Hub: there is no network, no such model, or it has no "
            "safetensors weights. Check the name, or use the bundled minilm-l6."
        )
    return f"The model {location} is none that classifies texts the way BERT does: choose another base model."
