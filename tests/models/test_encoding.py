"""Token ids, batches and padding."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.models.checkpoints import load_base
from bertdemo.models.encoding import Encoded, batches_by_length, collate, encode, padded_tokens


@pytest.fixture(scope="module")
def classifier(tiny_base: Path):
    return load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=16)


def test_texts_are_cut_at_the_maximum_length_and_counted(classifier):
    encoded = encode(classifier, ["the coffee", "word " * 100])
    assert max(encoded.lengths) == 16
    assert encoded.cut == 1


def test_texts_that_just_fit_are_not_counted_as_cut(classifier):
    encoded = encode(classifier, ["a " * 14, "a " * 15, "a"], ["b", "b", "b"])
    assert encode(classifier, ["a " * 14, "a " * 15, "a"]).cut == 1
    assert (encoded.lengths[:2], encoded.cut) == ([16, 16], 2)


def test_the_second_text_of_a_pair_is_marked_as_such(classifier):
    encoded = encode(classifier, ["the coffee"], ["was cold"])
    assert encoded.segments is not None
    assert set(encoded.segments[0]) == {0, 1}


@pytest.mark.parametrize("text", ["", " ", "😀", "漢字", "\x00", "<script>alert(1)</script>", "a" * 10_000])
def test_any_text_becomes_tokens_between_the_special_ones(classifier, text):
    ids = encode(classifier, [text]).ids[0]
    assert (ids[0], ids[-1]) == (classifier.tokenizer.cls_token_id, classifier.tokenizer.sep_token_id)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=200), st.integers(1, 33), st.none() | st.integers(1, 400))
def test_every_row_is_in_exactly_one_batch_and_no_batch_is_too_large(lengths, size, most_tokens):
    batches = batches_by_length(range(len(lengths)), lengths, size, most_tokens=most_tokens)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert max(map(len, batches)) <= size
    for batch in batches if most_tokens else []:
        assert len(batch) == 1 or padded_tokens(batch, lengths) <= most_tokens


@given(st.lists(st.lists(st.integers(5, 99), min_size=1, max_size=12), min_size=1, max_size=9))
def test_padding_hides_nothing_and_is_masked(classifier, rows):
    encoded = Encoded(tuple(np.array(row, dtype=np.int32) for row in rows), None, 0)
    inputs = collate(classifier, encoded, range(len(rows)))
    assert inputs["input_ids"].numel() == padded_tokens(range(len(rows)), encoded.lengths)
    for row, ids, mask in zip(rows, inputs["input_ids"], inputs["attention_mask"], strict=True):
        assert ids[mask.bool()].tolist() == row
        assert not ids[~mask.bool()].any()


class Kept:
    """States of texts that are there already."""

    def __init__(self, states):
        self.states = states

    def of(self, rows):
        return [self.states[row] for row in rows]

    def select(self, rows):
        return Kept(self.of(rows))


@pytest.mark.parametrize("padding", ["right", "left"])
@pytest.mark.parametrize("width", [0, 5])
def test_hidden_states_take_the_places_of_their_ids(classifier, padding, width):
    rows = [[5, 6, 7], [8], [9, 4]]
    ids = tuple(np.array(row, dtype=np.int32) for row in rows)
    states = Kept([torch.tensor(row, dtype=torch.float32)[:, None] for row in rows])
    reader, chosen = replace(classifier, padding=padding), [2, 0]
    encoded = Encoded(ids, None, 0, states=states)
    expected = collate(reader, replace(encoded, states=None), chosen, width)
    inputs = collate(reader, encoded.select(chosen), [0, 1], width)
    assert inputs["inputs_embeds"].shape == (2, width or 3, 1)
    mask = inputs["attention_mask"]
    assert mask.equal(expected["attention_mask"])
    assert (inputs["inputs_embeds"][..., 0] * mask).tolist() == (expected["input_ids"] * mask).tolist()


def test_segments_are_padded_with_the_ids(classifier):
    ids, segments = ((np.array(a), np.array(b)) for a, b in (([5, 6, 7], [5]), ([0, 0, 1], [0])))
    encoded = Encoded(ids, segments, 0)
    assert collate(classifier, encoded, [0, 1])["token_type_ids"].tolist() == [[0, 0, 1], [0, 0, 0]]
    assert "token_type_ids" not in collate(classifier, replace(encoded, segments=None), [0, 1])
