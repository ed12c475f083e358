"""A zip with everything that ``transformers.pipeline`` needs, and a model card for people.

The temperature is part of the weights, so that any softmax of the logits is calibrated.
"""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.dataset import Source
from bertdemo.drafts import scratch
from bertdemo.errors import ModelError, RunError
from bertdemo.evaluation.calibration import Calibration
from bertdemo.evaluation.report import BASELINE, Interval, Report, Scores, ending, verdict
from bertdemo.lines import one_line
from bertdemo.models.catalog import CATALOGUE, base_name, hub_id
from bertdemo.models.checkpoints import save_classifier
from bertdemo.models.classifier import Classifier, Padding
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.model_cache import ModelCache
from bertdemo.prediction.predict import predict
from bertdemo.runs.records import Run
from bertdemo.runs.store import Runs

if TYPE_CHECKING:
    from huggingface_hub import EvalResult
    from torch import nn

    from bertdemo.runs.folder import RunFolder

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same classifier gives the same zip
_MARKUP = re.compile(r"([\\`*_{}\[\]#|~$&<>])")
_TASK = "text-classification"
_ON_THE_HUB = "https://huggingface.co/datasets/"
_YES_NO = {"True": "yes", "False": "no"}
_MACHINE = ("platform", "cpu", "gpu", "threads")  # of the one it was trained on: nobody else's business


def write_package(runs: Runs, run_id: str, file: Path) -> None:
    """Write weights (safetensors), configuration, tokenizer, labels and model card of a run as the zip ``file``.

    Raises:
        RunError: there is no such run, it has no classifier, or it is damaged.
        ModelError: the model is damaged, or its temperature cannot become part of it.
    """
    classifier = load_calibrated(runs, run_id)
    classifier.tokenizer.model_max_length = classifier.max_length
    with scratch() as place:
        folder = place / "model"
        save_classifier(classifier, folder)
        (folder / "README.md").write_text(model_card(subject(runs, run_id, classifier)), encoding="utf-8")
        _zip(folder, file)


def subject(runs: Runs, run_id: str, classifier: Classifier) -> Subject:
    """Return what the card of a run tells, exported as ``classifier``.

    Raises:
        RunError: the run has no report.
    """
    run, folder = runs.get(run_id), runs.folder(run_id)
    report = folder.report()
    if report is None:
        raise RunError(f"The run {run_id} has no report to describe it by: restore its folder, or train it again.")
    temperature = folder.temperature()
    return Subject(
        run=run, report=report, source=folder.source(), calibration=_calibration(folder, temperature),
        temperature=temperature, max_length=classifier.max_length, padding=classifier.padding,
        versions=folder.versions(),
    )  # fmt: skip


def _calibration(folder: RunFolder, temperature: float) -> Calibration | None:
    from bertdemo.evaluation.calibration import calibration

    answers = folder.answers()
    if answers is None:
        return None
    return calibration(answers.test.probabilities(temperature), answers.test.truth)


def _zip(folder: Path, file: Path) -> None:
    """Weights are random to a compressor: they are stored as they are."""
    with zipfile.ZipFile(file, "w") as package:
        for path in sorted(folder.iterdir()):
            method = zipfile.ZIP_STORED if path.suffix == ".safetensors" else zipfile.ZIP_DEFLATED
            entry = zipfile.ZipInfo(path.name, _LONG_AGO)
            entry.compress_type, entry.external_attr = method, 0o644 << 16
            with path.open("rb") as source, package.open(entry, "w", force_zip64=True) as target:
                while piece := source.read(2**20):
                    target.write(piece)


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


def load_calibrated(runs: Runs, run_id: str) -> Classifier:
    """Return the classifier of a run, its temperature part of the weights (``calibrate``).

    Raises:
        RunError: there is no such run, it has no classifier, or it is damaged.
        ModelError: the model does not end in a linear layer.
    """
    return calibrate(ModelCache(runs, capacity=1).classifier(run_id))


def calibrate(classifier: Classifier) -> Classifier:
    """Divide the weights and the bias of the last layer by the temperature, in place; returned with a temperature of 1.

    Logits are linear in that layer, so the probabilities are those of the classifier.
    ``config.calibration_temperature`` keeps the number.

    Raises:
        ModelError: the model does not end in a linear layer. It is not to be used any more.
    """
    import torch

    last, before = _last_layer(classifier), _logits(classifier)
    with torch.no_grad():
        for weight in last.parameters():
            weight.div_(classifier.temperature)
    if not np.allclose(_logits(classifier) * classifier.temperature, before, rtol=1e-4, atol=1e-5):
        raise _not_exported(classifier)
    config: Any = classifier.model.config
    config.calibration_temperature = classifier.temperature
    return replace(classifier, temperature=1.0)


def _logits(classifier: Classifier) -> NDArray[np.float32]:
    """Return what it says of a short text: (1, labels), in fp32."""
    return predict(classifier, ["a text"], placement=choose_placement("fp32")).logits


def _last_layer(classifier: Classifier) -> nn.Linear:
    """Return the last of the head's linear layers, wherever the architecture defines its head."""
    from torch import nn

    below = set(classifier.model.base_model.modules())
    layers = [module for module in classifier.model.modules() if isinstance(module, nn.Linear) and module not in below]
    if not layers or layers[-1].out_features != len(classifier.label_names):
        raise _not_exported(classifier)
    return layers[-1]


def _not_exported(classifier: Classifier) -> ModelError:
    kind = classifier.model.config.model_type
    return ModelError(f"A model of the kind {kind} cannot be exported yet: its labels do not come from its last layer.")
