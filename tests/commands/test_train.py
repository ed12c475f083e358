"""What ``train`` and ``data`` say before anything is trained, and what a run is called that was given no name."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bertdemo.__main__ import main
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings


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
    assert (code, "at most 128 tokens: choose a max_length of 128" in stderr) == (2, True)


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


def test_runs_on_other_bases_have_other_names(run, table, tiny_base, idle_workers):
    for base in ("minilm-l6", tiny_base):
        assert run("train", "--data", table, "--base", base, "--detach", "--json")[0] == 0
    names = {each["name"] for each in json.loads(run("runs", "--json")[1])["runs"] if not each["read_only"]}
    assert names == {"visits", f"visits, {tiny_base.name}"}


@pytest.fixture
def complicated(tmp_path: Path) -> Path:
    """Ninety tickets with a title, spellings, several labels, blanks, a rival column of labels and published parts."""
    path, stances = tmp_path / "tickets.csv", ("For", "for ", "Against", "against|For", "n/a", "Against")
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(["title", "message", "stance", "topic", "part", "annotator"])
        for i in range(90):
            part = "test" if i % 10 > 7 else "train"
            text = [f"About ticket {i}", f"This is the whole message of ticket {i}, which is a long one"]
            csv.writer(file).writerow(
                [*text, stances[i % 6], ("tax", "war", "sea")[i % 3], part, ("ann", "bob")[i % 2]]
            )
    return path


def test_data_says_which_columns_were_taken_what_was_decided_and_how_to_decide_otherwise(run, complicated):
    code, stdout, _ = run("data", complicated)
    lines = stdout.splitlines()
    assert (code, lines[1]) == (0, "text: message, label: stance, split: part; also possible: topic")
    for said in (
        "“n/a” (15 rows): read as “no label”.",
        "are read as one label: “For” (“for”",
        "15 rows with several labels, such as “Against” and “For”: left out.",
        "--several first", "--keep-spellings", "--no-label", "--join-columns title,message", "--split-column none",
        "The published train and test parts are kept, and validation is taken from train.",
    ):  # fmt: skip
        assert said in stdout
    values = json.loads(run("data", complicated, "--json")[1])
    assert values["columns"] == {
        "text": ["message"], "pair": None, "label": ["stance"], "split": "part", "also_possible": ["topic"],
        "joinable": ["title", "message"],
    }  # fmt: skip
    assert (values["usable"], values["split"]["test"], len(values["notes"])) == (60, 12, 3)


@pytest.mark.parametrize(
    ("options", "labels", "usable"),
    [
        (["--several", "first"], {"For", "Against"}, 75),
        (["--several", "against"], {"Against", "not Against"}, 75),
        (["--keep-spellings"], {"For", "for", "Against"}, 60),
        (["--no-label", ""], {"For", "Against", "n/a"}, 75),
        (["--no-label", "n/a,for"], {"Against"}, None),
        (["--label-column", "topic"], {"tax", "war", "sea"}, 90),
        (["--split-column", "none"], {"For", "Against"}, 60),
        (["--join-columns", "title,message"], {"For", "Against"}, 60),
    ],
)
def test_every_decision_can_be_taken_by_an_option(run, complicated, options, labels, usable):
    code, stdout, stderr = run("data", complicated, "--json", *options)
    if usable is None:
        assert (code, stdout, "holds the single label 'Against'" in stderr) == (2, "", True)
        return
    values = json.loads(stdout)
    assert ({each["label"] for each in values["labels"] if each["after"]}, values["usable"]) == (labels, usable)
    assert (values["split_origin"] == "") is ("none" in options)
    assert values["labels"][0]["examples"][0].startswith("About ticket") is ("title,message" in options)


def test_where_columns_of_labels_are_equally_plausible_the_command_asks_in_one_line(run, tmp_path):
    path = tmp_path / "two.csv"
    rows = (f"what a day it was number {i},{'ab'[i % 2]},{'xyz'[i % 3]}\n" for i in range(30))
    path.write_text("text,sentiment,topic\n" + "".join(rows), encoding="utf-8")
    for command in (("data",), ("train", "--data")):
        code, stdout, stderr = run(*command, path)
        assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
        assert "The labels may be in 'sentiment' or in 'topic': say which with --label-column." in stderr
    assert run("data", path, "--label-column", "topic")[0] == 0


def test_where_raters_disagree_on_every_text_the_majority_is_offered_and_taken(run, tmp_path):
    path = tmp_path / "votes.csv"
    rows = (
        f"what a day it was number {i // 3},{'aab'[i % 3] if i < 60 else 'bba'[i % 3]},{i % 3}\n" for i in range(120)
    )
    path.write_text("text,label,rater\n" + "".join(rows), encoding="utf-8")
    code, _, stderr = run("data", path)
    assert (code, "take the most frequent label of each text (--majority)" in stderr) == (2, True)
    values = json.loads(run("data", path, "--majority", "--json")[1])
    assert {each["label"]: each["after"] for each in values["labels"]} == {"a": 20, "b": 20}


def test_a_run_and_its_report_name_the_columns(run, complicated, tmp_path, idle_workers):
    code, stdout, stderr = run("train", "--data", complicated, "--detach", "--json")
    values = json.loads(stdout)
    assert (code, values["columns"]["label"], len(values["notes"])) == (0, ["stance"], 3)
    assert "text: message, label: stance, split: part; also possible: topic" in stderr
    card = Runs(Settings(tmp_path / "home")).get(values["run"]).data
    assert (card.text_columns, card.label_columns, card.also_possible) == (("message",), ("stance",), ("topic",))
    assert card.reading[0] == "text: message, label: stance, split: part; also possible: topic"
    assert (card.reading[1:-1], card.reading[-1]) == (card.notes, card.split_origin)
