"""Messages in protobuf's wire format, written by hand: nothing of protobuf or OpenTelemetry has to be there.

https://protobuf.dev/programming-guides/encoding/. A field's key has its number in the upper bits and says in the lower
three what follows: 0 a number, 1 eight bytes, 2 a length and so many bytes, 5 four bytes.
"""

from __future__ import annotations

from json.encoder import JSONEncoder
from struct import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_INT = (1 << 63) - 1

MAX_NAMES = 1_000
"""Names of attributes whose bytes are kept. A function has the same few again and again."""

_names: dict[str, bytes] = {}

as_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Half of the bytes that escapes would take, where a text is not English."""


def number(value: int) -> bytes:
    """A number from 0 on, in as few bytes as hold it: seven bits in each, the lowest first."""
    if value < 0x80:
        return value.to_bytes(1, "little")
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def field(key: bytes, content: bytes) -> bytes:
    """A text, or a message within another."""
    return key + number(len(content)) + content


def text(value: str) -> bytes:
    """UTF-8; what is half a character becomes a question mark."""
    return value.encode("utf-8", "replace")


def fixed64(key: bytes, value: int) -> bytes:
    """A number in eight bytes; what they can't hold is 0."""
    return key + (value if 0 <= value < 1 << 64 else 0).to_bytes(8, "little")


def attributes(key: bytes, of: Mapping[str, object]) -> bytes:
    """A field for each attribute; None is none."""
    parts = []
    for name, value in of.items():
        named = _names.get(name)
        if named is None:
            named = field(b"\x0a", text(name))
            if len(_names) < MAX_NAMES and len(named) < MAX_NAMES:
                _names[name] = named
        if value is not None:
            parts.append(field(key, named + field(b"\x12", _value(value))))
    return b"".join(parts)


def _value(value: object) -> bytes:
    """An `AnyValue`. An object is its JSON: X-Ray takes metadata in that form, and reads no other."""
    if isinstance(value, str):
        return field(b"\x0a", text(value))
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        if -MAX_INT <= value <= MAX_INT:
            return b"\x18" + number(value & 0xFFFF_FFFF_FFFF_FFFF)
        return _value(str(value))
    if isinstance(value, float):
        return b"\x21" + pack("<d", value)
    if isinstance(value, list):
        return field(b"\x2a", b"".join([field(b"\x0a", _value(item)) for item in value]))
    return _value(as_json(value))
