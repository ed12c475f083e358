"""A run that the library trained on a file, for a moment and in this process."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import bertdemo
from bertdemo.data.dataset import Dataset

SETTINGS = {"max_length": 32, "learning_rate": 1e-3, "epochs": 2}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory, small_dataset: Dataset) -> Path:
    """A file with a name that has to be quoted, texts and labels that look like markup, and a label of one text."""
    path = tmp_path_factory.mktemp("data") / "it's.csv"
    names = ["<b>praise</b>", "complaint"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["opinion", "stars", "channel"])
        rows = zip(small_dataset.texts, small_dataset.labels, strict=True)
        writer.writerows([f"{text} <i>&", names[label], "web"] for text, label in rows)
        writer.writerow(["a text that is alone under its label", "lonely", "web"])
    return path


@pytest.fixture(scope="session")
def said() -> list[str]:
    """What ``progress`` was told."""
    return []


@pytest.fixture(scope="session")
def run(table: Path, home: Path, tiny_base: Path, said: list[str]) -> bertdemo.Run:
    data = bertdemo.load_data(table, text="opinion", label="stars", no_label=["?"])
    return bertdemo.fine_tune(
        data, "quick", name="<u>mine</u>", home=home, drop_small_labels=True, max_train=40, base=str(tiny_base),
        in_process=True, progress=said.append, **SETTINGS,
    )  # fmt: skip
