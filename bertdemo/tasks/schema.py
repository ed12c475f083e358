"""Whether a record read from a file holds what its types promise: somebody may have edited the file."""

from __future__ import annotations

import types
from dataclasses import is_dataclass
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_MOST = 2**63  # larger whole numbers are no counts, and no ``float`` either
_LATEST = 253_402_300_800.0  # the year 10000 (Unix seconds), which no calendar here knows


def matches_type(value: Any, hint: Any) -> bool:
    """Return whether ``value`` is what ``hint`` says, down to the fields of frozen records and the items of tuples.

    Knows what the records of a run are made of: plain types, ``Literal``, unions, ``tuple[X, ...]``, dataclasses, and
    ``dict[str, Any]``, which JSON makes of an object whatever it holds.
    """
    if isinstance(hint, type) and is_dataclass(hint):
        return isinstance(value, hint) and all(matches_type(getattr(value, name), each) for name, each in _fields(hint))
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in inner
    if origin in (Union, types.UnionType):
        return any(matches_type(value, each) for each in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(matches_type(each, inner[0]) for each in value)
    return isinstance(value, dict) if origin is dict else _is_plain(value, hint)


def is_timestamp(value: Any) -> bool:
    """Return whether ``value`` is a time in Unix seconds that can be shown as a date."""
    return _is_plain(value, float) and 0 <= value < _LATEST


def _is_plain(value: Any, kind: type) -> bool:
    if kind is float and isinstance(value, float):
        return True
    if kind in (int, float):  # a bool is an int to Python and not to people
        return type(value) is int and -_MOST <= value < _MOST
    return isinstance(value, kind)


@lru_cache
def _fields(record: type) -> tuple[tuple[str, Any], ...]:
    return tuple(get_type_hints(record).items())
