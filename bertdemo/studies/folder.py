"""The study folder: question, attributions so far, findings, and the only code that reads or writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from bertdemo import drafts
from bertdemo.studies.records import Explained, MapFindings, StudyCard, WordFindings
from bertdemo.tasks.failures import storage
from bertdemo.tasks.folder import drafted
from bertdemo.tasks.records import State, Status
from bertdemo.tasks.resumable import ResumableTaskFolder

_Record = TypeVar("_Record")


class StudyFolder(ResumableTaskFolder):
    """One study on disk; ``parts`` hold the attributions of ``card.chunk`` texts each.

    Every reading method raises ``RunError`` where its file is missing or damaged; every writing method raises
    ``StorageError`` where the disk does not let it.
    """

    kind = "study"
    card_name = "study.json"
    part_ending = "json"

    @classmethod
    def create(cls, path: Path, card: StudyCard) -> StudyFolder:
        """Write everything a worker needs; the folder appears under its name complete or not at all."""
        with drafted(path) as draft:
            folder = cls(draft)
            with storage(path.parent):
                (draft / "parts").mkdir()
            folder._write_json("study.json", asdict(card))
            folder.write_status(Status(State.QUEUED, "Waiting for its turn.", card.created, steps=len(card.places)))
        return cls(path)

    @cached_property
    def card(self) -> StudyCard:
        """What the study was asked to find out."""
        card = self._read_record(StudyCard, "study.json")
        if not card.places or card.chunk < 1:
            raise self._damaged("study.json")
        return card

    def chunks(self) -> int:
        """Return of how many chunks the study consists."""
        return -(-len(self.card.places) // self.card.chunk)

    def places_of(self, chunk: int) -> tuple[int, ...]:
        """Return which test texts a piece is about."""
        return self.card.places[chunk * self.card.chunk : (chunk + 1) * self.card.chunk]

    def write_part(self, chunk: int, explained: Sequence[Explained]) -> None:
        """Keep the attributions of one piece: a reader sees all of them or none."""
        with storage(self.path), drafts.drafted(self.part_path(chunk)) as draft:
            draft.write_text(json.dumps({"texts": [asdict(each) for each in explained]}), encoding="utf-8")

    def part(self, chunk: int) -> tuple[Explained, ...]:
        """Return the attributions of one piece."""
        name = f"parts/{chunk:06d}.json"
        found: tuple[Explained, ...] = self._as(tuple[Explained, ...], self._read_json(name).get("texts"), name)
        if tuple(each.place for each in found) != self.places_of(chunk):
            raise self._damaged(name)
        return found

    def explained(self) -> Iterator[Explained]:
        """Yield the attributions so far, in the order of the test part."""
        for chunk in sorted(self.done()):
            yield from self.part(chunk)

    def write_findings(self, findings: WordFindings | MapFindings) -> None:
        self._write_json("findings.json", asdict(findings))

    def words(self) -> WordFindings:
        """Return what moved the answers; the study has finished."""
        return self._read_record(WordFindings, "findings.json")

    def map(self) -> MapFindings:
        """Return where the texts lie; the study has finished."""
        return self._read_record(MapFindings, "findings.json")

    def texts_done(self) -> int:
        return sum(len(self.places_of(chunk)) for chunk in self.done())

    def so_far(self) -> str:
        return f"{self.texts_done():,} of {len(self.card.places):,} texts"
