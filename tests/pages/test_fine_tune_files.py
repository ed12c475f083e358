"""A file of a person's own: which is in use, and which of its columns."""

from bertdemo.data.tables import encodings
from bertdemo.ui.finetune import data_choice
from bertdemo.ui.kit.formatting import escape
from tests.pages.uploading import CSV, ROWS, column, upload


def test_where_no_column_looks_like_labels_a_person_can_still_choose_one(open_page):
    rows = "".join(f"{text % i},{i}.5{label},{label}\n" for i in range(30) for text, label in ROWS)
    app = upload(open_page("fine_tune"), ("text,sentiment,group\n" + rows).encode())
    assert "choose another column of labels" in app.error[0].value
    column(app, "text").set_value("text").run()
    column(app, "label").set_value("group").run()
    assert not app.exception
    assert not app.error
    assert app.button(key="start")


def test_chosen_columns_survive_a_visit_to_another_page(open_page):
    rows = "".join(f"{text % i},{label},{label}er\n" for i in range(30) for text, label in ROWS)
    app = upload(open_page("fine_tune"), ("text,label,other\n" + rows).encode())
    column(app, "label").set_value("other").run()
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/fine_tune.py").run()
    assert column(app, "label").value == "other"


def test_a_file_that_is_taken_away_is_gone(open_page):
    app = upload(open_page("fine_tune"), CSV.encode())
    app.button(key="upload_away").click().run()
    assert not app.exception
    assert "start" not in [button.key for button in app.button]
    assert "upload_table" not in app.session_state


def test_a_file_in_use_is_named_and_stays_on_visiting_another_source_of_data(open_page, words_of):
    rows = "".join(f"{text % i},{label},{label}er\n" for i in range(30) for text, label in ROWS)
    app = upload(open_page("fine_tune"), ("text,label,other\n" + rows).encode())
    assert "Using **mine\\.csv**" in words_of(app)
    app.radio(key="data_kind").set_value("Hugging Face Hub").run()
    app.radio(key="data_kind").set_value("A file of yours").run()
    assert "Using **mine\\.csv**" in words_of(app)
    column(app, "label").set_value("other").run()
    assert "60 texts under 2 labels" in words_of(app)
    assert app.button(key="start")


def test_an_unreadable_file_takes_the_place_of_the_one_in_use(open_page, words_of):
    app = upload(open_page("fine_tune"), CSV.encode())
    upload(app, b"\x89PNG\r\n\x1a\n\x00\x00", "picture.csv")
    assert len(app.error) == 1
    assert "Using **" not in words_of(app)
    assert "start" not in [button.key for button in app.button]


def test_a_second_file_with_the_same_columns_replaces_the_first(open_page, words_of, monkeypatch):
    # The second table may get the very address that the first one had.
    monkeypatch.setattr(data_choice, "id", lambda _: 1, raising=False)
    app = upload(open_page("fine_tune"), CSV.encode())
    assert "60 texts" in words_of(app)
    longer = CSV + "\n" + "\n".join(f"{text % i},{label}" for i in range(30, 50) for text, label in ROWS)
    upload(app, longer.encode(), "other.csv")
    assert "100 texts" in words_of(app)


ONE_CLASS = "text,label\n" + "".join(f"words {i},same\n" for i in range(20))


def test_a_table_without_a_guess_leaves_the_next_one_its_own(open_page, words_of):
    app = upload(open_page("fine_tune"), ONE_CLASS.encode())
    assert (column(app, "text").value, column(app, "label").value) == (None, None)
    upload(app, CSV.encode())
    assert not app.error
    assert (column(app, "text").value, column(app, "label").value) == ("text", "label")
    assert "60 texts under 2 labels" in words_of(app)


def test_a_column_chosen_by_a_person_stays_in_a_corrected_file(open_page):
    rows = "".join(f"{text % i},{label},{label}er\n" for i in range(30) for text, label in ROWS)
    app = upload(open_page("fine_tune"), ("text,label,other\n" + rows).encode())
    column(app, "label").set_value("other").run()
    upload(app, ("text,label,other\n" + rows.replace("lovely", "wonderful")).encode())
    assert (column(app, "text").value, column(app, "label").value) == ("text", "other")
    assert not app.error


def test_a_column_that_was_guessed_is_guessed_again_in_another_file_of_the_same_columns(open_page):
    rows = [(text % i, label) for i in range(30) for text, label in ROWS]
    app = upload(open_page("fine_tune"), ("one,two\n" + "\n".join(f"{a},{b}" for a, b in rows)).encode())
    assert (column(app, "text").value, column(app, "label").value) == ("one", "two")
    upload(app, ("one,two\n" + "\n".join(f"{b},{a}" for a, b in rows)).encode())
    assert (column(app, "text").value, column(app, "label").value) == ("two", "one")
    assert not app.error


def test_what_an_uploader_takes_and_what_to_do_with_more_is_said_beside_it(open_page, words_of, monkeypatch):
    monkeypatch.setenv("BERTDEMO_MAX_ROWS", "7000")
    monkeypatch.setenv("BERTDEMO_MAX_FILE_MB", "12")  # below Streamlit's own limit
    app = open_page("fine_tune")
    app.radio(key="data_kind").set_value(data_choice.FILE).run()
    for _ in ("before a file", "with a file"):
        assert "At most 12 MB and 7,000 rows" in words_of(app)
        assert escape("python -m bertdemo train --data FILE") in words_of(app)
        upload(app, CSV.encode())
    monkeypatch.setenv("BERTDEMO_MAX_FILE_MB", "99")
    app.run()
    assert "At most 20 MB" in words_of(app)


def test_the_name_of_a_hub_data_set_is_its_field_s_default_too_for_a_browser_that_draws_it_anew(open_page):
    app = open_page("fine_tune")
    app.radio(key="data_kind").set_value(data_choice.HUB).run()
    assert app.text_input(key="hub_name").proto.default == ""
    app.text_input(key="hub_name").set_value("owner/name").run()
    app.radio(key="data_kind").set_value(data_choice.BUILT_IN).run()
    app.radio(key="data_kind").set_value(data_choice.HUB).run()
    assert app.text_input(key="hub_name").value == "owner/name"
    assert app.text_input(key="hub_name").proto.default == "owner/name"
    app.text_input(key="hub_name").set_value("").run()
    assert app.text_input(key="hub_name").value == ""


def test_a_text_far_longer_than_the_others_is_said_to_be_in_the_last_bar(open_page, words_of):
    rows = f"{CSV}\n{'word ' * 5000},{ROWS[0][1]}"
    assert "The last bar holds all longer texts" not in words_of(upload(open_page("fine_tune"), CSV.encode()))
    app = upload(open_page("fine_tune"), rows.encode())
    assert not app.exception
    assert "The last bar holds all longer texts, too; the longest has 5,002 tokens." in words_of(app)


POLISH = "text;label\n" + "".join(f"Proszę o szybką odpowiedź {i};{'zły' if i % 2 else 'miły'}\n" for i in range(60))


def test_the_encoding_is_shown_and_can_be_changed_where_letters_are_wrong(open_page, words_of):
    app = upload(open_page("fine_tune"), POLISH.encode("cp852"))
    picker = app.selectbox(key="upload_encoding_picked")
    assert picker.value == "cp852"
    assert "Proszę o szybką odpowiedź 0;miły" in app.code[0].value
    picker.set_value("cp1250").run()
    assert "Proszę" not in app.code[0].value
    app.selectbox(key="upload_encoding_picked").set_value("cp852").run()
    assert not app.exception
    assert "60 texts under 2 labels" in words_of(app)
    upload(app, POLISH.encode(), "unicode.csv")  # no other encoding reads that
    assert "upload_encoding_picked" not in [box.key for box in app.selectbox]


def test_no_page_looks_for_an_encoding_that_the_process_which_reads_has_found(open_page, monkeypatch):
    def refuse(*_):
        raise AssertionError("megabytes are looked at for everybody who waits")

    for module, name in ((encodings, "find_encoding"), (encodings, "guess_encoding")):
        monkeypatch.setattr(module, name, refuse)
    app = upload(open_page("fine_tune"), POLISH.encode("cp1250"))
    assert app.selectbox(key="upload_encoding_picked").value == "cp1250"
    monkeypatch.setattr(encodings, "preview", refuse)  # was looked for once
    app.run()
    assert "Proszę o szybką odpowiedź 0;miły" in app.code[0].value
    app.button(key="upload_away").click().run()
    assert not app.exception
    assert "upload_encoding_file" not in app.session_state


def test_a_doubtful_encoding_is_said_beside_open_lines_of_the_file(open_page, words_of):
    broken = POLISH.encode("cp1250").replace("odpowiedź".encode("cp1250"), bytes([0x81, 0x8D, 0x9D, 0x90]))
    app = upload(open_page("fine_tune"), broken)
    assert not app.exception
    assert "could not be read as" in words_of(app) or "Its encoding was guessed" in words_of(app)
    assert next(each for each in app.expander if "letters wrong" in each.label).proto.expanded


def test_an_encoding_in_which_the_file_is_no_table_is_one_sentence(open_page):
    app = upload(open_page("fine_tune"), POLISH.encode("cp1250"))
    app.selectbox(key="upload_encoding_picked").set_value("utf-16").run()
    assert not app.exception
    assert len(app.error) == 1
    app.selectbox(key="upload_encoding_picked").set_value("cp1250").run()
    assert not app.error


def test_a_file_that_takes_too_much_is_told_in_a_sentence_and_not_read_again(open_page, monkeypatch):
    monkeypatch.setenv("BERTDEMO_READ_MEMORY_MB", "5")
    app = open_page("fine_tune")
    upload(app, b"text,label\n" + b"".join(b"an evening number %d,%d\n" % (i, i % 2) for i in range(60_000)))
    assert "needs more than 5 MB of memory" in app.error[0].value
    monkeypatch.delenv("BERTDEMO_READ_MEMORY_MB")  # it could be read now
    app.run()
    assert "needs more than 5 MB of memory" in app.error[0].value
    assert not app.exception
