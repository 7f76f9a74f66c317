"""The attributes that a value holds already: what its `__dict__` and its slots have, read by the class's descriptors.

None of the value's own code runs, nor its class's: a property in the place of `__dict__` is passed over, a method is no
attribute, and a field that has no value yet is not asked for one.
"""

from __future__ import annotations

import itertools

from ..guard import pass_on
from ..safe import type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Read = Callable[[Any, Any], Any]  # the value and the base by which it is known

MAX_READ = 1_001
"""Members that are taken from one container: one more than are shown."""

_MEMBER, _GETSET = type(type.__dict__["__basicsize__"]), type(type.__dict__["__dict__"])
# Of the descriptor that a class statement makes; the second before Python 3.11.
_OF_INSTANCES = ("dictionary for instance variables", "dictionary for instance variables (if defined)")

mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
namespace_of = type.__dict__["__dict__"].__get__


def dict_of(bases: tuple[type, ...]) -> Callable[[Any], dict[str, Any]] | None:
    """What reads an instance's own `__dict__`, whatever the class has put in the place of that name."""
    for base in bases:
        descriptor = namespace_of(base).get("__dict__")
        if type(descriptor) is _GETSET and (descriptor.__doc__ in _OF_INSTANCES or base is BaseException):
            read: Callable[[Any], dict[str, Any]] = descriptor.__get__
            return read
    return None


def slots_of(bases: tuple[type, ...]) -> list[tuple[str, Any]]:
    """The slots of classes that have been made by a class statement."""
    return [
        (name, descriptor)
        for base in bases
        if "__slots__" in namespace_of(base)
        for name, descriptor in namespace_of(base).items()
        if type(descriptor) is _MEMBER
    ]


def slot_of(base: Any, name: str, value: Any) -> Any:
    """What an instance has in a slot, or in its `__dict__`; raises AttributeError if it has nothing there."""
    for each in mro_of(base):
        descriptor = namespace_of(each).get(name)
        if type(descriptor) is _MEMBER or type(descriptor) is _GETSET:
            return descriptor.__get__(value)
    read = dict_of(mro_of(type(value)))
    attributes = read(value) if read is not None else {}
    if name not in attributes:
        raise AttributeError(name)
    return attributes[name]


def of_attributes(bases: tuple[type, ...]) -> Read | None:
    """What reads the public attributes that a value has; None where it has no place for any."""
    of_dict = dict_of(bases)
    slots = [(name, slot.__get__) for name, slot in slots_of(bases) if name[:1] != "_"]
    if of_dict is None and not slots:
        return None

    def read(value: Any, base: Any) -> Iterator[tuple[str, Any]]:
        for name, get in slots:
            try:
                item = get(value)
            except AttributeError as error:  # declared, never set
                pass_on(error)
                continue
            if not callable(item):
                yield name, item
        if of_dict is not None:
            yield from public(of_dict(value))

    return read


def public(attributes: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Those of an object's attributes that are no methods and not private."""
    for name, item in itertools.islice(dict.items(attributes), 3 * MAX_READ):
        if type(name) is str and name[:1] != "_" and not callable(item):
            yield name, item


def fields(bases: tuple[type, ...]) -> tuple[list[str], frozenset[str]] | None:
    """The public fields of a dataclass or of an attrs class, and those that its `repr` leaves out."""
    for base in bases:
        found = namespace_of(base).get("__dataclass_fields__")
        if type(found) is dict:
            return _shown(found.values())
        found = namespace_of(base).get("__attrs_attrs__")
        if found is not None and issubclass(type(found), tuple):
            return _shown(tuple.__iter__(found))
    return None


def _shown(fields: Iterable[Any]) -> tuple[list[str], frozenset[str]]:
    known = [
        field
        for field in fields
        if type_name(field) == "<attr._make.Attribute>"
        # What only looks like a field (ClassVar, InitVar) is none.
        or (type_name(field) == "<dataclasses.Field>" and field._field_type.name == "_FIELD")
    ]
    public_ones = [field for field in known if field.name[:1] != "_"]
    return [field.name for field in public_ones], frozenset(
        field.name for field in public_ones if field.repr is False
    )


def of_fields(bases: tuple[type, ...], names: list[str]) -> Read:
    of_dict = dict_of(bases)
    slots = {name: slot.__get__ for name, slot in reversed(slots_of(bases))}

    def read(value: Any, base: Any) -> Iterator[tuple[str, Any]]:
        attributes = of_dict(value) if of_dict is not None else {}
        for name in names:
            if name in attributes:
                yield name, attributes[name]
            elif name in slots:
                try:
                    yield name, slots[name](value)
                except AttributeError as error:
                    pass_on(error)

    return read
