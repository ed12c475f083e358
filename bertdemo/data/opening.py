"""One name → a data set: a built-in one, a file, or a data set of the Hub."""

from __future__ import annotations

import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.data.catalog import BUILT_IN, load_built_in
from bertdemo.data.dataset import Choices, Columns, Dataset, LabelRules, Source
from bertdemo.data.reading import FILE_TYPES, label_table, make_frame, read_file, to_dataset
from bertdemo.data.splitting import part_of
from bertdemo.data.tables.cells import as_text
from bertdemo.errors import DataError
from bertdemo.lines import listed
from bertdemo.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

_HUB_PREFIX = "hub:"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
_PATIENCE = 4  # seconds for the Hub to answer; its own client would retry for half a minute
_SAMPLE_SEED = 0
_SAYS_NOTHING = "An error occurred while generating the dataset"  # what went wrong stands below it, or in its cause


def open_data(
    name_or_file: str,
    settings: Settings,
    *,
    encoding: str | None = None,
    choices: Choices | None = None,
) -> Dataset:
    """Open what a person names on the command line.

    In this order: a built-in name, an existing file or folder, a Hub id "owner/name", or "hub:name". A Hub id
    may end in ":configuration". Columns that are not in ``choices`` are guessed, and so is an encoding that is not
    given; built-in data sets need none.

    Raises:
        DataError: nothing of that name exists, or it is not usable.
    """
    if name_or_file in {entry.name for entry in BUILT_IN}:
        return load_built_in(name_or_file)
    choices = choices or Choices()
    path = Path(name_or_file).expanduser()
    hub_name = name_or_file.removeprefix(_HUB_PREFIX)
    if _exists(path):
        return read_file(path, settings, encoding=encoding, choices=choices)
    if _is_hub_id(name_or_file, hub_name.partition(":")[0]):
        return open_hub(hub_name, settings).choose(choices)
    built_in = ", ".join(entry.name for entry in BUILT_IN)
    raise DataError(
        f"There is no data set or file {name_or_file[:200]!r}: give one of {built_in}, a file that ends in "
        f"{', '.join(FILE_TYPES)}, or the name of a Hub data set as owner/name."
    )


def open_hub(name: str, settings: Settings) -> HubTable:
    """Read a data set of the Hub by "owner/name" or "owner/name:configuration"; its columns are not yet chosen.

    Raises:
        DataError: it cannot be loaded, or is no table.
    """
    identifier, _, configuration = name.partition(":")
    return read_hub(identifier, settings, configuration=configuration or None)


def _exists(path: Path) -> bool:
    try:
        return path.name != "" and path.exists()  # an empty name would be the current folder
    except (OSError, ValueError):  # too long for a path, or with a NUL
        return False


def _is_hub_id(given: str, identifier: str) -> bool:
    """Tell names of the Hub from paths: a path to a data file that does not exist is a mistake."""
    if given.startswith(_HUB_PREFIX):
        return HUB_ID.fullmatch(identifier) is not None
    looks_like_file = identifier.rpartition(".")[2].casefold() in FILE_TYPES
    return "/" in identifier and not looks_like_file and HUB_ID.fullmatch(identifier) is not None


@dataclass(frozen=True)
class HubTable:
    """A table of text cells (None where empty) whose columns nobody has chosen yet, and where it is from."""

    frame: pd.DataFrame
    source: Source

    def dataset(self, columns: Columns, rules: LabelRules | None = None) -> Dataset:
        """Return texts and labels of these columns.

        Raises:
            DataError: see ``to_dataset``.
        """
        return replace(to_dataset(self.frame, columns, self.source.title, rules), source=self.source)

    def choose(self, choices: Choices) -> Dataset:
        """Return texts and labels of the columns that are chosen, the others guessed.

        Raises:
            DataError: see ``label_table``.
        """
        return replace(label_table(self.frame, self.source.title, choices), source=self.source)


def read_hub(name: str, settings: Settings, *, configuration: str | None = None, split: str | None = None) -> HubTable:
    """Read a data set of the Hub: its train, validation and test splits, or the one that is named.

    With several splits the last column of the table names that of each row.

    Of more than ``settings.max_rows`` rows a random part is taken. With ``HF_HUB_OFFLINE=1`` a copy that was
    loaded before is used. Code of the data set is never run.

    Raises:
        DataError: no such name, no network, no permission, or no table.
    """
    if not HUB_ID.fullmatch(name) or Path(name).exists():  # the library would prefer a folder of that name
        raise DataError(f"{name!r} is no name of a Hub data set: write it as owner/name.")
    _require_network(name)
    table = _table(name, _load(name, configuration), split, settings, f"https://huggingface.co/datasets/{name}")
    table.frame.attrs["opened"] = {"data": f"hub:{name}:{configuration}" if configuration else f"hub:{name}"}
    return table


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
    chosen = {split: ""} if split else _published(splits)
    data = {each: splits[each] for each in chosen}
    total = sum(map(len, data.values()))
    which = f"the split{'s' if len(chosen) > 1 else ''} {listed(list(chosen))} of {name}"
    description = f"{which[0].upper()}{which[1:]}, {total:,} rows."
    if total > settings.max_rows:
        description = f"A random {settings.max_rows:,} of the {total:,} rows of {which}."
        most = {each: max(1, settings.max_rows * len(rows) // total) for each, rows in data.items()}
        data = {each: rows.shuffle(seed=_SAMPLE_SEED).select(range(most[each])) for each, rows in data.items()}
    features = next(iter(data.values())).features
    readers = {column: reader for column, feature in features.items() if (reader := _reader(feature))}
    named = ["split"] if len(data) > 1 else []
    rows = chain.from_iterable(_rows(data[each], readers, chosen[each] if named else None) for each in data)
    frame = make_frame(name, [*readers, *named], rows, settings)
    if named:
        frame.attrs["columns"] = {"split": frame.columns[-1]}
    if split is None and (others := [each for each in splits if each not in chosen]):
        frame.attrs["notes"] = [f"Not read of {name}: {listed(others)}."]
    licence = splits[next(iter(chosen))].info.license or "see the page of the data set"
    return HubTable(frame, Source(title=name, description=description, licence=licence, url=url))


def _published(splits: dict[str, Any]) -> dict[str, str]:
    """Return the splits to read and the part that each is.

    One for each part, with the columns of the one for training.
    """
    parts = {name: part_of(name.partition("_")[0]) or "" for name in splits}
    firsts = {part: name for name, part in reversed(parts.items()) if part}
    if "train" not in firsts:
        return {next(iter(splits)): ""}
    features = splits[firsts["train"]].features
    return {firsts[part]: part for part in ("train", "validation", "test")
            if part in firsts and splits[firsts[part]].features == features}  # fmt: skip


def _rows(data: Any, readers: dict[str, Callable[[Any], str | None]], split: str | None) -> Iterator[list[str | None]]:
    """Yield rows of text cells; a split to be named is the last cell of each."""
    columns = [[reader(value) for value in data[column]] for column, reader in readers.items()]
    named = [] if split is None else [[split] * len(data)]
    return map(list, zip(*columns, *named, strict=True))


def _reader(feature: Any) -> Callable[[Any], str | None] | None:
    """Return how cells of a column become text; None for columns of pictures, lists and the like."""
    from datasets import ClassLabel, Value

    if isinstance(feature, ClassLabel):
        names = feature.names
        return lambda number: names[number] if number is not None and number >= 0 else None  # -1: hidden label
    return as_text if isinstance(feature, Value) and feature.dtype != "binary" else None
