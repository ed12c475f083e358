"""A table whose columns or labels leave something open: only that is asked about, and every answer is used."""

from bertdemo.ui.kit.formatting import escape
from tests.pages.uploading import column, upload


def csv_of(header: str, row) -> bytes:
    return "\n".join([header, *(row(i) for i in range(60))]).encode()


def keyed(elements, start: str):
    """The element whose key begins so; None if there is none."""
    return next((each for each in elements if each.key and each.key.startswith(start)), None)


def test_nothing_is_asked_about_a_plain_table(open_page, words_of):
    table = csv_of(
        "text,label,lang", lambda i: f"what a day it was number {i},{'ab'[i % 2]},{('en', 'de')[i // 2 % 2]}"
    )
    app = upload(open_page("fine_tune"), table)
    assert not app.exception
    assert "60 rows, 2 labels · the label could also be **lang**" in words_of(app)
    for start in ("several_", "no_label_", "merge_", "majority_", "keep_parts_", "join_"):
        assert keyed([*app.selectbox, *app.multiselect, *app.checkbox], start) is None


def test_a_doubt_is_a_question_and_the_answer_goes_on(open_page, words_of):
    row = "what a day it was number {i},{a},{b},{part}"
    parts = ("train", "train", "test")
    table = csv_of(
        "text,sentiment,topic,split",
        lambda i: row.format(i=i, a="ab"[i % 2], b="xyz"[i // 2 % 3], part=parts[i // 6 % 3]),
    )
    app = upload(open_page("fine_tune"), table)
    assert not app.error
    assert "Which column holds the labels?" in app.info[0].value
    assert "**sentiment**, such as “a” and “b”\n- **topic**, such as “x”, “y” and “z”" in app.info[0].value
    assert column(app, "text").value == "text"
    assert "start" not in [button.key for button in app.button]
    column(app, "label").set_value("topic").run()
    assert not app.exception
    assert "60 texts under 3 labels" in words_of(app)
    assert "the label could also be **sentiment**" in words_of(app)
    assert "The published train and test parts are kept" in words_of(app)
    keyed(app.checkbox, "keep_parts_").uncheck().run()
    assert "published" not in app.markdown[-1].value
    assert "48 texts to train" in words_of(app)


def test_several_labels_spellings_and_blanks_are_told_and_decided(open_page, words_of):
    labels = ("good", "Good", "bad", "good|bad", "n/a", "bad")
    table = csv_of("text,label", lambda i: f"what a day it was number {i},{labels[i % 6]}")
    app = upload(open_page("fine_tune"), table)
    words = words_of(app)
    assert escape("10 rows with several labels, such as “good” and “bad”: left out.") in words
    assert escape("are read as one label: “good” (“Good”).") in words
    assert "40 texts under 2 labels" in words
    keyed(app.selectbox, "several_").set_value("bad").run()
    assert "The label “bad” is learned against all others" in words_of(app)
    assert "50 texts under 2 labels" in words_of(app)
    keyed(app.selectbox, "several_").set_value("first").run()
    keyed(app.checkbox, "merge_").uncheck().run()
    keyed(app.multiselect, "no_label_").set_value([]).run()
    assert not app.exception
    assert "60 texts under 4 labels" in words_of(app)


def test_a_choice_that_leaves_nothing_to_learn_can_be_taken_back(open_page, words_of):
    table = csv_of("text,label", lambda i: f"what a day it was number {i},{('good', 'none', 'n/a')[i % 3]}")
    app = upload(open_page("fine_tune"), table)
    assert "40 texts under 2 labels" in words_of(app)
    keyed(app.multiselect, "no_label_").set_value(["n/a", "none"]).run()
    assert "single label" in app.error[0].value
    keyed(app.multiselect, "no_label_").set_value(["n/a"]).run()
    assert not app.error
    assert "40 texts under 2 labels" in words_of(app)


def test_where_every_row_has_several_labels_a_person_says_what_to_learn(open_page, words_of):
    table = csv_of("text,labels", lambda i: f"what a day it was number {i},{('a|b', 'b|c', 'a|c')[i % 3]}")
    app = upload(open_page("fine_tune"), table)
    assert not app.error
    assert "fewer than two labels remain. Choose what to learn from them." in app.info[0].value
    several = keyed(app.selectbox, "several_")
    assert several.value is None
    assert "Leave them out" not in several.options  # it leads here
    several.set_value("b").run()
    assert "60 texts under 2 labels" in words_of(app)
    keyed(app.selectbox, "several_").set_value("leave-out").run()
    assert keyed(app.selectbox, "several_").value is None
    assert not app.exception


def test_an_answer_after_which_nothing_can_be_learned_can_be_taken_back(open_page, words_of):
    table = csv_of("text,labels", lambda i: f"what a day it was number {i},{('a|b', 'a|c', 'a|d|b')[i % 3]}")
    app = upload(open_page("fine_tune"), table)
    keyed(app.selectbox, "several_").set_value("first").run()
    assert "single label" in app.error[0].value
    keyed(app.selectbox, "several_").set_value("c").run()
    assert not app.error
    assert "60 texts under 2 labels" in words_of(app)


def test_answers_stay_in_a_corrected_file_and_on_another_page_where_they_still_apply(open_page, words_of):
    def table(first: str, other: str, none: str) -> bytes:
        labels = (first, first.title(), other, f"{first}|{other}", none, other)
        return csv_of("text,label", lambda i: f"what a {first} day it was number {i},{labels[i % 6]}")

    app = upload(open_page("fine_tune"), table("good", "bad", "n/a"))
    keyed(app.selectbox, "several_").set_value("bad").run()
    keyed(app.checkbox, "merge_").uncheck().run()
    keyed(app.multiselect, "no_label_").set_value([]).run()
    before = words_of(app)
    app.switch_page("pages/predict.py").run()
    app.switch_page("pages/fine_tune.py").run()
    assert words_of(app) == before
    upload(app, table("fine", "bad", "?"))
    assert "The label “bad” is learned against all others" in words_of(app)
    assert escape("“?” (10 rows): read as “no label”") in words_of(app)  # the earlier answer was about another value
    assert not keyed(app.checkbox, "merge_").value
    upload(app, table("long", "short", "?"))
    assert not app.error
    assert not app.exception
    assert keyed(app.selectbox, "several_").value == "leave-out"
    assert escape("10 rows with several labels, such as “long” and “short”: left out") in words_of(app)


def test_flags_are_one_choice_of_labels_beside_the_single_columns(open_page, words_of):
    marks = ("1,0,0", "0,1,0", "0,0,1")
    table = csv_of("text,red,green,blue", lambda i: f"what a day it was number {i},{marks[i % 3]}")
    app = upload(open_page("fine_tune"), table)
    assert column(app, "label").value == "red, green, blue"
    assert "60 texts under 3 labels" in words_of(app)
    column(app, "label").set_value("green").run()
    assert "60 texts under 2 labels" in words_of(app)


def test_a_title_can_be_read_with_its_text_and_the_answer_of_most_taken(open_page, words_of):
    table = csv_of(
        "title,body,label,rater",
        lambda i: (
            f"About thing {i // 3},All there is to say of the thing {i // 3} here,{'aab'[i % 3]},{'xyz'[i % 3]}"
            if i < 45
            else f"About thing {i},All there is to say of the thing {i} here,{'ab'[i % 2]},x"
        ),
    )
    app = upload(open_page("fine_tune"), table)
    assert "Only the label" not in words_of(app)
    assert "15 texts under 2 labels" in words_of(app)
    keyed(app.checkbox, "majority_").check().run()
    assert "15 texts with several answers have the label that most of them give" in words_of(app)
    assert "30 texts under 2 labels" in words_of(app)
    keyed(app.multiselect, "join_").set_value(["title"]).run()
    assert not app.exception
    assert "one text: **title** + **body**" in words_of(app)
    assert "About thing 45 All there is to say" in " ".join(app.table[0].value["Text"])
