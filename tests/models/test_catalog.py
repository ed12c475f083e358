"""Names of base models."""

import json
from pathlib import Path

import pytest

from bertdemo.errors import ModelError
from bertdemo.models.catalog import CATALOGUE, base_name, find_base, find_offered_base, tokenizer_file


def test_the_bundled_model_is_on_this_machine_with_its_tokenizer():
    base = find_base("minilm-l6")
    assert base.is_local
    assert tokenizer_file(base).name == "tokenizer.json"


def test_catalogue_ids_are_unique_and_state_size_languages_and_licence():
    assert len({base.id for base in CATALOGUE}) == len(CATALOGUE)
    assert all(base.parameters > 1e7 and base.languages and base.licence for base in CATALOGUE)


def test_the_bundled_models_parameter_count_is_the_true_one():
    from transformers import AutoConfig, AutoModel

    base = find_base("minilm-l6")
    model = AutoModel.from_config(AutoConfig.from_pretrained(base.location))
    assert sum(weight.numel() for weight in model.parameters()) == base.parameters
    assert model.config.num_hidden_layers == base.layers
    assert model.config.max_position_embeddings == base.max_length


def test_any_hub_id_is_taken_at_its_word():
    assert find_base("someone/some-bert.v2").location == "someone/some-bert.v2"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "no such model",
        "a/b/c",
        "no/such/folder",
        "x" * 5000,
        "some--one/model",
        "someone/model.",
        "a\x00b",
        "<script>",
    ],
)
def test_a_name_that_is_none_of_these_is_refused_with_the_known_ones(name: str):
    with pytest.raises(ModelError, match="minilm-l6"):
        find_base(name)


def test_a_folder_is_a_base_model_if_it_holds_safetensors(tiny_base: Path):
    base = find_base(str(tiny_base))
    assert (base.layers, base.max_length, base.learning_rate) == (2, 128, 2e-4)


def test_a_folder_without_a_config_is_no_model(tmp_path: Path):
    with pytest.raises(ModelError, match="is no model"):
        find_base(str(tmp_path))


def test_a_folder_with_pickled_weights_only_is_refused(tmp_path: Path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin, a format that can run code"):
        find_base(str(tmp_path))


def test_a_visitor_names_bases_and_no_paths(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert find_offered_base("bert-base", ()) == find_base("bert-base")
    assert find_offered_base(find_base("minilm-l6").location, ()).id == "minilm-l6"
    assert find_offered_base("owner/model", ()).location == "owner/model"
    (tmp_path / "owner" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    there, missing = str(tiny_base), str(tiny_base / "missing")
    for path in (there, missing, "owner/model", "/", "..", f"{there}/../{tiny_base.name}"):  # a path from here, too
        with pytest.raises(ModelError, match=r"no base model .* on offer: .* BERTDEMO_BASE_FOLDERS"):
            find_offered_base(path, (tmp_path / "elsewhere",))
    assert find_offered_base(there, (tiny_base.parent,)) == find_base(there)
    with pytest.raises(ModelError, match="on offer"):
        find_offered_base(str(tmp_path / "elsewhere" / ".." / "owner"), (tmp_path / "elsewhere",))


@pytest.mark.parametrize("config", ["[]", "{", "{}"])
def test_a_damaged_config_is_one_sentence(tmp_path: Path, config: str):
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(ModelError):
        find_base(str(tmp_path))


def test_the_size_of_a_folder_is_read_off_its_config(tiny_base: Path):
    from transformers import AutoModel

    true = sum(weight.numel() for weight in AutoModel.from_pretrained(tiny_base).parameters())
    assert find_base(str(tiny_base)).parameters == pytest.approx(true, rel=0.3)


def test_a_model_of_the_hub_that_was_never_downloaded_has_no_tokenizer_here():
    assert tokenizer_file(find_base("google-bert/bert-large-uncased")) is None
    assert find_base("someone/never-seen").parameters == 0


@pytest.mark.parametrize(
    ("base", "name"),
    [("minilm-l6", "minilm-l6"), ("owner/bert", "owner/bert"), ("another/bert", "another/bert"),
     ("/home/me/bert/", "bert"), ("../models/bert", "bert"), ("/", "/")],
)  # fmt: skip
def test_a_base_is_called_by_its_id_and_a_folder_by_its_last_part(base: str, name: str):
    assert base_name(base) == name
