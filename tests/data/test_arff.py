"""ARFF files of Weka and of liac-arff."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bertdemo.data.reading import read_table
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))
HEADER = "% a comment\n@RELATION r\n\n@ATTRIBUTE text STRING\n@attribute 'my class' {pos, neg, 'it\\'s; so'}\n\n@DATA\n"


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
