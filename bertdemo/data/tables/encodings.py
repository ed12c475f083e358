"""Bytes of a file somebody chose → text: what kind of file it really is, and in which encoding.

One from before Unicode is told by the letters that a text has in each language. Every encoding is tried with every
language that was written in it. Its letters beyond ASCII are then as likely as they are in that language; a capital
inside a word, a sign between two letters or a letter of another language is unlikely. Common words without accents say
which language it is, where letters are few.
"""

from __future__ import annotations

import codecs
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from bertdemo.errors import DataError

# What a file begins with, and what a person would call it.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file: rename it to end in .parquet"),
    (b"\x89PNG", "a picture: choose a table of texts"),
    (b"\xff\xd8\xff", "a picture: choose a table of texts"),
    (b"GIF8", "a picture: choose a table of texts"),
    (b"%PDF", "a PDF: choose a table of texts"),
    (b"\x1f\x8b", "compressed: unpack it first"),
    (b"7z\xbc\xaf", "compressed: unpack it first"),
    (b"Rar!", "compressed: unpack it first"),
    (b"BZh", "compressed: unpack it first"),
    (b"\xfd7zXZ", "compressed: unpack it first"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file: save it as .xlsx or .csv"),
    (b"{\\rtf", "a formatted document: save it as plain CSV"),
    (b"SQLite format 3", "a database: export the table as CSV"),
)
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKUP = re.compile(r"(?>\s+|<!--.*?-->)*+<(!doctype|html|head|body|\?xml|svg|table)\b", re.IGNORECASE | re.DOTALL)
# Without those that separate cells or records in some exports (01, 1E, 1F), end a file (1A) or begin an escape (1B).
_CONTROLS = re.compile("[\x00\x02-\x08\x0e-\x19\x1c\x1d]")
_SAMPLE = 2**16  # bytes or characters
_PREVIEWED, _SHOWN_LINES, _SHOWN_LETTERS = 2**22, 5, 200  # bytes looked at, lines and characters shown
# Encodings that are all ASCII and switch between alphabets.
_ESCAPES = ((b"\x1b$B", "iso2022_jp"), (b"\x1b$@", "iso2022_jp"), (b"\x1b$)C", "iso2022_kr"))


def refuse_foreign(name: str, content: bytes) -> None:
    """Say what a file is that only pretends to be text.

    Raises:
        DataError: the file is empty, or begins like a picture, an archive, a workbook or a document.
    """
    if not content.strip(b"\0 \t\r\n"):
        raise _empty(name)
    if content.startswith(b"PK\x03\x04"):
        is_workbook = b"xl/" in content
        kind = "an Excel workbook: rename it to end in .xlsx" if is_workbook else "a ZIP archive: unpack it first"
        raise DataError(f"{name} is {kind}.")
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            raise DataError(f"{name} is {kind}.")


def decode(name: str, content: bytes, encoding: str | None = None, notes: list[str] | None = None) -> str:
    """Return the text of a file in whatever encoding, without byte order mark, NUL characters and unreadable bytes.

    Args:
        name: the file's, for messages.
        content: all of it.
        encoding: a name that Python knows; None to find it out.
        notes: where a sentence goes if the encoding is a guess, or characters are broken.

    Raises:
        DataError: it is a web page, empty, no text at all, or nobody knows the encoding.
    """
    chosen = known_encoding(encoding) if encoding else find_encoding(content, notes)
    text = content.decode(chosen, errors="replace").removeprefix("\ufeff")
    if not text.strip("\ufeff\0 \t\r\n"):  # nothing but a byte order mark
        raise _empty(name)
    sample = text[:_SAMPLE]
    if _MARKUP.match(sample):
        raise DataError(f"{name} is a web page, not a table: download the data file itself.")
    controls = len(_CONTROLS.findall(sample.replace("\0", "")))
    if sample.count("\0") > len(sample) / 10 or controls > len(sample) / 100:
        raise DataError(f"{name} is not a text file: choose a table as CSV, TSV, JSONL, Parquet or Excel.")
    broken = text.count("\ufffd")
    if broken and notes is not None:
        notes.append(_broken_sentence(broken, chosen, written=_is_valid(content, chosen)))
    return text.replace("\0", "")


def _broken_sentence(broken: int, chosen: str, *, written: bool) -> str:
    """Tell of ``broken`` replacement characters, which are ``written`` so or could not be read."""
    count, shows, are = ("1 character", "shows", "is") if broken == 1 else (f"{broken:,} characters", "show", "are")
    if written:
        return f"{count} {are} \ufffd in the file itself: another program lost what was there."
    return (
        f"{count} could not be read as {chosen} and {shows} as \ufffd: if the file is in another encoding, choose "
        "that (command: --encoding)."
    )


def _is_valid(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def known_encoding(encoding: str) -> str:
    """Return Python's name of an encoding that texts are written in.

    Raises:
        DataError: there is none of that name.
    """
    try:
        found = codecs.lookup(encoding.strip())
        "a".encode(found.name)  # not one of those that turn bytes into bytes
        b"a-\xff".decode(found.name, "replace")  # nor one of those for names of hosts
    except (LookupError, ValueError) as error:
        raise DataError(
            f"There is no encoding {encoding[:40]!r}: give a name such as utf-8, cp1250, iso-8859-2 or shift_jis."
        ) from error
    return found.name


def _empty(name: str) -> DataError:
    return DataError(f"{name} is empty: choose a file with a table of texts.")


def preview(content: bytes, encoding: str) -> str:
    """Return some lines of a file in an encoding: the first that hold more than ASCII, and shortened."""
    lines = [line for line in re.split(rb"[\r\n]+", content[:_PREVIEWED]) if not line.isascii()]
    if encoding.startswith("utf-16") or not lines:  # line ends are not where single bytes have them
        lines = [content[: 2 * _SHOWN_LETTERS]]
    texts = (line.decode(encoding, "replace").replace("\0", "") for line in lines[:_SHOWN_LINES])
    return "\n".join(text[:_SHOWN_LETTERS] for text in texts)


def find_encoding(content: bytes, notes: list[str] | None = None) -> str:
    """Find the encoding of a text: by its mark, as UTF-8 or UTF-16, or the likeliest of those from before Unicode."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    if escaped := next((name for mark, name in _ESCAPES if mark in content), None):
        return escaped
    if found := _unmarked_utf16(content) or ("utf-8" if _is_utf8(content) else None):
        return found
    guess = guess_encoding(content)
    if not guess.is_certain and notes is not None:
        notes.append(f"Its encoding was guessed: {guess.encoding}. If letters are wrong, choose another encoding.")
    return guess.encoding


def _is_utf8(content: bytes) -> bool:
    """Return whether it is UTF-8, a few broken characters (less than a tenth of those beyond ASCII) forgiven."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        beyond_ascii = re.sub("[\x00-\x7f]+", "", content.decode("utf-8", "replace"))
        return beyond_ascii.count("\ufffd") < len(beyond_ascii) / 10
    return True


def _unmarked_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: the zero bytes of ASCII characters, such as line ends, stand on one side of all pairs."""
    sample = content[:_SAMPLE]
    low, high = sample[::2].count(0), sample[1::2].count(0)
    for encoding, zeros, others in (("utf-16-le", high, low), ("utf-16-be", low, high)):
        if zeros > max(1, len(sample) / 200) and others < zeros / 10:
            lines = sample.decode(encoding, "replace")
            if ("\n" in lines or "\r" in lines) and lines.count("\ufffd") <= 1:
                return encoding
    return None


_LINES_SAMPLE = 2**14  # bytes of lines that hold more than ASCII
_WEST = ("cp1252", "mac_roman", "cp850", "iso8859_15")
_CENTRE = ("cp1250", "iso8859_2", "mac_latin2", "cp852")
_BALTIC = ("cp1257", "iso8859_13")
_CYRILLIC = ("cp1251", "koi8_r", "iso8859_5", "cp866", "mac_cyrillic")
_CHINESE = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里很好"
_TAIWANESE = "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡很好"
_KOREAN = "이다는을의에가고하지은도로한기사리어나자를서시아인대스그라일니요게습해보있수만"
_KANA = "".join(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FC)))

# Language: the encodings it was written in, its letters beyond ASCII from the most usual one on, and common words.
_LANGUAGES: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "English": (_WEST, "éèïüöñçáó", "the and to of is it in was for not you this that with"),
    "French": (_WEST, "éèàêçâôîùûëïœü", "le la les de et est pas un une que pour je dans mon"),
    "German": (_WEST, "üäößé", "der die das und ist nicht ich ein mit zu war mir es"),
    "Spanish": (_WEST, "óíáéñúü", "el la que de en y no los por con es un mi me"),
    "Portuguese": (_WEST, "ãçéáóêíõúâàô", "o a de que do da em um para com uma os por foi"),
    "Italian": (_WEST, "èàùòéì", "il la che di non e per un sono mi del con"),
    "Catalan": (_WEST, "óàéèíòçúïü", "el la que de i en no els per amb es un"),
    "Dutch": (_WEST, "ëéïèüö", "de het een en van ik niet is dat op te"),
    "Swedish": (_WEST, "äöåé", "och att det som en jag inte var till av i den"),
    "Danish": (_WEST, "øåæé", "og det at en jeg ikke er til i den på af"),
    "Finnish": (_WEST, "äöå", "ja on ei se oli mutta kun niin"),
    "Icelandic": (_WEST, "áíðéóþúýæö", "og er ekki sem var en til um"),
    "Polish": (_CENTRE, "łąęóśżćńź", "nie to jest na do i w z jak za po od"),
    "Czech": (_CENTRE, "íáéěřčšýžůúďťóň", "je to na se za si ale jsem v by po od"),
    "Slovak": (_CENTRE, "áíéčšžýúľťôäňďó", "je to na sa som za ale v by po od"),
    "Hungarian": (_CENTRE, "éáöőóüíúű", "a az nem hogy is egy de van meg volt"),
    "Romanian": (("cp1250", "iso8859_2", "iso8859_16", "mac_latin2"), "ăîşţâșț", "de nu este cu un mai la din pe am o"),
    "Croatian": (_CENTRE, "čšžćđ", "je i u na da se ne su za od s"),
    "Turkish": (("cp1254", "iso8859_9", "mac_turkish", "cp857"), "ışüğçöîâ", "ve bir bu da de ama ne gibi daha"),
    "Lithuanian": (_BALTIC, "ėšųįžčąūę", "ir yra kad su tai bet ne"),
    "Latvian": (_BALTIC, "āīēšūņļžčķģ", "un ir ka ar par no bet tas"),
    "Estonian": ((*_BALTIC, *_WEST), "äõüöšž", "ja on ei ka see oli kui"),
    "Russian": (_CYRILLIC, "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", ""),
    "Ukrainian": (("cp1251", "koi8_u", "mac_cyrillic"), "оанивіетрслкудмпязьбгчйхжїюцшєщфґ", ""),
    "Bulgarian": (("cp1251", "iso8859_5", "mac_cyrillic"), "аоиентрсвлкдпмзяъугбчщжцхшюйфь", ""),
    "Serbian": (("cp1251", "iso8859_5", "mac_cyrillic"), "аоиенрстукјвдмплзгбцчшжњљћхфђџ", ""),
    "Greek": (("cp1253", "iso8859_7", "mac_greek"), "αοιετνσηρκπυμλςωόίάδχγήθέφβξώύζψϊϋΐΰ", ""),
    "Hebrew": (("cp1255",), "יוהלאתמרבשנםכעדקטפחגצזסןךףץ", ""),
    "Arabic": (("cp1256", "iso8859_6"), "اليمنوترهبدعسفكقحجشصأةخطذىزثضإغءئظؤآ،", ""),
    "Thai": (("cp874",), "านรอกเงมยลวดทสตะปบคหแจพชขใไิ่้ีัุ์ืู็ึโำผณศธฉฐถฮซษภฝฟฆญฎฏฑฒฬฤๆๅ", ""),
    "Japanese": (("cp932", "euc_jp"), _KANA, ""),
    "Chinese": (("gb18030",), _CHINESE, ""),
    "Taiwanese": (("cp950",), _TAIWANESE, ""),
    "Korean": (("cp949",), _KOREAN, ""),
}

_OTHER_ALPHABETS = ("Russian", "Ukrainian", "Bulgarian", "Serbian", "Greek", "Hebrew", "Arabic", "Thai")
_EAST = {"Japanese": (0x88, 0x98, "cp932"), "Chinese": (0xB0, 0xD8, "gb2312"), "Taiwanese": (0xA4, 0xC7, "cp950"),
         "Korean": (0xB0, 0xC9, "euc_kr")}  # fmt: skip
_SIGNS = "“”‘’„‚–—…€£§°©®™«»·•¿¡ºª²½´\u00a0、。，！？：；（）「」・～％"
_WITHIN_WORDS = "’·´'"
_P_SIGN, _P_ENGLISH_SIGN, _P_STRANGE, _P_BROKEN = 3e-3, 1.5e-2, 1e-5, 1e-8
_LETTERS, _CAPITALS = 0.85, 0.15  # how likely it is to be a letter of the language, and one of those a capital
_MISPLACED = 0.01  # factor for a capital after a small letter, or a sign between letters
_ODD = 0.1  # factor for a letter alone, or an apostrophe before a word
_I = "я"  # a word of one letter: "I"
_WORDS = 3.0  # weight of common words
_LESS_USUAL = 0.8  # for each place in a language's encodings
_ELSEWHERE = 2.0  # for languages that are written elsewhere than in the West, of which fewer files come

# Natural logarithm for each letter, below that of any text of an alphabet; and so few letters tell little.
_IMPLAUSIBLE, _FEW = -6.5, 20
_CERTAIN = 12.0  # natural logarithm of how much likelier the best must be than any that reads otherwise


@dataclass(frozen=True)
class Guess:
    """An encoding, and whether hardly another one can be meant."""

    encoding: str
    is_certain: bool


def guess_encoding(content: bytes) -> Guess:
    """Return the likeliest encoding of bytes that are not UTF-8, judged by lines of all parts of it."""
    sample = _sample(content)
    words = Counter(re.findall(rb"[a-z]+", sample.lower()))
    met = {name: sum(words[word.encode()] for word in common.split()) for name, (_, _, common) in _LANGUAGES.items()}
    most = max(met.values()) + 1
    found: list[tuple[float, str, str, float]] = []
    for encoding in {each for encodings, _, _ in _LANGUAGES.values() for each in encodings}:
        text = sample.decode(encoding, "replace")
        seen = [(*key, count) for key, count in _beyond_ascii(text)]
        letters = max(sum(count for *_, count in seen), _FEW)
        for name, (encodings, _, common) in _LANGUAGES.items():
            if encoding in encodings:
                likely = sum(count * _log_likelihood(name, *key) for *key, count in seen)
                usual = 0.0 if name in _EAST else likely / letters
                likely += _WORDS * math.log((met[name] + 1) / most) if common else 0.0
                likely -= _LESS_USUAL * encodings.index(encoding) + (0.0 if encodings is _WEST else _ELSEWHERE)
                found.append((likely, encoding, text, usual))
    best = max(found)
    if best[3] < _IMPLAUSIBLE:  # UTF-8 of which a program made question marks, for example: no encoding reads it
        return Guess(_WEST[0], is_certain=False)
    others = [likely for likely, _, text, _ in found if text != best[2]]
    return Guess(best[1], best[0] - max(others, default=-math.inf) > _CERTAIN)


def _sample(content: bytes) -> bytes:
    """Return lines that hold more than ASCII, evenly from all of it."""
    lines = [line for line in re.split(rb"[\r\n]+", content) if not line.isascii()]
    step = max(1, sum(map(len, lines)) // _LINES_SAMPLE)
    return b"\n".join(lines[::step])[: 2 * _LINES_SAMPLE]


def _beyond_ascii(text: str) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Yield character, what stands before it and after it (a letter, a small letter, or neither), and how often."""
    padded = f" {text} "
    seen: Counter[tuple[str, str, str]] = Counter()
    for (before, character, after), count in Counter(zip(padded, text, padded[2:], strict=False)).items():
        if character > "\x7f":
            seen[character, _sort(before), _sort(after)] += count
    return iter(seen.items())


def _sort(character: str) -> str:
    if character.isascii():
        return "ascii small" if character.islower() else "ascii" if character.isalpha() else ""
    return "small" if character.islower() else "letter" if character.isalpha() else ""


@cache
def _log_likelihood(language: str, character: str, before: str, after: str) -> float:
    likely = _probabilities(language).get(character)
    if likely is None:
        likely = _P_BROKEN if character == "\ufffd" or not character.isprintable() else _P_STRANGE
    return math.log(likely * _placed(language, character, before, after))


def _placed(language: str, character: str, before: str, after: str) -> float:
    """Return how likely a character is where it stands.

    Words have one alphabet, and capitals and signs at their edges.
    """
    if language in _EAST:
        return 1.0
    is_mixed = "ascii" in before + after and language in _OTHER_ALPHABETS
    if character.isalpha():
        is_alone = not before and not after
        if is_alone and character.casefold() == _I:
            return 1.0 if character == _I else 1 / _CAPITALS  # a sentence begins with it as often as not
        return _MISPLACED if is_mixed or (character.isupper() and "small" in before) else _ODD if is_alone else 1.0
    if character in _WITHIN_WORDS:
        return _ODD if after and not before else 1.0
    return _MISPLACED if before and after and unicodedata.category(character) != "Mn" else 1.0


@cache
def _probabilities(language: str) -> dict[str, float]:
    letters = _LANGUAGES[language][1]
    found = dict.fromkeys(_SIGNS, _P_ENGLISH_SIGN if language == "English" else _P_SIGN)
    usual = 0.5 if language in _EAST else 1.0
    if language in _EAST:
        first, end, encoding = _EAST[language]
        common = {character for lead in range(first, end) for character in _row(lead, encoding)}
        found |= dict.fromkeys(common, _LETTERS * (1 - usual) / len(common))
    weights = {letter: 1 / (rank + 3) for rank, letter in enumerate(letters)}
    total = sum(weights.values())
    for letter, weight in weights.items():
        likely = _LETTERS * usual * weight / total
        if len(letter.upper()) == 1 and letter.upper() != letter:
            found[letter.upper()] = likely * _CAPITALS
        found[letter] = likely
    return found


def _row(lead: int, encoding: str) -> str:
    """Return all characters of an East Asian encoding that begin with this byte."""
    pairs = (bytes((lead, second)).decode(encoding, "ignore") for second in range(0x40, 0xFF))
    return "".join(pair for pair in pairs if len(pair) == 1)
