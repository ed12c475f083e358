"""What stays of a file that is to be predicted."""


def test_an_open_tab_and_an_encoding_that_was_picked_stay_on_visiting_another_page(open_page, make_classifier):
    make_classifier()
    polish = "text\n" + "".join(f"Proszę o szybką odpowiedź {i}\n" for i in range(30))
    app = open_page("predict", run="one")
    app.session_state["predict_tab"] = "Many texts"
    app.run().radio(key="many_kind").set_value("A file of yours").run()
    app.file_uploader(key="many_upload").set_value(("mine.csv", polish.encode("cp1250"), "text/csv")).run()
    app.selectbox(key="many_encoding_picked").set_value("cp1251").run()
    app.switch_page("pages/fine_tune.py").run()
    app.switch_page("pages/predict.py").run()
    assert not app.exception
    assert app.selectbox(key="many_encoding_picked").value == "cp1251"
