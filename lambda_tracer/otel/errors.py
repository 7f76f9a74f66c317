"""Exceptions that a span tells of: those that were recorded as they are, and those that are known by their texts only.

What is said of the latter loses its values by the same rules as any message, found by the name of the type.
"""

from __future__ import annotations

import builtins
import re

from ..encode import any_value, cause
from ..encode.message_rules import owner, python
from ..encode.message_rules.text import unquoted, without_values
from ..patches.aws import call
from ..safe import safe_str
from . import stacks
from .conventions import SQL
from .facts import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..trace.subsegment import Subsegment
    from .described import Attributes
    from .stacks import Raised

_REMOTE = ("CLIENT", "PRODUCER")
_EVERYBODYS = (ValueError, LookupError, OSError, TypeError, RuntimeError)
_DRIVER_SAYS = re.compile(r"\(([\w.]+)\.(\w+)\) (.*)", re.DOTALL)
_TYPE_AND_MESSAGE = re.compile(r"([A-Za-z_][\w.]*): (.*)", re.DOTALL)
_AWS_SAYS = re.compile(r"An error occurred \((\w+)\)")
_PACKAGE = re.compile(r"[\\/](?:site|dist)-packages[\\/](\w+)")
_STANDARD_LIBRARY = re.compile(r"[\\/]lib[\\/]python3\.\d+[\\/]|^<frozen ")

_LIBRARIES = {
    **dict.fromkeys(("postgresql", "redshift", "aws.redshift", "cockroachdb"), "psycopg"),
    **dict.fromkeys(("mysql", "mariadb", "tidb"), "pymysql"),
    "sqlite": "sqlite3",
    **dict.fromkeys(("redis", "valkey"), "redis.exceptions"),
    **dict.fromkeys(("mongodb", "documentdb"), "pymongo.errors"),
    "aws": "botocore.exceptions",
    "http": "requests.exceptions",
}
"""What is called -> the package of a library, by whose rule a message is cut that names no type."""


def is_remote(kind: str) -> bool:
    """Whether what a span of that kind raises is the doing of whom it calls."""
    return kind in _REMOTE


def record(subsegment: Subsegment, exception: BaseException, kind: str) -> None:
    """Put an exception itself into the `cause`, as `Subsegment.add_exception` does, and leave the flags as they are.

    A span's flags come of its status: what was recorded may have been handled.
    """
    flags = subsegment.fault, subsegment.error, subsegment.throttle
    try:
        subsegment.add_exception(exception, remote=is_remote(kind))
    finally:
        subsegment.fault, subsegment.error, subsegment.throttle = flags


def cause_from_event(attributes: Attributes, remote: bool, max_frames: int) -> list[dict[str, Any]]:
    """X-Ray's exceptions of an event's attributes, those that led to it behind it: at most `cause.MAX_EXCEPTIONS`.

    `max_frames`: how many are kept of each stack, the innermost.
    """
    message = attributes.get("exception.message")
    raised = stacks.told(
        text_of(attributes.get("exception.type")),
        None if message is None else text_of(message),
        text_of(attributes.get("exception.stacktrace")),
    )
    found = stacks.in_order(raised, cause.MAX_EXCEPTIONS, lambda each: _described(each, max_frames))
    if remote:
        found[0]["remote"] = True
    return found


def add(subsegment: Subsegment, found: list[dict[str, Any]]) -> None:
    """Put exceptions into a subsegment's `cause`; what is more than it describes is counted."""
    if isinstance(subsegment.cause, str):
        return  # it refers to one that was described elsewhere
    if subsegment.cause is None:
        subsegment.cause = {"working_directory": cause.working_directory(), "exceptions": []}
    described: list[dict[str, Any]] = subsegment.cause["exceptions"]
    room = cause.MAX_EXCEPTIONS - len(described)
    if room <= 0:
        cause.count_left_out(subsegment)
        return
    described += found[:room]
    known = {exception["id"] for exception in described}
    for exception in described:
        if exception.get("cause", "") not in known:
            exception.pop("cause", None)


def add_status(subsegment: Subsegment, text: str, error_type: str, called: str, remote: bool) -> None:
    """Put what a status says into the `cause` of a subsegment, where no exception is known.

    `error_type` and `called` are those of `message_of_status`.
    """
    kind, message = message_of_status(text, error_type, called)
    if message or kind:
        [exception] = cause.of_frames(kind, message, [], 0)["exceptions"]
        add(subsegment, [{**_without_empty(exception), "remote": remote}])


def is_throttle(subsegment: Subsegment) -> bool:
    """Whether an exception in the `cause` says, in botocore's words, that AWS throttled the call."""
    described = subsegment.cause["exceptions"] if isinstance(subsegment.cause, dict) else ()
    codes = [_AWS_SAYS.match(exception.get("message", "")) for exception in described]
    return any(code is not None and code[1] in call.THROTTLING for code in codes)


def _described(raised: Raised, max_frames: int) -> dict[str, Any]:
    message = message_of(raised.kind, raised.message, raised)
    described = cause.of_frames(stacks.name_of(raised.kind), message, raised.frames, max_frames)
    exception: dict[str, Any] = described["exceptions"][0]
    return _without_empty(exception)


def _without_empty(exception: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in exception.items() if value != "" or key == "id"}


def message_of(kind: str, message: str, raised: Raised | None = None) -> str:
    """What is recorded of the message of an exception of which only texts are known.

    `kind` is the full name of its type. `raised` has the stack that says who raised it.
    """
    module, _, name = kind.rpartition(".")
    error = _stand_in(module, name, message)
    of_python = None if module else getattr(builtins, name, None)
    if not isinstance(of_python, type) or owner.rule_of("builtins", name) is not None:
        return any_value.message_of(error)
    if issubclass(of_python, _EVERYBODYS):
        path = raised.frames[-1][0] if raised is not None and raised.frames else ""
        package = _PACKAGE.search(path)
        library = package[1] if package is not None and owner.is_library(package[1]) else None
        is_pythons = package is None and _STANDARD_LIBRARY.search(path) is not None
        is_users = library is None and not is_pythons and raised is not None and raised.source[:6] == "raise "
        if not is_users:
            message = python.message(error, message, library)
            if is_pythons and issubclass(of_python, ValueError):
                message = unquoted(message)
    return any_value.message_of(_stand_in(module, name, message))


def message_of_status(text: str, error_type: str, called: str) -> tuple[str, str]:
    """The type and the message of what a status says; either may be empty.

    `error_type` is the attribute `error.type`, `called` what the span calls: a database's system, `aws`, `http` or
    nothing. Libraries compose such a text of an exception's type and message, or of the message alone.
    """
    kind, name = "", stacks.name_of(error_type)
    match = _TYPE_AND_MESSAGE.fullmatch(text)
    if match is not None and (match[1].endswith(("Error", "Exception")) or match[1] == name):
        kind, text = match[1], match[2]
    if name and not name.isdigit() and stacks.name_of(kind) in ("", name):
        kind = error_type
    name = stacks.name_of(kind)
    if "." in kind or (kind and hasattr(builtins, kind)):
        return name, message_of(kind, text)
    library = _LIBRARIES.get(called, "pyodbc" if called in SQL else "")
    if library:
        # What the driver of Redis calls what the server says; the others' rules do not ask for the name.
        return name, message_of(f"{library}.{name or 'ResponseError'}", text)
    return name, without_values(text) if called or kind else message_of("", text)


def _stand_in(module: str, name: str, message: str) -> BaseException:
    """An exception of that name which says that, to be asked what of it may be recorded; it is never raised.

    What SQLAlchemy raises says in its text what the driver had raised.
    """
    base: Any = getattr(builtins, name, None) if not module else None
    is_pythons = (
        isinstance(base, type) and issubclass(base, _EVERYBODYS) and not issubclass(base, UnicodeError)
    )
    kind = type(
        name if name.isidentifier() and name.isascii() else "Exception",
        (base if is_pythons else Exception,),
        {"__module__": module or "builtins", "__init__": _take_message, "__str__": _message},
    )
    error: BaseException = kind(message)
    match = _DRIVER_SAYS.fullmatch(message) if module.startswith("sqlalchemy") else None
    if match is not None:
        said = match[3].partition("\n[SQL:")[0].partition("\n(Background")[0]
        error.orig = _stand_in(match[1], match[2], said)  # type: ignore[attr-defined]
    return error


def _take_message(self: Any, message: str) -> None:
    self.args = (message,)


def _message(self: BaseException) -> str:
    return safe_str(self.args[0])
