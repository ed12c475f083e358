"""What the attention views send, say and hide, without a browser."""

import base64
import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.explanation.attention import attention
from bertdemo.explanation.heads import statistics
from bertdemo.explanation.tokenized_text import Unit, tokenize_with_words, words_of
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.ui.attention import ablation, one_head, pictures
from bertdemo.ui.attention import page as attention_page
from bertdemo.ui.attention.ablation import Change, changes_of, headline, worth_rows
from bertdemo.ui.attention.computed import Looked
from bertdemo.ui.attention.pictures import SIDE, shades, small_maps
from bertdemo.ui.attention.selection import LINES, Filters, Selection, Shown, heads_in, parse, visible, what_is_hidden

HOSTILE = "<script>alert(1)</script> 你好 مرحبا"


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)


@pytest.fixture(scope="module")
def complete(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("complete")
    save_classifier(load_base(str(tiny_base), ("praise", "complaint"), dropout=0.0, max_length=128), folder)
    return load_classifier(folder, output_attentions=True)


@pytest.fixture(scope="module")
def look(complete):
    def look_(text: str, pair: str | None = None, off: frozenset = frozenset()) -> Looked:
        tokenized = tokenize_with_words(complete, text, pair)
        seen = attention(complete, tokenized, off)
        probabilities = np.exp(seen.logits) / np.exp(seen.logits).sum()
        return Looked(
            run_id="one", edition=1, tokenized=tokenized, off=off, weights=seen.weights,
            statistics=statistics(seen.weights, tokenized), logits=seen.logits, probabilities=probabilities,
            label_names=complete.label_names,
        )  # fmt: skip

    return look_


@pytest.mark.parametrize(
    ("code", "part"),
    [("1.2", Selection(0, 1)), ("2", Selection(1, None)), ("all", Selection(None, None)), ("3.1", None), ("1.3", None),
     ("0.1", None), ("", None), ("x", None), ("1.1.1", None), ("-1", None), ("１", None)],
)  # fmt: skip
def test_addresses_name_heads_that_are_there(code, part):
    found = parse(code, layers=2, heads=2)
    assert found == part
    assert found is None or found.code == code


def test_a_layer_is_all_its_heads():
    assert heads_in(Selection(1, None), 3) == {(1, 0), (1, 1), (1, 2)}
    assert heads_in(Selection(None, None), 3) == frozenset()


def test_means_are_means(look):
    weights = look("the coffee was cold").weights
    assert np.allclose(Selection(1, None).of(weights), weights[1].mean(axis=0))
    assert np.allclose(Selection(None, None).of(weights), weights.reshape(-1, *weights.shape[2:]).mean(axis=0))


@given(st.floats(0, 1))
def test_what_is_sent_tells_weights_within_half_a_per_cent(weight):
    byte = int(shades(np.array([weight]))[0])
    assert abs((byte / 255) ** 2 - weight) <= 0.004


@given(tokens=st.integers(1, 3 * SIDE), place=st.integers(0, 10_000))
def test_small_maps_keep_the_darkest_weight(tokens, place):
    weights = np.zeros((1, tokens, tokens))
    row, column = divmod(place % tokens**2, tokens)
    weights[0, row, column] = 1.0
    pixels = small_maps(weights)[0]
    side = len(pixels)
    assert side == min(tokens, SIDE)
    assert pixels.max() == 255
    assert np.count_nonzero(pixels) == 1
    assert abs(np.argmax(pixels) // side - row * side // tokens) <= 1


def test_the_grid_has_every_head_and_every_mean(look):
    looked = look("the coffee was cold and the staff were rude", off=frozenset({(0, 0), (0, 1)}))
    data = pictures.data_of(looked, looked.weights, (Selection(1, 1),))
    every = json.loads(unpacked(data["maps"]).tobytes())
    maps = [each for each in every if each]
    assert [each["name"] for each in maps] == ["1.1", "1.2", "1", "2.1", "2.2", "2", "all"]
    assert [each["name"] for each in maps if each["series"] == 0] == ["2.2"]
    assert [each["name"] for each in maps if each["off"]] == ["1.1", "1.2", "1"]
    assert len(unpacked(data["packed"])) == len(maps) * data["side"] ** 2
    assert len(every) == len(data["rows"]) * len(data["columns"])


def test_a_head_is_sent_whole(look):
    looked = look(HOSTILE)
    shown = Shown(LINES, False, False, Filters())
    seen = one_head.of(looked, (Selection(0, 0),), shown, words_of(looked.tokenized))
    data = one_head.head_data(seen, ["x"], False, "from.1")
    sent = (unpacked(data["packed"][0]) / 255.0) ** 2
    assert np.allclose(sent.reshape(seen.weights[0].shape), seen.weights[0], atol=0.004)
    assert "".join(word["text"] for word in data["from"][1:-1]) == HOSTILE.replace(" ", "")
    assert data["word"] == "from.1"
    assert one_head.head_data(seen, ["x"], False, "else.1")["word"] is None


@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize("sides", [(None, None), (0, 1), (1, 0)])
@pytest.mark.parametrize("least", [0.0, 0.1])
def test_what_is_shown_and_what_is_hidden_are_all(look, special, sides, least):
    looked = look("the coffee was cold", "terrible service")
    filters = Filters(special, least, *sides)
    seen = one_head.of(looked, (Selection(0, 0), Selection(1, 1)), Shown(LINES, False, False, filters),
                             words_of(looked.tokenized))  # fmt: skip
    rows = 2 * len(seen.looking)
    hidden = seen.hidden_special + seen.hidden_part + seen.hidden_small
    assert seen.weights.sum() / rows + hidden == pytest.approx(1.0, abs=1e-5)
    assert (seen.hidden_special > 0) is (not special)
    assert (seen.hidden_part > 0) is (sides != (None, None))
    assert not any(0 < weight < least for weight in seen.weights.ravel())
    assert bool(what_is_hidden(seen)) is (hidden > 0)
    assert special or not any(unit.special for unit in (*seen.looking, *seen.looked_at))


def test_a_text_of_special_tokens_alone_leaves_no_row():
    units = (Unit("[CLS]", None, (0,)), Unit("[SEP]", None, (1,)))
    seen = visible(np.full((1, 2, 2), 0.5), units, Filters(special=False))
    assert seen.looking == seen.looked_at == ()
    assert what_is_hidden(seen) == ""


def test_the_table_has_the_numbers_of_the_picture(look):
    looked = look("the coffee was cold")
    parts = (Selection(0, 0), Selection(0, None))
    shown = Shown(LINES, False, False, Filters())
    seen = one_head.of(looked, parts, shown, words_of(looked.tokenized))
    table = one_head.pairs_of(seen, parts, by_norm=False)
    assert len(table) == len(words_of(looked.tokenized)) ** 2
    assert table["Layer 1, head 1 (%)"].is_monotonic_decreasing
    assert table["Layer 1, head 1 (%)"].sum() == pytest.approx(100 * len(seen.looking), abs=0.1)


def test_statistics_have_a_row_a_head_and_say_it_in_words(look):
    table = attention_page.statistics_of(look("the coffee was cold"))
    assert list(zip(table["layer"], table["head"], strict=True)) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert table["in words"].str.len().min() > 10


def test_words_by_layer_leave_out_special_tokens(look):
    looked = look("cold cold <b>")
    units = words_of(looked.tokenized)
    values = np.arange(2.0 * len(units)).reshape(2, -1)
    rows = pictures.rows_of(units, values)
    assert list(rows["word"].unique()) == ["cold", "cold (2)", "<", "b", ">"]
    assert rows["size"].max() == 1.0
    assert "[CLS]" not in pictures.title(units, values)
    assert pictures.title(units, values).endswith("“&gt;”, “b” and “&lt;”".replace("&gt;", "\\>"))


def test_an_answer_that_stays_and_one_that_falls_are_told_apart():
    stays = [Change("no", 0.9, 0.8), Change("yes", 0.1, 0.2)]
    assert headline(stays, 1) == "Without this head the answer stays no and its probability moves by −10.0 points"
    falls = [Change("no", 0.9, 0.2), Change("yes", 0.1, 0.8)]
    assert headline(falls, 3) == "Without these 3 heads the answer is no longer no but yes, 80.0\u00a0%"
    assert headline([Change("no", 0.9, 0.9)], 2).endswith("does not move")
    assert headline([Change("no", 0.8922, 0.9326)], 2).endswith("by +4.1 points")  # of 89.2 and 93.3, which are shown
    assert headline(stays, 0) == "With all heads on: no, 90.0\u00a0%"


def test_switching_heads_off_changes_what_is_told(look):
    text = "the coffee was cold"
    changes = changes_of(look(text), look(text, off=frozenset({(0, 0), (1, 1)})))
    assert sum(change.before for change in changes) == pytest.approx(1.0)
    assert sum(change.after for change in changes) == pytest.approx(1.0)
    assert any(abs(change.before - change.after) > 1e-6 for change in changes)


def test_worths_have_signs_and_sizes():
    rows = worth_rows(np.array([[0.5, -1.0], [0.001, 0.0]]))
    assert list(rows["glyph"]) == ["+", "−", "", ""]
    assert list(rows["role"]) == ["blue", "orange", "grey", "grey"]
    assert rows["size"].max() == 1.0


def test_nothing_is_worth_anything_without_heads_that_matter():
    assert set(worth_rows(np.zeros((2, 2)))["glyph"]) == {""}


def test_a_click_switches_off_and_on_again(look, monkeypatch):
    wanted = []
    monkeypatch.setattr(ablation.selection, "switch", lambda off, heads: wanted.append(frozenset(off)))
    ablation.toggle(look("cold"), Selection(0, 1))
    ablation.toggle(look("cold", off=frozenset({(0, 1)})), Selection(0, None))
    ablation.toggle(look("cold", off=frozenset({(0, 0), (0, 1)})), Selection(0, None))
    assert wanted == [{(0, 1)}, {(0, 0), (0, 1)}, frozenset()]
