"""A span as X-Ray's document: a segment for what serves a request or has nothing above it, else a subsegment.

The rules are those of AWS's exporter
(https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/awsxrayexporter), in the old and
the new names of attributes.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from lambda_tracer.local.receive.documents import Document
from lambda_tracer.local.receive.otlp.exceptions import REFERENCE, cause_of
from lambda_tracer.local.receive.otlp.span import CLIENT, CONSUMER, ERROR, PRODUCER, SERVER, Span

MAX_NAME_CHARACTERS = 200

IN_PROGRESS = "aws.xray.inprogress"
"""An attribute of spans that were made of documents: every span has an end, but what it stands for goes on."""

_NOT_IN_NAMES = re.compile(r"[^\w\s.:/%&#=+@-]")
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_.]")

_ORIGINS = {
    "aws_lambda": "AWS::Lambda::Function",
    "aws_ec2": "AWS::EC2::Instance",
    "aws_ecs": "AWS::ECS::Container",
    "aws_eks": "AWS::EKS::Container",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
    "aws_app_runner": "AWS::AppRunner::Service",
}

_SQL = frozenset(
    [
        "sql",
        "mysql",
        "postgresql",
        "mariadb",
        "mssql",
        "microsoft.sql_server",
        "oracle",
        "oracle.db",
        "sqlite",
        "db2",
        "ibm.db2",
        "redshift",
        "aws.redshift",
        "cockroachdb",
        "h2",
        "hsqldb",
        "derby",
        "hive",
        "other_sql",
    ]
)
"""Systems of databases that are asked in SQL."""

_SHORT_FACTS = ("messaging.destination.name", "error.type", "gen_ai.request.model")


class _Attributes:
    """A span's attributes, each of which is used once: what is left is metadata."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        self.left = dict(attributes)

    def text(self, *names: str) -> str:
        """The first of them that is there; they are all used up."""
        return _text(self.value(*names))

    def value(self, *names: str) -> Any:
        """The same, whatever it is."""
        found = [self.left.pop(name, None) for name in names]
        return next((value for value in found if value not in (None, "")), None)


def document_of(span: Span) -> Document:
    """The document that X-Ray would make of it."""
    attributes = _Attributes(span.attributes)
    is_segment = span.kind == SERVER or not span.parent_id
    document: Document = {
        "id": span.span_id,
        "trace_id": f"1-{span.trace_id[:8]}-{span.trace_id[8:]}",
        "name": "",
        "start_time": span.start_ns / 1e9,
    }
    is_in_progress = attributes.value(IN_PROGRESS) is True
    if span.end_ns and not is_in_progress:
        document["end_time"] = span.end_ns / 1e9
    else:
        document["in_progress"] = True
    if span.parent_id:
        document["parent_id"] = span.parent_id
    if not is_segment:
        document["type"] = "subsegment"
    namespace = "" if is_segment else _namespace(span)
    if namespace:
        document["namespace"] = namespace
    document["name"] = _name(span, is_segment)
    # In this order: what one of them says, the next does not repeat.
    status = _status(span)
    blocks = {
        "http": _http(attributes),
        "sql": _sql(attributes),
        "aws": _aws(attributes, span, is_segment),
    }
    document |= {name: block for name, block in blocks.items() if block}
    _set_flags(document, span, status)
    attributes.value(REFERENCE)  # `cause_of` reads it
    cause = cause_of(span)
    if cause is not None:
        document["cause"] = cause
    user = attributes.text("enduser.id", "user.id")
    if user:
        document["user"] = user
    if is_segment:
        platform = _text(span.resource.get("cloud.platform"))
        if platform in _ORIGINS:
            document["origin"] = _ORIGINS[platform]
    annotations = _annotations(attributes)
    if annotations:
        document["annotations"] = annotations
    metadata = _metadata(attributes, span, is_segment, document["name"])
    if metadata:
        document["metadata"] = metadata
    if span.links:
        document["links"] = [
            {
                "trace_id": f"1-{link.trace_id[:8]}-{link.trace_id[8:]}",
                "id": link.span_id,
                **({"attributes": link.attributes} if link.attributes else {}),
            }
            for link in span.links
        ]
    return document


def _namespace(span: Span) -> str:
    attributes = span.attributes
    if attributes.get("rpc.system") == "aws-api" or attributes.get("aws.service"):
        return "aws"
    is_remote = span.kind == CLIENT or (
        span.kind in (PRODUCER, CONSUMER) and bool(attributes.get("aws.remote.service"))
    )
    return "remote" if is_remote else ""


def _name(span: Span, is_segment: bool) -> str:
    attributes, resource = span.attributes, span.resource
    if is_segment:
        service = _text(resource.get("service.name"))
        known = "" if service.startswith("unknown_service") else service
        # Of a segment that is no server, as a script that calls others, the local service is its own name, too.
        candidates = [_text(attributes.get("aws.local.service")), known, span.name]
    elif span.kind in (CLIENT, PRODUCER, CONSUMER):
        first = ("aws.remote.service", "peer.service")
        candidates = [_text(attributes.get(name)) for name in first]
        if _namespace(span) == "aws":
            service = _text(attributes.get("rpc.service") or attributes.get("aws.service"))
            candidates.append(service)
        candidates.append(_database(attributes))
        hosts = ("server.address", "http.host", "net.peer.name")
        candidates += [_text(attributes.get(name)) for name in hosts]
        candidates.append(span.name)
    else:
        candidates = [span.name]
    name = next((text for text in candidates if text), "") or "(no name)"
    if not is_segment:
        for prefix in ("AWS::", "AWS.SDK."):
            name = name.removeprefix(prefix)
    return _NOT_IN_NAMES.sub("_", name)[:MAX_NAME_CHARACTERS]


def _database(attributes: dict[str, Any]) -> str:
    database = _text(attributes.get("db.namespace") or attributes.get("db.name"))
    host = _text(attributes.get("server.address") or attributes.get("net.peer.name"))
    return f"{database}@{host}" if database and host else database


def _status(span: Span) -> int:
    value = span.attributes.get("http.response.status_code", span.attributes.get("http.status_code"))
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _set_flags(document: Document, span: Span, status: int) -> None:
    if status == 429:
        document["throttle"] = True
    if 400 <= status < 500:
        document["error"] = True
    elif status >= 500 or span.status == ERROR:
        document["fault"] = True


def _http(attributes: _Attributes) -> dict[str, Any]:
    request: dict[str, Any] = {}
    method = attributes.text("http.request.method", "http.method")
    if method:
        request["method"] = method
        url = _url(attributes)
        if url:
            request["url"] = url
    agent = attributes.text("user_agent.original", "http.user_agent")
    if agent:
        request["user_agent"] = agent
    client = attributes.text("client.address", "http.client_ip")
    if client:
        request["client_ip"] = client
    response: dict[str, Any] = {}
    status = attributes.value("http.response.status_code", "http.status_code")
    if status is not None:
        response["status"] = status
    length = attributes.value("http.response.body.size", "http.response_content_length")
    if length is not None:
        response["content_length"] = length
    return {name: block for name, block in (("request", request), ("response", response)) if block}


def _url(attributes: _Attributes) -> str:
    """Without query and credentials; put together where it is not given whole."""
    whole = attributes.text("url.full", "http.url")
    scheme = attributes.text("url.scheme", "http.scheme") or "http"
    host = attributes.text("http.host", "server.address", "net.host.name", "net.peer.name")
    port = attributes.value("server.port", "net.host.port", "net.peer.port")
    path = attributes.text("url.path", "http.target")
    attributes.value("url.query")
    if not whole and host:
        is_usual = port in (None, {"http": 80, "https": 443}.get(scheme)) or ":" in host
        whole = f"{scheme}://{host}{'' if is_usual else f':{port}'}{path}"
    try:
        parts = urlsplit(whole or path)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _sql(attributes: _Attributes) -> dict[str, Any]:
    system = _text(attributes.left.get("db.system.name") or attributes.left.get("db.system"))
    if system not in _SQL:
        return {}
    attributes.value("db.system.name", "db.system")
    found = {"database_type": system}
    for key, names in {
        "user": ("db.user",),
        "sanitized_query": ("db.query.text", "db.statement"),
        "connection_string": ("db.connection_string",),
    }.items():
        text = attributes.text(*names)
        if text:
            found[key] = text
    if "connection_string" in found:
        found["connection_string"] = re.sub(r"(?<=//)[^/@]*@", "", found["connection_string"])
    return found


def _aws(attributes: _Attributes, span: Span, is_segment: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    is_call = _namespace(span) == "aws"
    for key, names in {
        "operation": ("aws.operation", "rpc.method") if is_call else ("aws.operation",),
        "region": ("aws.region",),
        "request_id": ("aws.request_id", "aws.requestId", "aws.request.id"),
        "queue_url": ("aws.queue_url", "aws.queue.url", "aws.sqs.queue.url"),
        "table_name": ("aws.table_name", "aws.table.name"),
        "table_names": ("aws.dynamodb.table_names",),
        "bucket_name": ("aws.s3.bucket",),
        "key": ("aws.s3.key",),
    }.items():
        value = attributes.value(*names)
        if value is not None:
            found[key] = value
    if is_call:
        attributes.value("rpc.system", "rpc.service", "aws.service")
    if is_segment:
        for key, name in (("account_id", "cloud.account.id"), ("region", "cloud.region")):
            if _text(span.resource.get(name)):
                found.setdefault(key, _text(span.resource[name]))
        language = _text(span.resource.get("telemetry.sdk.language"))
        sdk = _text(span.resource.get("telemetry.sdk.name")) or "opentelemetry"
        version = _text(span.resource.get("telemetry.sdk.version"))
        found["xray"] = {"sdk": f"{sdk} for {language}" if language else sdk, "sdk_version": version}
        arn = _text(attributes.value("aws.lambda.invoked_arn", "faas.id", "cloud.resource_id"))
        if arn.startswith("arn:aws:lambda:"):
            found["function_arn"] = arn
    return found


def _annotations(attributes: _Attributes) -> dict[str, Any]:
    """What `aws.xray.annotations` lists, and a few short facts."""
    listed = attributes.value("aws.xray.annotations")
    keys = [key for key in listed if isinstance(key, str)] if isinstance(listed, list) else []
    keys += _SHORT_FACTS
    keys += [key for key in attributes.left if key.startswith("gen_ai.usage.")]
    found = {}
    for key in dict.fromkeys(keys):
        value = attributes.left.get(key)
        if isinstance(value, (str, int, float)):
            found[_NOT_IN_KEYS.sub("_", key)] = attributes.value(key) if value != "" else ""
    return found


def _metadata(attributes: _Attributes, span: Span, is_segment: bool, name: str) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for key in [key for key in attributes.left if key.startswith("aws.xray.metadata.")]:
        value = attributes.left.pop(key)
        try:
            value = json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            pass  # a text it is
        namespace = key.removeprefix("aws.xray.metadata.")
        found[namespace] = value if isinstance(value, dict) else {"value": value}
    default = found.setdefault("default", {})
    default |= attributes.left
    if span.name and span.name != name:
        default["otel.span.name"] = span.name
    events = [
        {"time": event.time_ns / 1e9, "name": event.name, "attributes": event.attributes}
        for event in span.events
        if event.name != "exception"
    ]
    if events:
        default["events"] = events
    if span.scope:
        default["otel.scope.name"] = span.scope
    if is_segment:
        default |= {f"otel.resource.{name}": value for name, value in span.resource.items()}
    return {namespace: values for namespace, values in found.items() if values}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
