"""lambda_tracer: traces Python functions on AWS Lambda for AWS X-Ray.

`Tracer` is what most code needs. `xray_recorder` and what follows it are for code written against the X-Ray
SDK.
"""

from __future__ import annotations

from .emitter import InvalidDaemonAddressException, UDPEmitter
from .recorder import Recorder, xray_recorder
from .settings import global_sdk_config
from .subsegment import Subsegment
from .trace_header import TraceHeader
from .tracer import Tracer

__version__ = "0.1.0"

patch = xray_recorder.patch
patch_all = xray_recorder.patch_all

__all__ = [
    # tracing a function
    "Tracer",
    # the recorder behind it
    "Recorder",
    "Subsegment",
    "TraceHeader",
    "xray_recorder",
    "global_sdk_config",
    "patch",
    "patch_all",
    # sending
    "InvalidDaemonAddressException",
    "UDPEmitter",
]
