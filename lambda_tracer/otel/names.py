"""Names: what a span is called in a trace, and the namespace that it is in."""

from __future__ import annotations

from ..patches.http.address import Address
from .conventions import SQL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .facts import Facts

_CALLS = ("CLIENT", "PRODUCER", "CONSUMER")


def namespace_of(kind: str, facts: Facts) -> str:
    """X-Ray's namespace of a span of that kind: `aws` or `remote`; empty for work of the function's own."""
    if facts.is_aws:
        return "aws"
    is_remote = kind == "CLIENT" or (kind in _CALLS and bool(facts.peek_text("remote service")))
    return "remote" if is_remote else ""


def name_of(own: str, kind: str, facts: Facts) -> str:
    """What AWS's exporter calls a span that is called `own`, not yet cleaned for X-Ray; it may be empty.

    A call has the name of what is called, everything else its own.
    """
    return _without_prefix((_of_call(facts) if kind in _CALLS else "") or own)


def name_as_patched(own: str, kind: str, facts: Facts) -> str:
    """`name_of`; where it has nothing but the span's own name, what our patches call such a call.

    Names such as `GET` say nothing of whom a library asks that tells the URL alone, and `localhost` nothing of what.
    """
    if kind == "SERVER":
        return facts.peek_text("local service") or own
    if kind not in _CALLS:
        return own
    system = facts.peek_text("database system") if "db" in facts.areas else ""
    if system and system not in SQL and not facts.is_aws and not _database(facts):
        host = facts.peek_text("database host")
        named = facts.peek_text("remote service") or facts.peek_text("peer")
        return named or (f"{system}@{host}" if host else system)
    name = _of_service(facts) or _host(facts)
    if not name and system and " " not in own:  # `SELECT`, `connect`
        name = ":memory:" if system == "sqlite" else system
    return _without_prefix(name or own)


def _of_call(facts: Facts) -> str:
    return _of_service(facts) or facts.peek_text("host")


def _of_service(facts: Facts) -> str:
    name = facts.peek_text("remote service") or facts.peek_text("peer")
    if not name and facts.is_aws:
        name = facts.peek_text("rpc service") or facts.peek_text("aws service")
    if not name and "db" in facts.areas:
        name = _database(facts)
    return name


def _host(facts: Facts) -> str:
    """The host without its port, also of a URL."""
    host = facts.peek_text("host")
    if not host and not facts.areas.isdisjoint(("http", "url")):
        return Address(facts.peek_text("url")).host
    return host.partition(":")[0] if host.count(":") == 1 else host


def _database(facts: Facts) -> str:
    database, host = facts.peek_text("database"), facts.peek_text("database host")
    return f"{database}@{host}" if database and host else database


def _without_prefix(name: str) -> str:
    return name.removeprefix("AWS::").removeprefix("AWS.SDK.")
