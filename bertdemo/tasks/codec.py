"""Records from JSON, checked: somebody may have edited the file. ``dataclasses.asdict`` is the way there."""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_MOST = 2**63  # larger whole numbers are no counts, and no ``float`` either
_LATEST = 253_402_300_800.0  # the year 10000 (Unix seconds), which no calendar here knows


def from_json(hint: Any, value: Any) -> Any:
    """Return what JSON made of a record, or of a field, as its type says.

    Objects become records, whose further entries are left out and whose missing ones have their defaults; lists become
    tuples, and words the members of an enum.

    Args:
        hint: a dataclass, ``tuple[X, ...]``, a union, ``Literal``, an enum, ``dict[str, Any]``, or a plain type.
        value: of ``json.loads``.

    Raises:
        ValueError: it is not what the type says.
    """
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint, value)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _first(inner, value)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(from_json(inner[0], each) for each in value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if not (value in inner if origin is Literal else is_plain(value, origin or hint)):
        raise ValueError(f"{value!r} is no {hint}")
    return value


def is_timestamp(value: Any) -> bool:
    """Return whether ``value`` is a time in Unix seconds that can be shown as a date."""
    return is_plain(value, float) and 0 <= value < _LATEST


def is_plain(value: Any, kind: type) -> bool:
    """Return whether ``value`` is of a plain type; a whole number is a ``float``, too, and a truth value no number."""
    if kind is float and isinstance(value, float):
        return True
    if kind in (int, float):  # a bool is an int to Python and not to people
        return type(value) is int and -_MOST <= value < _MOST
    return isinstance(value, kind)


def _record(kind: type, values: Any) -> Any:
    if not isinstance(values, dict):
        raise ValueError(f"{values!r} is no object")
    hints = _hints(kind)
    missing = [name for name, (_, is_needed) in hints.items() if is_needed and name not in values]
    if missing:
        raise ValueError(f"without {', '.join(missing)}")
    return kind(**{name: from_json(hint, values[name]) for name, (hint, _) in hints.items() if name in values})


def _first(hints: tuple[Any, ...], value: Any) -> Any:
    """Return the value as the first of several types that it is of."""
    for hint in hints:
        try:
            return from_json(hint, value)
        except ValueError:
            continue
    raise ValueError(f"{value!r} is none of {hints}")


@lru_cache
def _hints(record: type) -> dict[str, tuple[Any, bool]]:
    """Return the type of each field, and whether it has to be given."""
    hints = get_type_hints(record)
    return {
        each.name: (hints[each.name], each.default is MISSING and each.default_factory is MISSING)
        for each in fields(record)
    }
