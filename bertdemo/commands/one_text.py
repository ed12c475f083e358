"""What commands share that look at one text: its arguments, and the way from them to what the model reads."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bertdemo.commands.arguments import Parser
from bertdemo.commands.console import Console
from bertdemo.errors import PredictionError
from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models.classifier import Classifier
    from bertdemo.prediction.single import Answer
    from bertdemo.runs.store import Runs


def add_text(parser: Parser) -> None:
    """Add a run, a text, and a second text where the run wants one."""
    parser.add_argument("--run", dest="id", required=True, metavar="RUN", help="id of the run, as listed by runs")
    parser.add_argument("--text", required=True, metavar="T", help="the text")
    parser.add_argument("--pair", metavar="P", help="the second text, where the run was trained on pairs")


def check_pair(arguments: argparse.Namespace, settings: Settings) -> Runs:
    """Return the runs, once it is known that this one has a model and wants as many texts as it was given.

    It is known before torch is imported, which takes seconds.

    Raises:
        RunError: there is no such run, or it has no model.
        PredictionError: a second text is missing, or there is one too many.
    """
    from bertdemo.runs.store import Runs

    runs = Runs(settings)
    runs.model_folder(arguments.id)
    has_pairs = runs.folder(arguments.id).data_card().has_pairs
    if has_pairs != (arguments.pair is not None):
        ask = "give the second one as --pair" if has_pairs else "leave out --pair"
        raise PredictionError(
            f"The run {arguments.id} was trained on {'pairs of' if has_pairs else 'single'} texts: {ask}."
        )
    return runs


def open_text(arguments: argparse.Namespace, settings: Settings, *, complete: bool) -> tuple[Classifier, TokenizedText]:
    """Return the classifier of the run, ``complete`` or not, and the text as it reads it.

    Raises:
        RunError, PredictionError: see ``check_pair`` and ``explanation.reading.read``.
    """
    runs = check_pair(arguments, settings)

    from bertdemo.explanation.tokenized_text import tokenize_with_words
    from bertdemo.prediction.model_cache import ModelCache

    classifier = ModelCache(runs, capacity=1, complete=complete).classifier(arguments.id)
    return classifier, tokenize_with_words(classifier, arguments.text, arguments.pair)


def answered(classifier: Classifier, tokenized: TokenizedText, output: Console) -> Answer:
    """Return what the classifier answers, with a line about what of the text it could not read."""
    from bertdemo.prediction.single import predict_one, remarks

    answer = predict_one(classifier, tokenized.text, tokenized.pair)
    for sentence in remarks(answer.unknown_share, answer.plain):
        output.remark(sentence)
    return answer
