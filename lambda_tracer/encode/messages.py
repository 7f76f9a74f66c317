"""The message of an exception, as it is recorded: without the values that a library composed it from.

What databases, drivers and clients say quotes what they were given: a key, a row, a literal, a query string, a
password. Of such a message is kept what it says without them: SQLSTATE or number, constraint, table, column,
host, path, position. Messages of the user's own exceptions are kept as they are, and so is a KeyError's key, which is a
name far more often than a value. The exception itself is never changed.

Whose an exception is, `message_rules.owner` says; what is kept of a library's message, the library's own rule there.
"""

from __future__ import annotations

from ..guard import Late, pass_on
from ..safe import safe_str
from .attributes import dict_of, mro_of
from .limits import MAX_MESSAGE
from .message_rules import owner
from .message_rules.error import args_of, names_of
from .sighting import Sighting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .message_rules import python
    from .message_rules.protocols import Rule
else:
    # only for what Python or a library has raised
    python = Late("lambda_tracer.encode.message_rules.python")

_MAX_JSON = 64_000

_COMPOSED = (ValueError, LookupError, OSError)
"""Types whose messages Python itself composes from values."""

_EVERYBODYS = (*_COMPOSED, TypeError, RuntimeError)
"""Types of Python's own that libraries raise as well, and users."""

_HARMLESS_ATTRIBUTES_TEXT = (
    "code errno sqlstate pgcode msgno status status_code reason_code constraint_name table_name column_name schema_name"
    " datatype_name data_type_name severity severity_en position host port pos lineno colno operation_name timeout"
    " sqlite_errorcode sqlite_errorname library validator connection_invalidated title error_code max_retries"
)
_HARMLESS_ATTRIBUTES = frozenset(_HARMLESS_ATTRIBUTES_TEXT.split())
"""Attributes of libraries' exceptions that hold no values."""

_ATTRIBUTES_OF_LIBRARIES_TEXT = (
    "request response doc args params statement orig cursor details detail object query internal_query context hint"
    " where message kwargs url headers hdrs fp filename partial instance schema parent cause data valid_data value"
    " document os_error history request_info pool conn reason messages normalized_messages cmd output stdout stderr"
    " msg line last_parsed validator_value hide_parameters ismulti detail_messages full_msg _pool field_name body"
)
_ATTRIBUTES_OF_LIBRARIES = frozenset(_ATTRIBUTES_OF_LIBRARIES_TEXT.split())
"""Attributes that libraries set on their exceptions, hence on those of the user's subclasses."""

_last: tuple[Sighting, str] | None = None  # of an exception on its way up every traced call asks


def of(error: BaseException, without_secrets: Callable[[str], str]) -> str:
    """The message of `error` as it may be recorded, at most MAX_MESSAGE characters and a note of how many are missing.

    `without_secrets` leaves the values of secret names out of a text that is JSON, as from a web service. An exception
    that passes through many traced calls is asked once. Never raises.
    """
    global _last
    last = _last
    if last is not None and last[0].is_of(error):
        return last[1]
    try:
        text = _cut(_redacted(_cleaned(error), without_secrets))
    except BaseException as failure:
        # Next to no stack is left, or a library is not what we take it for. What may be a value is not recorded.
        pass_on(failure)
        text = ""
    _last = Sighting(error), text
    return text


def attributes(error: BaseException) -> dict[str, Any]:
    """The attributes of `error` that may be recorded if they are plain: of a library's exception those that are known
    to hold no values, of the user's own all public ones but those that a library's base class sets. No code is called.
    """
    kind = type(error)
    read = dict_of(mro_of(kind))
    held = {} if read is None else read(error)
    public = {name: value for name, value in dict.items(held) if type(name) is str and name[:1] != "_"}
    for base in mro_of(kind):
        if not owner.is_of_library(base):
            continue
        if base is kind or owner.rule_of(names_of(kind)[0]) is not None:
            shown = {name: value for name, value in public.items() if name in _HARMLESS_ATTRIBUTES}
            answer = public.get("response")
            if type(answer) is dict and type(answer.get("Error")) is dict:
                shown["response"] = _answer(answer)
            return shown
        return {name: value for name, value in public.items() if name not in _ATTRIBUTES_OF_LIBRARIES}
    return public


def _answer(response: dict[str, Any]) -> dict[str, Any]:
    """What an AWS service answered, but for items and headers."""
    error, metadata = response["Error"], response.get("ResponseMetadata")
    shown = {"Error": {name: error[name] for name in ("Code", "Message", "Type") if name in error}}
    if type(metadata) is dict:
        names = ("RequestId", "HTTPStatusCode", "RetryAttempts")
        shown["ResponseMetadata"] = {name: metadata[name] for name in names if name in metadata}
    return shown


def _cut(text: str) -> str:
    if len(text) > MAX_MESSAGE:
        return f"{text[:MAX_MESSAGE]}... {len(text) - MAX_MESSAGE} more characters"
    return text


def _redacted(text: str, without_secrets: Callable[[str], str]) -> str:
    if text[:1] not in ("{", "["):
        return text
    head = without_secrets(text[:_MAX_JSON])
    return head if len(text) <= _MAX_JSON else head + text[_MAX_JSON:]


def _cleaned(error: BaseException, otherwise: Rule | None = None) -> str:
    """The message without values; see `protocols.Inner`."""
    kind = type(error)
    module, name = names_of(kind)
    if otherwise is not None and module != "builtins" and owner.rule_of(module, name) is None:
        return otherwise.message(error, _cleaned)
    for base in mro_of(kind):
        rule = owner.rule_of(*names_of(base))
        if rule is None:
            continue
        if base is not kind and owner.rule_of(module) is None and owner.is_raised_by_user(error):
            break  # a class of the user's own, with words of the user's own
        return rule.message(error, _cleaned)
    text = safe_str(error)
    if module == "builtins" and issubclass(kind, _EVERYBODYS) and not owner.is_raised_by_user(error):
        library = owner.library_of(error)
        if library is not None or issubclass(kind, _COMPOSED):
            return python.message(error, text, library)
    return text


def asks_nobody(error: BaseException) -> bool:
    """Whether `of` runs no code but that of Python or of a library: it was asked, or has no `__str__` of its own.

    An exception that was raised is asked for its message in any case, one that a function returned is not.
    """
    last = _last
    if last is not None and last[0].is_of(error):
        return True
    for base in mro_of(type(error)):
        if "__str__" in type.__dict__["__dict__"].__get__(base):
            return names_of(base)[0] == "builtins" and all(map(_is_short, args_of(error)))
        if owner.is_of_library(base):
            return True
    return False


def _is_short(value: object) -> bool:
    return value is None or type(value) in (bool, float, int, str)
