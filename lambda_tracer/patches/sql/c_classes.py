"""Connections and cursors whose classes are written in C: their methods cannot be replaced, those of a subclass can.

A driver is given the subclass to make its objects of. It looks like the C class, and has a place of its own for each
method that a patch replaces. A class of the user's gets it below itself, between itself and the C class.
"""

from __future__ import annotations

from ...guard import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_BASES = "_lambda_tracer_bases"  # on what `below` made: out of what

_subclasses: dict[type, type] = {}


def subclass(base: type, methods: Iterable[str]) -> type:
    """The one subclass of a C class, with those of its methods as its own that the class has."""
    made = _subclasses.get(base)
    if made is None:
        own = {name: getattr(base, name) for name in methods if hasattr(base, name)}
        made = _subclasses[base] = _like(base, (base,), own)
    return made


def below(given: Any, base: type) -> Any:
    """The class `given`, a subclass of `base`, with `subclass(base)` between the two.

    The methods of `given` thus call those of the subclass where they called those of `base`. What is no such class, or
    cannot be combined with it, is returned as it is.
    """
    between = _subclasses[base]
    if given is base:
        return between
    if not isinstance(given, type) or not issubclass(given, base) or issubclass(given, between):
        return given
    bases = (given, between)
    for known in given.__subclasses__():
        if vars(known).get(_BASES) == bases:
            return known
    try:
        return _like(given, bases, {_BASES: bases})
    except TypeError as error:  # its layout or its metaclass does not allow it
        pass_on(error)
        return given


def _like(original: type, bases: tuple[type, ...], namespace: Mapping[str, Any]) -> type:
    names = {name: getattr(original, name) for name in ("__module__", "__qualname__", "__doc__")}
    made: type = type(original)(original.__name__, bases, {**names, **namespace})
    return made
