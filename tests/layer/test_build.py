"""What is in the layer, and that it is the same each time."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.layer.running import PROJECT

PACKAGE = PROJECT / "lambda_tracer"

MAX_BYTES = 260_000
"""A little above what the zip had when this was last set, 239 kB: a function downloads it at every cold start."""

SOURCES = {
    path.relative_to(PACKAGE).as_posix(): path.read_bytes()
    for path in sorted(PACKAGE.rglob("*.py"))
    if "local" not in path.relative_to(PACKAGE).parts
}
"""What the layer has of the package."""


def build(project: Path, *arguments: str | Path) -> None:
    command = [sys.executable, project / "layer" / "build.py", *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The sources in another folder, with other times."""
    copy = tmp_path / "elsewhere"
    for name in ("layer", "lambda_tracer"):
        shutil.copytree(
            PROJECT / name, copy / name, copy_function=shutil.copy, ignore=shutil.ignore_patterns("dist")
        )
    shutil.copy(PROJECT / "LICENSE", copy / "LICENSE")
    return copy


@pytest.mark.slow
def test_two_builds_in_two_folders_give_the_same_bytes(elsewhere: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "here.zip", tmp_path / "there.zip"

    build(PROJECT, "--output", here)
    build(elsewhere, "--output", there)

    assert here.read_bytes() == there.read_bytes()


@pytest.mark.slow
def test_two_builds_with_bytecode_give_the_same_bytes(elsewhere: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "here.zip", tmp_path / "there.zip"

    build(PROJECT, "--output", here, "--bytecode", sys.executable)
    build(elsewhere, "--output", there, "--bytecode", sys.executable)

    assert here.read_bytes() == there.read_bytes()


def test_the_layer_is_small(layer_zip: Path) -> None:
    assert layer_zip.stat().st_size <= MAX_BYTES


def test_the_layer_holds_the_repositorys_files_without_the_developers_side_byte_for_byte(opt: Path) -> None:
    package = opt / "python" / "lambda_tracer"
    files = [path for path in package.rglob("*") if path.is_file()]
    held = {path.relative_to(package).as_posix(): path.read_bytes() for path in files}
    held = {name: data for name, data in held.items() if not name.startswith("dependencies/")}

    assert held.keys() == SOURCES.keys()
    assert [name for name in held if held[name] != SOURCES[name]] == []


def test_the_layer_holds_nothing_that_depends_on_a_processor_or_a_python(layer_zip: Path) -> None:
    with zipfile.ZipFile(layer_zip) as archive:
        kinds = {Path(name).suffix for name in archive.namelist() if Path(name).suffix}

    assert kinds == {".py"}


def test_names_beside_ours_are_left_to_other_layers(opt: Path) -> None:
    assert sorted(path.name for path in opt.iterdir()) == ["lambda-tracer", "python"]
    assert all(path.name.startswith("lambda_tracer") for path in (opt / "python").iterdir())


def test_modes_are_those_that_lambda_needs(layer_zip: Path) -> None:
    with zipfile.ZipFile(layer_zip) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}

    assert modes.pop("lambda-tracer") == 0o100755
    assert set(modes.values()) == {0o100644}


def test_the_layer_brings_the_run_time_dependencies_in_versions_that_the_package_takes() -> None:
    pyproject = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    listed = pyproject.partition("\ndependencies = [")[2].partition("]")[0]
    needed = {each.name: each for each in map(Requirement, re.findall(r'"([^"]+)"', listed))}
    lines = (PROJECT / "layer" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(re.findall(r"^([\w-]+)==(\S+) --hash=sha256:\w{64}$", "\n".join(lines), re.MULTILINE))

    assert pinned.keys() == needed.keys()
    assert [name for name, version in pinned.items() if version not in needed[name].specifier] == []


def test_licences_come_along(opt: Path) -> None:
    (ours,) = (opt / "python").glob("lambda_tracer-*.dist-info/LICENSE")
    dependencies = opt / "python" / "lambda_tracer" / "dependencies"

    assert ours.read_bytes() == (PROJECT / "LICENSE").read_bytes()
    assert all("Redistributions" in (each / "LICENSE").read_text() for each in dependencies.iterdir())


def test_bytecode_is_used_without_a_look_at_the_source(tmp_path: Path) -> None:
    """A zip has no times that a Python could compare, and /opt can't be written."""
    build(PROJECT, "--folder", tmp_path, "--bytecode", sys.executable)
    python = tmp_path / "python"
    for path in python.rglob("*.py"):
        path.write_text("raise Exception('this is the source')")

    program = (
        "import sys, lambda_tracer; sys.path.append(lambda_tracer.__path__[0] + '/dependencies')\n"
        "import jsonpickle; print('fine')"
    )
    ran = subprocess.run(
        [sys.executable, "-B", "-S", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(python)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.stdout, ran.stderr) == ("fine\n", "")
