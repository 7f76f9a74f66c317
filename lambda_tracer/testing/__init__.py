"""What the tests of a traced function need: what it sends, a context for its handler, and a process as new.

For test suites alone; nothing in a function imports this.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .. import guard, settings
from ..capture import event_loop, keeping
from ..clock import clock
from ..encode import name, redaction
from ..patches import undo
from ..patches.http import ignored
from ..sdk.recorder import Recorder, xray_recorder
from ..send.emitter import UDPEmitter
from ..trace import running, subsegment
from ..tracer import Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import traces as captured_traces
    from .lambda_context import LambdaContext
    from .traces import Traces
else:
    captured_traces = guard.Late("lambda_tracer.testing.traces")

__all__ = ["LambdaContext", "Traces", "capture_traces", "reset"]


def reset() -> None:
    """Make the tracer's state that of a new process; what is open or waits is forgotten, not sent.

    That is: the invocation and the current subsegment, whether the sandbox is cold, what Tracers share (`service`,
    `disabled`, `provider`...), the settings of `xray_recorder`, its socket, names of secrets, ignored endpoints, timed
    imports, the event loop of coroutine handlers, the clock, and which messages have been logged once. Libraries stay
    patched; `lambda_tracer.unpatch_all` is for these. Call it between tests, outside any traced call.
    """
    guard.reset()
    clock.reset()
    running.reset()
    settings.global_sdk_config.set_sdk_enabled(True)
    if isinstance(xray_recorder.emitter, UDPEmitter):
        xray_recorder.emitter.reset()
    Recorder.__init__(xray_recorder)  # what it has is set there and nowhere else
    xray_recorder.clear_trace_entities()
    Tracer._reset_config()
    redaction.configure(None)
    ignored.reset()
    name.known.clear()
    subsegment.known_namespaces.clear()
    undo.stop_timing()
    event_loop.close()
    keeping.reset()
    for used in ("sampling.decision", "plugins.host"):
        module = sys.modules.get(f"lambda_tracer.segments.{used}")
        if module is not None:
            module.reset()


@contextmanager
def capture_traces(
    *,
    sampled: bool = True,
    header: str | None = None,
    cold_start: bool = True,
    redact: Iterable[str] | bool | None = None,
    force: bool = False,
    valid: bool = True,
) -> Iterator[captured_traces.Traces]:
    """Have tracing on in a `with` block, as in Lambda, and look at what was sent; see `Traces`.

    What the fixture `traces` is for pytest, this is for unittest and everything else. Each call of the handler is an
    invocation of its own. Nothing reaches the network, and afterwards everything is as before.

    `sampled`: whether the invocations are. `header`: the trace header for all of them; an empty text is none.
    `cold_start`: whether the first call finds a new sandbox. `redact`: further names of secrets, as in `Tracer`.
    `force`: also turn on what `Tracer(disabled=True)`, `POWERTOOLS_TRACE_DISABLED` or `AWS_XRAY_SDK_ENABLED` keep off.
    `valid`: at the end of the block, raise AssertionError if X-Ray would not take what was sent.
    """
    from .capture import Capture

    capture = Capture(sampled=sampled, header=header, cold_start=cold_start, redact=redact, force=force)
    traces = captured_traces.Traces(capture)
    capture.begin()
    try:
        yield traces
    finally:
        capture.end()
    if valid:
        traces.assert_valid()


def __getattr__(name: str) -> object:
    # With what shows a trace, these cost more than all that `reset` needs.
    if name == "LambdaContext":
        from .lambda_context import LambdaContext

        return LambdaContext
    if name == "Traces":
        from .traces import Traces

        return Traces
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
