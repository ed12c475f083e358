"""Every method of attribution under the same record, and what each of them promises."""

from __future__ import annotations

import itertools
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bertdemo import registry
from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation import methods
from bertdemo.explanation.attribution import BASELINE_SENTENCES, BASELINES, baseline_vectors
from bertdemo.explanation.function import logits_of, word_vectors
from bertdemo.explanation.integrated_gradients import integrated_gradients
from bertdemo.explanation.methods import METHODS, attribute, kernel_shap
from bertdemo.explanation.methods.method import Method
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.classifier import Classifier
from tests.explanation.architectures import ARCHITECTURES, classifier_of
from tests.explanation.explained import TEXT, smooth

OFFERED = [name for name in METHODS if name != "deeplift"]
SAMPLED = [name for name in OFFERED if METHODS[name].samples]


@pytest.fixture
def classifier(tiny_base: Path) -> Classifier:
    return replace(smooth(tiny_base), only_fp32=True)


@pytest.mark.parametrize("method", OFFERED)
def test_methods_that_only_ask_for_outputs_may_do_so_in_bf16(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, method: str
):
    tokenized = tokenize_with_words(classifier, TEXT)
    exact = attribute(classifier, tokenized, method, 1)
    monkeypatch.setattr("bertdemo.explanation.methods.method.rounds", lambda _: True)
    found, again = (attribute(classifier, tokenized, method, 1) for _ in range(2))
    assert found.precision == ("bf16" if METHODS[method].rounds else "fp32")
    assert np.abs(found.scores - again.scores).max() <= 1e-5
    assert np.corrcoef(found.word_scores, exact.word_scores)[0, 1] > 0.99
    assert found.output == pytest.approx(exact.output, abs=1e-5)


def outputs(
    classifier: Classifier, tokenized: TokenizedText, kept: list[set[int]], baseline: str = "pad"
) -> list[float]:
    """Logits of label 1 where only these words have vectors of their own."""
    x, b = word_vectors(classifier, tokenized), baseline_vectors(classifier, tokenized, baseline)
    own = torch.tensor([[token.word is None or token.word in words for token in tokenized.tokens] for words in kept])
    with torch.inference_mode():
        return logits_of(classifier, tokenized, torch.where(own[..., None], x, b))[:, 1].tolist()


@pytest.mark.parametrize("method", OFFERED)
@pytest.mark.parametrize("baseline", ["mask", "average"])
def test_every_method_keeps_what_its_record_says(classifier: Classifier, method: str, baseline: str):
    tokenized, kind = tokenize_with_words(classifier, TEXT, "a second text"), METHODS[method]
    found = attribute(classifier, tokenized, method, 1, 2, baseline=baseline)
    assert kind.why_not(classifier) is None
    assert found.scores.shape == (len(tokenized),)
    assert np.isfinite(found.scores).all()
    assert found.word_scores.sum() + found.other == pytest.approx(found.scores.sum(), abs=1e-6)
    assert (found.method, found.signed, found.adds_up) == (method, kind.signed, kind.adds_up)
    assert (found.baseline is not None) == (found.difference is not None) == kind.needs_baseline
    assert (found.seed is not None) == kind.samples
    assert (found.scores >= 0).all() or kind.signed
    assert (found.remainder is not None) == kind.adds_up


@pytest.mark.parametrize("method", OFFERED)
def test_every_method_takes_a_text_of_one_word_and_one_without(classifier: Classifier, method: str):
    assert len(attribute(classifier, tokenize_with_words(classifier, "coffee"), method, 0).word_scores) == 1
    nothing = replace(tokenize_with_words(classifier, "coffee"), words=())
    if method in ("occlusion", "lime", "kernel_shap"):
        with pytest.raises(ExplanationError, match="reads no word"):
            attribute(classifier, nothing, method, 0)
    else:
        assert attribute(classifier, nothing, method, 0).word_scores.shape == (0,)


def test_occlusion_is_what_the_output_loses_without_a_word(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    everything = set(range(len(tokenized.words)))
    whole, *without = outputs(classifier, tokenized, [everything, *(everything - {word} for word in everything)])
    found = attribute(classifier, tokenized, "occlusion", 1)
    assert np.allclose(found.word_scores, whole - np.array(without), atol=1e-4)


def test_kernel_shap_comes_near_the_shapley_values_and_adds_up(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "the cold coffee was kind")
    words = range(len(tokenized.words))
    subsets = [set(subset) for size in range(len(words) + 1) for subset in itertools.combinations(words, size)]
    value = {
        frozenset(kept): output for kept, output in zip(subsets, outputs(classifier, tokenized, subsets), strict=True)
    }

    def shapley(word: int) -> float:
        return sum(
            (value[frozenset(kept | {word})] - value[frozenset(kept)]) / math.comb(len(words) - 1, len(kept))
            for kept in subsets if word not in kept
        ) / len(words)  # fmt: skip

    found = attribute(classifier, tokenized, "kernel_shap", 1)
    expected = np.array([shapley(word) for word in words])
    assert abs(found.remainder) <= 1e-3 * abs(found.difference)
    assert np.abs(found.word_scores - expected).max() <= 0.15 * np.abs(expected).max()


@pytest.mark.parametrize("words", [2, 3, 8, 19])
def test_subsets_of_kernel_shap_come_with_their_complements_in_the_sizes_of_its_kernel(words: int):
    drawn = np.array(list(itertools.islice(kernel_shap.subsets(np.random.default_rng(words), words), 2 + 4000)))
    assert (drawn[0::2] + drawn[1::2] == 1).all()
    sizes = np.arange(1, words)
    expected = 1 / (sizes * (words - sizes))
    shares = np.bincount(drawn[2:].sum(axis=1), minlength=words)[1:words] / 4000
    assert shares == pytest.approx(expected / expected.sum(), abs=0.003)
    assert len({tuple(row) for row in drawn[2:] if row.sum() == 1}) == words


def test_gradient_shap_estimates_integrated_gradients(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    estimate, exact = (
        attribute(classifier, tokenized, "gradient_shap", 1),
        integrated_gradients(classifier, tokenized, 1),
    )
    assert np.corrcoef(estimate.word_scores, exact.word_scores)[0, 1] > 0.9


def test_saliency_and_input_x_gradient_are_what_their_names_say(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    vectors = word_vectors(classifier, tokenized).requires_grad_()
    (gradient,) = torch.autograd.grad(logits_of(classifier, tokenized, vectors)[0, 1], vectors)
    lengths, products = gradient.norm(dim=-1)[0], (gradient * vectors).sum(-1)[0].detach()
    assert np.allclose(attribute(classifier, tokenized, "saliency", 1).scores, lengths, atol=1e-5)
    assert np.allclose(attribute(classifier, tokenized, "input_x_gradient", 1).scores, products, atol=1e-5)


@pytest.mark.parametrize("method", SAMPLED)
def test_the_same_seed_gives_the_same_scores_whatever_others_draw(classifier: Classifier, method: str):
    tokenized, scores = tokenize_with_words(classifier, TEXT), []
    for seed, others in ((3, 0), (3, 1), (4, 1)):
        np.random.seed(others)
        with torch.random.fork_rng():
            torch.manual_seed(others)
            scores.append(attribute(classifier, tokenized, method, 1, seed=seed).scores)
    assert np.allclose(scores[0], scores[1], atol=1e-6)
    assert not np.allclose(scores[0], scores[2], atol=1e-6)


def test_deeplift_is_refused_in_a_sentence_and_rightly_so(classifier: Classifier):
    """Captum's rules do not see attention: what they hand back is far from what there is."""
    from captum.attr import DeepLift

    tokenized = tokenize_with_words(classifier, TEXT)

    class Logit(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = classifier_of("bert", Path(classifier.tokenizer.name_or_path)).model

        def forward(self, vectors: torch.Tensor) -> torch.Tensor:
            return self.model(inputs_embeds=vectors).logits

    x, b = word_vectors(classifier, tokenized), baseline_vectors(classifier, tokenized, "pad")
    with pytest.warns(UserWarning, match="hooks"):
        scores = DeepLift(Logit()).attribute(x.requires_grad_(), b, target=1)
    difference = np.diff(outputs(classifier, tokenized, [set(), set(range(len(tokenized.words)))]))[0]
    assert abs(float(scores.sum().detach()) - difference) > 0.05 * abs(difference)
    with pytest.raises(ExplanationError, match="DeepLIFT is not offered"):
        attribute(classifier, tokenized, "deeplift", 1)


@pytest.mark.parametrize("method", OFFERED)
def test_every_method_is_cancelled(classifier: Classifier, method: str):
    with pytest.raises(CancelledError):
        attribute(classifier, tokenize_with_words(classifier, TEXT), method, 1, should_stop=lambda: True)


@pytest.mark.parametrize("method", SAMPLED)
def test_two_at_once_do_not_wait_for_each_other_and_get_the_numbers_of_one_alone(classifier: Classifier, method: str):
    """Both meet in the middle of their work: if one waited for the other to end, neither would."""
    tokenized, meet = tokenize_with_words(classifier, TEXT), threading.Barrier(2, timeout=600)
    alone = attribute(classifier, tokenized, method, 1, seed=3).scores

    def explain() -> np.ndarray:
        asked = itertools.count()

        def meeting() -> bool:
            if next(asked) == 3:  # after the text and its baseline: among the samples
                meet.wait()
            return False

        return attribute(classifier, tokenized, method, 1, seed=3, should_stop=meeting).scores

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(explain) for _ in range(2)]
    assert np.allclose([each.result() for each in both], alone, atol=1e-6)
    assert meet.n_waiting == 0


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_works_for_every_architecture(tiny_base: Path, architecture: str):
    classifier = classifier_of(architecture, tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    found = integrated_gradients(classifier, tokenized, 0, baseline="mask")
    assert abs(found.remainder) <= 0.01 * np.abs(found.scores).sum()
    whole = outputs(classifier, tokenized, [set(range(len(tokenized.words)))])[0]
    assert attribute(classifier, tokenized, "occlusion", 1).output == pytest.approx(whole, abs=1e-5)


def test_special_tokens_keep_their_vectors_in_every_baseline(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT, "a second text")
    own = word_vectors(classifier, tokenized)[0]
    for name in BASELINES:
        vectors = baseline_vectors(classifier, tokenized, name)
        assert vectors.shape == ((3 if name == "average" else 1), len(tokenized), 32)
        assert all(torch.equal(each[tokenized.special], own[tokenized.special]) for each in vectors)
        assert not any((each == own).all(dim=-1)[~tokenized.special].any() for each in vectors)
    assert set(BASELINE_SENTENCES) == set(BASELINES)


@pytest.mark.parametrize("method", ["Integrated Gradients", "", "saliency "])
def test_a_method_that_there_is_not_is_said(classifier: Classifier, method: str):
    with pytest.raises(ExplanationError, match="no method called"):
        attribute(classifier, tokenize_with_words(classifier, TEXT), method, 0)


TOY = """
import numpy as np

from bertdemo.explanation.methods.method import ScoringMethod


class Toy(ScoringMethod):
    key, name, sentence, needs_baseline = "toy", "Toy", "How many characters a token has.", False

    def scores(self, output, vectors, baseline, seed):
        return np.array([float(len(token.text)) for token in output.tokenized.tokens])
"""


def test_a_file_in_the_folder_is_a_method(tmp_path, monkeypatch, classifier):
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(tmp_path)])
    found = {each.key: each for each in registry.members(methods, Method)}
    assert list(found) == [*METHODS, "toy"]
    monkeypatch.setattr(methods, "METHODS", found)
    tokenized = tokenize_with_words(classifier, TEXT)
    toy = attribute(classifier, tokenized, "toy", 0)
    assert toy.scores.tolist() == [len(token.text) for token in tokenized.tokens]
    assert (toy.method, toy.baseline, toy.seed) == ("toy", None, None)
