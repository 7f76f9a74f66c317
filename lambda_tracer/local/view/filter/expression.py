"""What a filter expression says: a tree of terms that are true or false of a trace."""

from __future__ import annotations

from dataclasses import dataclass

Value = str | float | bool


@dataclass(frozen=True)
class All:
    """AND."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Any:
    """OR."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Not:
    """`!`."""

    term: Expression


@dataclass(frozen=True)
class Keyword:
    """A keyword alone: it is true, or it is set. With an operator: it compares to `value` in that way."""

    name: str
    """In small letters; of an annotation `annotation` alone."""
    key: str = ""
    """Of an annotation, as it is written."""
    operator: str = ""
    value: Value = ""


@dataclass(frozen=True)
class Name:
    """Which services are meant: all that have what is not None."""

    name: str | None = None
    type: str | None = None
    account_id: str | None = None


@dataclass(frozen=True)
class Service:
    """`service(name) {filter}`."""

    name: Name
    filter: Expression | None


@dataclass(frozen=True)
class Edge:
    """`edge(source, target) {filter}`."""

    source: Name
    target: Name
    filter: Expression | None


@dataclass(frozen=True)
class RootCause:
    """`rootcause.fault.entity {filter}`.

    `cause` is fault, error or responsetime, `part` service, entity or exception.
    """

    cause: str
    part: str
    filter: Expression | None


@dataclass(frozen=True)
class RootCauseJSON:
    """`rootcause.json = #[...]`: a root cause has what `pattern` has; what is not in it may be anything."""

    pattern: tuple[object, ...]


Expression = All | Any | Not | Keyword | Service | Edge | RootCause | RootCauseJSON
