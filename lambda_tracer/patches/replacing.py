"""Putting a function in the place of a library's, and the very same one back."""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_MARK = "_lambda_tracer_original"


def replace(targets: Iterable[tuple[Any, str, Callable[[Any], Any]]]) -> None:
    """Replace functions, all or none.

    Each target is (owner, attribute, make): the class or module that has the function in its own namespace,
    its name there, and what makes the new one out of the old. All are found before any is replaced:
    AttributeError for one that is not there leaves the library as it was, and so does what a class raises
    that refuses. One that has been replaced already is left alone. A staticmethod or classmethod stays one;
    the new function has the name, documentation and signature of the old.
    """
    found = [(owner, name, _own_attribute(owner, name), make) for owner, name, make in targets]
    made = [
        (owner, name, original, _made(original, make))
        for owner, name, original, make in found
        if not hasattr(original, _MARK)
    ]
    replaced = []
    try:
        for owner, name, original, ours in made:
            setattr(owner, name, ours)
            replaced.append((owner, name, original))
    except BaseException:  # a class that is immutable, or whose metaclass refuses
        for owner, name, original in replaced:
            setattr(owner, name, original)
        raise


def restore(targets: Iterable[tuple[Any, str]]) -> None:
    """Put back what `replace` replaced; what was not replaced, or by somebody else since, is left alone."""
    for owner, name in targets:
        attribute = vars(owner).get(name)
        made, original = getattr(attribute, _MARK, (None, None))
        if (
            made is not None and made is attribute
        ):  # functools.wraps copies the mark to what others put around ours
            setattr(owner, name, original)


def is_replaced(owner: Any, name: str) -> bool:
    """Whether the attribute is one that `replace` put there."""
    return hasattr(vars(owner).get(name), _MARK)


def _own_attribute(owner: Any, name: str) -> Any:
    try:
        return vars(owner)[name]
    except KeyError:
        raise AttributeError(f"{getattr(owner, '__name__', owner)!s} has no {name} of its own") from None


def _made(original: Any, make: Callable[[Any], Any]) -> Any:
    if isinstance(original, (staticmethod, classmethod)):
        made: Any = type(original)(functools.wraps(original.__func__)(make(original.__func__)))
    else:
        made = functools.wraps(original)(make(original))
    setattr(made, _MARK, (made, original))
    return made
