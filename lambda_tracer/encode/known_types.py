"""The known types: how a value of each is read, without its own code, its class's or its class's class's.

A type is looked up once. It is known by the name of one of its bases, the nearest first, and read by what that base
itself has: C methods and descriptors, never what a subclass put in their place. What no base is known of shows what its
`__dict__` and its slots hold already. Iterators, streams, callables, and mappings and sequences of types of their own
are named: to show them would be to run them.
"""

from __future__ import annotations

from ..guard import Late
from ..safe import name_of
from . import python_types
from .attributes import fields, mro_of, namespace_of, of_attributes, of_fields, slot_of, slots_of
from .reading import ATTRIBUTES, ITEMS, NAME, OPAQUE, TEXT, Reading, nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import library_types
    from .attributes import Read
else:
    library_types = Late("lambda_tracer.encode.library_types")  # only for what libraries made

_MAX_REMEMBERED = 500

_readings: dict[int, Reading] = {}


def reading(kind: type) -> Reading | None:
    """How values of this type are read, if that has been found out; see `find`."""
    known = _readings.get(id(kind))
    return known if known is not None and known.type() is kind else None


def find(kind: type) -> Reading:
    """Find out how values of this type are read: some microseconds."""
    if len(_readings) >= _MAX_REMEMBERED:
        _readings.clear()
    found = _readings[id(kind)] = _find(kind)
    return found


def _find(kind: type) -> Reading:
    bases = mro_of(kind)
    if any(base is type for base in bases):
        return Reading(kind, TEXT, python_types.of_class)
    for base in bases:
        known = _known(name_of(base))
        if known is not None:
            how, read = known
            found = Reading(kind, how, read, base)
            if base is tuple:
                found.names = _names_of_tuple(bases)
            elif hasattr(read, "hidden"):
                found.hidden = read.hidden(bases)
            return found
    if any(name in namespace_of(base) for base in bases[:-1] for name in _CALLABLE_OR_STREAM):
        return Reading(kind, NAME, nothing)
    known_fields = fields(bases)
    if known_fields is not None:
        shown, hidden = known_fields
        found = Reading(kind, ITEMS, of_fields(bases, shown))
        found.hidden = hidden
        found.places = len(shown)
        return found
    if any("__getitem__" in namespace_of(base) for base in bases[:-1]):
        return Reading(kind, NAME, nothing)
    attributes = of_attributes(bases)
    if attributes is not None:
        found = Reading(kind, ATTRIBUTES, attributes)
        found.places = len(slots_of(bases))
        return found
    # What hides its `__dict__`, or has one that is another's (a proxy), is not asked for it.
    is_closed = any(name in namespace_of(base) for base in bases[:-1] for name in ("__slots__", "__dict__"))
    return Reading(kind, NAME if is_closed or kind is object else OPAQUE, nothing)


def _known(name: str) -> tuple[int, Read] | None:
    if name[1:].partition(".")[0] in _LIBRARIES:
        return library_types.KNOWN.get(name)
    return python_types.KNOWN.get(name)


_LIBRARIES = frozenset(
    (
        *("asyncpg", "bson", "httpx", "numpy", "pandas", "polars", "psycopg2", "pyarrow", "pydantic"),
        *("pydantic_core", "requests", "sqlalchemy", "torch", "yarl"),
    )
)
"""Those whose types `library_types` knows, by the first part of their modules' names."""

_CALLABLE_OR_STREAM = ("__call__", "__next__", "__anext__", "__await__", "__aiter__", "read")


def _names_of_tuple(bases: tuple[type, ...]) -> tuple[str, ...]:
    """The fields of a named tuple."""
    for base in bases:
        names = namespace_of(base).get("_fields")
        if type(names) is tuple and all(type(name) is str for name in names):
            return names
    return ()


def name_in_enum(value: Any) -> str | None:
    """`Colour.RED` of a member of an Enum that is no text or number itself; None of any other value."""
    kind = type(value)
    found = reading(kind) or find(kind)
    if found.read is not python_types.of_enum:
        return None
    return f"{name_of(kind)[1:-1].rpartition('.')[2]}.{slot_of(kind, '_name_', value)}"
