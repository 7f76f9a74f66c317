"""The sources of the layer, which has all of them packed in one file: half of what as many files would take of the zip.

Read when a module is imported whose code is not ready to run, or when somebody asks for a source: a stack, `inspect`, a
debugger. The file is written by `bundle/sources.py`, with what functions ask for most at its beginning.
"""

from __future__ import annotations

from _lzma import LZMADecompressor  # the C module: `lzma` would be one more to import
from marshal import loads

from .bundle import FOLDER, HEADER_BYTES, KIND, SOURCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_packed = b""
_places: dict[str, tuple[int, int]] = {}
"""Where each source begins and ends among all, in bytes, by its file below the package."""

_unpacked: dict[str, tuple[LZMADecompressor, bytes]] = {}
"""What unpacks the sources, and what it has unpacked so far. Whoever goes on with it takes it out meanwhile."""

CHUNK_BYTES = 1 << 16
"""What is unpacked at once, at least."""


def modules() -> Iterator[tuple[str, str, int]]:
    """Of each module its name, its file below the package, and the size of its source in bytes."""
    for path, (begins, ends) in _read().items():
        dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        # The layer's dependencies are imported by their own names.
        room, _, below = dotted.partition(".")
        yield below if room == "dependencies" else f"{__package__}.{dotted}", path, ends - begins


def source_of(path: str) -> bytes | None:
    """The source in a file of the package; None if it is not there."""
    begins, ends = _read().get(path.removeprefix(f"{FOLDER}/"), (0, 0))
    return _first(ends)[begins:] if ends else None


def _first(size: int) -> bytes:
    """The first bytes of what is packed: a list of files and sizes, and then the sources, one after the other."""
    so_far = _unpacked.pop(SOURCES, None)
    if so_far is not None:
        unpacking, text = so_far
    else:  # nobody has been here; or another thread is, and is not waited for
        unpacking, text = LZMADecompressor(), b""
    if len(text) < size:
        text += unpacking.decompress(b"" if text else _packed, max(CHUNK_BYTES, size - len(text)))
    _unpacked[SOURCES] = unpacking, text
    return text[:size]


def _read() -> dict[str, tuple[int, int]]:
    global _packed, _places
    if not _places:
        with open(SOURCES, "rb", 0) as file:
            data = file.read()
        begins = HEADER_BYTES + int.from_bytes(data[23:27], "little")
        if not data.startswith(KIND) or int.from_bytes(data[27:31], "little") != len(data):
            raise ImportError(f"{SOURCES} is not whole", path=SOURCES)
        _packed = data[begins:]
        places = {}
        end = loads(data[HEADER_BYTES:begins])
        for path, size in loads(_first(end)):
            places[path] = end, end + size
            end += size
        _places = places
    return _places
