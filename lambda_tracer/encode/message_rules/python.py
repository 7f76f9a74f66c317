"""What is said in the exceptions that everybody raises, ValueError and others of Python's own.

They are the words of Python, of a library, or of the user. The last are kept as they are, and not asked for here.
"""

from __future__ import annotations

import re

from ...guard import Late
from . import owner
from .error import MAX_READ
from .text import unquoted, without_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import http
else:
    # only for what is raised in an HTTP client
    http = Late("lambda_tracer.encode.message_rules.http")

_COMPOSED = (
    (r"(invalid literal for int\(\) with base \d+|could not convert string to \w+|Invalid isoformat string"
     r"|unconverted data remains|Invalid literal for \w+|malformed node or string[^:]*|unknown url type"
     r"|Invalid format specifier):? .*", r"\1"),
    (r"(time data) .* (does not match format '[^']*')", r"\1 \2"),
    (r".* (is not a valid \w+)", r"? \1"),
    (r".* ((?:is )?not in (?:list|deque|tuple))", r"? \1"),
    (r".* (does not appear to be an IPv4 or IPv6 \w+)", r"? \1"),
    (r"(Invalid header (?:name|value)) .*", r"\1"),
    (r"(Port could not be cast to integer value) as .*", r"\1"),
    (r"(netloc) .* (contains invalid characters under NFKC normalization)", r"\1 \2"),
    (r"(.*), got .*", r"\1"),
    (r"(No time zone found with key) .*", r"\1"),
    (r"(Tunnel connection failed: \d+) .*", r"\1"),
)  # fmt: skip
"""What Python itself composes from values, as whole messages."""


def message(error: BaseException, text: str, library: str | None) -> str:
    """What is recorded of `text`, which such an exception says. `library` is the module of one that raised it.

    None of the user's own code has raised it.
    """
    kind = type(error)
    if issubclass(kind, KeyError):
        return text if library is None else ""
    if issubclass(kind, (ValueError, LookupError, OSError)):
        for pattern, kept in _COMPOSED:
            match = re.fullmatch(pattern, text[:MAX_READ], re.DOTALL)
            if match is not None:
                return match.expand(kept)
    if library is not None:
        return _of_library(text[:MAX_READ], library)
    if issubclass(kind, ValueError) and owner.is_raised_by_python(error):
        return unquoted(text[:MAX_READ])
    return text


def _of_library(text: str, module: str) -> str:
    """A library's own words."""
    text = re.sub(r"((?:query argument \$\d+|for value|, value:)).*", r"\1...", text, flags=re.DOTALL)
    return http.without_values(text) if owner.is_http_client(module) else without_values(text)
