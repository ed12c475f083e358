"""A base is tried before its run is queued: once for files and libraries of one kind, in a process of its own.

``python -m bertdemo.runs.base_checking`` is that process: a recipe (JSON) on its input, a sentence or nothing out.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import platform
import subprocess
import sys
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import bertdemo
from bertdemo.errors import BertDemoError, ModelError
from bertdemo.lines import one_line
from bertdemo.models.catalog import CATALOGUE, BaseModel, base_name, files_of
from bertdemo.models.hub import require_base
from bertdemo.settings import Settings
from bertdemo.training.environment import WORKER_ENVIRONMENT
from bertdemo.training.recipe import Recipe

_log = logging.getLogger(__name__)
_PATIENCE = 120.0  # seconds; of a check that takes longer nothing is known, and the run itself begins with the same one
_SMALL = 200 * 2**20  # bytes of weights that a process which has torch may load beside its own work
_LIBRARIES = ("torch", "transformers", "tokenizers", "peft", "accelerate", "safetensors")
_FIELDS = ("precision", "lora_rank", "frozen_layers", "max_length")  # of a recipe, that decide the verdict
_one_at_a_time = threading.Lock()


class BaseCheck:
    """Checks bases and keeps the verdicts in ``settings.home / "base_checks"``."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.home / "base_checks"

    def __call__(self, base: BaseModel, recipe: Recipe) -> None:
        """Refuse a base that a run with this recipe could not train, or would answer wrongly with.

        Takes seconds the first time. The base that comes with the app is not tried again; one of the Hub that was never
        downloaded is asked for there and tried by the run's own process before it trains.

        Raises:
            ModelError: says in one sentence why, and what to do.
        """
        require_base(base)
        if not self.is_due(base):
            return
        files = files_of(base)
        with _one_at_a_time:  # many people who press the button wait for one check
            place = self._place(files, recipe)
            told = _read(place)
            if told is None:
                told = _try(files, recipe)
                if told is not None:
                    _write(place, told)
        if told:
            raise ModelError(told)

    def is_due(self, base: BaseModel) -> bool:
        """Whether a base is one to be tried: on this computer, and not the one that comes with the app."""
        return base.id != CATALOGUE[0].id and bool(files_of(base))

    def known(self, base: BaseModel, recipe: Recipe) -> str | None:
        """The sentence against a base that ``is_due``, empty if it was found good; None if it was not tried yet."""
        return _read(self._place(files_of(base), recipe))

    def _place(self, files: list[Path], recipe: Recipe) -> Path:
        return self._folder / f"{_fingerprint(files, recipe)}.json"


def _fingerprint(files: list[Path], recipe: Recipe) -> str:
    """Names, sizes and times of the files, versions of libraries, the machine, and what the recipe asks of the base."""
    stats = [(file.name, (found := file.stat()).st_size, found.st_mtime_ns) for file in files]
    asked = [getattr(recipe, name) for name in _FIELDS]
    seen = [str(files[0].parent), stats, asked, bertdemo.__version__, platform.node(), *map(_version, _LIBRARIES)]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _read(place: Path) -> str | None:
    """The sentence of an earlier verdict, empty if the base was found good; None if there is none."""
    try:
        return str(json.loads(place.read_text(encoding="utf-8"))["refused"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(place: Path, told: str) -> None:
    """Keep a verdict. A disk that is full costs a second check and no run."""
    draft = place.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps({"refused": told}), encoding="utf-8")
        draft.replace(place)


def _try(files: list[Path], recipe: Recipe) -> str | None:
    """The sentence against the base, empty if there is none; None if it could not be found out."""
    weights = sum(file.stat().st_size for file in files if file.suffix == ".safetensors")
    if "torch" in sys.modules and weights <= _SMALL:
        return _verdict(recipe)
    command = [sys.executable, "-P", "-m", "bertdemo.runs.base_checking"]
    places = [str(Path(bertdemo.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = dict(os.environ) | WORKER_ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(places)}
    try:
        done = subprocess.run(
            command, input=json.dumps(recipe.to_dict()), capture_output=True, text=True, encoding="utf-8",
            timeout=_PATIENCE, check=False, env=environment,
        )  # fmt: skip
        return str(json.loads(done.stdout.splitlines()[-1])["refused"])
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, IndexError) as error:
        _log.warning("the base %s was not tried: %s", base_name(recipe.base), error)
        return None  # the run's own process meets the same trouble, and says it in its status


def _verdict(recipe: Recipe) -> str:
    """Try the base in this process."""
    import torch

    from bertdemo.training.trial import try_base

    try:
        with torch.random.fork_rng():
            try_base(recipe)
    except BertDemoError as error:
        return one_line(str(error))
    except Exception as error:  # noqa: BLE001 - architectures fail in ways of their own
        _log.warning("the base %s was refused", base_name(recipe.base), exc_info=error)
        why = one_line(f"{type(error).__name__}: {error}")[:150].rstrip(". ")
        return f"The base model {base_name(recipe.base)} cannot be trained here ({why}): choose another base model."
    return ""


def main() -> int:
    """Write out the verdict on the recipe that stands on the input."""
    recipe = Recipe.from_dict(json.loads(sys.stdin.read()))
    sys.stdout.write(json.dumps({"refused": _verdict(recipe)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
