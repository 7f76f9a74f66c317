"""The site: every page is in its contents, and it is built without a warning, a network, or anything from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import DOCS, PROJECT

CONFIGURATION: dict[str, Any] = yaml.safe_load((PROJECT / "mkdocs.yml").read_text(encoding="utf-8"))
PYTHON = PROJECT / ".ci-cache" / "docs" / "bin" / "python"
NOWHERE = "http://127.0.0.1:9"


def listed(entry: Any) -> Iterator[str]:
    """The pages below an entry of the contents."""
    if isinstance(entry, str):
        yield entry
    for below in entry if isinstance(entry, list) else entry.values() if isinstance(entry, dict) else ():
        yield from listed(below)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, in another folder. mkdocs has an environment of its own."""
    if not PYTHON.exists():
        pytest.skip("mkdocs is not installed: make tools")
    folder = tmp_path_factory.mktemp("site")
    ran = subprocess.run(
        [PYTHON, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=PROJECT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true", "http_proxy": NOWHERE, "https_proxy": NOWHERE},
        capture_output=True,
        text=True,
        check=False,
    )
    noticed = [line for line in ran.stderr.splitlines() if not line.startswith("INFO ")]
    assert (ran.returncode, ran.stdout, noticed) == (0, "", [])
    return folder


def test_the_contents_list_every_page_once() -> None:
    pages = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))

    assert sorted(listed(CONFIGURATION["nav"])) == pages


@pytest.mark.slow
def test_it_is_built_without_a_warning_and_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = {
        address
        for page in site.rglob("*.html")
        for address in re.findall(
            r"<(?:script|img|iframe)[^>]* src=\"?([^\" >]+)|<link[^>]* href=\"?([^\" >]+)",
            page.read_text(encoding="utf-8"),
        )
        for address in address
    }

    assert any(address.endswith(".css") for address in loaded)
    assert [address for address in loaded if "//" in address] == []


@pytest.mark.slow
def test_the_pages_about_the_api_show_the_docstrings(site: Path) -> None:
    page = (site / "reference" / "api.html").read_text(encoding="utf-8")

    for name in (
        "Tracer.capture_method",
        "Recorder.in_subsegment",
        "Subsegment.put_annotation",
        "TraceHeader",
    ):
        assert f'id="lambda_tracer.{name}"' in page
    assert "Decorate a function or method" in page


@pytest.mark.slow
def test_the_changelog_and_the_measurements_are_those_of_the_repository(site: Path) -> None:
    assert "Keep a Changelog" in (site / "changelog.html").read_text(encoding="utf-8")
    assert "Where our own time goes" in (site / "reference" / "measurements.html").read_text(encoding="utf-8")
