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

OTHERS = ("compat", "dependencies", "otel", "sandbox", "segments", "web")
"""Rooms that most functions have no use for."""

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

    As they are read from the beginning on, those come first that functions ask for most, and last those of what is
    ready to run, for which only debuggers ask, and few stacks.
    """
    first = {f"lambda_tracer.{module}" for module in (*build.START, *build.USUAL) if module not in ON_STACKS}
    on_stacks = {f"lambda_tracer.{module}" for module in ON_STACKS}
    order = sorted(
        (name in first, path.partition("/")[0] in OTHERS, name not in on_stacks, path, source)
        for name, path, source in build.sources_of(folder)
        if path not in PLAIN
    )
    contents = [(path, len(source)) for *_, path, source in order]
    text = b"".join(source for *_, source in order)
    packed = lzma.compress(text, check=lzma.CHECK_CRC32, filters=FILTERS)
    (folder / "bundles").mkdir(exist_ok=True)
    build.write(folder / "bundles" / "sources.bundle", marshal.dumps(contents, build.FORM), packed)
    for path, _ in contents:
        (folder / path).unlink()
    for below in sorted((each for each in folder.rglob("*") if each.is_dir()), reverse=True):
        if not any(below.iterdir()):
            below.rmdir()
