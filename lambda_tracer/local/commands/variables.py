"""The function's environment variables as they are given: on the command line, in files, or by name from the shell.

What is set and read by nobody is said once: the shell's variables do not reach the function, and a misspelt one does
nothing.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lambda_tracer.local.commands.usage import UsageError, quoted
from lambda_tracer.local.doctor.variables import OURS

MAX_FILE_BYTES = 1_000_000
"""Of variables. An environment may have less on every system."""

PREFIX = "LAMBDA_TRACER_"
KNOWN = sorted(name for name in OURS if name.startswith(PREFIX))
"""All with that prefix that the tracer reads."""

_LINE = re.compile(r"(?:export[ \t]+)?([^\s=#'\"]+)[ \t]*(?:=[ \t]*(.*))?", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def variables(files: Iterable[str], texts: Iterable[str]) -> dict[str, str]:
    """All of them: of each file in turn, then of each `K=V` or `NAME`. What comes later wins."""
    found: dict[str, str] = {}
    for file in files:
        found.update(_of_file(file))
    found.update(variable(text) for text in texts)
    return found


def variable(text: str) -> tuple[str, str]:
    """Name and value of `K=V`, or of `NAME`, which has the shell's value."""
    name, separator, value = text.partition("=")
    return _checked(
        name, value if separator else None, f"--env: expected K=V or NAME: {quoted(text)}", "--env"
    )


def warnings(given: Mapping[str, str]) -> Iterator[str]:
    """What of `given` and of the shell's variables nobody reads, as lines to print."""
    for name in sorted({*given, *os.environ}):
        if not name.startswith(PREFIX):
            continue
        if name not in KNOWN:
            endings = [known.removeprefix(PREFIX) for known in KNOWN]
            near = difflib.get_close_matches(name.removeprefix(PREFIX), endings, 1)
            meant = f"did you mean {PREFIX}{near[0]}?" if near else f"there are {', '.join(KNOWN)}"
            yield f"{name} is read by nobody: {meant}"
        elif name not in given:
            yield f"{name} of this shell does not reach the function: give it with --env {name}"


def _of_file(path: str) -> dict[str, str]:
    found = {}
    for number, text in _entries(_text(path), path):
        where = f"--env-file: {path}, line {number}"
        match = _LINE.fullmatch(text)
        if match is None:
            raise UsageError(f"{where}: expected NAME=VALUE: {quoted(text)}")
        value = None if match[2] is None else _value(match[2], where)
        name, value = _checked(match[1], value, f"{where}: expected NAME=VALUE: {quoted(text)}", where)
        found[name] = value
    return found


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise UsageError(f"--env-file: {path} has more than {MAX_FILE_BYTES:,} bytes")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(f"--env-file: {path} is not UTF-8 (byte {exc.start})") from exc
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise UsageError(f"--env-file: {path}: {reason}") from exc


def _entries(text: str, path: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is neither empty nor a comment; a quoted value may go over several."""
    lines = iter(enumerate(text.replace("\r\n", "\n").split("\n"), 1))
    for number, line in lines:
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        first, value = entry, entry.partition("=")[2].lstrip()
        while value[:1] in ("'", '"') and _end_of_quotes(value) is None:
            following = next(lines, None)
            if following is None:
                raise UsageError(
                    f"--env-file: {path}, line {number}: the quotes are never closed: {quoted(first)}"
                )
            entry, value = f"{entry}\n{following[1]}", f"{value}\n{following[1]}"
        yield number, entry.rstrip()


def _end_of_quotes(value: str) -> int | None:
    """Where the quotes that it begins with are closed; None if they are not."""
    quote = value[0]
    position = 1
    while position < len(value):
        if value[position] == "\\" and quote == '"':
            position += 1
        elif value[position] == quote:
            return position
        position += 1
    return None


def _value(text: str, where: str) -> str:
    if text[:1] not in ("'", '"'):
        # A comment begins with a space: there are values with a # in them.
        return re.split(r"(?:^|[ \t])#", text, maxsplit=1)[0].rstrip()
    end = _end_of_quotes(text) or len(text)
    rest = text[end + 1 :].strip()
    if rest and not rest.startswith("#"):
        raise UsageError(f"{where}: after the closing quote there is more: {quoted(rest)}")
    if text[0] == "'":
        return text[1:end]
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text[1:end])


def _checked(name: str, value: str | None, complaint: str, where: str) -> tuple[str, str]:
    if not name or "\0" in name or "\0" in (value or ""):
        raise UsageError(complaint)
    if value is None:
        if name not in os.environ:
            raise UsageError(
                f"{where}: this shell has no variable {quoted(name)}; to set one, write {name}=VALUE"
            )
        value = os.environ[name]
    try:
        os.fsencode(name), os.fsencode(value)
    except UnicodeEncodeError as exc:
        raise UsageError(f"{where}: the value of {quoted(name)} is not text") from exc
    return name, value
