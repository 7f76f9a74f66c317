"""A span as X-Ray's document: a segment for what serves a request or has nothing above it, else a subsegment.

The rules are those of AWS's exporter
(https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/awsxrayexporter), in the old and
the new names of attributes.
"""

from __future__ import annotations

import re
from typing import Any

from lambda_tracer.local.receive.documents import Document, text
from lambda_tracer.local.receive.otlp.exceptions import REFERENCE, cause_of
from lambda_tracer.local.receive.otlp.span import ERROR, KINDS, SERVER, Span
from lambda_tracer.otel import blocks, names, values
from lambda_tracer.otel.facts import Facts
from lambda_tracer.xray import MAX_NAME

IN_PROGRESS = "aws.xray.inprogress"
"""An attribute of spans that were made of documents: every span has an end, but what it stands for goes on."""

_NOT_IN_NAMES = re.compile(r"[^\w\s.:/%&#=+@-]")

_USERS = ("enduser.id", "user.id")

_ORIGINS = {
    "aws_lambda": "AWS::Lambda::Function",
    "aws_ec2": "AWS::EC2::Instance",
    "aws_ecs": "AWS::ECS::Container",
    "aws_eks": "AWS::EKS::Container",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
    "aws_app_runner": "AWS::AppRunner::Service",
}


def document_of(span: Span) -> Document:
    """The document that X-Ray would make of it."""
    facts = Facts(span.attributes)
    is_segment = span.kind == SERVER or not span.parent_id
    document: Document = {
        "id": span.span_id,
        "trace_id": f"1-{span.trace_id[:8]}-{span.trace_id[8:]}",
        "name": "",
        "start_time": span.start_ns / 1e9,
    }
    is_in_progress = facts.left.pop(IN_PROGRESS, None) is True
    if span.end_ns and not is_in_progress:
        document["end_time"] = span.end_ns / 1e9
    else:
        document["in_progress"] = True
    if span.parent_id:
        document["parent_id"] = span.parent_id
    if not is_segment:
        document["type"] = "subsegment"
    namespace = "" if is_segment else names.namespace_of(KINDS.get(span.kind, ""), facts)
    if namespace:
        document["namespace"] = namespace
    document["name"] = _name(span, facts, is_segment)
    # In this order: what one of them says, the next does not repeat.
    status = facts.peek("status")
    found = {
        "http": blocks.http_of(facts),
        "sql": blocks.sql_of(facts),
        "aws": _aws(facts, span, is_segment),
    }
    document |= {name: block for name, block in found.items() if block}
    _set_flags(document, span, status)
    facts.left.pop(REFERENCE, None)  # `cause_of` reads it
    cause = cause_of(span)
    if cause is not None:
        document["cause"] = cause
    user = next(filter(None, (text(facts.left.pop(name, None)) for name in _USERS)), "")
    if user:
        document["user"] = user
    if is_segment:
        platform = text(span.resource.get("cloud.platform"))
        if platform in _ORIGINS:
            document["origin"] = _ORIGINS[platform]
    annotations = values.annotations_of(facts)
    if annotations:
        document["annotations"] = annotations
    metadata = _metadata(facts, span, is_segment, document["name"])
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


def _name(span: Span, facts: Facts, is_segment: bool) -> str:
    if is_segment:
        service = text(span.resource.get("service.name"))
        known = "" if service.startswith("unknown_service") else service
        # Of a segment that is no server, as a script that calls others, the local service is its own name, too.
        name = facts.peek_text("local service") or known or span.name
    else:
        name = names.name_of(span.name, KINDS.get(span.kind, ""), facts)
    return _NOT_IN_NAMES.sub("_", name or "(no name)")[:MAX_NAME]


def _set_flags(document: Document, span: Span, status: object) -> None:
    status = status if isinstance(status, int) and not isinstance(status, bool) else 0
    if status == 429:
        document["throttle"] = True
    if 400 <= status < 500:
        document["error"] = True
    elif status >= 500 or span.status == ERROR:
        document["fault"] = True


def _aws(facts: Facts, span: Span, is_segment: bool) -> dict[str, Any]:
    found = blocks.aws_of(facts)
    if is_segment:
        for key, name in (("account_id", "cloud.account.id"), ("region", "cloud.region")):
            if text(span.resource.get(name)):
                found.setdefault(key, text(span.resource[name]))
        language = text(span.resource.get("telemetry.sdk.language"))
        sdk = text(span.resource.get("telemetry.sdk.name")) or "opentelemetry"
        version = text(span.resource.get("telemetry.sdk.version"))
        found["xray"] = {"sdk": f"{sdk} for {language}" if language else sdk, "sdk_version": version}
        arns = [
            text(facts.left.pop(name, None))
            for name in ("aws.lambda.invoked_arn", "faas.id", "cloud.resource_id")
        ]
        arn = next(filter(None, arns), "")
        if arn.startswith("arn:aws:lambda:"):
            found["function_arn"] = arn
    return found


def _metadata(facts: Facts, span: Span, is_segment: bool, name: str) -> dict[str, Any]:
    found = values.namespaces_of(facts)
    default = found.setdefault("default", {})
    default |= facts.left
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
    return {namespace: entries for namespace, entries in found.items() if entries}
