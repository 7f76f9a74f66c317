"""Your own packages: each function and method of theirs captured as a subsegment, as if decorated.

Wraps: the functions, lambdas and methods defined in the modules of the named packages, static and class
methods, coroutines and generators included, once each module has been imported. Not: properties, names
imported from elsewhere, dunder methods other than `__init__` and `__call__`, what a decorator of ours
captures already. Records: a subsegment named as the function, `Class.__init__` for a dunder, namespace local;
exceptions. Never records: arguments and what is returned. Propagates: nothing.
"""

from __future__ import annotations

import functools
import re
import sys

from .. import recording
from ..guard import pass_on, warn_once
from ..wrapping.wrap import wrap
from . import import_hook, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FunctionType, ModuleType
    from typing import Any

_FUNCTION = type(lambda: None)
_OURS = ("lambda_tracer.wrapping",)
_DUNDERS = ("__init__", "__call__")

_patterns: dict[str, tuple[re.Pattern[str], ...]] = {}  # by package or module that is to be patched


def checked(names: list[str], known: Iterable[str], raise_errors: bool) -> list[str] | None:
    """The names, if all can be imported; else ValueError, which tells the `known` ones, or None, once it is logged."""
    unknown = [name for name in names if not is_importable(name)]
    if not unknown:
        return names
    error = (
        f"cannot patch {', '.join(map(repr, unknown))}: neither a known library nor importable; known are"
        f" {', '.join(sorted(known))}"
    )
    if raise_errors:
        raise ValueError(error)
    warn_once("patch", "%s", error)
    return None


def patch(names: Iterable[str], ignore_module_patterns: Iterable[str | re.Pattern[str]]) -> None:
    """Patch packages or modules: what of them is imported now, the rest when it is."""
    given = [ignore_module_patterns] if isinstance(ignore_module_patterns, str) else ignore_module_patterns
    patterns = tuple(re.compile(pattern) for pattern in given)
    for name in names:
        _patterns[name] = patterns
        import_hook.when_package_imported(name, functools.partial(_patch_module, name))
        for module in _imported(name):
            _patch_module(name, module.__name__, module)


def unpatch(names: Iterable[str]) -> None:
    """Put back the very functions that were there."""
    from . import undo

    for name in list(names):
        _patterns.pop(name, None)
        undo.forget_package(name)
        for module in _imported(name):
            undo.restore(_functions(module))


def unpatch_all() -> None:
    """`unpatch` all that was patched."""
    unpatch(list(_patterns))


def patched() -> dict[str, tuple[str, ...]]:
    """The packages and modules that are patched, with the patterns of what is left out."""
    return {name: tuple(each.pattern for each in patterns) for name, patterns in _patterns.items()}


def is_importable(name: str) -> bool:
    """Whether `import name` would find something to import. Imports nothing: of a dotted name the first part counts."""
    if not isinstance(name, str) or not name:
        return False
    top = name.partition(".")[0]
    if name in sys.modules or top in sys.modules:
        return True
    try:
        return any(
            finder.find_spec(top, None) is not None
            for finder in sys.meta_path
            if hasattr(finder, "find_spec")
        )
    except Exception as error:  # someone else's finder
        pass_on(error)
        return False


def is_patched(name: str) -> bool:
    """Whether `patch` was called for this package or module."""
    return name in _patterns


def _patch_module(name: str, _: str, module: ModuleType) -> None:
    try:
        if not any(pattern.match(module.__name__) for pattern in _patterns.get(name, ())):
            replace.replace(target for target in _functions(module) if not _is_captured(*target[:2]))
    except Exception as error:
        pass_on(error)
        warn_once("patch own", "a module could not be patched (%s): it works, untraced", type(error).__name__)


def _imported(name: str) -> list[ModuleType]:
    return [
        module
        for key, module in list(sys.modules.items())
        if (key == name or key.startswith(name + ".")) and isinstance(module, type(sys))
    ]


def _functions(module: ModuleType) -> Iterator[replace.Target]:
    """Each function that the module defines, with its owner: the module, or a class of the module, nested ones too."""
    owners: list[replace.Owner] = [module]
    seen = {id(module)}
    for owner in owners:
        for name, member in list(vars(owner).items()):
            if isinstance(member, type) and member.__module__ == module.__name__ and id(member) not in seen:
                seen.add(id(member))
                owners.append(member)
            function = member.__func__ if isinstance(member, (staticmethod, classmethod)) else member
            if not isinstance(function, _FUNCTION) or function.__module__ != module.__name__:
                continue
            is_dunder = name.startswith("__") and name.endswith("__")
            if is_dunder and (owner is module or name not in _DUNDERS):
                continue
            yield owner, name, functools.partial(_captured, f"{owner.__name__}.{name}" if is_dunder else name)


def _is_captured(owner: replace.Owner, name: str) -> bool:
    """Whether a decorator of ours has been at it, also below others that keep `__wrapped__`: once is enough.

    A handler must not even be: what is open when it begins its invocation would be left behind in another.
    """
    member = vars(owner)[name]
    function = member.__func__ if isinstance(member, (staticmethod, classmethod)) else member
    while function is not None:
        if hasattr(type(function), "_lambda_tracer_call"):
            return True
        if getattr(function, "__globals__", {}).get("__package__") in _OURS:
            return True
        function = getattr(function, "__wrapped__", None)
    return False


def _captured(name: str, function: FunctionType) -> Any:
    return wrap(function, functools.partial(_record, name))


def _record(name: str) -> recording.Recorded | None:
    return recording.default.recording(name)
