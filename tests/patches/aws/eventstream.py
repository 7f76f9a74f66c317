"""The framing of AWS's event streams, `application/vnd.amazon.eventstream`, as a service writes it.

https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

TYPE = "application/vnd.amazon.eventstream"

_STRING = 7


def event(kind: str, payload: dict[str, Any]) -> bytes:
    """One event of that type, with a JSON payload."""
    return message({":message-type": "event", ":event-type": kind}, json.dumps(payload).encode())


def chunk(answer: dict[str, Any]) -> bytes:
    """A part of a model's own answer, as InvokeModelWithResponseStream sends it."""
    return event("chunk", {"bytes": base64.b64encode(json.dumps(answer).encode()).decode(), "p": "abcdef"})


def exception(kind: str, text: str) -> bytes:
    """What a service ends a stream with that it cannot go on with."""
    return message(
        {":message-type": "exception", ":exception-type": kind}, json.dumps({"message": text}).encode()
    )


def message(headers: dict[str, str], payload: bytes) -> bytes:
    """A message: prelude and its checksum, headers, payload, and the checksum of all of it."""
    block = b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + struct.pack("!BH", _STRING, len(value))
        + value.encode()
        for name, value in {**headers, ":content-type": "application/json"}.items()
    )
    prelude = struct.pack("!II", 16 + len(block) + len(payload), len(block))
    prelude += struct.pack("!I", zlib.crc32(prelude))
    return prelude + block + payload + struct.pack("!I", zlib.crc32(prelude + block + payload))
