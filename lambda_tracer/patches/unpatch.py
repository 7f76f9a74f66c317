"""Unpatching, by the names of libraries and of packages of your own: the opposite of `registry.patch`."""

from __future__ import annotations

import sys

from . import registry, undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def unpatch(modules: Iterable[str]) -> None:
    """Put back the very functions that were there, and do not patch the libraries when they are imported.

    Raises ValueError for an unknown name.
    """
    libraries = registry.library_names(modules)
    own = [name for name in libraries if name not in registry.LIBRARIES]
    if own:
        from . import own_packages

        unknown = [name for name in own if not own_packages.is_patched(name)]
        if unknown:
            raise ValueError(f"cannot unpatch {', '.join(map(repr, unknown))}: never patched")
        own_packages.unpatch(own)
    _unregister(libraries)


def unpatch_all() -> None:
    """Put back all that was replaced, in libraries and in your own packages."""
    _unregister(dict.fromkeys(registry.registered.values()))
    if f"{__package__}.own_packages" in sys.modules:
        from . import own_packages

        own_packages.unpatch_all()


def _unregister(names: Iterable[str]) -> None:
    """Forget those of these names that are of libraries and were registered."""
    libraries = [name for name in names if name in registry.registered.values()]
    for name in libraries:
        for module_name in registry.LIBRARIES[name].modules:
            registry.registered.pop(module_name, None)
        undo.forget(registry.LIBRARIES[name].modules)
    for name in libraries:
        registry.unpatch_library(name)
