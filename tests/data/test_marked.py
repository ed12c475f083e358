"""Files of text that bear their labels: lines of fastText and TREC, ARFF."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bertdemo.data.reading import read_table
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))
HEADER = "% a comment\n@RELATION r\n\n@ATTRIBUTE text STRING\n@attribute 'my class' {pos, neg, 'it\\'s; so'}\n\n@DATA\n"


def rows(content: str, name: str = "a.txt") -> list[tuple[str, str]]:
    frame = read_table(name, content.encode(), LIMITS)
    assert frame.attrs["columns"] == {"text": "text", "label": "label"}
    return [("" if pd.isna(text) else text, label) for text, label in zip(frame["text"], frame["label"], strict=True)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("__label__x A text, really\n__label__y B\n", [("A text, really", "x"), ("B", "y")]),
        ("A text __label__x\nB __label__y\n", [("A text", "x"), ("B", "y")]),
        ("__label__x __label__y A\n__label__x B\n", [("A", '["x", "y"]'), ("B", "x")]),
        ("__label__x __label__x A\n__label__y B\n", [("A", "x"), ("B", "y")]),
        ("__label__1 , A text\n__label__2 , B\n", [("A text", "1"), ("B", "2")]),
        ("__label__x\tA\r\n__label__y\tB\r\n", [("A", "x"), ("B", "y")]),
        ("__class__x A\n__class__y B\n", [("A", "x"), ("B", "y")]),
        ("__label__very-good A\n__label__C# B __init__ method\n", [("A", "very-good"), ("B __init__ method", "C#")]),
        ('__label__x "Oh" he said\n__label__y B"\n', [('"Oh" he said', "x"), ('B"', "y")]),
        ('__label__x,"A, ""really"""\n__label__y,B\n', [('A, "really"', "x"), ("B", "y")]),
        ('__label__x,"Oh" he said\n__label__y,B\n', [('"Oh" he said', "x"), ("B", "y")]),
        ("__label__x\n__label__y B\n", [("", "x"), ("B", "y")]),
        ("__label__x A\nunlabelled\n__label__y B\n", [("A", "x"), ("unlabelled", "[]"), ("B", "y")]),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
def test_fasttext_labels_stand_at_either_end(content: str, expected: list[tuple[str, str]], name: str) -> None:
    assert rows(content, name) == expected


def test_doccano_writes_fasttext_as_a_csv_of_one_column() -> None:
    content = (
        '__label__x plain \n"__label__x __label__y He said ""no, never"" __comment__why?"\n nothing \n'
        '"__label__y two\nlines, really "\n" no, label "\n'
    )
    expected = [("plain", "x"), ('He said "no, never"', '["x", "y"]'), ("nothing", "[]"), ("two\nlines, really", "y")]
    assert rows(content) == [*expected, ("no, label", "[]")]
    frame = read_table("a.txt", content.encode(), LIMITS)
    assert frame.attrs["notes"] == ["Without a label, as they bear no __label__: 2 lines."]


@pytest.mark.parametrize(
    "content",
    ["text,label\nfine,__label__x\nbad,__label__y\n", "I call __init__ here\nand __del__ there\n", "a __b\nc d\n"],
)
def test_names_between_underscores_are_no_labels(content: str) -> None:
    assert "columns" not in read_table("a.txt", content.encode(), LIMITS).attrs


TREC = "DESC:manner How did it come ?\nENTY:animal What is a fowl ?\nDESC:def What is X : a test ?\nENTY:other What ?\n"


@pytest.mark.parametrize("name", ["a.txt", "train_5500.label"])
def test_trec_questions_have_a_class_and_a_subclass(name: str) -> None:
    frame = read_table(name, TREC.encode(), LIMITS)
    assert list(frame["label"]) == ["DESC", "ENTY", "DESC", "ENTY"]
    assert list(frame["fine label"]) == ["DESC:manner", "ENTY:animal", "DESC:def", "ENTY:other"]
    assert frame["text"][2] == "What is X : a test ?"


@pytest.mark.parametrize(
    "content", ["note: this\nnote: that\nsee: there\nsee: here\n", "10:30 a\n10:40 b\n9:50 c\n9:55 d\n"]
)
def test_other_lines_with_colons_are_texts(content: str) -> None:
    assert "columns" not in read_table("a.txt", content.encode(), LIMITS).attrs


def test_quotes_escapes_and_missing_values() -> None:
    data = (
        "'It\\'s \\\"good\\\"\\nnew \\\\ 100\\%',pos\nplain,neg\n"
        "% between\n?,'it\\'s; so'\n\"a, b\tc\",?\n{brace},pos\n"
    )
    frame = read_table("a.arff", (HEADER + data).encode(), LIMITS)
    cells = [[None if pd.isna(cell) else cell for cell in frame[column]] for column in ("text", "my class")]
    assert cells[0] == ['It\'s "good"\nnew \\ 100%', "plain", None, "a, b\tc", "{brace}"]
    assert cells[1] == ["pos", "neg", "it's; so", None, "pos"]
    assert frame.attrs["columns"] == {"text": "text", "label": "my class"}


@pytest.mark.parametrize(
    ("attributes", "label"),
    [
        (["text string", "lang {en,de}", "class {a,b}"], "class"),
        (["@@class@@ {a,b}", "lang {en,de}", "text string"], "@@class@@"),
        (["lang {en,de}", "text string", "mood {a,b}"], "mood"),
        (["lang {en,de}", "mood {a,b}", "text string"], None),
        (["text string", "mood{a,b}", "n numeric"], "mood"),
    ],
)
def test_the_class_is_the_attribute_that_lists_its_values(attributes: list[str], label: str | None) -> None:
    content = "\n".join(["@relation r", *(f"@attribute {each}" for each in attributes), "@data", "a,b,c", "d,e,f"])
    columns = read_table("a.arff", content.encode(), LIMITS).attrs.get("columns", {})
    assert columns.get("label") == label


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + "{0 'a text', 1 pos}\n", "sparse rows"),
        (HEADER + "a, b, pos\n", "line 8: 3 values where there are 2 attributes"),
        (HEADER + "'not, closed,pos\n", "line 8"),
        (HEADER, "no rows"),
        ("text,label\na,b\n", "no @attribute or no @data"),
    ],
)
def test_other_files_are_refused_with_the_reason(content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table("a.arff", content.encode(), LIMITS)
