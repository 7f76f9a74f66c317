"""The small classes and functions of the X-Ray SDK's `models` and `utils`, for code that uses them by name."""

from __future__ import annotations

import os
import time

from ..guard import Late
from ..safe import safe_str

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..segments.sampling import pattern as patterns
else:
    patterns = Late("lambda_tracer.segments.sampling.pattern")  # in Lambda few name by host

ORIGIN_TRACE_HEADER_ATTR_KEY = "_origin_trace_header"
MUTATION_UNSUPPORTED_MESSAGE = "the segment belongs to Lambda"
SQS_XRAY_HEADER = "AWSTraceHeader"

# models.http
URL, METHOD, USER_AGENT, CLIENT_IP = "url", "method", "user_agent", "client_ip"
X_FORWARDED_FOR, STATUS, CONTENT_LENGTH = "x_forwarded_for", "status", "content_length"
XRAY_HEADER, ALT_XRAY_HEADER = "X-Amzn-Trace-Id", "HTTP_X_AMZN_TRACE_ID"
request_keys = (URL, METHOD, USER_AGENT, CLIENT_IP, X_FORWARDED_FOR)
response_keys = (STATUS, CONTENT_LENGTH)

# models.trace_header
ROOT, PARENT, SAMPLE, SELF, HEADER_DELIMITER = "Root", "Parent", "Sampled", "Self", ";"

default_app_config = "aws_xray_sdk.ext.django.apps.XRayConfig"

annotation_value_types = (int, float, bool, str)


class TraceId:
    """A trace id: `to_id()` gives it as text."""

    __module__ = "aws_xray_sdk.core.models.traceid"
    VERSION = "1"
    DELIMITER = "-"

    def __init__(self) -> None:
        """Made of the time, and 96 bits of chance."""
        self.start_time = int(time.time())
        self.__number = os.urandom(12).hex()

    def to_id(self) -> str:
        """`1-<8 hex>-<24 hex>`."""
        return f"{self.VERSION}-{self.start_time:08x}-{self.__number}"


class NoOpTraceId:
    """The trace id of what is not recorded: zeros."""

    __module__ = "aws_xray_sdk.core.models.noop_traceid"
    VERSION = "1"
    DELIMITER = "-"

    def __init__(self) -> None:
        self.start_time = "0" * 8
        self.__number = "0" * 24

    def to_id(self) -> str:
        """`1-00000000-` and 24 more zeros."""
        return f"{self.VERSION}-{self.start_time}-{self.__number}"


class AtomicCounter:
    """A counter for threads."""

    __module__ = "aws_xray_sdk.core.utils.atomic_counter"

    def __init__(self, initial: int = 0) -> None:
        """`initial` is where it begins, and where `reset` takes it."""
        from _thread import allocate_lock

        self.value = self._initial = initial
        self._lock = allocate_lock()

    def increment(self, num: int = 1) -> int:
        """Add, and return what it is then."""
        with self._lock:
            self.value += num
            return self.value

    def decrement(self, num: int = 1) -> int:
        """Subtract, and return what it is then."""
        return self.increment(-num)

    def get_current(self) -> int:
        """What it is."""
        return self.value

    def reset(self) -> int:
        """Begin again."""
        with self._lock:
            self.value = self._initial
            return self.value


class Throwable:
    """An exception as it stands in a document's `cause`."""

    __module__ = "aws_xray_sdk.core.models.throwable"

    def __init__(self, exception: BaseException, stack: Iterable[Any] | None, remote: bool = False) -> None:
        """`stack`: entries as `traceback.extract_stack` gives them."""
        self.id = os.urandom(8).hex()
        self.message = safe_str(exception)
        self.type = type(exception).__name__
        self.remote = remote
        self.stack: list[dict[str, Any]] | None = None
        if stack is not None:
            self.stack = [
                {"path": os.path.basename(entry[0]), "line": entry[1], "label": str(entry[2]).strip()}
                for entry in stack
            ]

    def to_dict(self) -> dict[str, Any]:
        """What is known of it."""
        return {key: value for key, value in vars(self).items() if value or value is False}


class DefaultDynamicNaming:
    """Names requests by their host, where that matches a pattern."""

    __module__ = "aws_xray_sdk.core.models.default_dynamic_naming"

    def __init__(self, pattern: str, fallback: str | None) -> None:
        """`fallback` is for hosts that do not match."""
        self._pattern = pattern
        self._fallback = fallback

    def get_name(self, host_name: str | None) -> str | None:
        """The host's name, or the fallback."""
        return host_name if wildcard_match(self._pattern, host_name) else self._fallback


def wildcard_match(pattern: str | None, text: str | None, case_insensitive: bool = True) -> bool:
    """Whether a text is what a pattern says: `*` is any text, `?` any character."""
    if pattern is None or text is None:
        return False
    return patterns.matches(pattern, text, ignores_case=case_insensitive)


def get_stacktrace(limit: int | None = None) -> list[Any]:
    """The frames down to the one above the caller, and those on the way to where the exception at hand was raised.

    Entries as `traceback.extract_stack` gives them. `limit`: so many of the last ones, or, negative, of the first.
    """
    import sys
    import traceback

    frames = list(traceback.extract_stack(sys._getframe(1)))[:-1]
    at = sys.exc_info()[2]
    if at is not None:
        frames += traceback.extract_tb(at)
    if limit is None:
        return frames
    return frames[:-limit] if limit < 0 else frames[max(0, len(frames) - limit) :]


def metadata_to_dict(value: Any) -> Any:
    """A value as it is recorded as metadata."""
    from ..encode.any_value import plain

    return plain(value, redact=False)


def service_info() -> dict[str, str]:
    """What a segment says it was recorded by."""
    import platform

    return {"runtime": platform.python_implementation(), "runtime_version": platform.python_version()}
