"""lambda_tracer: traces Python functions on AWS Lambda for AWS X-Ray.

`Tracer` is what most code needs. `xray_recorder` and what follows it are for code written against the X-Ray
SDK.
"""

from __future__ import annotations

import gc

from . import bundle

# What is loaded here stays; looking through it meanwhile would take a fifth of the time.
_collects = gc.isenabled()
gc.disable()
try:
    if not bundle.use() and bundle.is_packed():
        from .bundle_rest import find_others

        find_others({})
    from .sdk.recorder import Recorder, xray_recorder
    from .send.emitter import UDPEmitter
    from .settings import global_sdk_config
    from .trace.header import TraceHeader
    from .trace.subsegment import Subsegment
    from .tracer import Tracer
finally:
    if _collects:
        gc.enable()

__version__ = "0.1.0"

patch = xray_recorder.patch
patch_all = xray_recorder.patch_all
unpatch = xray_recorder.unpatch
unpatch_all = xray_recorder.unpatch_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .patches.http.aiohttp import aiohttp_trace_config
    from .send.daemon_address import InvalidDaemonAddressException
    from .sqs import SqsMessageHelper

_ON_FIRST_USE = {
    "InvalidDaemonAddressException": "send.daemon_address",
    "SqsMessageHelper": "sqs",
    "aiohttp_trace_config": "patches.http.aiohttp",
}


def __getattr__(name: str) -> object:
    module = _ON_FIRST_USE.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_FIRST_USE})


__all__ = [
    # tracing a function
    "Tracer",
    # the recorder behind it
    "Recorder",
    "Subsegment",
    "TraceHeader",
    "xray_recorder",
    "SqsMessageHelper",
    "global_sdk_config",
    "patch",
    "patch_all",
    "unpatch",
    "unpatch_all",
    # the HTTP client that may be traced by hand
    "aiohttp_trace_config",
    # sending
    "InvalidDaemonAddressException",
    "UDPEmitter",
]
