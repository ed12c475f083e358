"""Tables that programs write by the rules are read back exactly, whatever their texts hold."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Sequence

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bertdemo.data.tables.delimited import read_delimited

Rows = list[list[str]]
HEADERS = (["text", "label"], ["title", "message", "label"], ["id", "text", "label"], ["review", "age", "sentiment"])
LABELS = (["a", "b"], ["0", "1"], ["bad, really", "so-so"], ["A;B", "C"], ["'q'", "r"], [str(i) for i in range(40)])
WORDS = (
    "Hello",
    "the",
    "ok",
    "żółw",
    "привет",
    "مرحبا",
    "你好",
    "don't",
    "'tis",
    '"so"',
    "3.5",
    "C:\\x\\",
    "#tag",
    "I",
)
GLUES = (" ", " ", ",", ", ", "; ", "\t", "|", ". ", "\n", "\r\n", "\n\n", "\r", '"', '" ', ', "', "'", "' ", "  ")
EDGES = ("", "", "", "", " ", '"', "'", ",", "\t", "Dear all, ")
TAILS = ("", "", ", which is long", "; thanks", ", yes\nBye, you", ', "quoted" here', "\tend", '"')


def cell(rng: random.Random) -> str:
    inner = "".join(rng.choice(WORDS) + rng.choice(GLUES) for _ in range(rng.randrange(6)))
    return rng.choice(EDGES) + inner + rng.choice(EDGES)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], Rows]:
    """Few or many different texts and labels, numbered or not, with the same beginning and end in every row."""
    rng = draw(st.randoms(use_true_random=False))
    header, labels, head, tail = (rng.choice(each) for each in (HEADERS, LABELS, EDGES, TAILS))
    texts = [cell(rng) for _ in range(rng.randrange(2, 12))]
    number = rng.choice(["", " {i}"])
    rows = []
    for i in range(rng.randrange(3, 60)):
        text = head + rng.choice(texts) + number.format(i=i) + tail
        values = {"id": str(i), "age": str(20 + i % 30), "title": f"About {i}", header[-1]: rng.choice(labels)}
        rows.append([values.get(name, text if rng.random() > 0.05 else "") for name in header])
    return list(header), rows


def by_csv(header: Sequence[str], rows: Rows, delimiter: str, end: str, quoting: int) -> str:
    content = io.StringIO(newline="")
    csv.writer(content, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([header, *rows])
    return content.getvalue()


def by_pandas(header: Sequence[str], rows: Rows, delimiter: str, end: str, quoting: int) -> str:
    return str(pd.DataFrame(rows, columns=header).to_csv(sep=delimiter, lineterminator=end, quoting=quoting))


def by_pandas_alone(header: Sequence[str], rows: Rows, delimiter: str, end: str, quoting: int) -> str:
    frame = pd.DataFrame(rows, columns=header)
    return str(frame.to_csv(sep=delimiter, lineterminator=end, quoting=quoting, index=False))


def strictly(text: str, delimiter: str) -> Rows:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return []


@pytest.mark.parametrize("write", [by_csv, by_pandas, by_pandas_alone])
@settings(max_examples=25)
@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_what_programs_write_is_read_back(
    write: Callable[..., str], table: tuple[list[str], Rows], delimiter: str, end: str, quoting: int
) -> None:
    header, rows = table
    text = write(header, rows, delimiter, end, quoting)
    written = strictly(text, delimiter)
    assume([row[-len(header) :] for row in written] == [header, *rows])  # a lone "\r" is not quoted by all writers
    notes: list[str] = []
    names, found = read_delimited("a.csv", text, 1_000, notes)
    assert [names, *found] == written
    assert "two ways" not in " ".join(notes)


ENDING = "".join(f'About ticket {i},"This is message {i}, which is long",{"ab"[i % 2]}\n' for i in range(60))
REVIEWS = [
    [str(i), f'الخدمة "جيدة" جدا،\nرقم {i}, شكرا\n\nمع السلامة' if i % 3 else f"سيئة {i}", "-101"[i % 3 :][:1]]
    for i in range(60)
]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("title,message,label\n" + ENDING, ","),
        ("title,message,label\n" + ENDING.replace("\n", "\r\n"), ","),
        (by_csv(["", "text", "polarity"], REVIEWS, ",", "\n", csv.QUOTE_MINIMAL), ","),
        (by_csv(["text", "label"], [[f'"Oh, {i}"\nno, {i}', "ab"[i % 2]] for i in range(40)], ",", "\n", 0), ","),
        (by_csv(["text", "label"], [[f'{i} said,\n"so"\tand no', "xy"[i % 2]] for i in range(9)], "\t", "\n", 0), "\t"),
    ],
    ids=["one ending", "one ending, Windows", "reviews", "quotations", "tab-separated"],
)  # fmt: skip
def test_a_perfect_table_is_read_by_the_rules_and_without_doubts(text: str, delimiter: str) -> None:
    notes: list[str] = []
    header, rows = read_delimited("a.csv", text, 1_000, notes)
    assert ([header, *rows], notes) == (strictly(text, delimiter), [])


def test_one_ending_tears_no_quotation_beside_a_short_row() -> None:
    header, rows = read_delimited("a.csv", "title,message,label\n" + ENDING + "only this\n", 1_000)
    assert [header, *rows][:-1] == strictly("title,message,label\n" + ENDING, ",")


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ('{i}, "Well, number {i}", {label}', ["{i}", "Well, number {i}", "{label}"]),
        ("'Well, number {i}','{i}','{label}'", ["Well, number {i}", "{i}", "{label}"]),
    ],
    ids=["blanks", "apostrophes"],
)
def test_marks_that_a_strict_reading_leaves_standing_speak_against_it(line: str, row: list[str]) -> None:
    values = [{"i": str(i), "label": "ab"[i % 2]} for i in range(40)]
    rows = read_delimited("a.csv", "".join(line.format(**each) + "\n" for each in values), 1_000)[1]
    assert list(rows) == [[part.format(**each) for part in row] for each in values]


def test_one_delimiter_too_many_in_a_long_table_belongs_to_its_text() -> None:
    lines = [f"Satz {i} und so weiter|{i % 2}" for i in range(2_000)]
    lines[400] = "Satz 400 | mit Strich|0"
    rows = list(read_delimited("a.txt", "\n".join(lines) + "\n", 10_000)[1])
    assert rows[400] == ["Satz 400 | mit Strich", "0"]
    assert {len(row) for row in rows} == {2}
