"""Manifests: the files of a project that say what is installed, which Python files each is for, and what it becomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from .findings import Finding
from .infrastructure import NEEDS_PYTHON
from .requirement import NAMED, Needs
from .requirements import LISTS, Change, has_hashes, is_compiled, list_changed, setup_changed
from .source import Unreadable
from .toml_tables import toml_changed

_LOCKS = {
    "poetry.lock": "poetry lock",
    "uv.lock": "uv lock",
    "Pipfile.lock": "pipenv lock",
    "pdm.lock": "pdm lock",
    "pylock.toml": "the tool that wrote it",
}
_MENTIONS = re.compile(
    r"(?:.*/)?(?:Dockerfile[^/]*|Containerfile|Makefile|tox\.ini|noxfile\.py|environment\.ya?ml|buildspec[^/]*\.ya?ml"
    r"|\.github/workflows/[^/]+|\.gitlab-ci\.yml|[^/]*\.(?:sh|bash|Dockerfile))"
)
_OLD_PYTHON = re.compile(
    rb"(?:requires-python|python_requires|python_version|python_full_version|\bpython)\s*=\s*"
    rb"[\"']?\s*(?:>=|\^|~=?|==)?\s*(?:2\.7|3\.[0-9])(?![0-9])"
)
_MODULE = re.compile(rb"\baws_xray_sdk\b(?=[.\"'*])")
_INSTALLS = re.compile(
    rb"aws[-_]xray[-_]sdk(?![\w.])|aws[-_]lambda[-_]powertools\[[^\]]*\b(?:tracer|all)\b", re.IGNORECASE
)


@dataclass
class Uses:
    """The Python files that use tracing, once it is decided which of them move."""

    moving: set[PurePosixPath] = field(default_factory=set)
    staying: set[PurePosixPath] = field(default_factory=set)
    ours_already: set[PurePosixPath] = field(default_factory=set)
    powertools: set[PurePosixPath] = field(default_factory=set)

    @property
    def all(self) -> set[PurePosixPath]:
        """Whatever they use."""
        return self.moving | self.staying | self.ours_already

    def needs(self, manifest: PurePosixPath) -> Needs:
        """What a manifest has to bring: it is for the files below its folder, or else below the nearest with any."""
        folder = manifest.parent
        if "requirements" in folder.name:
            folder = folder.parent
        # A folder may have no use for tracing, but tests are for code that is elsewhere.
        files = self.all if folder.name in {"test", "tests"} else self.all | self.powertools
        while not any(_is_below(path, folder) for path in files) and folder != folder.parent:
            folder = folder.parent
        return Needs(
            ours=any(_is_below(path, folder) for path in self.moving | self.ours_already),
            sdk=any(_is_below(path, folder) for path in self.staying),
            powertools=any(_is_below(path, folder) for path in self.powertools),
        )


@dataclass
class Manifests:
    """What becomes of them."""

    changes: dict[PurePosixPath, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    names_ours: bool = False


def changed(files: Mapping[PurePosixPath, bytes], uses: Uses) -> Manifests:
    """The manifests among `files`, changed for `uses`. Lock files are named."""
    result = Manifests()
    for path, raw in files.items():
        change = _change_for(path, raw)
        if change is None:
            continue
        needs = uses.needs(path)
        if b"lambda-tracer" in raw or b"lambda_tracer" in raw:
            result.names_ours = True
        named = NAMED.search(raw)
        if named is None:
            continue
        if has_hashes(raw):
            if needs.ours and b"lambda-tracer" not in raw:
                line = raw.count(b"\n", 0, named.start()) + 1
                message = "has hashes, and is to be changed by hand: name lambda-tracer in the place of the X-Ray SDK"
                result.findings.append(Finding(str(path), line, message))
            continue
        try:
            outcome = change(path, raw, needs)
        except Unreadable as exc:
            result.findings.append(Finding(str(path), 0, f"{exc}: left as it is"))
            continue
        result.findings += outcome.findings
        if needs.ours and not needs.sdk and (settings := _MODULE.search(raw)):
            line = raw.count(b"\n", 0, settings.start()) + 1
            message = "still names aws_xray_sdk, which nothing here imports any more"
            result.findings.append(Finding(str(path), line, message, "note"))
        if needs.ours and (old := _OLD_PYTHON.search(raw)):
            line = raw.count(b"\n", 0, old.start()) + 1
            result.findings.append(Finding(str(path), line, NEEDS_PYTHON))
        if outcome.new != raw:
            result.changes[path] = outcome.new
            result.names_ours = True
    result.findings += _locks(files, uses, result.changes)
    if uses.moving:
        result.findings += _mentions(files, uses)
    return result


def is_manifest(path: PurePosixPath) -> bool:
    """May it be one, a lock file, or something that installs packages?"""
    return (
        path.name in {"pyproject.toml", "Pipfile", "setup.cfg", "setup.py", *_LOCKS}
        or LISTS.fullmatch(str(path)) is not None
        or _MENTIONS.fullmatch(str(path)) is not None
    )


def _change_for(path: PurePosixPath, raw: bytes) -> Change | None:
    if path.name in {"pyproject.toml", "Pipfile"}:
        return toml_changed
    if path.name == "setup.py":
        return setup_changed
    if path.name == "setup.cfg":
        return list_changed
    if LISTS.fullmatch(str(path)) and not is_compiled(raw):
        return list_changed
    return None


def _locks(
    files: Mapping[PurePosixPath, bytes], uses: Uses, changes: Iterable[PurePosixPath]
) -> Iterable[Finding]:
    folders = {path.parent for path in changes}
    for path, raw in files.items():
        is_list = LISTS.fullmatch(str(path)) is not None and is_compiled(raw)
        if path.name not in _LOCKS and not is_list:
            continue
        needs = uses.needs(path)
        is_affected = path.parent in folders or (
            needs.ours
            and not needs.sdk
            and re.search(rb"aws[-_]xray[-_]sdk", raw)
            and b"lambda-tracer" not in raw
        )
        if is_affected and needs.ours:
            command = _LOCKS.get(path.name, "the command in its first lines")
            yield Finding(
                str(path), 0, f"is to be renewed, after its source has been changed: {command}", "note"
            )


def _mentions(files: Mapping[PurePosixPath, bytes], uses: Uses) -> Iterable[Finding]:
    for path, raw in files.items():
        if _MENTIONS.fullmatch(str(path)) is None or not uses.needs(path).ours:
            continue
        for number, line in enumerate(raw.splitlines(), 1):
            if _INSTALLS.search(line) and b"lambda-tracer" not in line:
                yield Finding(
                    str(path), number, "installs what brings the X-Ray SDK: name lambda-tracer here"
                )


def _is_below(path: PurePosixPath, folder: PurePosixPath) -> bool:
    return folder == PurePosixPath(".") or folder in path.parents
