"""Makes the bundles of a package's folder, one for each version of Python that can be found.

    python -m bundle.build FOLDER                         for each Python from 3.10 to 3.14 that is found
    python -m bundle.build FOLDER --every                 fail unless there is one for each
    python -m bundle.build FOLDER --python "COMMAND"      by this command, too: `chroot DIR python3.14`, say

FOLDER is where `lambda_tracer/__init__.py` is, or a copy of it. Pythons are looked for in PATH, among pyenv's versions,
and in the environment variable BUNDLE_PYTHONS, commands with a semicolon between. The same sources give the same
bytes. Needs the standard library.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import marshal
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""Those that Lambda has, and that a release has bundles for."""

LEFT_OUT = {"local", "testing", "__pycache__", "bundles"}
"""Folders of the package that a function has no use for."""

LEFT_OUT_MODULES = {"", "__main__", "bundle"}
"""What must be compiled before a bundle can be read; and what the command line alone uses."""

START = (
    *("bundle_rest", "guard", "settings", "clock", "safe", "xray"),
    *("encode", "encode.name", "encode.limits", "encode.marker", "encode.redaction", "encode.scalars"),
    *("encode.json_text", "encode.blocks", "encode.document"),
    *("trace", "trace.collection", "trace.header", "trace.invocation", "trace.subsegment", "trace.running"),
    *("trace.context", "trace.unrecorded"),
    *("send", "send.emitter", "send.outbox", "send.watchdog"),
    *("wrapping", "wrapping.kinds", "wrapping.wrap", "recording"),
    *("sdk", "sdk.recorder", "capture", "capture.method", "capture.handler", "tracer"),
    *("patches", "patches.replace", "patches.import_hook", "patches.registry", "patches.threads"),
)
"""What each cold start loads of the package, by the first traced call: each after what it needs itself."""

USUAL = (
    *("patches.nesting", "patches.aws", "patches.aws.botocore", "patches.aws.call", "patches.aws.resource"),
    *("patches.http", "patches.http.httplib", "patches.http.urllib3", "auto", "bundle_sources"),
    *("events", "events.facts", "events.trigger", "capture.facts"),
)
"""What most functions need besides: a boto3 client and its first call, an event, the layer's wrapper."""

PUBLIC = {
    "recording": ["SubsegmentContext", "SubsegmentRecorder"],
    "sdk.recorder": ["Recorder"],
    "send.emitter": ["UDPEmitter"],
    "settings": ["SDKConfig"],
    "trace.header": ["TraceHeader"],
    "trace.subsegment": ["Subsegment"],
    "tracer": ["Tracer"],
}
"""What they define that users hold: `help` and `inspect` show its documentation and types."""

FIRST_READ_BYTES = 1 << 15
"""What `lambda_tracer.bundle` reads at once."""

KIND, HEADER_BYTES = b"lambda_tracer bundle 2\n", 64
"""As in `lambda_tracer.bundle`."""

FORM = 2
"""Of what all Pythons read: marshalled without references."""

PIECE_BYTES = 32_400
"""Less than the distance over which zip finds what is alike."""

_COMPILING = Path(__file__).with_name("compiling.py")
_TELL = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.cache_tag)"


class Interpreter:
    """A Python that bundles are made by."""

    def __init__(self, command: Sequence[str], version: str, tag: str) -> None:
        self.command = list(command)
        self.version = version
        self.tag = tag


def main(argv: Sequence[str] | None = None) -> int:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description="Make the bundles of a package's folder.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the package's __init__.py is")
    add_options(parser)
    options = parser.parse_args(argv)
    made = make(options.folder, interpreters(options.python))
    return report(made, options.every)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What all commands that make bundles take."""
    parser.add_argument(
        "--python", action="append", default=[], metavar="COMMAND", help="a further Python; may be repeated"
    )
    parser.add_argument(
        "--every", action="store_true", help=f"fail unless there is one for {', '.join(VERSIONS)}"
    )


def report(made: Iterable[str], is_every_needed: bool) -> int:
    """Say for which versions there are bundles; 1 if one is missing that is needed, else 0."""
    there = list(made)
    missing = [version for version in VERSIONS if version not in there]
    sys.stderr.write(f"ready to run for Python {', '.join(there) or 'none'}")
    if missing:
        sys.stderr.write(f"; compiled at each cold start on {', '.join(missing)}: not found here")
    sys.stderr.write("\n")
    if missing and is_every_needed:
        sys.stderr.write("each is needed: name those that are elsewhere in BUNDLE_PYTHONS\n")
    return 1 if missing and is_every_needed else 0


def make(
    folder: Path, pythons: Iterable[Interpreter], target: Path | None = None, *, only_start: bool = False
) -> list[str]:
    """Write the bundles of a package's folder for the Pythons; returns their versions.

    Into the folder `target`, or else where the package looks for them. `only_start`: what a cold start needs, and no
    bundles of what is rare.
    """
    target = target or folder / "bundles"
    pythons = list(pythons)
    if not pythons:
        return []
    left_out = set(map(_named, LEFT_OUT_MODULES))
    sources = sorted(source for source in sources_of(folder) if source[0] not in left_out)
    wanted = (*START, *USUAL)
    first = [next(source for source in sources if source[0] == _named(module)) for module in wanted]
    others = [] if only_start else [source for source in sources if source not in first]
    answers = _compiled(
        pythons,
        [
            *((*source, True, PUBLIC.get(module, [])) for module, source in zip(wanted, first, strict=True)),
            *((*source, False, None) for source in others),
        ],
    )
    target.mkdir(exist_ok=True)
    modules = [
        (name, path, len(source), place < len(START)) for place, (name, path, source) in enumerate(first)
    ]
    write(target / "start.bundle", *_woven(modules, pythons, answers))
    for python, (magic, _, rare) in zip(pythons, answers, strict=True):
        if not only_start:
            code = b""
            contents = []
            for name, path, source in others:
                contents.append((name, path, len(source), len(code), len(code) + len(rare[name])))
                code += rare[name]
            write(target / f"{python.tag}.bundle", marshal.dumps((magic, contents), FORM), code)
    return [python.version for python in pythons]


def _woven(
    modules: list[tuple[str, str, int, bool]], pythons: list[Interpreter], answers: list[Any]
) -> tuple[bytes, bytes]:
    """The contents and the code of what a cold start needs, for all Pythons in one file.

    Each Python reads its own pieces of it, one after the other. The first piece, with all texts, is the same for all.
    The others, of a few modules each, stand beside those of the same modules for the other Pythons, which they
    resemble: zipped, the file has three quarters of what a file for each Python would have.
    """
    places: dict[bytes, int] = {}
    code = b""
    slices: dict[str, list[tuple[int, int]]] = {python.tag: [] for python in pythons}
    for together in _in_pieces(
        [max(map(len, same)) for same in zip(*(pieces for _, pieces, _ in answers), strict=True)]
    ):
        for python, (_, pieces, _) in zip(pythons, answers, strict=True):
            piece = b"".join(pieces[together])
            place = places.setdefault(piece, len(code))
            if place == len(code):
                code += piece
            slices[python.tag].append((place, len(piece)))
    of_python = list(zip(pythons, answers, strict=True))
    size = 0
    while True:  # where code begins depends on how long it takes to say where code begins
        begins = HEADER_BYTES + size
        tables = {
            python.tag: (magic, [(begins + at, length) for at, length in slices[python.tag]])
            for python, (magic, _, _) in of_python
        }
        contents = marshal.dumps((modules, tables), FORM)
        if len(contents) == size:
            break
        size = len(contents)
    if begins > FIRST_READ_BYTES:
        raise ValueError("the contents of the bundle are more than is read of it at once")
    return contents, code


def _in_pieces(sizes: list[int]) -> Iterator[slice]:
    """What to read at once: the first, and of the others as many as are at most PIECE_BYTES."""
    yield slice(0, 1)
    begins = at = 1
    while begins < len(sizes):
        at = begins + 1
        while at < len(sizes) and sum(sizes[begins : at + 1]) <= PIECE_BYTES:
            at += 1
        yield slice(begins, at)
        begins = at


def write(path: Path, contents: bytes, code: bytes) -> None:
    """Write a bundle: what is in it, marshalled, and that itself."""
    sizes = (len(contents), HEADER_BYTES + len(contents) + len(code))
    header = KIND + b"".join(size.to_bytes(4, "little") for size in sizes)
    header += hashlib.sha256(contents + code).digest()
    path.write_bytes(header.ljust(HEADER_BYTES, b"\0") + contents + code)
    path.chmod(0o644)


def _compiled(
    pythons: list[Interpreter], sources: list[tuple[str, str, bytes, bool, list[str] | None]]
) -> list[Any]:
    """What each Python makes of the sources, at the same time: see `compiling.py`."""
    # Sets among the constants are marshalled in the order of their hashes. Lines are kept, columns are not: they are a
    # quarter of the code from Python 3.11 on, and only mark what of a line of ours an exception came through.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONNODEBUGRANGES": "1"}
    compiling = ["-S", "-B", "-c", _COMPILING.read_text(encoding="utf-8")]
    with contextlib.ExitStack() as running:
        started = [
            running.enter_context(
                subprocess.Popen(
                    [*python.command, *compiling],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=environment,
                )
            )
            for python in pythons
        ]
        texts: set[str] = set()
        for found in _asked(started, sources):
            texts.update(found)
        return _asked(started, sorted(texts))


def _asked(started: list[subprocess.Popen[bytes]], request: Any) -> list[Any]:
    data = marshal.dumps(request, FORM)
    for python in started:
        assert python.stdin is not None
        python.stdin.write(data)
        python.stdin.flush()
    answers = []
    for python in started:
        assert python.stdout is not None
        try:
            answers.append(marshal.load(python.stdout))
        except EOFError:
            raise subprocess.CalledProcessError(python.wait(), python.args) from None
    return answers


def sources_of(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """Of each module that a function may load its name, its file below the package, and its source."""
    for path in folder.rglob("*.py"):
        relative = path.relative_to(folder)
        if LEFT_OUT.intersection(relative.parts):
            continue
        parts = relative.with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        # The layer's dependencies are imported by their own names.
        name = module.partition(".")[2] if parts[0] == "dependencies" else _named(module)
        yield name, relative.as_posix(), path.read_bytes()


def _named(module: str) -> str:
    return f"lambda_tracer.{module}" if module else "lambda_tracer"


def interpreters(commands: Sequence[str] = ()) -> list[Interpreter]:
    """The Pythons that bundles can be made by, one for each version, in order of version."""
    found: dict[str, Interpreter] = {}
    for command in _candidates(commands):
        python = _interpreter(command)
        if python is not None and python.version in VERSIONS:
            found.setdefault(python.version, python)
    return [found[version] for version in VERSIONS if version in found]


def _candidates(commands: Sequence[str]) -> Iterator[list[str]]:
    given = [*commands, *os.environ.get("BUNDLE_PYTHONS", "").split(";")]
    yield from (shlex.split(command) for command in given if command.strip())
    yield [sys.executable]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in VERSIONS:
        in_path = shutil.which(f"python{version}")
        if in_path:
            yield [in_path]
        yield from (
            [str(path)] for path in sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)
        )


def _interpreter(command: Sequence[str]) -> Interpreter | None:
    """What a command says of itself; None if it does not run, as pyenv's stand-in for a version that is not active."""
    try:
        ran = subprocess.run(
            [*command, "-S", "-c", _TELL], capture_output=True, text=True, check=False, timeout=60
        )
    except OSError:
        return None
    version, _, tag = ran.stdout.strip().partition(" ")
    return Interpreter(command, version, tag) if ran.returncode == 0 and tag.startswith("cpython-") else None


if __name__ == "__main__":
    sys.exit(main())
