"""Builds the Lambda layer: one zip for Python 3.10 to 3.14, x86_64 and arm64.

    python layer/build.py                             layer/dist/lambda-tracer-layer.zip
    python layer/build.py --every                     fail unless it is ready to run on each of them
    python layer/build.py --folder DIR                unpacked, as `sam build` wants it
    python layer/build.py --whole                     what is rare is ready to run, too: a zip several times as large

In it are the package without the developer's side, the one library that it may need, what a cold start needs ready to
run for each Python that is found here (`bundle/build.py`), and the exec wrapper `lambda-tracer`. Its sources are those
of the repository, byte for byte; nothing in it depends on an architecture. The same sources give the same bytes, in
whichever folder and whenever they are built. Needs pip, and zopfli for a zip of this size; else it is a little larger.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

try:
    from zopfli import zlib as zopfli  # type: ignore[import-untyped]
except ImportError:
    zopfli = None

LAYER = Path(__file__).resolve().parent
sys.path.insert(0, str(LAYER.parent))  # where `bundle` is, when this runs as a script

from bundle import build as bundles  # noqa: E402
from bundle import sources  # noqa: E402

PACKAGE = LAYER.parent / "lambda_tracer"
ZIP = LAYER / "dist" / "lambda-tracer-layer.zip"

LEFT_OUT = {"local", "testing", "__pycache__", "bundles"}
"""Folders of the package that a function has no use for."""

LEFT_OUT_FILES = {"compat/__main__.py"}
"""Modules for the command line alone."""

LEFT_OUT_OF_DEPENDENCIES = ("jsonpickle/ext/", "jsonpickle/tags_pd.py")
"""Support for numpy, pandas and gmpy2 that has to be switched on by a call, which nobody makes."""

MAX_BYTES = 600_000
"""What the zip may have, with five Pythons. Lambda unpacks it at every cold start."""

ENTRY_POINTS = "[aws_durable_execution.plugins]\nlambda_tracer = lambda_tracer.durable:plugin_factory\n"
"""Those of `pyproject.toml` that a function has a use for."""

FIRST_DOS_DATE = 1 << 5 | 1
"""1 January 1980."""


def main(argv: Sequence[str] | None = None) -> int:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description="Build the Lambda layer.")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="write the layer's files there, and no zip"
    )
    parser.add_argument(
        "--output", type=Path, default=ZIP, metavar="FILE", help="the zip (default: %(default)s)"
    )
    parser.add_argument(
        "--whole",
        action="store_true",
        help="have what is rare ready to run, too: a zip several times as large",
    )
    bundles.add_options(parser)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "layer"
        write(folder)
        pythons = bundles.interpreters(options.python)
        made = bundles.make(folder / "python" / PACKAGE.name, pythons, only_start=not options.whole)
        failed = bundles.report(made, options.every)
        sources.pack(folder / "python" / PACKAGE.name)
        if failed:
            options.output.unlink(missing_ok=True)  # lest that of another run is published
        if options.folder or failed:
            return failed
        pack(folder, options.output)
    data = options.output.read_bytes()
    sys.stdout.write(f"{options.output}  {len(data):,} bytes  sha256 {hashlib.sha256(data).hexdigest()}\n")
    if zopfli is None:
        sys.stderr.write("layer/build.py: zopfli is not installed, so the zip is a little larger\n")
    elif len(data) > MAX_BYTES and not options.whole:
        sys.stderr.write(f"layer/build.py: that is more than {MAX_BYTES:,} bytes\n")
        return 1
    return 0


def write(folder: Path) -> None:
    """Write the layer's files to `folder`."""
    python = folder / "python"
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        if not LEFT_OUT.intersection(relative.parts) and relative.as_posix() not in LEFT_OUT_FILES:
            _put(python / PACKAGE.name / relative, path.read_bytes())
    _write_dependencies(python / PACKAGE.name / "dependencies")
    _write_metadata(python)
    _put(folder / "lambda-tracer", (LAYER / "lambda-tracer").read_bytes())
    (folder / "lambda-tracer").chmod(0o755)


def pack(folder: Path, target: Path) -> None:
    """Zip `folder`, so that the same files give the same bytes: sorted, without dates, with fixed modes.

    Written by hand, as `zipfile` takes nothing that another has compressed. The form is that of PKWARE's APPNOTE.TXT:
    each file after a header of its own, then all headers again with what only they say, and where those begin.
    """
    archive = directory = b""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in paths:
        name = path.relative_to(folder).as_posix().encode("ascii")
        data = path.read_bytes()
        packed = _deflated(data)
        sizes = (zlib.crc32(data), len(packed), len(data), len(name), 0)
        common = struct.pack("<5H3L2H", 20, 0, zipfile.ZIP_DEFLATED, 0, FIRST_DOS_DATE, *sizes)
        mode = 0o100755 if name == b"lambda-tracer" else 0o100644
        # The 3 is for Unix, also when built elsewhere: the modes are Unix's.
        directory += struct.pack("<4s2B", b"PK\1\2", 20, 3) + common
        directory += struct.pack("<3H2L", 0, 0, 0, mode << 16, len(archive)) + name
        archive += b"PK\3\4" + common + name + packed
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(paths), len(paths), len(directory), len(archive), 0)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(archive + directory + end)


def _deflated(data: bytes) -> bytes:
    """The data as a zip has it; by zopfli, where that is installed, which finds a twentieth more than zlib does.

    It may begin as many blocks as it likes: that is a hundredth of the code.
    """
    stream = (
        zlib.compress(data, 9)
        if zopfli is None
        else zopfli.compress(data, numiterations=1, blocksplittingmax=0)
    )
    return bytes(stream[2:-4])  # without what zlib's own form has around it


def _write_dependencies(folder: Path) -> None:
    """The libraries in `requirements.txt`, as the wheels that hold no compiled code have them."""
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # Whatever runs this build, the layer gets the wheels for any Python from 3.10 on and any platform.
        command += ["--platform", "any", "--implementation", "py", "--python-version", "3.10"]
        command += ["--only-binary", ":all:", "--no-deps", "--no-compile", "--require-hashes"]
        command += ["--requirement", str(LAYER / "requirements.txt"), "--target", temporary]
        subprocess.run(command, check=True, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})
        installed = Path(temporary)
        for path in sorted(installed.rglob("*.py")):
            name = path.relative_to(installed).as_posix()
            if not name.startswith(LEFT_OUT_OF_DEPENDENCIES):
                _put(folder / name, path.read_bytes())
        for path in sorted(installed.glob("*.dist-info/**/LICENSE*")):
            name = path.relative_to(installed).parts[0].partition("-")[0]
            _put(folder / f"{name}-LICENSE", path.read_bytes())


def _write_metadata(python: Path) -> None:
    """What `importlib.metadata` reads of a version and of the durable functions' plugin, and the licence."""
    source = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    assert found, "lambda_tracer/__init__.py has no __version__"
    info = python / f"{PACKAGE.name}-{found[1]}.dist-info"
    _put(info / "METADATA", f"Metadata-Version: 2.1\nName: lambda-tracer\nVersion: {found[1]}\n".encode())
    _put(info / "entry_points.txt", ENTRY_POINTS.encode())
    _put(info / "LICENSE", (PACKAGE.parent / "LICENSE").read_bytes())


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)


if __name__ == "__main__":
    sys.exit(main())
