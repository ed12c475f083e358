"""``explain --run RUN --text T``: what moved an answer, word by word, and how far the scores add up."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from bertdemo.commands.arguments import Subparsers, add_command
from bertdemo.commands.console import Console
from bertdemo.commands.one_text import add_text, answered, open_text
from bertdemo.settings import Settings

_MOST_WORDS = 20  # of the table for people; --json has all
_MOST_WINDOWS = 10


def add(subparsers: Subparsers) -> None:
    """Add the arguments: a text, what is asked of it, and the method."""
    parser = add_command(subparsers, "explain", "Show what moved the answer to a text, word by word.", run)
    add_text(parser)
    parser.add_argument("--target", metavar="LABEL", help="why this label (default: the answer)")
    parser.add_argument("--against", metavar="LABEL", help="and why not this one: explains the margin of the two")
    parser.add_argument(
        "--method", default="integrated_gradients", metavar="M",
        help="integrated_gradients (default), gradient_shap, occlusion, kernel_shap, lime, input_x_gradient, saliency",
    )  # fmt: skip
    parser.add_argument("--baseline", metavar="B", help="compare with pad (default), mask, zero, or average of them")
    parser.add_argument(
        "--steps", type=int, metavar="N", help="of integrated gradients (default: until at most 1 %% is missing)"
    )


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print the prediction and the scores; those of a text that is longer than the model reads are of its windows."""
    classifier, tokenized = open_text(arguments, settings, complete=False)

    from bertdemo.explanation.asking import Question, explain
    from bertdemo.explanation.record import as_values

    question = Question(arguments.target, arguments.against, arguments.method, arguments.baseline, arguments.steps)
    answer = answered(classifier, tokenized, output)
    found = explain(classifier, tokenized, question, answer.label, output.progress)
    values = as_values(found, classifier, answer)
    output.result({"run": arguments.id, **values}, _lines(values))
    return 0


def _lines(values: dict[str, Any]) -> Iterator[str]:
    windows = values["windows"]
    yield _answer(values) + (", to the beginning of the text: the model does not read all of it" if windows else "")
    yield _what(values)
    if windows:
        size = max(len(window["tokens"]) for window in windows)
        share = f"tokens that share at least {values['overlap']:,}; means over these:"
        yield f"In {len(windows):,} windows of up to {size:,} {share}"
    words = sorted(values["words"], key=lambda word: -abs(word["score"]))
    for word in words[:_MOST_WORDS]:
        yield _scored(values, word["score"], word["text"])
    if left := words[_MOST_WORDS:]:
        yield _scored(values, sum(word["score"] for word in left), f"{len(left):,} more words")
    yield _scored(values, values["special_tokens"], "special tokens")
    if windows:
        yield from _window_lines(values)
    elif values["adds_up"]:
        yield _remainder(values)


def _answer(values: dict[str, Any]) -> str:
    label = values["prediction"]["label"]
    return f"{label} ({values['prediction']['scores'][label]:.4f})"


def _window_lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the answer to each window, and how far its scores add up."""
    windows = values["windows"]
    for number, window in enumerate(windows[:_MOST_WINDOWS], start=1):
        place = f"window {number}, characters {window['start']:,} to {window['end']:,}"
        yield f"{place}: {_answer(window)}, output {window['output']:.3f}"
        if values["adds_up"]:
            yield _remainder(window)
    if len(windows) > _MOST_WINDOWS:
        yield f"{len(windows) - _MOST_WINDOWS:,} more windows (--json has them all)"
    if values["adds_up"]:
        certified = sum(window["certified"] for window in windows)
        yield f"{certified:,} of {len(windows):,} windows are certified"


def _what(values: dict[str, Any]) -> str:
    against = "" if values["against"] is None else f" and not {values['against']}"
    told = f"Why {values['target']}{against}: {values['method']}"
    if values["windows"]:
        return told + ("" if values["baseline"] is None else f", from the baseline {values['baseline']} to the text")
    if values["baseline_output"] is None:
        return f"{told}, output {values['output']:.3f}"
    return (
        f"{told}, from the baseline {values['baseline']} ({values['baseline_output']:.3f}) to the text "
        f"({values['output']:.3f})"
    )


def _scored(values: dict[str, Any], score: float, text: str) -> str:
    return f"  {score:{'+' if values['signed'] else ''}9.3f}  {text}"


def _remainder(values: dict[str, Any]) -> str:
    """Return how far the scores add up; shares of next to nothing are not told."""
    told = f"  {values['remainder']:+9.3f}  not accounted for"
    if values["tiny_difference"]:
        return f"{told}; text and baseline are nearly the same to the model, so that the scores say little"
    verdict = "certified: at most 1 %" if values["certified"] else "not certified: more than 1 %"
    return f"{told} ({100 * values['relative_remainder']:.2f} % after {values['n_steps']} steps, {verdict})"
