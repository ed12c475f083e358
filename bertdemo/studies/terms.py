"""Words that are counted as one: the same word in any case, and all words of one form, such as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bertdemo.explanation.tokenized_text import words_in
from bertdemo.studies.records import Kind

GROUPS: dict[Kind, str] = {
    "number": "any number", "handle": "any @handle", "tag": "any #tag", "address": "any web address",
}  # fmt: skip


@dataclass(frozen=True)
class Term:
    """A word, or all of one kind where ``key`` is empty."""

    kind: Kind
    key: str = ""

    @property
    def group(self) -> bool:
        return not self.key

    @property
    def formal(self) -> bool:
        """Whether it says nothing by its meaning: its form alone gives it away as an unlikely reason."""
        return self.kind != "word"


def kind_of(word: str) -> Kind:
    """Return what a word looks like.

    A number is whatever contains a digit, a mark what contains neither letter nor digit.
    """
    if word.startswith(("http://", "https://")):
        return "address"
    if len(word) > 1 and word[0] in "@#":
        return "handle" if word[0] == "@" else "tag"
    if any(character.isdigit() for character in word):
        return "number"
    return "word" if any(character.isalpha() for character in word) else "mark"


def terms_of(word: str) -> tuple[Term, ...]:
    """Return what a word counts as: itself in any case, and its group where its kind has one."""
    kind = kind_of(word)
    return (Term(kind, word.casefold()), *([Term(kind)] if kind in GROUPS else []))


def terms_in(texts: Iterable[str]) -> set[Term]:
    """Return the terms of a text (with its pair), found without a model."""
    return {term for text in texts for word in words_in(text) for term in terms_of(word)}
