"""Writing: a changed file takes the place of the old one at once, or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path


class Refused(Exception):
    """The file was not written; the message says why."""


def write_file(path: Path, old: bytes, new: bytes) -> None:
    """Write `new` where `old` was read, with the same permissions. Raises Refused, and leaves the file as it was."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or path.read_bytes() != old:
            raise Refused("has changed meanwhile")
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.", suffix=".new")
    except OSError as exc:
        raise Refused(exc.strerror or str(exc)) from exc
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):
            os.chown(name, status.st_uid, status.st_gid)
        os.chmod(name, stat.S_IMODE(status.st_mode))
        os.replace(name, path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise Refused(exc.strerror or str(exc)) from exc
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
