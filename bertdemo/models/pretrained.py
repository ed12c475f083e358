"""What transformers makes of a base's files, and every weight of it accounted for: a missing one would be random."""

from __future__ import annotations

import errno
import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.errors import BertDemoError, ModelError, WeightsError
from bertdemo.lines import one_line
from bertdemo.models.files import gated_sentence
from bertdemo.models.vocabulary import config_without_labels

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

SAFE = {"use_safetensors": True, "trust_remote_code": False}
# How the architectures we know spell the two kinds of dropout.
_HIDDEN_DROPOUT = ("hidden_dropout_prob", "dropout", "seq_classif_dropout", "embedding_dropout", "mlp_dropout",
                   "classifier_dropout")  # fmt: skip
_ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout")
_POOLER = "pooler."  # part of the head: bases that were trained to fill in words come without one
# Tables that older versions saved along with the weights, and that are computed today.
_COMPUTED = re.compile(r"position_ids|token_type_ids|inv_freq|masked_bias|(attn|attention)\.bias")


def read_config(location: str, label_names: tuple[str, ...], dropout: float) -> PretrainedConfig:
    """Return the configuration of a base for these labels; what it says of labels it had before is not even read.

    ``dropout`` is of hidden states; attention weights are not dropped.
    """
    config = config_without_labels(location)
    config.num_labels = len(label_names)
    config.id2label = dict(enumerate(label_names))
    config.label2id = {label: i for i, label in enumerate(label_names)}
    config.problem_type = None  # a checkpoint that was a regression before is none now
    _choose_what_is_open(location, config)
    for names, value in ((_HIDDEN_DROPOUT, dropout), (_ATTENTION_DROPOUT, 0.0)):
        for name in names:
            if hasattr(config, name):
                setattr(config, name, value)
    return config


def _choose_what_is_open(location: str, config: PretrainedConfig) -> None:
    """Choose what an architecture leaves open until it is called, in place.

    BigBird turns from sparse attention to full at the first short text, and stays with it: what it made of a long text
    would depend on what it read before. Full attention from the start answers all alike.

    Raises:
        ModelError: it reads several languages (X-MOD) and does not say which one by default.
    """
    if getattr(config, "attention_type", None) == "block_sparse":
        config.attention_type = "original_full"
    if config.model_type == "xmod" and config.default_language is None:
        if len(config.languages) != 1:
            raise ModelError(
                f"The model {location} reads each of its {len(config.languages)} languages with weights of its own and "
                f"names none: write one, such as {config.languages[0]}, as default_language into its config.json."
            )
        config.default_language = config.languages[0]


def with_fresh_head(location: str, config: PretrainedConfig, attention: str | None) -> PreTrainedModel:
    """Return the encoder's weights below a head of random ones.

    Raises:
        ModelError: weights of the encoder are missing, are not numbers, or mean what transformers does not compute.
    """
    import torch
    from transformers import AutoModel, AutoModelForSequenceClassification

    _silence_logging()
    chosen = {"attn_implementation": attention} if attention else {}
    with _without_adapter(location) as place:
        encoder, loaded = AutoModel.from_pretrained(
            place, config=config, dtype=torch.float32, output_loading_info=True, **SAFE, **chosen
        )
    model: PreTrainedModel = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32, **chosen)
    _check_same_parts(encoder, model)
    # Classifiers of some architectures have no pooler of the encoder's: what they lack is left out.
    lacking, _ = model.base_model.load_state_dict(encoder.state_dict(), strict=False)
    needed = {name for name in model.base_model.state_dict() if not name.startswith(_POOLER)}
    check_weights(location, model, {*lacking, *loaded["missing_keys"]} & needed)
    _check_nothing_ignored(location, model, loaded["unexpected_keys"])
    return model


def _check_same_parts(encoder: PreTrainedModel, model: PreTrainedModel) -> None:
    """Refuse an architecture whose classifier reads texts with parts that the bare encoder does not come with.

    Perceiver's token embeddings are such a part: they are in the file, and transformers would draw new ones.
    """
    came = {name for name, _ in encoder.named_children()}
    new = [name for name, _ in model.base_model.named_children() if name not in came and f"{name}." != _POOLER]
    if new:
        raise ModelError(
            f"The architecture {model.config.model_type} lends a classifier only some of its parts, and others "
            f"({', '.join(new)}) would be random: choose another base model."
        )


def with_saved_head(
    location: str, config: PretrainedConfig | None = None, *, attention: str | None = None, **options: Any
) -> PreTrainedModel:
    """Return a classifier as it was saved, in fp32, head included; its configuration, too, unless one is given.

    With ``ignore_mismatched_sizes`` the head may be another's, to be replaced by an adapter's.

    Raises:
        ModelError: weights are missing or are not numbers.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    _silence_logging()
    config = config or saved_config(location)
    chosen = {"attn_implementation": attention} if attention else {}
    model: PreTrainedModel
    with _without_adapter(location) as place:
        model, loaded = AutoModelForSequenceClassification.from_pretrained(
            place, config=config, dtype=torch.float32, output_loading_info=True, **SAFE, **chosen, **options
        )
    missing = set(loaded["missing_keys"])
    if "ignore_mismatched_sizes" in options:
        encoder = f"{model.base_model_prefix}."
        missing = {name for name in missing if name.startswith(encoder) and not name.startswith(encoder + _POOLER)}
    check_weights(location, model, missing)
    return model


def saved_config(location: str) -> PretrainedConfig:
    """Return the configuration of a classifier as it was saved."""
    from transformers import AutoConfig

    config: PretrainedConfig = AutoConfig.from_pretrained(location, trust_remote_code=False)
    _choose_what_is_open(location, config)
    return config


def check_weights(location: str, model: PreTrainedModel, missing: Collection[str]) -> None:
    """Refuse a model of which weights were not found and are random now, or are no numbers.

    Args:
        location: of the model, for the sentence.
        model: as loaded.
        missing: names of weights that had to be there.

    Raises:
        WeightsError: says how many weights, of how many, and what to do.
    """
    if missing:
        found = f"{len(missing)} of {len(model.base_model.state_dict())} weights are missing"
        raise WeightsError(
            found,
            f"{found} in {location} (such as {min(missing)}) "
            "and would be random, as if they had been saved under other names or in part: save the model again with "
            "save_pretrained, or choose another.",
        )
    broken = [name for name, weight in model.named_parameters() if not weight.detach().sum().isfinite()]
    if broken:
        raise WeightsError(
            f"{len(broken)} weights are not numbers",
            f"{len(broken)} weights in {location} are not numbers (such as {broken[0]}): restore the model or choose "
            "another.",
        )


def _check_nothing_ignored(location: str, model: PreTrainedModel, unexpected: Collection[str]) -> None:
    """Refuse a checkpoint whose encoder has parts that transformers leaves out: it would compute something else."""
    prefix = f"{model.base_model_prefix}."
    parts = {name for name, _ in model.base_model.named_children()} - {"pooler"}
    inside = sorted(name for name in (key.removeprefix(prefix) for key in unexpected) if name.split(".")[0] in parts)
    ignored = [name for name in inside if not _COMPUTED.search(name)]
    positions = str(getattr(model.config, "position_embedding_type", None) or "")
    if positions.startswith("relative_key") and not any("distance" in name for name, _ in model.named_parameters()):
        ignored = ignored or [f"position_embedding_type {positions}"]
    if ignored:
        raise ModelError(
            f"The base model {location} has parts that this version of transformers leaves out (such as {ignored[0]}), "
            "so that it would compute something else: choose another base model."
        )


@contextmanager
def _without_adapter(location: str) -> Iterator[str]:
    """Yield a place with the same model, but no adapter beside it: transformers would put the two together."""
    folder = Path(location)
    if not (folder / "adapter_config.json").is_file():
        yield location
        return
    with tempfile.TemporaryDirectory() as scratch:
        for file in folder.iterdir():
            if file.is_file() and not file.name.startswith("adapter_"):
                (Path(scratch) / file.name).symlink_to(file.resolve())
        yield scratch


def _silence_logging() -> None:
    from transformers import logging

    logging.set_verbosity_error()  # that a head is new or left out is no news here
    logging.disable_progress_bar()


@contextmanager
def as_model_error(location: str) -> Iterator[None]:
    """Say in a sentence why a base could not be loaded; a full disk or memory is not the model's fault."""
    try:
        yield
    except Exception as error:  # 127 architectures and their tokenizers raise whatever they like
        if isinstance(error, BertDemoError) or is_about_the_machine(error):
            raise
        raise ModelError(_why_not_loaded(location, error)) from error


def is_about_the_machine(error: Exception) -> bool:
    """Return whether the disk or the memory is full, or a folder may not be read."""
    from accelerate.utils.memory import should_reduce_batch_size

    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EACCES) or should_reduce_batch_size(error)


def _why_not_loaded(location: str, error: Exception) -> str:
    if isinstance(error, ImportError):
        return (
            f"The model {location} needs a Python package that is not installed: {one_line(str(error))[:200]} Install "
            "it, or choose another base model."
        )
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
