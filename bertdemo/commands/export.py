"""``export RUN`` and ``notebook RUN``: a classifier, or the steps that made it, for use elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bertdemo.commands.console import Console, Subparsers, add_command, add_run, check_output
from bertdemo.errors import DataError
from bertdemo.export.exporting import ENDINGS, FORMATS, Exported, Format, export
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.export.onnx import Measured

_MEGABYTE = 1e6


def add_export(subparsers: Subparsers) -> None:
    """Add the arguments: a run, a form and a file."""
    parser = add_command(subparsers, "export", "Write a classifier to a file, for use elsewhere.", _export)
    add_run(parser)
    parser.add_argument("--format", choices=FORMATS,
                        help="zip: for transformers.pipeline; onnx; int8: ONNX with weights of 8 bits "
                             "(default: zip or onnx, as FILE ends)")  # fmt: skip
    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="file to write: .zip or .onnx")
    parser.add_argument("--measure", action="store_true",
                        help="compare PyTorch, ONNX and int8 on the test split")  # fmt: skip


def _export(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Write the file; with ``--measure`` print how the forms compare."""
    check_output(arguments.output)
    kind = _format(arguments.format, arguments.output)
    runs = Runs(settings)
    done = export(runs, arguments.id, kind, arguments.output)
    measured: tuple[Measured, ...] = ()
    if arguments.measure:
        from bertdemo.export.onnx import measure

        output.progress("measuring on the test split …")
        measured = measure(runs, arguments.id)
    values = asdict(done) | {"output": str(done.output)}
    values |= {"measured": [asdict(each) for each in measured]} if arguments.measure else {}
    output.result(values, _lines(done, measured))
    return 0


def _format(chosen: Format | None, output: Path) -> Format:
    """Return what to write: what was chosen, or what the file's ending says.

    Raises:
        DataError: the ending says something else, so that no other program would know what is in the file.
    """
    ending = output.suffix.casefold()
    fitting = [kind for kind, its in ENDINGS.items() if its == ending]
    if chosen is None and not fitting:
        raise DataError(f"{output.name} must end in .zip or .onnx: choose another name.")
    if chosen is not None and chosen not in fitting:
        raise DataError(f"{output.name} must end in {ENDINGS[chosen]} to hold this format: choose another name.")
    return chosen or fitting[0]


def _lines(done: Exported, measured: Sequence[Measured]) -> Iterator[str]:
    yield f"{done.output}: {done.bytes / _MEGABYTE:.1f} MB in {done.seconds:.1f} s"
    if measured:
        yield f"on {measured[0].texts:,} test texts, one by one"
        yield f"{'form':<14}{'size':>10}{'latency':>10}{'agreement':>11}{'accuracy':>10}"
    for each in measured:
        agreement = f"{100 * each.agreement:>9.2f} %{100 * each.accuracy:>8.2f} %"
        yield f"{each.form:<14}{each.bytes / _MEGABYTE:>7.1f} MB{each.milliseconds:>7.1f} ms{agreement}"


def add_notebook(subparsers: Subparsers) -> None:
    """Add the arguments: a run and a file."""
    parser = add_command(subparsers, "notebook", "Write the steps that made a run as a Jupyter notebook.", _notebook)
    add_run(parser)
    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="file to write: .ipynb")


def _notebook(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Write the file."""
    from bertdemo.library.run import Run

    if arguments.output.suffix.casefold() != ".ipynb":
        raise DataError(f"{arguments.output.name} must end in .ipynb: choose another name.")
    check_output(arguments.output)
    written = Run(arguments.id, settings.home).to_notebook(arguments.output)
    output.result({"run": arguments.id, "output": str(written)}, [str(written)])
    return 0
