"""A base is tried before its run is queued: once for files and libraries of one kind, in a process of its own.

``python -m bertdemo.runs.base_checking`` is that process: a recipe (JSON) on its input, a verdict (JSON) out.
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
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import bertdemo
from bertdemo.errors import BertDemoError, ModelError
from bertdemo.lines import one_line
from bertdemo.models.catalog import CATALOGUE, BaseModel, base_name, files_of
from bertdemo.models.files import require_base
from bertdemo.settings import Settings
from bertdemo.tasks.local import WORKER_ENVIRONMENT
from bertdemo.training.recipe import TECHNIQUES, Recipe

_log = logging.getLogger(__name__)
_PATIENCE = 120.0  # seconds; of a check that takes longer nothing is known, and the run itself begins with the same one
_SMALL = 200 * 2**20  # bytes of weights that a process which has torch may load beside its own work
_LIBRARIES = ("torch", "transformers", "tokenizers", "peft", "accelerate", "safetensors")
# Of a recipe, what decides the verdict.
_SETTINGS = (
    "precision",
    "max_length",
    *(name for each in TECHNIQUES if each.may_not_suit_base for name in each.settings),
)
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Verdict:
    """What came of trying a base: ``refused`` says why it cannot be trained, "" if it can; ``notes`` what to expect."""

    refused: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        """Return the verdict that ``to_json`` wrote.

        Raises:
            ValueError, KeyError, TypeError: this is none.
        """
        said = json.loads(text)
        return cls(str(said["refused"]), tuple(map(str, said["notes"])))

    def to_json(self) -> str:
        return json.dumps(asdict(self))


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
            verdict = _read(place)
            if verdict is None:
                verdict = _try(files, recipe)
                if verdict is not None:
                    _write(place, verdict)
        if verdict and verdict.refused:
            raise ModelError(verdict.refused)

    def is_due(self, base: BaseModel) -> bool:
        """Return whether a base is one to be tried: on this computer, and not the one that comes with the app."""
        return base.id != CATALOGUE[0].id and bool(files_of(base))

    def known(self, base: BaseModel, recipe: Recipe) -> Verdict | None:
        """Return the verdict on a base that ``is_due``; None if it was not tried yet."""
        return _read(self._place(files_of(base), recipe))

    def _place(self, files: list[Path], recipe: Recipe) -> Path:
        return self._folder / f"{_fingerprint(files, recipe)}.json"


def _fingerprint(files: list[Path], recipe: Recipe) -> str:
    """Names, sizes and times of the files, versions of libraries, the machine, and what the recipe asks of the base."""
    stats = [(file.name, (found := file.stat()).st_size, found.st_mtime_ns) for file in files]
    asked = [getattr(recipe, name) for name in _SETTINGS]
    seen = [str(files[0].parent), stats, asked, bertdemo.__version__, platform.node(), *map(_version, _LIBRARIES)]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _read(place: Path) -> Verdict | None:
    """Return an earlier verdict; None if there is none."""
    try:
        return Verdict.from_json(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(place: Path, verdict: Verdict) -> None:
    """Keep a verdict. A disk that is full costs a second check and no run."""
    draft = place.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(verdict.to_json(), encoding="utf-8")
        draft.replace(place)


def _try(files: list[Path], recipe: Recipe) -> Verdict | None:
    """Return the verdict on the base; None if it could not be found out."""
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
        return Verdict.from_json(done.stdout.splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, IndexError) as error:
        _log.warning("the base %s was not tried: %s", base_name(recipe.base), error)
        return None  # the run's own process meets the same trouble, and says it in its status


def _verdict(recipe: Recipe) -> Verdict:
    """Try the base in this process."""
    import torch

    from bertdemo.training.loading import try_base

    try:
        with torch.random.fork_rng():
            return Verdict(notes=try_base(recipe))
    except BertDemoError as error:
        return Verdict(one_line(str(error)))
    except Exception as error:  # noqa: BLE001 - architectures fail in ways of their own
        _log.warning("the base %s was refused", base_name(recipe.base), exc_info=error)
        why = one_line(f"{type(error).__name__}: {error}")[:150].rstrip(". ")
        return Verdict(
            f"The base model {base_name(recipe.base)} cannot be trained here ({why}): choose another base model."
        )


def main() -> int:
    """Write out the verdict on the recipe that stands on the input."""
    recipe = Recipe.from_dict(json.loads(sys.stdin.read()))
    sys.stdout.write(_verdict(recipe).to_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
