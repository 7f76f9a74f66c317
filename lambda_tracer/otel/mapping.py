"""The mapping: what a span of OpenTelemetry says becomes the fields of a subsegment.

Which attribute says what, `conventions` has; X-Ray's places for it are in `names`, `blocks` and `values`, and what is
never recorded is in `privacy`. docs/reference/opentelemetry-mapping.md is the same as a table.
"""

from __future__ import annotations

from .. import guard, recording, settings
from ..encode import name as names_of_xray
from ..encode.json_text import dumps
from ..guard import Late
from ..safe import safe_str, type_name
from ..trace.w3c import trace_id_of
from ..xray import MAX_LINKS, MAX_NAME
from . import blocks, names, privacy, values
from .conventions import COMMANDS
from .described import MAX_ATTRIBUTES, MAX_EVENTS
from .facts import Facts, items_of, number_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..patches.sql import dialects
    from ..patches.sql import text as sql_text
    from ..trace.subsegment import Subsegment
    from . import errors
    from .described import Attributes, Described, Kind, Link
else:
    errors = Late("lambda_tracer.otel.errors")  # only where something failed
    sql_text = Late("lambda_tracer.patches.sql.text")  # 3 ms, for statements
    dialects = Late("lambda_tracer.patches.sql.dialects")

MAX_LINK_BYTES = 500
"""The attributes of one link, in JSON: a link is never cut out of a document that is too large."""


def begin_name(name: str, kind: Kind, attributes: Attributes) -> tuple[str, str]:
    """The name and the namespace under which a span is opened. Never raises."""
    try:
        return _names(text_of(name), kind.name, Facts(attributes or {}))
    except Exception as error:
        guard.failed(error)
        return "unnamed", "local"


def describe(subsegment: Subsegment, described: Described) -> None:
    """Put what a span says into its subsegment, which is about to close; not into one that has ended. Never raises.

    Exceptions that were recorded themselves are in its `cause` already (`errors.record`), and not among the events.
    """
    try:
        if subsegment.end_time is None:
            _describe(subsegment, described)
    except Exception as error:
        guard.failed(error)


def _names(own: str, kind: str, facts: Facts) -> tuple[str, str]:
    name = names.name_as_patched(own, kind, facts)[: 10 * MAX_NAME]
    return names_of_xray.clean_name(name), names.namespace_of(kind, facts) or "local"


def _describe(subsegment: Subsegment, described: Described) -> None:
    kind, own = described.kind.name, text_of(described.name)
    attributes, left_out = _bounded(described.attributes)
    facts = Facts(attributes)
    subsegment.name, subsegment.namespace = _names(own, kind, facts)
    # In this order: what one of them says, the next does not repeat.
    status = None
    if attributes:
        status = _put_http(subsegment, facts)
        _put_sql(subsegment, facts)
        _put_aws(subsegment, facts)
    if described.status_code == "ERROR" and not (status is not None and 400 <= status < 500):
        subsegment.add_fault_flag()
    events: list[Any] = []
    if described.events or "exception" in facts.areas:
        events = _put_exceptions(subsegment, described, facts, kind)
    if described.status_code == "ERROR" or subsegment.cause is not None:
        _put_failure(subsegment, described, facts, kind)
    if attributes:
        for key, value in values.annotations_of(facts).items():
            subsegment.put_annotation(key, value)
        for namespace, entries in values.namespaces_of(facts).items():
            shown = {key: privacy.shown(safe_str(key), value) for key, value in entries.items()}
            _put(subsegment, shown, "default" if namespace.startswith("AWS.") else namespace)
    # Within a handler the spans of what serves requests are INTERNAL: they have a parent.
    told = privacy.kept(facts.left, serves=kind in ("SERVER", "INTERNAL")) if facts.left else {}
    if own and own != subsegment.name and own not in _said(subsegment, told):
        told["otel.span.name"] = own
    if events:
        told["events"] = events
    if told:
        _put(subsegment, told, "default")
    _count(subsegment, "attributes_left_out", left_out)
    _count(subsegment, "events_left_out", len(described.events) - MAX_EVENTS)
    if described.links:
        _put_links(subsegment, list(described.links))


def _count(subsegment: Subsegment, what: str, count: int) -> None:
    if count > 0:
        subsegment.metadata.setdefault("lambda_tracer", {})[what] = count


def _said(subsegment: Subsegment, told: dict[str, Any]) -> tuple[Any, ...]:
    """What is in the document already, of which libraries make the names of their spans."""
    method = (subsegment.given_http or {}).get("request", {}).get("method")
    operation = (subsegment.given_aws or {}).get("operation")
    of_database = told.get("db.operation.name"), told.get("db.operation")
    return (method, f"{subsegment.name}.{operation}", *of_database)


def _called(facts: Facts) -> str:
    """What the span is about that may fail in words of its own: a database's system, `aws`, `http` or nothing."""
    if facts.is_aws:
        return "aws"
    if "db" in facts.areas:
        return facts.peek_text("database system") or "db"
    return "" if facts.areas.isdisjoint(("http", "url")) else "http"


def _bounded(attributes: Attributes) -> tuple[Attributes, int]:
    """The first attributes, and how many are left out."""
    if len(attributes) <= MAX_ATTRIBUTES:
        return attributes, 0
    items = list(attributes.items())
    return dict(items[:MAX_ATTRIBUTES]), len(items) - MAX_ATTRIBUTES


# The blocks


def _put_http(subsegment: Subsegment, facts: Facts) -> int | None:
    """The block, and the flags that its status stands for; returns that."""
    block = blocks.http_of(facts)
    request, response = block.get("request", {}), block.get("response", {})
    if "client_ip" in request and not settings.client_ip():
        del request["client_ip"]
    for key, value in request.items():
        subsegment.put_http_meta(key, value)
    for key, value in response.items():
        number = number_of(value)
        if number is not None:
            subsegment.put_http_meta(key, number)
    return number_of(response.get("status"))


def _put_sql(subsegment: Subsegment, facts: Facts) -> None:
    sql = blocks.sql_of(facts)
    if sql:
        query = sql.pop("sanitized_query", "")
        if query and recording.default.stream_sql and guard.can_load(sql_text):
            dialect = dialects.DIALECTS.get(sql["database_type"], sql_text.UNKNOWN)
            sql["sanitized_query"] = sql_text.sanitized(query, dialect)
        if "connection_string" in sql:
            sql["connection_string"] = privacy.connection_of(sql["connection_string"])
        subsegment.set_sql({key: text for key, text in sql.items() if text})
        return
    if "db" not in facts.areas:
        return
    # Of what is no SQL, the text has the values in it.
    text = facts.take("query text")
    command = privacy.command_of(text) if facts.peek_text("database system") in COMMANDS else ""
    if command and facts.peek("database operation") is None:
        facts.left["db.operation.name"] = command
    if facts.peek("connection string") is not None:
        facts.left["db.connection_string"] = privacy.connection_of(facts.take_text("connection string"))


def _put_aws(subsegment: Subsegment, facts: Facts) -> None:
    aws = blocks.aws_of(facts)
    # An object's key is no name of a thing, as in our patches.
    aws.pop("key", None)
    tables = items_of(aws.get("table_names")) or ()
    if len(tables) == 1 and "table_name" not in aws:
        aws["table_name"] = aws.pop("table_names")[0]
    if facts.is_aws:
        region = facts.take_text("cloud region")
        if region:
            aws.setdefault("region", region)
        retries = number_of(facts.take("retries"))
        if retries:
            aws["retries"] = retries
    if aws:
        subsegment.set_aws({**subsegment.aws, **{key: _plain(value) for key, value in aws.items()}})


def _plain(value: Any) -> Any:
    """A text without a query if it is a URL, or a list of texts: nothing that could hold more."""
    items = items_of(value)
    if items is not None:
        return [text_of(item) for item in items[: privacy.MAX_ITEMS]]
    is_number = privacy.is_number(value) or type(value) is bool
    return value if is_number else privacy.shown("", text_of(value) or type_name(value))


# What happened


def _put_exceptions(subsegment: Subsegment, described: Described, facts: Facts, kind: str) -> list[Any]:
    """Put exceptions that are known by their texts into the `cause`; returns the other events, as metadata."""
    told = [facts.left] if "exception" in facts.areas else []
    others: list[Any] = []
    for name, attributes, time_ns in list(described.events)[:MAX_EVENTS]:
        name = text_of(name)
        given, _ = _bounded(attributes or {})
        rest = dict(given)
        if name == "exception" and any(text_of(key).startswith("exception.") for key in rest):
            told.append({text_of(key): value for key, value in rest.items()})
            rest = {key: value for key, value in rest.items() if not text_of(key).startswith("exception.")}
            if not rest:
                continue
        event: dict[str, Any] = {"name": name[:MAX_LINK_BYTES]}
        if type(time_ns) is int:
            event["time"] = time_ns / 1e9
        if not privacy.is_event_of_content(name):
            kept = privacy.kept(Facts(rest).left)
            if kept:
                event["attributes"] = kept
        others.append(event)
    if told and guard.can_load(errors):
        for each in told:
            found = errors.cause_from_event(each, errors.is_remote(kind), subsegment.recorder.max_trace_back)
            errors.add(subsegment, found)
    return others


def _put_failure(subsegment: Subsegment, described: Described, facts: Facts, kind: str) -> None:
    """What a status says, where no exception is known; and that AWS throttles with a 400 as well."""
    if not guard.can_load(errors):
        return
    if subsegment.cause is None:
        said = text_of(described.status_description) or text_of(described.attributes.get("error.message"))
        error_type = text_of(described.attributes.get("error.type"))
        if said:
            errors.add_status(subsegment, said, error_type, _called(facts), errors.is_remote(kind))
    if facts.is_aws and errors.is_throttle(subsegment):
        subsegment.add_error_flag()
        subsegment.add_throttle_flag()


def _put(subsegment: Subsegment, entries: dict[Any, Any], namespace: str) -> None:
    """Metadata that nobody has put there for the trace: secrets in it are redacted."""
    subsegment.captured += tuple(
        [(namespace, key if type(key) is str else safe_str(key), value) for key, value in entries.items()]
    )


def _put_links(subsegment: Subsegment, links: list[Link]) -> None:
    for trace_id, span_id, attributes in links:
        if len(subsegment.links) >= MAX_LINKS:
            break
        if not (type(trace_id) is int and type(span_id) is int and 0 < trace_id < 1 << 128):
            continue
        given, _ = _bounded(attributes or {})
        kept = privacy.kept(Facts(given).left)
        if len(dumps(kept, is_captured=True)) > MAX_LINK_BYTES:
            kept = {}
        trace, span = trace_id_of(f"{trace_id:032x}"), f"{span_id & (1 << 64) - 1:016x}"
        subsegment.links += ((trace, span, kept) if kept else (trace, span),)
