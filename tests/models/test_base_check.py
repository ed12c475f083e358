"""What a base needs is found out by trying; what is wrong with one is a sentence before anything is trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoTokenizer, T5Tokenizer

from bertdemo.errors import ModelError
from bertdemo.models.base_check import probe
from bertdemo.models.catalog import find_base
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.models.classifier import Classifier, is_mixture_of_experts
from bertdemo.models.devices import Placement
from bertdemo.models.encoding import batches_by_length, encode
from bertdemo.models.files import require_base
from bertdemo.models.vocabulary import open_tokenizer
from bertdemo.prediction.predict import predict
from bertdemo.prediction.single import predict_one
from tests.conftest import COMPLAINTS, PRAISE
from tests.models.bases import change_weights, configure, copy_of, make_base, remove

LABELS = ("bad", "good", "so-so")
EXACT = Placement("cpu", "fp32", "CPU", "for tests")
WORDS = (*PRAISE[0].split(), *COMPLAINTS[0].split())
TEXTS = [" ".join(WORDS[i % 7 :][: 1 + (5 * i) % 13]) for i in range(24)]  # of 1 to 13 words


def load(base: Path, max_length: int = 100) -> Classifier:
    return load_base(str(base), LABELS, dropout=0.0, max_length=max_length)


@pytest.mark.parametrize(
    ("kind", "padding"),
    [("gpt2", "right"), ("bart", "right"), ("xlnet", "left"), ("convbert", "none"), ("fnet", "none"),
     ("mobilebert", "none")],
)  # fmt: skip
def test_a_text_is_answered_alike_alone_and_in_a_file(kind: str, padding: str, tiny_base: Path, tmp_path: Path) -> None:
    save_classifier(load(make_base(tmp_path / "base", tiny_base, kind)), tmp_path / "kept")
    classifier = load_classifier(tmp_path / "kept")
    assert classifier.padding == padding
    alone = np.concatenate([predict(classifier, [text], placement=EXACT).logits for text in TEXTS])
    assert np.ptp(alone, axis=0).max() > 1e-3
    np.testing.assert_allclose(predict(classifier, TEXTS, placement=EXACT).logits, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("mra", "answers every text alike on this computer"),
        ("reformer", "answers differently each time"),
        ("canine", "fails on texts of a few tokens"),
    ],
)
def test_an_architecture_that_cannot_be_trusted_is_refused(kind: str, told: str, tiny_base: Path, tmp_path: Path):
    with pytest.raises(ModelError, match=told):
        load(make_base(tmp_path, tiny_base, kind))


@pytest.mark.parametrize(("kind", "most"), [("mpnet", 126), ("roberta", 126), ("albert", 128)])
def test_texts_are_cut_where_the_positions_end(kind: str, most: int, tiny_base: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path, tiny_base, kind, pad_token_id=0 if kind == "albert" else 1)
    configure_tokenizer(base, model_max_length=10**30)
    classifier = load(base, max_length=400)
    assert classifier.max_length == most
    assert np.isfinite(predict(classifier, ["the coffee " * 300], placement=EXACT).logits).all()
    assert find_base(str(base)).max_length == most


def test_a_length_that_the_configuration_promises_in_vain_is_found_by_trying(tiny_base: Path, tmp_path: Path) -> None:
    classifier = load(make_base(tmp_path, tiny_base, "megatron-bert", max_position_embeddings=90))
    assert probe(replace(classifier, max_length=128)).max_length == 90


def configure_tokenizer(base: Path, **values: object) -> None:
    file = base / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.mark.parametrize("kind", ["albert", "funnel", "rembert", "xlnet"])
def test_the_two_texts_of_a_pair_are_told_apart(kind: str, tiny_base: Path, tmp_path: Path) -> None:
    encoded = encode(load(make_base(tmp_path, tiny_base, kind)), ["the coffee"], ["was cold"])
    assert encoded.segments is not None
    assert set(encoded.segments[0]) >= {0, 1}


def test_a_model_of_one_kind_of_segment_gets_none(tiny_base: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path, tiny_base, "mpnet")
    configure_tokenizer(base, model_input_names=["input_ids", "token_type_ids", "attention_mask"])
    assert encode(load(base), ["the coffee"], ["was cold"]).segments is None


def without_layer(weights: dict) -> dict:
    return {name: weight for name, weight in weights.items() if "layer.1." not in name}


def with_prefix(prefix: str) -> Callable[[dict], dict]:
    return lambda weights: {prefix + name: weight for name, weight in weights.items()}


def with_distances(weights: dict) -> dict:
    return weights | {"encoder.layer.0.attention.self.distance_embedding.weight": torch.zeros(9, 16)}


def with_nan(weights: dict) -> dict:
    return weights | {"encoder.layer.0.output.dense.bias": torch.full((32,), torch.nan)}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without_layer, r"16 of \d+ weights are missing"),
        (with_prefix("model."), r"\d\d of \d+ weights are missing"),
        (with_prefix("module.bert."), r"\d\d of \d+ weights are missing"),
        (with_distances, "transformers leaves out .such as encoder.layer.0.attention.self.distance_embedding"),
        (with_nan, "1 weights .* are not numbers"),
    ],
)
def test_a_base_whose_weights_do_not_all_count_is_refused(change, told: str, tiny_base: Path, tmp_path: Path) -> None:
    base = copy_of(tiny_base, tmp_path / "base")
    change_weights(base, change)
    with pytest.raises(ModelError, match=told):
        load(base)


def test_relative_positions_that_transformers_leaves_out_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    base = copy_of(tiny_base, tmp_path / "base")
    configure(base, position_embedding_type="relative_key_query")
    with pytest.raises(ModelError, match=r"leaves out .such as position_embedding_type relative_key_query"):
        load(base)


@pytest.mark.parametrize("change", [with_prefix("bert."), lambda w: {k: v for k, v in w.items() if "pooler" not in k}])
def test_a_base_that_was_trained_to_fill_in_words_is_read(change, tiny_base: Path, tmp_path: Path) -> None:
    base = copy_of(tiny_base, tmp_path / "base")
    change_weights(base, change)
    configure(base, architectures=["BertForMaskedLM"])
    wanted = load(tiny_base).model.base_model.encoder.state_dict()
    assert all(weight.equal(wanted[name]) for name, weight in load(base).model.base_model.encoder.state_dict().items())


@pytest.mark.parametrize("change", [without_layer, lambda w: {k: v for k, v in w.items() if "classifier" not in k},
                                    lambda w: {k: v for k, v in w.items() if "pooler" not in k}])  # fmt: skip
def test_a_damaged_model_of_a_run_is_refused_and_not_made_up(change, tiny_base: Path, tmp_path: Path) -> None:
    save_classifier(load(tiny_base), tmp_path / "model")
    change_weights(tmp_path / "model", change)
    with pytest.raises(ModelError, match="weights are missing"):
        load_classifier(tmp_path / "model")


@pytest.mark.parametrize("labels", [["a", "b"], {"LABEL_0": "a", "LABEL_1": "b"}])
def test_what_a_base_says_of_old_labels_does_not_matter(labels: object, tiny_base: Path, tmp_path: Path) -> None:
    base = copy_of(tiny_base, tmp_path / "base")
    configure(base, id2label=labels, label2id={"a": "LABEL_0"})
    assert load(base).model.config.id2label == dict(enumerate(LABELS))


def test_an_adapter_beside_a_whole_model_is_left_alone(tiny_base: Path, tmp_path: Path) -> None:
    base = copy_of(tiny_base, tmp_path / "base")
    (base / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "nowhere", "peft_type": "LORA"}))
    (base / "adapter_model.safetensors").write_bytes(b"of something else")
    require_base(find_base(str(base)))
    texts = predict(load(base), TEXTS, placement=EXACT), predict(load(tiny_base), TEXTS, placement=EXACT)
    np.testing.assert_allclose(texts[0].logits, texts[1].logits, atol=1e-6)


def test_a_folder_without_a_tokenizer_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    base = copy_of(tiny_base, tmp_path / "base")
    remove(base, "tokenizer.json", "tokenizer_config.json")
    with pytest.raises(ModelError, match="lacks the tokenizer"):
        require_base(find_base(str(base)))
    with pytest.raises(ModelError, match="reads nothing but unknown tokens"):
        load(base)


def test_a_shard_that_is_missing_is_named(tiny_base: Path, tmp_path: Path) -> None:
    base = copy_of(tiny_base, tmp_path / "base")
    (base / "model.safetensors").rename(base / "model-00001-of-00002.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (base / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"lacks model-00002-of-00002\.safetensors"):
        require_base(find_base(str(base)))


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_weights_that_were_copied_in_part_are_refused(share: float, tiny_base: Path, tmp_path: Path) -> None:
    base = copy_of(tiny_base, tmp_path / "base")
    file = base / "model.safetensors"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(ModelError, match=r"model\.safetensors of the base .* is damaged or only half there"):
        require_base(find_base(str(base)))


def test_a_package_that_a_tokenizer_needs_is_named(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("You need to install fugashi to use MecabTokenizer.")

    monkeypatch.setattr(AutoTokenizer, "from_pretrained", lacks)
    with pytest.raises(ModelError, match=r"needs a Python package that is not installed: .*fugashi"):
        load(tiny_base)


def test_batches_of_one_length_lose_no_row() -> None:
    lengths = [3, 1, 3, 2, 1, 3, 3]
    batches = batches_by_length(range(7), lengths, 2, "none")
    assert batches == [[1, 4], [3], [0, 2], [5, 6]]


TEXT = "a </s> <pad> b [SEP] <mask> [PAD] c 💕"


@pytest.fixture(scope="module")
def unigram_base(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A T5 whose unigram model has its special tokens among its pieces, as all have that come from SentencePiece."""
    folder = tmp_path_factory.mktemp("t5")
    letters = sorted({letter for text in TEXTS for letter in text} | set("</sp>bc[SEP]mkADd▁") - {" "})
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((letter, -5.0) for letter in letters)]
    tokenizer = T5Tokenizer(vocab=pieces, extra_ids=0)
    sizes = {"d_model": 32, "num_layers": 2, "num_heads": 2, "d_kv": 16, "d_ff": 64, "vocab_size": len(tokenizer)}
    make_base(folder, tiny_base, "t5", **sizes, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", ["bert", "bart", "t5"])
def test_special_tokens_in_a_text_are_the_characters_they_are(
    kind: str, tiny_base: Path, unigram_base: Path, tmp_path: Path
) -> None:
    base = {"bert": tiny_base, "t5": unigram_base}.get(kind) or make_base(tmp_path / "base", tiny_base, kind)
    save_classifier(load(base), tmp_path / "kept")
    for classifier in (load(base), load_classifier(tmp_path / "kept")):
        (ids,) = encode(classifier, [TEXT]).ids
        special = {*classifier.tokenizer.all_special_ids} - {classifier.tokenizer.unk_token_id}
        around = encode(classifier, ["a"]).ids[0]
        assert sum(i in special for i in ids) == sum(i in special for i in around)
        assert kind == "t5" or "💕" in classifier.tokenizer.convert_ids_to_tokens(ids)
        assert predict(classifier, [TEXT, "a"], placement=EXACT).logits.shape == (2, 3)
        assert len(predict_one(classifier, TEXT).pieces) == len(ids)
        page = open_tokenizer(base / "tokenizer.json")
        assert page.encode(TEXT).ids == ids.tolist()


def test_the_page_reads_as_training_does_whatever_the_file_says(tiny_base: Path, tmp_path: Path) -> None:
    base = copy_of(tiny_base, tmp_path / "base")
    file = base / "tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"normalizer": None}))
    configure_tokenizer(base, tokenizer_class="BertTokenizer", do_lower_case=True)
    text = "THE Coffee was COLD"
    assert open_tokenizer(file).encode(text).ids == encode(load(base), [text]).ids[0].tolist()


@pytest.mark.parametrize(
    ("architecture", "settings", "experts"),
    [
        ("mixtral", {"num_local_experts": 8}, True),
        ("deepseek_v3", {"n_routed_experts": 8}, True),
        ("qwen2_moe", {"num_experts": 1}, False),
        ("doge", {"is_moe": False}, False),
        ("bert", {}, False),
    ],
)
def test_a_mixture_of_experts_is_told_by_its_settings(architecture: str, settings: dict[str, object], experts: bool):
    assert is_mixture_of_experts(AutoConfig.for_model(architecture, **settings)) is experts


def test_what_is_mixture_of_experts_computes_in_fp32(tiny_base: Path) -> None:
    classifier = load(tiny_base)
    rounded = Placement("cpu", "bf16", "a CPU", "bf16 on 2 threads")
    assert classifier.suit(rounded) == rounded
    classifier.model.config.num_experts = 4
    assert classifier.suit(rounded).precision == "fp32"
