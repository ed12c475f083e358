"""The model card: what a classifier was made from, what it is worth and where it ends (Mitchell et al., 2019)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bertdemo.data.dataset import Source
from bertdemo.evaluation.calibration import Calibration
from bertdemo.evaluation.report import BASELINE, Interval, Report, Scores, ending, verdict
from bertdemo.lines import one_line
from bertdemo.models.catalog import CATALOGUE, base_name, hub_id
from bertdemo.models.classifier import Padding
from bertdemo.runs.records import Run

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

_MARKUP = re.compile(r"([\\`*_{}\[\]#|~$&<>])")
_TASK = "text-classification"
_ON_THE_HUB = "https://huggingface.co/datasets/"
_YES_NO = {"True": "yes", "False": "no"}
_MACHINE = ("platform", "cpu", "gpu", "threads")  # of the one it was trained on: nobody else's business


@dataclass(frozen=True)
class Subject:
    """All that a card tells. ``calibration`` is of the test split; None for runs of older versions."""

    run: Run
    report: Report
    source: Source | None
    calibration: Calibration | None
    temperature: float
    max_length: int
    padding: Padding
    versions: Mapping[str, Any]


def model_card(subject: Subject) -> str:
    """Return the card in Markdown, as model hubs show it; what people typed is text in it and never markup."""
    tellers = (_what, _use, _scores, _data, _recipe, _limits, _made_with)
    return "\n\n".join([_front_matter(subject), *("\n".join(tell(subject)) for tell in tellers)]) + "\n"


def _front_matter(subject: Subject) -> str:
    """Return what hubs read: YAML between two lines of three dashes, with the names of fields and ids of the Hub."""
    from huggingface_hub import ModelCardData

    base, source = subject.run.recipe.base, subject.source
    data_id = source.url.removeprefix(_ON_THE_HUB) if source and source.url.startswith(_ON_THE_HUB) else None
    facts = ModelCardData(
        base_model=hub_id(base),
        datasets=[data_id] if data_id else None,
        library_name="transformers",
        license=_licence_id(base),
        metrics=["accuracy", "f1"],
        pipeline_tag=_TASK,
        tags=[_TASK, "bertdemo"],
        model_name=subject.run.id,
        eval_results=_results(subject, data_id),
    )
    return f"---\n{facts.to_yaml()}\n---"


def _results(subject: Subject, data_id: str | None) -> list[EvalResult]:
    """Return the test scores for the Hub's ``model-index``; data that are not on the Hub have an unknown type."""
    from huggingface_hub import EvalResult

    test = subject.report.test
    # A viewer that does not know front matter shows it as Markdown.
    data_name = re.sub(r"[\[\]<>&`*|]", "", one_line(subject.run.data.name)) or "data"
    result = partial(
        EvalResult, task_type=_TASK, dataset_type=data_id or "unknown", dataset_name=data_name, dataset_split="test"
    )
    return [
        result(metric_type="accuracy", metric_name="Accuracy", metric_value=test.accuracy),
        result(metric_type="f1", metric_name="Macro-F1", metric_value=test.macro_f1, metric_args={"average": "macro"}),
    ]


def _licence_id(base: str) -> str:
    """Return the Hub's id of the base's licence, which is unknown unless the base is in the catalogue."""
    return {each.id: each.licence.lower() for each in CATALOGUE}.get(base, "unknown")


def _what(subject: Subject) -> Iterator[str]:
    run = subject.run
    labels = ", ".join(plain(label) for label in run.data.label_names)
    yield f"# {plain(run.name)}"
    yield ""
    kind = "pairs of texts" if run.data.has_pairs else "texts"
    yield f"A BERT classifier that sorts {kind} under {len(run.data.label_names)} labels: {labels}."
    yield ""
    yield verdict(subject.report)


def _use(subject: Subject) -> Iterator[str]:
    text = '{"text": "a text", "text_pair": "and its pair"}' if subject.run.data.has_pairs else '"a text"'
    yield "## How to use it"
    yield ""
    yield "Unzip it into a folder, then:"
    yield ""
    yield "```python"
    yield "from transformers import pipeline"
    yield ""
    yield 'classify = pipeline("text-classification", model="the-folder", top_k=None)'
    yield f"print(classify({text}, truncation=True))"
    yield "```"
    yield ""
    yield f"Texts longer than {subject.max_length} tokens are truncated; without `truncation=True` they may fail."
    if subject.padding == "none":
        yield ""
        yield (
            "This architecture reads padding as text: give the pipeline one text at a time (its `batch_size` of 1), or "
            "an answer depends on the texts beside it."
        )
    elif subject.padding == "left":
        yield "Batches are filled up on the left, as the tokenizer says (`padding_side`)."


def _scores(subject: Subject) -> Iterator[str]:
    test, baseline = subject.report.test, subject.report.baseline
    yield "## Scores"
    yield ""
    yield f"On {test.n:,} test texts that the model never saw, with 95 % intervals."
    yield ""
    yield f"| score | this classifier | {BASELINE} |"
    yield "|---|---|---|"
    for title, name in (("accuracy", "accuracy"), ("macro-F1", "macro_f1")):
        yield f"| {title} | {_with_interval(test, name)} | {_with_interval(baseline, name)} |"
    yield ""
    yield "| label | precision | recall | F1 | test texts |"
    yield "|---|---|---|---|---|"
    for each in test.classes:
        figures = f"{each.precision:.3f} | {each.recall:.3f} | {each.f1:.3f} | {each.support:,}"
        yield f"| {plain(each.label)} | {figures} |"
    yield ""
    yield f"Intervals: accuracy, {test.accuracy_interval.method}; macro-F1, {test.macro_f1_interval.method}."
    yield from _certainty(subject)


def _certainty(subject: Subject) -> Iterator[str]:
    yield ""
    if subject.temperature == 1:
        yield "Its probabilities are those of the softmax as it is: no temperature lowered the validation log loss."
    else:
        yield (
            f"Its probabilities are calibrated: logits are divided by a temperature of {subject.temperature:.3f}, "
            "fitted on the validation split (Guo et al., 2017). This division is already part of the last layer."
        )
    if found := subject.calibration:
        yield (
            f"Calibration error {found.ece:.3f} {_interval(found.ece_interval)} ({found.estimator}); "
            f"Brier score {found.brier:.3f} {_interval(found.brier_interval)}."
        )


def _data(subject: Subject) -> Iterator[str]:
    data, source = subject.run.data, subject.source
    yield "## Data"
    yield ""
    parts = f"{data.n_train:,} texts to train, {data.n_validation:,} to validate, {data.n_test:,} to test"
    yield f"- {plain(data.name)}: {parts}"
    yield from (f"- {plain(line)}" for line in data.reading)
    if source:
        yield f"- {plain(source.title)}. {plain(source.description)}"
        yield f"- Licence of the data: {plain(source.licence)} ({plain(source.url)})"
    yield "- The licence in the first lines of this file is that of the base; the licence of the data may ask for more."
    yield f"- Fingerprint of the cleaned texts and labels: {data.fingerprint}"


def _recipe(subject: Subject) -> Iterator[str]:
    recipe = subject.run.recipe.to_dict()
    base = {each.id: each for each in CATALOGUE}.get(recipe["base"])
    yield "## Recipe"
    yield ""
    yield "| setting | value |"
    yield "|---|---|"
    told = f"{base.title}, licence {base.licence}" if base else base_name(recipe["base"])
    yield f"| base | {plain(told)} |"
    for name, value in recipe.items():
        if name != "base":
            yield f"| {name.replace('_', ' ')} | {_YES_NO.get(str(value), value)} |"
    training = subject.report.training
    yield ""
    cost = f"{training.steps:,} steps in {training.seconds:.0f} s, in {training.precision}"
    yield f"{cost}; kept is step {training.best_step:,}, the best on the validation split."
    if training.interrupted:
        yield ending(training)


def _limits(subject: Subject) -> Iterator[str]:
    rare = [each for each in subject.report.test.classes if each.support < 30]
    yield "## Limits"
    yield ""
    yield "- The scores hold for texts like those it was tested on; other sources, times or languages were not tried."
    yield "- It answers every text, also one that belongs under none of its labels: mind the confidence."
    yield f"- It reads the first {subject.max_length} tokens of a text and nothing after them."
    if rare:
        named = ", ".join(f"{plain(each.label)} ({each.support})" for each in rare)
        yield f"- Fewer than 30 test texts stand behind these labels, so that little is known of them: {named}."
    yield "- It may have learned unwanted habits from its data: look at its mistakes before it decides about people."


def _made_with(subject: Subject) -> Iterator[str]:
    yield "## Made with"
    yield ""
    day = time.strftime("%Y-%m-%d", time.gmtime(subject.run.created))
    libraries = (f"{name} {value}" for name, value in subject.versions.items() if name not in _MACHINE)
    yield f"{plain(', '.join(libraries)) or 'Versions were not noted'}. Run {plain(subject.run.id)}, {day}."


def plain(text: str) -> str:
    """Return ``text`` on one line, with everything that Markdown or HTML could act on made harmless."""
    return _MARKUP.sub(r"\\\1", one_line(text)).replace("\\<", "&lt;").replace("\\&", "&amp;")


def _with_interval(scores: Scores, name: str) -> str:
    return f"{getattr(scores, name):.3f} {_interval(getattr(scores, f'{name}_interval'))}"


def _interval(interval: Interval) -> str:
    return f"[{interval.low:.3f}, {interval.high:.3f}]"
