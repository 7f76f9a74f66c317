"""OpenTelemetry's API: spans that libraries and users start become subsegments.

Wraps: `ProxyTracer`, what `trace.get_tracer` gives as long as the application has set no provider of its own, and the
provider that stands for none, which gets `force_flush` and `shutdown`; the runtime context, so that the current span
and the current subsegment are one. Once the application sets a provider, its tracers do what they do without us.
Records: a subsegment for each span: see `mapping`.
Never records: what redaction takes from responses, and messages' values.
Propagates: nothing by itself. The span's context has the trace's id and the subsegment's, for propagators.
"""

from __future__ import annotations

from ..guard import Late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from . import bridge
else:
    bridge = Late("lambda_tracer.otel.bridge")  # imports OpenTelemetry


def patch(module: ModuleType) -> None:
    """Patch `opentelemetry.trace`, or the module of what instruments libraries."""
    bridge.patch(module)


def unpatch(module: ModuleType) -> None:
    """Undo `patch`."""
    bridge.unpatch(module)
