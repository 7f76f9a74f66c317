"""Names of the X-Ray SDK and of Powertools, and what each of them is in lambda_tracer, or why it is nothing there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SDK = "aws_xray_sdk"
POWERTOOLS = "aws_lambda_powertools"
OURS = "lambda_tracer"

MOVED = {
    f"{POWERTOOLS}.Tracer": "Tracer",
    f"{POWERTOOLS}.tracing.Tracer": "Tracer",
    f"{POWERTOOLS}.tracing.tracer.Tracer": "Tracer",
    f"{POWERTOOLS}.tracing.aiohttp_trace_config": "aiohttp_trace_config",
    f"{POWERTOOLS}.tracing.extensions.aiohttp_trace_config": "aiohttp_trace_config",
    f"{SDK}.global_sdk_config": "global_sdk_config",
    f"{SDK}.core.xray_recorder": "xray_recorder",
    f"{SDK}.core.patch": "patch",
    f"{SDK}.core.patch_all": "patch_all",
    f"{SDK}.core.patcher.patch": "patch",
    f"{SDK}.core.patcher.patch_all": "patch_all",
    f"{SDK}.core.AWSXRayRecorder": "Recorder",
    f"{SDK}.core.recorder.AWSXRayRecorder": "Recorder",
    f"{SDK}.core.AsyncAWSXRayRecorder": "Recorder",
    f"{SDK}.core.async_recorder.AsyncAWSXRayRecorder": "Recorder",
    f"{SDK}.core.models.subsegment.Subsegment": "Subsegment",
    f"{SDK}.core.models.trace_header.TraceHeader": "TraceHeader",
    f"{SDK}.core.emitters.udp_emitter.UDPEmitter": "UDPEmitter",
    f"{SDK}.core.exceptions.exceptions.InvalidDaemonAddressException": "InvalidDaemonAddressException",
    f"{SDK}.core.utils.sqs_message_helper.SqsMessageHelper": "SqsMessageHelper",
    f"{SDK}.ext.aiohttp.client.aws_xray_trace_config": "aiohttp_trace_config",
}
"""What has an equal, which takes the same arguments."""

CONTEXTS = {
    f"{SDK}.core.context.Context",
    f"{SDK}.core.async_context.AsyncContext",
    f"{SDK}.core.lambda_launcher.LambdaContext",
}
"""What is only there to be given to `configure(context=...)`. Each task and thread of ours has its own without it."""

TRACED_MIDDLEWARE = f"{POWERTOOLS}.middleware_factory.lambda_handler_decorator"
"""With `trace_execution=True` it makes a Tracer of Powertools' own."""

NO_SEGMENT = (
    "makes no segment with lambda_tracer, and none with the X-Ray SDK in Lambda either. Code that runs elsewhere, and "
    "needs it, keeps the SDK"
)
"""What is to be said of `begin_segment` and its like."""

_INERT = f"{POWERTOOLS}.tracing.base"
"""Abstract classes, which record nothing."""

_COMPATIBLE = "or run it unchanged under lambda_tracer.compat"
NO_MIDDLEWARE = (
    "a captured handler is told the route and status by the framework, without a middleware. Take it out, "
    f"put one of lambda_tracer.web in its place on a server, {_COMPATIBLE}"
)

_STAYS = (
    (f"{SDK}.ext.aiohttp.middleware", NO_MIDDLEWARE),
    (f"{SDK}.ext.bottle", NO_MIDDLEWARE),
    (f"{SDK}.ext.django", NO_MIDDLEWARE),
    (f"{SDK}.ext.flask", NO_MIDDLEWARE),
    (f"{SDK}.ext.httplib.add_ignored", f"say Tracer.ignore_endpoint(...) instead, {_COMPATIBLE}"),
    (f"{SDK}.ext", f"the SDK's own patches have no equal: patch() names the library, {_COMPATIBLE}"),
    (
        f"{SDK}.core.models.segment",
        f"the segment is Lambda's, lambda_tracer makes none: take it out, {_COMPATIBLE}",
    ),
    (f"{SDK}.core.exceptions", f"lambda_tracer never raises it: take it out, {_COMPATIBLE}"),
    (f"{SDK}.core.context", f"lambda_tracer has no such context: take it out, {_COMPATIBLE}"),
    (f"{SDK}.core.sampling", f"Lambda decides what is sampled: take it out, {_COMPATIBLE}"),
    (f"{SDK}.core.plugins", f"they describe hosts, not functions: take it out, {_COMPATIBLE}"),
    (f"{SDK}.sdk_config.SDKConfig", f"take global_sdk_config instead, {_COMPATIBLE}"),
)

CONSTANTS = {
    f"{SDK}.core.models.http.{name}": value
    for name, value in {
        "URL": "url",
        "METHOD": "method",
        "USER_AGENT": "user_agent",
        "CLIENT_IP": "client_ip",
        "X_FORWARDED_FOR": "x_forwarded_for",
        "STATUS": "status",
        "CONTENT_LENGTH": "content_length",
        "XRAY_HEADER": "X-Amzn-Trace-Id",
        "ALT_XRAY_HEADER": "HTTP_X_AMZN_TRACE_ID",
    }.items()
}
"""Names of plain texts, which are written out: X-Ray's own names of fields, and of the header."""

RECORDER = frozenset(
    [
        "begin_segment",
        "begin_subsegment",
        "begin_subsegment_without_sampling",
        "capture",
        "capture_async",
        "clear_trace_entities",
        "configure",
        "context",
        "current_segment",
        "current_subsegment",
        "dynamic_naming",
        "emitter",
        "enabled",
        "end_segment",
        "end_subsegment",
        "get_trace_entity",
        "in_segment",
        "in_segment_async",
        "in_subsegment",
        "in_subsegment_async",
        "is_sampled",
        "max_trace_back",
        "patch",
        "patch_all",
        "put_annotation",
        "put_metadata",
        "record_subsegment",
        "record_subsegment_async",
        "sampler",
        "sampling",
        "service",
        "set_trace_entity",
        "stream_sql",
        "stream_subsegments",
        "streaming",
        "streaming_threshold",
    ]
)
"""What code finds on our recorder as on the SDK's."""

TRACER = frozenset(
    [
        "auto_patch",
        "capture_lambda_handler",
        "capture_method",
        "disabled",
        "ignore_endpoint",
        "patch",
        "provider",
        "put_annotation",
        "put_metadata",
        "service",
        "_reset_config",
    ]
)
"""What code finds on our Tracer as on Powertools'."""

ATTRIBUTES = {"xray_recorder": RECORDER, "Recorder": RECORDER, "Tracer": TRACER}
"""By our name: what may be asked of it."""

OF_SEGMENTS = frozenset(("begin_segment", "end_segment", "in_segment", "in_segment_async"))
"""What makes and ends segments, where they are one's own."""

NOT_TO_BE_MADE = frozenset(("Subsegment",))
"""Classes that are only asked about: ours take other arguments."""


@dataclass(frozen=True)
class Answer:
    """What a dotted path is.

    `moved`: `name` in lambda_tracer, for its first `length` parts. `constant`: the text `name`, in the same way.
    `context`: one of CONTEXTS. `module`: a module with names that move. `stays`: no equal, with the reason. `other`:
    none of our business.
    """

    kind: Literal["moved", "constant", "context", "module", "stays", "other"]
    name: str = ""
    length: int = 0
    reason: str = ""


_MODULES = {
    ".".join(parts[:end])
    for path in (*MOVED, *CONTEXTS, *CONSTANTS)
    for parts in [path.split(".")]
    for end in range(1, len(parts))
}


def look_up(path: str) -> Answer:
    """What `path`, beginning with `aws_xray_sdk` or `aws_lambda_powertools`, is."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        start = ".".join(parts[:end])
        if name := MOVED.get(start):
            return Answer("moved", name, end)
        if value := CONSTANTS.get(start):
            return Answer("constant", value, end)
        if start in CONTEXTS:
            return Answer("context", parts[end - 1], end)
    if path in _MODULES:
        return Answer("module", length=len(parts))
    if _is_below(path, f"{POWERTOOLS}.tracing") and not _is_below(path, _INERT):
        return Answer("stays", reason=f"Powertools' Tracer has it for itself: take it out, {_COMPATIBLE}")
    if parts[0] != SDK:
        return Answer("other")
    for start, reason in _STAYS:
        if _is_below(path, start):
            return Answer("stays", reason=reason)
    if parts[-1].startswith("_") and not parts[-1].startswith("__"):
        return Answer(
            "stays", reason=f"a private name, which lambda_tracer does not have: take it out, {_COMPATIBLE}"
        )
    return Answer("stays", reason=f"lambda_tracer has no such name: take it out, {_COMPATIBLE}")


def refused_attribute(name: str, attribute: str) -> str:
    """Why `attribute` can't be asked of lambda_tracer's `name`; empty when it can."""
    known = ATTRIBUTES.get(name)
    if known is None or attribute in known or attribute.startswith("__"):
        return ""
    kind = "a private name" if attribute.startswith("_") else "a name"
    return f"{kind} that lambda_tracer.{name} does not have: take it out, {_COMPATIBLE}"


def _is_below(path: str, start: str) -> bool:
    return path == start or path.startswith(f"{start}.")
