"""``attention --run RUN --text T``: where a model looks, and what it answers with some heads switched off."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertdemo.commands.arguments import Subparsers, add_command
from bertdemo.commands.console import Console
from bertdemo.commands.one_text import add_text, answered, open_text
from bertdemo.errors import ExplanationError
from bertdemo.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bertdemo.explanation.blocks import Head
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models.classifier import Classifier

_DIGITS = 6  # of a weight: it is within 5e-7, and a row of 512 tokens sums to 1 within 3e-4 (seen: 2e-5 for 128)
_MOST_LOOKED_AT = 3


def add(subparsers: Subparsers) -> None:
    """Add the arguments: a text, the part of the weights to print, and what to switch off."""
    parser = add_command(subparsers, "attention", "Show where a model looks in a text (not why it answers so).", run)
    add_text(parser)
    parser.add_argument("--layer", type=int, metavar="I", help="only this layer, counted from 1")
    parser.add_argument("--head", type=int, metavar="J", help="only this head of each layer, counted from 1")
    parser.add_argument(
        "--off", nargs="+", action="extend", default=[], metavar="L.H",
        help="switch off head H of layer L, or all of layer L (a number alone), counted from 1",
    )  # fmt: skip


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print tokens, weights and the prediction."""
    classifier, tokenized = open_text(arguments, settings, complete=True)
    values = _values(arguments, classifier, tokenized)
    answered(classifier, tokenized, output)
    output.result(values, _lines(values))
    return 0


def _values(arguments: argparse.Namespace, classifier: Classifier, tokenized: TokenizedText) -> dict[str, Any]:
    from bertdemo.explanation.attention import attention
    from bertdemo.explanation.blocks import NO_HEADS
    from bertdemo.explanation.heads import describe, logits_with_ablated_heads, statistics

    off = _heads_off(arguments.off, classifier)
    found = attention(classifier, tokenized, off)
    layers, heads = _part(arguments, *found.weights.shape[:2])
    complete = logits_with_ablated_heads(classifier, tokenized, NO_HEADS) if off else found.logits
    return {
        "run": arguments.id,
        "prediction": _prediction(classifier, found.logits),
        "switched_off": [f"{layer + 1}.{head + 1}" for layer, head in sorted(off)],
        "prediction_with_all_heads": _prediction(classifier, complete),
        "truncated": tokenized.truncated,
        "tokens": [
            {"text": token.text, "start": token.start, "end": token.end, "part": token.part, "special": token.special}
            for token in tokenized.tokens
        ],
        "layer": arguments.layer,
        "head": arguments.head,
        "weights": found.weights[layers, heads].astype(float).round(_DIGITS).tolist(),
        "heads": [
            asdict(each) | {"layer": each.layer + 1, "head": each.head + 1, "habit": describe(each)}
            for each in statistics(found.weights, tokenized)
            if layers in (slice(None), each.layer) and heads in (slice(None), each.head)
        ],
    }


def _heads_off(texts: list[str], classifier: Classifier) -> frozenset[Head]:
    """Return ``3.5`` is a head and ``3`` all heads of a layer.

    Raises:
        ExplanationError: a text is neither, or the heads of this architecture cannot be switched off.
    """
    from bertdemo.explanation.blocks import blocks_of

    off: set[Head] = set()
    blocks = blocks_of(classifier) if texts else ()
    for text in texts:
        numbers = text.split(".")
        if not all(number.isdecimal() for number in numbers) or len(numbers) > 2:
            raise ExplanationError(f"--off takes heads as LAYER.HEAD, such as 3.5, or a layer: {text} is neither.")
        layer = int(numbers[0]) - 1
        off |= {(layer, int(head) - 1) for head in numbers[1:]} or {(layer, head) for head in range(blocks[0].heads)}
    return frozenset(off)


def _part(arguments: argparse.Namespace, n_layers: int, n_heads: int) -> tuple[int | slice, int | slice]:
    """Return which of so many layers and heads to print, from 0."""
    from bertdemo.explanation.blocks import check_heads

    layer = slice(None) if arguments.layer is None else arguments.layer - 1
    head = slice(None) if arguments.head is None else arguments.head - 1
    first = (0 if isinstance(layer, slice) else layer, 0 if isinstance(head, slice) else head)
    check_heads(n_layers, n_heads, {first})
    return layer, head


def _prediction(classifier: Classifier, logits: NDArray[np.float32]) -> dict[str, Any]:
    from bertdemo.prediction.predict import softmax

    probabilities = softmax(logits[None], classifier.temperature)[0].tolist()
    scores = sorted(zip(classifier.label_names, probabilities, strict=True), key=lambda score: -score[1])
    return {"label": scores[0][0], "scores": dict(scores)}


def _lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the prediction, then what each head does, or what each token looks at where one head was asked for."""
    yield _told(values["prediction"])
    if values["switched_off"]:
        off, before = ", ".join(values["switched_off"]), _told(values["prediction_with_all_heads"])
        yield f"  with {off} switched off; with all heads {before}"
    if values["truncated"]:
        yield f"The model reads {len(values['tokens'])} tokens; the rest was not read."
    yield "Where the model looks, which is not why it answers so:"
    yield from (f"  layer {each['layer']}, head {each['head']}: {each['habit']}" for each in values["heads"])
    if values["layer"] is not None and values["head"] is not None:
        yield from _rows(values)


def _told(prediction: dict[str, Any]) -> str:
    return f"{prediction['label']} ({prediction['scores'][prediction['label']]:.4f})"


def _rows(values: dict[str, Any]) -> Iterator[str]:
    tokens = [token["text"] for token in values["tokens"]]
    width = max(map(len, tokens))
    for token, row in zip(tokens, values["weights"], strict=True):
        best = sorted(range(len(row)), key=lambda place: -row[place])[:_MOST_LOOKED_AT]
        yield f"  {token:<{width}}  → " + ", ".join(f"{tokens[place]} {row[place]:.2f}" for place in best)
