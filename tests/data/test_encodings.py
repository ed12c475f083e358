from __future__ import annotations

import codecs
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.tables.encodings import decode, known_encoding, refuse_foreign
from bertdemo.errors import DataError

FRENCH = "Le café était très bon, où êtes-vous allés après Noël ?\n" * 20
RUSSIAN = "Очень хороший отель, персонал вежливый, завтрак вкусный.\n" * 20
CHINESE = "这家酒店非常好，服务员很热情，早餐很好吃。\n" * 20
JAPANESE = "このホテルはとても良かったです。\n部屋が汚くて、サービスが悪い。\nテレビとエアコンが壊れていた。\n" * 20
# Language: what people write in it about a purchase, and the encodings in which its files come.
TEXTS: dict[str, tuple[str, str]] = {
    "Polish": (
        ("Nie polecam, jakość wykonania fatalna|Śliczna sukienka|Zwróciłem towar, pieniądze oddano po miesiącu"),
        "cp1250 iso-8859-2 cp852 mac_latin2",
    ),
    "Czech": (
        (
            "Výrobek nefunguje, reklamace trvala příliš dlouho|Skvělý obchod, určitě nakoupím znovu|"
            "Čekal jsem něco jiného, ale ujde to"
        ),
        "cp1250 iso-8859-2 mac_latin2",
    ),
    "Slovak": (
        (
            "Tovar prišiel poškodený, sklamanie|Veľmi rýchle dodanie, ďakujem|Odporúčam každému, kto hľadá kvalitu|"
            "Už nikdy viac, peniaze mi nevrátili"
        ),
        "cp1250 iso-8859-2",
    ),
    "Slovene": (
        (
            "Paket je prišel prepozno, škatla je bila poškodovana|Hvala za hitro dostavo, vse je bilo v redu|"
            "Še enkrat bi naročil, odlično|Račun ni točen, želim denar nazaj"
        ),
        "cp1250 iso-8859-2",
    ),
    "Hungarian": (
        (
            "Gyors szállítás, kedves eladó|Rossz minőség, nem ajánlom senkinek|Jó vétel volt, elégedett vagyok|"
            "Sajnos törötten érkezett, visszaküldtem"
        ),
        "cp1250 iso-8859-2",
    ),
    "Romanian": (
        (
            "Nu recomand, calitatea lasă de dorit|Foarte mulţumit de produs|Livrarea a durat mult|"
            "Excelent, îl voi cumpăra din nou"
        ),
        "cp1250 iso-8859-2",
    ),
    "Turkish": (
        (
            "Ürün kırık geldi, iade etmek istiyorum|Çok memnun kaldım, tavsiye ederim|Kalitesi düşük ama fiyatı uygun|"
            "Satıcı ilgisiz, mesajlara cevap vermiyor"
        ),
        "cp1254 iso-8859-9",
    ),
    "Lithuanian": (
        (
            "Prasta kokybė, nerekomenduoju niekam|Puiki parduotuvė, tikrai pirksiu dar kartą|"
            "Pardavėjas mandagus, viską paaiškino"
        ),
        "cp1257 iso-8859-13",
    ),
    "Latvian": (
        (
            "Slikta kvalitāte, neiesaku nevienam|Lielisks veikals, noteikti pirkšu vēlreiz|Prece neatbilst aprakstam|"
            "Pārdevējs laipns, visu paskaidroja"
        ),
        "cp1257",
    ),
    "Estonian": (
        (
            "Halb kvaliteet, ei soovita kellelegi|Suurepärane pood, ostan kindlasti veel|"
            "Müüja oli viisakas ja selgitas kõike"
        ),
        "cp1257",
    ),
    "Russian": (
        (
            "Ужасное качество, не советую никому|Отличный магазин, буду заказывать ещё|Товар не соответствует описанию|"
            "Продавец вежливый, всё объяснил"
        ),
        "cp1251 koi8-r cp866 iso-8859-5 mac_cyrillic",
    ),
    "Ukrainian": (
        (
            "Погана якість, не рекомендую|Дуже задоволений, куплю ще раз|Товар не відповідає опису|"
            "Ввічливий продавець, все пояснив"
        ),
        "cp1251 koi8-u",
    ),
    "Bulgarian": (
        "Лошо качество, не препоръчвам|Много съм доволен, ще купя отново|Стоката не отговаря на описанието",
        "cp1251",
    ),
    "Greek": (
        "Κακή ποιότητα, δεν το συνιστώ|Πολύ καλό προϊόν, μείναμε ευχαριστημένοι|Άψογη εξυπηρέτηση",
        "cp1253 iso-8859-7",
    ),
    "Hebrew": ("איכות גרועה, לא ממליץ|מאוד מרוצה, אקנה שוב|המוצר לא תואם לתיאור", "cp1255"),
    "Arabic": ("جودة سيئة لا أنصح به|راض جدا سأشتري مرة أخرى|المنتج لا يطابق الوصف", "cp1256"),
    "Thai": ("คุณภาพแย่ ไม่แนะนำ|พอใจมาก จะซื้ออีก|สินค้าไม่ตรงกับคำอธิบาย", "cp874"),
    "Japanese": (
        "品質が悪いのでおすすめしません|とても満足しています、また買います|説明と違う商品が届いた|対応が丁寧でした",
        "shift_jis euc-jp iso2022_jp",
    ),
    "Chinese": ("质量很差，不推荐|非常满意，还会再来购买|商品与描述不符|客服态度热情，解释得很清楚", "gb18030 gb2312"),
    "Taiwanese": ("品質很差，不推薦|非常滿意，會再來購買|商品與描述不符|客服態度熱情，解釋得很清楚", "big5"),
    "Korean": ("품질이 나빠서 추천하지 않습니다|아주 만족합니다 다음에도 살게요|설명과 다른 상품이 왔어요", "euc-kr"),
    "French": (
        (
            "Mauvaise qualité, je ne recommande pas|Très satisfait, j'achèterai à nouveau|"
            "L'article ne correspond pas à la description|Vendeur poli, ça s'est réglé vite à Noël"
        ),
        "cp1252 iso-8859-1 iso-8859-15 mac_roman",
    ),
    "German": (
        (
            "Schlechte Qualität, nicht zu empfehlen|Sehr zufrieden, kaufe ich gern wieder|"
            "Ware entspricht nicht der Beschreibung|Verkäufer höflich, alles erklärt, großes Lob"
        ),
        "cp1252 iso-8859-1 mac_roman cp850",
    ),
    "Spanish": (
        (
            "Mala calidad, no lo recomiendo|Muy satisfecho, compraré otra vez mañana|"
            "El artículo no coincide con la descripción|Vendedor amable, explicó todo"
        ),
        "cp1252 mac_roman",
    ),
    "Portuguese": (
        (
            "Má qualidade, não recomendo|Muito satisfeito, comprarei novamente|"
            "O artigo não corresponde à descrição|Vendedor simpático, explicou tudo, coração"
        ),
        "cp1252 mac_roman",
    ),
    "Italian": (
        (
            "Pessima qualità, non lo consiglio|Molto soddisfatto, comprerò di nuovo|"
            "L'articolo non corrisponde alla descrizione|Venditore gentile, perché ha spiegato tutto"
        ),
        "cp1252 mac_roman",
    ),
    "Swedish": ("Dålig kvalitet, rekommenderar inte|Mycket nöjd, köper gärna igen|Trevlig säljare", "cp1252 mac_roman"),
    "Norwegian": (
        "Dårlig kvalitet, anbefales ikke|Veldig fornøyd, kjøper gjerne igjen|Hyggelig selger, så bra",
        "cp1252",
    ),
    "Dutch": (
        "Slechte kwaliteit, één keer en nooit meer|Zeer tevreden, reünie geslaagd|Niet zoals beschreven",
        "cp1252",
    ),
    "Finnish": (
        "Huono laatu, en suosittele|Erittäin tyytyväinen, ostan uudestaan|Ystävällinen myyjä, kiitos",
        "cp1252",
    ),
    "English": (
        "Don’t buy it – it’s awful|She said “never again”|Costs £15 and breaks|Naïve café owner",
        "cp1252 mac_roman",
    ),
}
CASES = [(language, encoding) for language, (_, encodings) in TEXTS.items() for encoding in encodings.split()]


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


def table(language: str, rows: int, every: int) -> str:
    """A table with a text of the language in every so many rows, and English without accents between them."""
    texts = TEXTS[language][0].split("|")
    lines = (
        texts[i // every % len(texts)] if i % every == 0 else f"All fine here, thanks, number {i}" for i in range(rows)
    )
    return "text;label\n" + "".join(f"{line};{'good' if i % 2 else 'bad'}\n" for i, line in enumerate(lines))


@pytest.mark.parametrize(("language", "encoding"), CASES)
def test_the_encodings_of_the_world_are_told_apart(language: str, encoding: str) -> None:
    for rows, every in ((30, 1), (60, 10)):
        text = table(language, rows, every)
        assert decode("a.csv", text.encode(encoding)) == text, (rows, every)


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
def test_unicode_needs_no_mark(language: str, encoding: str) -> None:
    text = table(language, 30, 1)
    assert decode("a.csv", text.encode(encoding)) == text


def test_accents_late_in_a_long_file_are_heard() -> None:
    text = "An English text without accents;good\n" * 20_000 + table("Polish", 30, 1)
    assert decode("a.csv", text.encode("cp1250")) == text


def test_a_guess_that_is_not_certain_is_said_and_a_certain_one_is_not() -> None:
    notes: list[str] = []
    decode("a.csv", "text,label\ncaf\u00e9,a\nbar,b\n".encode("cp1252"), notes=notes)
    assert len(notes) == 1
    assert notes[0].startswith("Its encoding was guessed: cp1252. If letters are wrong, choose another")
    notes.clear()
    decode("a.csv", table("Polish", 30, 1).encode("cp1250"), notes=notes)
    assert notes == []


@pytest.mark.parametrize(
    "text", ["я не знаю, что делать", "Я довольна", "Я люблю этот город, и я рад", "і я не знаю, що робити"]
)
def test_the_pronoun_of_one_letter_is_no_currency(text: str) -> None:
    content = "".join(f"{text} {i}\n" for i in range(40))
    assert decode("a.csv", content.encode("cp1251"), notes=[]) == content


def test_text_that_a_program_damaged_is_in_no_encoding_for_certain() -> None:
    text = "Kita² semua 😀 suka “ini” … يا سلام, bukan 😡 itu\n" * 20
    damaged = bytes(ord("?") if 0x7F < byte < 0xA0 else byte for byte in text.encode())
    notes: list[str] = []
    assert "Kita" in decode("a.csv", damaged, notes=notes)
    assert notes[0].startswith("Its encoding was guessed: cp1252.")


def test_an_encoding_that_is_named_is_taken() -> None:
    assert decode("a.csv", "łąka".encode("cp852"), "CP852") == "łąka"


@pytest.mark.parametrize("name", ["klingon", "", "base64", "idna", "undefined", "a\0b", "x" * 99])
def test_an_unknown_encoding_is_one_sentence(name: str) -> None:
    with pytest.raises(DataError, match="There is no encoding") as told:
        known_encoding(name)
    assert "\n" not in str(told.value)


UNREAD = "1 character could not be read as utf-8 and shows as \ufffd: if the file is in another encoding, choose that"


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (b"\xff\n", f"{UNREAD} (command: --encoding)."),
        ("\ufffd\n".encode(), "1 character is \ufffd in the file itself: another program lost what was there."),
        ("\ufffd\ufffd\n".encode(), "2 characters are \ufffd in the file itself: another program lost what was there."),
    ],
)
def test_characters_that_are_broken_are_counted_and_said_to_be_in_the_file_or_unread(end: bytes, sentence: str) -> None:
    notes: list[str] = []
    decode("a.csv", "Très bien, après tout, à Noël\n".encode() * 9 + end, notes=notes)
    assert notes == [sentence]
