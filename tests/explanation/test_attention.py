"""Attention weights are those of the very prediction, for every architecture that we offer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import transformers

from benchmarks.tiny_bases import spread, tiny_config
from bertdemo.errors import ExplanationError
from bertdemo.explanation.attention import attention, read_at
from bertdemo.explanation.heads import logits_with_ablated_heads
from bertdemo.explanation.norms import norm_weighted
from bertdemo.explanation.relevance import relevance
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from tests.explanation.architectures import ARCHITECTURES, LABELS, TEXT, classifier_of, hooks


@pytest.fixture(scope="module", params=ARCHITECTURES)
def classifier(request: pytest.FixtureRequest, tiny_base: Path) -> Classifier:
    return classifier_of(request.param, tiny_base)


@pytest.mark.parametrize("pair", [None, "a lovely room"])
def test_logits_are_those_of_the_prediction_and_rows_of_weights_sum_to_1(classifier: Classifier, pair: str | None):
    tokenized = tokenize_with_words(classifier, TEXT, pair)
    found = attention(classifier, tokenized)
    predicted = predict(classifier, [TEXT], None if pair is None else [pair], placement=choose_placement("fp32"))
    assert np.allclose(found.logits, predicted.logits[0], atol=1e-5)
    assert found.weights.shape == (3, 4, len(tokenized), len(tokenized))
    assert found.weights.dtype == np.float32
    assert (found.weights >= 0).all()
    assert np.allclose(found.weights.sum(axis=-1), 1, atol=1e-5)


def test_a_head_that_is_off_changes_the_answer_and_where_later_layers_look_and_nothing_below(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    before, after = attention(classifier, tokenized), attention(classifier, tokenized, {(1, 2)})
    assert np.allclose(after.weights[:2], before.weights[:2], atol=1e-6)
    assert not np.allclose(after.weights[2], before.weights[2], atol=1e-4)
    assert not np.allclose(after.logits, before.logits, atol=1e-4)


def test_the_shared_model_is_left_as_it_was(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    attention(classifier, tokenized)
    hooked, before = hooks(classifier.model), attention(classifier, tokenized)
    attention(classifier, tokenized, {(0, 0)})
    with pytest.raises(IndexError):
        attention(classifier, _nonsense(tokenized), {(0, 0)})
    assert hooks(classifier.model) == hooked
    assert np.array_equal(attention(classifier, tokenized).logits, before.logits)


def _nonsense(tokenized: TokenizedText) -> TokenizedText:
    """A reading with an id that no vocabulary has: the model breaks in its first step."""
    ids = np.full_like(tokenized.ids, 10**6)
    return TokenizedText(
        tokenized.text, None, ids, tokenized.segments, tokenized.tokens, tokenized.words, truncated=False
    )


def test_one_word_and_text_of_no_known_words_have_attention(classifier: Classifier):
    for text in ("coffee", "🙂", "coffee [CLS]", "<script>alert(1)</script>", "我 \u200b"):
        tokenized = tokenize_with_words(classifier, text)
        assert attention(classifier, tokenized).weights.shape[-1] == len(tokenized)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ((3, 0), "no layer 4: this model has layers 1 to 3"), ((-1, 0), "no layer 0: this model has layers 1 to 3"),
        ((0, 4), "no head 5: the layers of this model have heads 1 to 4"), ((0, -1), "no head 0: the layers"),
    ],
)  # fmt: skip
def test_a_head_that_is_not_there_is_refused_in_a_sentence_that_counts_from_1(classifier: Classifier, head, words):
    with pytest.raises(ExplanationError, match=words):
        attention(classifier, tokenize_with_words(classifier, TEXT), {head})


@pytest.mark.parametrize("architecture", ["albert", "mpnet", "deberta-v2", "gpt2", "nomic_bert"])
def test_any_architecture_that_tells_its_weights_is_shown_and_its_heads_stay_on(architecture: str, tiny_base: Path):
    classifier = unknown(architecture, tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    found = attention(classifier, tokenized)
    assert found.weights.shape == (2, 4, len(tokenized), len(tokenized))
    assert np.allclose(found.weights.sum(axis=-1), 1, atol=1e-5)
    assert np.allclose(found.logits, predict(classifier, [TEXT], placement=choose_placement("fp32")).logits, atol=1e-5)
    assert relevance(classifier, tokenized, 0).shape == (2, len(tokenized))
    for use in (attention, logits_with_ablated_heads, norm_weighted):
        with pytest.raises(ExplanationError, match=f"heads of the architecture {architecture} cannot be switched off"):
            use(classifier, tokenized, {(0, 1)})


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        ("bart", "has an encoder and a decoder"), ("fnet", "does not tell the weights"),
        ("longformer", "does not have each token look at every other"), ("gpt_oss", "has weights that are no shares"),
    ],
)  # fmt: skip
def test_attention_that_is_no_share_of_each_token_is_refused_in_a_sentence(
    architecture: str, reason: str, tiny_base: Path
):
    classifier = unknown(architecture, tiny_base)
    with pytest.raises(ExplanationError, match=f"cannot be shown for the architecture {architecture}, which {reason}"):
        attention(classifier, tokenize_with_words(classifier, TEXT))


def unknown(architecture: str, tiny_base: Path) -> Classifier:
    """A complete classifier whose layout of heads is not known."""
    config = tiny_config(architecture, vocab_size=400, pad_token_id=0, eos_token_id=3)
    config.num_labels = len(LABELS)
    model = transformers.AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").eval()
    spread(model)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_base)
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    return Classifier(model, tokenizer, LABELS, 60)


def test_a_classifier_loaded_for_predicting_says_that_it_cannot_be_looked_into(tiny_base: Path, tmp_path: Path):
    save_classifier(load_base(str(tiny_base), ("a", "b"), dropout=0.1, max_length=32), tmp_path / "model")
    predicting, complete = (
        load_classifier(tmp_path / "model"),
        load_classifier(tmp_path / "model", output_attentions=True),
    )
    with pytest.raises(ExplanationError, match="loaded for predicting alone"):
        attention(predicting, tokenize_with_words(predicting, TEXT))
    predicted = predict(predicting, [TEXT], placement=choose_placement("fp32")).logits[0]
    assert np.allclose(attention(complete, tokenize_with_words(complete, TEXT)).logits, predicted, atol=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_lies_on_disk_can_be_looked_into_and_answers_as_it_predicts(
    architecture: str, tiny_base: Path, tmp_path: Path
):
    save_classifier(classifier_of(architecture, tiny_base), tmp_path / "model")
    predicting, complete = (
        load_classifier(tmp_path / "model"),
        load_classifier(tmp_path / "model", output_attentions=True),
    )
    predicted = predict(predicting, [TEXT], placement=choose_placement("fp32")).logits[0]
    found = attention(complete, tokenize_with_words(complete, TEXT))
    assert np.allclose(found.logits, predicted, atol=1e-5)
    assert found.weights.shape[:2] == (3, 4)


def test_heads_of_classification_read_the_first_token_or_the_mean_of_all(tiny_base: Path):
    of = {"bert": {}, "modernbert": {}, "mean": {"classifier_pooling": "mean"}}
    known = [classifier_of("modernbert" if name == "mean" else name, tiny_base, **more) for name, more in of.items()]
    assert [read_at(each, tokenize_with_words(each, TEXT)) for each in known] == [0, 0, None]


@pytest.mark.parametrize(("architecture", "token"), [("albert", 0), ("gpt2", -1), ("gte", 0), ("squeezebert", 0)])
def test_of_other_architectures_the_token_that_is_read_is_the_one_that_has_a_gradient(
    architecture: str, token: int, tiny_base: Path
):
    classifier = unknown(architecture, tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    assert read_at(classifier, tokenized) == token % len(tokenized)
