"""``explain --run RUN --text T``: what moved an answer, word by word, and how far the scores add up."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bertdemo.commands.arguments import Subparsers, add_command
from bertdemo.commands.one_text import add_text, open_text
from bertdemo.commands.output import Output
from bertdemo.errors import ExplanationError
from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.explanation.attribution import Attribution
    from bertdemo.explanation.reading import Reading
    from bertdemo.models.classifier import Classifier

_DEFAULT = "integrated_gradients"
_MOST_WORDS = 20  # of the table for people; --json has all


def add(subparsers: Subparsers) -> None:
    """Arguments: a text, what is asked of it, and the method."""
    parser = add_command(subparsers, "explain", "Show what moved the answer to a text, word by word.", run)
    add_text(parser)
    parser.add_argument("--target", metavar="LABEL", help="why this label (default: the answer)")
    parser.add_argument("--against", metavar="LABEL", help="and why not this one: explains the margin of the two")
    parser.add_argument(
        "--method", default=_DEFAULT, metavar="M",
        help="integrated_gradients (default), gradient_shap, occlusion, kernel_shap, lime, input_x_gradient, saliency",
    )  # fmt: skip
    parser.add_argument("--baseline", metavar="B", help="compare with pad (default), mask, zero, or average of them")
    parser.add_argument(
        "--steps", type=int, metavar="N", help="of integrated gradients (default: until at most 1 %% is missing)"
    )


def run(arguments: argparse.Namespace, settings: Settings, output: Output) -> int:
    """Print the prediction and the scores."""
    if arguments.steps is not None and arguments.method != _DEFAULT:
        raise ExplanationError(f"--steps goes with {_DEFAULT}: leave it out for {arguments.method}.")
    classifier, reading = open_text(arguments, settings, complete=False)

    from bertdemo.explanation.record import to_json
    from bertdemo.prediction.single import predict_one

    answer = predict_one(classifier, reading.text, reading.pair)
    found = _explain(arguments, classifier, reading, answer.label)
    values = {"run": arguments.id, **to_json(found, classifier, answer)}
    output.result(values, _lines(values))
    return 0


def _explain(arguments: argparse.Namespace, classifier: Classifier, reading: Reading, label: str) -> Attribution:
    from bertdemo.explanation.function import label_number
    from bertdemo.explanation.integrated_gradients import integrated_gradients
    from bertdemo.explanation.methods import METHODS, attribute, check_method

    check_method(classifier, arguments.method)
    if arguments.baseline is not None and not METHODS[arguments.method].needs_baseline:
        raise ExplanationError(f"{arguments.method} compares with nothing: leave out --baseline.")
    baseline = arguments.baseline or "pad"
    target = label_number(classifier, label if arguments.target is None else arguments.target)
    against = None if arguments.against is None else label_number(classifier, arguments.against)
    if arguments.steps is not None:
        return integrated_gradients(classifier, reading, target, against, baseline=baseline, steps=arguments.steps)
    return attribute(classifier, reading, arguments.method, target, against, baseline=baseline)


def _lines(values: dict[str, Any]) -> Iterator[str]:
    label = values["prediction"]["label"]
    yield f"{label} ({values['prediction']['scores'][label]:.4f})"
    yield _what(values)
    if values["truncated"]:
        yield f"The model reads {len(values['tokens'])} tokens; the rest was not read and is not explained."
    words = sorted(values["words"], key=lambda word: -abs(word["score"]))
    for word in words[:_MOST_WORDS]:
        yield _scored(values, word["score"], word["text"])
    if left := words[_MOST_WORDS:]:
        yield _scored(values, sum(word["score"] for word in left), f"{len(left)} more words")
    yield _scored(values, values["special_tokens"], "special tokens")
    if values["adds_up"]:
        yield _remainder(values)


def _what(values: dict[str, Any]) -> str:
    against = "" if values["against"] is None else f" and not {values['against']}"
    told = f"Why {values['target']}{against}: {values['method']}"
    if values["baseline_output"] is None:
        return f"{told}, output {values['output']:.3f}"
    return (
        f"{told}, from the baseline {values['baseline']} ({values['baseline_output']:.3f}) to the text "
        f"({values['output']:.3f})"
    )


def _scored(values: dict[str, Any], score: float, text: str) -> str:
    return f"  {score:{'+' if values['signed'] else ''}9.3f}  {text}"


def _remainder(values: dict[str, Any]) -> str:
    """How far the scores add up; shares of next to nothing are not told."""
    told = f"  {values['remainder']:+9.3f}  not accounted for"
    if values["tiny_difference"]:
        return f"{told}; text and baseline are nearly the same to the model, so that the scores say little"
    verdict = "certified: at most 1 %" if values["certified"] else "not certified: more than 1 %"
    return f"{told} ({100 * values['relative_remainder']:.2f} % after {values['n_steps']} steps, {verdict})"
