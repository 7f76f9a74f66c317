"""Values that events are made of: ids, times, names of resources, and bodies.

An id is made of what its event says: the same call makes the same ids, on every machine, in every order of tests.
Other arguments make other ids, and so does `seed`. A time is the present one unless the caller gives `at`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import datetime, timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeVar

    Value = TypeVar("Value")
    At = datetime | float | None

REGION = "us-east-1"
ACCOUNT = "123456789012"
"""Where a resource is that is given by its name. One that is given by its ARN is where that says."""

ORDER: dict[str, Any] = {"order": "A-1001", "amount": 12}
"""What a message, a record or an input says if nobody says anything. It is written into an event, or copied."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SMALL = "abcdefghijklmnopqrstuvwxyz0123456789"
_CAPITAL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Ids:
    """One id after the other, all of them determined by what they are of."""

    def __init__(self, *of: object) -> None:
        """`of` is what tells this event, or record, from others; values that are no JSON count by their `repr`."""
        self._of = json.dumps(of, default=repr)
        self._made = 0

    def uuid(self) -> str:
        """Of the form of a random one."""
        digits = self.hexadecimal(32)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def hexadecimal(self, characters: int) -> str:
        """Hexadecimal digits."""
        return f"{self._number():064x}"[:characters]

    def decimal(self, digits: int) -> str:
        """Decimal digits, of which the first is no zero."""
        return "4" + f"{self._number():077d}"[-digits + 1 :]

    def small(self, characters: int) -> str:
        """Small letters and digits, as in the id of an API."""
        return self._in(_SMALL, characters)

    def capital(self, characters: int) -> str:
        """Capital letters and digits, as in a request's id at S3."""
        return self._in(_CAPITAL, characters)

    def base64(self, octets: int) -> str:
        """Some bytes in Base64; up to 32."""
        return base64.b64encode(self._number().to_bytes(32, "big")[:octets]).decode()

    def _in(self, alphabet: str, characters: int) -> str:
        number, written = self._number(), ""
        while len(written) < characters:
            number, index = divmod(number, len(alphabet))
            written += alphabet[index]
        return written

    def _number(self) -> int:
        self._made += 1
        return int.from_bytes(hashlib.sha256(f"{self._made} {self._of}".encode()).digest(), "big")


class Moment:
    """A time, in the forms in which events write it."""

    def __init__(self, at: At = None, *, before_s: float = 0) -> None:
        """`at` is a datetime, or seconds since 1970, or None for now. `before_s` is subtracted.

        Now is what `time.time` says, so that a time which a test freezes is that of its events.
        """
        seconds = at.timestamp() if isinstance(at, datetime) else time.time() if at is None else float(at)
        self.ms = round((seconds - before_s) * 1000)
        self.s = self.ms / 1000
        self._utc = datetime.fromtimestamp(self.ms // 1000, timezone.utc)

    @property
    def whole_s(self) -> int:
        """Seconds since 1970, without a fraction."""
        return self.ms // 1000

    @property
    def iso_s(self) -> str:
        """2026-11-30T10:35:38Z"""
        return f"{self._local}Z"

    @property
    def iso_ms(self) -> str:
        """2026-11-30T10:35:38.123Z"""
        return f"{self._local}.{self.ms % 1000:03d}Z"

    @property
    def iso_offset(self) -> str:
        """2026-11-30T10:35:38.123+0000"""
        return f"{self._local}.{self.ms % 1000:03d}+0000"

    @property
    def log(self) -> str:
        """30/Nov/2026:10:35:38 +0000, the same in every language."""
        utc = self._utc
        return f"{utc.day:02d}/{_MONTHS[utc.month - 1]}/{utc.year}:{utc:%H:%M:%S} +0000"

    @property
    def rabbit(self) -> str:
        """Nov 30, 2026, 10:35:38 AM"""
        utc = self._utc
        hour = utc.hour % 12 or 12
        half = "AM" if utc.hour < 12 else "PM"
        return f"{_MONTHS[utc.month - 1]} {utc.day}, {utc.year}, {hour}:{utc:%M:%S} {half}"

    @property
    def mail(self) -> str:
        """30 Nov 2026 10:35:38 +0000"""
        utc = self._utc
        return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year} {utc:%H:%M:%S} +0000"

    @property
    def _local(self) -> str:
        return self._utc.strftime("%Y-%m-%dT%H:%M:%S")


class Resource:
    """A queue, topic, stream, table...: its name, ARN, region and account."""

    def __init__(self, service: str, written: str, kind: str = "", *, region: str = REGION) -> None:
        """`written` is a name, or an ARN that says all. `kind` stands before the name in an ARN: `table/`."""
        if written.startswith("arn:"):
            parts = written.split(":", 5)
            self.arn, self.region, self.account = written, parts[3] or region, parts[4] or ACCOUNT
            self.name = parts[-1].removeprefix(kind)
        else:
            self.name, self.region, self.account = written, region, ACCOUNT
            self.arn = f"arn:aws:{service}:{region}:{ACCOUNT}:{kind}{written}"


def text(value: object) -> str:
    """What a message says: a text as it is, bytes as UTF-8, anything else as JSON."""
    if isinstance(value, str):
        return value
    return value.decode() if isinstance(value, bytes) else compact(value)


def fresh(value: Value) -> Value:
    """A copy, as JSON makes it: what a handler does with its event does not reach what the test has given.

    What JSON does not have raises TypeError: Lambda gets no such event.
    """
    copy: Value = json.loads(json.dumps(value))
    return copy


def compact(value: object) -> str:
    """JSON without spaces, as services write it, S3 in a queue for one."""
    return json.dumps(value, separators=(",", ":"))


def data(value: object) -> str:
    """The same in Base64; bytes may be any."""
    return base64.b64encode(value if isinstance(value, bytes) else text(value).encode()).decode()


def trace_header(ids: Ids, moment: Moment) -> str:
    """The header of a request that came with none: a root alone, as a gateway or load balancer adds it."""
    return f"Root=1-{moment.whole_s:08x}-{ids.hexadecimal(24)}"


def joined(defaults: Mapping[str, Value], given: Mapping[str, Value] | None) -> dict[str, Value]:
    """Headers, those that were given in the place of defaults of the same name, however it is written."""
    names = {name.lower() for name in given or ()}
    return {name: value for name, value in defaults.items() if name.lower() not in names} | dict(given or {})
