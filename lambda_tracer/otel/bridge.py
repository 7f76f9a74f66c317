"""The bridge: stands in for the provider that the application has not set, and gives way to one that it sets.

`trace.get_tracer` gives a `ProxyTracer` until there is a provider, and libraries keep it for good. So these are what is
replaced: they start subsegments as long as the application has no provider of its own. Nothing is set that an
application could not set afterwards.
"""

from __future__ import annotations

import os
import sys

from ..patches import import_hook, nesting, replace
from . import beside, calls, context
from .provider import StandIn, Tracer, TracerProvider

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_TRACER = "_lambda_tracer_tracer"
"""The attribute of a `ProxyTracer` that has our tracer of its name."""

_PROVIDER = "_PROXY_TRACER_PROVIDER"

_MYSQL = "mysql.connector.opentelemetry.context_propagation"
"""Where MySQL's connector sends the current span with each statement, to servers that may not take it."""

_EXPORTERS = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Variables that say where an SDK is to send spans: somebody is going to set a provider."""

_SETS_PROVIDER = "_set_tracer_provider"
"""What sets a provider, whoever asks for that: `set_tracer_provider`, or the environment."""

_before: dict[str, Any] = {}  # what is put back
_of_api: dict[str, Any] = {}  # the names of `opentelemetry.trace`


def patch(module: ModuleType) -> None:
    """Patch `opentelemetry.trace`, or the module of what instruments libraries."""
    replace.replace(_targets(module))
    if module.__name__ == beside.INSTRUMENTOR:
        beside.step_back()
        return
    global _of_api
    _of_api = vars(module)
    proxy: Any = module.ProxyTracer
    theirs = vars(proxy).get("_tracer")
    if isinstance(theirs, property) and type(theirs) is not _Resolved:
        # What was decorated with a proxy's span before now asks for this.
        _before["_tracer"] = theirs
        proxy._tracer = _Resolved(theirs.fget)
    provider = getattr(module, _PROVIDER, None)
    if type(provider) is module.ProxyTracerProvider and not any(map(os.environ.get, _EXPORTERS)):
        _before[_PROVIDER] = provider
        setattr(module, _PROVIDER, StandIn())
    context.stand_around(is_off)
    nesting.others = calls.place_by_span
    import_hook.when_imported([_MYSQL], _keep_spans_from_mysql)
    beside.step_back()


def unpatch(module: ModuleType) -> None:
    """Undo `patch`."""
    from ..patches import undo

    undo.restore(_targets(module))
    if module.__name__ == beside.INSTRUMENTOR:
        return
    nesting.others = None
    undo.forget([_MYSQL])
    _give_spans_to_mysql(sys.modules.get(_MYSQL))
    beside.forget()
    context.give_way()
    proxy: Any = module.ProxyTracer
    if type(vars(proxy).get("_tracer")) is _Resolved:
        proxy._tracer = _before.pop("_tracer")
    if type(getattr(module, _PROVIDER, None)) is StandIn:
        setattr(module, _PROVIDER, _before.pop(_PROVIDER))


def is_off() -> bool:
    """Whether the application has a provider of its own."""
    provider = _of_api.get("_TRACER_PROVIDER")
    return provider is not None and type(provider) is not TracerProvider


def _targets(module: ModuleType) -> list[replace.Target]:
    if module.__name__ == beside.INSTRUMENTOR:
        kind: Any = module.BaseInstrumentor
        return [
            (kind, "instrument", beside.then_step_back),
            (kind, "uninstrument", beside.then_patch_again),
        ]
    targets: list[replace.Target] = [
        (module.ProxyTracer, "start_span", _start_span),
        (module.ProxyTracer, "start_as_current_span", _start_as_current_span),
    ]
    if hasattr(module, _SETS_PROVIDER):
        targets.append((module, _SETS_PROVIDER, beside.then_step_back))
    return targets


def _start_span(start_span: Callable[..., Any]) -> Callable[..., Any]:
    def start_subsegment(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_off():
            return start_span(self, *args, **kwargs)
        return _tracer_of(self).start_span(*args, **kwargs)

    return start_subsegment


def _start_as_current_span(start_as_current_span: Callable[..., Any]) -> Callable[..., Any]:
    def start_current_subsegment(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_off():
            return start_as_current_span(self, *args, **kwargs)
        made = _tracer_of(self).start_as_current_span(*args, **kwargs)
        made.other = lambda: start_as_current_span(self, *args, **kwargs) if is_off() else None
        return made

    return start_current_subsegment


def _tracer_of(proxy: Any) -> Tracer:
    attributes = vars(proxy)
    tracer: Tracer | None = attributes.get(_TRACER)
    if tracer is None:
        name = attributes.get("_instrumenting_module_name")
        tracer = attributes[_TRACER] = Tracer("" if name is None else name)
    return tracer


class _Resolved(property):
    """`ProxyTracer._tracer`: the tracer of the application's provider, or ours."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return super().__get__(instance, owner) if is_off() else _tracer_of(instance)


class _WithAnother:
    """What it was, where the application has a provider of its own; else false."""

    def __init__(self, before: object) -> None:
        self.before = before

    def __bool__(self) -> bool:
        return bool(self.before) and is_off()


def _keep_spans_from_mysql(_: str, module: Any) -> None:
    """Have it send no span of ours: a server that takes no attributes of queries has the connector warn at each."""
    if hasattr(module, "OTEL_ENABLED") and type(module.OTEL_ENABLED) is not _WithAnother:
        module.OTEL_ENABLED = _WithAnother(module.OTEL_ENABLED)


def _give_spans_to_mysql(module: Any) -> None:
    """Undo `_keep_spans_from_mysql`."""
    if type(getattr(module, "OTEL_ENABLED", None)) is _WithAnother:
        module.OTEL_ENABLED = module.OTEL_ENABLED.before
