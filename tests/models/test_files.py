"""A base that only the Hub may have is asked for once; the Hub's answers are its library's own, but for the network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import errors
from huggingface_hub.utils import httpx

from bertdemo.errors import ModelError
from bertdemo.models.catalog import find_base
from bertdemo.models.files import require_base

MODEL = ("config.json", "model.safetensors", "vocab.txt")
REQUEST = httpx.Request("GET", "https://example.org")


def refusal(kind: type[errors.HfHubHTTPError], status: int) -> errors.HfHubHTTPError:
    return kind("told by a test", response=httpx.Response(status, request=REQUEST))


@pytest.fixture
def hub(monkeypatch) -> Callable[..., list[str]]:
    """Has the Hub answer with an error or with files; gives the names it was asked for."""

    def answer(error: Exception | None = None, files: tuple[str, ...] = MODEL, gated: object = False) -> list[str]:
        asked: list[str] = []

        def model_info(name: str, *, timeout: float) -> SimpleNamespace:
            assert timeout <= 5
            asked.append(name)
            if error is not None:
                raise error
            return SimpleNamespace(siblings=[SimpleNamespace(rfilename=file) for file in files], gated=gated)

        monkeypatch.setattr(huggingface_hub, "model_info", model_info)
        return asked

    return answer


def test_a_model_that_the_hub_has_is_asked_for_once(hub):
    asked = hub()
    require_base(find_base("owner/model"))
    assert asked == ["owner/model"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (refusal(errors.RepositoryNotFoundError, 404), "no model 'owner/model' on the Hub .* check the spelling"),
        (errors.HFValidationError("no id"), "check the spelling"),
        (refusal(errors.GatedRepoError, 401), "is gated: accept its terms"),
        (httpx.ConnectError("no route"), "the Hub cannot be reached: connect to the internet"),
    ],
)
def test_what_the_hub_says_is_one_sentence(hub, error: Exception, told: str):
    hub(error)
    with pytest.raises(ModelError, match=told):
        require_base(find_base("owner/model"))


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        refusal(errors.HfHubHTTPError, 503),
        ValueError("no JSON"),
    ],
)
def test_a_hub_that_is_slow_or_troubled_refuses_nothing(hub, error: Exception):
    hub(error)
    require_base(find_base("owner/model"))


@pytest.mark.parametrize(
    ("files", "usable"),
    [
        (("config.json", "model.safetensors.index.json", "tokenizer.json"), True),
        (("config.json", "pytorch_model.bin", "spiece.model"), True),  # which the Hub converts
        (("config.json", "tf_model.h5"), False),
        (("config.json", "onnx/model.safetensors"), False),
        (("model.safetensors",), False),
    ],
)
def test_a_model_without_weights_that_can_be_read_is_refused(hub, files: tuple[str, ...], usable: bool):
    hub(files=files)
    if usable:
        require_base(find_base("owner/model"))
    else:
        with pytest.raises(ModelError, match="with weights in safetensors"):
            require_base(find_base("owner/model"))


def test_a_model_without_a_tokenizer_is_refused(hub):
    hub(files=("config.json", "model.safetensors", "README.md"))
    with pytest.raises(ModelError, match="no tokenizer beside its weights"):
        require_base(find_base("owner/model"))


@pytest.mark.parametrize("admitted", [True, False])
def test_of_a_gated_model_it_is_asked_whether_we_may_read_it(hub, monkeypatch, admitted: bool):
    def metadata(address: str, *, timeout: float) -> None:
        assert (address.endswith("owner/model/resolve/main/config.json"), timeout) == (True, 5)
        if not admitted:
            raise refusal(errors.GatedRepoError, 403)

    hub(gated="auto")
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", metadata)
    if admitted:
        require_base(find_base("owner/model"))
    else:
        with pytest.raises(ModelError, match="is gated"):
            require_base(find_base("owner/model"))


def test_offline_a_model_that_was_never_downloaded_is_refused():
    with pytest.raises(ModelError, match="not on this computer"):
        require_base(find_base("owner/model"))


def test_a_model_that_was_downloaded_is_not_asked_for(hub, monkeypatch, tiny_base):
    asked = hub()
    monkeypatch.setattr("bertdemo.models.catalog._cached", lambda name, file: tiny_base / file)
    require_base(find_base("owner/model"))
    assert asked == []


def test_for_the_bundled_model_the_hubs_library_is_not_even_imported():
    code = (
        "import sys; from bertdemo.models.catalog import find_base; from bertdemo.models.files import require_base; "
        "require_base(find_base('minilm-l6')); print('huggingface_hub' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
