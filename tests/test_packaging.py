"""What a user installs: a wheel of the package and nothing else, which works with what it asks for alone."""

from __future__ import annotations

import email
import email.message
import importlib.metadata
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import lambda_tracer
from tests.shared_build import distributions

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sources as they are, without the network."""
    (built,) = distributions(tmp_path_factory).glob("*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def run_time_dependencies(metadata: email.message.Message) -> list[Requirement]:
    requirements = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    return [each for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})]


def test_the_wheel_holds_the_files_of_the_package_byte_for_byte_each_once(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [
            name
            for name in archive.namelist()
            if ".dist-info/" not in name and not name.startswith("lambda_tracer/bundles/")
        ]
        packed = {name: archive.read(name) for name in names}

    files = [path for path in (PROJECT / "lambda_tracer").rglob("*") if path.is_file()]
    files.append(PROJECT / "pytest_lambda_tracer.py")
    sources = {
        path.relative_to(PROJECT).as_posix(): path for path in files if "__pycache__" not in path.parts
    }
    assert sorted(names) == sorted(sources)
    assert [name for name in names if packed[name] != sources[name].read_bytes()] == []
    assert "lambda_tracer/py.typed" in names


def test_the_wheel_carries_version_licence_and_command(wheel: Path, metadata: email.message.Message) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = {Path(name).name: name for name in archive.namelist() if ".dist-info/" in name}
        commands = archive.read(info["entry_points.txt"]).decode()
        licence = archive.read(info["LICENSE"])

    assert metadata["Version"] == lambda_tracer.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert licence == (PROJECT / "LICENSE").read_bytes()
    assert "lambda-tracer = lambda_tracer.local.cli:main" in commands
    assert "lambda_tracer = lambda_tracer.durable:plugin_factory" in commands
    assert "[pytest11]\npytest_lambda_tracer = pytest_lambda_tracer\n" in commands


def test_only_jsonpickle_is_needed_at_run_time(metadata: email.message.Message) -> None:
    assert {each.name for each in run_time_dependencies(metadata)} == {"jsonpickle"}


def test_the_wheel_works_with_its_run_time_dependencies_alone(
    wheel: Path, metadata: email.message.Message, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for requirement in run_time_dependencies(metadata):
        copy_distribution(requirement.name, site)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from lambda_tracer import Tracer, xray_recorder, TraceHeader\n"
        "import lambda_tracer; print(lambda_tracer.__file__)\n"
        "for name in lambda_tracer.__all__: getattr(lambda_tracer, name)\n"
        "import importlib, lambda_tracer.patches, pkgutil\n"
        "for module in pkgutil.iter_modules(lambda_tracer.patches.__path__, 'lambda_tracer.patches.'):\n"
        "    importlib.import_module(module.name)\n"
    )

    # -I and -S: neither this folder nor the packages installed here are seen.
    command = [sys.executable, "-W", "error", "-I", "-S", "-c", program, str(site)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert Path(ran.stdout.strip()).is_relative_to(site)


@pytest.mark.slow
def test_mypy_finds_the_types_of_what_is_installed(wheel: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    venv.create(tmp_path / "environment", with_pip=False)
    (site,) = (tmp_path / "environment").glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (tmp_path / "app.py").write_text(
        "from lambda_tracer import Tracer, settings\n"
        "@Tracer().capture_method\n"
        "def charge(amount: int) -> str: return str(amount)\n"
        "reveal_type(charge(1))\n"
        "reveal_type(settings.service_name())\n"
        "charge('1')\n"
    )

    environment = str(tmp_path / "environment" / "bin" / "python")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", environment, "app.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    found = re.findall(r"^app.py:(\d+): (\w+): .*\[?(str|arg-type)\b", ran.stdout, re.MULTILINE)
    assert sorted(found) == [("4", "note", "str"), ("5", "note", "str"), ("6", "error", "arg-type")]


def copy_distribution(name: str, target: Path) -> None:
    """Install a distribution by copying it from the environment that runs this: needs no network."""
    distribution = importlib.metadata.distribution(name)
    for file in distribution.files or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            destination = target / file
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(distribution.locate_file(file)), destination)


@pytest.mark.parametrize("name", lambda_tracer.__all__)
def test_every_public_name_resolves_and_is_listed(name: str) -> None:
    assert getattr(lambda_tracer, name) is not None
    assert name in dir(lambda_tracer)


@pytest.mark.parametrize("name", ["no_such_name", "_no_such_name", "__no_such_name__"])
def test_a_name_that_does_not_exist_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(lambda_tracer, name)


def test_the_command_resolves_to_a_function() -> None:
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="lambda-tracer")

    assert callable(command.load())
