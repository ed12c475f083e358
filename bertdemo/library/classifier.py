"""``load``: a run → a classifier that predicts and explains."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, overload

from bertdemo.errors import PredictionError, RunError
from bertdemo.library.results import Attention, Explanation, Prediction, Predictions
from bertdemo.library.run import Run, settings_for

if TYPE_CHECKING:
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models import classifier as models
    from bertdemo.prediction.single import Answer


def load(run: Run | str | Path, *, home: str | Path | None = None) -> Classifier:
    """Load the classifier of a tested run.

    Args:
        run: a ``Run``, its id (``"starter-sms-spam"`` comes with the package), or the path of a run's folder.
        home: where runs of that id are kept; None for ``BERTDEMO_HOME`` or ``~/.bertdemo``.

    Returns:
        A classifier; its weights are read when it is first used.

    Raises:
        RunError: there is no such run, or it has no tested classifier.

    Example:
        >>> import bertdemo
        >>> bertdemo.load("starter-sms-spam").label_names
        ('ham', 'spam')
    """
    from bertdemo.runs.folder import RunFolder
    from bertdemo.runs.store import Runs

    name, home = (run.id, run.home) if isinstance(run, Run) else (str(run), home)
    if isinstance(run, Path) or os.sep in name:
        folder = RunFolder(Path(name).expanduser().resolve())
        if not (folder.path / RunFolder.card_name).is_file():
            raise RunError(f"{folder.path.name} is no folder of a run: give the folder that holds data.json.")
        if not folder.status().state.has_model:
            raise RunError(
                f"The run {folder.id} is {folder.status().state} and has no tested classifier: choose another."
            )
        model = folder.model_path
    else:
        runs = Runs(settings_for(home))
        folder, model = runs.folder(name), runs.model_folder(name)
    card = folder.data_card()
    return Classifier(folder.id, card.label_names, card.has_pairs, model)


@dataclass(frozen=True)
class Classifier:
    """A fine-tuned classifier. Several threads may use one.

    Attributes:
        run: the id of the run that it comes from.
        label_names: its labels.
        has_pairs: whether it reads pairs of texts.
    """

    run: str
    label_names: tuple[str, ...]
    has_pairs: bool
    _folder: Path = field(repr=False)

    @overload
    def predict(  # type: ignore[overload-overlap]
        self, texts: str, pairs: str | None = None, *, exact: bool = False
    ) -> Prediction: ...
    @overload
    def predict(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None, *, exact: bool = False
    ) -> Predictions: ...
    def predict(
        self, texts: str | Sequence[str], pairs: str | Sequence[str] | None = None, *, exact: bool = False
    ) -> Prediction | Predictions:
        """Predict the label of a text, or of each of several.

        One text is computed in fp32, as on the page. Several go through the model in batches, in the fastest number
        format in which no label depends on rounding, as a file does.

        Args:
            texts: a text, or several (a list, or a column of a data frame).
            pairs: the second text of each, for a classifier of pairs.
            exact: compute several texts in fp32, too.

        Returns:
            A ``Prediction`` of a text, ``Predictions`` of several.

        Raises:
            PredictionError: a text is empty or too long, the model can read nothing of it, or the second texts are
                missing or too many.

        Example:
            >>> import bertdemo
            >>> classifier = bertdemo.load("starter-sms-spam")
            >>> classifier.predict("Are we still meeting at six?").label
            'ham'
            >>> classifier.predict(["Call now to claim your free prize", "See you at home"]).labels
            ('spam', 'ham')
        """
        if isinstance(texts, str):
            return self._predict_one(texts, _one(pairs))
        if isinstance(pairs, str):
            raise PredictionError("Several texts need as many second texts: give a list of these.")
        return self._predict_many(tuple(texts), None if pairs is None else tuple(pairs), exact=exact)

    def explain(
        self,
        text: str,
        pair: str | None = None,
        *,
        target: str | None = None,
        against: str | None = None,
        method: str = "integrated_gradients",
        baseline: str | None = None,
        steps: int | None = None,
    ) -> Explanation:
        """Explain which words a prediction rests on.

        Args:
            text: the text.
            pair: the second text, for a classifier of pairs.
            target: why this label; None for the predicted one.
            against: and why not this one: explains the margin of the two.
            method: ``integrated_gradients``, ``gradient_shap``, ``occlusion``, ``kernel_shap``, ``lime``,
                ``input_x_gradient`` or ``saliency``.
            baseline: what the text is compared with: ``pad`` (the usual one), ``mask``, ``zero`` or ``average``.
            steps: of integrated gradients; None for as many as leave at most 1 % unexplained.

        Returns:
            A score for each word; a notebook shows it as the text with its words tinted.

        Raises:
            PredictionError: the text cannot be classified, see ``predict``.
            ExplanationError: there is no such label, method or baseline, or the method does not take what is asked.

        Example:
            >>> import bertdemo
            >>> found = bertdemo.load("starter-sms-spam").explain("Call now to claim your free prize", against="ham")
            >>> found.target, found.against, found.certified
            ('spam', 'ham', True)
            >>> found.to_frame().columns.tolist()
            ['word', 'start', 'end', 'part', 'score']
        """
        self._check_pair(pair)
        from bertdemo.explanation.asking import Question, as_values, check_question, explain
        from bertdemo.prediction.single import predict_one

        question = Question(target, against, method, baseline, steps)
        check_question(question)
        tokenized = self._tokenize(self._predicting, text, pair)
        answer = predict_one(self._predicting, text, pair)
        found = explain(self._predicting, tokenized, question, answer.label)
        return Explanation(_prediction(text, pair, answer), as_values(found, self._predicting, answer), found)

    def attention(self, text: str, pair: str | None = None, *, off: Iterable[tuple[int, int]] = ()) -> Attention:
        """Return where the model attends, in every layer and head.

        Args:
            text: the text.
            pair: the second text, for a classifier of pairs.
            off: heads to ablate, as (layer, head), counted from 1.

        Raises:
            PredictionError: the text cannot be classified, see ``predict``.
            ExplanationError: the architecture has no such attention, or there is no such head.

        Example:
            >>> import bertdemo
            >>> bertdemo.load("starter-sms-spam").attention("See you at home").weights.shape
            (6, 12, 6, 6)
        """
        self._check_pair(pair)
        from bertdemo.explanation.attention import attention

        tokenized = self._tokenize(self._attentive, text, pair)
        found = attention(self._attentive, tokenized, frozenset((layer - 1, head - 1) for layer, head in off))
        return Attention(tuple(token.text for token in tokenized.tokens), found.weights)

    @cached_property
    def _predicting(self) -> models.Classifier:
        return self._load(output_attentions=False)

    @cached_property
    def _attentive(self) -> models.Classifier:
        return self._load(output_attentions=True)

    def _load(self, *, output_attentions: bool) -> models.Classifier:
        from bertdemo.prediction.model_cache import load_model

        return load_model(self.run, self._folder, output_attentions=output_attentions)

    def _check_pair(self, pair: str | Sequence[str] | None) -> None:
        if self.has_pairs != (pair is not None):
            ask = "give the second ones, too" if self.has_pairs else "leave out the second one"
            kind = "pairs of" if self.has_pairs else "single"
            raise PredictionError(f"The run {self.run} was trained on {kind} texts: {ask}.")

    def _tokenize(self, classifier: models.Classifier, text: str, pair: str | None) -> TokenizedText:
        from bertdemo.explanation.tokenized_text import tokenize_with_words

        return tokenize_with_words(classifier, text, pair)

    def _predict_one(self, text: str, pair: str | None) -> Prediction:
        from bertdemo.prediction.single import check_text, predict_one

        self._check_pair(pair)
        check_text(text)  # before the seconds that loading takes
        answer = predict_one(self._predicting, text, pair)
        return _prediction(text, pair, answer)

    def _predict_many(self, texts: tuple[str, ...], pairs: tuple[str, ...] | None, *, exact: bool) -> Predictions:
        import numpy as np

        from bertdemo.models.devices import choose_placement
        from bertdemo.models.encoding import count_tokens
        from bertdemo.prediction.predict import batches_at_once, predict

        self._check_pair(pairs)
        _check_texts(texts, pairs)
        placement, classifier = choose_placement("fp32" if exact else "auto"), self._predicting
        found = predict(classifier, texts, pairs, placement=placement, at_once=batches_at_once())
        if (unread := np.isnan(found.unknown)).any():
            raise PredictionError(f"The model can read nothing of text {int(unread.argmax()) + 1}: leave it out.")
        full = [length >= classifier.max_length for length in found.lengths]
        truncated = tuple(
            is_full and count_tokens(classifier, text, pair) > length
            for is_full, text, pair, length in zip(
                full, texts, pairs or [None] * len(texts), found.lengths, strict=True
            )
        )
        return Predictions(
            texts, pairs, self.label_names, found.probabilities, tuple(found.lengths), found.unknown, truncated
        )


def _prediction(text: str, pair: str | None, answer: Answer) -> Prediction:
    return Prediction(text, pair, dict(answer.scores), answer.tokens, answer.unknown_share, answer.truncated)


def _one(pair: str | Sequence[str] | None) -> str | None:
    if pair is not None and not isinstance(pair, str):
        raise PredictionError("A single text has a single second text: give it as a str.")
    return pair


def _check_texts(texts: Sequence[object], pairs: Sequence[object] | None) -> None:
    """Refuse texts of which one cannot be classified, by its number.

    Raises:
        PredictionError: there is none, one is no text or cannot be read, or the second ones are fewer or more.
    """
    from bertdemo.prediction.single import check_text

    if not texts:
        raise PredictionError("There is no text to classify: give at least one.")
    if pairs is not None and len(pairs) != len(texts):
        raise PredictionError(f"There are {len(texts):,} texts and {len(pairs):,} second texts: give one for each.")
    for what, part in (("text", texts), ("second text", pairs or ())):
        for number, text in enumerate(part, start=1):
            if not isinstance(text, str):
                kind = type(text).__name__
                raise PredictionError(
                    f"The {what} number {number:,} is no text but {kind}: leave it out, or fill it in."
                )
            check_text(text, f"{what} number {number:,}")
