"""One name → a data set: a built-in one, a file, or a data set of the Hub."""

from __future__ import annotations

from pathlib import Path

from bertdemo.data.catalog import BUILT_IN, load_built_in
from bertdemo.data.dataset import Choices, Dataset
from bertdemo.data.hub import HUB_ID, HubTable, read_hub
from bertdemo.data.reading import FILE_TYPES, read_file
from bertdemo.errors import DataError
from bertdemo.settings import Settings

_HUB_PREFIX = "hub:"


def open_data(
    name_or_file: str,
    settings: Settings,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    pair_column: str | None = None,
    encoding: str | None = None,
    choices: Choices | None = None,
) -> Dataset:
    """Open what a person names on the command line.

    In this order: a built-in name, an existing file or folder, a Hub id "owner/name", or "hub:name". A Hub id
    may end in ":configuration". Columns that are not given, here or in ``choices``, are guessed, and so is the
    encoding; built-in data sets need none.

    Raises:
        DataError: nothing of that name exists, or it is not usable.
    """
    if name_or_file in {entry.name for entry in BUILT_IN}:
        return load_built_in(name_or_file)
    given = Choices(text=text_column, label=label_column, pair=pair_column) if choices is None else choices
    path = Path(name_or_file).expanduser()
    hub_name = name_or_file.removeprefix(_HUB_PREFIX)
    if _exists(path):
        return read_file(path, settings, encoding=encoding, choices=given)
    if _is_hub_id(name_or_file, hub_name.partition(":")[0]):
        return open_hub(hub_name, settings).choose(given)
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
