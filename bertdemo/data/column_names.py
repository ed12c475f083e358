"""What the name of a column says of it, in a dozen languages: labels, texts, or neither."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_BREAKS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")  # in camelCase and HTMLText
_WORD = re.compile(r"[^\W\d_]+|\d+")
_SHORTEST_END = 5  # letters: "reviewtext" ends in "text", "context" is a name of its own

# A name may fit several: those with more points come first. Apart by 5 or less, two columns are equally plausible.
UNKNOWN, DOUBT = 40, 4
_LABELS = {
    110: "gold groundtruth finallabel truelabel majoritylabel",
    100: "label labels etikett etikette etiquette etiqueta etichetta etykieta rotulo метка ярлык štítek címke etiket "
    "eticheta luokka wydzwiek 标签 標籤 标记 ラベル 라벨 레이블 تصنيف लेबल",
    92: "verdict stance veracity",
    86: "class classes klasse classe clase klasa класс クラス třída osztály sinif",
    80: "category categories sentiment sentiments emotion emotions intent intents intention topic topics polarity "
    "duygu "
    "choice choices annotation annotations kategorie categorie categoria kategoria категория kategori "
    "sentimento sentimiento тональность тема 类别 類別 分类 分類 情感 情绪 カテゴリ カテゴリー 感情 카테고리 감정 "
    "thema tema classification classificacao clasificacion "
    "classificazione klassifikation klassifizierung intencion absicht stimmung emocion emozione emocao truth",
    74: "genre decision outcome diagnosis tone mood feeling dialect bias accept target rubrik sparte entscheidung",
    70: "rating ratings stars answer bewertung sterne note_globale calificacion valutazione оценка ocena "
    "评分 評価 별점 y v1",
    60: "tag tags type kind flair result overall grade priority urgency severity code typ art tipo тип",
    43: "group department section level difficulty response",
}
_TEXTS = {
    100: "text texts texte textes texto textos testo testi tekst текст txt 文本 文章 テキスト 텍스트 본문",
    92: "sentence sentences tweet tweets review reviews message messages content contents comment comments document "
    "documents utterance utterances statement statements post body article nachricht nachrichten satz beitrag "
    "commentaire commentaires phrase avis mensaje comentario oracion frase messaggio commento recensione mensagem "
    "komentarz zdanie wiadomosc комментарий сообщение отзыв предложение "
    "内容 评论 評論 句子 微博 消息 レビュー 文 コメント 댓글 리뷰 문장 내용 kommentar meldung inhalt zpráva "
    "transcript transcription narrative abstract passage complaint feedback letter email mail",
    82: "sms query question premise claim hypothesis context contexto contexte contesto kontext v2 wrote quote snippet "
    "paragraph reply request prompt "
    "frage anfrage pregunta reclamo",
    60: "title headline subject summary description titel titre titulo titolo tytul заголовок 标题 標題 タイトル 제목 "
    "objet asunto oggetto assunto "
    "betreff überschrift zusammenfassung beschreibung",
}
_TITLES = (
    "title headline subject objet asunto oggetto assunto summary heading titel titre titulo titolo tytul заголовок "
    "标题 標題 タイトル 제목 betreff"
)
_NEVER = (
    "id ids idx index uuid guid hash hashes key nr row line date datetime time timestamp created updated modified url "
    "urls uri link links href path file filename annotator annotators rater raters worker coder labeler labeller user "
    "users username session split fold set subset partition count counts length len size offset start end ip "
    "email phone duration agent md5 latitude longitude datum zeit tarih fecha data_ora 日期 时间 fichier datei unnamed "
    "utc train test hits assignment batch page zip"
)
_RARELY = (
    "lang language locale source score scores confidence conf probability prob weight gender sex age country city "
    "region location author speaker verified retweet likes votes upvotes downvotes name year month week weekday hour "
    "platform device browser version price domain publisher reviewer customer agreement rank "
    "sprache quelle langue idioma lingua fuente fonte geschlecht genre_auteur autor auteur land pays pais flag "
    "limba kieli taal jazyk jezyk "
    "profile followers "
    "journal venue conference favorites status meta metadata comment_count reason notes remark suggestion"
)
_DERIVED = "predicted prediction pred model auto old previous noisy weak raw suggestion encoded numeric num second"
_TAILS = frozenset(("name", "text", "str", "string", "names"))  # of "label_name", beside the numbers in "label"
_REWORKED = (
    "translated translation clean cleaned processed preprocessed tokenized tokens lemmatized stemmed normalized lower "
    "stripped"
)
_RATERS = "rater raters annotator annotators coder judge worker label annotation expert reviewer labeler annotateur"
_BINARY = (
    "spam toxic toxicity hate hateful offensive sarcastic sarcasm ironic irony abusive insult fake clickbait sexist "
    "racist misogynous relevant checkworthy positive harmful threat obscene urgent duplicate paraphrase entailment"
)


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """Split a name at camelCase, marks and digits; in lower case and without accents."""
    apart = unicodedata.normalize("NFKD", _BREAKS.sub(" ", unicodedata.normalize("NFKC", name)))
    plain = "".join(character for character in apart if unicodedata.category(character) != "Mn")
    return tuple(_WORD.findall(unicodedata.normalize("NFC", plain).casefold()))


def _plain(name: str) -> str:
    return "".join(words(name))


def _table(tiers: Mapping[int, str]) -> dict[str, int]:
    return {_plain(name): points for points, names in tiers.items() for name in names.split()}


_LABEL_POINTS, _TEXT_POINTS = _table(_LABELS), _table(_TEXTS)
_BINARY_WORDS, _RATER_WORDS = frozenset(_BINARY.split()), frozenset(_RATERS.split())
_DERIVED_WORDS, _REWORKED_WORDS = frozenset(_DERIVED.split()), frozenset(_REWORKED.split())
_TITLE_WORDS = frozenset(_TITLES.split())
_FINAL_WORDS = frozenset(("final", "gold", "majority", "consensus", "agreed", "adjudicated"))
_NEVER_WORDS, _RARE_WORDS = (frozenset(map(_plain, names.split())) for names in (_NEVER, _RARELY))


def label_points(name: str) -> int | None:
    """How much a name speaks for labels: ``UNKNOWN`` if not at all, less if against it, None where it cannot be one."""
    parts = words(name)
    if name.startswith("_"):  # what a tool notes for itself
        return None
    while len(parts) > 1 and parts[-1] in _TAILS:
        parts = parts[:-1]
    named, last = _points(parts, _LABEL_POINTS), _last(parts)
    if named is not None and last in ("id", "idx", "index", "nr"):  # the number of a label, not that of a row
        return None if parts[0] in _RATER_WORDS - {"label"} | {"answer", "response"} else UNKNOWN // 2 + 5
    if last in _NEVER_WORDS or (named is None and not _NEVER_WORDS.isdisjoint(parts)):
        return None
    if last in _RARE_WORDS or (named is None and not _RARE_WORDS.isdisjoint(parts)):
        return UNKNOWN - 7 if last in ("score", "scores") else UNKNOWN // 2  # scores of few values may be stars
    if named is None:
        return UNKNOWN if _BINARY_WORDS.isdisjoint(parts) else 78
    final = 107 if not _FINAL_WORDS.isdisjoint(parts) else 0
    return max(named, final) - (30 if not _DERIVED_WORDS.isdisjoint(parts) else 0)


def text_points(name: str) -> int | None:
    """Return how much a name speaks for texts; as ``label_points``."""
    parts = words(name)
    named, last = _points(parts, _TEXT_POINTS), _last(parts)
    if last in _NEVER_WORDS | _RARE_WORDS and last not in _TEXT_POINTS:
        return None
    if named is None:
        return UNKNOWN // 2 if not (_RARE_WORDS | _NEVER_WORDS).isdisjoint(parts) else UNKNOWN
    return named - (8 if not _REWORKED_WORDS.isdisjoint(parts) else 0)


def is_usual(name: str) -> bool:
    """Return whether this is, as a whole, a usual name of a column of texts or labels."""
    return _plain(name) in _LABEL_POINTS.keys() | _TEXT_POINTS.keys()


def is_title(name: str) -> bool:
    """Return whether a column of this name stands before a longer text: a title, a subject."""
    return not _TITLE_WORDS.isdisjoint(words(name))


def rater_family(name: str) -> str | None:
    """Return what the columns of several raters have in common: "rater" of rater_1, rater_2.

    None for any other name.
    """
    stem, _, mark = name.strip().rpartition(" ") if " " in name.strip() else _stem_and_mark(name.strip())
    known = set(words(stem)) & _RATER_WORDS
    return _plain(stem) if known and mark and not set(words(stem)) & _NEVER_WORDS - _RATER_WORDS else None


def _stem_and_mark(name: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"(.*?)[_\-. ]*(\d+|[_\-. ][A-Za-z])", name)
    return (found[1], "", found[2]) if found else (name, "", "")


def _last(parts: tuple[str, ...]) -> str:
    return next((word for word in reversed(parts) if not word.isdigit()), "")


def _points(parts: tuple[str, ...], table: Mapping[str, int]) -> int | None:
    """Return points of the whole name, of its last word or the end of that, or of any other word.

    Each a little less.
    """
    whole, last = "".join(parts), _last(parts)
    if whole in table:
        return table[whole] + 5
    ends = [points - 2 for word, points in table.items() if _stands_in(word, last)]
    others = [table[word] - 3 for word in parts if word in table]
    return max([*ends, *others, *([table[last] - 1] if last in table else [])], default=None)


def _stands_in(word: str, last: str) -> bool:
    if word.isascii():
        return (len(word) >= _SHORTEST_END or word == "text") and last.endswith(word)  # no "type" in "stereotype"
    return len(word) > 1 and word in last  # Chinese and Japanese write no spaces between words
