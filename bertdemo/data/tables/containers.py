"""Packed files and folders → the one table in them, or a table of texts that lie in a folder for each class."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bertdemo.data.tables.cells import Table, refuse_bomb, refuse_more_rows
from bertdemo.data.tables.encodings import find_encoding
from bertdemo.errors import DataError
from bertdemo.lines import listed
from bertdemo.settings import Settings

_STREAMS: dict[str, Callable[[IO[bytes]], gzip.GzipFile | bz2.BZ2File]] = {
    "gz": lambda file: gzip.GzipFile(fileobj=file),
    "bz2": bz2.BZ2File,
}
PACKED = (*_STREAMS, "zip")
_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError, LookupError)
_TEXTS = ("txt", "text", "")  # endings of files with one text each
_SPLIT = re.compile(r"(?:^|[\W_])(train|training|dev|devel|val|valid|validation|test|testing)(?:$|[\W_])")
_UNLABELLED = ("unsup", "unlabeled", "unlabelled")


@dataclass(frozen=True)
class Member:
    """A file in an archive or a folder: the parts of its name, which is never used as a path, and its bytes."""

    parts: tuple[str, ...]
    content: bytes

    @property
    def name(self) -> str:
        """The last part."""
        return self.parts[-1]


def unpack(name: str, content: bytes, settings: Settings, kinds: Sequence[str]) -> Member | list[Member]:
    """Return the table in a packed file, or the texts of an archive with a folder for each class.

    Args:
        name: the file's, which tells the kind by its ending.
        content: its bytes.
        settings: bounds the size.
        kinds: the endings of tables.

    Raises:
        DataError: it is damaged, unpacks to too much, or holds neither.
    """
    kind = _ending(name)
    try:
        if kind in _STREAMS:
            with _STREAMS[kind](io.BytesIO(content)) as stream:
                inner = stream.read(settings.max_file_bytes + 1)
            _refuse_size(name, len(inner), settings)
            return Member((name[: -len(kind) - 1],), inner)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _unzip(name, content, archive, settings, kinds)
    except _DAMAGE as error:
        raise DataError(f"{name} cannot be unpacked: pack it again, without a password.") from error


def read_folder(folder: Path, settings: Settings) -> list[Member]:
    """Return the texts in a folder that has a folder for each class; links are not followed.

    Raises:
        DataError: it has none, or more or larger files than allowed.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    chosen = _of_classes([path.relative_to(folder).parts for path in files])
    if not chosen:
        raise DataError(
            f"{folder.name} is a folder: name a file in it, or a Hub data set as owner/name, or give a folder with a "
            "folder of .txt files for each class."
        )
    refuse_more_rows(folder.name, len(chosen), settings.max_rows)
    _refuse_size(folder.name, sum(files[i].stat().st_size for i in chosen), settings)
    return [Member(files[i].relative_to(folder).parts, files[i].read_bytes()) for i in chosen]


def class_table(members: Sequence[Member], encoding: str | None, notes: list[str]) -> Table:
    """Return texts of files, the folder of each as its label, and the folder above as its part if it is train, test, ….

    Args:
        members: one file a text, each in a folder.
        encoding: of all; None to find it out.
        notes: where a sentence goes if it is a guess.
    """
    found = encoding or find_encoding(b"\n".join(member.content for member in members), notes)
    rows = []
    for member in members:
        label, part = _label_and_split(member.parts)
        text = member.content.decode(found, "replace").removeprefix("\ufeff").strip()
        rows.append((text, "" if label.casefold() in _UNLABELLED else label, part))
    if any(part for _, _, part in rows):
        return ["text", "label", "split"], rows
    return ["text", "label"], [row[:2] for row in rows]


def _unzip(
    name: str, content: bytes, archive: zipfile.ZipFile, settings: Settings, kinds: Sequence[str]
) -> Member | list[Member]:
    entries = [(_parts(entry.filename), entry) for entry in archive.infolist() if not entry.is_dir()]
    entries = [(parts, entry) for parts, entry in entries if parts and not _is_hidden(parts)]
    tables = [(parts, entry) for parts, entry in entries if _ending(parts[-1]) in set(kinds) - set(_TEXTS)]
    if len(tables) == 1 or len(entries) == 1:
        chosen = tables or entries
    else:
        chosen = [entries[i] for i in _of_classes([parts for parts, _ in entries])]
        if not chosen:
            names = listed(["/".join(parts)[:80] for parts, _ in tables or entries]) or "no file"
            raise DataError(f"{name} holds {names}: keep the one table, or a folder of .txt files for each class.")
        refuse_more_rows(name, len(chosen), settings.max_rows)
    size = sum(entry.file_size for _, entry in chosen)
    refuse_bomb(name, content, size)
    _refuse_size(name, size, settings)
    members = [Member(parts, archive.read(entry)) for parts, entry in chosen]
    return members[0] if len(tables) == 1 or len(entries) == 1 else members


def _of_classes(files: Sequence[tuple[str, ...]]) -> list[int]:
    """Return which files are the texts of classes: those as deep as most, if two folders or more hold them."""
    texts = [i for i, parts in enumerate(files) if _ending(parts[-1]) in _TEXTS and not _is_hidden(parts)]
    texts = [i for i in texts if _label_and_split(files[i])[0]]
    if not texts:
        return []
    depth = Counter(len(files[i]) for i in texts).most_common(1)[0][0]
    chosen = [i for i in texts if len(files[i]) == depth]
    return chosen if len({_label_and_split(files[i])[0] for i in chosen}) > 1 else []


def _label_and_split(parts: tuple[str, ...]) -> tuple[str, str]:
    """Return the innermost folder that is no part of a split, and the part."""
    folders = parts[:-1]
    splits = [found.group(1) for folder in folders if (found := _SPLIT.search(folder.casefold()))]
    labels = [folder for folder in folders if not _SPLIT.search(folder.casefold())]
    return (labels[-1] if labels else ""), (splits[-1] if splits else "")


def _parts(name: str) -> tuple[str, ...]:
    """Return the parts of a name in an archive, whatever separates them, without those that lead elsewhere."""
    return tuple(part for part in re.split(r"[/\\]", name) if part not in ("", ".", ".."))


def _is_hidden(parts: tuple[str, ...]) -> bool:
    return (
        parts[0] == "__MACOSX"
        or any(part.startswith(".") for part in parts)
        or parts[-1] in ("Thumbs.db", "desktop.ini")
    )


def _ending(name: str) -> str:
    return name.rpartition(".")[2].casefold() if "." in name else ""


def _refuse_size(name: str, size: int, settings: Settings) -> None:
    if size > settings.max_file_bytes:
        raise DataError(
            f"{name} unpacks to more than {settings.max_file_mb} MB, the limit: take a random part of it, or raise "
            "BERTDEMO_MAX_FILE_MB."
        )
