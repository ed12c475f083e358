"""Whether a base answers as it must, found out by trying: what it can read, how long, and beside other texts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from bertdemo.errors import ModelError
from bertdemo.models.catalog import COUNT_FROM_PADDING, positions_of
from bertdemo.models.encoding import Encoded, collate, encode
from bertdemo.models.vocabulary import embeddings_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from bertdemo.models.classifier import Classifier, Padding

# Masks keep padding out of the answers of these, and their positions are known: tests hold that, and not each start.
PROVEN = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert")
# Something to read for whatever a base was trained on, in texts of different lengths: one letter is the shortest.
_PROBE = (
    "a",
    "The coffee was good.",
    "A C G T M K L V",
    "Кофе был вкусный, и все были рады.",
    "这家咖啡馆的服务很好。コーヒーがとても美味しかったです。커피가 맛있었어요.",
    "كانت القهوة جيدة · הקפה היה טוב · कॉफ़ी अच्छी थी · กาแฟอร่อยมาก · Ο καφές ήταν καλός",
    "We came back twice in a week: the staff were kind, the soup was warm and the bread fresh, for 12.50 euros a head!",
)
_ROUNDING = 1e-6  # of the logits, where all texts are answered nearly alike
_ALIKE = 1e-5  # of the logits, the spread between different texts
_SHORT = 48  # tokens
_SAME = 2e-3  # of the spread between texts; rounding in fp32 stays below, and padding that is read lies far above


def longest_input(config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> int:
    """Return how many tokens the model says that it can read, special tokens included.

    ``probe`` tries whether it is true.
    """
    positions = positions_of(config.to_dict())
    # XLNet says -1: its positions are relative and have no end.
    return int(min(positions, tokenizer.model_max_length) if positions > 0 else tokenizer.model_max_length)


def set_padding_token(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Have the tokenizer fill up with some token and the model know it, in place.

    Models that continue texts (GPT-2, Llama) come without one: the end of a text serves, or what stands for the
    unknown. Their head finds the last token of a text by it, in whoever's program the saved model is padded by its
    tokenizer. A model that counts its positions from its own padding token keeps that.

    Raises:
        ModelError: there is no token that could serve.
    """
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if tokenizer.pad_token_id is None:
        raise ModelError("The tokenizer of this base model has no token to fill up texts: choose another base model.")
    for config in (model.config, model.config.get_text_config()):
        if getattr(config, "pad_token_id", None) is None or config.model_type not in COUNT_FROM_PADDING:
            config.pad_token_id = tokenizer.pad_token_id


def probe(classifier: Classifier) -> Classifier:
    """Return a classifier with the padding that it needs and the length that it reads, found by trying, in fp32.

    Raises:
        ModelError: it reads nothing, fails on short texts, or answers differently each time, in one sentence.
    """
    model, kind = classifier.model, classifier.model.config.model_type
    with classifier.lock:
        encoded = encode(replace(classifier, max_length=min(classifier.max_length, _SHORT)), _PROBE)
        _check_reading(classifier, encoded)
        if kind in PROVEN:
            return classifier
        was_training = model.training
        model.eval()
        try:
            alone = [_logits(classifier, encoded, [row]) for row in range(len(encoded))]
        except Exception as error:  # whatever an architecture makes of a short text
            raise ModelError(
                f"The architecture {kind} fails on texts of a few tokens ({type(error).__name__}): choose another base "
                "model."
            ) from error
        _check_texts_count(kind, np.concatenate(alone))
        padding = _padding(classifier, encoded, np.concatenate(alone))
        most = _true_length(classifier, encoded)
        model.train(was_training)
    if padding != "none":
        classifier.tokenizer.padding_side = padding  # transformers.pipeline pads a saved classifier by it
    return replace(classifier, padding=padding, max_length=most)


def padding_note(classifier: Classifier) -> str:
    """Return what an architecture costs that reads padding as text, in a sentence; "" for the others."""
    if classifier.padding != "none":
        return ""
    return (
        f"The architecture {classifier.model.config.model_type} reads padding as text, so that only texts of equally "
        "many tokens go through the model together: training and predicting take longer."
    )


def _check_reading(classifier: Classifier, encoded: Encoded) -> None:
    """Refuse a tokenizer that knows nothing of what it reads, or says ids for which the model has no vectors."""
    tokenizer: Any = classifier.tokenizer
    ids = {int(i) for row in encoded.ids for i in row}
    if not ids - {*tokenizer.all_special_ids}:
        raise ModelError(
            "The tokenizer of this base model reads nothing but unknown tokens: its files are missing or belong to "
            "another model, so save the right tokenizer beside the weights."
        )
    vectors = getattr(embeddings_of(classifier.model), "num_embeddings", None)
    if vectors is not None and tokenizer.is_fast:
        unused = {*tokenizer.all_special_ids} - ids - {classifier.pad_id}
        highest = max({*tokenizer.get_vocab().values()} - unused)
        if highest >= vectors:
            raise ModelError(
                f"The tokenizer of this base model knows a token number {highest:,} and the model has vectors for "
                f"{vectors:,}: they belong to different models, or resize_token_embeddings was forgotten."
            )


def _check_texts_count(kind: str, alone: NDArray[np.float32]) -> None:
    """Refuse an architecture whose answers (texts, labels) do not depend on the text: MRA's attention without a GPU."""
    if _spread(alone) <= _ALIKE * np.abs(alone).max():
        raise ModelError(
            f"The architecture {kind} answers every text alike on this computer, as one does whose attention needs a "
            "GPU: choose another base model."
        )


def _spread(logits: NDArray[np.float32]) -> float:
    return float(np.abs(logits - logits.mean(axis=0)).max())


def _padding(classifier: Classifier, encoded: Encoded, alone: NDArray[np.float32]) -> Padding:
    """Return the side on which padding leaves the answers as they are when each text is ``alone``: (texts, labels)."""
    by_length = sorted(range(len(encoded)), key=encoded.lengths.__getitem__)
    batches = [by_length, *(list(pair) for pair in pairwise(by_length))]  # of even and odd widths
    same_lengths = [[row, row] for row in by_length]
    choices: tuple[tuple[Padding, list[list[int]]], ...] = (
        ("right", batches), ("left", batches), ("none", same_lengths)
    )  # fmt: skip
    for padding, rows in choices:
        if _answers_stay(replace(classifier, padding=padding), encoded, rows, alone):
            return padding
    raise ModelError(
        f"The architecture {classifier.model.config.model_type} answers differently each time it reads a text: choose "
        "another base model."
    )


def _answers_stay(
    classifier: Classifier, encoded: Encoded, batches: list[list[int]], alone: NDArray[np.float32]
) -> bool:
    """Return whether every text of these batches is answered as ``alone`` (texts, labels)."""
    allowed = _SAME * _spread(alone) + _ROUNDING * np.abs(alone).max()
    try:
        return all(
            bool((np.abs(_logits(classifier, encoded, rows) - alone[rows]) <= allowed).all()) for rows in batches
        )
    except Exception:  # noqa: BLE001 - an architecture that cannot be padded on this side says so in its own way
        return False


def _true_length(classifier: Classifier, encoded: Encoded) -> int:
    """Return the most tokens up to ``max_length`` that go through the model.

    Tried, and halved between right and wrong.
    """
    row = max(range(len(encoded)), key=lambda row: len(encoded.ids[row]))
    works, fails = len(encoded.ids[row]), classifier.max_length + 1
    tried = classifier.max_length
    while works + 1 < fails:
        if _goes_through(classifier, encoded, row, tried):
            works = tried
        else:
            fails = tried
        tried = (works + fails) // 2
    return works if fails <= classifier.max_length else classifier.max_length


def _goes_through(classifier: Classifier, encoded: Encoded, row: int, tokens: int) -> bool:
    """Return whether a text of so many tokens does: the probe's, its middle said again and again."""
    from accelerate.utils.memory import should_reduce_batch_size

    ids = encoded.ids[row]
    places = np.concatenate([[0], 1 + np.arange(tokens - 2) % max(1, len(ids) - 2), [len(ids) - 1]]).astype(int)
    segments = None if encoded.segments is None else (encoded.segments[row][places],)
    try:
        logits = _logits(classifier, Encoded((ids[places],), segments, 0), [0])
    except (IndexError, RuntimeError, ValueError) as error:
        too_much_memory: bool = should_reduce_batch_size(error)  # which says nothing of the model
        return too_much_memory
    return bool(np.isfinite(logits).all())


def _logits(classifier: Classifier, encoded: Encoded, rows: list[int]) -> NDArray[np.float32]:
    """Of these texts, padded as the classifier says: (rows, labels)."""
    import torch

    with torch.inference_mode():
        logits: NDArray[np.float32] = classifier.model(**collate(classifier, encoded, rows)).logits.float().numpy()
    return logits
