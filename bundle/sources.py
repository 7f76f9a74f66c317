"""Packs the sources of a package's folder into one file, `bundles/sources.bundle`, and takes them away.

For the layer, of whose zip as many files would take twice as much. `lambda_tracer/bundle_sources.py` reads them.
"""

from __future__ import annotations

import itertools
import lzma
import marshal
from collections.abc import Iterable
from pathlib import Path

from bundle import build

PLAIN = ("__init__.py", "bundle.py", "bundle_rest.py", "bundle_sources.py")
"""Modules that stay files: they find the others."""

ORDER = (
    *("sandbox/", "trace/initialization.py", "events/", "capture/facts.py", "trace/w3c.py", "patches/http/"),
    *("encode/", "capture/", "trace/", "send/", "", "patches/", "sdk/", "wrapping/"),
    *("compat/", "web/", "segments/", "otel/", "dependencies/"),
)
"""Folders and files, those first that functions ask for most: whoever asks for one has all before it unpacked."""

ON_STACKS = (
    "auto",
    "patches.import_hook",
    "patches.nesting",
    "patches.threads",
    "sdk.recorder",
    "wrapping.wrap",
)
"""Of what is ready to run, what calls a function's code: Lambda's runtime reads their lines when that fails."""

FILTERS = [
    {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "pb": 0, "dict_size": 1 << 21}
]
"""As xz's manual has it for text, and with a window of what there is: who unpacks asks for as much memory."""


def pack(folder: Path) -> None:
    """Pack all sources in the package's `folder` but those that find the others.

    First are those of what stands on functions' stacks, and last those of what is ready to run besides, for which only
    debuggers ask, and few stacks. The list of them is not packed: see `lambda_tracer.bundle_rest`.
    """
    first = {f"lambda_tracer.{module}" for module in (*build.START, *build.USUAL) if module not in ON_STACKS}
    on_stacks = {f"lambda_tracer.{module}" for module in ON_STACKS}
    order = sorted(
        (
            name in first,
            name not in on_stacks,
            ORDER.index(max(filter(path.startswith, ORDER), key=len)),
            path,
            source,
        )
        for name, path, source in build.sources_of(folder)
        if path not in PLAIN
    )
    text = b"".join(source for *_, source in order)
    packed = lzma.compress(text, check=lzma.CHECK_CRC32, filters=FILTERS)
    (folder / "bundles").mkdir(exist_ok=True)
    contents = _listed([(path, len(source)) for *_, path, source in order])
    build.write(folder / "bundles" / "sources.bundle", marshal.dumps(contents, build.FORM), packed)
    for *_, path, _ in order:
        (folder / path).unlink()
    for below in sorted((each for each in folder.rglob("*") if each.is_dir()), reverse=True):
        if not any(below.iterdir()):
            below.rmdir()


def _listed(files: Iterable[tuple[str, int]]) -> str:
    """Files and their sizes, a line for those of one folder, which is first: so the list takes half of its zip."""
    lines = []
    for below, together in itertools.groupby(files, lambda each: each[0].rpartition("/")[0]):
        words = [below]
        for path, size in together:
            words += [path.rpartition("/")[2].removesuffix(".py"), str(size)]
        lines.append(" ".join(words))
    return "\n".join(lines)
