"""A technique is a file: whoever adds one has it in the recipe, on the page, as an option and in the loop."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import COMPLAINTS, PRAISE

TOY = '''
"""Label smoothing (Szegedy et al., 2016)."""

from dataclasses import dataclass

from bertdemo.training.technique import Technique, setting


@dataclass
class LabelSmoothing(Technique):
    place = 50
    smoothing: float = setting(
        0.0, bounds=(0.0, 0.9), step=0.1, shape="%.2f", label="Label smoothing",
        help="The share of each label that all labels divide among them.",
    )

    def loss_term(self, training, batch):
        n_labels = len(batch.label_weights)
        uniform = batch.label_weights.new_full((len(batch.labels), n_labels), 1 / n_labels)
        return self.smoothing, lambda logits: batch.cross_entropy(logits, uniform)
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Imports modules of bertdemo as a new process would, with one file more in the folder of techniques."""
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path / "home"))
    before = {name: each for name, each in sys.modules.items() if name.partition(".")[0] == "bertdemo"}
    _forget()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "label_smoothing.py").write_text(TOY, encoding="utf-8")
    importlib.import_module("bertdemo.training.techniques").__path__.append(str(tmp_path / "more"))
    yield lambda name: importlib.import_module(f"bertdemo.{name}")
    _forget()
    sys.modules.update(before)


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "bertdemo"]:
        del sys.modules[name]


def _form() -> None:
    from bertdemo.ui.finetune.recipe_choice import choose, max_length

    max_length()  # which fills in the settings
    choose(None)


def test_a_file_in_the_folder_is_a_technique(module, tiny_base: Path, tmp_path: Path, capsys):
    recipe = module("training.recipe")
    names = [each.name for each in fields(recipe.Recipe)]
    assert names.index("patience") < names.index("smoothing") < names.index("evaluations_per_epoch")
    assert recipe.SETTINGS["smoothing"].label == "Label smoothing"
    with pytest.raises(module("errors").RecipeError, match=r"Smoothing is 0.95: choose a value from 0 to 0.9"):
        recipe.Recipe(smoothing=0.95)

    box = AppTest.from_function(_form).run().number_input(key="recipe_smoothing")
    assert (box.label, box.value, box.max, box.step) == ("Label smoothing", 0.0, 0.9, 0.1)
    with pytest.raises(SystemExit):
        module("__main__").main(["train", "--help"])
    assert "--smoothing S" in capsys.readouterr().out

    data = module("data.dataset").Dataset("visits", PRAISE + COMPLAINTS, (0,) * 30 + (1,) * 30, ("praise", "complaint"))
    split = module("data.splitting").split(data, seed=0)
    smoothed = module("runs.planning").recipe_of("standard", {"base": str(tiny_base), "smoothing": 0.3, "epochs": 1})
    folder = module("runs.folder").RunFolder.create(tmp_path / "runs" / "one", split, smoothed, "", 0.0)
    assert json.loads((folder.path / "recipe.json").read_text())["smoothing"] == 0.3
    assert folder.recipe() == smoothed

    def losses(**settings: float) -> list[float]:
        told: list = []
        chosen = recipe.Recipe(base=str(tiny_base), epochs=1, batch_size=8, warmup=0.0, **settings)
        classifier = module("training.loading").load_for_training(chosen, data.label_names)
        module("training.loop").train(classifier, split, chosen, told.append, lambda: None, lambda _: None)
        return [event.loss for event in told if hasattr(event, "gradient_norm")]

    plain, changed = losses(), losses(smoothing=0.9)
    assert plain[0] == changed[0]  # the loss that is reported is that of the labels
    assert all(one != other for one, other in zip(plain[1:], changed[1:], strict=True))
