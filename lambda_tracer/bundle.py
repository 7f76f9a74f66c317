"""The bundle: the package's code ready to run, one file for each version of Python, so that none compiles it.

In Lambda neither a layer nor a function's folder can be written, and neither holds bytecode: Python would compile the
package at every cold start. What is released has the code objects of its modules in `bundles/<cache tag>.bundle`, made
of the sources as they are beside it. A source that differs in size from what it was made of wins; all sources win where
the bundle is missing, cut short or another Python's, and with `-O`.

Modules are found and loaded by Python's own finder and loader for folders, which are only told what they need not read
and compile. Files, lines, `inspect` and reloading are as with plain modules. This module and the package's `__init__`
are compiled at every cold start themselves, so they are short; what is rare is in `bundle_rest`.
"""

from __future__ import annotations

import _imp
import os
import sys

# importlib.machinery and importlib.util have these, and would be two more to import.
from _frozen_importlib_external import (
    MAGIC_NUMBER,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
    spec_from_file_location,
)
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

KIND = b"lambda_tracer bundle 1\n" + MAGIC_NUMBER
"""How the file begins. Then follow three sizes in 4 bytes each (the index, the first part, the file) and a digest."""

HEADER_BYTES = 64
FIRST_READ_BYTES = 1 << 19
"""What is read at once: the header, the index, and the code of the modules that a cold start needs."""

FOLDER = os.path.dirname(__file__)
PATH = os.path.join(FOLDER, "bundles", f"{sys.implementation.cache_tag}.bundle")

start = b""
"""What has been read."""

begins_at = 0
"""Where the code begins in it."""

index: dict[str, tuple[str, int, int, int]] = {}
"""By module: its file below the package, the size of that source, and where its code begins and ends."""


class BundleLoader(SourceFileLoader):
    """Loads a module whose code is in the bundle."""

    def get_code(self, fullname: str) -> CodeType | None:
        """See `importlib.abc.InspectLoader.get_code`."""
        global start
        _, _, begins, ends = index[fullname]
        if begins_at + ends > len(start):
            from .bundle_rest import whole

            start = whole(PATH, start, HEADER_BYTES)
        if begins_at + ends > len(start):
            return super().get_code(fullname)
        code: CodeType = loads(memoryview(start)[begins_at + begins : begins_at + ends])
        _imp._fix_co_filename(code, self.path)  # type: ignore[attr-defined]  # as for bytecode files
        return code


class BundleFinder(FileFinder):
    """Finds modules in one folder of the package: those that are in the bundle without a look at the folder."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """See `importlib.abc.PathEntryFinder.find_spec`."""
        entry = index.get(fullname)
        if entry is not None:
            path = f"{FOLDER}/{entry[0]}"
            try:
                if os.stat(path).st_size == entry[1]:
                    folders = [os.path.dirname(path)] if path.endswith("/__init__.py") else None
                    loader = BundleLoader(fullname, path)
                    return spec_from_file_location(
                        fullname, path, loader=loader, submodule_search_locations=folders
                    )
            except FileNotFoundError:  # only bytecode was kept, say
                pass
        return super().find_spec(fullname, target)


def use() -> None:
    """Have the package's modules loaded from the bundle for this Python, if there is one."""
    global start, begins_at
    if sys.flags.optimize:  # without assertions
        return
    try:
        with open(PATH, "rb", 0) as file:
            start = file.read(FIRST_READ_BYTES)
            size = os.fstat(file.fileno()).st_size
        sizes = [int.from_bytes(start[at : at + 4], "little") for at in (27, 31, 35)]
        begins_at = HEADER_BYTES + sizes[0]
        if not start.startswith(KIND) or sizes[2] != size or len(start) < begins_at + sizes[1]:
            return
        folders, modules = loads(start[HEADER_BYTES:begins_at])
    except (
        FileNotFoundError,
        NotADirectoryError,
        PermissionError,
    ):  # none is there; or all of this is in a zip
        return
    index.update(modules)
    for folder in folders:
        path = f"{FOLDER}/{folder}" if folder else FOLDER
        sys.path_importer_cache[path] = BundleFinder(
            path, (SourceFileLoader, [".py"]), (SourcelessFileLoader, [".pyc"])
        )
