"""Any Python value -> JSON text. Never raises, never consumes, always ends.

Two speeds. The ordinary one is the C encoder of `json` with a hook for the types that responses
are made of: Decimal, datetime, UUID, bytes, set, Enum, dataclass, pydantic model, Path, exception. What it
refuses (a cycle, NaN, a key that is no text, depth) or what breaks on the way goes through a walk bounded in
depth, breadth and size. Iterators, generators, coroutines, files and streams are named, never read. Objects
show their public attributes; those that have none to show are `jsonpickle`'s, which is imported then and not
before (32 ms).

Texts come out as ASCII, so that the length of a document is its size in bytes and a lone surrogate can do no
harm.
"""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_DEPTH = 12
"""Levels that the careful walk descends before it only names what it finds."""

MAX_ITEMS = 1_000
"""Members that the careful walk shows of one list or mapping."""

MAX_NODES = 20_000
"""Values that one careful walk visits in all: about 10 ms."""

MAX_TEXT = 64_000
"""Characters that the careful walk keeps of one text: more than a document holds."""

MAX_CHARACTERS = 200_000
"""Characters that one careful walk keeps in all: thrice what a document holds, so the largest values still show."""

MAX_INT_BITS = 12_000
"""Beyond about 14,000 bits Python refuses to write an int in decimals (sys.set_int_max_str_digits)."""


def dumps(value: object) -> str:
    """The JSON text of `value`, in ASCII, without spaces. Never raises."""
    try:
        return "".join(_encode(value, 0))
    except (
        BaseException
    ):  # whatever the user's __str__, items() or model_dump() raised, KeyboardInterrupt included
        return _encode_plain(_Walk().plain(value, 0))


def safe_str(value: object) -> str:
    """`str(value)`, or the name of its type when that fails."""
    try:
        return str.__str__(str(value))
    except BaseException:  # the user's __str__ can raise anything; SystemExit must not leave through us
        return type_name(value)


def type_name(value: object) -> str:
    """`<module.Type>`: how a value is shown that is not to be looked into."""
    kind = type(value)
    return f"<{type.__getattribute__(kind, '__module__')}.{type.__getattribute__(kind, '__qualname__')}>"


def _default(value: object) -> Any:
    """What the C encoder asks for when it meets a type that JSON lacks."""
    kind = type(value)
    converter = _CONVERTERS.get(f"{kind.__module__}.{kind.__qualname__}")
    return _Walk().plain(value, 0) if converter is None else converter(value)


def _fast_encoder() -> Callable[[object, int], Any]:
    """The C encoder itself: `JSONEncoder.encode` makes a new one at each call, which doubles the cost of a small value.

    It does not look for cycles: one ends in a RecursionError, as too deep a value does.
    """
    make = json.encoder.c_make_encoder  # type: ignore[attr-defined]  # None where Python has no C accelerator
    if make is None:
        return json.JSONEncoder(
            check_circular=False, default=_default, allow_nan=False, separators=(",", ":")
        ).iterencode  # type: ignore[return-value]
    encoder: Callable[[object, int], Any] = make(
        None, _default, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, False
    )
    return encoder


_encode = _fast_encoder()
_encode_plain = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":")).encode


class _Walk:
    """One bounded walk: what it returns holds nothing but dict, list, str, int, float, bool and None."""

    __slots__ = ("characters", "nodes", "path")

    def __init__(self) -> None:
        self.characters = 0
        self.nodes = 0
        self.path: set[int] = set()

    def plain(self, value: object, depth: int) -> Any:
        self.nodes += 1
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if kind in _SCALARS:
            return self._scalar(_SCALARS[kind](value))
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
        for base in kind.__mro__:
            if base in _SCALARS:
                return self._scalar(_SCALARS[base](value))
            if base in _CONTAINERS:
                return self._list(_CONTAINERS[base](value), value, depth)
            if base is dict:
                return self._dict(dict.items(value), depth)
            converter = _CONVERTERS.get(f"{base.__module__}.{base.__qualname__}")
            if converter is not None:
                return self.plain(converter(value), depth)
        if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
            return f"<{value.__module__}.{value.__qualname__}>"
        if callable(value) or _is_stream(kind):
            return type_name(value)
        if hasattr(kind, "__dataclass_fields__"):
            return self._dict([(name, getattr(value, name, None)) for name in _shown_fields(kind)], depth)
        for dump in ("model_dump", "get_secret_value"):
            if hasattr(kind, dump):
                # A secret shows what its __str__ shows, asterisks; a pydantic model respects `exclude`.
                return self.plain(value.model_dump() if dump == "model_dump" else str(value), depth)
        if hasattr(kind, "__fields__") and hasattr(kind, "dict"):  # pydantic 1
            return self.plain(value.dict(), depth)
        if hasattr(kind, "__fspath__"):
            return self.plain(os.fspath(value), depth)
        if hasattr(kind, "keys") and hasattr(kind, "__getitem__"):
            return self._dict([(key, value[key]) for key in value.keys()], depth)  # noqa: SIM118, a mapping of any kind
        shown = _public_attributes(value)
        return self._dict(shown, depth) if shown is not None else self._pickled(value, depth)

    def _scalar(self, value: str | int | float) -> str | int | float:
        if isinstance(value, str):
            self.characters += len(value)
            if self.characters > MAX_CHARACTERS:
                return f"<str of {len(value)} characters>"
        return value

    def _dict(self, items: Any, depth: int) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        members = list(items)
        for key, item in members[:MAX_ITEMS]:
            name = _SCALARS[str](key) if isinstance(key, str) else self._key(key)
            while name in shown:
                name += "'"  # two keys, one text ({1: .., "1": ..}): both are kept
            shown[name] = self.plain(item, depth)
        if len(members) > MAX_ITEMS:
            shown["..."] = f"{len(members) - MAX_ITEMS} more"
        return shown

    def _key(self, key: object) -> str:
        if key is None or isinstance(key, (bool, int, float)):
            return json.dumps(self.plain(key, MAX_DEPTH)).strip('"')
        return safe_str(key)[:MAX_TEXT]

    def _list(self, items: Any, value: Any, depth: int) -> list[Any]:
        shown: list[Any] = []
        for item in items:
            if len(shown) == MAX_ITEMS:
                shown.append(f"... {len(value) - MAX_ITEMS} more")
                break
            shown.append(self.plain(item, depth))
        return shown

    def _pickled(self, value: Any, depth: int) -> Any:
        import jsonpickle  # 32 ms, only for objects that have no attributes to show

        simple = jsonpickle.Pickler(
            unpicklable=False, max_depth=MAX_DEPTH - min(depth, MAX_DEPTH - 1), max_iter=0
        )
        shown = simple.flatten(value)
        if shown is None or shown is value or isinstance(shown, type(value)):
            return safe_str(value)[:MAX_TEXT]
        return self.plain(shown, depth)


def _text(value: str) -> str:
    text = str.__str__(value)
    if len(text) > MAX_TEXT:
        return f"{text[:MAX_TEXT]}... {len(text) - MAX_TEXT} more characters"
    return text


def _whole(value: int) -> int | str:
    number = int.__int__(value)
    if number.bit_length() > MAX_INT_BITS:
        return f"<int of {number.bit_length()} bits>"
    return number


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


def _shown_fields(kind: Any) -> list[str]:
    """The fields of a dataclass but the private ones and what only looks like one (ClassVar, InitVar)."""
    fields = kind.__dataclass_fields__
    return [name for name in fields if name[:1] != "_" and fields[name]._field_type.name == "_FIELD"]


def _is_stream(kind: type) -> bool:
    """Whether reading a value of this type would use it up, or wait: an iterator, a coroutine, a file, a stream."""
    return any(hasattr(kind, name) for name in ("__next__", "__anext__", "__await__", "__aiter__", "read"))


def _public_attributes(value: Any) -> list[tuple[str, Any]] | None:
    """What a value shows: attributes that are no methods and not private. None when it has no place for any."""
    names: list[tuple[str, Any]] = []
    found = False
    for base in type(value).__mro__:
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
        return names if found else None
    names += [(name, item) for name, item in attributes.items() if str(name)[:1] != "_"]
    return [(name, item) for name, item in names if not callable(item)]


def _exception(value: BaseException) -> dict[str, Any]:
    """Type and message, and what the exception carries besides (a status code, a response) in public attributes."""
    shown: dict[str, Any] = {"type": type(value).__qualname__, "message": safe_str(value)}
    for name, item in _public_attributes(value) or ():
        shown.setdefault(name, item)
    return shown


def _enum(value: Any) -> Any:
    return value._value_


_SCALARS: dict[type, Callable[[Any], Any]] = {
    str: _text,
    int: _whole,
    float: _float,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
}
_CONTAINERS: dict[type, Callable[[Any], Any]] = {
    list: list.__iter__,
    tuple: tuple.__iter__,
    set: set.__iter__,
    frozenset: frozenset.__iter__,
}

# By name, so that none of these modules is imported for the sake of a type that nobody returned.
_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "enum.Enum": _enum,
    "builtins.BaseException": _exception,
    "decimal.Decimal": str,
    "fractions.Fraction": str,
    "builtins.complex": str,
    "builtins.range": str,
    "datetime.date": str,
    "datetime.time": str,
    "datetime.timedelta": str,
    "datetime.tzinfo": str,
    "uuid.UUID": str,
    "ipaddress.IPv4Address": str,
    "ipaddress.IPv6Address": str,
    "pathlib.PurePath": str,
    "re.Pattern": repr,
    "builtins.dict_keys": list,
    "builtins.dict_values": list,
    "builtins.dict_items": list,
    "builtins.mappingproxy": dict,
    "collections.deque": list,
    "collections.UserDict": lambda value: value.data,
    "collections.UserList": lambda value: value.data,
    "collections.UserString": lambda value: value.data,
    "types.SimpleNamespace": lambda value: dict(vars(value)),
}
