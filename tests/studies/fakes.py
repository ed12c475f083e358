"""Attributions that cost nothing."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.studies.material import Material


def score_of(piece: str) -> float:
    """A number between −1 and 1 that depends on the token and on nothing else."""
    return zlib.crc32(piece.encode()) / 2**31 - 1


def fake_attribute(material: Material, tokenized: TokenizedText) -> Attribution:
    """Scores without a gradient; they add up to the output, over a baseline of 0."""
    question = material.folder.card.question
    scores = np.array([score_of(token.text) for token in tokenized.tokens])
    return Attribution(
        tokenized, question.predicted or 0, question.against, "integrated_gradients", "pad", scores, True, True,
        float(scores.sum()), 0.0, 1,
    )  # fmt: skip


def tiny_attribute(material: Material, tokenized: TokenizedText) -> Attribution:
    """The same of an answer that the words hardly move."""
    found = fake_attribute(material, tokenized)
    return replace(found, scores=found.scores / 1000, output=float(found.scores.sum() / 1000))
