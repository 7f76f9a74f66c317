"""Runs every scenario on one side and prints what was seen, as JSON: `python -m tests.parity.run_side powertools`.

One process a side, because both cannot share one: each has a recorder, switches and patches that belong to
the process. The documents go over a real UDP socket, as they would to the X-Ray daemon.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import pkgutil
import socket
import sys
from typing import Any

from tests.parity import lab, scenarios


def powertools() -> lab.Api:
    """Powertools' Tracer on the X-Ray SDK."""
    import aws_lambda_powertools.tracing.tracer as tracing
    from aws_xray_sdk import global_sdk_config
    from aws_xray_sdk.core import xray_recorder
    from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
    from aws_xray_sdk.core.models.trace_header import TraceHeader

    emitter = xray_recorder.emitter

    def reset() -> None:
        tracing.Tracer._reset_config()  # type: ignore[no-untyped-call]  # published without types
        tracing.is_cold_start = True
        global_sdk_config.set_sdk_enabled(True)
        xray_recorder.clear_trace_entities()
        xray_recorder.configure(streaming_threshold=0, max_trace_back=10, stream_sql=True, emitter=emitter)
        xray_recorder.service = None

    return lab.Api(tracing.Tracer, xray_recorder, TraceHeader, global_sdk_config, UDPEmitter, reset)


def compatible() -> lab.Api:
    """Powertools' Tracer on the X-Ray SDK's names, which are ours."""
    from lambda_tracer import compat, guard
    from lambda_tracer.trace import running

    guard.reraise = True
    compat.install()
    api = powertools()
    emitter = api.recorder.emitter

    def reset() -> None:
        running.reset()
        api.recorder.__init__()
        api.reset()
        emitter.reset()

    return api._replace(reset=reset)


def lambda_tracer() -> lab.Api:
    """Ours. A bug of the tracer's own is raised, so that it shows as a difference."""
    from lambda_tracer import (
        Recorder,
        TraceHeader,
        Tracer,
        UDPEmitter,
        global_sdk_config,
        guard,
        xray_recorder,
    )
    from lambda_tracer.trace import running

    guard.reraise = True

    def reset() -> None:
        # What the last scenario left open is forgotten, not sent when the next one begins.
        running.reset()
        Recorder.__init__(xray_recorder)
        Tracer._reset_config()
        xray_recorder.clear_trace_entities()

    return lab.Api(Tracer, xray_recorder, TraceHeader, global_sdk_config, UDPEmitter, reset)


def main(side: str) -> None:
    daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    daemon.bind(("127.0.0.1", 0))
    daemon.setblocking(False)
    address = f"127.0.0.1:{daemon.getsockname()[1]}"
    # The X-Ray SDK looks for Lambda, and for the daemon, when it is imported.
    os.environ["AWS_XRAY_DAEMON_ADDRESS"] = address
    os.environ["LAMBDA_TASK_ROOT"] = "/var/task"
    logging.disable(logging.CRITICAL)
    api = {"powertools": powertools, "lambda_tracer": lambda_tracer, "compatible": compatible}[side]()
    for module in pkgutil.iter_modules(scenarios.__path__):
        importlib.import_module(f"{scenarios.__name__}.{module.name}")
    seen = {}
    for name, scenario in lab.SCENARIOS.items():
        laboratory = lab.Lab(api, address)
        try:
            scenario.run(laboratory)
        except BaseException as error:  # SystemExit too: it must not end the run
            laboratory.notes["ended with"] = lab.shown(error)
        seen[name] = {"notes": laboratory.notes, "documents": received(daemon)}
    json.dump(seen, sys.stdout)


def received(daemon: socket.socket) -> list[Any]:
    """Every document that has arrived. On the loopback a datagram has arrived when it has been sent."""
    documents: list[Any] = []
    while True:
        try:
            datagram = daemon.recv(70_000)
        except BlockingIOError:
            return documents
        head, _, body = datagram.partition(b"\n")
        assert json.loads(head) == {"format": "json", "version": 1}
        documents.append(shallow(json.loads(body)))


def shallow(value: Any, levels: int = 40) -> Any:
    """The value without what lies deeper: what the X-Ray SDK makes of a cycle is nested too deeply to be compared."""
    if not levels:
        return "<deeper>"
    if isinstance(value, dict):
        return {key: shallow(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [shallow(item, levels - 1) for item in value]
    return value


if __name__ == "__main__":
    main(sys.argv[1])
