"""A file that is uploaded on the page Fine-tune, and the columns that are picked in it."""

ROWS = [("what a lovely day number %d", "good"), ("an awful rainy evening number %d", "bad")]
CSV = "text,label\n" + "\n".join(f"{text % i},{label}" for i in range(30) for text, label in ROWS)


def upload(app, content: bytes, name: str = "mine.csv"):
    app.radio(key="data_kind").set_value("A file of yours").run()
    app.file_uploader[0].set_value((name, content, "text/csv")).run()
    return app


def column(app, which: str):
    return next(box for box in app.selectbox if box.key and box.key.startswith(f"{which}_column_"))
