"""What a project asks pip for, with its line: requirements.txt and its like, pyproject.toml, Pipfile, setup.cfg.

They are read line by line, since a line is what a finding names; what a file includes or computes is not followed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from . import files

_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;@(,].*)?$")
_KEY = re.compile(r'"?([A-Za-z0-9][A-Za-z0-9._-]*)"?\s*=')
_QUOTED = re.compile(r"""["']([^"'\n]+)["']""")

_TOML_LISTS = re.compile(r"\s*(?:dependencies|requires)\s*=\s*\[")
_TOML_TABLES = ("tool.poetry.dependencies", "packages")
_MAX_REQUIREMENTS = 2_000


class Requirement(NamedTuple):
    """A distribution by its normalised name, and where it is asked for."""

    name: str
    file: Path
    line: int


def find(folder: Path) -> list[Requirement]:
    """The requirements of the project in a folder; of its own files, not of those in folders below."""
    found: list[Requirement] = []
    for path in sorted(folder.glob("requirements*.txt")):
        if not re.search(r"dev|test|lint|docs", path.stem):
            found += _plain(path)
    for name in ("pyproject.toml", "Pipfile"):
        found += _toml(folder / name)
    found += _setup_cfg(folder / "setup.cfg")
    return list({each.name: each for each in reversed(found)}.values())[:_MAX_REQUIREMENTS][::-1]


def normalised(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _lines(path: Path) -> list[str]:
    return (files.read(path) or "").splitlines()


def _plain(path: Path) -> list[Requirement]:
    found = []
    for number, line in enumerate(_lines(path), 1):
        text = line.partition(" #")[0].partition(" --")[0].strip().rstrip("\\").strip()
        match = _NAME.match(text)
        if match and not text.startswith(("#", "-")):
            found.append(Requirement(normalised(match[1]), path, number))
    return found


def _toml(path: Path) -> list[Requirement]:
    found = []
    table, in_list = "", False
    for number, line in enumerate(_lines(path), 1):
        text = line.partition(" #")[0]
        header = re.match(r"\s*\[([\w.\"-]+)\]\s*$", text)
        if header and not in_list:
            table = header[1]
            continue
        if table == "project" and _TOML_LISTS.match(text):
            in_list = True
            text = text.partition("[")[2]
        if in_list:
            for quoted in _QUOTED.finditer(text):
                match = _NAME.match(quoted[1])
                if match:
                    found.append(Requirement(normalised(match[1]), path, number))
            without_quoted = re.sub(r"""["'][^"'\n]*["']""", "", text)
            in_list = "]" not in without_quoted
        elif table in _TOML_TABLES and (key := _KEY.match(text.strip())) and key[1] != "python":
            found.append(Requirement(normalised(key[1]), path, number))
    return found


def _setup_cfg(path: Path) -> list[Requirement]:
    found = []
    is_inside = False
    for number, line in enumerate(_lines(path), 1):
        if re.match(r"install_requires\s*=", line):
            is_inside = True
            line = line.partition("=")[2]
        elif line[:1].strip():
            is_inside = False
        match = _NAME.match(line.strip()) if is_inside and line.strip() else None
        if match:
            found.append(Requirement(normalised(match[1]), path, number))
    return found
