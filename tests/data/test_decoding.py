from __future__ import annotations

import codecs
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.tables.encodings import decode, refuse_foreign
from bertdemo.errors import DataError

FRENCH = "Le café était très bon, où êtes-vous allés après Noël ?\n" * 20
RUSSIAN = "Очень хороший отель, персонал вежливый, завтрак вкусный.\n" * 20
CHINESE = "这家酒店非常好，服务员很热情，早餐很好吃。\n" * 20
JAPANESE = "このホテルはとても良かったです。\n部屋が汚くて、サービスが悪い。\nテレビとエアコンが壊れていた。\n" * 20


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return content.getvalue()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "utf-8"),
        (FRENCH, "utf-8-sig"),
        (FRENCH, "utf-16"),
        (FRENCH, "utf-16-le"),
        (FRENCH, "utf-16-be"),
        (FRENCH, "utf-32"),
        (FRENCH, "cp1252"),
        (FRENCH, "latin-1"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (CHINESE, "gb18030"),
        (JAPANESE, "shift_jis"),
        ("text,label\nhé,a\nb,b\n", "cp1252"),
    ],
)
def test_usual_encodings_are_recognised(text: str, encoding: str) -> None:
    assert decode("a.csv", text.encode(encoding)) == text


def test_a_few_broken_characters_do_not_change_the_encoding() -> None:
    text = decode("a.csv", FRENCH.encode() + b"\xff broken\n")
    assert text == FRENCH + "\ufffd broken\n"


def test_nul_characters_are_dropped() -> None:
    assert decode("a.csv", b"text,label\nhel\0lo,yes\n") == "text,label\nhello,yes\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.csv is empty"),
        (b" \r\n\n", "a.csv is empty"),
        (b"\0" * 100, "a.csv is empty"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0JFIF", "a picture"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b\x08", "compressed: unpack it first"),
        (b"PAR1....", "rename it to end in .parquet"),
        (b"\xd0\xcf\x11\xe0", "save it as .xlsx or .csv"),
        (zipped("a.csv"), "a ZIP archive: unpack it first"),
        (zipped("xl/workbook.xml"), "an Excel workbook: rename it to end in .xlsx"),
    ],
)
def test_a_file_that_only_pretends_is_called_by_its_name(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        refuse_foreign("a.csv", content)


@pytest.mark.parametrize(
    "start", ["<!DOCTYPE html><html>", "\n <html lang=en>", '<?xml version="1.0"?>', "<!-- saved -->\n<html>"]
)
def test_a_web_page_is_no_table(start: str) -> None:
    with pytest.raises(DataError, match="is a web page"):
        decode("a.csv", start.encode())


@pytest.mark.parametrize("content", [bytes(range(256)) * 50, b"\x00\x01\x02\x03" * 1000, b"\x7fELF\x02\x01\x01" * 99])
def test_bytes_that_are_no_text_are_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="is not a text file"):
        decode("a.csv", content)


@given(st.binary(max_size=300), st.sampled_from([b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE]))
def test_any_bytes_become_writable_text_or_a_sentence(content: bytes, mark: bytes) -> None:
    try:
        text = decode("a.csv", mark + content)
    except DataError:
        return
    assert "\0" not in text
    text.encode("utf-8")
