"""What is published: wheel and source distribution, the workflows that publish them, and one place for the version."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

import lambda_tracer
from tests.shared_build import distributions

pytestmark = pytest.mark.once

PROJECT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
VERSION = lambda_tracer.__version__

PROGRAM = """
import importlib.metadata, sys
from lambda_tracer import Tracer, TraceHeader, xray_recorder

@Tracer(service="empty").capture_lambda_handler
def handler(event, context):
    return importlib.metadata.version("lambda-tracer")

print(handler({}, None), sys.prefix)
"""


def script(name: str) -> str:
    """A command that is installed beside the Python which runs this."""
    return os.path.join(sysconfig.get_path("scripts"), name)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both."""
    return distributions(tmp_path_factory)


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (found,) = dist.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def sdist(dist: Path) -> Path:
    (found,) = dist.glob("*.tar.gz")
    return found


def test_both_are_named_for_the_version_which_stands_in_one_place(wheel: Path, sdist: Path) -> None:
    places = [PROJECT / "pyproject.toml", PROJECT / "template.yaml"]
    for folder in ("lambda_tracer", "layer", "examples"):
        places += [path for path in (PROJECT / folder).rglob("*") if path.suffix in (".py", ".txt", ".tf")]

    assert wheel.name == f"lambda_tracer-{VERSION}-py3-none-any.whl"
    assert sdist.name == f"lambda_tracer-{VERSION}.tar.gz"
    assert [path for path in places if f'"{VERSION}"' in path.read_text(encoding="utf-8")] == [
        PROJECT / "lambda_tracer" / "__init__.py"
    ]


def test_twine_finds_nothing(wheel: Path, sdist: Path) -> None:
    ran = subprocess.run(
        [script("twine"), "check", "--strict", wheel, sdist], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count("PASSED") == 2


def test_the_source_distribution_gives_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()

    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        str(tmp_path / "dist"),
    ]
    subprocess.run(command, cwd=source, check=True, capture_output=True)

    ours, theirs = contents(wheel), contents(tmp_path / "dist" / wheel.name)
    assert sorted(theirs) == sorted(ours)
    assert [name for name in ours if theirs[name] != ours[name]] == []


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_source_distribution_holds_what_it_takes_to_build_and_test(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    wanted = {"LICENSE", "Makefile", "README.md", "layer/build.py", "template.yaml", "tests/conftest.py"}
    wanted |= {"CONTRIBUTING.md", "SECURITY.md", "docs/getting-started.md", "mkdocs.yml"}
    wanted |= {"pytest_lambda_tracer.py", "examples/tested/test_app.py"}
    assert wanted <= names
    assert not [name for name in names if re.match(r"\.(ci-cache|venv|aws-sam)/|layer/dist/", name)]


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """Installed as a user would: with what pip finds that it needs, and nothing else."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    # No -I, which would hide the index that the machine's pip is told to use.
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)

    program = subprocess.run(
        [python, "-I", "-W", "error", "-c", PROGRAM],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    version = subprocess.run(
        [environment / "bin" / "lambda-tracer", "--version"], capture_output=True, text=True, check=False
    )
    invoke = subprocess.run(
        [environment / "bin" / "lambda-tracer", "invoke", "app.handler"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (program.stdout.split(), program.stderr) == ([VERSION, str(environment)], "")
    assert version.stdout == f"lambda-tracer {VERSION}\n"
    assert (invoke.returncode, invoke.stderr) == (
        2,
        "lambda-tracer: rich is not installed: pip install 'lambda-tracer[local]'\n",
    )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_a_workflow_is_one_that_github_takes(path: Path, schema: str) -> None:
    ran = subprocess.run(
        [script("check-jsonschema"), "--builtin-schema", schema, path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout


def test_the_workflows_have_no_hole_that_is_known() -> None:
    ran = subprocess.run(
        [script("zizmor"), "--offline", "--no-progress", ".github/workflows"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_make_targets_that_exist(path: Path) -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = {
        word
        for line in re.findall(r"run: make (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        for word in line.split()
        if "=" not in word
    }

    assert targets
    assert [each for each in targets if not re.search(rf"^{each}:", makefile, re.MULTILINE)] == []


def test_every_supported_python_is_tested_before_a_change_is_taken() -> None:
    workflow: dict[str, Any] = yaml.safe_load((PROJECT / ".github/workflows/check.yml").read_text())
    pyproject = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")

    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert matrix == re.findall(r"Python :: (3\.\d+)", pyproject)


def test_only_the_job_that_publishes_can_speak_for_the_project() -> None:
    workflow: dict[str, Any] = yaml.safe_load((PROJECT / ".github/workflows/release.yml").read_text())

    trusted = [name for name, job in workflow["jobs"].items() if "id-token" in job.get("permissions", {})]
    assert (workflow["permissions"], trusted) == ({}, ["publish"])
