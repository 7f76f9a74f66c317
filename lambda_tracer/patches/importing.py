"""Being told when a module has been imported: one finder, first on `sys.meta_path`.

wrapt offers the same and costs 5 to 33 ms to import; this is for a process in which nothing may ever be
patched. What the import system does is left as it is: the module's spec and loader are the original ones by
the time its code runs.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    Hook = Callable[[str, ModuleType], None]

_hooks: dict[str, Hook] = {}
_packages: dict[str, Hook] = {}  # called for each module that is the package or inside it
_around: Callable[[str, Callable[[], None]], None] | None = None  # runs each module's code


def when_imported(names: Collection[str], hook: Hook) -> None:
    """Call `hook` with the name and the module, for each of the modules `names`, once it has been imported.

    Now, for those that have been. It takes the place of what was to be called for them before, and must not raise.
    """
    for name in names:
        _hooks[name] = hook
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
    _packages[name] = hook
    _install()


def forget(names: Iterable[str]) -> None:
    """Undo `when_imported`."""
    for name in names:
        _hooks.pop(name, None)


def forget_package(name: str) -> None:
    """Undo `when_package_imported`."""
    _packages.pop(name, None)


def run_modules_in(around: Callable[[str, Callable[[], None]], None] | None) -> None:
    """Have `around(name, run)` run the code of each module that is imported from now on; None: no longer."""
    global _around
    _around = around
    _install()


def _install() -> None:
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def _is_initializing(module: ModuleType) -> bool:
    """Whether the import is still going on: the module is in sys.modules and half empty."""
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _is_lazy(module: ModuleType) -> bool:
    """Whether `importlib.util.LazyLoader` made it and has yet to load it: looking at any attribute would."""
    util = sys.modules.get("importlib.util")
    return util is not None and type(module) is getattr(util, "_LazyModule", None)


def _tell_when_loaded(module: ModuleType) -> None:
    """Have the hooks called when a lazy module's code has run: it asks its spec for the loader then."""
    spec = object.__getattribute__(module, "__spec__")
    if not isinstance(spec.loader, _Loader):
        spec.loader = _Loader(spec.loader)


def _hooks_for(name: str) -> list[Hook]:
    hook = _hooks.get(name)
    hooks = [] if hook is None else [hook]
    if _packages:
        hooks += [
            hook
            for package, hook in list(_packages.items())
            if name == package or name.startswith(package + ".")
        ]
    return hooks


class _Finder:
    """Finds nothing itself: has the other finders find the module and its loader call the hooks."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _hooks and _around is None and not (_packages and _hooks_for(name)):
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = (
                find(name, path, target) if finder is not self and find is not None else None
            )
            if spec is not None:
                if hasattr(spec.loader, "exec_module") and hasattr(spec.loader, "create_module"):
                    spec.loader = _Loader(spec.loader)  # type: ignore[assignment]  # stands in until the code runs
                return spec
        return None


class _Loader:
    """Stands in for a module's loader until its code runs."""

    __slots__ = ("_loader",)

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        name = module.__name__  # its code may change it
        was_lazy = _is_lazy(module)
        if spec is not None:
            spec.loader = self._loader
        module.__loader__ = self._loader
        if _around is not None:
            _around(name, lambda: self._loader.exec_module(module))
        else:
            self._loader.exec_module(module)
        if _is_lazy(module) and not was_lazy:  # LazyLoader ran: the module's own code is still to come
            _tell_when_loaded(module)
            return
        # The module may have put another object in its place, as some lazy packages do.
        module = sys.modules.get(name, module)
        for hook in _hooks_for(name):
            hook(name, module)


_FINDER: Any = _Finder()
