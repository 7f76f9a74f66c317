"""Being told when a module has been imported: one finder, first on `sys.meta_path`.

wrapt offers the same and costs 5 to 33 ms to import; this is for a process in which nothing may ever be
patched. What the import system does is left as it is. Who only looks for a module gets its spec as without us. Where
it is being imported, a stand-in for its loader is in the spec until the module's code runs; for whatever else is done
with it, it is that loader.
"""

from __future__ import annotations

import sys

from ..guard import failed
from . import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType
    from typing import Any

    Hook = Callable[[str, ModuleType], None]

UTIL = "importlib.util"

# What looks for a module in order to import it: by the function's name, its module's and the variable with the name.
_IMPORTERS = {
    "_find_and_load_unlocked": (("importlib._bootstrap", "_frozen_importlib"), "name"),
    "reload": (("importlib",), "name"),
    "get_data": (("pkgutil",), "package"),
}

hooks: dict[str, Hook] = {}
packages: dict[str, Hook] = {}  # called for each module that is the package or inside it
runner: Callable[[str, Callable[[], None]], None] | None = None  # runs each module's code


def when_imported(names: Collection[str], hook: Hook) -> None:
    """Call `hook` with the name and the module, for each of the modules `names`, once it has been imported.

    Now, for those that have been. It takes the place of what was to be called for them before, and must not raise.
    """
    for name in names:
        hooks[name] = hook
    _install()
    for name in names:
        module = sys.modules.get(name)
        if module is None:
            continue
        if _is_lazy(module):
            _tell_when_loaded(module)
        elif not _is_initializing(module):
            hook(name, module)


def when_package_imported(name: str, hook: Hook) -> None:
    """Call `hook` with each module that is imported from now on and is `name` or inside it."""
    packages[name] = hook
    _install()


def run_modules_in(around: Callable[[str, Callable[[], None]], None] | None) -> None:
    """Have `around(name, run)` run the code of each module that is imported from now on; None: no longer."""
    global runner
    runner = around
    if around is not None:
        _install()


def _install() -> None:
    if FINDER not in sys.meta_path:
        sys.meta_path.insert(0, FINDER)
    hooks[UTIL] = _watch_specs
    util = sys.modules.get(UTIL)
    if util is not None and not _is_initializing(util):
        _watch_specs(UTIL, util)


def _watch_specs(_: str, util: ModuleType) -> None:
    replace.replace(targets(util))


def targets(util: ModuleType) -> list[replace.Target]:
    """What is replaced in importlib.util: people make a module by hand of a spec that they found, an import, too."""
    return [(util, "module_from_spec", _module_from_spec)]


def _module_from_spec(module_from_spec: Callable[..., Any]) -> Callable[..., Any]:
    def module_from_watched_spec(spec: Any) -> Any:
        try:
            if _is_watched(spec.name):
                util = sys.modules[UTIL]
                # A lazy loader its user has at hand, and calls it.
                _stand_in(spec.loader if isinstance(spec.loader, util.LazyLoader) else spec)
        except Exception as error:
            failed(error)
        return module_from_spec(spec)

    return module_from_watched_spec


def _is_initializing(module: ModuleType) -> bool:
    """Whether the import is still going on: the module is in sys.modules and half empty."""
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _is_lazy(module: ModuleType) -> bool:
    """Whether `importlib.util.LazyLoader` made it and has yet to load it: looking at any attribute would."""
    util = sys.modules.get(UTIL)
    return util is not None and type(module) is getattr(util, "_LazyModule", None)


def _tell_when_loaded(module: ModuleType) -> None:
    """Have the hooks called when a lazy module's code has run: it asks its spec for the loader then."""
    _stand_in(object.__getattribute__(module, "__spec__"))


def _is_watched(name: str) -> bool:
    return name in hooks or runner is not None or bool(packages and _hooks_for(name))


def _hooks_for(name: str) -> list[Hook]:
    hook = hooks.get(name)
    found = [] if hook is None else [hook]
    if packages:
        found += [
            hook
            for package, hook in list(packages.items())
            if name == package or name.startswith(package + ".")
        ]
    return found


def _is_being_imported(name: str) -> bool:
    """Whether an import of that module goes on in this thread, and is what looks for it: Python's own frames tell.

    The finders of others find by `importlib.util.find_spec`, in the course of an import.
    """
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        importer = _IMPORTERS.get(frame.f_code.co_name)
        if importer is not None:
            modules, variable = importer
            if frame.f_globals.get("__name__") in modules and frame.f_locals.get(variable) == name:
                return True
        frame = frame.f_back
    return False


class _Finder:
    """Finds nothing itself: has the finders after it find the module, and its loader call the hooks."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_watched(name) or not _is_being_imported(name):
            return None  # the finders after this one are asked next
        finders: list[Any] = list(sys.meta_path)
        if self in finders:  # those before it have been asked
            del finders[: finders.index(self) + 1]
        for finder in finders:
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = None if find is None else find(name, path, target)
            if spec is not None:
                _stand_in(spec)
                return spec
        return None


def _stand_in(holder: Any) -> None:
    """Have the hooks called for the module that is made of this spec (or LazyLoader)."""
    loader = holder.loader
    if type(loader) is not _Loader and hasattr(loader, "exec_module") and hasattr(loader, "create_module"):
        holder.loader = _Loader(loader)  # until the module's code runs


class _Loader:
    """Stands in for a module's loader until its code runs, and passes for it.

    What others read from it, write to it, or do with it, they do with the loader itself. `exec_module` may be wrapped
    by them, too: theirs is then the loader's and calls this one, which calls what was the loader's before.
    """

    __slots__ = ("_before", "_depth", "_loader")

    _before: list[Any]
    _depth: int
    _loader: Any

    def __init__(self, loader: Any) -> None:
        object.__setattr__(self, "_loader", loader)
        object.__setattr__(self, "_before", [])
        object.__setattr__(self, "_depth", 0)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        if self._depth:  # called by what others put in the place of the loader's
            self._exec_module(module)
            return
        spec: Any = module.__spec__
        name = module.__name__  # its code may change it
        was_lazy = _is_lazy(module)
        # Not what others have put there meanwhile.
        if spec is not None and type(spec.loader) is _Loader:
            spec.loader = self._loader
        if type(module.__loader__) is _Loader:
            module.__loader__ = self._loader
        if runner is not None:
            runner(name, lambda: self._exec_module(module))
        else:
            self._exec_module(module)
        if _is_lazy(module) and not was_lazy:  # LazyLoader ran: the module's own code is still to come
            _tell_when_loaded(module)
            return
        # The module may have put another object in its place, as some lazy packages do.
        module = sys.modules.get(name, module)
        for hook in _hooks_for(name):
            hook(name, module)

    def _exec_module(self, module: ModuleType) -> None:
        depth = self._depth
        run = self._before[-depth] if 0 < depth <= len(self._before) else self._loader.exec_module
        object.__setattr__(self, "_depth", depth + 1)
        try:
            run(module)
        finally:
            object.__setattr__(self, "_depth", depth)

    # As the loader itself

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "exec_module":
            self._before.append(self._loader.exec_module)
        setattr(self._loader, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._loader, name)
        if name == "exec_module":
            self._before.clear()

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self._loader.__class__

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return self._loader.__dict__

    def __dir__(self) -> Iterable[str]:
        return dir(self._loader)

    def __repr__(self) -> str:
        return repr(self._loader)

    def __eq__(self, other: object) -> bool:
        result: bool = self._loader == (other._loader if type(other) is _Loader else other)
        return result

    def __hash__(self) -> int:
        return hash(self._loader)

    def __reduce_ex__(self, protocol: Any) -> Any:
        from _operator import itemgetter

        return itemgetter(0), ((self._loader,),)  # what is copied or pickled is the loader


FINDER: Any = _Finder()
