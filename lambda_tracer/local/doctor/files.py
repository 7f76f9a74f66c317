"""The files of a project that are worth reading, found within bounds: no link is followed, no special file opened."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_ENTRIES = 50_000
"""Files and folders that are looked at."""

MAX_PYTHON_FILES = 5_000
MAX_FILE_BYTES = 2_000_000
"""CloudFormation takes templates of 1 MB; nobody writes a larger module by hand."""

_SKIPPED = frozenset(
    (
        *("node_modules", "__pycache__", "site-packages", "dist-packages", "venv", "env", "virtualenv"),
        *("cdk.out", "build", "dist", "test", "tests", "e2e", "testing", "lambda_tracer.egg-info"),
    )
)

_TEMPLATE = re.compile(rb"AWS::(?:Serverless|Lambda)::Function\b")
_TERRAFORM = re.compile(rb'resource\s+"aws_lambda_function"|terraform-aws-modules/lambda/aws')
_CDK = re.compile(rb"\baws_cdk\b")
_SERVERLESS_NAMES = ("serverless.yml", "serverless.yaml")


@dataclass
class Files:
    """What was found below a folder. `notes` say what was not looked at."""

    root: Path
    templates: list[Path] = field(default_factory=list)
    serverless: list[Path] = field(default_factory=list)
    terraform: list[Path] = field(default_factory=list)
    cdk: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find(root: Path) -> Files:
    """The files below `root` that describe functions."""
    found = Files(root)
    unread = []
    for path in _below(root, found.notes):
        suffix = path.suffix.lower()
        if path.name in _SERVERLESS_NAMES:
            found.serverless.append(path)
        elif suffix in (".yaml", ".yml", ".json", ".template"):
            if _has(path, _TEMPLATE):
                found.templates.append(path)
            elif suffix != ".json" and _is_too_large(path):
                place = path.relative_to(root)
                found.notes.append(f"{place} is larger than {MAX_FILE_BYTES:,} bytes: it was not read")
        elif suffix == ".tf" and _has(path, _TERRAFORM):
            found.terraform.append(path)
        elif suffix == ".py" and _has(path, _CDK):
            found.cdk.append(path)
        elif path.name == "cdk.json":
            unread.append(path)
    if unread and not found.cdk:
        found.notes.append("CDK in another language than Python is not read: check `tracing` there yourself")
    return found


def python_files(folder: Path, notes: list[str]) -> list[Path]:
    """The Python files below `folder`, without tests and without what pip has installed there."""
    found: list[Path] = []
    for path in _below(folder, notes):
        if path.suffix != ".py" or path.name.startswith("test_") or path.name == "conftest.py":
            continue
        if len(found) == MAX_PYTHON_FILES:
            notes.append(f"more than {MAX_PYTHON_FILES:,} Python files: the others were not read")
            break
        found.append(path)
    return found


def read(path: Path) -> str | None:
    """The text of a regular file of at most `MAX_FILE_BYTES`; None for any other."""
    data = _bytes(path)
    return None if data is None else data.decode("utf-8-sig", "replace")


def _below(root: Path, notes: list[str]) -> Iterator[Path]:
    count = 0
    for folder, folders, names in os.walk(root, followlinks=False):
        installed = _installed(folder, folders)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and name not in installed
            and not name.startswith(".")
            and not name.endswith((".dist-info", ".egg-info"))
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        )
        count += len(names) + len(folders)
        if count > MAX_ENTRIES:
            notes.append(f"more than {MAX_ENTRIES:,} files: not all of them were looked at")
            return
        for name in sorted(names):
            if name not in installed:
                yield Path(folder, name)


def _installed(folder: str, folders: list[str]) -> set[str]:
    """What `pip install --target` has put into a folder, as far as its records say."""
    names: set[str] = set()
    for name in folders:
        if name.endswith(".dist-info"):
            record = read(Path(folder, name, "RECORD"))
            names.update(line.partition("/")[0].partition(",")[0] for line in (record or "").splitlines())
    return names


def _has(path: Path, pattern: re.Pattern[bytes]) -> bool:
    data = _bytes(path)
    return data is not None and pattern.search(data) is not None


def _is_too_large(path: Path) -> bool:
    try:
        return os.stat(path).st_size > MAX_FILE_BYTES
    except OSError:
        return False


def _bytes(path: Path) -> bytes | None:
    try:
        # A pipe or a device would be waited for.
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None
