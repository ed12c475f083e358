from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.catalog import PLACEHOLDER, repair

UNDEFINED = {0x81, 0x8D, 0x8F, 0x90, 0x9D}


def damaged(text: str) -> str:
    """What became of the tweets, written down a second time and independently: signs of the packaged file."""
    content = text.encode()
    for _ in range(3):
        content = b"".join(damaged_byte(byte) for byte in content)
    return content.decode("latin-1")


def damaged_byte(byte: int) -> bytes:
    if byte < 0x80 or byte in UNDEFINED:
        return bytes([byte])
    return bytes([byte]).decode("cp1252").encode("mac_roman", "replace").replace(b"?", b"_")


@pytest.mark.parametrize(
    ("remains", "text"),
    [
        ("won\x8a\x97\xc8t", "won’t"),
        ("\x8a\x97\x93fleek\x8a\x97\x9d", "“fleek”"),
        ("wait\x8a\x97_", "wait…"),
        ("cr\x92\xa2pe", "crâpe"),
        ("_\x99\x85\xe4_\x99\xea\xc8", "😂💙"),
        ("\x8a\x85\x97\xb4\xd9\x8f", "☀\ufe0f"),
        ("plain snake_case text", "plain snake_case text"),
    ],
)
def test_what_can_be_known_is_restored(remains: str, text: str) -> None:
    assert repair(remains) == text


@pytest.mark.parametrize("face", ["😡", "😍"])
def test_two_faces_of_opposite_feeling_with_equal_remains_become_the_same_neutral_sign(face: str) -> None:
    assert repair(damaged(face)) == PLACEHOLDER


@given(st.lists(st.sampled_from("’“”‘—–éêâ€£😂💙😢🙏👏✨☕♥ abc_."), max_size=20))
def test_repair_undoes_the_damage(characters: list[str]) -> None:
    text = "".join(characters)
    assert repair(damaged(text)) == text


@given(st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=0xFF)))
def test_no_debris_survives_whatever_came_in(remains: str) -> None:
    assert not any("\x80" <= sign <= "\x9f" for sign in repair(remains))
