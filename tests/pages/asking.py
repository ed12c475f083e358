"""What is asked on the page Predict."""

TEXT = "the coffee was wonderful and the staff were kind"


def ask(app, text):
    app.text_area(key="ask_text").set_value(text)
    return app.button(key="classify").click().run()
