"""Which tracers a function has: none, ours, one that records the same once more, or one for another service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .finding import Finding
from .function import Function
from .source import Import, Source, argument, constant

SDK = "the X-Ray SDK"
POWERTOOLS = "Powertools' Tracer"

# What of the SDK records: its exceptions and models alone do not.
_SDK_RECORDS = (
    *(
        "xray_recorder",
        "patch",
        "patch_all",
        "AWSXRayRecorder",
        "AsyncAWSXRayRecorder",
        "ext",
        "core",
        "aws_xray_sdk",
    ),
    *("async_recorder", "recorder", "patcher"),
)

OTHERS = {
    "ddtrace": "Datadog",
    "datadog_lambda": "Datadog",
    "opentelemetry.sdk": "OpenTelemetry",
    "newrelic": "New Relic",
    "sentry_sdk": "Sentry",
    "elasticapm": "Elastic APM",
    "lumigo_tracer": "Lumigo",
    "epsagon": "Epsagon",
    "instana": "Instana",
    "logfire": "Logfire",
}
"""By the module: the tool that wraps the functions that we wrap, for a service of its own."""

_LAYERS = {
    "aws-otel-python": "OpenTelemetry",
    "AWSOpenTelemetryDistroPython": "OpenTelemetry",
    "opentelemetry-python": "OpenTelemetry",
    "Datadog-Python": "Datadog",
    "NewRelicPython": "New Relic",
    "SentryPythonServerlessSDK": "Sentry",
    "lumigo-python-tracer": "Lumigo",
    "elastic-apm-python": "Elastic APM",
}
_WRAPPERS = {
    "/opt/otel-instrument": "OpenTelemetry",
    "/opt/otel-handler": "OpenTelemetry",
    "/opt/datadog_wrapper": "Datadog",
    "/opt/python/bin/elasticapm-lambda": "Elastic APM",
    "/opt/newrelic_lambda_wrapper": "New Relic",
}
_HANDLERS = {
    "datadog_lambda.handler.handler": "Datadog",
    "newrelic_lambda_wrapper.handler": "New Relic",
    "sentry_sdk.integrations.init_serverless_sdk.sentry_lambda_handler": "Sentry",
    "/opt/python/lumigo_tracer/_handler._handler": "Lumigo",
}


_INSTALL = "call lambda_tracer.compat.install() before anything imports aws_xray_sdk"


class Use(NamedTuple):
    """Something that brings another tracer along: which one, and where."""

    tracer: str
    source: Source
    line: int
    name: str


def uses_ours(sources: list[Source]) -> bool:
    """Does any file import lambda_tracer?"""
    return any(
        each.name.partition(".")[0] == "lambda_tracer" for source in sources for each in source.imports
    )


def takes_over(function: Function, sources: list[Source]) -> bool:
    """Whether code with the X-Ray SDK's names runs on our recorder: then it is no second tracer.

    Nobody but our wrapper and our handler reads the variable.
    """
    return (function.has_wrapper and function.is_true("LAMBDA_TRACER_TAKE_OVER")) or any(
        _installs(source) for source in sources
    )


def _installs(source: Source) -> bool:
    """Whether a file calls `lambda_tracer.compat.install()`, and not after it has imported the X-Ray SDK."""
    lines = [call.lineno for call in source.calls if source.origin(call).startswith("lambda_tracer.compat")]
    return bool(lines) and not any(use.line < min(lines) for use in _recording(source))


def findings(
    function: Function, sources: list[Source], loaded: list[str], both: list[str]
) -> Iterator[Finding]:
    """What is said of a function's tracers.

    `loaded` are modules that its handler has imported, `both` libraries that the X-Ray SDK has patched beside us.
    """
    has_ours = uses_ours(sources) or function.has_wrapper
    recorded = [use for source in sources for use in _recording(source)]
    if not has_ours:
        yield from _none(function, recorded, sources)
        return
    if not takes_over(function, sources):
        yield from _two(function, recorded, sources, both)
    yield from _others(function, sources, loaded)


def _none(function: Function, recorded: list[Use], sources: list[Source]) -> Iterator[Finding]:
    if takes_over(function, sources):
        return
    first = recorded[0] if recorded else None
    instead = f"it has {first.tracer}, and " if first else ""
    handler = function.handler
    yield Finding(
        "no-tracer",
        f"Nothing of lambda_tracer traces this function: {instead}no file imports it, and no wrapper brings it.",
        "Import Tracer from lambda_tracer and decorate the handler, or set AWS_LAMBDA_EXEC_WRAPPER=/opt/lambda-tracer "
        "with the layer attached.",
        first.source.path if first else function.file,
        first.line if first else handler.line if handler is not None else function.line,
    )


def _two(
    function: Function, recorded: list[Use], sources: list[Source], both: list[str]
) -> Iterator[Finding]:
    take_over = "set LAMBDA_TRACER_TAKE_OVER=true" if function.has_wrapper else _INSTALL
    for use in recorded:
        yield Finding(
            "two-tracers",
            f"{use.name} brings {use.tracer} beside lambda_tracer: both record the same calls.",
            f"Import the name from lambda_tracer, or {take_over}, so that it runs on our recorder.",
            use.source.path,
            use.line,
        )
    setting = function.variables.get("POWERTOOLS_TRACE_MIDDLEWARES")
    if setting is not None and function.is_true("POWERTOOLS_TRACE_MIDDLEWARES"):
        yield Finding(
            "two-tracers",
            "POWERTOOLS_TRACE_MIDDLEWARES has Powertools record middlewares with the X-Ray SDK beside lambda_tracer.",
            f"Take the variable away, or {take_over}.",
            function.file,
            setting.line,
        )
    for source in sources:
        for call in source.calls:
            if constant(argument(call, "trace_execution")) is True:
                yield Finding(
                    "two-tracers",
                    "trace_execution=True has Powertools record the middleware with the X-Ray SDK, beside us.",
                    f"Take it away and decorate the middleware's own functions, or {take_over}.",
                    source.path,
                    call.lineno,
                )
    for library in both if not recorded else ():
        yield Finding(
            "two-tracers",
            f"Something that the handler imports has patched {library} with {SDK}: both record its calls.",
            "Find out what calls aws_xray_sdk's patch, and have it not do so.",
            function.file,
            function.line,
        )


def _others(function: Function, sources: list[Source], loaded: list[str]) -> Iterator[Finding]:
    found: dict[str, tuple[str, Source | None, int]] = {}
    for source in sources:
        for each in source.imports:
            if tool := _tool(each.name):
                found.setdefault(tool, (f"{each.name} is imported", source, each.line))
    wrapper = function.variables.get("AWS_LAMBDA_EXEC_WRAPPER")
    if wrapper is not None and wrapper.text in _WRAPPERS:
        found.setdefault(_WRAPPERS[wrapper.text], ("the exec wrapper starts it", None, wrapper.line))
    handler = function.handler
    if handler is not None and handler.text in _HANDLERS:
        found.setdefault(_HANDLERS[handler.text], (f"{handler.text} is the handler", None, handler.line))
    for layer in function.layers:
        for part, tool in _LAYERS.items():
            if part in (layer.text or ""):
                found.setdefault(tool, ("a layer brings it", None, layer.line))
    for name in loaded:
        if tool := _tool(name):
            found.setdefault(tool, (f"the handler loads {name}", None, function.line))
    for tool, (how, at, line) in found.items():
        yield Finding(
            "other-tracer",
            f"{tool} wraps the same functions as lambda_tracer ({how}): each call costs both.",
            "Nothing is lost by it; keep both if you look at both, or take one away.",
            at.path if at is not None else function.file,
            line,
        )


def _tool(module: str) -> str:
    return next((tool for name, tool in OTHERS.items() if f"{module}.".startswith(f"{name}.")), "")


def _recording(source: Source) -> Iterator[Use]:
    """What in a file records into X-Ray without us, once for each line."""
    seen = set()
    for each in source.imports:
        tracer = _records(each, source)
        if tracer and each.line not in seen:
            seen.add(each.line)
            yield Use(tracer, source, each.line, each.name)
    for call in source.calls:  # import aws_lambda_powertools; aws_lambda_powertools.Tracer()
        origin = source.origin(call)
        is_theirs = origin == "aws_lambda_powertools.Tracer" and "aws_lambda_powertools" in source.names
        if is_theirs and argument(call, "provider") is None and call.lineno not in seen:
            seen.add(call.lineno)
            yield Use(POWERTOOLS, source, call.lineno, origin)


def _records(each: Import, source: Source) -> str:
    parts = each.name.split(".")
    if parts[0] == "aws_xray_sdk" and (parts[-1] in _SDK_RECORDS or "ext" in parts):
        return SDK
    if parts[0] == "aws_lambda_powertools" and parts[-1] == "Tracer" and not _has_provider(source, each.name):
        return POWERTOOLS
    return ""


def _has_provider(source: Source, tracer: str) -> bool:
    """Whether every Tracer of Powertools that a file makes records with a recorder that it is given."""
    made = [call for call in source.calls if source.origin(call) == tracer]
    return bool(made) and all(argument(call, "provider") is not None for call in made)
