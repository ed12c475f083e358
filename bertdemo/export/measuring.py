"""What an exported classifier costs and keeps: size, latency, and agreement with the original on the test split."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.dataset import Dataset
from bertdemo.drafts import scratch
from bertdemo.evaluation.metrics import wilson
from bertdemo.evaluation.report import Interval
from bertdemo.export.calibrated import load_calibrated
from bertdemo.export.onnx import compute, open_session, to_int8, to_onnx
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.models.encoding import collate, encode
from bertdemo.prediction.predict import predict
from bertdemo.prediction.probabilities import softmax
from bertdemo.runs.store import Runs

MOST_TEXTS = 1000
_WARM_UP = 5  # texts
_Logits = NDArray[np.float32]
_Answer = Callable[[str, str | None], _Logits]  # a text and its pair → logits (labels,)


@dataclass(frozen=True)
class Measured:
    """One form of a classifier, asked text by text.

    ``bytes`` is the size of its weights, or of its file; ``milliseconds`` the median latency of one text, tokenising
    included; ``agreement`` the share of ``texts`` test texts with the label of the original; ``difference`` the largest
    difference of a probability; ``accuracy`` is on the same texts.
    """

    form: str
    bytes: int
    milliseconds: float
    agreement: float
    agreement_interval: Interval
    difference: float
    accuracy: float
    texts: int


def measure(runs: Runs, run_id: str, most: int = MOST_TEXTS) -> tuple[Measured, ...]:
    """Return the original (PyTorch, fp32), ONNX and ONNX in int8, side by side: text for text, they take turns.

    Args:
        runs: where the run is.
        run_id: of a run with a tested classifier.
        most: test texts; of more, so many at even distances are taken.

    Raises:
        RunError, ModelError: see ``load_calibrated`` and ``Runs.model_folder``.
    """
    classifier = load_calibrated(runs, run_id)
    part = runs.folder(run_id).split().part("test")
    part = part.select(np.linspace(0, len(part) - 1, min(most, len(part))).astype(int).tolist())
    with scratch() as place:
        files = {"ONNX fp32": place / "model.onnx", "ONNX int8": place / "model.int8.onnx"}
        model = to_onnx(classifier)
        files["ONNX fp32"].write_bytes(model.SerializeToString())
        to_int8(model, files["ONNX int8"])
        forms = {"PyTorch fp32": _original(classifier)}
        forms |= {name: _exported(classifier, file) for name, file in files.items()}
        logits, seconds = _in_turns(forms, part)
        sizes = {"PyTorch fp32": _weights(classifier)} | {name: file.stat().st_size for name, file in files.items()}
    original = softmax(next(iter(logits.values())))
    return tuple(
        _measured(name, sizes[name], float(np.median(seconds[name])), softmax(logits[name]), original, part.labels)
        for name in forms
    )


def _original(classifier: Classifier) -> _Answer:
    placement = choose_placement("fp32")

    def answer(text: str, pair: str | None) -> _Logits:
        logits: _Logits = predict(classifier, [text], None if pair is None else [pair], placement=placement).logits[0]
        return logits

    return answer


def _exported(classifier: Classifier, file: Path) -> _Answer:
    session = open_session(file)

    def answer(text: str, pair: str | None) -> _Logits:
        encoded = encode(classifier, [text], None if pair is None else [pair])
        logits: _Logits = compute(session, collate(classifier, encoded, [0]))[0]
        return logits

    return answer


def _in_turns(forms: dict[str, _Answer], part: Dataset) -> tuple[dict[str, _Logits], dict[str, list[float]]]:
    """Return logits (texts, labels) and seconds of each text; what else the machine does hits all forms alike."""
    logits: dict[str, list[_Logits]] = {name: [] for name in forms}
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    pairs: Sequence[str | None] = part.pairs or [None] * len(part)
    for answer in forms.values():
        for _ in range(_WARM_UP):
            answer(part.texts[0], pairs[0])
    for text, pair in zip(part.texts, pairs, strict=True):
        for name, answer in forms.items():
            started = time.perf_counter()
            logits[name].append(answer(text, pair))
            seconds[name].append(time.perf_counter() - started)
    return {name: np.stack(rows) for name, rows in logits.items()}, seconds


def _weights(classifier: Classifier) -> int:
    return sum(weight.numel() * weight.element_size() for weight in classifier.model.parameters())


def _measured(
    form: str, size: int, seconds: float, found: NDArray[np.float64], original: NDArray[np.float64],
    labels: Sequence[int],
) -> Measured:  # fmt: skip
    same = int((found.argmax(axis=1) == original.argmax(axis=1)).sum())
    n = len(labels)
    return Measured(
        form=form, bytes=size, milliseconds=1000 * seconds, agreement=same / n, agreement_interval=wilson(same, n),
        difference=float(np.abs(found - original).max()),
        accuracy=float((found.argmax(axis=1) == np.asarray(labels)).mean()), texts=n,
    )  # fmt: skip
