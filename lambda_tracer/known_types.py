"""The known types: how a value of each is read, without its own code, its class's or its class's class's.

A type is looked up once. It is known by the name of one of its bases, the nearest first, and read by what that base
itself has: C methods and descriptors, never what a subclass put in their place. What no base is known of shows what its
`__dict__` and its slots hold already. Iterators, streams, callables, and mappings and sequences of types of their own
are named: to show them would be to run them.
"""

from __future__ import annotations

import gc
import itertools
from _weakref import ref

from .jsonable import MAX_INT_BITS, has_known_offset, name_of, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Read = Callable[[Any, Any], Any]  # the value and the base by which it is known

TEXT, MEMBERS, ITEMS, ATTRIBUTES, VALUE, ERROR, NAME, OPAQUE = range(8)
"""What a reader gives: a scalar, an iterable of members, an iterable of pairs, of the attributes of a type that nothing
is known of, or another value to show in the place of this one. An exception is read in three parts. Of the last two
nothing is read: to name it is right, or nothing is known."""

MAX_BYTES = 48_000
"""Of bytes; as base64 they are as long as a text may be."""

MAX_READ = 1_001
"""Members that are taken from one container: one more than are shown."""

_MAX_DECIMAL_BITS = 10_000
"""An int beyond this is named: beyond 14,000 bits Python itself refuses to write it in decimals."""

_MAX_REMEMBERED = 500
_MAX_DIGITS = 5_000
_MEMBER, _GETSET = type(type.__dict__["__basicsize__"]), type(type.__dict__["__dict__"])
_OF_INSTANCES = "dictionary for instance variables"  # the descriptor that a class statement makes

_mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_namespace_of = type.__dict__["__dict__"].__get__
_error_dict = BaseException.__dict__["__dict__"].__get__


class Reading:
    """How values of one type are read."""

    __slots__ = ("base", "hidden", "how", "names", "read", "type")

    def __init__(self, kind: type, how: int, read: Read, base: Any = None) -> None:
        self.type = ref(kind)
        self.how = how
        self.read = read
        self.base = base
        self.hidden: frozenset[str] = frozenset()
        """Fields that their class keeps out of its `repr`."""
        self.names: tuple[str, ...] = ()
        """Those of a named tuple's members."""


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
    bases = _mro_of(kind)
    if any(base is type for base in bases):
        return Reading(kind, TEXT, _class)
    for base in bases:
        known = _KNOWN.get(name_of(base))
        if known is not None:
            how, read = known
            found = Reading(kind, how, read, base)
            if base is tuple:
                found.names = _names_of_tuple(bases)
            elif how == ITEMS and read is _model:
                found.hidden = _hidden_in_model(bases)
            return found
    if any(name in _namespace_of(base) for base in bases[:-1] for name in _CALLABLE_OR_STREAM):
        return Reading(kind, NAME, _nothing)
    fields = _fields(bases)
    if fields is not None:
        shown, hidden = fields
        found = Reading(kind, ITEMS, _of_fields(bases, shown))
        found.hidden = hidden
        return found
    if any("__getitem__" in _namespace_of(base) for base in bases[:-1]):
        return Reading(kind, NAME, _nothing)
    attributes = _of_attributes(bases)
    if attributes is not None:
        return Reading(kind, ATTRIBUTES, attributes)
    # What hides its `__dict__`, or has one that is another's (a proxy), is not asked for it.
    is_closed = any(name in _namespace_of(base) for base in bases[:-1] for name in ("__slots__", "__dict__"))
    return Reading(kind, NAME if is_closed or kind is object else OPAQUE, _nothing)


_CALLABLE_OR_STREAM = ("__call__", "__next__", "__anext__", "__await__", "__aiter__", "read")


def _names_of_tuple(bases: tuple[type, ...]) -> tuple[str, ...]:
    """The fields of a named tuple."""
    for base in bases:
        names = _namespace_of(base).get("_fields")
        if type(names) is tuple and all(type(name) is str for name in names):
            return names
    return ()


# What a class statement gave its instances


def _dict_of(bases: tuple[type, ...]) -> Callable[[Any], dict[str, Any]] | None:
    """What reads an instance's own `__dict__`, whatever the class has put in the place of that name."""
    for base in bases:
        descriptor = _namespace_of(base).get("__dict__")
        if type(descriptor) is _GETSET and (descriptor.__doc__ == _OF_INSTANCES or base is BaseException):
            read: Callable[[Any], dict[str, Any]] = descriptor.__get__
            return read
    return None


def _slots_of(bases: tuple[type, ...]) -> list[tuple[str, Any]]:
    """The slots of classes that have been made by a class statement."""
    return [
        (name, descriptor)
        for base in bases
        if "__slots__" in _namespace_of(base)
        for name, descriptor in _namespace_of(base).items()
        if type(descriptor) is _MEMBER
    ]


def _slot(base: Any, name: str, value: Any) -> Any:
    """What an instance has in a slot, or in its `__dict__`; raises AttributeError if it has nothing there."""
    for each in _mro_of(base):
        descriptor = _namespace_of(each).get(name)
        if type(descriptor) is _MEMBER or type(descriptor) is _GETSET:
            return descriptor.__get__(value)
    read = _dict_of(_mro_of(type(value)))
    attributes = read(value) if read is not None else {}
    if name not in attributes:
        raise AttributeError(name)
    return attributes[name]


def _of_attributes(bases: tuple[type, ...]) -> Read | None:
    """What reads the public attributes that a value has; None where it has no place for any."""
    of_dict = _dict_of(bases)
    slots = [(name, slot.__get__) for name, slot in _slots_of(bases) if name[:1] != "_"]
    if of_dict is None and not slots:
        return None

    def read(value: Any, base: Any) -> Iterator[tuple[str, Any]]:
        for name, get in slots:
            try:
                item = get(value)
            except AttributeError:
                continue  # declared, never set
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


def _fields(bases: tuple[type, ...]) -> tuple[list[str], frozenset[str]] | None:
    """The public fields of a dataclass or of an attrs class, and those that its `repr` leaves out."""
    for base in bases:
        found = _namespace_of(base).get("__dataclass_fields__")
        if type(found) is dict:
            return _shown(found.values())
        found = _namespace_of(base).get("__attrs_attrs__")
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


def _of_fields(bases: tuple[type, ...], names: list[str]) -> Read:
    of_dict = _dict_of(bases)
    slots = {name: slot.__get__ for name, slot in reversed(_slots_of(bases))}

    def read(value: Any, base: Any) -> Iterator[tuple[str, Any]]:
        attributes = of_dict(value) if of_dict is not None else {}
        for name in names:
            if name in attributes:
                yield name, attributes[name]
            elif name in slots:
                try:
                    yield name, slots[name](value)
                except AttributeError:
                    continue

    return read


# Texts and numbers


def whole(value: int) -> int | str:
    """An int that JSON can hold, or a text that says what it is."""
    number = int.__int__(value)
    if number.bit_length() <= MAX_INT_BITS:
        return number
    return (
        int.__repr__(number)
        if number.bit_length() < _MAX_DECIMAL_BITS
        else f"<int of {number.bit_length()} bits>"
    )


def real(value: float) -> float | str:
    """A float that JSON can hold, or a text: NaN and the infinities have no JSON."""
    number = float.__float__(value)
    return number if number - number == 0 else float.__repr__(number)


def _decimal(value: Any, base: Any) -> str:
    size = base.__sizeof__(value)
    if size > _MAX_DIGITS // 2:
        return f"<decimal.Decimal of {size} bytes>"
    text: str = base.__str__(value)
    return text


def _fraction(value: Any, base: Any) -> str:
    numerator, denominator = _slot(base, "_numerator", value), _slot(base, "_denominator", value)
    return f"{whole(numerator)}" if denominator == 1 else f"{whole(numerator)}/{whole(denominator)}"


def _range(value: range, base: Any) -> str:
    if max(abs(value.start), abs(value.stop), abs(value.step)).bit_length() > MAX_INT_BITS:
        return "<builtins.range>"
    return repr(value)


def _datetime(value: Any, base: Any) -> str:
    text: str
    if has_known_offset(base.tzinfo.__get__(value)):
        text = base.isoformat(value, " ")
    else:  # of a time zone whose offset only its own code could tell
        date = base.date(value)
        text = f"{date.isoformat()} {_naive(base, value)}"
    return text


def _time(value: Any, base: Any) -> str:
    if has_known_offset(base.tzinfo.__get__(value)):
        text: str = base.isoformat(value)
        return text
    return _naive(base, value)


def _naive(base: Any, value: Any) -> str:
    hour, minute, second, fraction = (
        getattr(base, name).__get__(value) for name in ("hour", "minute", "second", "microsecond")
    )
    return f"{hour:02}:{minute:02}:{second:02}" + (f".{fraction:06}" if fraction else "")


def _uuid(value: Any, base: Any) -> str:
    number = f"{_slot(base, 'int', value):032x}"
    return "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))


def _address(value: Any, base: Any) -> str:
    return str(base(_slot(base, "_ip", value)))


def _network(value: Any, base: Any) -> str:
    return f"{_slot(base, 'network_address', value)}/{int(_slot(base, '_prefixlen', value))}"


def _interface(value: Any, base: Any) -> str:
    return f"{base.__mro__[1](_slot(base, '_ip', value))}/{int(_slot(base, '_prefixlen', value))}"


def _of_base(value: Any, base: Any) -> str:
    text: str = base.__str__(value)
    return text


def _repr_of_base(value: Any, base: Any) -> str:
    text: str = base.__repr__(value)
    return text


def bytes_text(value: Any, base: Any = bytes) -> str:
    """Text where it is text, base64 where it is not: either way a fifth of the list of numbers JSON would need."""
    size = base.__len__(value)
    raw = bytes(base.__getitem__(value, slice(MAX_BYTES)))
    more = f"... {size - MAX_BYTES} more bytes" if size > MAX_BYTES else ""
    try:
        return raw.decode("utf-8") + more
    except UnicodeDecodeError as error:
        if more and error.start > MAX_BYTES - 4:  # the cut went through a character
            return raw[: error.start].decode("utf-8") + more
        from binascii import b2a_base64

        return b2a_base64(raw, newline=False).decode("ascii") + more


def _memoryview(value: memoryview, base: Any) -> str:
    if value.ndim == 1 and value.format in ("B", "b", "c") and value.contiguous:
        return bytes_text(value, base)
    return f"<builtins.memoryview of {value.nbytes} bytes>"


def _path(value: Any, base: Any) -> str:
    """A path: from what it was made of, for its `str` goes through its own attributes."""
    kind = name_of(type(value))
    if kind.startswith("<pathlib.") or kind.startswith("<pathlib._local."):
        return _of_base(value, base)
    for name in ("_str", "_raw_paths", "_parts"):
        try:
            found = _slot(base, name, value)
        except AttributeError:
            continue  # not made yet, or of another version of Python
        if type(found) is str:
            return found
        if type(found) is list:
            text = "/".join([part for part in found if type(part) is str])
            return f"/{text.lstrip('/')}" if text[:1] == "/" else text
    return type_name(value)


def _class(value: Any, base: Any) -> str:
    return name_of(value)


def _function(value: Any, base: Any) -> str:
    name = _namespace_of(base)["__qualname__"].__get__(value)
    module = _namespace_of(base)["__module__"].__get__(value)
    return f"<{module}.{name}>" if type(module) is str else f"<{name}>"


def _method(value: Any, base: Any) -> Any:
    return base.__dict__["__func__"].__get__(value)


def name_in_enum(value: Any) -> str | None:
    """`Colour.RED` of a member of an Enum that is no text or number itself; None of any other value."""
    kind = type(value)
    found = reading(kind) or find(kind)
    if found.read is not _enum:
        return None
    return f"{name_of(kind)[1:-1].rpartition('.')[2]}.{_slot(kind, '_name_', value)}"


def _enum(value: Any, base: Any) -> Any:
    return _slot(base, "_value_", value)


def _nothing(value: Any, base: Any) -> None:
    return None


# Containers


def _own_iterator(value: Any, base: Any) -> Any:
    return base.__iter__(value)


def _own_items(value: Any, base: Any) -> Any:
    return base.items(value)


def _view(value: Any, base: Any) -> Any:
    (viewed,) = gc.get_referents(value)  # what the view is of: iterating would run its code
    if not issubclass(type(viewed), dict):
        return ()
    return itertools.islice(base.__iter__(value), MAX_READ)


def _proxy(value: Any, base: Any) -> Any:
    (viewed,) = gc.get_referents(value)
    return viewed if issubclass(type(viewed), dict) else type_name(value)


def _data(value: Any, base: Any) -> Any:
    return _slot(base, "data", value)


def _chain(value: Any, base: Any) -> Any:
    maps = _slot(base, "maps", value)
    if type(maps) is not list or not all(issubclass(type(each), dict) for each in maps[:20]):
        return maps
    merged: dict[Any, Any] = {}
    for each in reversed(maps[:20]):
        merged.update(itertools.islice(dict.items(each), MAX_READ))
    return merged


def _namespace(value: Any, base: Any) -> Any:
    attributes = _namespace_of(base)["__dict__"].__get__(value)
    return dict.items(attributes)


# Rows


def _alchemy_row(value: Any, base: Any) -> Any:
    data = _slot(type(value), "_data", value)
    try:
        names = _slot(
            type(_slot(type(value), "_parent", value)), "_keys", _slot(type(value), "_parent", value)
        )
        names = list(names)
    except (AttributeError, TypeError):
        names = []
    if type(data) is tuple and len(names) == len(data):
        return zip(names, data, strict=True)
    return enumerate(tuple.__iter__(data))


def _sqlite_row(value: Any, base: Any) -> Any:
    return zip(base.keys(value), base.__iter__(value), strict=False)


def _psycopg2_row(value: Any, base: Any) -> Any:
    places = {place: name for name, place in dict.items(_slot(base, "_index", value))}
    return ((places.get(number, number), item) for number, item in enumerate(list.__iter__(value)))


def _headers(value: Any, base: Any) -> Any:
    pairs = list.__iter__(_slot(base, "_list", value))
    return ((raw.decode("latin-1"), item) for raw, _, item in pairs)


def _caseless(value: Any, base: Any) -> Any:
    return (pair for pair in dict.values(_slot(base, "_store", value)))


# Addresses: without the credentials in them


def _yarl(value: Any, base: Any) -> str:
    try:
        parts = [_slot(base, name, value) for name in ("_scheme", "_netloc", "_path", "_query", "_fragment")]
    except AttributeError:  # before 1.16
        parts = list(tuple.__iter__(_slot(base, "_val", value)))
    return _url(*parts)


def _httpx(value: Any, base: Any) -> str:
    scheme, _, host, port, path, query, fragment = tuple.__iter__(_slot(base, "_uri_reference", value))
    return _url(scheme, host if port is None else f"{host}:{port}", path, query, fragment)


def _pydantic_url(value: Any, base: Any) -> str:
    return without_credentials(str(_slot(base, "_url", value)))


def _pydantic_core_url(value: Any, base: Any) -> str:
    return without_credentials(base.__str__(value))


def _split_url(value: Any, base: Any) -> str:
    parts = list(tuple.__iter__(value))
    if len(parts) == 6:  # with the parameters of its path's last segment
        path, parameters = parts[2], parts.pop(3)
        parts[2] = f"{path};{parameters}" if parameters else path
    return _url(*[bytes(part).decode("latin-1") if type(part) is bytes else part for part in parts])


def _url(scheme: Any, host: Any, path: Any, query: Any, fragment: Any) -> str:
    text = f"{scheme}://" if scheme else "//" if host else ""
    text += f"{str(host or '').rpartition('@')[2]}{path or ''}"
    return text + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def without_credentials(url: str) -> str:
    """The text of an address without what stands before an `@` in its host."""
    scheme, mark, rest = url.partition("://")
    hosts, slash, path = rest.partition("/")
    if not mark or "@" not in hosts:
        return url
    return scheme + mark + ",".join(host.rpartition("@")[2] for host in hosts.split(",")) + slash + path


# Models


def _model(value: Any, base: Any) -> Iterator[tuple[str, Any]]:
    fields = _model_fields(_mro_of(type(value)))
    read = _dict_of(_mro_of(type(value)))
    if read is None:
        return
    for name, item in list(dict.items(read(value)))[:MAX_READ]:
        field = fields.get(name)
        field = getattr(field, "field_info", field)  # pydantic 1 keeps it there
        if getattr(field, "exclude", None) is not True and type(name) is str and name[:1] != "_":
            yield name, item
    try:
        further = _slot(base, "__pydantic_extra__", value)
    except AttributeError:
        further = None
    if type(further) is dict:
        yield from dict.items(further)


def _model_fields(bases: tuple[type, ...]) -> dict[str, Any]:
    for base in bases:
        for name in ("__pydantic_fields__", "model_fields", "__fields__"):
            found = _namespace_of(base).get(name)
            if type(found) is dict:
                return found
    return {}


def _hidden_in_model(bases: tuple[type, ...]) -> frozenset[str]:
    fields = _model_fields(bases)
    return frozenset(
        name
        for name, field in fields.items()
        if getattr(getattr(field, "field_info", field), "repr", True) is False
    )


def _root(value: Any, base: Any) -> Any:
    return _slot(base, "root", value)


def _secret(value: Any, base: Any) -> str:
    return "**********"


def _secret_bytes(value: Any, base: Any) -> str:
    return "b'**********'"


# Tables and arrays


def _shape(value: Any, base: Any) -> str:
    for each in _mro_of(base):
        descriptor = _namespace_of(each).get("shape")
        if descriptor is not None:
            shape = tuple(descriptor.__get__(value, base))
            return f"{type_name(value)[:-1]} {shape}>"
    return type_name(value)


def _array(value: Any, base: Any) -> str:
    shape, kind = (_namespace_of(base)[name].__get__(value) for name in ("shape", "dtype"))
    return f"{type_name(value)[:-1]} {shape} {str(kind)[:100]}>"


def _generic(value: Any, base: Any) -> Any:
    item = base.item(value)
    return item if type(item) is not type(value) else str(item)[:100]


def _na(value: Any, base: Any) -> str:
    return "<NA>"


def _nat(value: Any, base: Any) -> str:
    return "NaT"


def _numbers(value: Any, base: Any) -> Any:
    return itertools.islice(base.__iter__(value), MAX_READ)


# bson


def _object_id(value: Any, base: Any) -> str:
    raw: bytes = _slot(base, "_ObjectId__id", value)
    return raw.hex()


# Exceptions


def _error(value: BaseException, base: Any) -> None:
    """An exception is put together by the walk."""


def attributes_of_error(error: BaseException) -> dict[str, Any]:
    """The public attributes that an exception carries itself."""
    bases = _mro_of(type(error))
    read = _of_attributes(bases)
    shown = dict(read(error, None)) if read is not None else {}
    for base in bases:
        for name in _NOT_OF_ERRORS.get(name_of(base).partition(".")[0], ()):
            shown.pop(name, None)
    return shown


def arguments_of_error(error: BaseException) -> tuple[Any, ...]:
    """What it was made with."""
    args: tuple[Any, ...] = BaseException.__dict__["args"].__get__(error)
    return args


def says_its_arguments(error: BaseException) -> bool:
    """Whether its `str` is C code, which says what the exception was made with."""
    for base in _mro_of(type(error)):
        own = _namespace_of(base).get("__str__")
        if own is not None:
            return type(own) is type(object.__str__)
    return False


_NOT_OF_ERRORS = {
    "<json": ("doc",),
    "<requests": ("doc",),
    "<simplejson": ("doc",),
    "<sqlalchemy": ("statement", "params", "orig", "detail"),
    "<urllib": ("url", "filename", "hdrs", "msg", "reason"),
    "<jsonschema": ("instance", "schema", "message", "cause", "context", "parent"),
}
"""Attributes of libraries' exceptions that hold what they were given to work on, by the first part of their module."""


_KNOWN: dict[str, tuple[int, Read]] = {
    "<builtins.str>": (TEXT, lambda value, base: str.__str__(value)),
    "<builtins.int>": (TEXT, lambda value, base: whole(value)),
    "<builtins.float>": (TEXT, lambda value, base: real(value)),
    "<builtins.bytes>": (TEXT, bytes_text),
    "<builtins.bytearray>": (TEXT, bytes_text),
    "<builtins.memoryview>": (TEXT, _memoryview),
    "<builtins.complex>": (TEXT, _repr_of_base),
    "<builtins.range>": (TEXT, _range),
    "<builtins.list>": (MEMBERS, _own_iterator),
    "<builtins.tuple>": (MEMBERS, _own_iterator),
    "<builtins.set>": (MEMBERS, _own_iterator),
    "<builtins.frozenset>": (MEMBERS, _own_iterator),
    "<builtins.dict>": (ITEMS, _own_items),
    "<builtins.dict_keys>": (MEMBERS, _view),
    "<builtins.dict_values>": (MEMBERS, _view),
    "<builtins.dict_items>": (MEMBERS, _view),
    "<builtins.mappingproxy>": (VALUE, _proxy),
    "<builtins.BaseException>": (ERROR, _error),
    "<builtins.function>": (TEXT, _function),
    "<builtins.builtin_function_or_method>": (TEXT, _function),
    "<builtins.method>": (VALUE, _method),
    "<builtins.module>": (NAME, _nothing),
    "<builtins.NotImplementedType>": (NAME, _nothing),
    "<builtins.ellipsis>": (NAME, _nothing),
    "<_thread._local>": (NAME, _nothing),
    "<weakref.ProxyType>": (NAME, _nothing),
    "<weakref.CallableProxyType>": (NAME, _nothing),
    "<weakref.ReferenceType>": (NAME, _nothing),
    "<array.array>": (MEMBERS, _numbers),
    "<collections.OrderedDict>": (ITEMS, _own_items),
    "<collections.deque>": (MEMBERS, _numbers),
    "<collections.UserDict>": (VALUE, _data),
    "<collections.UserList>": (VALUE, _data),
    "<collections.UserString>": (VALUE, _data),
    "<collections.ChainMap>": (VALUE, _chain),
    "<types.SimpleNamespace>": (ITEMS, _namespace),
    "<enum.Enum>": (VALUE, _enum),
    "<decimal.Decimal>": (TEXT, _decimal),
    "<fractions.Fraction>": (TEXT, _fraction),
    "<datetime.date>": (TEXT, lambda value, base: base.isoformat(value)),
    "<datetime.datetime>": (TEXT, _datetime),
    "<datetime.time>": (TEXT, _time),
    "<datetime.timedelta>": (TEXT, _of_base),
    "<datetime.timezone>": (TEXT, _of_base),
    "<zoneinfo.ZoneInfo>": (TEXT, _of_base),
    "<datetime.tzinfo>": (NAME, _nothing),
    "<uuid.UUID>": (TEXT, _uuid),
    "<ipaddress.IPv4Interface>": (TEXT, _interface),
    "<ipaddress.IPv6Interface>": (TEXT, _interface),
    "<ipaddress.IPv4Address>": (TEXT, _address),
    "<ipaddress.IPv6Address>": (TEXT, _address),
    "<ipaddress.IPv4Network>": (TEXT, _network),
    "<ipaddress.IPv6Network>": (TEXT, _network),
    "<pathlib.PurePath>": (TEXT, _path),
    "<pathlib._local.PurePath>": (TEXT, _path),  # where Python 3.13 keeps it
    "<re.Pattern>": (TEXT, _repr_of_base),
    "<urllib.parse.SplitResult>": (TEXT, _split_url),
    "<urllib.parse.ParseResult>": (TEXT, _split_url),
    "<urllib.parse.SplitResultBytes>": (TEXT, _split_url),
    "<urllib.parse.ParseResultBytes>": (TEXT, _split_url),
    "<sqlite3.Row>": (ITEMS, _sqlite_row),
    # Of libraries
    "<sqlalchemy.engine.row.Row>": (ITEMS, _alchemy_row),
    "<sqlalchemy.engine.row.RowMapping>": (ITEMS, _alchemy_row),
    "<psycopg2.extras.DictRow>": (ITEMS, _psycopg2_row),
    "<asyncpg.protocol.record.Record>": (ITEMS, _own_items),
    "<asyncpg.protocol.protocol.Record>": (ITEMS, _own_items),
    "<asyncpg.Record>": (ITEMS, _own_items),
    "<requests.structures.CaseInsensitiveDict>": (ITEMS, _caseless),
    "<httpx.Headers>": (ITEMS, _headers),
    "<yarl.URL>": (TEXT, _yarl),
    "<yarl._url.URL>": (TEXT, _yarl),
    "<httpx.URL>": (TEXT, _httpx),
    "<httpx._urls.URL>": (TEXT, _httpx),
    "<pydantic.networks._BaseUrl>": (TEXT, _pydantic_url),
    "<pydantic.networks._BaseMultiHostUrl>": (TEXT, _pydantic_url),
    "<pydantic_core._pydantic_core.Url>": (TEXT, _pydantic_core_url),
    "<pydantic_core._pydantic_core.MultiHostUrl>": (TEXT, _pydantic_core_url),
    "<pydantic.main.BaseModel>": (ITEMS, _model),
    "<pydantic.v1.main.BaseModel>": (ITEMS, _model),
    "<pydantic.root_model.RootModel>": (VALUE, _root),
    "<pydantic.types.SecretBytes>": (TEXT, _secret_bytes),
    "<pydantic.types.SecretStr>": (TEXT, _secret),
    "<pydantic.types._SecretBase>": (TEXT, _secret),
    "<pydantic.types.SecretField>": (TEXT, _secret),
    "<pydantic.v1.types.SecretField>": (TEXT, _secret),
    "<bson.objectid.ObjectId>": (TEXT, _object_id),
    "<bson.decimal128.Decimal128>": (TEXT, _of_base),
    "<bson.timestamp.Timestamp>": (TEXT, _repr_of_base),
    "<numpy.ndarray>": (TEXT, _array),
    "<numpy.generic>": (VALUE, _generic),
    "<numpy.dtype>": (TEXT, lambda value, base: str(value)[:200]),
    "<pandas.core.frame.DataFrame>": (TEXT, _shape),
    "<pandas.core.series.Series>": (TEXT, _shape),
    "<pandas.core.indexes.base.Index>": (TEXT, _shape),
    "<pandas.DataFrame>": (TEXT, _shape),
    "<pandas.Series>": (TEXT, _shape),
    "<pandas.Index>": (TEXT, _shape),
    "<pandas._libs.missing.NAType>": (TEXT, _na),
    "<pandas.api.typing.NAType>": (TEXT, _na),
    "<pandas._libs.tslibs.nattype.NaTType>": (TEXT, _nat),
    "<pandas.api.typing.NaTType>": (TEXT, _nat),
    "<polars.dataframe.frame.DataFrame>": (TEXT, _shape),
    "<polars.series.series.Series>": (TEXT, _shape),
    "<pyarrow.lib.Table>": (TEXT, _shape),
    "<torch.Tensor>": (TEXT, _shape),
}
"""By name, so that no module is imported for the sake of a type that nobody returned, and no metaclass is asked."""
