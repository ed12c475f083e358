"""From findings to sentences and rows."""

from __future__ import annotations

from dataclasses import replace

from bertdemo.studies.records import (
    MapFindings,
    Masked,
    Point,
    Question,
    Shortcut,
    StudyCard,
    View,
    WordFinding,
    WordFindings,
)
from bertdemo.ui.study.text_map import headline as map_headline
from bertdemo.ui.study.text_map import map_rows
from bertdemo.ui.study.words import about_shortcuts, chart_rows, headline, method, moved, shortcut_rows, table_rows


def word(text, mean, low=None, high=None):
    return WordFinding(text, "word", False, 9, 9, mean, 0.5, low, high, 0.9, low is None, (1, 2, 3))


UP, DOWN, UNSURE = word("*up*", 1.5, 1.0, 2.0), word("down", -1.5, -2.0, -1.0), word("unsure", 0.1, -1.0, 1.2)


def found(*words, suspected=0, shortcuts=(), certified=9):
    return WordFindings(10, certified, 0, 3, 7, words, suspected, shortcuts)


def card(truth=None):
    return StudyCard("r", "run", ("a", "b"), Question("words", 1, truth), (1, 2), 40, "pad", 5, 0.0, "", "")


def shortcut(text, p_value):
    masked = Masked(300, 100, 240, 210, 120, 90, -0.1, -0.2, 0.0, p_value)
    return Shortcut(word(text, 1.0, 0.5, 1.5), True, 20, 40, 1, 60, 0.001, masked)


def test_words_that_surely_moved_answers_are_named_and_others_are_not():
    said = headline(found(UP, DOWN, UNSURE), card())
    assert said == r"**“\*up\*”** spoke most for “b”; **“down”** spoke against it."
    assert headline(found(UP, word("x", 1, 0.5, 2), word("y", 1, 0.2, 2)), card(truth=0)) == (
        r"**“\*up\*”**, **“x”** and **“y”** spoke most for “b” and not “a”."
    )
    assert headline(found(DOWN), card()).startswith("No single word surely spoke for")
    assert headline(found(UNSURE), card()).startswith("No word stands out")


def test_of_a_mistake_the_margin_is_told():
    assert moved(card()) == "the answer “b”"
    assert moved(card(truth=0)) == "the margin of “b” over “a”"


def test_what_the_figures_rest_on_is_told():
    said = method(found(UP), card())
    assert "a random sample of 10 of the 40 such test texts" in said
    assert "9 of them certified (scores add up to within 1\u00a0%). No text is certified whose output is within" in said
    assert "bf16" not in said
    assert "Scores of 3 texts were computed in bf16." in method(replace(found(UP), in_bf16=3), card())
    sure = method(found(UP, certified=10), card())
    assert "every one certified (scores add up to within 1\u00a0%). A word's score" in sure


def test_the_chart_has_the_words_that_stand_out_with_a_sign_beside_the_colour():
    rows = chart_rows(found(UP, DOWN, UNSURE))
    assert rows["word"].tolist() == ["*up*", "down"]
    assert rows["words"].tolist() == ["+1.50", "−1.50"]
    assert rows["role"].tolist() == ["blue", "orange"]
    assert rows["end"].tolist() == [2.0, 0.0]
    assert chart_rows(found(UNSURE))["word"].tolist() == ["unsure"]
    assert len(chart_rows(found(word("few", 1.0)))) == 0
    assert len(table_rows(found(UP, word("few", 1.0)))) == 2


def test_shortcuts_are_told_by_what_masking_them_did():
    assert about_shortcuts(found(), "a").startswith("No word looks like a shortcut")
    luck = found(suspected=1, shortcuts=(shortcut("x", 0.4),))
    assert about_shortcuts(luck, "a").startswith("Of 1 word that could be shortcuts, all were masked: for none does")
    sure = found(suspected=3, shortcuts=(shortcut("@x", 0.001), shortcut("y", 0.5)))
    assert r"2 were masked: without **“\@x”** the accuracy" in about_shortcuts(sure, "a")
    rows = shortcut_rows(sure.shortcuts, "a")
    assert rows["Right, then masked"] == ["**80\u00a0% → 70\u00a0%** of 300", "80\u00a0% → 70\u00a0% of 300"]
    assert rows["Word"] == [r"\@x", "y"]  # bold is what luck hardly explains
    assert rows["Called “a”"] == ["120 → 90"] * 2


def view(neighbours):
    return View((0.3, 0.1), neighbours, 0.5)


def test_what_fine_tuning_did_is_said_once_it_is_more_than_a_few_texts():
    assert "moved texts of one label together" in map_headline(MapFindings((), view(0.5), view(0.9), "", "fp32"))
    assert "hardly changed" in map_headline(MapFindings((), view(0.5), view(0.52), "", "fp32"))
    assert "apart" in map_headline(MapFindings((), view(0.9), view(0.5), "", "fp32"))
    assert "by chance, 50" in map_headline(MapFindings((), None, view(0.5), "gone", "fp32"))


def test_of_many_labels_the_frequent_ones_are_drawn_apart():
    points = [Point(row, row % 7 if row < 14 else 0, 0, (1.0, 2.0), (3.0, 4.0)) for row in range(20)]
    rows, names = map_rows(points, tuple("abcdefg"), ["text"] * 20, "after")
    assert names == ("a", "b", "c", "other labels")
    assert set(rows["label"]) == set(names)
    assert rows["x"].tolist() == [3.0] * 20
    assert rows["wrong"].sum() == sum(point.truth != 0 for point in points)
    assert map_rows(points, tuple("abcdefg"), ["text"] * 20, "before")[0]["y"].tolist() == [2.0] * 20
