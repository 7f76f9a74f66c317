"""Python's own types: scalars, containers, paths, addresses, and how each is read without code of the user's."""

from __future__ import annotations

import gc
import itertools

from ..guard import Late, pass_on
from ..safe import name_of, type_name
from .attributes import MAX_READ, namespace_of, slot_of
from .limits import MAX_INT_BITS
from .reading import (
    ERROR,
    ITEMS,
    MEMBERS,
    NAME,
    TEXT,
    VALUE,
    nothing,
    of_base,
    own_items,
    repr_of_base,
    url_of,
)
from .scalars import has_known_offset

TYPE_CHECKING = False
if TYPE_CHECKING:
    import binascii
    from typing import Any

    from .attributes import Read
else:
    binascii = Late("binascii")  # only for bytes that are no text

MAX_BYTES_SHOWN = 48_000
"""Of bytes; as base64 they are as long as a text may be."""

_MAX_DECIMAL_BITS = 10_000
"""An int beyond this is named: beyond 14,000 bits Python itself refuses to write it in decimals."""

_MAX_DIGITS = 5_000


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
    numerator, denominator = slot_of(base, "_numerator", value), slot_of(base, "_denominator", value)
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
    number = f"{slot_of(base, 'int', value):032x}"
    return "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))


def _address(value: Any, base: Any) -> str:
    return str(base(slot_of(base, "_ip", value)))


def _network(value: Any, base: Any) -> str:
    return f"{slot_of(base, 'network_address', value)}/{int(slot_of(base, '_prefixlen', value))}"


def _interface(value: Any, base: Any) -> str:
    return f"{base.__mro__[1](slot_of(base, '_ip', value))}/{int(slot_of(base, '_prefixlen', value))}"


def bytes_text(value: Any, base: Any = bytes) -> str:
    """Text where it is text, base64 where it is not: either way a fifth of the list of numbers JSON would need."""
    size = base.__len__(value)
    raw = bytes(base.__getitem__(value, slice(MAX_BYTES_SHOWN)))
    more = f"... {size - MAX_BYTES_SHOWN} more bytes" if size > MAX_BYTES_SHOWN else ""
    try:
        return raw.decode("utf-8") + more
    except UnicodeDecodeError as error:
        pass_on(error)
        if more and error.start > MAX_BYTES_SHOWN - 4:  # the cut went through a character
            return raw[: error.start].decode("utf-8") + more
        in_base64 = binascii.b2a_base64(raw, newline=False).decode("ascii")
        return in_base64 + more


def _memoryview(value: memoryview, base: Any) -> str:
    if value.ndim == 1 and value.format in ("B", "b", "c") and value.contiguous:
        return bytes_text(value, base)
    return f"<builtins.memoryview of {value.nbytes} bytes>"


def _path(value: Any, base: Any) -> str:
    """A path: from what it was made of, for its `str` goes through its own attributes."""
    kind = name_of(type(value))
    if kind.startswith("<pathlib.") or kind.startswith("<pathlib._local."):
        return of_base(value, base)
    for name in ("_str", "_raw_paths", "_parts"):
        try:
            found = slot_of(base, name, value)
        except AttributeError as error:  # not made yet, or of another version of Python
            pass_on(error)
            continue
        if type(found) is str:
            return found
        if type(found) is list:
            text = "/".join([part for part in found if type(part) is str])
            return f"/{text.lstrip('/')}" if text[:1] == "/" else text
    return type_name(value)


def of_class(value: Any, base: Any) -> str:
    return name_of(value)


def _function(value: Any, base: Any) -> str:
    name = namespace_of(base)["__qualname__"].__get__(value)
    module = namespace_of(base)["__module__"].__get__(value)
    return f"<{module}.{name}>" if type(module) is str else f"<{name}>"


def _method(value: Any, base: Any) -> Any:
    return base.__dict__["__func__"].__get__(value)


def of_enum(value: Any, base: Any) -> Any:
    return slot_of(base, "_value_", value)


# Containers


def _own_iterator(value: Any, base: Any) -> Any:
    return base.__iter__(value)


def _view(value: Any, base: Any) -> Any:
    (viewed,) = gc.get_referents(value)  # what the view is of: iterating would run its code
    if not issubclass(type(viewed), dict):
        return ()
    return itertools.islice(base.__iter__(value), MAX_READ)


def _proxy(value: Any, base: Any) -> Any:
    (viewed,) = gc.get_referents(value)
    return viewed if issubclass(type(viewed), dict) else type_name(value)


def _data(value: Any, base: Any) -> Any:
    return slot_of(base, "data", value)


def _chain(value: Any, base: Any) -> Any:
    maps = slot_of(base, "maps", value)
    if type(maps) is not list or not all(issubclass(type(each), dict) for each in maps[:20]):
        return maps
    merged: dict[Any, Any] = {}
    for each in reversed(maps[:20]):
        merged.update(itertools.islice(dict.items(each), MAX_READ))
    return merged


def _namespace(value: Any, base: Any) -> Any:
    attributes = namespace_of(base)["__dict__"].__get__(value)
    return dict.items(attributes)


# Rows and addresses of the standard library


def _sqlite_row(value: Any, base: Any) -> Any:
    return zip(base.keys(value), base.__iter__(value), strict=False)


def _split_url(value: Any, base: Any) -> str:
    parts = list(tuple.__iter__(value))
    if len(parts) == 6:  # with the parameters of its path's last segment
        path, parameters = parts[2], parts.pop(3)
        parts[2] = f"{path};{parameters}" if parameters else path
    return url_of(*[bytes(part).decode("latin-1") if type(part) is bytes else part for part in parts])


def _numbers(value: Any, base: Any) -> Any:
    return itertools.islice(base.__iter__(value), MAX_READ)


def _error(value: BaseException, base: Any) -> None:
    """An exception is put together by the walk."""


KNOWN: dict[str, tuple[int, Read]] = {
    "<builtins.str>": (TEXT, lambda value, base: str.__str__(value)),
    "<builtins.int>": (TEXT, lambda value, base: whole(value)),
    "<builtins.float>": (TEXT, lambda value, base: real(value)),
    "<builtins.bytes>": (TEXT, bytes_text),
    "<builtins.bytearray>": (TEXT, bytes_text),
    "<builtins.memoryview>": (TEXT, _memoryview),
    "<builtins.complex>": (TEXT, repr_of_base),
    "<builtins.range>": (TEXT, _range),
    "<builtins.list>": (MEMBERS, _own_iterator),
    "<builtins.tuple>": (MEMBERS, _own_iterator),
    "<builtins.set>": (MEMBERS, _own_iterator),
    "<builtins.frozenset>": (MEMBERS, _own_iterator),
    "<builtins.dict>": (ITEMS, own_items),
    "<builtins.dict_keys>": (MEMBERS, _view),
    "<builtins.dict_values>": (MEMBERS, _view),
    "<builtins.dict_items>": (MEMBERS, _view),
    "<builtins.mappingproxy>": (VALUE, _proxy),
    "<builtins.BaseException>": (ERROR, _error),
    "<builtins.function>": (TEXT, _function),
    "<builtins.builtin_function_or_method>": (TEXT, _function),
    "<builtins.method>": (VALUE, _method),
    "<builtins.module>": (NAME, nothing),
    "<builtins.NotImplementedType>": (NAME, nothing),
    "<builtins.ellipsis>": (NAME, nothing),
    "<_thread._local>": (NAME, nothing),
    "<weakref.ProxyType>": (NAME, nothing),
    "<weakref.CallableProxyType>": (NAME, nothing),
    "<weakref.ReferenceType>": (NAME, nothing),
    "<array.array>": (MEMBERS, _numbers),
    "<collections.OrderedDict>": (ITEMS, own_items),
    "<collections.deque>": (MEMBERS, _numbers),
    "<collections.UserDict>": (VALUE, _data),
    "<collections.UserList>": (VALUE, _data),
    "<collections.UserString>": (VALUE, _data),
    "<collections.ChainMap>": (VALUE, _chain),
    "<types.SimpleNamespace>": (ITEMS, _namespace),
    "<enum.Enum>": (VALUE, of_enum),
    "<decimal.Decimal>": (TEXT, _decimal),
    "<fractions.Fraction>": (TEXT, _fraction),
    "<datetime.date>": (TEXT, lambda value, base: base.isoformat(value)),
    "<datetime.datetime>": (TEXT, _datetime),
    "<datetime.time>": (TEXT, _time),
    "<datetime.timedelta>": (TEXT, of_base),
    "<datetime.timezone>": (TEXT, of_base),
    "<zoneinfo.ZoneInfo>": (TEXT, of_base),
    "<datetime.tzinfo>": (NAME, nothing),
    "<uuid.UUID>": (TEXT, _uuid),
    "<ipaddress.IPv4Interface>": (TEXT, _interface),
    "<ipaddress.IPv6Interface>": (TEXT, _interface),
    "<ipaddress.IPv4Address>": (TEXT, _address),
    "<ipaddress.IPv6Address>": (TEXT, _address),
    "<ipaddress.IPv4Network>": (TEXT, _network),
    "<ipaddress.IPv6Network>": (TEXT, _network),
    "<pathlib.PurePath>": (TEXT, _path),
    "<pathlib._local.PurePath>": (TEXT, _path),  # where Python 3.13 keeps it
    "<re.Pattern>": (TEXT, repr_of_base),
    "<urllib.parse.SplitResult>": (TEXT, _split_url),
    "<urllib.parse.ParseResult>": (TEXT, _split_url),
    "<urllib.parse.SplitResultBytes>": (TEXT, _split_url),
    "<urllib.parse.ParseResultBytes>": (TEXT, _split_url),
    "<sqlite3.Row>": (ITEMS, _sqlite_row),
}
"""By name, so that no module is imported for the sake of a type that nobody returned, and no metaclass is asked."""
