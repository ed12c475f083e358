"""Attribution of held-back airline tweets: what a certified one costs, whether it adds up, and of what it is.

``python -m benchmarks.explanation`` takes the starter classifier. Certified integrated gradients of 40 tweets are timed
beside what transformers-interpret computes for each by default (Captum's LayerIntegratedGradients of the embeddings,
50 steps at once, of the probability, against [PAD]), text by text in turns. Then: how many of 100 tweets are
certified, how exact sums, margins and pieces are, the memory of a text of 512 tokens, how soon a cancel is heard, and
whether four sessions that explain and predict on one model disturb each other.

``python -m benchmarks.explanation rounded`` shows how near scores in bf16 are to those in fp32, ``… seeds`` how far
scores of methods that draw samples move from seed to seed, and what they cost.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from benchmarks.sitting import figures

RUN = "starter-airline-sentiment"
TIMED, CERTIFIED, EXACT = 40, 100, 10  # tweets
SESSIONS, ASKED = 4, 250  # sessions, and how often each asks
LONG = 512  # tokens
HELD_OUT, SAMPLED = 200, 30  # tweets that no figure was chosen by; for methods with samples
SEEDS, SEEDED = 6, 12  # and tweets
PARTS = ("speed", "certified", "exactness", "long", "shared")
OTHERS = ("rounded", "seeds", "long_here")
METHODS = ("gradient_shap", "occlusion", "kernel_shap", "lime", "input_x_gradient", "saliency")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=(*PARTS, *OTHERS), help="only this part")
    part = parser.parse_args().part
    if part == "long_here":
        print(json.dumps(long_here()))
        return
    from benchmarks import machine

    print(machine.describe())
    for name in (part,) if part else PARTS:
        globals()[name](*classifier_and_texts())


def classifier_and_texts():
    """Return the starter as it predicts, and the texts that it never saw."""
    from bertdemo.models.checkpoints import load_classifier
    from bertdemo.runs.store import starter_folders

    folder = next(folder for folder in starter_folders() if folder.id == RUN)
    return load_classifier(folder.model_path), folder.split().part("test").texts


def ours(classifier, text: str):
    """From the text to certified scores for the logit of its answer, prediction included, as the page makes them."""
    from bertdemo.explanation.integrated_gradients import integrated_gradients
    from bertdemo.explanation.tokenized_text import tokenize_with_words
    from bertdemo.prediction.single import predict_one

    answer = predict_one(classifier, text)
    return integrated_gradients(
        classifier, tokenize_with_words(classifier, text), classifier.label_names.index(answer.label)
    )


def theirs(classifier) -> Callable[[str], float]:
    """Return what transformers-interpret's SequenceClassificationExplainer computes by default, on the same weights."""
    import torch
    from captum.attr import LayerIntegratedGradients
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    with tempfile.TemporaryDirectory() as folder:
        classifier.model.save_pretrained(folder)
        classifier.tokenizer.save_pretrained(folder)
        model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)

    def explain(text: str) -> float:
        ids = torch.tensor([tokenizer.encode(text)])
        reference = ids.clone()
        reference[:, 1:-1] = tokenizer.pad_token_id
        segments, mask = torch.zeros_like(ids), torch.ones_like(ids)
        with torch.no_grad():
            target = int(model(ids, mask, segments).logits.argmax())

        def probability(ids, segments, mask):
            return model(ids, attention_mask=mask, token_type_ids=segments).logits.softmax(dim=1)[:, target]

        scores, delta = LayerIntegratedGradients(probability, model.base_model.embeddings).attribute(
            ids, reference, n_steps=50, additional_forward_args=(segments, mask), return_convergence_delta=True
        )
        scores = scores.sum(dim=-1)[0]
        scores = scores / scores.norm()
        return float(delta.detach())

    return explain


def speed(classifier, texts) -> None:
    """Milliseconds a text; ratios within a text."""
    from bertdemo.explanation.layers import layer_conductance
    from bertdemo.explanation.methods import attribute
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    rival = theirs(classifier)
    for text in texts[:3]:
        rival(text)
        ours(classifier, text)
    pairs = [(timed(ours, classifier, text), timed(rival, text)) for text in texts[:TIMED]]
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{'integrated gradients, certified':<36}{mine:>7.0f} ms")
    print(f"{'transformers-interpret, by default':<36}{other:>7.0f} ms  ours takes {ratio:.2f}× its time")
    for method in METHODS:
        times = [
            timed(attribute, classifier, tokenize_with_words(classifier, text), method, 0) for text in texts[:EXACT]
        ]
        print(f"{method:<36}{statistics.median(times):>7.0f} ms")
    times = [timed(layer_conductance, classifier, tokenize_with_words(classifier, text), 0) for text in texts[:EXACT]]
    print(f"{'by layer (conductance)':<36}{statistics.median(times):>7.0f} ms")


def timed(call, *arguments) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    call(*arguments)
    return 1000 * (time.perf_counter() - started)


def certified(classifier, texts) -> None:
    """How many add up, after how many steps; and how far what is explained is from what is predicted."""
    from bertdemo.models.devices import choose_placement
    from bertdemo.prediction.predict import predict

    texts = texts[:CERTIFIED]
    found = [ours(classifier, text) for text in texts]
    shares = [each.relative_remainder for each in found if each.relative_remainder is not None]
    steps = {n: sum(each.n_steps == n for each in found) for n in sorted({each.n_steps for each in found})}
    logits = predict(classifier, texts, placement=choose_placement("fp32")).logits
    apart = max(abs(each.output - row[each.target]) for each, row in zip(found, logits, strict=True))
    words = max(abs(each.word_scores.sum() + each.other - each.scores.sum()) for each in found)
    print(
        f"certified: {sum(each.certified for each in found)} of {len(found)}; remainder: median "
        f"{statistics.median(shares):.2%}, largest {max(shares):.2%}; texts by steps {steps}"
    )
    print(f"explained and predicted logits differ by up to {apart:.1e}; words and tokens by up to {words:.1e}")


def exactness(classifier, texts) -> None:
    """Margins against differences for 2, 3 and 10 labels, and pieces of different sizes."""
    from bertdemo.explanation import function
    from bertdemo.explanation.integrated_gradients import integrated_gradients
    from bertdemo.explanation.tokenized_text import tokenize_with_words
    from bertdemo.models.checkpoints import load_base

    margins, pieces, texts = [], [], texts[:EXACT]
    for labels in (2, 3, 10):
        names = tuple(f"label {number}" for number in range(labels))
        each = classifier if labels == 3 else load_base("minilm-l6", names, dropout=0.0, max_length=128)
        each.model.eval()
        for text in texts:
            tokenized = tokenize_with_words(each, text)
            margin, one, other = (
                integrated_gradients(each, tokenized, *question, steps=20)
                for question in ((0, labels - 1), (0,), (labels - 1,))
            )
            margins.append(np.abs(margin.scores - (one.scores - other.scores)).max())
    usual = dict(function._PIECE)  # noqa: SLF001
    for text in texts:
        tokenized, scores = tokenize_with_words(classifier, text), []
        for piece in (1, 1e9, 1e12):
            function._PIECE["cpu"] = piece  # noqa: SLF001
            scores.append(integrated_gradients(classifier, tokenized, 0, steps=20).scores)
        pieces.append(np.ptp(scores, axis=0).max())
    function._PIECE.update(usual)  # noqa: SLF001
    print(f"margin and difference of attributions: {max(margins):.1e}; one by one and all at once: {max(pieces):.1e}")


def long(_classifier, _texts) -> None:
    """In a process of its own, where nothing else takes memory."""
    found = figures("explanation", "long_here")
    print(
        f"{found['tokens']} tokens: memory grows by {found['growth']:.0f} MB over {found['before']:.0f}; "
        f"{found['n_steps']} steps, {found['seconds']:.1f} s"
    )
    print(f"a cancel is heard after {found['cancel']:.2f} s at most ({found['cancels']} tries)")


def long_here() -> dict[str, float]:
    """Measure a text of 512 tokens: memory, time, and the longest wait for a cancel."""
    from benchmarks.memory import Since
    from bertdemo.errors import CancelledError
    from bertdemo.explanation.integrated_gradients import integrated_gradients
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    classifier, texts = classifier_and_texts()
    classifier = replace(classifier, max_length=LONG)
    ours(classifier, texts[0])
    tokenized = tokenize_with_words(classifier, " ".join(texts[:60]))
    since = Since()
    found = integrated_gradients(classifier, tokenized, 0)
    result = since.figures() | {"tokens": len(tokenized), "n_steps": found.n_steps}
    waits = []
    for after in (0.3, 0.7, 1.1, 1.6, 2.3):
        stop, started = threading.Event(), time.perf_counter()
        threading.Timer(after, stop.set).start()
        try:
            integrated_gradients(classifier, tokenized, 0, steps=400, should_stop=stop.is_set)
        except CancelledError:
            waits.append(time.perf_counter() - started - after)
    return result | {"cancel": max(waits), "cancels": len(waits)}


def shared(classifier, texts) -> None:
    """How many answers and explanations are not those of a model that nobody else uses."""
    from bertdemo.explanation.integrated_gradients import integrated_gradients
    from bertdemo.explanation.tokenized_text import tokenize_with_words
    from bertdemo.models.devices import choose_placement
    from bertdemo.prediction.predict import predict

    exact, texts = choose_placement("fp32"), texts[:TIMED]
    readings = [tokenize_with_words(classifier, text) for text in texts]
    logits = predict(classifier, texts, placement=exact).logits
    alone = [integrated_gradients(classifier, tokenized, 0, steps=4).scores for tokenized in readings]

    def ask(session: int) -> int:
        choose, wrong = random.Random(session), 0
        for _ in range(ASKED):
            row = choose.randrange(len(texts))
            if session % 2:
                apart = predict(classifier, [texts[row]], placement=exact).logits[0] - logits[row]
            else:
                apart = integrated_gradients(classifier, readings[row], 0, steps=4).scores - alone[row]
            wrong += bool(np.abs(apart).max() > 1e-4)
        return wrong

    with ThreadPoolExecutor(SESSIONS) as threads:
        wrong = sum(threads.map(ask, range(SESSIONS)))
    print(f"{SESSIONS} sessions on one model: {wrong} wrong in {SESSIONS * ASKED:,}")


def rounded(classifier, texts) -> None:
    """How near scores in bf16 are to those in fp32 on texts that no figure was chosen by, and how often it is bf16."""
    from bertdemo.explanation.agreement import rank_correlation
    from bertdemo.explanation.methods import attribute
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    exact, held_out = replace(classifier, only_fp32=True), texts[-HELD_OUT:]
    for method in ("integrated_gradients", "occlusion", "kernel_shap", "lime"):
        ranks, linear, apart, firsts, kept = [], [], [], 0, 0
        texts = held_out[:SAMPLED] if method in ("kernel_shap", "lime") else held_out
        for text in texts:
            tokenized = tokenize_with_words(classifier, text)
            label = ours_label(classifier, text)
            found, known = (attribute(each, tokenized, method, label) for each in (classifier, exact))
            kept += found.precision == "bf16"
            firsts += int(found.word_scores.argmax() != known.word_scores.argmax())
            apart.append(np.abs(found.word_scores - known.word_scores).max() / np.abs(known.word_scores).max())
            if len(known.word_scores) > 2:
                ranks.append(rank_correlation(found.word_scores, known.word_scores))
                linear.append(np.corrcoef(found.word_scores, known.word_scores)[0, 1])
        print(
            f"{method:<22} {kept} of {len(texts)} in bf16; rank correlation: median {np.nanmedian(ranks):.4f}, lowest "
            f"{np.nanmin(ranks):.4f}; correlation: lowest {np.nanmin(linear):.5f}; largest difference: median "
            f"{np.median(apart):.2%}, at most {max(apart):.2%} of the largest score; another first word: {firsts}",
            flush=True,
        )


def seeds(classifier, texts) -> None:
    """How far scores move from seed to seed, as a share of the largest score, and CPU time of one explanation."""
    from bertdemo.explanation.methods import attribute
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    for method in ("kernel_shap", "lime"):
        spread, firsts, seconds = [], 0, []
        for text in texts[-SEEDED:]:
            tokenized, label = tokenize_with_words(classifier, text), ours_label(classifier, text)
            started = time.process_time()
            found = [attribute(classifier, tokenized, method, label, seed=seed).word_scores for seed in range(SEEDS)]
            seconds.append((time.process_time() - started) / SEEDS)
            spread.append(np.sqrt(np.var(found, axis=0, ddof=1).mean()) / np.abs(np.mean(found, axis=0)).max())
            firsts += len({int(scores.argmax()) for scores in found}) > 1
        print(
            f"{method:<22} moves by {np.median(spread):.1%} of the largest score (median of {SEEDED} tweets, at most "
            f"{max(spread):.1%}); another first word with another seed: {firsts}; {np.median(seconds):.2f} s of CPU",
            flush=True,
        )


def ours_label(classifier, text: str) -> int:
    """Return the predicted label, as an index."""
    from bertdemo.prediction.single import predict_one

    return classifier.label_names.index(predict_one(classifier, text).label)


if __name__ == "__main__":
    main()
