"""The layer as it is built, and unpacked as Lambda would unpack it to /opt."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.layer import built
from tests.shared_build import built_once


@pytest.fixture(scope="session")
def layer_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip that `make layer` makes."""
    return built.layer(tmp_path_factory)


@pytest.fixture(scope="session")
def opt(layer_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in /opt of a function that has the layer."""

    def unpack(folder: Path) -> None:
        with zipfile.ZipFile(layer_zip) as archive:
            for entry in archive.infolist():
                path = Path(archive.extract(entry, folder))
                path.chmod(entry.external_attr >> 16 & 0o777)

    return built_once(tmp_path_factory, "opt", unpack)
