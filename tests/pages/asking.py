"""What is asked on the page Predict."""

TEXT = "the coffee was wonderful and the staff were kind"


def ask(app, text):
    app.text_area(key="ask_text").set_value(text)
    return app.button(key="classify").click().run()


def ask_beside(app, *others):
    """Have other classifiers answer, too, as who unfolds that part of the page and chooses them."""
    app.session_state["compare_box"] = True
    return app.run().multiselect(key="compare_answers").set_value(list(others)).run()
