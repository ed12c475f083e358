"""``explain`` and ``attention --run RUN --text T``: which words a prediction rests on, and where the model looks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertdemo.commands.console import Console, Parser, Subparsers, add_command
from bertdemo.errors import ExplanationError, PredictionError
from bertdemo.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bertdemo.explanation.blocks import Head
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models.classifier import Classifier
    from bertdemo.prediction.single import Answer
    from bertdemo.runs.store import Runs

_MOST_WORDS = 20  # of the table for people; --json has all
_MOST_WINDOWS = 10
_DIGITS = 6  # of a weight: it is within 5e-7, and a row of 512 tokens sums to 1 within 3e-4 (seen: 2e-5 for 128)
_MOST_LOOKED_AT = 3


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


def open_text(
    arguments: argparse.Namespace, settings: Settings, *, output_attentions: bool
) -> tuple[Classifier, TokenizedText]:
    """Return the classifier of the run, for looking inside or not, and the text as it reads it.

    Raises:
        RunError, PredictionError: see ``check_pair`` and ``explanation.reading.read``.
    """
    runs = check_pair(arguments, settings)

    from bertdemo.explanation.tokenized_text import tokenize_with_words
    from bertdemo.prediction.model_cache import ModelCache

    classifier = ModelCache(runs, capacity=1, output_attentions=output_attentions).classifier(arguments.id)
    return classifier, tokenize_with_words(classifier, arguments.text, arguments.pair)


def answered(classifier: Classifier, tokenized: TokenizedText, output: Console) -> Answer:
    """Return what the classifier answers, with a line about what of the text it could not read."""
    from bertdemo.prediction.single import predict_one, remarks

    answer = predict_one(classifier, tokenized.text, tokenized.pair)
    for sentence in remarks(answer.unknown_share, answer.plain):
        output.remark(sentence)
    return answer


def add_explain(subparsers: Subparsers) -> None:
    """Add the arguments: a text, what is asked of it, and the method."""
    parser = add_command(subparsers, "explain", "Show what moved the answer to a text, word by word.", _explain)
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


def _explain(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print the prediction and the scores; those of a text that is longer than the model reads are of its windows."""
    classifier, tokenized = open_text(arguments, settings, output_attentions=False)

    from bertdemo.explanation.asking import Question, as_values, explain

    question = Question(arguments.target, arguments.against, arguments.method, arguments.baseline, arguments.steps)
    answer = answered(classifier, tokenized, output)
    found = explain(classifier, tokenized, question, answer.label, output.progress)
    values = as_values(found, classifier, answer)
    output.result({"run": arguments.id, **values}, _explanation_lines(values))
    return 0


def _explanation_lines(values: dict[str, Any]) -> Iterator[str]:
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
    made = f"{values['n_steps']} steps in {values['precision']}"
    return f"{told} ({100 * values['relative_remainder']:.2f} % after {made}, {verdict})"


def add_attention(subparsers: Subparsers) -> None:
    """Add the arguments: a text, the part of the weights to print, and what to switch off."""
    parser = add_command(
        subparsers, "attention", "Show where a model looks in a text (not why it answers so).", _attention
    )
    add_text(parser)
    parser.add_argument("--layer", type=int, metavar="I", help="only this layer, counted from 1")
    parser.add_argument("--head", type=int, metavar="J", help="only this head of each layer, counted from 1")
    parser.add_argument(
        "--off", nargs="+", action="extend", default=[], metavar="L.H",
        help="switch off head H of layer L, or all of layer L (a number alone), counted from 1",
    )  # fmt: skip


def _attention(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print tokens, weights and the prediction."""
    classifier, tokenized = open_text(arguments, settings, output_attentions=True)
    values = _attention_values(arguments, classifier, tokenized)
    answered(classifier, tokenized, output)
    output.result(values, _attention_lines(values))
    return 0


def _attention_values(
    arguments: argparse.Namespace, classifier: Classifier, tokenized: TokenizedText
) -> dict[str, Any]:
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


def _attention_lines(values: dict[str, Any]) -> Iterator[str]:
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
