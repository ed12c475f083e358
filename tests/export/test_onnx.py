"""One ONNX file is enough: it answers as the classifier does, with nothing but onnxruntime and tokenizers."""

import json

import numpy as np
import onnx
import pytest
import torch
from tokenizers import Tokenizer

from bertdemo.errors import ModelError
from bertdemo.export import onnx as onnx_export
from bertdemo.export.onnx import measure, open_session, to_int8, to_onnx
from bertdemo.export.package import load_calibrated
from bertdemo.models.encoding import collate, encode
from bertdemo.prediction.predict import predict, softmax
from tests.export.conftest import EXACT, LABELS
from tests.export.test_package import a_classifier

TEXTS = ["cold", "the coffee was wonderful and the staff were kind", "漢字 😀", "", "a lovely room " * 30]


def answer(session, classifier, texts):
    encoded = encode(classifier, texts)
    inputs = collate(classifier, encoded, range(len(texts)))
    return session.run(["logits"], {name: tensor.numpy() for name, tensor in inputs.items()})[0]


@pytest.fixture(scope="module")
def calibrated(runs):
    return load_calibrated(runs, "finished")


@pytest.fixture(scope="module")
def file(calibrated, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    path.write_bytes(to_onnx(calibrated).SerializeToString())
    return path


def test_any_number_of_texts_of_any_length_gets_the_same_logits(file, calibrated):
    session = open_session(file)
    for texts in (TEXTS, TEXTS[:1], TEXTS[1:3], TEXTS[-1:] * 7):
        assert np.allclose(
            answer(session, calibrated, texts), predict(calibrated, texts, placement=EXACT).logits, atol=1e-5
        )


def test_the_file_is_valid_and_holds_labels_length_and_tokenizer(file, calibrated):
    onnx.checker.check_model(str(file), full_check=True)
    metadata = open_session(file).get_modelmeta().custom_metadata_map
    assert tuple(json.loads(metadata["labels"])) == LABELS
    assert int(metadata["max_length"]) == calibrated.max_length
    assert metadata["padding"] == "right"
    tokenizer = Tokenizer.from_str(metadata["tokenizer"])
    tokenizer.encode_special_tokens = json.loads(metadata["encode_special_tokens"])
    texts = [*TEXTS, "cold [SEP] coffee [MASK]"]
    expected = [row.tolist() for row in encode(calibrated, texts).ids]
    assert [tokenizer.encode(text).ids for text in texts] == expected


def test_int8_is_smaller_and_keeps_labels_and_metadata(file, calibrated, split, tmp_path):
    to_int8(onnx.load(file), tmp_path / "int8.onnx")
    assert (tmp_path / "int8.onnx").stat().st_size < file.stat().st_size
    session = open_session(tmp_path / "int8.onnx")
    metadata = session.get_modelmeta().custom_metadata_map
    assert tuple(json.loads(metadata["labels"])) == LABELS
    texts = split.dataset.texts
    found = softmax(np.vstack([answer(session, calibrated, [text]) for text in texts]))
    expected = predict(calibrated, texts, placement=EXACT).probabilities
    assert np.abs(found - expected).max() < 0.1
    sure = expected.max(axis=1) > 0.6
    assert sure.any()
    assert np.array_equal(found.argmax(axis=1)[sure], expected.argmax(axis=1)[sure])


@pytest.mark.parametrize(
    "kind", ["distilbert", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("roberta", "electra"))]
)
def test_other_architectures_are_written_too(kind, calibrated, tmp_path):
    classifier = a_classifier(kind, calibrated.tokenizer, 1.0)
    (tmp_path / "model.onnx").write_bytes(to_onnx(classifier).SerializeToString())
    session = open_session(tmp_path / "model.onnx")
    names = {each.name for each in session.get_inputs()}
    encoded = encode(classifier, TEXTS)
    inputs = collate(classifier, encoded, range(len(TEXTS)))
    found = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items() if name in names})[0]
    assert np.allclose(found, predict(classifier, TEXTS, placement=EXACT).logits, atol=1e-3)


class Unwritable(torch.nn.Module):
    def forward(self, input_ids, attention_mask, token_type_ids):
        raise NotImplementedError


class Otherwise(torch.nn.Module):
    def forward(self, input_ids, attention_mask, token_type_ids):
        total = (input_ids + attention_mask + token_type_ids).sum(1)
        return torch.stack([total, -total], 1) * (2.0 if torch.compiler.is_exporting() else 1.0)


@pytest.mark.parametrize(
    ("network", "cause"), [(Unwritable, torch.onnx.OnnxExporterError), (Otherwise, ArithmeticError)]
)
def test_what_cannot_be_written_or_answers_otherwise_is_one_sentence(calibrated, monkeypatch, network, cause):
    monkeypatch.setattr(onnx_export, "_logits_of", lambda _: network())
    with pytest.raises(ModelError, match="bert cannot be written as ONNX") as told:
        to_onnx(calibrated)
    assert isinstance(told.value.__cause__, cause)


def test_the_table_sets_all_forms_side_by_side(runs):
    original, exported, small = measure(runs, "finished", most=10)
    assert [each.form for each in (original, exported, small)] == ["PyTorch fp32", "ONNX fp32", "ONNX int8"]
    assert {each.texts for each in (original, exported, small)} == {10}
    assert (original.agreement, exported.agreement, original.difference) == (1.0, 1.0, 0.0)
    assert exported.difference < 1e-5
    assert exported.accuracy == original.accuracy
    assert small.bytes < exported.bytes
    assert small.agreement_interval.low <= small.agreement <= small.agreement_interval.high
    assert all(each.milliseconds > 0 for each in (original, exported, small))
