"""What HTTP clients say: paths without queries, no credentials, no headers, nothing of what was answered."""

from __future__ import annotations

import re
import sys

from ..attributes import mro_of
from .error import MAX_READ, args_of, names_of, read, text_of
from .text import APOSTROPHE, NAME, without_queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner

_SAFE_IN_QUOTES = (
    r"Connection aborted\.|Remote end closed connection without response|Response ended prematurely|Broken pipe"
    r"|Connection reset by peer|Connection refused|timed out|Read timed out\.|The read operation timed out"
    r"|https?(?:://)?|(?:Unable|Cannot) to connect to proxy|too many \d+ error responses|too many redirects|localhost"
    r"|[\d.]+|[\da-f:]+"
)


def message(error: BaseException, inner: Inner) -> str:
    args, text = args_of(error), text_of(error)
    name = names_of(type(error))[1]
    reason = read(error, "reason")
    if name in ("BadStatusLine", "UnknownProtocol"):  # what was sent in the place of an answer
        return ""
    if names_of(type(error))[0].startswith("aiohttp") and any(
        "url" in names_of(base)[1].lower() for base in mro_of(type(error))
    ):
        return text.rpartition(" - ")[2] if " - " in text else ""
    if name == "MaxRetryError" and isinstance(reason, BaseException):
        head = re.sub(r"(with url: )([^?#\s]*).*", r"\1\2", text, flags=re.DOTALL)
        return f"{without_values(head)} (Caused by {_link(reason, inner)})"
    if args and isinstance(args[0], BaseException):
        return inner(args[0])
    if len(args) == 2 and type(args[0]) is str and isinstance(args[1], BaseException):
        return f"{without_values(args[0])}: {_link(args[1], inner)}"
    if isinstance(reason, BaseException):  # URLError
        return f"<urlopen error {inner(reason)}>"
    status = read(error, "status")
    if name == "HTTPError" and type(read(error, "code")) is int:
        return f"HTTP Error {_status(read(error, 'code'))}"
    match = re.match(r"(\d+), message:\s+([\w -]+)", text)
    if match is not None:  # aiohttp's parser goes on with what it could not read
        return f"{match[1]}, message: {match[2]}"
    if type(status) is int and re.match(r"\d+, message=", text):
        url = re.search(r"url=(?:URL\()?'([^'?#\s]*)", text)
        where = f", url='{without_queries(url[1])}'" if url else ""
        return f"{status}, message={_status(status).partition(' ')[2]!r}{where}"
    return without_values(text)


def _link(error: BaseException, inner: Inner) -> str:
    """An exception in another one's message: its type and its own message."""
    return f"{names_of(type(error))[1]}: {inner(error)}".rstrip(": ")


def _status(code: int) -> str:
    """A status with the phrase that belongs to it, whatever a server made of that."""
    kinds = getattr(sys.modules.get("http"), "HTTPStatus", None)
    phrase = getattr(getattr(kinds, "_value2member_map_", {}).get(code), "phrase", "")
    return f"{code} {phrase}".strip()


def without_values(text: str) -> str:
    """A text of a client's, or of Python's that a client passes on."""
    text = text[:MAX_READ]
    match = re.fullmatch(r"(?:Tunnel connection failed: )?(\d{3}) .*", text, re.DOTALL)
    if match is not None:
        return text[: match.start(1)] + _status(int(match[1]))
    text = re.sub(
        r"\b(Invalid URL|Failed to parse|Header part|[Hh]eader values?|[Hh]eader names?|unknown url type"
        r"|[Ii]nvalid port|nonnumeric port|Bad status line|[Ii]llegal status line|multiple cookies with name"
        r"|control characters|Illegal key"
        r"|Multiple cookies exist with name|can't contain control characters|Proxy URL had unsupported scheme"
        r"|Invalid (?:IDNA|IPv4|IPv6|host)\w*(?: \w+)?)\b(?=[ :.,=(]).*?(?=(: No (?:scheme|host) supplied)|\Z)(\1)?.*",
        lambda match: match[1] + (match[2] or ""),
        text,
        flags=re.DOTALL,
    )
    text = re.sub(r"(?:bytearray\()?\bb(['\"]).*\1\)?", "?", text, flags=re.DOTALL)
    text = re.sub(
        r"\b(\d{3}) (Client|Server) Error: .* for url: ", r"\1 \2 Error for url: ", text, flags=re.DOTALL
    )
    text = re.sub(
        r"\b(Client error|Server error|Redirect response|Informational response) '(\d{3}) [^']*' for url '",
        lambda m: f"{m[1]} {_status(int(m[2]))} for url ",
        text,
    )
    text = re.sub(r"(for url [^\s'?#]*)'.*", r"\1", text, flags=re.DOTALL)
    text = without_queries(text)
    text = re.sub(r"((?:with url: |for url: ?)[^?#\s]*)[?#].*", r"\1", text, flags=re.DOTALL)
    at = 0
    while True:
        match = re.compile(r"[\"'`]").search(text, at)
        if match is None:
            return text
        start, quote = match.start(), match[0]
        end = text.find(quote, start + 1)
        quoted = text[start + 1 : end]
        is_apostrophe = quote == "'" and re.compile(APOSTROPHE).match(text, max(0, start - 2)) is not None
        is_host = text[max(0, start - 5) : start] == "host=" and re.fullmatch(NAME, quoted) is not None
        is_url = re.search(r"(?:URL|url):? \Z", text[max(0, start - 6) : start]) and re.fullmatch(
            r"\w+://[\w.:/%~+-]*", quoted
        )
        if is_apostrophe:
            at = start + 1
        elif end > 0 and (is_host or is_url or re.fullmatch(_SAFE_IN_QUOTES, quoted)):
            at = end + 1
        else:
            return text[:start].rstrip() + (" ?" if text[start - 1 : start] == " " else "?")
