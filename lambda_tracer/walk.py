"""The careful way from any Python value to plain data: bounded in depth, breadth and size, and never consuming.

For what the C encoder does not take, or must not be given: types of every kind, cycles, endless containers, values
whose own code fails. Iterators, generators, coroutines, files and streams are named, never read; a value that fails is
named, and its siblings are kept. With `redact` the values of secret names are left out (see `redaction`).
"""

from __future__ import annotations

import itertools
import json

from . import redaction
from .jsonable import TEXTS, name_of, safe_str, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

MAX_DEPTH = 12
"""Levels that the walk descends before it only names what it finds."""

MAX_ITEMS = 1_000
"""Members that the walk shows of one list or mapping."""

MAX_NODES = 20_000
"""Values that one walk visits in all: some 20 ms."""

MAX_TEXT = 64_000
"""Characters that the walk keeps of one text: more than a document holds."""

MAX_CHARACTERS = 200_000
"""Characters that one walk keeps in all: thrice what a document holds, so that the largest values still show."""

_SHORT = 40

MAX_INT_BITS = 1_000
"""Beyond this an int is more than a double holds, and beyond 14,000 Python refuses to write it in decimals."""


def plain(value: object, *, redact: bool = False) -> Any:
    """`value` as dict, list, str, int, float, bool and None. Never raises."""
    return _Walk(redact).plain(value, 0)


class _Walk:
    """One bounded walk."""

    __slots__ = ("characters", "nodes", "path", "redact")

    def __init__(self, redact: bool) -> None:
        self.characters = 0
        self.nodes = 0
        self.path: set[int] = set()
        self.redact = redact

    def plain(self, value: object, depth: int) -> Any:
        self.nodes += 1
        if value is None or value is True or value is False:
            return value
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            return type_name(value)
        if id(value) in self.path:
            return f"<cycle: {type_name(value)[1:]}"
        self.path.add(id(value))
        try:
            return self._look_into(value, depth + 1)
        except BaseException:  # the user's own code again: this one value is named, its siblings are kept
            return type_name(value)
        finally:
            self.path.discard(id(value))

    def _look_into(self, value: Any, depth: int) -> Any:
        kind = type(value)
        for base in type.__dict__["__mro__"].__get__(kind):
            name = name_of(base)
            if name in _SCALARS:
                return self._scalar(_SCALARS[name](value), depth)
            if name in _CONTAINERS:
                return self._list(_CONTAINERS[name](value), value, depth)
            if base is dict:
                return self._dict(dict.items(value), depth)
            converter = _CONVERTERS.get(name)
            if converter is not None:
                return self.plain(converter(value), depth)
        if issubclass(kind, type) or (callable(value) and hasattr(value, "__qualname__")):
            return f"<{value.__module__}.{value.__qualname__}>"
        if callable(value) or _is_stream(kind):
            return type_name(value)
        if hasattr(kind, "__dataclass_fields__"):
            return self._dict([(name, getattr(value, name, None)) for name in _shown_fields(kind)], depth)
        if hasattr(kind, "get_secret_value"):  # shows what its __str__ shows: asterisks
            return self.plain(str(value), depth)
        for dump in ("model_dump", "dict"):  # pydantic, which respects `exclude`
            if hasattr(kind, dump) and (hasattr(kind, "model_fields") or hasattr(kind, "__fields__")):
                return self.plain(getattr(value, dump)(), depth)
        if hasattr(kind, "__fspath__"):
            return self.plain(value.__fspath__(), depth)
        if hasattr(kind, "keys") and hasattr(kind, "__getitem__"):
            keys = itertools.islice(value.keys(), MAX_ITEMS + 1)
            return self._dict([(key, value[key]) for key in keys], depth)
        shown = public_attributes(value)
        return self._dict(shown, depth) if shown is not None else self._pickled(value, depth)

    def _scalar(self, value: str | int | float, depth: int) -> Any:
        if not isinstance(value, str):
            return value
        if self.redact and value[:_SHORT].lstrip()[:1] in ("{", "["):
            value = self._redacted_json(value, depth)
        self.characters += len(value)
        # What is short is always kept: it may stand for a number, or a date.
        is_kept = self.characters <= MAX_CHARACTERS or len(value) <= _SHORT
        return value if is_kept else f"<str of {len(value)} characters>"

    def _dict(self, items: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, item in items:
            if len(shown) == MAX_ITEMS:
                shown["..."] = "more"
                break
            name = self._key(key)
            while name in shown:
                name += "'"  # two keys, one text ({1: .., "1": ..}): both are kept
            is_secret = self.redact and item is not None and redaction.is_secret(name)
            shown[name] = redaction.REDACTED if is_secret else self.plain(item, depth)
        if self.redact and is_named_secret(shown):
            shown.update({key: redaction.REDACTED for key in ("value", "Value") if key in shown})
        return shown

    def _key(self, key: object) -> str:
        if key is None or key is True or key is False:
            return json.dumps(key)
        is_text = issubclass(type(key), str)
        return (str.__str__(key) if is_text else safe_str(key))[:MAX_TEXT]

    def _list(self, items: Iterable[Any], value: Any, depth: int) -> list[Any]:
        shown: list[Any] = []
        for item in items:
            if len(shown) == MAX_ITEMS:
                shown.append("... more")
                break
            shown.append(self.plain(item, depth))
        names = getattr(type(value), "_fields", None)
        if self.redact and isinstance(names, tuple) and len(names) == len(shown):  # a named tuple
            return [
                redaction.REDACTED if redaction.is_secret(name) and item is not None else item
                for name, item in zip(names, shown, strict=True)
            ]
        if self.redact and len(shown) == 2 and type(shown[0]) is str and redaction.is_secret(shown[0]):
            shown[1] = redaction.REDACTED  # a header as a pair
        return shown

    def _redacted_json(self, text: str, depth: int) -> str:
        """JSON inside a text, as in the body of an API response."""
        try:
            inner = json.loads(text)
        except ValueError:
            return redaction.REDACTED if has_secret_text(text) else text
        if not has_secret_text(text, as_value=True):
            return text
        shown = json.dumps(self.plain(inner, depth))
        return shown if redaction.REDACTED in shown else text

    def _pickled(self, value: Any, depth: int) -> Any:
        import jsonpickle  # 32 ms, only for objects that have no attributes to show

        simple = jsonpickle.Pickler(
            unpicklable=False, max_depth=MAX_DEPTH - min(depth, MAX_DEPTH - 1), max_iter=0
        )
        shown = simple.flatten(value)
        if shown is None or shown is value or type(shown) is type(value):
            return safe_str(value)[:MAX_TEXT]
        return self.plain(shown, depth)


def has_secret_text(text: str, *, as_value: bool = False) -> bool:
    """Whether a text that may be JSON has a secret name among its keys; keys of JSON in JSON have escaped quotes.

    `as_value`: or as a value, which names the one beside it in pairs and in `{"name": .., "value": ..}`.
    """
    import re

    behind = "[:,}]" if as_value else ":"
    names = re.findall(r'"([^"\\]{2,100})\\*"\s*' + behind, text[:MAX_TEXT])
    return any(map(redaction.is_secret, names))


def named(text: str) -> list[str]:
    """The values of `name` and `key` in JSON."""
    import re

    return re.findall(r'"(?:name|Name|key|Key)":"([^"\\]{2,100})"', text[:MAX_TEXT])


def is_named_secret(mapping: dict[Any, Any]) -> bool:
    """Whether a mapping is of the form `{"name": <name of a secret>, "value": ..}`."""
    if "value" not in mapping and "Value" not in mapping:
        return False
    names = [mapping.get(key) for key in ("name", "Name", "key", "Key")]
    return any(type(name) is str and redaction.is_secret(name) for name in names)


def public_attributes(value: Any) -> list[tuple[str, Any]] | None:
    """What a value shows: attributes that are no methods and not private. None when it has no place for any."""
    names: list[tuple[str, Any]] = []
    found = False
    for base in type.__dict__["__mro__"].__get__(type(value)):
        slots = base.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else tuple(slots):
            found = True
            if isinstance(slot, str) and slot[:1] != "_":
                try:
                    names.append((slot, object.__getattribute__(value, slot)))
                except AttributeError:
                    continue  # declared, never set
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return [(name, item) for name, item in names if not callable(item)] if found else None
    names += [(name, item) for name, item in dict.items(attributes) if str(name)[:1] != "_"]
    return [(name, item) for name, item in names if not callable(item)]


def _shown_fields(kind: Any) -> list[str]:
    """The fields of a dataclass but the private ones and what only looks like one (ClassVar, InitVar)."""
    fields = kind.__dataclass_fields__
    return [name for name in fields if name[:1] != "_" and fields[name]._field_type.name == "_FIELD"]


def _is_stream(kind: type) -> bool:
    """Whether reading a value of this type would use it up, or wait: an iterator, a coroutine, a file, a stream."""
    return any(hasattr(kind, name) for name in ("__next__", "__anext__", "__await__", "__aiter__", "read"))


def _text(value: str) -> str:
    text = str.__str__(value)
    if len(text) > MAX_TEXT:
        return f"{text[:MAX_TEXT]}... {len(text) - MAX_TEXT} more characters"
    return text


def _whole(value: int) -> int | str:
    number = int.__int__(value)
    if number.bit_length() <= MAX_INT_BITS:
        return number
    return str(number) if number.bit_length() < 10_000 else f"<int of {number.bit_length()} bits>"


def _float(value: float) -> float | str:
    number = float.__float__(value)
    return number if number - number == 0 else float.__repr__(number)  # NaN and the infinities have no JSON


def _bytes(value: bytes | bytearray | memoryview) -> str:
    """Text where it is text, base64 where it is not: either way a fifth of the list of numbers that JSON would need."""
    raw = bytes(value[:MAX_TEXT])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        from binascii import b2a_base64

        return b2a_base64(raw, newline=False).decode("ascii")


def _exception(value: BaseException) -> dict[str, Any]:
    """Type and message, and what the exception carries besides (a status code, a response) in public attributes."""
    shown: dict[str, Any] = {"type": type(value).__qualname__, "message": safe_str(value)[:MAX_TEXT]}
    shown.update(public_attributes(value) or ())
    return shown


def _deque(value: Any) -> list[Any]:
    from collections import deque

    return list(itertools.islice(deque.__iter__(value), MAX_ITEMS + 1))


def _members(value: Any) -> list[Any]:
    return list(itertools.islice(value, MAX_ITEMS + 1))


# By name, so that no module is imported for the sake of a type that nobody returned, and no metaclass is asked.
_SCALARS: dict[str, Callable[[Any], Any]] = {
    "<builtins.str>": _text,
    "<builtins.int>": _whole,
    "<builtins.float>": _float,
    "<builtins.bytes>": _bytes,
    "<builtins.bytearray>": _bytes,
    "<builtins.memoryview>": _bytes,
}
_CONTAINERS: dict[str, Callable[[Any], Any]] = {
    "<builtins.list>": list.__iter__,
    "<builtins.tuple>": tuple.__iter__,
    "<builtins.set>": set.__iter__,
    "<builtins.frozenset>": frozenset.__iter__,
}
_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    **TEXTS,
    "<enum.Enum>": lambda value: value._value_,
    "<builtins.BaseException>": _exception,
    "<datetime.tzinfo>": str,
    "<pathlib.PurePath>": str,
    "<pathlib._local.PurePath>": str,  # where Python 3.13 keeps it
    "<re.Pattern>": repr,
    "<builtins.dict_keys>": _members,
    "<builtins.dict_values>": _members,
    "<builtins.dict_items>": _members,
    "<collections.deque>": _deque,
    "<collections.UserDict>": lambda value: value.data,
    "<collections.UserList>": lambda value: value.data,
    "<collections.UserString>": lambda value: value.data,
    "<types.SimpleNamespace>": lambda value: dict(vars(value)),
}
