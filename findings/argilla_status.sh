#!/usr/bin/env bash
# The JSON export of argilla 2.8.0 leaves out whether an answer was submitted, discarded or only a draft.
#
# Expected: each response in the file of `records.to_json` carries its status, as in the columns that `to_datasets` makes.
# Seen:     a response is written as `value` and `user_id` alone. An annotator's discarded answer and an unfinished draft
#           look like submitted labels; the status of the record beside it ("pending") is not that of its answers. The
#           flat export keeps `label.responses.status`. Who trains on the JSON trains on rejected labels.
# The writer of `to_json` is called directly here, as a data set of argilla wants a server.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet argilla==2.8.0 requests==2.32.5
venv/bin/python - <<'PYTHON'
import json
import platform
import uuid
from importlib.metadata import version

import argilla
from argilla.records._io import GenericIO, JsonIO

answers = (("Lovely staff", "praise", "submitted"), ("Cold soup", "praise", "discarded"), ("Slow", "complaint", "draft"))
records = [
    argilla.Record(
        id=text, fields={"text": text},
        responses=[argilla.Response("label", label, user_id=uuid.UUID(int=number), status=status)],
    )
    for number, (text, label, status) in enumerate(answers, start=1)
]
JsonIO.to_json(records, "records.json")
with open("records.json", encoding="utf-8") as file:
    written = [record["responses"]["label"][0] for record in json.load(file)]
flat = [record["label.responses.status"][0] for record in GenericIO.to_list(records, flatten=True)]
print(f"Python {platform.python_version()}, argilla {version('argilla')}")
for answer, response, status in zip(answers, written, flat, strict=True):
    print(f"{answer}: JSON {response}, flat export {status!r}")
assert flat == ["submitted", "discarded", "draft"]
assert all(set(response) == {"value", "user_id"} for response in written), "the JSON tells the status now"
PYTHON
