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

from .bundle import FOLDER, HEADER_BYTES, KIND, SOURCES, is_packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO
    from types import CodeType, ModuleType
    from typing import Any

PATH = f"{FOLDER}/bundles/{sys.implementation.cache_tag}.bundle"

ready: dict[str, tuple[str, int, CodeType | tuple[int, int] | None]] = {}
"""By module: its file, the size of that source, and its code, or where that begins and ends in `rest`.

None for the code of what has to be compiled, of a source that is in the one file with all of them.
"""

has_sources = is_packed()
"""Whether all sources are in one file."""

places: dict[str, tuple[int, int]] = {}
"""Where each source begins and ends among all that are packed, in bytes, by its file below the package."""

rest = memoryview(b"")
"""The code of what is rare, once somebody has asked for it."""

is_all_known = False
"""Whether `ready` has what is rare, too."""

finders: dict[str, BundleFinder] = {}
"""Of each folder of the package."""


class BundleLoader(SourceFileLoader):
    """Loads a module whose code, or whose source, is in a bundle."""

    def get_code(self, fullname: str) -> CodeType | None:
        """See `importlib.abc.InspectLoader.get_code`."""
        _, _, code = ready[fullname]
        if code is None:
            return super().get_code(fullname)
        if isinstance(code, tuple):
            begins, ends = code
            code = loads(rest[begins:ends])
        _fix_co_filename(code, self.path)  # as for bytecode files
        return code

    def get_data(self, path: str) -> bytes:
        """See `importlib.abc.ResourceLoader.get_data`."""
        try:
            return super().get_data(path)
        except FileNotFoundError:
            source = source_of(path)
            if source is None:
                raise
            return source


class BundleFinder(FileFinder):
    """Finds modules in one folder of the package: those that are in a bundle without a look at the folder."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """See `importlib.abc.PathEntryFinder.find_spec`."""
        if fullname not in ready and not is_all_known:
            _read_rest()
        path, size, _ = ready.get(fullname, ("", 0, None))
        if path and _is_as_made(path, size):
            folders = [os.path.dirname(path)] if path.endswith("/__init__.py") else None
            loader = BundleLoader(fullname, path)
            return spec_from_file_location(fullname, path, loader=loader, submodule_search_locations=folders)
        return super().find_spec(fullname, target)


class PackedFinder:
    """Finds packed modules where others have cleared `sys.path_importer_cache`, as they do for a path hook of theirs.

    Python's own finder, which comes before it, then knows nothing of ours, and finds no files.
    """

    def find_spec(
        self, fullname: str, path: Iterable[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        for folder in sys.path if path is None else path:
            spec = finders[folder].find_spec(fullname, target) if folder in finders else None
            if spec is not None:
                return spec
        return None


def load(itself: ModuleType, modules: list[tuple[str, str, int, bool]], codes: tuple[CodeType, ...]) -> None:
    """Have this module found, and by it those whose code was read.

    `itself`: this module, made of the bundle. `modules`: see `begin`.
    """
    found = {}
    for (name, path, size, _), code in zip(modules, codes, strict=True):
        found[name] = f"{FOLDER}/{path}", size, code
    path, size, code = found[itself.__name__]
    if _is_as_made(path, size):
        _fix_co_filename(code, path)
        _describe(itself, path)
        _let_be_found(itself)
    from .bundle_rest import begin  # of its source where that was edited

    begin(modules, found)


def begin(modules: list[tuple[str, str, int, bool]], found: dict[str, tuple[str, int, CodeType]]) -> None:
    """Have the others found, and make those of the modules that each cold start needs.

    `modules`: of each its name, its file below the package, the size of the source, and whether it is needed.
    """
    find_others(found)
    if all(_is_as_made(*found[name][:2]) for name, *_, is_needed in modules if is_needed):
        for name, *_, is_needed in modules:
            if is_needed and name not in sys.modules:
                path, _, code = found[name]
                _make(name, path, code)


def _is_as_made(path: str, size: int) -> bool:
    """Whether a module's source is what its code was made of: nobody has edited it.

    Where sources are packed, a file is one that somebody has put there, but for those of these modules.
    """
    try:
        is_same = os.stat(path).st_size == size
        return is_same and (not has_sources or path.startswith(f"{FOLDER}/bundle_"))
    except (FileNotFoundError, NotADirectoryError):
        return has_sources  # else only bytecode was kept, say


def _make(name: str, path: str, code: CodeType) -> None:
    """Run a module's code, then let it be found: unlike by an import, nobody ever sees half of it."""
    _fix_co_filename(code, path)
    module = type(sys)(name)
    _describe(module, path)
    exec(code, vars(module))
    _let_be_found(module)


def _describe(module: ModuleType, path: str) -> None:
    """Set what an import sets in a module."""
    name = module.__name__
    is_package = path.endswith("/__init__.py")
    spec = ModuleSpec(name, BundleLoader(name, path), origin=path, is_package=is_package)
    spec.has_location = True
    names = vars(module)
    names.update(__spec__=spec, __loader__=spec.loader, __package__=spec.parent, __file__=path)
    if is_package:
        names["__path__"] = spec.submodule_search_locations = [os.path.dirname(path)]


def _let_be_found(module: ModuleType) -> None:
    name = module.__name__
    parent, _, last = name.rpartition(".")
    setattr(sys.modules[parent], last, sys.modules.setdefault(name, module))


def find_others(found: dict[str, tuple[str, int, CodeType]]) -> None:
    """Have modules found whose code has been read, and those in the bundle of what is rare."""
    ready.update(found)
    folders = {os.path.dirname(path) for path, *_ in found.values()}
    for folder in {FOLDER, f"{FOLDER}/dependencies", *folders}:
        _look_in(folder)
    if has_sources:
        sys.meta_path.append(PackedFinder())


def _look_in(folder: str) -> None:
    finders[folder] = sys.path_importer_cache[folder] = BundleFinder(
        folder, (SourceFileLoader, [".py"]), (SourcelessFileLoader, [".pyc"])
    )


def _read_rest() -> None:
    """Have what is rare found. Where that fails, as without a free file descriptor, the next import tries again.

    Nothing is imported for it: whoever finds a module has the lock that all imports of all threads need.
    """
    global rest, is_all_known
    try:
        with open(PATH, "rb", 0) as file:
            magic, modules = _contents_of(file) or (None, ())
            code = file.read()
    except (FileNotFoundError, PermissionError):  # the layer has none
        magic = None
    if magic == MAGIC_NUMBER and not sys.flags.optimize:  # code without assertions is not there
        rest = memoryview(code)
        _add((name, path, size, (begins, ends)) for name, path, size, begins, ends in modules)
    if has_sources:
        _add(_packed())
    is_all_known = True


def _packed() -> Iterator[tuple[str, str, int, None]]:
    """Of each module among the packed sources what `_add` takes."""
    with open(SOURCES, "rb", 0) as file:
        contents = _contents_of(file)
    if contents is None:
        raise ImportError(f"{SOURCES} is not whole", path=SOURCES)
    end = 0
    for line in contents.split("\n"):  # a folder, and of each of its files the name and the size
        folder, *words = line.split(" ")
        below = f"{folder}/".lstrip("/")
        for module, length in zip(words[::2], map(int, words[1::2]), strict=True):
            path = f"{below}{module}.py"
            places[path] = end, end + length
            end += length
            # The layer's dependencies are imported by their own names.
            dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            name = dotted.removeprefix("dependencies.")
            yield name if name != dotted else f"{__package__}.{dotted}", path, length, None


def _contents_of(file: FileIO) -> Any:
    """The contents of a bundle, which is read up to its code then; None if it is cut short or of another form."""
    header = file.read(HEADER_BYTES)
    size = int.from_bytes(header[27:31], "little")
    if not header.startswith(KIND) or os.fstat(file.fileno()).st_size != size:
        return None
    return loads(file.read(int.from_bytes(header[23:27], "little")))


def source_of(path: str) -> bytes | None:
    """The packed source in a file of the package; None if it is not there."""
    if not is_all_known:
        _read_rest()
    begins, ends = places.get(path.removeprefix(f"{FOLDER}/"), (0, 0))
    if not ends:
        return None
    # Not the module, half of which is there where a signal's handler runs while it is imported.
    from .bundle_sources import unpacked

    return unpacked(ends)[begins:]


def _add(modules: Iterable[tuple[str, str, int, tuple[int, int] | None]]) -> None:
    """Have further modules found: of each its name, its file below the package, the source's size, and its code."""
    for name, path, size, code in modules:
        if path.endswith("/__init__.py"):
            _look_in(os.path.dirname(f"{FOLDER}/{path}"))
        # A packed source wins over code that was made of another, which an older layer has left below.
        if name not in ready or ready[name][1] != size:
            ready[name] = f"{FOLDER}/{path}", size, code
