"""Packs the sources of a package's folder into one file, `bundles/sources.bundle`, and takes them away.

For the layer, of whose zip as many files would take twice as much. `lambda_tracer/bundle_sources.py` reads them.
"""

from __future__ import annotations

import lzma
import marshal
from pathlib import Path

from bundle import build

PLAIN = ("__init__.py", "bundle.py", "bundle_rest.py", "bundle_sources.py")
"""Modules that stay files: they find the others."""

ORDER = (
    *("sandbox", "events", "capture", "encode", "trace", "send", "", "patches", "sdk", "wrapping"),
    *("compat", "web", "segments", "otel", "dependencies"),
)
"""The rooms, those first that functions ask for most: whoever asks for one has all before it unpacked."""

FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "pb": 0}]
"""As xz's manual has it for text."""


def pack(folder: Path) -> None:
    """Pack all sources in the package's `folder` but those that find the others.

    Last are those of what is ready to run, for which only stacks and debuggers ask.
    """
    first = {f"lambda_tracer.{module}" for module in (*build.START, *build.USUAL)}
    order = sorted(
        (name in first, ORDER.index(path.rpartition("/")[0].partition("/")[0]), path, source)
        for name, path, source in build.sources_of(folder)
        if path not in PLAIN
    )
    contents = marshal.dumps([(path, len(source)) for _, _, path, source in order], build.FORM)
    text = contents + b"".join(source for *_, source in order)
    packed = lzma.compress(text, check=lzma.CHECK_CRC32, filters=FILTERS)
    (folder / "bundles").mkdir(exist_ok=True)
    build.write(folder / "bundles" / "sources.bundle", marshal.dumps(len(contents), build.FORM), packed)
    for _, _, path, _ in order:
        (folder / path).unlink()
    for below in sorted((each for each in folder.rglob("*") if each.is_dir()), reverse=True):
        if not any(below.iterdir()):
            below.rmdir()
