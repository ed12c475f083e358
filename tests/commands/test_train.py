"""What ``train`` and ``data`` say before anything is trained, and what a run is called that was given no name."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bertdemo.__main__ import main


@pytest.fixture
def table(tmp_path: Path, small_dataset) -> Path:
    path = tmp_path / "visits.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        names = [small_dataset.label_names[label] for label in small_dataset.labels]
        csv.writer(file).writerows([("text", "label"), *zip(small_dataset.texts, names, strict=True)])
    return path


@pytest.fixture
def run(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path / "home"))

    def run(*arguments: object) -> tuple[int, str, str]:
        return main([str(argument) for argument in arguments]), *capsys.readouterr()

    return run


def test_a_folder_reads_at_most_what_its_configuration_says(run, table, tiny_base):
    code, _, stderr = run("train", "--data", table, "--base", tiny_base, "--max-length", "129")
    assert (code, "at most 128 tokens: choose --max-length 128" in stderr) == (2, True)


def test_how_much_a_base_reads_that_was_never_downloaded_is_not_guessed(run):
    """Data are read after the settings are checked, so a complaint about them means that the settings went through."""
    arguments = ("train", "--data", "no_such_file.csv", "--base", "someone/never-seen", "--max-length", "8192")
    assert "no_such_file.csv" in run(*arguments)[2]


def test_a_label_with_one_text_can_be_left_out_by_the_option_that_the_sentence_names(run, table):
    with table.open("a", encoding="utf-8") as file:
        file.write("here alone,lonely\n")
    code, stdout, stderr = run("data", table)
    assert (code, stdout, "or leave these labels out with --drop-small-labels" in stderr) == (2, "", True)
    code, stdout, _ = run("data", table, "--drop-small-labels")
    assert (code, "left out, with too few texts to split: lonely" in stdout) == (0, True)


def test_runs_on_other_bases_have_other_names(run, table, tiny_base, monkeypatch):
    monkeypatch.setattr("bertdemo.runs.local.LocalBackend.start", lambda *_: None)
    for base in ("minilm-l6", tiny_base):
        assert run("train", "--data", table, "--base", base, "--detach", "--json")[0] == 0
    names = {each["name"] for each in json.loads(run("runs", "--json")[1])["runs"] if not each["read_only"]}
    assert names == {"visits", f"visits, {tiny_base.name}"}
