"""Tables with the columns of real corpora and tools; cells of each kind are made up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

N = 60
WORDS = ("garden", "parcel", "invoice", "weather", "cinema", "teacher", "harbour", "violin", "meadow", "bicycle")
KINDS = {
    "text": lambda i: f"The {WORDS[i % 10]} was late again and nobody told us about number {i} of the {WORDS[i % 7]}",
    "long": lambda i: f"We ordered the {WORDS[i % 10]} in spring. It came in autumn, and visit {i} was no better. " * 2,
    "title": lambda i: f"About the {WORDS[i % 10]} number {i}",
    "chinese": lambda i: f"这家酒店的房间很干净服务也很好第{i}次来",
    "words": lambda i: ("praise", "complaint", "question")[i % 3],
    "topics": lambda i: ("sport", "politics", "science", "travel")[i // 3 % 4],
    "two": lambda i: ("yes", "no")[i % 2],
    "coded": lambda i: str(i % 3),
    "stars": lambda i: str(1 + i * 7 % 5),
    "flag": lambda i: str(int(i % 5 == 0)),
    "holed": lambda i: "" if i == N // 2 else str(int(i % 5 == 0)),
    "other_flag": lambda i: str(int(i % 3 == 0)),
    "half": lambda i: f"It was said about the {WORDS[i % 10]} in letter {i}" if i % 5 > 1 else None,
    "truth": lambda i: ("true", "false")[i * 3 % 2],
    "people": lambda i: ("ann", "bob", "cem", "dee")[i * 5 % 4],
    "mails": lambda i: f"user{i % 3}@example.org",
    "places": lambda i: ("Rome", "Oslo", "Lima")[i * 7 % 3],
    "id": lambda i: f"x{i:05d}",
    "number": str,
    "few": lambda i: str(i % 7),
    "date": lambda i: f"2024-0{1 + i % 9}-01",
    "url": lambda i: f"https://example.org/posts/{i}",
    "float": lambda i: f"{0.1 + i / 71:.4f}",
    "split": lambda i: ("train", "train", "train", "dev", "test")[i % 5],
    "empty": lambda _: None,
    "sparse": lambda i: ("praise", "complaint")[i % 2] if i < 4 else None,
    "lang": lambda i: ("en", "de")[i * 3 % 2],
    "same": lambda _: "tweet",
    "lists": lambda i: ('["praise"]', '["complaint"]', "[]")[i % 3],
}  # fmt: skip


def table(columns: str) -> pd.DataFrame:
    """``"text:text label:words"``: columns and their kinds; a dot (·) stands for a blank in a name."""
    pairs = (column.rsplit(":", 1) for column in columns.split())
    return pd.DataFrame(
        {name.replace("·", " "): [KINDS[kind](i) for i in range(N)] for name, kind in pairs}, dtype=object
    )


def schemas() -> list[list[str]]:
    """Of each table in schemas.txt: texts, labels, and all columns."""
    lines = Path(__file__).with_name("schemas.txt").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]
