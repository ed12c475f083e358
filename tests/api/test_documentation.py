"""The interface documents itself, with no network, and costs nothing before it is used."""

import re
import subprocess
import sys
from pathlib import Path

from bertdemo.api.messages import LONGEST_TEXT, MOST_TEXTS
from bertdemo.api.mounting import Api

ROOT = Path(__file__).parents[2]


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
    code = "import sys, bertdemo.api.mounting; print({'fastapi', 'pydantic', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
