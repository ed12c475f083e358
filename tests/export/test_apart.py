"""An export that a server orders from another process."""

import zipfile

import pytest

from bertdemo.errors import RunError
from bertdemo.export.apart import export_apart
from bertdemo.settings import Settings


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
