"""What works with each architecture that transformers maps to sequence classification, tried on a tiny random model.

``python -m benchmarks.architectures --output docs/architectures.md`` tries all of them, each in a process of its own
with a limit of time, and writes the table. With names behind it, it tries these and replaces their rows.

A cell is "yes", or the sentence that a person is told. "WRONG" is an answer that differs from what it should be while
nobody is told, "FAILS" an error that is no sentence of ours; both should be nowhere.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

COLUMNS = ("trains", "alone = in a file", "explained = predicted", "attention", "heads off", "LoRA", "ONNX")
LIMIT = 600  # seconds for one architecture
LABELS = ("bad", "good", "so-so")
TEXTS = tuple(
    f"the {thing} {verb} {end}"
    for thing in ("coffee", "old waiter", "room with the view")
    for verb in ("was", "will always be")
    for end in (
        "cold",
        "kind, and I would come again",
        "so-so",
        "wonderful!",
        "rude and slow and loud all evening long",
    )
)
_EXACT, _CLOSE, _ROUNDED = 1e-5, 1e-4, 1e-2  # of the largest logit, or of 1 where all are smaller


_IMPORTED = [  # once, before the processes part
    "benchmarks.tiny_bases", "bertdemo.training.loop", "captum.attr", "onnxruntime", "onnxscript", "peft",
    "scipy.special", "torch._dynamo", "torch.onnx", "torch.onnx._internal.exporter._core",
]  # fmt: skip


class WrongError(Exception):
    """Something differs from what it should be, and nobody was told."""


def main() -> None:
    from benchmarks.tiny_bases import ARCHITECTURES

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="architectures (model types); all if none is given")
    parser.add_argument("--output", type=Path, help="the table: rows of other architectures in it are kept")
    parser.add_argument("--columns", nargs="+", choices=COLUMNS[1:], help="only these, the others stay as they are")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    options = parser.parse_args()
    started = time.perf_counter()
    partly = options.names or options.columns
    rows = read_table(options.output) if options.output and partly else {}
    columns = tuple(options.columns or COLUMNS)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    with ThreadPoolExecutor(options.jobs) as threads:
        for name, row in threads.map(partial(apart, context, columns), options.names or ARCHITECTURES):
            known = rows.get(name) or ["–"] * len(COLUMNS)
            rows[name] = tuple(row.get(column, cell) for column, cell in zip(COLUMNS, known, strict=True))
            print(name, row, flush=True)
            ordered = {each: rows[each] for each in ARCHITECTURES if each in rows}
            if options.output:  # an interrupted run is gone on with by naming what is missing
                options.output.write_text(table(ordered), encoding="utf-8")
    print(summary(ordered), f"{time.perf_counter() - started:.0f} s")


def apart(context: Any, columns: tuple[str, ...], name: str) -> tuple[str, dict[str, str]]:
    """Cells of an architecture by their columns, tried in a process of its own that may crash or hang."""
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=try_and_tell, args=(name, columns, theirs))
    process.start()
    theirs.close()
    cells = {}
    try:
        while ours.poll(LIMIT):
            cells |= ours.recv()
    except EOFError:
        pass
    process.kill()
    process.join()
    unfinished = [column for column in ("trains", *columns) if column not in cells]
    if unfinished and cells.get("trains", "yes") == "yes":
        cells[unfinished[0]] = f"FAILS: the process died, or took more than {LIMIT} s"
    return name, dict.fromkeys(unfinished, "–") | cells


def try_and_tell(name: str, columns: tuple[str, ...], told: Connection) -> None:
    import torch
    import transformers

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as scratch:
        for column, cell in try_architecture(name, columns, Path(scratch)):
            told.send({column: cell})


def try_architecture(name: str, columns: tuple[str, ...], scratch: Path) -> Iterator[tuple[str, str]]:
    """Return the column and the cell of each check; one alone where the architecture cannot be trained."""
    from benchmarks.tiny_bases import make_base

    try:
        base = make_base(name, scratch / "base", TEXTS)
    except ImportError as error:
        yield "trains", f"transformers cannot load it: {str(error).strip().splitlines()[0]}"
        return
    trained = attempt(lambda: Trained.from_base(base, scratch / "model"))
    yield "trains", trained if isinstance(trained, str) else "yes"
    if isinstance(trained, str):
        return
    checks = (trained.alone, trained.explained, trained.attention, trained.heads, trained.lora, trained.onnx)
    for column, check in zip(COLUMNS[1:], checks, strict=True):
        if column in columns:
            told = attempt(check)
            yield column, told if isinstance(told, str) else "yes"


def attempt(check: Callable[[], Any]) -> Any:
    """Return what a check returns, or what to write about its error."""
    from bertdemo.errors import BertDemoError

    try:
        return check()
    except BertDemoError as error:
        return str(error)
    except WrongError as error:
        return f"WRONG: {error}"
    except Exception as error:  # noqa: BLE001 - whatever it is stands in the table
        return f"FAILS: {type(error).__name__}: {str(error)[:200]}".replace("\n", " ").replace("|", "/")


@dataclass(frozen=True)
class Trained:
    """A classifier trained from ``base`` and kept in ``folder``, to be checked."""

    base: Path
    folder: Path

    @classmethod
    def from_base(cls, base: Path, folder: Path, *, lora_rank: int = 0) -> Trained:
        """Train for an epoch as a run does; what is kept has to answer as what was trained did.

        Raises:
            WrongError: it does not, learned nothing, or answers the same whatever it reads.
        """
        from benchmarks.tiny_bases import spread
        from bertdemo.data.dataset import Dataset
        from bertdemo.data.splitting import split
        from bertdemo.models.checkpoints import load_classifier, save_classifier
        from bertdemo.training.loading import load_for_training
        from bertdemo.training.loop import train
        from bertdemo.training.recipe import Recipe

        labels = tuple(row % len(LABELS) for row in range(len(TEXTS)))
        parts = split(Dataset("texts", TEXTS, labels, LABELS), seed=0)
        recipe = Recipe(base=str(base), epochs=2, batch_size=8, learning_rate=3e-3, lora_rank=lora_rank)
        classifier = load_for_training(recipe, LABELS)
        for head in (
            child for name, child in classifier.model.named_children() if name != classifier.model.base_model_prefix
        ):
            spread(head)
        before = {
            name: weight.detach().clone()
            for name, weight in classifier.model.named_parameters()
            if weight.requires_grad
        }
        train(classifier, parts, recipe, lambda _: None, lambda: None, lambda _: None)
        save_classifier(classifier, folder)
        after = dict(classifier.model.named_parameters())
        learned = [name for name, weight in before.items() if not (after[name] == weight).all()]
        text_weights = [name for name in before if not re.search("vision|visual", name)]
        expect(len(learned) > len(text_weights) / 4, f"only {len(learned)} of {len(text_weights)} weights learned")
        if lora_rank:
            check_adapted_everywhere(classifier.model)
        kept, trained = logits(load_classifier(folder), TEXTS), logits(classifier, TEXTS)
        expect(kept.std(axis=0).max() > 1e-3, "all texts get the same answer")
        expect_close(
            kept, trained, _ROUNDED if lora_rank else _CLOSE, "what was kept answers otherwise than what was trained"
        )
        return cls(base, folder)

    def load(self, **options: bool) -> Any:
        from bertdemo.models.checkpoints import load_classifier

        return load_classifier(self.folder, **options)

    def alone(self) -> None:
        """Each text alone, and all in one batch; then by default, in the number format of this machine."""
        import numpy as np

        from bertdemo.prediction.predict import predict

        classifier = self.load()
        together, alone = logits(classifier, TEXTS), np.concatenate([logits(classifier, [text]) for text in TEXTS])
        expect_close(together, alone, _CLOSE, "a text gets other logits in a file than alone")
        ordered = np.sort(alone, axis=1)
        clear = ordered[:, -1] - ordered[:, -2] > 0.1 * max(1, abs(alone).max())
        labels = predict(classifier, TEXTS).labels
        differ = (labels != alone.argmax(axis=1))[clear].sum()
        expect(differ == 0, f"{differ} of {clear.sum()} clear labels differ in the number format of files")

    def explained(self) -> None:
        from bertdemo.explanation.methods import attribute
        from bertdemo.explanation.tokenized_text import tokenize_with_words

        classifier = self.load(output_attentions=True)
        for text in TEXTS[2:4]:
            tokenized, predicted = tokenize_with_words(classifier, text), logits(classifier, [text])
            found = attribute(classifier, tokenized, "integrated_gradients", 1)
            expect_close(found.output, predicted[0, 1], _EXACT, "what is explained is not what was predicted")
            expect(abs(found.scores).max() > 0, "all scores are 0")

    def attention(self) -> None:
        from bertdemo.explanation.attention import attention
        from bertdemo.explanation.tokenized_text import tokenize_with_words

        classifier = self.load(output_attentions=True)
        for text in TEXTS[2:4]:
            tokenized = tokenize_with_words(classifier, text)
            found = attention(classifier, tokenized)
            expect(found.weights.shape[2:] == (len(tokenized), len(tokenized)), f"shape {found.weights.shape}")
            expect(abs(found.weights.sum(axis=-1) - 1).max() < _CLOSE, "rows do not sum to 1")
            expect_close(found.logits, logits(self.load(), [text])[0], _EXACT, "other logits than predicted")

    def heads(self) -> None:
        """Check that a head that is switched off changes the logits, and that all views of a head agree."""
        from bertdemo.explanation.attention import attention
        from bertdemo.explanation.heads import closeup, logits_with_ablated_heads
        from bertdemo.explanation.tokenized_text import tokenize_with_words

        classifier = self.load(output_attentions=True)
        tokenized = tokenize_with_words(classifier, TEXTS[3])
        without, all_on = logits_with_ablated_heads(classifier, tokenized, {(0, 1)}), attention(classifier, tokenized)
        expect(abs(without - all_on.logits).max() > 0, "a head that is switched off changes nothing")
        found = closeup(classifier, tokenized, 0, 1, 2)
        expect_close(found.weights, all_on.weights[0, 1, 2], _EXACT, "the numbers of a head are not its weights")

    def lora(self) -> None:
        Trained.from_base(self.base, self.folder.with_name("adapted"), lora_rank=4)

    def onnx(self) -> None:
        """Return the file with a temperature in its weights, on batches of 1 and 3 texts, short, long and padded."""
        import onnxruntime

        from bertdemo.export.onnx import to_onnx
        from bertdemo.export.package import calibrate
        from bertdemo.models.encoding import encode

        expected, classifier = logits(self.load(), TEXTS) / 2, calibrate(replace(self.load(), temperature=2.0))
        session = onnxruntime.InferenceSession(to_onnx(classifier).SerializeToString())
        encoded = encode(classifier, TEXTS)
        by_length = sorted(range(len(TEXTS)), key=lambda row: encoded.lengths[row])
        batches = [by_length[:1], by_length[-1:], by_length[:1] * 3, by_length[-1:] * 3]
        if getattr(classifier, "padding", "right") != "none":
            batches.append(by_length[::9])
        for rows in batches:
            (found,) = session.run(["logits"], inputs_of(classifier, encoded, rows))
            expect_close(found, expected[rows], _CLOSE, f"other logits than predicted, of {len(rows)} texts")


def inputs_of(classifier: Any, encoded: Any, rows: list[int]) -> dict[str, Any]:
    """Return what the file is asked for these texts, filled up to the longest: (texts, tokens) each."""
    import numpy as np

    width, left = max(encoded.lengths[row] for row in rows), classifier.tokenizer.padding_side == "left"

    def filled(columns: Any, filler: int) -> Any:
        missing = [(width - len(columns[row]), 0) if left else (0, width - len(columns[row])) for row in rows]
        table = [np.pad(columns[row], width, constant_values=filler) for row, width in zip(rows, missing, strict=True)]
        return np.stack(table).astype(np.int64)

    masks = [np.ones_like(row) for row in encoded.ids]
    inputs = {
        "input_ids": filled(encoded.ids, classifier.tokenizer.pad_token_id or 0),
        "attention_mask": filled(masks, 0),
    }
    return inputs if encoded.segments is None else inputs | {"token_type_ids": filled(encoded.segments, 0)}


def check_adapted_everywhere(model: Any) -> None:
    """Whether each stack of layers with linear layers has adapters, and enough of these learned."""
    from torch.nn import Linear, ModuleList
    from transformers.pytorch_utils import Conv1D

    for name, stack in model.base_model.named_modules():
        if isinstance(stack, ModuleList) and any(isinstance(layer, Linear | Conv1D) for layer in stack.modules()):
            expect(any(".lora_B" in each for each, _ in stack.named_parameters()), f"no adapter in {name}")
    adapters = [weight for name, weight in model.named_parameters() if ".lora_B" in name]
    learned = [weight for weight in adapters if weight.any()]  # those of a tower for pictures do not
    expect(len(learned) > len(adapters) / 4, f"only {len(learned)} of {len(adapters)} adapters learned")


def logits(classifier: Any, texts: Iterable[str]) -> Any:
    """(texts, labels), in fp32."""
    from bertdemo.models.devices import choose_placement
    from bertdemo.prediction.predict import predict

    return predict(classifier, tuple(texts), placement=choose_placement("fp32")).logits


def expect(condition: Any, otherwise: str) -> None:
    if not condition:
        raise WrongError(otherwise)


def expect_close(found: Any, expected: Any, tolerance: float, otherwise: str) -> None:
    import numpy as np

    expect(np.isfinite(expected).all(), "logits are not numbers")
    error, scale = abs(np.asarray(found) - expected).max(), max(1.0, abs(np.asarray(expected)).max())
    expect(error <= tolerance * scale, f"{otherwise} ({error:.1g} of {scale:.2g})")


def table(rows: dict[str, tuple[str, ...]]) -> str:
    """Return the page of documentation."""
    import transformers

    heads = ("architecture", *COLUMNS)
    version = transformers.__version__
    lines = [
        "# Architectures",
        "",
        f"Each of the architectures that transformers {version} maps to sequence classification, made tiny with random",
        "weights and a tokenizer of its kind, trained, and asked. A cell is “yes” or the sentence that a user gets.",
        "Written by `python -m benchmarks.architectures --output docs/architectures.md`, where the checks are;",
        "– is what was not tried.",
        "",
        summary(rows),
        "",
        "| " + " | ".join(heads) + " |",
        "|" + "---|" * len(heads),
        *("| " + " | ".join((name, *row)) + " |" for name, row in rows.items()),
    ]
    return "\n".join(lines) + "\n"


def read_table(file: Path) -> dict[str, tuple[str, ...]]:
    """Return the rows of ``table``; none where there is no such file."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {name: tuple(row) for name, *row in cells[1:]}


def summary(rows: dict[str, tuple[str, ...]]) -> str:
    """How many rows are yes in all that was tried, hold a sentence, or something that should not be."""
    wrong = [name for name, row in rows.items() if any(cell.startswith("WRONG") for cell in row)]
    broken = [name for name, row in rows.items() if any(cell.startswith("FAILS") for cell in row)]
    works = [name for name, row in rows.items() if row[0] == "yes" and set(row) <= {"yes", "–"}]
    refused = [name for name, row in rows.items() if row[0] != "yes" and name not in (*wrong, *broken)]
    told = len(rows) - len(works) - len(refused) - len({*wrong, *broken})
    untried = [name for name, row in rows.items() if row[0] == "yes" and "–" in row]
    return (
        f"Of {len(rows)} architectures {len(works)} do all that was tried, {told} do with a sentence for what they do "
        f"not, {len(refused)} are refused in a sentence before a run is queued, {len(broken)} fail without a sentence "
        f"and {len(wrong)} are wrong in silence."
    ) + (f" Of {len(untried)} not everything was tried (–)." if untried else "")


if __name__ == "__main__":
    main()
