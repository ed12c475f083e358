"""A table whose columns or labels leave something open: only that is asked about, and every answer is used."""

from bertdemo.ui.words import escape
from tests.pages.uploading import column, upload


def csv_of(header: str, row) -> bytes:
    return "\n".join([header, *(row(i) for i in range(60))]).encode()


def keyed(elements, start: str):
    """The element whose key begins so; None if there is none."""
    return next((each for each in elements if each.key and each.key.startswith(start)), None)


def test_columns_are_said_and_nothing_is_asked_about_a_plain_table(open_page, words_of):
    table = csv_of(
        "text,label,lang", lambda i: f"what a day it was number {i},{'ab'[i % 2]},{('en', 'de')[i // 2 % 2]}"
    )
    app = upload(open_page("fine_tune"), table)
    assert not app.exception
    assert "Text: **text** · Label: **label** · also possible: **lang**" in words_of(app)
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
    assert "Which column holds the labels: **sentiment** or **topic**?" in app.info[0].value
    assert column(app, "text").value == "text"
    assert "start" not in [button.key for button in app.button]
    column(app, "label").set_value("topic").run()
    assert not app.exception
    assert "60 texts under 3 labels" in words_of(app)
    assert "also possible: **sentiment**" in words_of(app)
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
    assert "What is to be learned of them?" in app.info[0].value
    keyed(app.selectbox, "several_").set_value("b").run()
    assert "60 texts under 2 labels" in words_of(app)


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
    assert "Text: **title** + **body**" in words_of(app)
    assert "About thing 45 All there is to say" in " ".join(app.table[0].value["Text"])
