"""The README is tried, not trusted: its commands run, the files it names exist."""

from __future__ import annotations

import csv
import functools
import itertools
import json
import re
import runpy
import shlex
from pathlib import Path

import pytest

import bertdemo
from bertdemo.__main__ import main, parser
from bertdemo.data.dataset import Dataset

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
ENVIRONMENT = "python3 -m venv .venv && . .venv/bin/activate"  # Debian and Ubuntu refuse pip outside of one
TEST_COMMAND = "pip install -r requirements-dev.txt && pytest"
START_COMMAND = "pip install -r requirements.txt && streamlit run app.py"
COMMAND = ("python", "-m", "bertdemo")
ORDER = {"train": 0, "delete": 2, "stop": 3, "cancel": 3}  # others: 1; what is live cannot be deleted
LONGEST_EXAMPLE = 20  # lines: one screen
ENOUGH = ("--epochs", "1", "--max-train", "64", "--max-length", "32")  # the last one given counts


def command_lines() -> list[str]:
    """Every command in a ```bash block: continued lines joined, comments and prompts removed."""
    text = README.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:bash|sh|shell|console)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    words = (shlex.join(shlex.split(line.removeprefix("$ "), comments=True)) for line in lines)
    return [plain(each) for each in words if each]


def plain(line: str) -> str:
    """Undo the quotes that ``shlex.join`` puts around operators and placeholders."""
    return re.sub(r"'(&&|\||>|;|<run>|\$RUN)'", r"\1", line)


def steps() -> list[list[str]]:
    """The words of each single command; what it is piped or redirected into is left out."""
    singles = [each for line in command_lines() for each in re.split(r"\s(?:&&|;)\s", line)]
    return [
        shlex.split(re.split(r"\s[|>]", each)[0].replace("<run>", "RUN").replace("$RUN", "RUN")) for each in singles
    ]


def our_commands() -> list[list[str]]:
    return [words[3:] for words in steps() if tuple(words[:3]) == COMMAND]


def test_it_has_the_two_commands_that_set_everything_up_in_an_environment_of_their_own() -> None:
    assert f"{ENVIRONMENT} && {START_COMMAND}" in command_lines()
    assert f"{ENVIRONMENT} && {TEST_COMMAND}" in command_lines()


def test_ci_runs_the_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    install, test = TEST_COMMAND.split(" && ")
    assert re.search(
        rf"^pip install .*{re.escape(install.split(' ', 2)[2])} && .*\b{test}$", script, flags=re.MULTILINE
    )


def test_the_files_it_names_exist() -> None:
    text = README.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)|<img[^>]+src=\"([^\"]+)\"", text)
    targets = {first or second for first, second in links}
    local = {target for target in targets if not re.match(r"[a-z]+:", target)}
    programs = {
        word for words in steps() for word in words if re.fullmatch(r"[\w./-]+\.py|requirements[\w-]*\.txt", word)
    }
    assert sorted(name for name in local | programs if not (ROOT / name).exists()) == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_the_places_in_the_code_that_it_names_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?![a-z]+:)([^)#\s]+)", text)
    places = re.findall(r"`((?:bertdemo|tests|pages|benchmarks|docs)/[\w./-]*)`", text)
    assert [each for each in (*links, *places) if not (ROOT / each).exists()] == []


def test_every_command_of_ours_is_one_the_program_knows() -> None:
    commands = our_commands()
    assert commands
    for words in commands:
        if "--help" not in words:
            parser().parse_args(words)


@pytest.mark.slow
def test_every_command_of_ours_does_what_it_says(
    small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """One after the other, as a reader would, but trained for a moment only; files that it names are made up."""
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for words in sorted(our_commands(), key=lambda words: ORDER.get(words[0], 1)):
        if not needs_network(words):
            make_files(words, small_dataset, tmp_path)
            call(with_run(words, capfd) + (list(ENOUGH) if words[0] == "train" else []), capfd)


@pytest.mark.slow
def test_what_it_does_from_python_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands, but trained for a moment only, and here: a process of its own would load torch anew."""
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path / "home"))
    [code] = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert len(code.splitlines()) <= LONGEST_EXAMPLE
    fine_tune = functools.partial(bertdemo.fine_tune, max_train=64, max_length=32, epochs=1, in_process=True)
    monkeypatch.setattr(bertdemo, "fine_tune", fine_tune)
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    made = runpy.run_path(str(tmp_path / "example.py"))
    assert made["found"].target == "spam"
    assert "The classifier is right on" in capsys.readouterr().out


def needs_network(words: list[str]) -> bool:
    return any(re.fullmatch(r"(hub:)?[\w-]+/[\w.-]+", word) and Path(word).suffix == "" for word in words)


def make_files(words: list[str], dataset: Dataset, folder: Path) -> None:
    """A table under each named ``.csv`` or ``.tsv``, with the columns that the command asks for."""
    options = dict(itertools.pairwise(words))
    columns = [options.get("--text-column", "text"), options.get("--label-column", "label")]
    for name in (word for word in words if word.endswith((".csv", ".tsv"))):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="\t" if name.endswith(".tsv") else ",")
            rows = zip(dataset.texts, (dataset.label_names[label] for label in dataset.labels), strict=True)
            writer.writerows([columns, *rows])


def with_run(words: list[str], capfd: pytest.CaptureFixture[str]) -> list[str]:
    """The newest run in place of RUN; to be stopped or cancelled, a run that has just begun."""
    if "RUN" not in words:
        return words
    runs = json.loads(call(["runs", "--json"], capfd))["runs"]
    if not runs or words[0] in ("stop", "cancel"):
        begun = call(["train", "--data", "sms_spam", *ENOUGH, "--detach", "--json"], capfd)
        run = json.loads(begun)["run"]
    else:
        run = runs[0]["run"]
    return [run if word in ("RUN", "OTHER") else word for word in words]


def call(words: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    """What a command prints, in this process: each of its own would load torch anew."""
    code = main(words)
    output, told = capfd.readouterr()
    assert code == 0, f"{shlex.join(words)}: {output}{told}"
    return output
