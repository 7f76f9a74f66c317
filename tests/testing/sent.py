"""What the tests of traces read: the documents that the daemon got, or texts, as a captured invocation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lambda_tracer.testing.traces import Traces
from tests.conftest import Invocation
from tests.daemon import Daemon
from tests.documents import HEADER

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
SEGMENT = "53995c3f42cd8ad8"


@dataclass
class Sent:
    """One invocation of which these documents were sent."""

    documents: Sequence[str] = ()
    trace_id: str = ROOT
    parent_id: str = SEGMENT
    header: str = f"Root={ROOT};Parent={SEGMENT};Sampled=1"
    is_sampled: bool = True


@dataclass
class AllSent:
    """All invocations of a test."""

    invocations: list[Sent] = field(default_factory=list)


def sent(daemon: Daemon, *invocations: Invocation) -> Traces:
    """What the daemon got, by invocation; by the trace that the documents name where none is given."""
    texts = [datagram.removeprefix(HEADER).decode("utf-8") for datagram in daemon.datagrams()]
    if not invocations:
        return Traces(AllSent([of(texts)]))
    found = []
    for each in invocations:
        own = [text for text in texts if json.loads(text)["trace_id"] == each.root]
        found.append(Sent(own, each.root, each.parent, each.header, "Sampled=1" in each.header))
    return Traces(AllSent(found))


def of(texts: list[str]) -> Sent:
    """An invocation that is known by its documents alone."""
    first = json.loads(texts[0])
    header = f"Root={first['trace_id']};Parent={first['parent_id']};Sampled=1"
    return Sent(texts, first["trace_id"], first["parent_id"], header)


def made(*documents: dict[str, Any]) -> Traces:
    """The traces of an invocation with these documents."""
    return Traces(AllSent([given(*documents)]))


def given(*documents: dict[str, Any]) -> Sent:
    """Documents that no recorder sends, or not in this order; what they leave out is given to them."""
    return Sent([json.dumps({**_given(each), **each}) for each in documents])


def _given(document: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {"trace_id": ROOT, "parent_id": SEGMENT, "type": "subsegment"}
    if "start_time" not in document:
        given["start_time"] = 1_700_000_000.0
    if not document.get("in_progress"):
        given["end_time"] = given.get("start_time", document.get("start_time"))
    return given
