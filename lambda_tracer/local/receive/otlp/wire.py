"""Protobuf's wire format: a message as numbered fields, within bounds.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


MAX_FIELDS = 200_000
"""Of one message. In memory one that is empty is a hundred times its two bytes."""


class WireError(ValueError):
    """The bytes are no message."""


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field: an unsigned number, or the bytes of a text or of a message within."""
    position = count = 0
    while position < len(data):
        count += 1
        if count > MAX_FIELDS:
            raise WireError(f"a message of more than {MAX_FIELDS:,} fields")
        key, position = _varint(data, position)
        number, wire_type = key >> 3, key & 7
        value: int | bytes
        if wire_type == VARINT:
            value, position = _varint(data, position)
        elif wire_type in (FIXED64, FIXED32):
            size = 8 if wire_type == FIXED64 else 4
            value, position = int.from_bytes(_slice(data, position, size), "little"), position + size
        elif wire_type == LENGTH:
            size, position = _varint(data, position)
            value, position = _slice(data, position, size), position + size
        else:
            raise WireError(f"a field of the unknown wire type {wire_type}")
        if number == 0:
            raise WireError("a field of number 0")
        yield number, value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise WireError("it ends within a number")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position
    raise WireError("a number of more than 64 bits")


def _slice(data: bytes, position: int, size: int) -> bytes:
    found = data[position : position + size]
    if len(found) < size:
        raise WireError(f"it ends {size - len(found):,} bytes too early")
    return found


def signed(value: int) -> int:
    """The number that a field of type int64 or int32 holds."""
    return value - (1 << 64) if value >= 1 << 63 else value


def double(value: int) -> float:
    """The number that a field of type double holds."""
    found: float = struct.unpack("<d", struct.pack("<Q", value))[0]
    return found


def message(value: int | bytes) -> bytes:
    """The bytes of a field that holds a message or a text."""
    if isinstance(value, int):
        raise WireError("a number where a message belongs")
    return value


def number(value: int | bytes) -> int:
    """The number of a field that holds one."""
    if isinstance(value, bytes):
        raise WireError("a message where a number belongs")
    return value
