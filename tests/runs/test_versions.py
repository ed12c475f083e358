from __future__ import annotations

import json

from bertdemo.runs import versions
from bertdemo.runs.versions import describe_machine


def test_a_run_names_its_libraries_and_the_processor_as_the_choice_of_device_does(monkeypatch):
    monkeypatch.setattr(versions, "cpu_name", lambda: "A processor")
    found = describe_machine()
    assert found["cpu"] == "A processor"
    assert {"python", "bertdemo", "torch", "transformers"} <= found.keys()
    assert json.loads(json.dumps(found)) == found
