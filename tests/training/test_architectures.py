"""Other BERT-like architectures go through the same loop."""

from pathlib import Path

import pytest
import transformers
from torch import nn
from transformers import AutoTokenizer

from bertdemo.data.dataset import Dataset
from bertdemo.data.splitting import split as make_split
from bertdemo.models.checkpoints import load_classifier, save_classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from bertdemo.training.loading import load_for_training
from bertdemo.training.loop import train
from bertdemo.training.recipe import Recipe

SIZES = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 32, "intermediate_size": 64}
# DistilBERT spells them in its own way.
DISTIL = {"n_layers": 2, "n_heads": 2, "dim": 32, "hidden_dim": 64, "max_position_embeddings": 128}
SPECIAL = {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
ARCHITECTURES = {
    "DistilBert": DISTIL,
    "Roberta": SIZES | {"max_position_embeddings": 130, "type_vocab_size": 1},
    "Electra": SIZES | {"max_position_embeddings": 128, "embedding_size": 16},
    "ModernBert": SIZES | {"max_position_embeddings": 128},
    "DebertaV2": SIZES | {"max_position_embeddings": 128},  # has no fused attention
}

TEXTS = ("the coffee was wonderful", "a dirty room")
FP32 = choose_placement("fp32")


@pytest.fixture(params=ARCHITECTURES)
def base(request: pytest.FixtureRequest, tiny_base: Path, tmp_path: Path) -> Path:
    """A random model of this architecture, with the tokenizer of the tiny BERT."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    if request.param != "Electra":
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    config = getattr(transformers, f"{request.param}Config")(
        vocab_size=len(tokenizer), **SPECIAL, **ARCHITECTURES[request.param]
    )
    getattr(transformers, f"{request.param}Model")(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("precision", "lora_rank"), [("fp32", 0), ("bf16", 0), ("bf16", 4)])
def test_it_trains_saves_and_predicts(
    base: Path, precision: str, lora_rank: int, small_dataset: Dataset, tmp_path: Path
):
    recipe = Recipe(
        base=str(base), epochs=1, batch_size=16, learning_rate=1e-3, frozen_layers=1, precision=precision,
        lora_rank=lora_rank,
    )  # fmt: skip
    split = make_split(small_dataset, seed=0)
    classifier = load_for_training(recipe, split.dataset.label_names)
    folder = tmp_path / "kept"
    summary = train(classifier, split, recipe, lambda _: None, lambda: None, lambda c: save_classifier(c, folder))
    assert summary.steps == summary.planned_steps
    predictions = predict(load_classifier(folder), [*small_dataset.texts, "word " * 300])
    assert predictions.logits.shape == (61, 2)
    assert predictions.cut == 1
    save_classifier(classifier, folder)
    trained, kept = (predict(each, TEXTS, placement=FP32).logits for each in (classifier, load_classifier(folder)))
    assert trained == pytest.approx(kept, abs=1e-2 if lora_rank else 1e-5), "computed in fp32, whatever it learned in"


def test_dropout_is_set_in_every_spelling(base: Path):
    classifier = load_for_training(Recipe(base=str(base), dropout=0.37), ("a", "b"))
    rates = {m.p for m in classifier.model.modules() if isinstance(m, nn.Dropout)}
    assert rates <= {0.0, 0.37}
    assert 0.37 in rates
