"""What is installed for tests and tools: releases that lock files name, for every Python and system we work on."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

PROJECT = Path(__file__).resolve().parent.parent
PYPROJECT = toml.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = {path.stem: path.read_text(encoding="utf-8") for path in (PROJECT / "requirements").glob("*.txt")}

PYTHONS = re.findall(r"Python :: (3\.\d+)", "\n".join(PYPROJECT["project"]["classifiers"]))
MACHINES = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")]

TOGETHER = ("local", "test", "lint")
"""Those that are installed into one environment."""


class Place(NamedTuple):
    """Where something is installed: a Python on a machine of a kind."""

    python: str
    system: str
    processor: str

    def takes(self, requirement: Requirement) -> bool:
        """Does the requirement hold here, as far as its marker goes?"""
        environment = {
            "python_version": self.python,
            "python_full_version": f"{self.python}.99",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "os_name": "posix",
            "sys_platform": self.system,
            "platform_system": self.system.capitalize(),
            "platform_machine": self.processor,
            "extra": "",
        }
        return requirement.marker is None or requirement.marker.evaluate(environment)


PLACES = [Place(python, *machine) for python in PYTHONS for machine in MACHINES]


def asked_for(lock: str) -> Iterator[Requirement]:
    """What pyproject.toml wants to have in a lock file."""
    needed: list[str] = PYPROJECT["project"]["dependencies"]
    extras: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]
    groups: dict[str, list[str]] = PYPROJECT["dependency-groups"]
    if lock == "local":
        yield from asked_for("build")
    for each in map(Requirement, groups[lock] if lock in groups else [*needed, *extras[lock]]):
        if each.name == "lambda-tracer":
            yield from map(Requirement, (line for extra in each.extras for line in extras[extra]))
        else:
            yield each


def pinned(lock: str) -> Iterator[Requirement]:
    """What a lock file has, as often as there are releases of it for different places."""
    for line in LOCKS[lock].splitlines():
        if re.match(r"\w", line):
            yield Requirement(line.rstrip("\\"))


def here(lock: str, place: Place) -> dict[str, Version]:
    """The releases that a lock file names for a place."""
    found: dict[str, Version] = {}
    for each in filter(place.takes, pinned(lock)):
        name = canonicalize_name(each.name)
        assert name not in found, f"two releases of {name}"
        (exactly,) = each.specifier
        found[name] = Version(exactly.version)
    return found


@pytest.mark.once
def test_there_is_a_lock_for_each_of_what_is_installed() -> None:
    assert LOCKS.keys() == {*TOGETHER, "sam", "cdk", "adot", "docs", "uv"}


@pytest.mark.once
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_each_release_exactly_and_by_its_hashes_and_no_place_to_get_it_from(lock: str) -> None:
    comments = re.compile(r"^ *#.*\n", re.MULTILINE)
    entry = re.compile(r"[\w.-]+==[\w.!+]+( ; [^\\\n]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+")

    rest = entry.sub("", comments.sub("", LOCKS[lock]))

    assert rest == ""
    assert not re.search(r"://|index-url|find-links", LOCKS[lock])


@pytest.mark.once
@pytest.mark.parametrize("place", PLACES, ids="-".join)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_what_the_project_asks_for(lock: str, place: Place) -> None:
    releases = here(lock, place)

    wanted = [each for each in asked_for(lock) if place.takes(each)]
    missing = [each for each in wanted if canonicalize_name(each.name) not in releases]
    refused = [
        each for each in wanted if releases.get(canonicalize_name(each.name), "0") not in each.specifier
    ]
    assert wanted
    assert [str(each) for each in missing + refused] == []


@pytest.mark.once
@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_what_goes_into_one_environment_agrees(place: Place) -> None:
    together: dict[str, set[Version]] = {}
    for lock in TOGETHER:
        for name, version in here(lock, place).items():
            together.setdefault(name, set()).add(version)

    assert {name: versions for name, versions in together.items() if len(versions) > 1} == {}


def test_what_is_installed_here_fits_together() -> None:
    ran = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout


@pytest.mark.once
def test_no_package_index_is_named_where_something_is_installed() -> None:
    files = [PROJECT / "Makefile", PROJECT / "pyproject.toml", *PROJECT.glob(".ci/run")]
    files += (PROJECT / ".github" / "workflows").glob("*.yml")

    named = re.compile(
        r"--(extra-|default-)?index|--find-links|/simple\b|PIP_[A-Z_]*(INDEX|LINKS)|UV_[A-Z_]*INDEX"
    )
    assert [path.name for path in files if named.search(path.read_text(encoding="utf-8"))] == []
