"""Any Python value -> JSON text. Never raises, never consumes, never works on the value, always ends.

Two speeds. The ordinary one is the C encoder of `json`, for what is made of plain dicts, lists and scalars, with a
small hook for Decimal, dates, UUID and their like; a list of dicts that have the same keys goes faster still (`table`).
A value is surveyed first, many of its parts at once (`crowd`), and only as far as a document could hold it: what is
larger is shown by how it starts. What holds any other type or, in a captured response, the name of a secret, goes the
careful way (`any_value`), as does what the encoder refuses (a cycle, NaN, odd keys, depth).

Texts come out as ASCII, so that the length of a document is its size in bytes.
"""

from __future__ import annotations

import json

from ..guard import Late, can_load, pass_on
from . import redaction
from .limits import MAX_INT_BITS, MAX_VALUE_BYTES
from .marker import HEAD, marker
from .redaction import NAME_PLACES
from .scalars import COSTS, WITH_TIME_ZONE, has_known_offset, known, met, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from . import any_value, crowd, excerpt, secret_search, table
else:
    any_value = Late("lambda_tracer.encode.any_value")  # what most functions return needs none of these
    crowd = Late("lambda_tracer.encode.crowd")
    excerpt = Late("lambda_tracer.encode.excerpt")
    secret_search = Late("lambda_tracer.encode.secret_search")
    table = Late("lambda_tracer.encode.table")

_MAX_CONTAINERS = 1_400
_MAX_KNOWN = 2_000
_MAX_SCALARS = 10_000
"""Lists and dicts, values of `TEXTS` and others that the fast way takes: some half a millisecond each."""


_MAX_UNKNOWN = 64
"""Keys of one dict, and lists that begin with a text, that are looked up one by one. More than these are made of data:
what is encoded is searched for names instead."""

_UNBOUNDED = 1 << 40
_SHORT = 500
_LEAST, _MOST = -(1 << 64), 1 << 64
_FEW = 50
"""Characters of a text, numbers and members of a dict that need no survey."""


_MUCH = 20
"""Characters of a text that is measured exactly where it has letters beyond ASCII."""

_ROWS = 8
"""Dicts of a list that may be a table."""

_SAMPLE = 200
"""Floats that tell how long a thousand of them are."""

_SCALARS = frozenset(map(id, (int, float, bool, type(None))))  # for which no metaclass is asked

_CROWD = 5
_MANY = 40
"""Lists and dicts, and members of one, beyond which they are surveyed together."""

_text_of_table: Callable[[Any, set[str], int], str | None] | None = None
_look: Callable[[list[Any], set[str], int, int, bool], crowd.Seen | None] | None = None
_told_of: Callable[[list[Any], int], crowd.Told | None] | None = None

_harmless: set[str] = set()  # keys that are known to be no names of secrets
redaction.remember_in(_harmless)

_fields: dict[str, str] = {}  # the same ones, as they stand before a value
redaction.remember_in(_fields)


def dumps(value: object, is_captured: bool = False, room: int = MAX_VALUE_BYTES) -> str:
    """The JSON text of `value`, in ASCII, without spaces. Never raises.

    `is_captured`: it was not put there on purpose, so values under names of secrets are left out. `room`: of a value
    that needs more bytes the text is a `Marker`, or larger by what could not be foreseen.
    """
    try:
        if type(value) is str and len(value) <= _SHORT and len(value) + 2 <= room and '"' not in value:
            return _quote(value)  # as below: there is nothing in it to look for
        if type(value) is bool:
            return "true" if value else "false"
        look = is_table = False
        text: str | None = None
        # A dict of scalars under harmless names, which most functions return, is written by one short loop: the
        # encoder makes lists and tuples of it first, which takes longer than its text.
        if type(value) is dict and len(value) <= _FEW:
            members = ""
            for key, item in value.items():
                field = _fields.get(key) if type(key) is str else None
                if field is None:
                    break
                kind = type(item)
                if kind is str and len(item) <= _SHORT:
                    members += f"{field}{_quote(item)}"
                elif (kind is int and _LEAST < item < _MOST) or (kind is float and item - item == 0.0):
                    members += f"{field}{item!r}"
                elif kind is bool:
                    members += field + ("true" if item else "false")
                elif item is None:
                    members += field + "null"
                else:
                    is_table = kind is list and len(item) >= _ROWS and type(item[0]) is dict
                    is_table = is_table and _harmless.issuperset(value)
                    break
            else:
                text = f"{{{members[1:]}}}"
        elif type(value) is list:
            is_table = len(value) >= _ROWS and type(value[0]) is dict
        if is_table:
            text = (_text_of_table or _table_reader())(value, _harmless, room)
        if text is None:
            surveyed = _survey(value, is_captured, room)
            if surveyed is not None:
                size, look = surveyed
                if size > room:
                    return _cut(value, size, is_captured)
                text = "".join(_encode(value, 0))
        if text is not None and not (
            is_captured and (look or ("\\" in text and '\\"' in text)) and secret_search.may_be_in(text)
        ):
            return text
    except BaseException as error:  # a cycle, NaN, an odd key, a dict that another thread changed
        pass_on(error)
    try:
        return _encode_plain(any_value.plain(value, redact=is_captured, room=room))
    except BaseException as error:  # next to no stack is left
        pass_on(error)
        return '"..."'


def encoded(value: object) -> str:
    """The JSON text of what the tracer itself has put together from plain types, however large it is."""
    try:
        return "".join(_encode(value, 0))
    except BaseException as error:  # next to no stack is left, or a user's own dict with an odd key
        pass_on(error)
        return dumps(value)


def _cut(value: Any, size: int, is_captured: bool) -> str:
    """The marker for a value of at least `size` bytes."""
    size, is_exact = excerpt.measured(value, size)
    # What is made of so little is never too large itself.
    head = dumps(excerpt.beginning(value, is_captured), is_captured=is_captured, room=_UNBOUNDED)
    return marker(size, is_exact, head[:HEAD])


def _survey(value: Any, is_captured: bool, room: int) -> tuple[int, bool] | None:
    """The bytes that a value has at least, and whether its text is to be searched for names; None: the careful way.

    It stops as soon as the value can't fit, so that a large one costs no more than one that just fits.
    """
    kind = type(value)
    if kind is str or kind is bytes or kind is bytearray:
        size = len(value) + 2
        return (size, False) if kind is str or size > room else None
    size = containers = scalars = odd = unknown = digits = floats = 0
    look = False
    sample: list[float] = []
    harmless = _harmless
    names: set[str] = set()  # texts that stand where one may
    todo = [value]
    while todo:
        items, todo = todo, []
        if _CROWD < len(items) <= _MAX_CONTAINERS - containers:
            look_at = _look or _crowd_readers()[0]
            seen = look_at(items, _harmless, room - size, _MAX_SCALARS - scalars, is_captured)
            if seen and odd + seen[1] <= _MAX_KNOWN:
                for text in seen[6] - names:
                    names.add(text)
                    if unknown + len(names) > _MAX_UNKNOWN:
                        look = True
                    elif redaction.is_secret(text):
                        return None
                containers += seen[0]
                odd += seen[1]
                scalars += seen[2]
                size += seen[3]
                floats += len(seen[4])
                sample += seen[4][: max(0, _SAMPLE - len(sample))]
                todo = seen[5]
                continue
        for item in items:
            kind = type(item)
            members: Iterable[Any]
            if kind is dict:
                count = len(item)
                size += 1 + 5 * count
                if size > room:
                    return size, look
                for key in item:
                    if type(key) is not str or key not in harmless:
                        is_known = False
                        break
                else:
                    is_known = True
                if not is_known:
                    for key in item:
                        if type(key) is not str:
                            return None
                    size += sum(map(len, item))
                    unknown += count
                    if size > room:
                        return size, look
                    if unknown + len(names) > _MAX_UNKNOWN:
                        look = True
                    else:
                        for key in item:
                            if key not in _harmless:
                                if not _is_harmless(key, is_captured):
                                    return None
                                look = look or key not in _harmless
                members = item.values()
            elif kind is list or kind is tuple:
                count = len(item)
                size += 1 + 2 * count
                if size > room:
                    return size, look
                members = item
                if is_captured:
                    for place in NAME_PLACES:
                        name = item[place] if count > place + 1 else None
                        if type(name) is str and name not in _harmless and name not in names:
                            names.add(name)
                            if unknown + len(names) > _MAX_UNKNOWN:
                                look = True
                            elif redaction.is_secret(name):
                                return None
            elif item is value and id(kind) in _SCALARS:
                is_short = kind is not int or _LEAST < item < _MOST
                return (0, False) if is_short else None
            else:
                entry = known.get(id(kind)) or met(kind)
                if entry is None:
                    return None
                odd += COSTS.get(entry[2], 1)
                if odd > _MAX_KNOWN:
                    return None
                size += 2
                if entry[2] == "<decimal.Decimal>":
                    size += max(0, item.__sizeof__() - 128) * 2  # 19 digits in 8 bytes
                    if size > room:
                        return size, look
                elif entry[2] in WITH_TIME_ZONE and not has_known_offset(item.tzinfo):
                    return None
                continue
            containers += 1
            scalars += count
            if containers > _MAX_CONTAINERS or scalars > _MAX_SCALARS:
                return None
            if count > _MANY:
                told = (_told_of or _crowd_readers()[1])([*members], room - size)
                if told:
                    size += told[0]
                    floats += len(told[1])
                    sample += told[1][: max(0, _SAMPLE - len(sample))]
                    todo += told[2]
                    continue
            for member in members:
                kind = type(member)
                if kind is str:
                    length = len(member)
                    size += length + 1
                    # Other alphabets take up to twelve bytes a letter, which counts where it is much.
                    if length > _MUCH and size <= room and not member.isascii():
                        size += len(_quote(member)) - 2 - length
                elif kind is int:
                    if not _LEAST < member < _MOST:
                        bits = member.bit_length()
                        size += bits * 3 // 10
                        digits = max(digits, bits)
                        if size > room:
                            return size, look
                elif kind is float:
                    floats += 1
                    if floats <= _SAMPLE:
                        sample.append(member)
                elif kind is not bool and member is not None:
                    todo.append(member)
            if size > room:
                return size, look
    if digits > MAX_INT_BITS:
        return None
    if floats > _SAMPLE:
        size += (len("".join(_encode(sample, 0))) - 2 * _SAMPLE) * floats * 4 // (5 * _SAMPLE)
    return size, look


def _table_reader() -> Callable[[Any, set[str], int], str | None]:
    """`table.text_of`, imported with the first table that a function returns; kept, since asking `Late` takes 1 us."""
    global _text_of_table
    if not can_load(table):
        return _tell_nothing
    _text_of_table = table.text_of
    return _text_of_table


def _crowd_readers() -> tuple[Callable[..., crowd.Seen | None], Callable[..., crowd.Told | None]]:
    """`crowd.look` and `crowd.told_of`, imported with the first large value and kept likewise."""
    global _look, _told_of
    if not can_load(crowd):
        return _tell_nothing, _tell_nothing
    _look, _told_of = crowd.look, crowd.told_of
    return _look, _told_of


def _tell_nothing(*args: Any) -> None:
    """In the place of any of these where that can't be had."""


def _is_harmless(key: str, is_captured: bool) -> bool:
    """Whether a key is no name of a secret, where that matters."""
    if redaction.is_secret(key):
        return not is_captured
    # Keys made of data must not fill the memory. What stands under `value` may belong to a name beside it.
    if len(_harmless) < 10_000 and len(key) <= 200 and not redaction.may_be_value(key):
        _harmless.add(key)
        _fields[key] = f",{_quote(key)}:"
    return True


def _fast_encoder() -> Callable[[object, int], Any]:
    """The C encoder itself: `JSONEncoder.encode` makes one at each call, which doubles the cost of a small value."""
    make = json.encoder.c_make_encoder  # type: ignore[attr-defined]
    if make is None:  # a Python without its C accelerator
        encoder = json.JSONEncoder(
            default=text_of, check_circular=False, allow_nan=False, separators=(",", ":")
        )
        return lambda value, level: encoder.iterencode(value)
    encode: Callable[[object, int], Any] = make(None, text_of, _quote, None, ":", ",", False, False, False)
    return encode


_quote = json.encoder.encode_basestring_ascii
_encode = _fast_encoder()
_encode_plain = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":")).encode
