"""Records from JSON: what a hand-edited file may hold, and what an older or a newer version wrote."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.tasks.codec import from_json


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Inner:
    name: str
    share: float


@dataclass(frozen=True)
class Outer:
    colour: Colour
    kind: Literal["one", "two"]
    inner: Inner
    many: tuple[Inner, ...]
    table: tuple[tuple[int, ...], ...]
    other: Inner | None = None
    count: int = 3


inners = st.builds(Inner, st.text(max_size=5), st.floats(allow_nan=False))
SOUND: dict[str, Any] = {
    "colour": "red", "kind": "one", "inner": {"name": "a", "share": 1}, "many": [], "table": [[1, 2], []]
}  # fmt: skip


@given(
    st.builds(
        Outer,
        colour=st.sampled_from(Colour),
        kind=st.sampled_from(["one", "two"]),
        inner=inners,
        many=st.lists(inners, max_size=3).map(tuple),
        table=st.lists(st.lists(st.integers(-9, 9), max_size=2).map(tuple), max_size=2).map(tuple),
        other=inners | st.none(),
        count=st.integers(0, 9),
    )
)
def test_a_record_survives_the_way_through_json(record: Outer) -> None:
    assert from_json(Outer, json.loads(json.dumps(asdict(record)))) == record


def test_what_is_missing_has_its_default_and_what_is_new_is_left_out() -> None:
    read = from_json(Outer, SOUND | {"from the future": 1})
    assert (read.other, read.count, read.inner) == (None, 3, Inner("a", 1))


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "green"}, {"kind": "three"}, {"inner": None}, {"inner": {"name": "a"}}, {"inner": []},
        {"many": "ab"}, {"many": [None]}, {"table": [[True]]}, {"other": 1}, {"count": 2**63}, {"count": 1.5},
        {"inner": {"name": 1, "share": 1.0}}, {"inner": {"name": "a", "share": "1"}},
    ],
)  # fmt: skip
def test_what_its_type_does_not_say_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(Outer, SOUND | change)
