"""The bundle: what a cold start needs of the package, ready to run, so that Python does not compile it.

In Lambda neither a layer nor a function's folder can be written, and neither holds bytecode: Python would compile the
package at every cold start. What is released has code objects in `bundles/`, made of the sources as they are beside
them. A source that differs in size from what it was made of wins; all sources win where a bundle is missing, cut short
or another Python's, and with `-O`.

`start.bundle` has the modules of a cold start for each Python. What is done with them is in `bundle_rest`, which is the
first of them. This module and the package's `__init__` are compiled at every cold start themselves, so they are short.

The layer has its sources in one file, `sources.bundle`, for they take half of the zip there: see `bundle_sources`.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib_external import MAGIC_NUMBER
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KIND = b"lambda_tracer bundle 2\n"
"""How the file begins. Then follow two sizes in 4 bytes each, that of the contents and of the file, and a digest."""

HEADER_BYTES = 64
FIRST_READ_BYTES = 1 << 15
"""What is read at once: the header, and the contents. Of the rest each Python reads what is its own."""

FOLDER = os.path.dirname(__file__)
SOURCES = FOLDER + "/bundles/sources.bundle"


def use() -> bool:
    """Have the package's modules loaded from the bundles for this Python; False if there are none."""
    found = () if sys.flags.optimize else _read()  # code without assertions is not there
    if found:
        modules, codes = found
        rest: Any = type(sys)(modules[0][0])
        rest.__package__ = __package__
        exec(codes[0], vars(rest))
        rest.load(rest, modules, codes)
    return bool(found)


def is_packed() -> bool:
    """Whether the package's sources are in one file, as in the layer."""
    return os.path.exists(SOURCES)


def _read() -> tuple[Any, ...]:
    """What a cold start needs: its modules, and the code of each. Empty if there is nothing for this Python."""
    try:
        with open(FOLDER + "/bundles/start.bundle", "rb", 0) as file:
            start = file.read(FIRST_READ_BYTES)
            contents_end = HEADER_BYTES + int.from_bytes(start[23:27], "little")
            size = int.from_bytes(start[27:31], "little")
            if not start.startswith(KIND) or os.fstat(file.fileno()).st_size != size:
                return ()
            modules, pythons = loads(start[HEADER_BYTES:contents_end])
            magic, pieces = pythons.get(sys.implementation.cache_tag, (None, ()))
            if magic != MAGIC_NUMBER:
                return ()
            code = bytearray(
                sum([length for _, length in pieces])
            )  # read into, lest each byte is copied twice
            end = 0
            for at, length in pieces:
                file.seek(at)
                end += file.readinto(memoryview(code)[end : end + length])
            return modules, loads(code)[1]
    except (FileNotFoundError, NotADirectoryError, PermissionError):  # none is there; or all is in a zip
        return ()
