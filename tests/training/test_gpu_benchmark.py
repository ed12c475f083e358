"""What the benchmark of GPUs chooses, on a machine without one."""

from __future__ import annotations

import sys

import pytest

from benchmarks import gpu
from bertdemo.models.devices import Hardware


@pytest.mark.parametrize(
    ("done", "spent", "goes_on"),
    [(0, 0.0, True), (1, 224.0, True), (1, 226.0, False), (2, 300.0, True), (3, 9.0, False)],
)
def test_a_round_begins_that_ends_within_the_budget(done, spent, goes_on):
    assert gpu.another_round(done, spent) is goes_on


@pytest.mark.parametrize(("precision", "flag"), [("bf16", {"bf16": True}), ("fp16", {"fp16": True}), ("fp32", {})])
def test_the_trainer_computes_in_our_number_format_on_batches_of_our_size(precision, flag):
    settings = gpu.trainer_settings(precision)
    assert {name: settings[name] for name in settings if name in ("bf16", "fp16")} == flag
    assert settings["per_device_train_batch_size"] == gpu.BATCH


def test_every_contender_and_rival_is_one_that_can_be_run():
    assert {*gpu.RIVALS, *filter(None, gpu.RIVALS.values())} == set(gpu.CONTENDERS)


def test_a_machine_without_a_gpu_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr("bertdemo.models.devices.look_up_hardware", Hardware)
    monkeypatch.setattr(sys, "argv", ["gpu"])
    assert gpu.main() == 2
    assert capsys.readouterr().err.count("\n") == 1
