"""``predict --run RUN``: what a run says of one text, or of every row of a file."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.commands.console import Console, Subparsers, add_command, add_encoding, check_output
from bertdemo.commands.explain import check_pair
from bertdemo.commands.following import follow_to_result
from bertdemo.drafts import drafted, sweep
from bertdemo.errors import DataError, PredictionError
from bertdemo.lines import listed
from bertdemo.settings import Settings
from bertdemo.tasks.failures import storage

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.jobs.records import Format, Job, JobColumns, JobSummary

_KINDS: dict[str, Format] = {
    "csv": "csv", "parquet": "parquet", "pq": "parquet", "jsonl": "jsonl", "ndjson": "jsonl",
}  # fmt: skip


def add(subparsers: Subparsers) -> None:
    """Add the arguments for one text and for a file."""
    parser = add_command(subparsers, "predict", "Classify a text, or every row of a file.", run)
    parser.add_argument("--run", dest="id", required=True, metavar="RUN", help="id of the run, as listed by runs")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--text", metavar="T", help="the text to classify")
    what.add_argument("--input", type=Path, metavar="FILE", help="a table: CSV, TSV, JSONL, Parquet or Excel")
    parser.add_argument("--pair", metavar="P", help="the second text, where the run was trained on pairs")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where the table goes: .csv, .parquet or .jsonl")
    parser.add_argument("--text-column", metavar="C", help="column of the texts (default: guessed)")
    parser.add_argument("--pair-column", metavar="C", help="column of second texts (default: guessed where needed)")
    parser.add_argument("--label-column", metavar="C", help="column of right labels, to compare with")
    add_encoding(parser)
    parser.add_argument("--exact", action="store_true", help="fp32 for a file, too, where bf16 would be faster")


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Return one text here and now; a file by a job, which the same command takes up again wherever it stopped."""
    if arguments.text is not None:
        return _predict_text(arguments, settings, output)
    return _predict_file(arguments, settings, output)


def _predict_text(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    for option in ("output", "text_column", "pair_column", "label_column", "encoding"):
        if getattr(arguments, option) is not None:
            raise PredictionError(f"--{option.replace('_', '-')} goes with --input: leave it out for a single text.")
    runs = check_pair(arguments, settings)

    from bertdemo.prediction.model_cache import ModelCache
    from bertdemo.prediction.single import check_text, predict_one, remarks

    check_text(arguments.text)  # before the seconds that loading takes
    models = ModelCache(runs, capacity=1)
    classifier = models.load_first(arguments.id) or models.classifier(arguments.id)
    answer = predict_one(classifier, arguments.text, arguments.pair)
    values = {
        "run": arguments.id,
        "label": answer.label,
        "scores": dict(answer.scores),
        "tokens": answer.tokens,
        "truncated": answer.truncated,
        "unknown_share": answer.unknown_share,
        "remarks": list(remarks(answer.unknown_share, answer.plain)),
        "milliseconds": answer.milliseconds,
        "precision": answer.precision,
    }
    output.result(values, _text_lines(values))
    return 0


def _text_lines(values: dict[str, Any]) -> Iterator[str]:
    width = max(len(label) for label in values["scores"])
    for label, probability in values["scores"].items():
        yield f"{label:<{width}}  {probability:.4f}"
    cut = ", the rest was not read" if values["truncated"] else ""
    yield f"{values['tokens']} tokens{cut}, {values['milliseconds']:.0f} ms in {values['precision']}"
    yield from values["remarks"]


def _predict_file(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    from bertdemo.data.reading import read_frame, with_sheet
    from bertdemo.jobs.store import Jobs

    kind = _check_output(arguments)
    jobs = Jobs(settings)
    frame = read_frame(arguments.input, settings, typed=True, encoding=arguments.encoding)
    frame, columns = _columns(arguments, frame, settings)
    if frame.attrs.get("sheet"):
        output.remark(f"{with_sheet(arguments.input.name, frame)}: {len(frame):,} rows.")
    for note in frame.attrs.get("notes", ()):
        output.remark(note)
    job_id = jobs.submit(
        arguments.id, frame, columns, arguments.input.name,
        exact=arguments.exact, destination=str(arguments.output.resolve()),
    )  # fmt: skip
    del frame  # the job has it
    follow_to_result(jobs, job_id, output, _line)
    _copy(jobs.result(job_id, kind), arguments.output)
    values = _file_values(jobs.summary(job_id), arguments)
    jobs.delete(job_id)  # the result stands where it was asked for
    output.result(values, _file_lines(values))
    return 0


def _check_output(arguments: argparse.Namespace) -> Format:
    """Refuse at once what would only be found out after the work."""
    if arguments.pair is not None:
        raise PredictionError("--pair goes with --text: name the column of second texts as --pair-column.")
    if arguments.output is None:
        raise PredictionError("A file of predictions needs a place: give --output FILE.")
    kind = _KINDS.get(arguments.output.suffix.removeprefix(".").casefold())
    if kind is None:
        raise DataError(f"{arguments.output.name} must end in .csv, .parquet or .jsonl: choose another name.")
    check_output(arguments.output)
    if arguments.output.resolve() == arguments.input.resolve():
        raise DataError("The output would replace the input: choose another name.")
    return kind


def _columns(arguments: argparse.Namespace, frame: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, JobColumns]:
    from bertdemo.data.columns import guess_texts
    from bertdemo.data.reading import as_trained
    from bertdemo.jobs.records import JobColumns
    from bertdemo.runs.store import Runs

    runs = Runs(settings)
    runs.model_folder(arguments.id)
    card = runs.folder(arguments.id).data_card()
    text = arguments.text_column
    if text is None:
        frame, text = as_trained(frame, card.text_columns)
    pair = arguments.pair_column or (card.pair_column if text and card.pair_column in frame.columns else None)
    text, pair = guess_texts(frame, text=text, pair=pair, pairs=card.has_pairs)
    return frame, JobColumns(text, pair, arguments.label_column)


def _line(job: Job) -> str:
    if job.rows_per_second is None or job.remaining is None:
        return job.status.message
    return f"{job.status.message} {job.rows_per_second:,.0f} rows/s, about {job.remaining:.0f} s left."


def _copy(result: Path, destination: Path) -> None:
    """Bring the result to where it was asked for: whole or not at all."""
    with storage(destination, "choose another place"):
        sweep(destination.parent, destination)
        with drafted(destination) as draft:
            shutil.copyfile(result, draft)


def _file_values(summary: JobSummary, arguments: argparse.Namespace) -> dict[str, Any]:
    values = {
        "run": arguments.id,
        "rows": summary.rows,
        "empty": summary.empty,
        "seconds": summary.seconds,
        "texts_per_second": summary.texts_per_second,
        "precision": summary.precision,
        "cut": summary.cut,
        "mostly_unknown": summary.mostly_unknown,
        "mean_confidence": summary.mean_confidence,
        "labels": dict(summary.counts),
        "output": str(arguments.output),
    }
    if found := summary.agreement:
        values |= {"accuracy": found.accuracy, "macro_f1": found.macro_f1}
        values |= {"compared": found.n, "unknown": found.unknown, "unknown_labels": found.unknown_labels}
    return values


def _file_lines(values: dict[str, Any]) -> Iterator[str]:
    yield f"{values['rows']:,} rows in {values['output']}"
    for label, rows in sorted(values["labels"].items(), key=lambda item: -item[1]):
        yield f"  {rows:>9,}  {label}"
    if values["empty"]:
        yield f"  {values['empty']:>9,}  rows without a text have no prediction"
    if values["mostly_unknown"]:
        yield f"  {values['mostly_unknown']:>9,}  rows of which the model knows less than half (see unknown_share)"
    if values["texts_per_second"]:
        yield f"{values['seconds']:.1f} s, {values['texts_per_second']:,.0f} texts/s in {values['precision']}"
        yield f"mean confidence {values['mean_confidence']:.3f}"
    if values.get("accuracy") is not None:
        compared = f"on {values['compared']:,} rows with a label"
        yield f"accuracy {values['accuracy']:.4f}, macro-F1 {values['macro_f1']:.4f} {compared}"
    if values.get("unknown"):
        names = listed(values["unknown_labels"], 5)
        yield f"{values['unknown']:,} rows have a label that the run does not know ({names}): they are not compared"
