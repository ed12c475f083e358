"""Answers of one or more annotators to the same text → rows with labels."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from bertdemo.data.layout import Record
from bertdemo.errors import DataError
from bertdemo.lines import counted

_ADDRESS = re.compile(r"(?:\w+://|assets/)\S+")


@dataclass(frozen=True)
class Answer:
    """What one annotator answered, question → value; who it was ("" if nobody knows)."""

    values: Record
    annotator: str = ""


@dataclass
class Answered:
    """Rows that grow text by text, with the number of texts whose annotators disagree.

    ``fields`` are the names that the texts bring along; an answer to a question of such a name gets another.
    """

    fields: Set[str]
    rows: list[Record] = field(default_factory=list)
    disputed: int = 0

    def add(self, item: Record, answers: Sequence[Answer]) -> None:
        """Add a row for a text that nobody answered or on which all agree, otherwise one for each answer."""
        different = {json.dumps(answer.values, sort_keys=True, default=str) for answer in answers}
        if len(different) > 1:
            self.disputed += 1
            self.rows.extend(self._row(item, answer) for answer in answers)
            return
        who = ", ".join(dict.fromkeys(answer.annotator for answer in answers if answer.annotator))
        self.rows.append(self._row(item, Answer(answers[0].values if answers else {}, who)))

    def column(self, question: str) -> str:
        """Return the name of the column with the answers to a question."""
        return f"{question} (answer)" if question in self.fields else question

    def notes(self) -> list[str]:
        """Return a sentence if texts stand more than once."""
        if not self.disputed:
            return []
        texts = counted(self.disputed, "text")
        return [f"Annotators disagree about {texts}: there is a row for each of their answers."]

    def _row(self, item: Record, answer: Answer) -> Record:
        values = {self.column(question): value for question, value in answer.values.items()}
        return {**item, **values, **({self.column("annotator"): answer.annotator} if answer.annotator else {})}


def single(values: list[Any]) -> Any:
    """Return a list of one label as that label; another as it is."""
    return values[0] if len(values) == 1 else values


def objects(held: Any) -> list[Record]:
    """Return the objects in a list; none in anything else."""
    return [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []


def likeliest_question(kinds: Mapping[str, str], order: Sequence[str]) -> str | None:
    """Return the only question (name → kind of its answers) of the first kind in ``order`` that there is."""
    for kind in order:
        names = [name for name, its in kinds.items() if its == kind]
        if names:
            return names[0] if len(names) == 1 else None
    return None


def refuse_addresses(tool: str, texts: Sequence[Any]) -> None:
    """Refuse texts that are addresses of files: the files are not here.

    Raises:
        DataError: all of them are.
    """
    if all(text is None or _ADDRESS.fullmatch(str(text)) for text in texts):
        raise DataError(
            f"The export of {tool} only names files that hold the texts: write each text into its row, or export again "
            "with the texts."
        )
