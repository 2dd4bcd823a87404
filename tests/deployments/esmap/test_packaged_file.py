"""Which files a model's config can name."""

from pathlib import Path

import pytest

from fogbank.deployments.esmap.service import packaged_file
from fogbank.settings import package_data

FOLDER = package_data() / "deployments" / "esmap" / "data"


def test_every_packaged_file_is_found() -> None:
    for path in FOLDER.iterdir():
        assert packaged_file(path.name) == path


@pytest.mark.parametrize("name", ["../climate-bert.yaml", "./climate-topics.yaml", "..", ".", ""])
def test_no_way_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(FileNotFoundError, match="no packaged file"):
        packaged_file(name)


def test_no_other_file_of_the_machine_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("key: value")
    with pytest.raises(FileNotFoundError, match="no packaged file"):
        packaged_file(str(secret))
