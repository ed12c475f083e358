"""``python -m bertdemo export`` as a person types it."""

from __future__ import annotations

import json
import shutil
import zipfile

import onnx
import pytest

from bertdemo.__main__ import main
from bertdemo.errors import RunError
from bertdemo.evaluation.report import Interval
from bertdemo.export import exporting
from bertdemo.export import onnx as onnx_export
from bertdemo.export.exporting import export_apart
from bertdemo.export.onnx import Measured
from bertdemo.settings import Settings


@pytest.fixture
def run(runs, capsys, monkeypatch):
    """Runs ``export`` in this process; gives its exit code, stdout and stderr."""
    monkeypatch.setenv("BERTDEMO_HOME", str(runs.folder("finished").path.parents[1]))

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main(["export", *map(str, arguments)])
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


def test_a_zip_is_written_and_told(run, tmp_path):
    file = tmp_path / "run.zip"
    code, stdout, stderr = run("finished", "--output", file, "--json")
    result = json.loads(stdout)
    assert (code, stderr) == (0, "")
    assert (result["run"], result["format"], result["output"]) == ("finished", "zip", str(file))
    assert result["bytes"] == file.stat().st_size
    assert "model.safetensors" in zipfile.ZipFile(file).namelist()
    assert list(tmp_path.iterdir()) == [file]


def test_a_damaged_model_is_told_by_the_name_of_its_run(run, runs, tmp_path):
    whole = runs.folder("finished").path
    damaged = shutil.copytree(whole, whole.with_name("damaged"))
    try:
        (damaged / "model" / "model.safetensors").write_bytes(b"no model")
        code, stdout, stderr = run("damaged", "--output", tmp_path / "run.zip")
    finally:
        shutil.rmtree(damaged)
    assert (code, stdout) == (2, "")
    assert "The model of the run damaged is missing or damaged" in stderr
    assert not list(tmp_path.iterdir())


def test_int8_is_written_and_measured(run, tmp_path):
    file = tmp_path / "model.onnx"
    code, stdout, stderr = run("finished", "--format", "int8", "--output", file, "--measure", "--json")
    result = json.loads(stdout)
    assert (code, stderr) == (0, "")
    assert [each["form"] for each in result["measured"]] == ["PyTorch fp32", "ONNX fp32", "ONNX int8"]
    assert "DynamicQuantizeLinear" in {node.op_type for node in onnx.load(file).graph.node}


@pytest.mark.parametrize(("name", "kind"), [("a.zip", "zip"), ("b.ZIP", "zip"), ("c.onnx", "onnx")])
def test_the_ending_tells_the_format_where_none_is_given(run, tmp_path, monkeypatch, name, kind):
    monkeypatch.setattr(exporting, "_write", lambda runs, run_id, format_, file: file.write_text(format_))
    code, stdout, stderr = run("finished", "--output", tmp_path / name, "--json")
    assert (code, stderr, json.loads(stdout)["format"]) == (0, "", kind)
    assert (tmp_path / name).read_text() == kind


def test_for_people_it_is_one_line_and_a_table(run, tmp_path, monkeypatch):
    forms = [Measured(name, 23_500_000, 7.94, 0.998, Interval(0.99, 1.0, ""), 0.1, 0.8, 1000) for name in ("a", "b")]
    monkeypatch.setattr(onnx_export, "measure", lambda *_: tuple(forms))
    code, stdout, _ = run("finished", "--output", tmp_path / "run.zip", "--measure")
    lines = stdout.splitlines()
    assert code == 0
    assert "MB in" in lines[0]
    assert "1,000 test texts" in lines[1]
    assert lines[3].split() == ["a", "23.5", "MB", "7.9", "ms", "99.80", "%", "80.00", "%"]
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("none", "--output", "x.zip"), 2, "no run"),
        (("cancelled", "--output", "x.zip"), 2, "cancelled"),
        (("finished",), 2, "--output"),
        (("finished", "--format", "pickle", "--output", "x.zip"), 2, "pickle"),
        (("finished", "--output", "nowhere/x.zip"), 2, "no such folder"),
        (("finished", "--output", "."), 2, "is a folder"),
        (("finished", "--output", "x.docx"), 2, "must end in .zip or .onnx"),
        (("finished", "--output", "x"), 2, "must end in .zip or .onnx"),
        (("finished", "--format", "zip", "--output", "x.onnx"), 2, "must end in .zip"),
        (("finished", "--format", "onnx", "--output", "x.zip"), 2, "must end in .onnx"),
        (("finished", "--format", "int8", "--output", "x"), 2, "must end in .onnx"),
        (("finished", "--output", "/"), 2, "is a folder"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(run, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    found, stdout, stderr = run(*arguments)
    assert (found, stdout, len(stderr.splitlines())) == (code, "", 1)
    assert words in stderr
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_the_last_good_file(run, tmp_path):
    file = tmp_path / "run.zip"
    file.write_text("precious")
    assert run("cancelled", "--output", file)[0] == 2
    assert file.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [file]


@pytest.fixture
def home_settings(runs) -> Settings:
    return Settings(home=runs.folder("finished").path.parents[1])


def test_the_file_is_written_and_described(home_settings, tmp_path):
    file = tmp_path / "package.zip"
    values = export_apart(home_settings, "finished", "zip", file)
    assert values["bytes"] == file.stat().st_size
    assert "README.md" in zipfile.ZipFile(file).namelist()


def test_what_the_command_says_against_it_is_the_error(home_settings, tmp_path):
    with pytest.raises(RunError, match="There is no run 'nothing'"):
        export_apart(home_settings, "nothing", "zip", tmp_path / "package.zip")
