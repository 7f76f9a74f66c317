"""What is in the layer, and that it is the same each time."""

from __future__ import annotations

import importlib.metadata
import marshal
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bundle import build as bundles
from bundle import sources
from tests.layer import built
from tests.layer.running import PROJECT

PACKAGE = PROJECT / "lambda_tracer"

MAX_BYTES = 600_000
"""With five Pythons: a function downloads it at every cold start."""

SOURCES = {
    path.relative_to(PACKAGE).as_posix(): path.read_bytes()
    for path in sorted(PACKAGE.rglob("*.py"))
    if not {"local", "testing"} & set(path.relative_to(PACKAGE).parts)
    and path.relative_to(PACKAGE).as_posix() != "compat/__main__.py"
}
"""What the layer has of the package."""


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
def test_two_builds_in_two_folders_give_the_same_bytes(
    layer_zip: Path, elsewhere: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there.zip"

    command = [sys.executable, str(elsewhere / "layer" / "build.py"), "--output", str(there)]
    subprocess.run(command, check=True, capture_output=True)

    assert layer_zip.read_bytes() == there.read_bytes()


def test_the_layer_is_small(layer_zip: Path) -> None:
    assert layer_zip.stat().st_size <= MAX_BYTES


def test_the_layer_holds_the_repositorys_sources_without_the_developers_side_byte_for_byte(opt: Path) -> None:
    """Packed in one file, but for the modules that find the others."""
    package = opt / "python" / "lambda_tracer"
    held = {path.relative_to(package).as_posix(): path.read_bytes() for path in package.rglob("*.py")}
    assert set(held) == set(sources.PLAIN)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from lambda_tracer import bundle_rest as it\n"
        "import marshal\n"
        "it.source_of('')\n"
        "found = {path: it.source_of(f'{it.FOLDER}/{path}') for path in it.places}\n"
        "sys.stdout.buffer.write(marshal.dumps(found))"
    )
    command = [sys.executable, "-I", "-B", "-S", "-c", program, str(opt / "python")]
    packed = marshal.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    held |= {path: source for path, source in packed.items() if not path.startswith("dependencies/")}
    assert held.keys() == SOURCES.keys()
    assert [name for name in held if held[name] != SOURCES[name]] == []


def test_the_layer_holds_nothing_that_depends_on_a_processor_or_a_python(layer_zip: Path) -> None:
    with zipfile.ZipFile(layer_zip) as archive:
        kinds = {Path(name).suffix for name in archive.namelist() if Path(name).suffix}

    assert kinds == {".py", ".bundle", ".txt"}


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
    assert all("Redistributions" in each.read_text() for each in dependencies.iterdir())


def test_the_sdk_for_durable_functions_finds_its_plugin(opt: Path) -> None:
    found = importlib.metadata.distributions(path=[str(opt / "python")])
    (plugin,) = (point for each in found for point in each.entry_points)

    pyproject = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'[project.entry-points."{plugin.group}"]\n{plugin.name} = "{plugin.value}"\n' in pyproject


def test_in_a_whole_layer_what_is_rare_is_ready_to_run_and_the_dependencies_are(tmp_path: Path) -> None:
    """Of the layer's own folder alone: a jsonpickle that a function brings along is found as ever."""
    build = [sys.executable, str(PROJECT / "layer" / "build.py"), "--whole", "--folder", str(tmp_path)]
    subprocess.run(build, check=True, capture_output=True)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import lambda_tracer\n"
        "sys.path.append(lambda_tracer.__path__[0] + '/dependencies')\n"
        "import jsonpickle, lambda_tracer.encode.cause\n"
        "modules = (jsonpickle, jsonpickle.pickler, lambda_tracer.encode.cause)\n"
        "print(*(type(module.__spec__.loader).__name__ for module in modules))"
    )
    command = [sys.executable, "-I", "-B", "-S", "-c", program, str(tmp_path / "python")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ran.stdout.split(), ran.stderr) == (["BundleLoader"] * 3, "")


def test_the_layer_says_for_which_pythons_it_is_ready(layer_zip: Path) -> None:
    here = ", ".join(python.version for python in bundles.interpreters())
    assert f"ready to run for Python {here}" in built.said(layer_zip)
