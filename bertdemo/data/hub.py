"""Data sets from the Hugging Face Hub."""

from __future__ import annotations

import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.data.cells import as_text
from bertdemo.data.columns import Columns, listed
from bertdemo.data.dataset import Dataset, Source
from bertdemo.data.reading import make_frame, to_dataset
from bertdemo.errors import DataError
from bertdemo.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
_PATIENCE = 4  # seconds for the Hub to answer; its own client would retry for half a minute
_SAMPLE_SEED = 0
_SAYS_NOTHING = "An error occurred while generating the dataset"  # what went wrong stands below it, or in its cause


@dataclass(frozen=True)
class HubTable:
    """A table of text cells (None where empty) whose columns nobody has chosen yet, and where it is from."""

    frame: pd.DataFrame
    source: Source

    def dataset(self, columns: Columns) -> Dataset:
        """Texts and labels of these columns.

        Raises:
            DataError: see ``to_dataset``.
        """
        return replace(to_dataset(self.frame, columns, self.source.title), source=self.source)


def read_hub(name: str, settings: Settings, *, configuration: str | None = None, split: str | None = None) -> HubTable:
    """Read one split ("train" where there is one) of a data set of the Hub.

    Of more than ``settings.max_rows`` rows a random part is taken. With ``HF_HUB_OFFLINE=1`` a copy that was
    loaded before is used. Code of the data set is never run.

    Raises:
        DataError: no such name, no network, no permission, or no table.
    """
    if not HUB_ID.fullmatch(name) or Path(name).exists():  # the library would prefer a folder of that name
        raise DataError(f"{name!r} is no name of a Hub data set: write it as owner/name.")
    _require_network(name)
    return _table(name, _load(name, configuration), split, settings, f"https://huggingface.co/datasets/{name}")


def _require_network(name: str) -> None:
    """Fail fast, and in our words. Any answer of the Hub, even an error, means that there is a network."""
    from datasets import config

    if config.HF_HUB_OFFLINE:
        return
    try:
        request = urllib.request.Request(config.HF_ENDPOINT, method="HEAD")
        urllib.request.urlopen(request, timeout=_PATIENCE).close()
    except urllib.error.HTTPError:
        return
    except OSError as error:
        raise _no_network(name) from error


def _no_network(name: str) -> DataError:
    from datasets import config

    instead = "choose a built-in data set or a file"
    if config.HF_HUB_OFFLINE:
        return DataError(
            f"{name} is not on this computer, and the Hub cannot be reached while HF_HUB_OFFLINE is set: unset it, or "
            f"{instead}."
        )
    return DataError(
        f"{name} cannot be loaded because the Hub cannot be reached: connect to the internet, {instead}, or set "
        "HF_HUB_OFFLINE=1 to use a copy loaded before."
    )


def _load(path: str, configuration: str | None) -> dict[str, Any]:
    """Split name → ``datasets.Dataset``, with every failure of the library in a sentence."""
    from datasets import disable_progress_bars, exceptions, load_dataset

    if not sys.stderr.isatty():  # nobody watches: a log, or a program that expects one line
        disable_progress_bars()
    try:
        return dict(load_dataset(path, configuration))
    except exceptions.DatasetNotFoundError as error:
        raise DataError(_not_found(path, str(error))) from error
    except ConnectionError as error:
        raise _no_network(path) from error
    except (exceptions.DatasetsError, OSError, ValueError) as error:
        raise DataError(_unreadable(path, error)) from error
    except RuntimeError as error:
        if "script" not in str(error):
            raise
        raise DataError(f"{path} is a program, not data, and is never run: choose another data set.") from error


def _not_found(name: str, message: str) -> str:
    if "gated" in message.lower():
        page = f"https://huggingface.co/datasets/{name}"
        return f"{name} asks for permission: accept its terms at {page} and log in with `hf auth login`."
    return f"There is no data set {name!r} on the Hub (or it is private): check the spelling, owner/name."


def _unreadable(path: str, error: Exception) -> str:
    found = re.search(r"available configs:? *\[(.*?)\]|Available: *\[(.*?)\]", str(error))
    if found:
        names = re.findall(r"'([^']+)'", found.group())
        return f"{path} has several configurations: add one to the name after a colon, of {listed(names)}."
    told = f"{error}\n{error.__cause__ or ''}".splitlines()
    reasons = [line.strip() for line in told if line.strip() and not line.startswith(_SAYS_NOTHING)]
    reason = reasons[0][:200].rstrip(".: ") if reasons else type(error).__name__
    return f"{path} is no table of texts and labels ({reason}): choose another data set."


def _table(name: str, splits: dict[str, Any], split: str | None, settings: Settings, url: str) -> HubTable:
    if split is not None and split not in splits:
        raise DataError(f"{name} has no split {split!r}: choose one of {listed(list(splits))}.")
    chosen = split or ("train" if "train" in splits else next(iter(splits)))
    data = splits[chosen]
    description = f"The split {chosen!r} of {name}, {len(data):,} rows."
    if len(data) > settings.max_rows:
        description = f"A random {settings.max_rows:,} of the {len(data):,} rows of the split {chosen!r} of {name}."
        data = data.shuffle(seed=_SAMPLE_SEED).select(range(settings.max_rows))
    readers = {column: reader for column, feature in data.features.items() if (reader := _reader(feature))}
    cells = ([reader(value) for value in data[column]] for column, reader in readers.items())
    frame = make_frame(name, list(readers), zip(*cells, strict=True), settings)
    licence = data.info.license or "see the page of the data set"
    return HubTable(frame, Source(title=name, description=description, licence=licence, url=url))


def _reader(feature: Any) -> Callable[[Any], str | None] | None:
    """How cells of a column become text; None for columns of pictures, lists and the like."""
    from datasets import ClassLabel, Value

    if isinstance(feature, ClassLabel):
        names = feature.names
        return lambda number: names[number] if number is not None and number >= 0 else None  # -1: hidden label
    return as_text if isinstance(feature, Value) and feature.dtype != "binary" else None
