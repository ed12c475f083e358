"""What the interface answers is what the classifier says, whoever else asks at the same moment."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bertdemo.api.guarding import Api
from bertdemo.api.messages import LONGEST_TEXT, MOST_TEXTS
from bertdemo.prediction.single import predict_one
from tests.readable import is_readable

TEXTS = ["the coffee was cold", "x " * 60, "漢字", "😀", "<script>alert(1)</script>", "a\0b", "=1+1", "مرحبا"]
ROOT = Path(__file__).parents[2]


def test_one_text_gets_the_answer_of_the_library(predict, classifier):
    code, answer = predict(run="single", text=TEXTS[0])
    expected = predict_one(classifier, TEXTS[0])
    assert code == 200
    assert (answer["run"], answer["label"], answer["tokens"]) == ("single", expected.label, expected.tokens)
    assert answer["scores"] == pytest.approx(dict(expected.scores), abs=1e-5)
    assert list(answer["scores"]) == [label for label, _ in expected.scores]
    assert answer["confidence"] == answer["scores"][answer["label"]]
    assert (answer["truncated"], answer["precision"]) == (False, "fp32")
    assert answer["milliseconds"] > 0


def test_many_texts_are_answered_in_their_order_as_one_by_one(predict, classifier):
    texts = TEXTS * 4
    code, answers = predict(run="single", texts=texts)
    assert (code, len(answers["predictions"])) == (200, len(texts))
    for text, found in zip(texts, answers["predictions"], strict=True):
        expected = predict_one(classifier, text)
        assert found["scores"] == pytest.approx(dict(expected.scores), abs=1e-5)
        assert (found["tokens"], found["truncated"]) == (expected.tokens, expected.truncated)


def test_pairs_are_read_together(predict, classifier):
    expected = predict_one(classifier, "cold coffee", "warm bread")
    _, one = predict(run="pairs", text="cold coffee", pair="warm bread")
    _, many = predict(run="pairs", texts=["cold coffee"], pairs=["warm bread"])
    for found in (one, *many["predictions"]):
        assert found["scores"] == pytest.approx(dict(expected.scores), abs=1e-5)
        assert found["tokens"] == expected.tokens


def test_four_who_ask_at_once_get_their_own_answers(predict):
    expected = {text: predict(run="single", text=text)[1]["scores"] for text in TEXTS}
    asked = TEXTS * 25
    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(lambda text: predict(run="single", text=text), asked)
    assert all(
        code == 200 and answer["scores"] == pytest.approx(expected[text], abs=1e-5)
        for text, (code, answer) in zip(asked, answers, strict=True)
    )


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=50))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_text_is_answered_or_refused_with_a_sentence(predict, text):
    code, answer = predict(run="single", text=text)
    if is_readable(text):
        assert (code, set(answer["scores"])) == (200, {"praise", "complaint"})
        assert sum(answer["scores"].values()) == pytest.approx(1)
    else:
        assert (code, list(answer)) == (422, ["detail"])


def test_what_the_model_does_not_know_is_told(predict):
    _, known = predict(run="single", text="the coffee")
    assert (known["unknown_share"], known["remarks"]) == (0, [])
    _, both = predict(run="single", texts=["สวัสดี the", "the ｃｏｆｆｅｅ"])
    assert [each["unknown_share"] for each in both["predictions"]] == [0.5, 0.5]
    assert [len(each["remarks"]) for each in both["predictions"]] == [1, 2]


def test_the_models_are_those_that_can_be_asked(client, predict):
    predict(run="single", text="hello")
    models = {model["run"]: model for model in client.get("/v1/models").json()["models"]}
    assert set(models) == {"single", "pairs"}
    assert models["single"]["labels"] == ["praise", "complaint"]
    assert [models[name]["pairs"] for name in ("single", "pairs")] == [False, True]
    assert models["single"]["loaded"]


def test_ready_counts_the_models(client):
    assert client.get("/ready").json().items() >= {"ready": True, "models": 2}.items()


def test_the_page_takes_all_it_needs_from_this_server(client):
    page = client.get("/docs")
    assert page.status_code == 200
    links = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)
    assert len(links) >= 3
    for link in links:
        assert link.startswith("/")
        assert client.get(link).status_code == 200
    assert "http" not in re.sub(r"<!--.*?-->", "", page.text, flags=re.DOTALL).replace("http-equiv", "")


def test_addresses_limits_and_the_token_are_documented(client):
    described = client.get("/openapi.json").json()
    assert {"/ready", "/v1/models", "/v1/predict"} <= set(described["paths"])
    assert str(MOST_TEXTS) in str(described["components"]["schemas"]["Question"])
    assert str(LONGEST_TEXT) in str(described["components"]["schemas"]["Question"])
    assert {"HTTPBearer"} == set(described["components"]["securitySchemes"])
    problem = described["paths"]["/v1/predict"]["post"]["responses"]["422"]["content"]["application/json"]["schema"]
    assert problem["$ref"].endswith("/Problem")


def test_nothing_is_built_before_the_first_request(settings):
    def forbidden():
        raise AssertionError

    Api(forbidden, forbidden, forbidden)
    code = "import sys, bertdemo.api.guarding; print({'fastapi', 'pydantic', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
