"""Builds the Lambda layer: one zip for Python 3.10 to 3.14, x86_64 and arm64.

    python layer/build.py                             layer/dist/lambda-tracer-layer.zip
    python layer/build.py --bytecode python3.13       the same, with bytecode for that Python
    python layer/build.py --folder DIR                unpacked, as `sam build` wants it

In it are the package without the developer's side, the one library that it may need, and the exec wrapper
`lambda-tracer`. Its files are those of the repository, byte for byte. Only Python files: nothing in it
depends on an architecture. The same sources give the same bytes, in whichever folder and whenever they are built. Needs
the standard library and pip.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

LAYER = Path(__file__).resolve().parent
PACKAGE = LAYER.parent / "lambda_tracer"
ZIP = LAYER / "dist" / "lambda-tracer-layer.zip"

LEFT_OUT = {"local", "__pycache__"}
"""Folders of the package that a function has no use for."""

LEFT_OUT_OF_DEPENDENCIES = {"jsonpickle/ext"}
"""Support for numpy, pandas and gmpy2 that has to be switched on by a call, which nobody makes."""

MAX_BYTES = 260_000
"""What the zip may have without bytecode, a little above what it has: 239 kB. Lambda unpacks it at every cold start."""

FIRST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)

COMPILE = """
import pathlib, py_compile, sys
root = pathlib.Path(sys.argv[1])
for path in sorted(root.rglob("*.py")):
    target = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(
        str(path), str(target), f"/opt/python/{path.relative_to(root).as_posix()}", doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
"""


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
        "--bytecode",
        action="append",
        default=[],
        metavar="PYTHON",
        help="add bytecode for it; 'available': for each of python3.10 to python3.14 in PATH; may be repeated",
    )
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "layer"
        write(folder)
        for interpreter in _interpreters(options.bytecode):
            subprocess.run([interpreter, "-I", "-c", COMPILE, str(folder / "python")], check=True)
        if options.folder:
            return 0
        pack(folder, options.output)
    data = options.output.read_bytes()
    sys.stdout.write(f"{options.output}  {len(data):,} bytes  sha256 {hashlib.sha256(data).hexdigest()}\n")
    if len(data) > MAX_BYTES and not options.bytecode:
        sys.stderr.write(f"layer/build.py: that is more than {MAX_BYTES:,} bytes\n")
        return 1
    return 0


def write(folder: Path) -> None:
    """Write the layer's files to `folder`."""
    python = folder / "python"
    for source in sorted(PACKAGE.rglob("*.py")):
        relative = source.relative_to(PACKAGE)
        if not LEFT_OUT.intersection(relative.parts):
            _put(python / PACKAGE.name / relative, source.read_bytes())
    _write_dependencies(python / PACKAGE.name / "dependencies")
    _write_metadata(python)
    _put(folder / "lambda-tracer", (LAYER / "lambda-tracer").read_bytes())
    (folder / "lambda-tracer").chmod(0o755)


def pack(folder: Path, target: Path) -> None:
    """Zip `folder`, so that the same files give the same bytes: sorted, without dates, with fixed modes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            entry = zipfile.ZipInfo(name, FIRST_ZIP_DATE)
            entry.create_system = 3  # Unix, also when built elsewhere: the modes below are Unix's
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name == "lambda-tracer" else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())


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
            if not any(name.startswith(f"{left_out}/") for left_out in LEFT_OUT_OF_DEPENDENCIES):
                _put(folder / name, path.read_bytes())
        for path in sorted(installed.glob("*.dist-info/**/LICENSE*")):
            name = path.relative_to(installed).parts[0].partition("-")[0]
            _put(folder / name / "LICENSE", path.read_bytes())


def _write_metadata(python: Path) -> None:
    """What `importlib.metadata.version("lambda-tracer")` reads, and the licence."""
    source = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    assert found, "lambda_tracer/__init__.py has no __version__"
    info = python / f"{PACKAGE.name}-{found[1]}.dist-info"
    _put(info / "METADATA", f"Metadata-Version: 2.1\nName: lambda-tracer\nVersion: {found[1]}\n".encode())
    _put(info / "LICENSE", (PACKAGE.parent / "LICENSE").read_bytes())


def _interpreters(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name != "available":
            yield name
            continue
        for minor in range(10, 15):
            found = shutil.which(f"python3.{minor}")
            # What does not run (a stand-in for a version that is not active) is passed over.
            if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
                yield found


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)


if __name__ == "__main__":
    sys.exit(main())
