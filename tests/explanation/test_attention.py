"""Attention weights, and the three ways to weigh them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from transformers.models.bert import modeling_bert

from benchmarks.tiny_bases import spread, tiny_config
from bertdemo.errors import ExplanationError
from bertdemo.explanation.attention import attention, norm_weighted, read_at, relevance, rollout
from bertdemo.explanation.blocks import inputs_of
from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.heads import logits_with_ablated_heads
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from tests.explanation.architectures import ARCHITECTURES, LABELS, TEXT, classifier_of, hooks

WIDTH = 8  # of a head
STEP = 1e-5


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


def test_it_is_the_length_of_the_transformed_vector_times_the_weight(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    tokenized = tokenize_with_words(classifier, "cold soup, kind staff")
    weights, found = attention(classifier, tokenized).weights, norm_weighted(classifier, tokenized)
    with torch.no_grad():
        states = classifier.model(**inputs_of(classifier, tokenized), output_hidden_states=True).hidden_states
    assert found.shape == weights.shape
    for layer, head, i, j in np.ndindex(*weights.shape):
        block = classifier.model.bert.encoder.layer[layer].attention
        mine = slice(head * WIDTH, (head + 1) * WIDTH)
        with torch.no_grad():
            value = block.self.value.weight[mine] @ states[layer][0, j] + block.self.value.bias[mine]
            moved = weights[layer, head, i, j] * (block.output.dense.weight[:, mine] @ value)
        assert found[layer, head, i, j] == pytest.approx(float(moved.norm()), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_is_a_weight_times_a_length_that_belongs_to_the_token_looked_at(architecture: str, tiny_base: Path):
    classifier = classifier_of(architecture, tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    found, weights = norm_weighted(classifier, tokenized), attention(classifier, tokenized).weights
    assert found.dtype == np.float32
    assert (found >= 0).all()
    lengths = found.sum(axis=2) / weights.sum(axis=2)  # (layers, heads, tokens): the same for every token that looks
    assert np.allclose(found, weights * lengths[:, :, None], atol=1e-5)
    assert (lengths > 0).all()


def test_later_layers_give_something_else_once_a_head_is_off(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    before, after = norm_weighted(classifier, tokenized), norm_weighted(classifier, tokenized, {(0, 1)})
    assert np.allclose(before[0], after[0], atol=1e-6)
    assert not np.allclose(before[1], after[1], atol=1e-4)


def random_weights(layers: int, heads: int, tokens: int, seed: int) -> NDArray[np.float32]:
    weights = np.random.default_rng(seed).exponential(size=(layers, heads, tokens, tokens))
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def share_by_paths(weights: NDArray[np.float32], reader: int, source: int) -> float:
    """Sum over all paths from ``source`` up to ``reader`` of the product of their steps."""
    layers, _, tokens, _ = weights.shape
    total = 0.0
    for between in itertools.product(range(tokens), repeat=layers - 1):
        path, product = (source, *between, reader), 1.0
        for layer, (lower, upper) in enumerate(itertools.pairwise(path)):
            product *= 0.5 * float(weights[layer, :, upper, lower].mean()) + (0.5 if upper == lower else 0.0)
        total += product
    return total


@given(layers=st.integers(1, 3), heads=st.integers(1, 3), tokens=st.integers(1, 4), seed=st.integers(0, 999))
def test_it_is_the_sum_over_all_paths_through_the_layers(layers: int, heads: int, tokens: int, seed: int):
    weights = random_weights(layers, heads, tokens, seed)
    for layer, row in enumerate(rollout(weights)):
        expected = [share_by_paths(weights[: layer + 1], 0, source) for source in range(tokens)]
        assert np.allclose(row, expected, atol=1e-6)


@given(layers=st.integers(1, 12), tokens=st.integers(1, 20), seed=st.integers(0, 999))
def test_shares_sum_to_1_and_the_mean_of_all_readers_is_none(layers: int, tokens: int, seed: int):
    weights = random_weights(layers, 2, tokens, seed)
    shares = rollout(weights)
    assert shares.shape == (layers, tokens)
    assert (shares >= 0).all()
    assert np.allclose(shares.sum(axis=-1), 1, atol=1e-6)
    readers = np.mean([rollout(weights, read_at=reader) for reader in range(tokens)], axis=0)
    assert np.allclose(rollout(weights, read_at=None), readers)


def test_a_model_that_looks_at_itself_alone_carries_nothing():
    weights = np.broadcast_to(np.eye(5, dtype=np.float32), (4, 2, 5, 5))
    assert np.array_equal(rollout(weights), np.eye(5)[[0, 0, 0, 0]])


class Nudge:
    """Attention whose one weight can be moved by a little."""

    def __init__(self, attend) -> None:
        self._attend = attend
        self.where, self.by = (0, 0, 0, 0), 0.0

    def __call__(self, module, query, key, value, mask, **options):
        _, weights = self._attend(module, query, key, value, mask, **options)
        layer, head, row, column = self.where
        if module.layer_idx == layer:
            weights = weights.clone()
            weights[0, head, row, column] += self.by
        return (weights @ value).transpose(1, 2).contiguous(), weights


@pytest.fixture
def nudge(monkeypatch: pytest.MonkeyPatch) -> Nudge:
    nudge = Nudge(modeling_bert.eager_attention_forward)
    monkeypatch.setattr(modeling_bert, "eager_attention_forward", nudge)
    return nudge


def slow_gradient(
    classifier: Classifier, tokenized: TokenizedText, nudge: Nudge, where, target: int, against: int | None
):
    outputs = []
    for sign in (-1, 1):
        nudge.where, nudge.by = where, sign * STEP
        with torch.no_grad():
            logits = classifier.model(**inputs_of(classifier, tokenized)).logits[0]
        outputs.append(float(logits[target] - (0 if against is None else logits[against])))
    nudge.by = 0.0
    return (outputs[1] - outputs[0]) / (2 * STEP)


@pytest.mark.parametrize(("target", "against"), [(1, None), (2, 0)])
def test_it_is_the_sum_of_positive_gradients_times_weights(tiny_base: Path, nudge: Nudge, target: int, against):
    classifier = classifier_of("bert", tiny_base, num_hidden_layers=2, num_attention_heads=2)
    classifier.model.double()
    tokenized = tokenize_with_words(classifier, "cold soup")
    weights = attention(classifier, tokenized).weights.astype(np.float64)
    tokens = len(tokenized)
    so_far = np.eye(tokens)
    for layer, row in enumerate(relevance(classifier, tokenized, target, against)):
        step = np.zeros((tokens, tokens))
        for head, i, j in np.ndindex(2, tokens, tokens):
            gradient = slow_gradient(classifier, tokenized, nudge, (layer, head, i, j), target, against)
            step[i, j] += max(0.0, gradient * weights[layer, head, i, j]) / 2
        so_far = so_far + step @ so_far
        assert np.allclose(row, so_far[0], atol=1e-5)
    assert so_far[0, 1:].max() > 1e-3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_is_not_negative_and_never_falls_from_layer_to_layer(architecture: str, tiny_base: Path):
    classifier = classifier_of(architecture, tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    found = relevance(classifier, tokenized, 1)
    assert found.shape == (3, len(tokenized))
    assert (found >= 0).all()
    assert found[0, 0] >= 1
    assert (np.diff(found, axis=0) >= 0).all()


def test_a_padding_token_that_somebody_typed_keeps_its_position(tiny_base: Path, monkeypatch: pytest.MonkeyPatch):
    classifier = classifier_of("roberta", tiny_base)
    tokenized, seen = tokenize_with_words(classifier, "the coffee [PAD] was cold"), []
    monkeypatch.setattr(
        ExplainedOutput, "of", lambda self, logits: seen.append(logits.detach()) or logits[:, self.target]
    )
    relevance(classifier, tokenized, 1)
    assert np.allclose(seen[0][0], attention(classifier, tokenized).logits, atol=1e-5)


def test_the_mean_of_all_tokens_is_followed_where_the_head_reads_it(tiny_base: Path):
    classifier = classifier_of("modernbert", tiny_base, classifier_pooling="mean")
    tokenized = tokenize_with_words(classifier, TEXT)
    assert (relevance(classifier, tokenized, 0)[0] >= 1 / len(tokenized) - 1e-9).all()


def test_no_gradient_and_no_hook_is_left_on_the_model(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    relevance(classifier, tokenized, 0)
    before = hooks(classifier.model)
    silent = {(layer, head) for layer in range(3) for head in range(4)}
    with torch.no_grad():  # whoever calls may have switched gradients off
        off = relevance(classifier, tokenized, 0, switched_off=silent)
    assert np.allclose(off, np.eye(len(tokenized))[0])  # what no head hands on moves nothing
    assert hooks(classifier.model) == before
    assert all(parameter.grad is None for parameter in classifier.model.parameters())


def test_weights_that_ask_for_no_gradient_do_not_matter(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    expected = relevance(classifier, tokenized, 0)
    classifier.model.requires_grad_(False)
    assert np.allclose(relevance(classifier, tokenized, 0), expected)


def test_a_classifier_loaded_for_predicting_is_refused(tiny_base: Path):
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=32)
    with pytest.raises(ExplanationError, match="loaded for predicting alone"):
        relevance(classifier, tokenize_with_words(classifier, TEXT), 0)
