"""The message of an exception, as it is recorded: without the values that a library composed it from.

What databases, drivers and clients say quotes what they were given: a key, a row, a literal, a query string, a
password. Of such a message is kept what it says without them: SQLSTATE or number, constraint, table, column,
host, path, position. Messages of the user's own exceptions are kept as they are, and so is a KeyError's key, which is a
name far more often than a value. The exception itself is never changed.

Whose an exception is, its type says: the names of its class and base classes are looked up in a table, so that no
library is imported here. Python's own types (ValueError) are raised by everybody; there it is whose code raised it.
"""

from __future__ import annotations

import os
import re
import sys

from ..guard import instruction, pass_on
from ..safe import safe_str
from .attributes import dict_of
from .limits import MAX_MESSAGE
from .sighting import Sighting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    Rule = Callable[[BaseException, str], str]

_MAX_READ = 2 * MAX_MESSAGE
_MAX_JSON = 64_000
_MAX_ERRORS = 20
_MAX_LINKS = 5

_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep

_traceback_of = BaseException.__dict__["__traceback__"].__get__
_args_of = BaseException.__dict__["args"].__get__
_cause_of = BaseException.__dict__["__cause__"].__get__

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
        text = _cut(_redacted(_cleaned(error, 0), without_secrets))
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
    read = dict_of(_bases(kind))
    held = {} if read is None else read(error)
    public = {name: value for name, value in dict.items(held) if type(name) is str and name[:1] != "_"}
    for base in _bases(kind):
        if not _is_library(_names(base)[0]) and _rule_for(*_names(base)) is None:
            continue
        if base is kind or _is_of_package(kind, base):
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


def _cleaned(error: BaseException, links: int) -> str:
    """The message without values; `links`: how many exceptions it is a part of."""
    if links > _MAX_LINKS:
        return ""
    kind = type(error)
    for base in _bases(kind):
        rule = _rule_for(*_names(base))
        if rule is None:
            continue
        if base is not kind and not _is_of_package(kind, base) and _is_raised_by_user(error):
            break  # a class of the user's own, with words of the user's own
        return rule(error, "") if rule in _WITHOUT_TEXT else rule(error, safe_str(error)[:_MAX_READ])
    text = safe_str(error)
    if kind.__module__ == "builtins" and issubclass(kind, _EVERYBODYS):
        return _of_python(error, text)
    return text


def _bases(kind: type) -> tuple[type, ...]:
    bases: tuple[type, ...] = type.__dict__["__mro__"].__get__(kind)
    return bases


def _names(kind: type) -> tuple[str, str]:
    module = type.__dict__["__module__"].__get__(kind)
    return (module if type(module) is str else "", type.__dict__["__name__"].__get__(kind))


def _rule_for(module: str, name: str) -> Rule | None:
    return _BY_NAME.get(f"{module}.{name}") or _BY_PACKAGE.get(module) or _BY_PACKAGE.get(_package(module))


def _package(module: str) -> str:
    return module.partition(".")[0]


def _is_library(module: str) -> bool:
    """Whether a module is Python's or one of a known library, `builtins` aside, whose types are everybody's."""
    package = _package(module)
    is_pythons = package in sys.stdlib_module_names and package != "builtins"
    return is_pythons or package in _FURTHER_LIBRARIES or _rule_for(module, "") is not None


def asks_nobody(error: BaseException) -> bool:
    """Whether `of` runs no code but that of Python or of a library: it was asked, or has no `__str__` of its own.

    An exception that was raised is asked for its message in any case, one that a function returned is not.
    """
    last = _last
    if last is not None and last[0].is_of(error):
        return True
    for base in _bases(type(error)):
        if "__str__" in type.__dict__["__dict__"].__get__(base):
            return _names(base)[0] == "builtins" and all(map(_is_short, _args_of(error)))
        if _is_library(_names(base)[0]) or _rule_for(*_names(base)) is not None:
            return True
    return False


def _is_short(value: object) -> bool:
    return value is None or type(value) in (bool, float, int, str)


def _is_of_package(kind: type, base: type) -> bool:
    module, of_base = _names(kind)[0], _names(base)[0]
    if _package(module) == _package(of_base) and _package(module) in _BY_PACKAGE:
        return True
    return _rule_for(module, "") is not None


# Who raised it


def _innermost(error: BaseException) -> TracebackType | None:
    traceback: TracebackType | None = _traceback_of(error)
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback


def _is_raised_by_user(error: BaseException) -> bool:
    """Whether a `raise` outside of Python's and the known libraries' own code raised it, or nothing did."""
    innermost = _innermost(error)
    if innermost is None:
        return True
    if _is_pythons(innermost) or _is_librarys(innermost):
        return False
    return instruction(innermost) == "RAISE_VARARGS"


def _is_pythons(traceback: TracebackType) -> bool:
    path = traceback.tb_frame.f_code.co_filename
    is_standard = path.startswith(_STANDARD_LIBRARY) and "-packages" not in path
    return is_standard or path.startswith("<frozen ")


def _is_librarys(traceback: TracebackType) -> bool:
    name = traceback.tb_frame.f_globals.get("__name__")
    return type(name) is str and _is_library(name)


# Quoted texts


_QUOTE = r"[\"'`\u00ab\u2018\u201a\u201c\u201e]"
_CLOSING = {
    "\u00ab": "\u00bb",
    "\u2018": "\u2019",
    "\u201a": "\u2018",
    "\u201c": "\u201d",
    "\u201e": "\u201c",
    "`": "`'",
}
_NAME = r"[\w.$:/@%-]{1,128}"
_NOUN = (
    r"(?:\b(?:argument|attribute|charset|class|codec|collation|column|command|constraint|cursor|database"
    r"|encoding|engine|entity|extension|failed for|field|function|host|host name|index|key|keyword"
    r"|library|mapper|method|module|object|on|operator|package|parameter|partition|plugin|policy"
    r"|procedure|property|publication|references|relation|relationship|role|rule|savepoint|schema"
    r"|sequence|server at|server on|statement|table|tablespace|trigger|type|user|view)"
    r"\s|\bhost=|[(,.@]\s?|\bfailed \()\Z"
)
"""What stands before a quoted name that is none of the user's values; after a bracket or a dot only in backticks."""

_CLAUSE = (
    r"field list|(?:where|order|group|on|having|from) (?:clause|statement)"
    r"|SELECT|WHERE|(?:ORDER|GROUP) BY|HAVING|ON"
)
_APOSTROPHE = r"(?:[A-Za-z]{2}'(?:t|s|re|ve|ll)\b)"


def _unquoted(text: str, tail: str = "", *, has_names: bool = True) -> str:
    """`text` up to its first quoted text that is no name, with `?` in its place.

    What follows goes as well: where a value ends can't be told, for it may contain quotes. But what `tail`, a pattern,
    matches at the end is kept. `has_names`: a name behind a word that says what it names is kept, too.
    """
    at = 0
    while True:
        match = re.compile(_QUOTE).search(text, at)
        if match is None:
            return text
        start, quote = match.start(), match[0]
        if quote == "'" and re.compile(_APOSTROPHE).match(text, max(0, start - 2)):
            at = start + 1
            continue
        end = next((n for n in range(start + 1, len(text)) if text[n] in _CLOSING.get(quote, quote)), -1)
        if end > 0 and _is_named(text, start, end, has_names):
            at = end + 1
            continue
        rest = re.search(f"(?:{tail})\\Z", text[start + 1 :], re.DOTALL) if tail else None
        return f"{text[:start]}?{rest[0] if rest else ''}"


def _is_named(text: str, start: int, end: int, has_names: bool) -> bool:
    """Whether a quoted text is a name, by what it looks like and what stands before or behind it."""
    if (
        has_names
        and text[max(0, start - 4) : start] == " in "
        and re.fullmatch(_CLAUSE, text[start + 1 : end])
    ):
        return True
    if re.fullmatch(_NAME, text[start + 1 : end], re.ASCII) is None:
        return False
    before = re.search(_NOUN, text[max(0, start - 24) : start], re.IGNORECASE)
    if before is not None and has_names:
        return before[0].strip() not in ("(", ",", ".", "@") or text[start] == "`" or before[0] == "@"
    return re.match(r"['\"] (?:command|object|is an unexpected keyword argument)\b", text[end:]) is not None


def _without_numbers(text: str) -> str:
    """Long numbers may be of cards and accounts; the number of a port is none."""
    return re.sub(r"(?<!port )(?<!port=)(?<![\w:.])\d{6,}(?![\w.]{0,20}:)", "?", text)


def _urls(text: str) -> str:
    """Without credentials, and without what follows a `?` or `#` in the first URL that has one."""
    at = text.find("://")
    if at < 0:
        return text
    credentials = text.rfind("@")
    if credentials > at:
        text = text[: at + 3] + text[credentials + 1 :]
    query = re.compile(r"[?#]").search(text, at)
    return text if query is None else text[: query.start()]


def _read(value: Any, name: str) -> Any:
    """An attribute of a library's object; None where there is none."""
    try:
        return getattr(value, name, None)
    except BaseException as failure:
        pass_on(failure)
        return None


def _link(error: BaseException, links: int) -> str:
    """An exception in another one's message: its type and its own message."""
    return f"{_names(type(error))[1]}: {_cleaned(error, links + 1)}".rstrip(": ")


# The rules, one a family: the exception and its own text -> what is recorded


def _postgresql(error: BaseException, text: str) -> str:
    """What the server says first; its DETAIL, its CONTEXT and the LINE of the statement hold values."""
    args = _args_of(error)
    fields: dict[str, Any] = {}
    if args and type(args[0]) is dict:  # pg8000
        fields = dict(zip(_PG_NAMES, map(args[0].get, "CMWntc"), strict=True))
    else:
        diagnostics = _read(error, "diag")
        for name in _PG_NAMES:
            fields[name] = _read(diagnostics, name) if diagnostics is not None else _read(error, name)
        fields["sqlstate"] = _read(error, "sqlstate") or _read(error, "pgcode")
    text = fields["message_primary"] or text
    text = text[:_MAX_READ] if type(text) is str else ""
    state = fields["sqlstate"] if type(fields["sqlstate"]) is str else ""
    if state.startswith("P0") or " at RAISE" in str(fields["context"] or ""):
        text = "raised by a function of the database"  # in words of the user's own, and with values of the user's own
    text = re.sub(
        r"(query argument \$\d+(?: in element #\d+ of executemany\(\) sequence)?):.*",
        r"\1",
        text,
        flags=re.DOTALL,
    )
    text = text.strip().partition("\n")[0]
    text = _without_numbers(
        _unquoted(text, r" is out of range for type [\w ]+|: syntax error|at position \d+")
    )
    notes = [f"SQLSTATE {state}"] if re.fullmatch(r"\w{5}", state) else []
    for name in ("constraint", "table", "column"):
        value = fields[f"{name}_name"]
        if type(value) is str and value not in text:
            notes.append(f"{name} {value[:128]}")
    return f"{text} ({', '.join(notes)})" if notes else text


_PG_NAMES = ("sqlstate", "message_primary", "context", "constraint_name", "table_name", "column_name")

_MYSQL_TAIL = (
    r" for key (?:'[\w.$-]+'|\d+)|(?: in value)? for column (?:'[\w.$-]+'|(?:`[\w$-]+`\.?)+)(?: at row \d+)?"
    r"| at line \d+| at row \d+| at position \d+"
)


def _mysql(error: BaseException, text: str) -> str:
    args = _args_of(error)
    number, state, said = _read(error, "errno"), _read(error, "sqlstate"), _read(error, "msg")
    if type(number) is not int and args and type(args[0]) is int:
        number = args[0]
        said = args[1] if len(args) > 1 else None
    if type(said) is str:
        text = said
    elif type(said) is bytes:
        text = said.decode("utf-8", "replace")
    text = text[:_MAX_READ]
    if number == 1644 or state == "45000":  # SIGNAL
        text = "raised by a function of the database"
    text = re.sub(
        r"(Could not process parameters|Failed executing the operation|handler) ?[:;(].*",
        r"\1",
        text,
        flags=re.DOTALL,
    )
    text = (
        re.sub(r"\((\d+), .*\)\Z", r"\1", text, flags=re.DOTALL) if type(said) not in (str, bytes) else text
    )
    text = re.sub(r"(no partition for value) .*", r"\1", text, flags=re.DOTALL)
    text = _without_numbers(_unquoted(text, _MYSQL_TAIL))
    if type(number) is not int:
        return text
    return f"{number} ({state}): {text}" if type(state) is str and state else f"{number}: {text}"


_SQLITE_NAMED = (
    r"(?:no such (?:table|column|function|index|view|trigger|module|savepoint|collation sequence|tokenizer|vfs|window)"
    r"|no such (?:table|index) column|ambiguous column name|duplicate column name|unknown column|unknown database"
    r"|(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY|PRIMARY KEY) constraint failed|wrong number of arguments to function"
    r"|misuse of aggregate|misuse of window function)"
)


def _sqlite(error: BaseException, text: str) -> str:
    code = _read(error, "sqlite_errorname")
    # Before Python 3.11 there is none: what a trigger raises in its own words is no message of SQLite's.
    is_of_sqlite = (
        re.search(r"constraint failed|mismatch|\bROWID\b", text) or "Integrity" not in _names(type(error))[1]
    )
    if code == "SQLITE_CONSTRAINT_TRIGGER" or not (code or is_of_sqlite):
        return "raised by a trigger"
    text = re.sub(
        r"(syntax error near|MATCH expression|special query|JSON path)\b.*", r"\1 ?", text, flags=re.DOTALL
    )
    head, colon, rest = text.partition(": ")
    is_named = colon and re.fullmatch(_SQLITE_NAMED, head)
    if is_named and (head == "CHECK constraint failed" or re.fullmatch(r"[\w.$/()-]+(?:, [\w.$]+)*", rest)):
        return text
    if colon and is_named:
        return f"{head}: ?"
    text = _without_numbers(_unquoted(text, r": syntax error"))
    head, colon, rest = text.partition(": ")
    is_known = "?" in text or rest.endswith("syntax error") or rest.startswith("type '")
    # What follows a colon may be a value, unless the head is known.
    return f"{head}: ?" if colon and not is_known else text


def _any_sql(error: BaseException, text: str) -> str:
    """A driver that has no rule of its own: the first line, without quoted texts and what stands in brackets."""
    text = text.strip().partition("\n")[0].partition("\\n")[0]
    text = re.sub(
        r"(values? (?:is|are|of)?|row with column values|details?\)?:?) ?\(.*", r"\1", text, flags=re.DOTALL
    )
    return _without_numbers(_unquoted(text))


def _sqlalchemy(error: BaseException, text: str) -> str:
    """Without the statement and its parameters: what the driver said, cut as the driver's own."""
    origin = _read(error, "orig")
    if isinstance(origin, BaseException):
        module, name = _names(type(origin))
        rule = _rule_for(module, name)
        said = (
            _cleaned(origin, 1)
            if rule or module == "builtins"
            else _any_sql(origin, safe_str(origin)[:_MAX_READ])
        )
        return f"({module}.{name}) {said}"
    args = _args_of(error)
    text = args[0][:_MAX_READ] if args and type(args[0]) is str else text
    text = text.partition("\n[SQL:")[0].partition("\n[parameters:")[0].partition("\n(Background")[0]
    text = re.sub(r"identity key .*", "identity key ?", text, flags=re.DOTALL)
    return _without_numbers(_unquoted(_urls(text), r"; \d+ (?:were|was) matched\."))


_REDIS_SAYS = (
    r"operation against a key holding the wrong|value is not|hash value is not|increment|decrement|no such key"
    r"|syntax error|index out of range|offset is out of range|bit |invalid expire time|wrong number of arguments"
    r"|unknown (?:sub)?command|db index|invalid db index|string exceeds|min or max|weight|timeout is|numkeys"
    r"|number of keys|exec without|discard|multi calls|watch inside|invalid cursor|source and destination"
    r"|(?:nx|xx|gt|lt)\b.*(?:and|options)|the id specified|invalid stream|unbalanced|client sent auth"
    r"|max number of clients|command not allowed|you can't write|redis is |link with master|errors? writing to the aof"
    r"|no matching script|authentication required|invalid username-password|this user has no|user \w+ has no"
    r"|transaction discarded|keys in request|\d+ [\w.:-]+\Z|hash slot not served|the cluster is down"
    r"|multiple keys request|not enough good replicas|consumer group name already|target key name"
    r"|no scripts in execution|bad data format|dump payload|invalid longitude|invalid argument|function not found"
    r"|auth <password>|protocol error|unsupported|config set failed|select is not allowed|instance has cluster"
)
"""How the server's own messages begin, behind their codes; a script's and a module's may be anything."""


def _redis(error: BaseException, text: str) -> str:
    head = ""
    match = re.match(r"(Command # \d+) .* (of pipeline caused error: )", text, re.DOTALL)
    if match is not None:
        head, text = f"{match[1]} {match[2]}", text[match.end() :]
    names = [_names(base)[1] for base in _bases(type(error))]
    if "ResponseError" in names or match is not None:
        code = re.match(r"(?:[A-Z][A-Z]+ )?", text)
        said = text[code.end() :] if code else text
        if re.match(_REDIS_SAYS, said, re.IGNORECASE) is None:
            return f"{head}refused by the server"
        text = re.sub(r"(unknown (?:sub)?command).*", r"\1 ?", text, flags=re.DOTALL | re.IGNORECASE)
        text = re.sub(r"(near|parameter|CONFIG SET failed)\b.*", r"\1 ?", text, flags=re.DOTALL)
        text = re.sub(r" script: [0-9a-f]{40}.*", "", text, flags=re.DOTALL)
        return head + _without_numbers(_unquoted(text, has_names=False))
    text = re.sub(r"(Protocol Error)\b.*", r"\1", text, flags=re.DOTALL)
    return head + _without_numbers(_unquoted(_urls(text)))


def _http(error: BaseException, text: str) -> str:
    """What an HTTP client says: paths without queries, no credentials, no headers, nothing of what was answered."""
    args = _args_of(error)
    name = _names(type(error))[1]
    reason = _read(error, "reason")
    if name in ("BadStatusLine", "UnknownProtocol"):  # what was sent in the place of an answer
        return ""
    if _names(type(error))[0].startswith("aiohttp") and any(
        "url" in _names(base)[1].lower() for base in _bases(type(error))
    ):
        return text.rpartition(" - ")[2] if " - " in text else ""
    if name == "MaxRetryError" and isinstance(reason, BaseException):
        head = re.sub(r"(with url: )([^?#\s]*).*", r"\1\2", text, flags=re.DOTALL)
        return f"{_safe_http(head)} (Caused by {_link(reason, 1)})"
    if args and isinstance(args[0], BaseException):
        return _cleaned(args[0], 1)
    if len(args) == 2 and type(args[0]) is str and isinstance(args[1], BaseException):
        return f"{_safe_http(args[0])}: {_link(args[1], 1)}"
    if isinstance(reason, BaseException):  # URLError
        return f"<urlopen error {_cleaned(reason, 1)}>"
    status = _read(error, "status")
    if name == "HTTPError" and type(_read(error, "code")) is int:
        return f"HTTP Error {_status(_read(error, 'code'))}"
    match = re.match(r"(\d+), message:\s+([\w -]+)", text)
    if match is not None:  # aiohttp's parser goes on with what it could not read
        return f"{match[1]}, message: {match[2]}"
    if type(status) is int and re.match(r"\d+, message=", text):
        url = re.search(r"url=(?:URL\()?'([^'?#\s]*)", text)
        where = f", url='{_urls(url[1])}'" if url else ""
        return f"{status}, message={_status(status).partition(' ')[2]!r}{where}"
    return _safe_http(text)


def _status(code: int) -> str:
    """A status with the phrase that belongs to it, whatever a server made of that."""
    kinds = getattr(sys.modules.get("http"), "HTTPStatus", None)
    phrase = getattr(getattr(kinds, "_value2member_map_", {}).get(code), "phrase", "")
    return f"{code} {phrase}".strip()


_SAFE_IN_QUOTES = (
    r"Connection aborted\.|Remote end closed connection without response|Response ended prematurely|Broken pipe"
    r"|Connection reset by peer|Connection refused|timed out|Read timed out\.|The read operation timed out"
    r"|https?(?:://)?|(?:Unable|Cannot) to connect to proxy|too many \d+ error responses|too many redirects|localhost"
    r"|[\d.]+|[\da-f:]+"
)


def _safe_http(text: str) -> str:
    text = text[:_MAX_READ]
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
    text = _urls(text)
    text = re.sub(r"((?:with url: |for url: ?)[^?#\s]*)[?#].*", r"\1", text, flags=re.DOTALL)
    at = 0
    while True:
        match = re.compile(r"[\"'`]").search(text, at)
        if match is None:
            return text
        start, quote = match.start(), match[0]
        end = text.find(quote, start + 1)
        inner = text[start + 1 : end]
        is_apostrophe = quote == "'" and re.compile(_APOSTROPHE).match(text, max(0, start - 2)) is not None
        is_host = text[max(0, start - 5) : start] == "host=" and re.fullmatch(_NAME, inner) is not None
        is_url = re.search(r"(?:URL|url):? \Z", text[max(0, start - 6) : start]) and re.fullmatch(
            r"\w+://[\w.:/%~+-]*", inner
        )
        if is_apostrophe:
            at = start + 1
        elif end > 0 and (is_host or is_url or re.fullmatch(_SAFE_IN_QUOTES, inner)):
            at = end + 1
        else:
            return text[:start].rstrip() + (" ?" if text[start - 1 : start] == " " else "?")


def _aws(error: BaseException, text: str) -> str:
    answer = _read(error, "response")
    if type(answer) is dict and "Error" in answer:
        return text  # what the service said
    text = re.sub(r"((?:invalid|not well-formed) \w+ received).*", r"\1", text, flags=re.DOTALL)
    for mark in (", value: ", " for value ", "Invalid value (", "Unknown key "):
        if mark in text:
            text = text.partition(mark)[0] + (mark.rstrip(" (") if mark[0].isupper() else "") + "..."
    text = re.sub(r"\bb(['\"]).*\1", "?", text, flags=re.DOTALL)
    text = re.sub(r'(Unknown parameter in [\w.]+:|Invalid bucket name) ".*', r"\1 ?", text, flags=re.DOTALL)
    is_about_url = "url" in text.lower()
    text = _urls(text)
    return text.partition("?")[0] + "..." if is_about_url and "?" in text else text


def _mongodb(error: BaseException, text: str) -> str:
    """The server's messages quote documents: code and name, and of a duplicate key the collection and index."""
    code, details = _read(error, "code"), _read(error, "details")
    if type(code) is int or type(details) is dict:
        name = details.get("codeName") if type(details) is dict else None
        found = re.match(r"E11000 duplicate key error collection: ([\w.$-]+) index: ([\w.$-]+)", text)
        said = found[0] if found else name if type(name) is str else "the server refused"
        return f"{said} (code {code})" if type(code) is int else said
    text = text.partition(", Topology Description:")[0].partition(", full error:")[0]
    text = re.sub(
        r"(cannot encode object|Invalid document|Invalid key|[Kk]ey)\b.*", r"\1 ?", text, flags=re.DOTALL
    )
    return _without_numbers(_unquoted(_urls(text)))


def _pydantic(error: BaseException, text: str) -> str:
    """What is wrong and where; neither the input nor keys that are no names."""
    count = _read(error, "error_count")
    title = _read(error, "title")
    if not callable(count) or type(title) is not str:  # pydantic 1, and other errors of pydantic's
        text = safe_str(error)[:_MAX_READ]
        text = re.sub(r", input_value=.*?, input_type=", ", input_type=", text, flags=re.DOTALL)
        return text
    number = count()
    lines = [f"{number} validation error{'s' if number != 1 else ''} for {title}"]
    if number <= 1_000:
        found = error.errors(include_url=False, include_context=False, include_input=False)  # type: ignore[attr-defined]
        for entry in found[:_MAX_ERRORS]:
            where = ".".join(_place(part) for part in entry["loc"])
            if entry["type"] in ("extra_forbidden", "unexpected_keyword_argument", "no_such_attribute"):
                where = ".".join([*map(_place, entry["loc"][:-1]), "?"])
            said = entry["msg"][:_MAX_READ]
            if entry["type"] not in ("value_error", "assertion_error", "literal_error", "enum"):
                # The user's own validators use words of their own, and the others quote what the model allows.
                said = (
                    _unquoted(said) if entry["type"] == "union_tag_invalid" else said.partition(" found `")[0]
                )
            lines.append(f"{where}\n  {said} [type={entry['type']}]")
        if number > _MAX_ERRORS:
            lines.append(f"... {number - _MAX_ERRORS} more")
    return "\n".join(lines)


def _place(part: object) -> str:
    if type(part) is int:
        return str(part)
    return (
        part
        if type(part) is str
        and re.fullmatch(r"[\w\[\]-]{1,64}", part, re.ASCII)
        and not re.search(r"\d{4}", part)
        else "?"
    )


def _jsonschema(error: BaseException, text: str) -> str:
    validator, path = _read(error, "validator"), _read(error, "absolute_path")
    if type(validator) is not str:
        return safe_str(error).partition("\n")[0] if type(error).__name__ == "SchemaError" else ""
    try:
        where = "".join(f"[{_place(part)}]" for part in path or ())
    except BaseException as failure:
        pass_on(failure)
        where = ""
    return f"failed validating {validator!r} of instance{where}"


def _unicode(error: BaseException, text: str) -> str:
    """What can't be en- or decoded is a piece of the value; where it stands is not."""
    encoding, start, end, reason = (_read(error, name) for name in ("encoding", "start", "end", "reason"))
    verb = "encode" if isinstance(error, (UnicodeEncodeError, UnicodeTranslateError)) else "decode"
    if type(start) is not int or type(end) is not int:
        return ""
    where = f"position {start}" if end - start <= 1 else f"position {start}-{end - 1}"
    return f"{str(encoding)[:40]!r} codec can't {verb} what is in {where}: {_unquoted(str(reason)[:200])}"


def _quotes(error: BaseException, text: str) -> str:
    return _without_numbers(_unquoted(_urls(text)))


def _process(error: BaseException, text: str) -> str:
    """Of subprocess: the command line holds arguments."""
    code, timeout = _read(error, "returncode"), _read(error, "timeout")
    return f"Command ? {f'returned {code}' if timeout is None else f'timed out after {timeout} seconds'}"


def _by_cause(error: BaseException, text: str) -> str:
    """One that stands for another: a driver's, wrapped by a framework."""
    led_by = _cause_of(error)
    if led_by is not None:
        return _cleaned(led_by, 1)
    return _any_sql(error, text)


def _nothing(error: BaseException, text: str) -> str:
    return ""


_PYTHONS = (
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


_EVERYBODYS = (ValueError, TypeError, LookupError, RuntimeError, OSError)


def _of_python(error: BaseException, text: str) -> str:
    """A ValueError or another of Python's types: the words of the user, of a library, or of Python."""
    innermost = _innermost(error)
    if innermost is None or _is_raised_by_user(error):
        return text
    is_pythons = _is_pythons(innermost)
    is_librarys = not is_pythons and _is_librarys(innermost)
    if issubclass(type(error), KeyError):
        return "" if is_librarys else text
    if issubclass(type(error), (ValueError, LookupError, OSError)):
        for pattern, kept in _PYTHONS:
            match = re.fullmatch(pattern, text[:_MAX_READ], re.DOTALL)
            if match is not None:
                return match.expand(kept)
    if is_librarys:
        return _of_library(text, _rule_for(str(innermost.tb_frame.f_globals.get("__name__")), ""))
    return _unquoted(text[:_MAX_READ]) if is_pythons and issubclass(type(error), ValueError) else text


def _of_library(text: str, rule: Rule | None) -> str:
    """A library's own words in one of Python's exceptions."""
    text = re.sub(
        r"((?:query argument \$\d+|for value|, value:)).*", r"\1...", text[:_MAX_READ], flags=re.DOTALL
    )
    return _safe_http(text) if rule is _http else _without_numbers(_unquoted(_urls(text)))


_WITHOUT_TEXT = (_pydantic, _jsonschema, _unicode, _process, _nothing)
"""Rules that do not need the exception's own text, which may be large."""

_BY_NAME: dict[str, Rule] = {
    "builtins.UnicodeDecodeError": _unicode,
    "builtins.UnicodeEncodeError": _unicode,
    "builtins.UnicodeTranslateError": _unicode,
    "ipaddress.AddressValueError": _quotes,
    "ipaddress.NetmaskValueError": _quotes,
    "zoneinfo._common.ZoneInfoNotFoundError": _quotes,
    "configparser.ParsingError": _quotes,
    "subprocess.CalledProcessError": _process,
    "subprocess.TimeoutExpired": _process,
    "concurrent.futures.process._RemoteTraceback": _nothing,
    "multiprocessing.pool.RemoteTraceback": _nothing,
    "jsonschema.exceptions.ValidationError": _jsonschema,
    "jsonschema.exceptions.SchemaError": _jsonschema,
    "jsonschema.exceptions._Error": _jsonschema,
    "simplejson.errors.JSONDecodeError": _quotes,
}
_BY_PACKAGE: dict[str, Rule] = {
    **dict.fromkeys(("psycopg2", "psycopg", "psycopg_pool", "asyncpg", "pg8000", "aiopg"), _postgresql),
    **dict.fromkeys(
        ("pymysql", "MySQLdb", "mysql", "_mysql_connector", "aiomysql", "asyncmy", "mariadb"), _mysql
    ),
    **dict.fromkeys(("sqlite3", "_sqlite3", "aiosqlite"), _sqlite),
    **dict.fromkeys(
        ("oracledb", "cx_Oracle", "pyodbc", "pymssql", "snowflake", "pyathena", "trino"), _any_sql
    ),
    "sqlalchemy": _sqlalchemy,
    "django.db.utils": _by_cause,
    **dict.fromkeys(("redis", "valkey"), _redis),
    **dict.fromkeys(
        (
            "urllib3",
            "requests",
            "httpx",
            "httpcore",
            "h11",
            "h2",
            "aiohttp",
            "yarl",
            "idna",
            "http",
            "urllib",
        ),
        _http,
    ),
    **dict.fromkeys(("botocore", "boto3", "aiobotocore", "s3transfer", "pynamodb"), _aws),
    **dict.fromkeys(("pymongo", "bson", "gridfs", "motor"), _mongodb),
    **dict.fromkeys(("pydantic", "pydantic_core"), _pydantic),
}
"""Whose exceptions are whose: a class by its full name, a package or a module by its name."""

_FURTHER_LIBRARIES = frozenset(
    (
        "json",
        "simplejson",
        "orjson",
        "ujson",
        "marshmallow",
        "fastjsonschema",
        "jsonschema",
        "requests_toolbelt",
    )
)
"""Packages whose messages hold no values, or are the user's, but whose attributes refer to documents."""

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
    " msg line last_parsed validator_value hide_parameters ismulti detail_messages full_msg _pool field_name"
)
_ATTRIBUTES_OF_LIBRARIES = frozenset(_ATTRIBUTES_OF_LIBRARIES_TEXT.split())
"""Attributes that libraries set on their exceptions, hence on those of the user's subclasses."""
