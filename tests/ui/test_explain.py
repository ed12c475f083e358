"""What the Explain page draws: strips that are the text, bars that add up, and sentences that are true."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bertdemo.explanation import tinting
from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.layers import LayerAttribution
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_base
from bertdemo.ui.explain import attribution, bars
from bertdemo.ui.explain.methods import BASELINE_NAMES
from bertdemo.ui.explain.sentences import sentence
from tests.readable import is_readable

LABELS = ("praise", "complaint")


@pytest.fixture(scope="module")
def classifier(tiny_base):
    return load_base(str(tiny_base), LABELS, dropout=0.0, max_length=24)


def found(tokenized, scores, *, signed=True, adds_up=True, missing=0.0):
    """An attribution with these scores of tokens, that leaves ``missing`` logits unexplained."""
    return Attribution(
        tokenized=tokenized, target=1, against=None, method="integrated_gradients", baseline="pad",
        scores=np.asarray(scores, dtype=np.float64), signed=signed, adds_up=adds_up,
        output=0.5 + float(np.sum(scores)) + missing, baseline_output=0.5, n_steps=20,
    )  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1, max_size=80), seed=st.integers(0, 99))
def test_a_strip_is_the_text_character_by_character(classifier, text, seed):
    if not is_readable(text):
        return
    tokenized = tokenize_with_words(classifier, text)
    scores = np.random.default_rng(seed).normal(size=len(tokenized.words))
    for signed in (True, False):
        parts = tinting.words(tokenized, scores, signed=signed)
        assert ["".join(piece.text for piece in part) for part in parts] == [text]
        tinted = [piece for piece in parts[0] if piece.number >= 0]
        assert [piece.number for piece in tinted] == list(range(len(tokenized.words)))
        assert all(piece.glyph == "" for piece in tinted) or signed
        assert all(0 <= piece.strength <= 1 for piece in tinted)


def test_a_sign_is_told_by_colour_and_by_glyph(classifier):
    tokenized = tokenize_with_words(classifier, "cold coffee")
    [[cold, _, coffee]] = tinting.words(tokenized, np.array([1.0, -0.5]), signed=True)
    assert (cold.kind, cold.glyph, coffee.kind, coffee.glyph) == ("piece for", "+", "piece against", "\u2212")
    assert cold.strength == 1
    assert coffee.strength == 0.5


@pytest.mark.parametrize("words", [1, 5, 18])
@pytest.mark.parametrize("missing", [0.0, 0.3, -0.2])
def test_the_bars_lead_from_the_baseline_to_the_output(classifier, words, missing):
    tokenized = tokenize_with_words(classifier, " ".join(["cold", "soup", "rude"] * 6).rsplit(" ", 18 - words)[0])
    scores = np.random.default_rng(words).normal(size=len(tokenized))
    given = found(tokenized, scores, missing=missing)
    rows = bars.bar_rows(given)
    assert rows["step"].is_unique
    first, *steps, last = rows[["start", "end"]].itertuples(index=False)
    assert first.end == pytest.approx(given.baseline_output)
    at = first.end
    for step in steps:
        assert step.start == pytest.approx(at)
        at = step.end
    assert at == pytest.approx(given.output, abs=1e-9)
    assert last.end == given.output
    assert len(rows) <= bars.MOST_WORDS + 5
    assert set(rows["role"]) <= {"blue", "orange", "grey"}


def test_sizes_are_grey_bars_from_zero(classifier):
    tokenized = tokenize_with_words(classifier, "cold coffee")
    rows = bars.bar_rows(found(tokenized, [0, 2, 1, 0], signed=False, adds_up=False))
    assert set(rows["role"]) == {"grey"}
    assert set(rows["start"]) == {0.0}
    assert not any("+" in words for words in rows["words"])


def test_scores_that_need_not_add_up_are_not_added_up(classifier):
    tokenized = tokenize_with_words(classifier, " ".join(["cold", "soup", "rude"] * 6))
    sizes = np.arange(len(tokenized)) + 1.0
    rows = bars.bar_rows(found(tokenized, sizes, signed=False, adds_up=False))
    assert len(rows) == bars.MOST_WORDS + 1  # and the special tokens
    assert not any("other" in step for step in rows["step"])


@pytest.mark.parametrize("baseline", BASELINE_NAMES)
def test_the_first_bar_names_the_baseline_as_the_picker_does(classifier, baseline):
    given = replace(found(tokenize_with_words(classifier, "cold coffee"), [0.0, 1.0, 2.0, 0.0]), baseline=baseline)
    first = bars.bar_rows(given)["step"][0].removeprefix("baseline ")
    assert BASELINE_NAMES[baseline].startswith(first)


def test_the_table_has_all_words_the_strongest_first(classifier):
    tokenized = tokenize_with_words(classifier, "cold coffee rude staff")
    table = bars.score_table_of(found(tokenized, [0, 0.1, -3.0, 1.0, 0.2, 0]))
    assert list(table["word"]) == ["coffee", "rude", "staff", "cold"]
    assert list(table["place"]) == [2, 3, 4, 1]
    assert table["share"].sum() == pytest.approx(100)


def test_the_sentence_names_three_words_as_text(classifier):
    tokenized = tokenize_with_words(classifier, "**cold** coffee")
    told = sentence(found(tokenized, np.arange(len(tokenized)) - 1.0), LABELS)
    assert told.count("(+") == 3
    assert "**cold**" not in told
    assert "moved “complaint” most" in told


def test_the_sentence_does_not_name_words_that_did_nothing(classifier):
    tokenized = tokenize_with_words(classifier, "cold coffee")
    assert sentence(found(tokenized, np.zeros(len(tokenized))), LABELS) == "No word of this text moves “complaint”."


def test_a_word_that_comes_again_is_named_once_with_the_sum(classifier):
    tokenized = tokenize_with_words(classifier, "rude staff, Rude cook")
    told = sentence(found(tokenized, [0, 0.5, 0.1, 0.0, 0.25, 0.2, 0]), LABELS)
    assert told == ("**“rude”** (+0.75, 2 times), **“cook”** (+0.20) and **“staff”** (+0.10) moved “complaint” most.")


@pytest.mark.parametrize(("signed", "figures"), [(True, "+0.50, the strongest of 2"), (False, "the strongest of 2")])
def test_scores_of_a_word_that_comes_again_are_not_summed_where_they_need_not_add_up(classifier, signed, figures):
    tokenized = tokenize_with_words(classifier, "rude staff, Rude cook")
    told = sentence(found(tokenized, [0, 0.5, 0.6, 0.0, 0.25, 0.2, 0], signed=signed, adds_up=False), LABELS)
    assert told.startswith("**“staff”**")
    assert f"**“rude”** ({figures})" in told


@pytest.mark.parametrize(
    ("at_words", "told"),
    [
        ((1.0, 1.0, 0.0), "at the special tokens from layer 2 on"),
        ((0.0, 1.0, 0.0), "at the special tokens from layer 2 on"),
        ((0.0, 0.0, 0.0), "at the special tokens, from the first layer to the last"),
        ((1.0, 1.0, 1.0), "at the words, up to the last layer"),
    ],
)
def test_the_title_of_the_layers_says_where_most_of_it_stands(classifier, at_words, told):
    tokenized = tokenize_with_words(classifier, "coffee")
    scores = np.array([[0.5 * (1 - share), *[share / (len(tokenized) - 2)] * (len(tokenized) - 2), 0.0]
                       for share in at_words])  # fmt: skip
    found = LayerAttribution(tokenized, 1, None, "pad", scores, 1.0, 0.0, 50)
    assert attribution.finding(found).endswith(told)
