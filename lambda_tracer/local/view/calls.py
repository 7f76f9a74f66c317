"""Who called whom in a trace: visits of services, and the calls between them.

As X-Ray draws it: a segment is a visit of the service of its name; a subsegment with a namespace is a call, of the
segment below it or, where none came, of a service that is inferred from the subsegment's own name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lambda_tracer.local.receive.documents import mapping, text
from lambda_tracer.local.view.joined_trace import MISSING, SEGMENT, Entry, JoinedTrace


@dataclass(eq=False, slots=True)
class Visit:
    """One time that a service did something: `type` as X-Ray names it, empty where nothing says it."""

    name: str
    type: str
    entry: Entry
    is_root: bool = False
    is_inferred: bool = False


@dataclass(eq=False, slots=True)
class Call:
    """One call of `target` by `source`; `entry` says how it went from the caller's side, as far as that is known."""

    source: Visit
    target: Visit
    entry: Entry


@dataclass(eq=False, slots=True)
class Calls:
    """All of one trace."""

    visits: list[Visit] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


def calls_of(trace: JoinedTrace) -> Calls:
    """Those of a trace, worked out once for each change of it."""
    return trace.once(_calls)


def _calls(trace: JoinedTrace) -> Calls:
    entries = trace.entries
    found = Calls()
    # By entry: the visit that it is part of, and the call that it is part of.
    owners: dict[int, Visit] = {}
    callers: dict[int, Entry] = {}
    answered: set[int] = set()
    for entry in entries:
        parent = entry.parent
        if entry.kind == SEGMENT or parent is None:
            is_inferred = entry.node.document.get("inferred") is True
            visit = Visit(entry.service, _type(entry), entry, parent is None, is_inferred)
            found.visits.append(visit)
            owners[id(entry)] = visit
            if parent is not None:
                caller = callers.get(id(parent))
                answered.add(id(caller))
                found.calls.append(Call(owners[id(parent)], visit, caller or entry))
            continue
        owners[id(entry)] = owners[id(parent)]
        caller = entry if namespace(entry) else callers.get(id(parent))
        if caller is not None:
            callers[id(entry)] = caller
    for entry in entries:
        if entry.kind not in (SEGMENT, MISSING) and namespace(entry) and id(entry) not in answered:
            visit = Visit(entry.node.name, _inferred_type(entry), entry, is_inferred=True)
            found.visits.append(visit)
            found.calls.append(Call(owners[id(entry)], visit, entry))
    return found


def namespace(entry: Entry) -> str:
    """`aws` or `remote`; empty for what calls nobody."""
    value = entry.node.document.get("namespace")
    return value if value in ("aws", "remote") else ""


def _type(entry: Entry) -> str:
    return text(entry.node.document.get("origin"))


def _inferred_type(entry: Entry) -> str:
    if namespace(entry) == "aws":
        return f"AWS::{entry.node.name}"
    return "Database::SQL" if mapping(entry.node.document.get("sql")) else "remote"
