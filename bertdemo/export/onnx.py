"""ONNX: one file with the network, its labels and its tokenizer, usable from any language without torch; or int8.

And what an exported classifier costs and keeps: size, latency, and agreement with the original on the test split.
"""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.dataset import Dataset
from bertdemo.drafts import scratch
from bertdemo.errors import ModelError
from bertdemo.evaluation.metrics import wilson
from bertdemo.evaluation.report import Interval
from bertdemo.export.package import load_calibrated
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.models.encoding import collate, encode
from bertdemo.prediction.predict import predict, softmax
from bertdemo.runs.store import Runs

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession
    from torch import Tensor

_NOISY = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")
_CLOSE = 1e-3  # of the largest logit, or of 1
_EXAMPLES = ("one short text", "another one that is a little longer than the first")
MOST_TEXTS = 1000
_WARM_UP = 5  # texts
_Logits = NDArray[np.float32]
_Answer = Callable[[str, str | None], _Logits]  # a text and its pair → logits (labels,)


def to_onnx(classifier: Classifier) -> ModelProto:
    """Return the classifier as an ONNX graph: token ids in, logits (texts, labels) out; any number of texts and tokens.

    Its metadata hold ``labels`` (JSON, in the order of the logits), ``max_length`` (tokens), ``padding`` (the side on
    which a batch is filled up: ``right``, ``left``; or ``none``, for texts of equally many tokens alone) and, where
    there is one, ``tokenizer`` (the text of a ``tokenizer.json``), whose ``encode_special_tokens`` is to be set as it
    says, for that is in no such text. The temperature is not applied: see ``load_calibrated``.

    Args:
        classifier: on the CPU, in fp32.

    Raises:
        ModelError: torch cannot write this architecture as ONNX, or what it wrote does not answer as the classifier.
    """
    import torch

    inputs, network = _example(classifier), _logits_of(classifier)
    free = torch.export.Dim.DYNAMIC
    try:
        with _quietly():
            program: Any = torch.onnx.export(
                network, kwargs=inputs, dynamo=True, verbose=False, input_names=list(inputs),
                output_names=["logits"], dynamic_shapes={name: {0: free, 1: free} for name in inputs},
            )  # fmt: skip
        model: ModelProto = program.model_proto
        _check(model, classifier, network)
    except Exception as error:  # of the exporter, or of a runtime that cannot compute what it wrote
        kind = classifier.model.config.model_type
        raise ModelError(f"A model of the kind {kind} cannot be written as ONNX yet: export it as a zip.") from error
    _describe(model, classifier)
    return model


def to_int8(model: ModelProto, file: Path) -> None:
    """Write ``model`` with its weights in 8 bits, a scale for each column, and activations scaled as they come.

    Dynamic quantisation: nothing is calibrated on data. The scale of the activations is that of the whole batch, so
    that an answer depends a little on the texts beside it.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    del model.graph.value_info[:]  # shapes inside of the graph, some of which quantisation changes
    with _quietly():
        quantize_dynamic(model, file, weight_type=QuantType.QInt8, per_channel=True)


def open_session(file: Path | bytes) -> InferenceSession:
    """Return the exported network, ready to run on the CPU."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    # Its threads would keep the cores busy after each answer, while the next form answers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return InferenceSession(file, options, providers=["CPUExecutionProvider"])


def compute(session: InferenceSession, inputs: dict[str, Tensor]) -> NDArray[np.float32]:
    """Return logits (texts, labels) of a batch as ``collate`` makes it.

    Inputs that the network ignores are in no graph.
    """
    read = {each.name for each in session.get_inputs()}
    logits: NDArray[np.float32] = session.run(None, {n: each.numpy() for n, each in inputs.items() if n in read})[0]
    return logits


def _example(classifier: Classifier, texts: Sequence[str] = _EXAMPLES) -> dict[str, Any]:
    return collate(classifier, encode(classifier, texts), range(len(texts)))


def _check(model: ModelProto, classifier: Classifier, network: Any) -> None:
    """Compare the graph, run by onnxruntime, with the network, on batches of several sizes.

    Raises:
        ArithmeticError: they differ; or another error of the runtime, which computes no batch of that size.
    """
    import numpy as np
    import torch

    session = open_session(model.SerializeToString())
    for texts in (_EXAMPLES[:1], [*_EXAMPLES, *_EXAMPLES], [_EXAMPLES[1] * 3]):
        inputs = _example(classifier, texts)
        with torch.inference_mode():
            expected = network(**inputs).numpy()
        if not np.allclose(compute(session, inputs), expected, atol=_CLOSE * max(1.0, float(abs(expected).max()))):
            raise ArithmeticError(f"the logits of {len(texts)} texts differ")


def _logits_of(classifier: Classifier) -> Any:
    from torch import nn

    class Logits(nn.Module):
        """The network without the record around its result."""

        def __init__(self) -> None:
            super().__init__()
            self.model = classifier.model.eval()

        def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
            segments = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
            logits: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask, **segments).logits
            return logits

    return Logits()


def _describe(model: ModelProto, classifier: Classifier) -> None:
    metadata = {
        "labels": json.dumps(classifier.label_names),
        "max_length": str(classifier.max_length),
        "padding": classifier.padding,
    }
    backend: Any = getattr(classifier.tokenizer, "backend_tokenizer", None)
    if backend is not None:
        metadata["tokenizer"] = backend.to_str()
        metadata["encode_special_tokens"] = str(backend.encode_special_tokens).lower()
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the exporters quiet, which tell in dozens of lines what they do; a failure is an exception all the same."""

    def is_ours(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR

    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in _NOISY}
    root.addFilter(is_ours)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.removeFilter(is_ours)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


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
        weights = sum(weight.numel() * weight.element_size() for weight in classifier.model.parameters())
        sizes = {"PyTorch fp32": weights} | {name: file.stat().st_size for name, file in files.items()}
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
