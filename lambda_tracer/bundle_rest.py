"""Loads modules from bundles: those of a cold start at once, the others when they are imported.

`lambda_tracer.bundle` has read the former. They are made in the order in which they need each other, and each is
complete before anybody can find it. Those that not every cold start needs wait until then. What is rare stands in
`<cache tag>.bundle`, where that was released, which is read when the first of it is imported. Both are found and loaded
by Python's own finder and loader for folders, which are only told what they need not read and compile.

The layer has no folders of sources but one file with all of them. The finder and the loader are told of those, too.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib import ModuleSpec

# importlib.machinery and importlib.util have these, and would be two more to import.
from _frozen_importlib_external import (
    MAGIC_NUMBER,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
    spec_from_file_location,
)
from _imp import _fix_co_filename  # type: ignore[attr-defined]
from marshal import loads

from .bundle import FOLDER, HEADER_BYTES, KIND, is_packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, ModuleType

PATH = f"{FOLDER}/bundles/{sys.implementation.cache_tag}.bundle"

ready: dict[str, tuple[str, int, CodeType | tuple[int, int] | None]] = {}
"""By module: its file, the size of that source, and its code, or where that begins and ends in `rest`.

None for the code of what has to be compiled, of a source that is in the one file with all of them.
"""

has_sources = is_packed()
"""Whether all sources are in one file."""

rest: memoryview | None = None
"""The code of what is rare, once somebody has asked for it."""


class BundleLoader(SourceFileLoader):
    """Loads a module whose code, or whose source, is in a bundle."""

    def get_code(self, fullname: str) -> CodeType | None:
        """See `importlib.abc.InspectLoader.get_code`."""
        _, _, code = ready[fullname]
        if code is None:
            return super().get_code(fullname)
        if isinstance(code, tuple):
            assert rest is not None
            begins, ends = code
            code = loads(rest[begins:ends])
        _fix_co_filename(code, self.path)  # as for bytecode files
        return code

    def get_data(self, path: str) -> bytes:
        """See `importlib.abc.ResourceLoader.get_data`."""
        try:
            return super().get_data(path)
        except FileNotFoundError:
            from . import bundle_sources

            source = bundle_sources.source_of(path)
            if source is None:
                raise
            return source


class BundleFinder(FileFinder):
    """Finds modules in one folder of the package: those that are in a bundle without a look at the folder."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """See `importlib.abc.PathEntryFinder.find_spec`."""
        if fullname not in ready and rest is None:
            _read_rest()
        path, size, _ = ready.get(fullname, ("", 0, None))
        if path and _is_as_made(path, size):
            folders = [os.path.dirname(path)] if path.endswith("/__init__.py") else None
            loader = BundleLoader(fullname, path)
            return spec_from_file_location(fullname, path, loader=loader, submodule_search_locations=folders)
        return super().find_spec(fullname, target)


def load(modules: list[tuple[str, str, int, bool]], codes: tuple[CodeType, ...]) -> None:
    """Make those of the modules that each cold start needs, and have the others found.

    `modules`: of each its name, its file below the package, the size of the source, and whether it is needed.
    """
    found = {}
    for (name, path, size, _), code in zip(modules, codes, strict=True):
        found[name] = f"{FOLDER}/{path}", size, code
    if all(_is_as_made(path, size) for path, size, _ in found.values()):
        for name, *_, is_needed in modules:
            if is_needed and name not in sys.modules:
                path, _, code = found[name]
                _make(name, path, code)
    from .bundle_rest import find_others  # the module itself, of its source where that was edited

    find_others(found)


def _is_as_made(path: str, size: int) -> bool:
    """Whether a module's source is what its code was made of: nobody has edited it."""
    try:
        return os.stat(path).st_size == size
    except (FileNotFoundError, NotADirectoryError):
        return has_sources  # else only bytecode was kept, say


def _make(name: str, path: str, code: CodeType) -> None:
    """Run a module's code, then let it be found: unlike by an import, nobody ever sees half of it."""
    _fix_co_filename(code, path)
    is_package = path.endswith("/__init__.py")
    spec = ModuleSpec(name, BundleLoader(name, path), origin=path, is_package=is_package)
    spec.has_location = True
    module = type(sys)(name)
    names = vars(module)
    names.update(__spec__=spec, __loader__=spec.loader, __package__=spec.parent, __file__=path)
    if is_package:
        names["__path__"] = spec.submodule_search_locations = [os.path.dirname(path)]
    exec(code, names)
    parent, _, last = name.rpartition(".")
    setattr(sys.modules[parent], last, sys.modules.setdefault(name, module))


def find_others(found: dict[str, tuple[str, int, CodeType]]) -> None:
    """Have modules found whose code has been read, and those in the bundle of what is rare."""
    ready.update(found)
    folders = {os.path.dirname(path) for path, *_ in found.values()}
    for folder in {FOLDER, f"{FOLDER}/dependencies", *folders}:
        _look_in(folder)


def _look_in(folder: str) -> None:
    sys.path_importer_cache[folder] = BundleFinder(
        folder, (SourceFileLoader, [".py"]), (SourcelessFileLoader, [".pyc"])
    )


def _read_rest() -> None:
    global rest
    rest = memoryview(b"")
    try:
        with open(PATH, "rb", 0) as file:
            data = file.read()
    except (FileNotFoundError, PermissionError):  # the layer has none
        data = b""
    if sys.flags.optimize:  # code without assertions is not there
        data = b""
    contents_end = HEADER_BYTES + int.from_bytes(data[23:27], "little")
    if data.startswith(KIND) and int.from_bytes(data[27:31], "little") == len(data):
        magic, modules = loads(data[HEADER_BYTES:contents_end])
        if magic == MAGIC_NUMBER:
            rest = memoryview(data)[contents_end:]
            _add((name, path, size, (begins, ends)) for name, path, size, begins, ends in modules)
    if has_sources:
        from . import bundle_sources

        _add((name, path, size, None) for name, path, size in bundle_sources.modules())


def _add(modules: Iterable[tuple[str, str, int, tuple[int, int] | None]]) -> None:
    """Have further modules found: of each its name, its file below the package, the source's size, and its code."""
    for name, path, size, code in modules:
        ready.setdefault(name, (f"{FOLDER}/{path}", size, code))
        if path.endswith("/__init__.py"):
            _look_in(os.path.dirname(f"{FOLDER}/{path}"))
