"""The sources of the layer, which has all of them packed in one file: half of what as many files would take of the zip.

Read when a module is imported whose code is not ready to run, or when somebody asks for a source: a stack, `inspect`, a
debugger. The file is written by `bundle/sources.py`, with what functions ask for most at its beginning.
"""

from __future__ import annotations

from _lzma import LZMADecompressor  # the C module: `lzma` would be one more to import

from .bundle import HEADER_BYTES, SOURCES

_unpacked: dict[str, tuple[LZMADecompressor, bytes]] = {}
"""What unpacks the sources, and what it has unpacked so far. Whoever goes on with it takes it out meanwhile."""

CHUNK_BYTES = 1 << 16
"""What is unpacked at once, at least."""


def unpacked(size: int) -> bytes:
    """The first bytes of all sources, one after the other."""
    packed = b""
    so_far = _unpacked.pop(SOURCES, None)
    if so_far is not None:
        unpacking, text = so_far
    else:  # nobody has been here; or another thread is, and is not waited for
        unpacking, text = LZMADecompressor(), b""
        packed = _packed()
    if len(text) < size:
        text += unpacking.decompress(packed, max(CHUNK_BYTES, size - len(text)))
    _unpacked[SOURCES] = unpacking, text
    return text[:size]


def _packed() -> bytes:
    with open(SOURCES, "rb", 0) as file:
        data = file.read()
    return data[HEADER_BYTES + int.from_bytes(data[23:27], "little") :]
