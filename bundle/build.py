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
import marshal
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""Those that Lambda has, and that a release has bundles for."""

LEFT_OUT = {"local", "__pycache__", "bundles"}
"""Folders of the package that a function has no use for."""

LEFT_OUT_MODULES = {"", "bundle", "testing"}
"""What must be compiled before a bundle can be read; and what tests alone use."""

FIRST = (
    *("auto", "bundle_rest", "clock", "guard", "recording", "safe", "settings", "tracer", "xray"),
    *("capture", "capture.handler", "capture.method"),
    *("encode", "encode.blocks", "encode.document", "encode.json_text", "encode.limits", "encode.marker"),
    *("encode.name", "encode.redaction", "encode.scalars"),
    *(
        "patches",
        "patches.import_hook",
        "patches.nesting",
        "patches.registry",
        "patches.replace",
        "patches.threads",
    ),
    *("patches.aws", "patches.aws.botocore", "patches.aws.call", "patches.aws.resource"),
    *("patches.http", "patches.http.httplib", "patches.http.urllib3"),
    *("sdk", "sdk.recorder", "send", "send.emitter", "send.outbox", "send.watchdog"),
    *("trace", "trace.collection", "trace.context", "trace.header", "trace.invocation", "trace.running"),
    *("trace.subsegment", "trace.unrecorded", "wrapping", "wrapping.kinds", "wrapping.wrap"),
)
"""What a cold start loads of the package, with a boto3 client: it stands together at the beginning of a bundle."""

FIRST_READ_BYTES = 1 << 19
"""What `lambda_tracer.bundle` reads at once."""

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
    sys.stderr.write(
        f"; compiled at each cold start on {', '.join(missing)}: not found here\n" if missing else "\n"
    )
    return 1 if missing and is_every_needed else 0


def make(folder: Path, pythons: Iterable[Interpreter], target: Path | None = None) -> list[str]:
    """Write the bundle of a package's folder for each of the Pythons, as `<cache tag>.bundle`; returns their versions.

    Into the folder `target`, or else where the package looks for them.
    """
    target = target or folder / "bundles"
    sources = marshal.dumps(list(_sources(folder)))
    made = []
    for python in pythons:
        bundle = compiled(python, sources)
        path = target / f"{python.tag}.bundle"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bundle)
        path.chmod(0o644)
        made.append(python.version)
    return made


def compiled(python: Interpreter, sources: bytes) -> bytes:
    """The bundle of marshalled sources for one Python."""
    # Sets among the constants are marshalled in the order of their hashes. Lines are kept, columns are not: they are a
    # quarter of the code from Python 3.11 on, and only mark what of a line of ours an exception came through.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONNODEBUGRANGES": "1"}
    command = [*python.command, "-S", "-B", "-c", _COMPILING.read_text(encoding="utf-8")]
    bundle = subprocess.run(
        command, input=sources, stdout=subprocess.PIPE, env=environment, check=True
    ).stdout
    index, first = (int.from_bytes(bundle[at : at + 4], "little") for at in (27, 31))
    if 64 + index + first > FIRST_READ_BYTES:
        raise ValueError(f"a cold start on {python.version} needs more than is read of a bundle at once")
    return bundle


def _sources(folder: Path) -> Iterator[tuple[str, str, bytes, bool]]:
    """Of each module its name, its file below the package, its source, and whether a cold start loads it."""
    for path in sorted(folder.rglob("*.py")):
        relative = path.relative_to(folder)
        if LEFT_OUT.intersection(relative.parts):
            continue
        parts = relative.with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if module in LEFT_OUT_MODULES or (parts[0] == "dependencies" and len(parts) == 1):
            continue
        # The layer's dependencies are imported by their own names.
        name = module.partition(".")[2] if parts[0] == "dependencies" else f"lambda_tracer.{module}"
        yield name, relative.as_posix(), path.read_bytes(), module in FIRST


def interpreters(commands: Sequence[str] = ()) -> list[Interpreter]:
    """The Pythons that bundles can be made by, one for each version, in order of version."""
    found: dict[str, Interpreter] = {}
    for command in _candidates(commands):
        python = _asked(command)
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


def _asked(command: Sequence[str]) -> Interpreter | None:
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
