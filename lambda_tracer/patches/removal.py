"""Removing patches: libraries get back the very functions that they had."""

from __future__ import annotations

import sys

from . import LIBRARIES, importing, named, patch_module, registered, targets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def unpatch(modules: Iterable[str]) -> None:
    """`patches.unpatch`."""
    libraries = named(modules)
    own = [name for name in libraries if name not in LIBRARIES]
    if own:
        from . import own_code

        unknown = [name for name in own if not own_code.is_patched(name)]
        if unknown:
            raise ValueError(f"cannot unpatch {', '.join(map(repr, unknown))}: never patched")
        own_code.unpatch(own)
    _unregister([name for name in libraries if name in registered.values()])


def unpatch_all() -> None:
    """`patches.unpatch_all`."""
    _unregister(dict.fromkeys(registered.values()))
    own_code = sys.modules.get(f"{__package__}.own_code")
    if own_code is not None:
        own_code.unpatch_all()


def _unregister(libraries: Iterable[str]) -> None:
    targets = targets_of(libraries)
    for target in targets:
        registered.pop(target, None)
    importing.forget(targets)
    for target, name in targets.items():
        module = sys.modules.get(target)
        if module is not None:
            patch_module(name).unpatch(module)
