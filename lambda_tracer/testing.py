"""What the tests of a traced function need: each begins as the first one of a process does.

For test suites alone; nothing in a function imports this.
"""

from __future__ import annotations

import sys

from . import guard, settings
from .capture import event_loop
from .clock import clock
from .encode import name, redaction
from .patches.http import ignored
from .sandbox import import_times
from .sdk.recorder import Recorder, xray_recorder
from .send.emitter import UDPEmitter
from .trace import running, subsegment
from .tracer import Tracer


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
    redaction.reset()
    ignored.reset()
    name.known.clear()
    subsegment.known_namespaces.clear()
    import_times.stop()
    event_loop.close()
    for used in ("sampling.decision", "plugins.host"):
        module = sys.modules.get(f"lambda_tracer.segments.{used}")
        if module is not None:
            module.reset()
