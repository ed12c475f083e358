"""The command study as a person types it, with a real worker."""

from __future__ import annotations

import json

import pytest

from bertdemo.__main__ import main
from bertdemo.studies import store
from bertdemo.studies.store import Studies
from bertdemo.studies.worker import work
from bertdemo.tasks import following
from bertdemo.tasks.backend import ImmediateBackend
from bertdemo.tasks.records import State
from tests.jobs.test_store import IdleBackend
from tests.studies.fakes import fake_attribute, tiny_attribute


@pytest.fixture
def run(settings, capsys, monkeypatch, run_id):
    """Runs the command on the run in this process; gives its exit code, stdout and stderr."""
    monkeypatch.setenv("BERTDEMO_HOME", str(settings.home))

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["study", "--run", run_id, *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def at_once(monkeypatch):
    """Studies are done in this process, with scores that cost nothing."""
    backend = ImmediateBackend(lambda folder: work(folder, fake_attribute))
    monkeypatch.setattr(store, "_local_backend", lambda settings: backend)


def test_a_label_is_explained_by_a_real_worker(run):
    code, stdout, stderr = run("--label", "complaint", "--texts", 4, "--json")
    assert code == 0, stderr
    found = json.loads(stdout)
    assert (found["label"], found["against"], found["method"], found["baseline"]) == (
        "complaint", None, "integrated_gradients", "pad",
    )  # fmt: skip
    assert found["texts"] == 4
    assert 0 <= found["certified"] <= 4
    assert found["available"] == 9
    for word in found["words"]:
        assert word["texts"] >= 2
        assert all(word["text"].lower() in example["text"].lower() for example in word["examples"])


def test_a_cell_of_the_confusion_matrix_and_a_map_are_objects_too(run, at_once):
    found = json.loads(run("--cell", "praise", "praise", "--json")[1])
    assert (found["label"], found["true_label"], found["against"]) == ("praise", "praise", None)
    found = json.loads(run("--json")[1])
    assert len(found["points"]) == 15
    assert set(found["points"][0]) == {"place", "text", "label", "predicted_label", "before", "after"}
    assert 0 <= found["after"]["neighbours"] <= 1


def test_people_read_a_few_lines(run, at_once):
    code, stdout, _ = run("--label", "praise")
    assert code == 0
    assert stdout.startswith("Why praise: 6 of 6 test texts")
    assert "A good reason looks the same" in stdout
    assert "before fine-tuning: the nearest neighbour" in run()[1]


def test_of_texts_with_next_to_nothing_to_explain_it_says_that_none_is_certified(run, at_once, monkeypatch):
    assert "is certified whose output" not in run("--label", "praise")[1]
    backend = ImmediateBackend(lambda folder: work(folder, tiny_attribute))
    monkeypatch.setattr(store, "_local_backend", lambda settings: backend)
    told = run("--label", "complaint")[1].splitlines()
    assert "9 of 9 test texts, 0 certified" in told[0]
    assert "No text is certified whose output is within 0.05 logits of its baseline's" in told[1]


def test_of_texts_that_are_too_long_the_part_that_was_answered_is_studied_and_it_says_so(
    run, at_once, settings, run_id
):
    card = settings.home / "runs" / run_id / "model" / "classifier.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"max_length": 6}))
    assert "6 are longer than the model reads: its answers rest on their beginnings" in run("--label", "praise")[1]
    assert json.loads(run("--label", "praise", "--json")[1])["cut"] == 6
    (study,) = Studies(settings).list()
    for each in Studies(settings).folder(study.id).explained():
        assert each.cut
        assert len(each.words) <= 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--label", "nope"), "no label 'nope'"),
        (("--cell", "praise", "nope"), "no label 'nope'"),
        (("--label", "praise", "--texts", "9999"), "1 to 500 texts"),
        (("--texts", "1"), "A map reads 3 to 1,000 texts and not 1"),
        (("--label", "praise", "--baseline", "x"), "no baseline 'x'"),
        (("--baseline", "mask"), "A map compares with no baseline"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(run, arguments, words):
    code, stdout, stderr = run(*arguments)
    assert (code, stdout) == (2, "")
    assert stderr.startswith("bertdemo: ")
    assert words in stderr
    assert stderr.count("\n") == 1


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(run, monkeypatch, settings):
    monkeypatch.setattr(store, "_local_backend", lambda settings: IdleBackend())
    first, stopped = Studies(settings), []
    monkeypatch.setattr(following.time, "sleep", lambda seconds: (_ for _ in ()).throw(KeyboardInterrupt))

    def cancel(self, study_id):
        stopped.append(study_id)
        folder = first.folder(study_id)
        folder.write_status(type(folder.status())(State.CANCELLED, "Cancelled.", 2.0))

    monkeypatch.setattr(Studies, "cancel", cancel)
    code, stdout, stderr = run("--label", "praise")
    assert (code, stdout) == (130, "")
    assert "goes on from there" in stderr
    monkeypatch.undo()
    monkeypatch.setenv("BERTDEMO_HOME", str(settings.home))
    backend = ImmediateBackend(lambda folder: work(folder, fake_attribute))
    monkeypatch.setattr(store, "_local_backend", lambda settings: backend)
    assert run("--label", "praise")[0] == 0
    assert [each.id for each in Studies(settings).list()] == stopped
