"""What a person would write instead: the textbook loop, and transformers' Trainer. Each trains MiniLM-L6 here."""

from __future__ import annotations

import tempfile
import time
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from bertdemo.data.dataset import Dataset
from bertdemo.models.catalog import find_base

WARM_UP = 2  # steps that are not timed
BASE = "minilm-l6"


def load(labels: int) -> tuple[Any, Any]:
    """Return the bundled base with transformers' defaults, and its tokenizer."""
    location = find_base(BASE).location
    model = AutoModelForSequenceClassification.from_pretrained(location, num_labels=labels)
    return model, AutoTokenizer.from_pretrained(location)


def textbook(data: Dataset, batch_size: int = 32, learning_rate: float = 2e-4) -> float:
    """fp32, every text padded to 128 tokens, AdamW as it comes. Returns samples per second."""
    model, tokenizer = load(len(data.label_names))
    inputs = tokenizer(list(data.texts), padding="max_length", truncation=True, max_length=128, return_tensors="pt")
    rows = [{**{k: v[i] for k, v in inputs.items()}, "labels": data.labels[i]} for i in range(len(data))]
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    model.train()
    samples, started = 0, 0.0
    for step, batch in enumerate(DataLoader(rows, batch_size=batch_size, shuffle=True)):
        if step == WARM_UP:
            started = time.perf_counter()
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        samples += len(batch["labels"]) if step >= WARM_UP else 0
    return samples / (time.perf_counter() - started)


class _Clock(TrainerCallback):
    """Times the steps after the warm-up."""

    started = stopped = 0.0

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == WARM_UP:
            self.started = time.perf_counter()
        self.stopped = time.perf_counter()


def make_trainer(data: Dataset, **settings: Any) -> tuple[Trainer, _Clock]:
    """Return a Trainer with dynamic padding; what ``settings`` does not say is its default (fp32, batches of 8)."""
    model, tokenizer = load(len(data.label_names))
    columns = tokenizer(list(data.texts), truncation=True, max_length=128)
    rows = [{**{k: v[i] for k, v in columns.items()}, "labels": data.labels[i]} for i in range(len(data))]
    clock = _Clock()
    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(), report_to=[], save_strategy="no", disable_tqdm=True, **settings
    )
    trainer = Trainer(
        model, arguments, train_dataset=rows, data_collator=DataCollatorWithPadding(tokenizer), callbacks=[clock]
    )
    return trainer, clock


def trainer(data: Dataset) -> float:
    """Trainer with dynamic padding and its defaults. Returns samples per second."""
    made, clock = make_trainer(data, num_train_epochs=1, learning_rate=2e-4)
    made.train()
    batch = made.args.per_device_train_batch_size
    return (made.state.global_step - WARM_UP) * batch / (clock.stopped - clock.started)
