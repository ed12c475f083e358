"""What is asked and what is answered, as JSON: the source of the OpenAPI page, limits included."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_TEXTS = 256
LONGEST_TEXT = 20_000  # characters

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]


class Question(BaseModel):
    """One text, or several; where the run was trained on pairs, a second text for each."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"run": "starter-sms-spam", "text": "You have won a free cruise, text WIN to 80800!"}]
        },
    )

    run: str = Field(description="Id of a run, as listed by GET v1/models.", max_length=64)
    text: Text | None = Field(None, description="One text to classify.")
    pair: Text | None = Field(None, description="The second text that belongs to `text`.")
    texts: list[Text] | None = Field(None, description="Several texts to classify.", max_length=MOST_TEXTS)
    pairs: list[Text] | None = Field(None, description="A second text for each of `texts`.", max_length=MOST_TEXTS)

    @model_validator(mode="after")
    def _is_one_or_several(self) -> Self:
        if (self.text is None) == (not self.texts):
            raise ValueError("give either one text, or texts with at least one text in it")
        if self.pair is not None and self.text is None:
            raise ValueError("pair belongs to text; for texts give pairs")
        if self.pairs is not None and len(self.pairs) != len(self.texts or ()):
            raise ValueError("give as many pairs as texts")
        return self

    @property
    def several(self) -> list[str]:
        """All texts asked for, one or more."""
        return [self.text] if self.text is not None else self.texts or []

    @property
    def several_pairs(self) -> list[str] | None:
        """A second text for each of ``several``, or none at all."""
        return [self.pair] if self.pair is not None else self.pairs


class Prediction(BaseModel):
    """What a classifier says of one text."""

    label: str
    confidence: float = Field(description="Probability of the label.")
    scores: dict[str, float] = Field(description="Probability of each label, the most probable first.")
    tokens: int = Field(description="What the model read, special tokens included.")
    truncated: bool = Field(description="Whether the text was longer than the model reads, and cut.")
    unknown_share: float = Field(description="Share of the tokens that are unknown to the model, 0 to 1.")
    remarks: list[str] = Field(description="What of the text the model could not read, in sentences; mostly none.")


class Cost(BaseModel):
    """Who answered, and what it took."""

    run: str
    milliseconds: float = Field(description="Tokenising and computing, without waiting for others.")
    precision: str = Field(description="Number format of the computation.")


class Answer(Cost, Prediction):
    """The answer to `text`."""


class Answers(Cost):
    """The answer to `texts`, in their order."""

    predictions: list[Prediction]


class Model(BaseModel):
    """A run that has a classifier; the scores are of its test split."""

    run: str
    name: str
    created: float = Field(description="Unix seconds.")
    data: str
    base: str
    labels: list[str]
    pairs: bool = Field(description="Whether it classifies pairs of texts.")
    accuracy: float | None
    macro_f1: float | None
    loaded: bool = Field(description="Whether it is in memory and answers without being loaded first.")


class Models(BaseModel):
    """All classifiers, the newest first."""

    models: list[Model]


class Ready(BaseModel):
    """The server answers."""

    ready: bool
    version: str
    models: int = Field(description="How many classifiers there are.")


class Problem(BaseModel):
    """What went wrong and what to do, in one sentence."""

    detail: str
