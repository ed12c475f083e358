"""Whatever cannot be answered is refused with one sentence that gives nothing away."""

import shutil

import pytest
from starlette.testclient import TestClient

from bertdemo.api import service
from bertdemo.api.application import LARGEST_BODY
from bertdemo.api.guarding import Api
from bertdemo.api.messages import LONGEST_TEXT, MOST_TEXTS
from bertdemo.errors import SettingsError
from bertdemo.settings import Settings
from bertdemo.tasks.records import State, Status

JSON = {"Content-Type": "application/json"}
WRONG = [
    ({}, 422, "run"),
    ({"run": "single"}, 422, "either one text, or texts"),
    ({"run": "single", "text": "a", "texts": ["b"]}, 422, "either one text, or texts"),
    ({"run": "single", "texts": []}, 422, "at least one text"),
    ({"run": "single", "text": 3}, 422, "text"),
    ({"run": "single", "text": "a", "colour": "red"}, 422, "colour"),
    ({"run": "single", "text": " \n\t"}, 422, "text 1 is empty"),
    ({"run": "single", "texts": ["a", ""]}, 422, "text 2 is empty"),
    ({"run": "single", "text": "\0"}, 422, "text 1 is empty"),
    ({"run": "single", "texts": ["a", "\ufffd\ue000"]}, 422, "nothing of text 2"),
    ({"run": "pairs", "text": "a", "pair": "\u0301"}, 422, "nothing of text 1 or of its pair"),
    ({"run": "pairs", "texts": ["a", "b"], "pairs": ["a", " "]}, 422, "pair 2 is empty"),
    ({"run": "pairs", "texts": ["a", "b"], "pairs": ["a"]}, 422, "as many pairs"),
    ({"run": "pairs", "texts": ["a"], "pair": "a"}, 422, "pair belongs to text"),
    ({"run": "pairs", "text": "a"}, 422, "trained on pairs"),
    ({"run": "single", "text": "a", "pair": "b"}, 422, "trained on single texts"),
    ({"run": "single", "text": "a" * (LONGEST_TEXT + 1)}, 422, f"{LONGEST_TEXT} characters"),
    ({"run": "single", "texts": ["a"] * (MOST_TEXTS + 1)}, 422, f"{MOST_TEXTS} items"),
    ({"run": "none", "text": "a"}, 404, "no run 'none'"),
    ({"run": "../single", "text": "a"}, 404, "no run"),
    ({"run": "a" * 65, "text": "a"}, 422, "run"),
]


def is_one_sentence(response) -> bool:
    detail = response.json()["detail"]
    return list(response.json()) == ["detail"] and detail.endswith(".") and len(detail.splitlines()) == 1


@pytest.mark.parametrize(("question", "code", "words"), WRONG)
def test_a_wrong_question_is_told_in_one_sentence(client, question, code, words):
    response = client.post("/v1/predict", json=question)
    assert response.status_code == code
    assert words in response.json()["detail"]
    assert is_one_sentence(response)


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[1]", b'{"run": ', b"\xff\xfe", b'"text"', b'{"run": "\xff"}', b"[" * 100_000]
)
def test_a_body_that_is_no_object_is_told_so(client, body):
    response = client.post("/v1/predict", content=body, headers=JSON)
    assert response.status_code in (400, 422)
    assert is_one_sentence(response)


def test_half_a_character_is_refused(client):
    response = client.post("/v1/predict", content=b'{"run": "single", "text": "\\ud800"}', headers=JSON)
    assert response.status_code == 422
    assert is_one_sentence(response)


def test_a_form_of_another_site_is_no_question(client):
    """Browsers send text/plain to any server without asking it; JSON they do not."""
    body = b'{"run": "single", "text": "a"}'
    assert client.post("/v1/predict", content=body, headers={"Content-Type": "text/plain"}).status_code == 422


@pytest.mark.parametrize("in_pieces", [False, True], ids=["whole", "in pieces"])
def test_a_huge_body_is_not_read_to_its_end(client, in_pieces):
    taken = []

    def pieces():
        for _ in range(100):
            taken.append(LARGEST_BODY // 10)
            yield b" " * taken[-1]

    content = pieces() if in_pieces else b" " * (LARGEST_BODY + 1)
    response = client.post("/v1/predict", content=content, headers=JSON)
    assert response.status_code == 413
    assert is_one_sentence(response)


@pytest.fixture
def a_run(runs):
    """A copy of a run, to be spoilt."""
    source = runs.folder("single")
    copy = source.path.with_name("spoilt")
    shutil.copytree(source.path, copy)
    yield runs.folder("spoilt")
    shutil.rmtree(copy)


@pytest.mark.parametrize("state", [State.QUEUED, State.CANCELLED, State.FAILED, State.INTERRUPTED])
def test_a_run_without_a_tested_model_says_so(predict, a_run, state):
    a_run.write_status(Status(state, "", 0.0))
    code, answer = predict(run="spoilt", text="a")
    assert code == 409
    assert "spoilt is " in answer["detail"]


@pytest.mark.parametrize("file", ["status.json", "data.json", "model/model.safetensors", "model/classifier.json"])
def test_a_damaged_run_says_so_without_naming_the_disk(predict, a_run, file):
    (a_run.path / file).write_text("{")
    code, answer = predict(run="spoilt", text="a")
    assert code == 409
    assert "damaged" in answer["detail"]
    assert str(a_run.path.parent) not in answer["detail"]


def test_a_deleted_run_is_gone_although_it_was_loaded(predict, a_run):
    assert predict(run="spoilt", text="a")[0] == 200
    hidden = a_run.path.with_name("elsewhere")
    a_run.path.rename(hidden)
    assert predict(run="spoilt", text="a")[0] == 404
    hidden.rename(a_run.path)


@pytest.mark.parametrize(("method", "path", "code"), [("GET", "/nowhere", 404), ("GET", "/v1/predict", 405)])
def test_a_wrong_address_points_to_the_documentation(client, method, path, code):
    response = client.request(method, path)
    assert response.status_code == code
    assert "docs" in response.json()["detail"]


def test_a_bug_is_one_sentence_and_its_traceback_is_in_the_log(client, monkeypatch, caplog):
    def broken(_):
        raise ValueError("secret detail")

    monkeypatch.setattr(service, "ready", broken)
    response = client.get("/ready")
    assert response.status_code == 500
    assert is_one_sentence(response)
    assert "secret" not in response.text
    assert "secret detail" in caplog.text


def test_wrong_settings_are_told(runs, models):
    def settings():
        raise SettingsError("BERTDEMO_MAX_ROWS is 'many': set it to a whole number.")

    client = TestClient(Api(settings, lambda: runs, lambda: models))
    response = client.get("/v1/models")
    assert response.status_code == 500
    assert "BERTDEMO_MAX_ROWS" in response.json()["detail"]


@pytest.fixture
def guarded(tmp_path, runs, models):
    settings = Settings(tmp_path, api_token="sesame")
    return TestClient(Api(lambda: settings, lambda: runs, lambda: models))


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer", "Basic sesame", "sesame", "Bearer sesame2"])
def test_without_the_token_nothing_is_answered(guarded, header):
    headers = {"Authorization": header} if header else {}
    for response in (
        guarded.get("/v1/models", headers=headers),
        guarded.post("/v1/predict", json={"run": "single", "text": "a"}, headers=headers),
    ):
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert is_one_sentence(response)
    assert guarded.get("/ready").status_code == 200


def test_with_the_token_everything_is(guarded):
    response = guarded.post(
        "/v1/predict", json={"run": "single", "text": "a"}, headers={"Authorization": "Bearer sesame"}
    )
    assert response.status_code == 200
