"""The first screen: a result if there is one, else one button that makes one."""

from bertdemo.runs.records import State


def test_a_newcomer_meets_one_button(open_page):
    app = open_page()
    assert not app.exception
    assert [button.key for button in app.button] == ["first_run"]
    assert not app.selectbox


def test_the_button_begins_a_run_on_real_messages(open_page, home):
    app = open_page()
    app.button(key="first_run").click().run()
    assert not app.exception
    assert not app.error
    [folder] = (home / "runs").iterdir()
    assert app.query_params["run"] in (folder.name, [folder.name])


def test_the_latest_result_comes_first_with_its_interval_and_its_baseline(open_page, make_run, words_of):
    make_run("good", State.FINISHED, name="My visits")
    app = open_page()
    assert not app.exception
    assert app.metric[0].value == "93.3\u00a0%"
    assert "95 % interval" in words_of(app)
    assert "TF\\-IDF" in words_of(app)


def test_a_name_is_text_and_never_markup(open_page, make_run, words_of):
    make_run("bad", State.FINISHED, name="<img src=x> **bold** [a](http://b)")
    app = open_page()
    assert not app.exception
    assert "<img" not in words_of(app)
    assert "**bold**" not in words_of(app)
