"""One invocation of a handler that our Tracer records with the X-Ray SDK's recorder; prints the documents it sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any


def main() -> None:
    daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    daemon.bind(("127.0.0.1", 0))
    daemon.setblocking(False)
    os.environ["AWS_XRAY_DAEMON_ADDRESS"] = f"127.0.0.1:{daemon.getsockname()[1]}"
    os.environ["LAMBDA_TASK_ROOT"] = "/var/task"
    os.environ["_X_AMZN_TRACE_ID"] = f"Root=1-67891233-{'a' * 24};Parent={'f' * 16};Sampled=1"

    from aws_xray_sdk.core import xray_recorder

    from lambda_tracer import Tracer, guard

    guard.reraise = True
    xray_recorder.configure(streaming_threshold=0)
    tracer = Tracer(service="payment", provider=xray_recorder, auto_patch=False)

    @tracer.capture_method
    async def fetch() -> str:
        await asyncio.sleep(0)
        return "fetched"

    @tracer.capture_method
    def rows() -> Iterator[int]:
        yield 1
        yield 2

    @tracer.capture_method
    def fails() -> None:
        raise ValueError("declined")

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        with contextlib.suppress(ValueError):
            fails()
        return [asyncio.run(fetch()), list(rows())]

    handler({}, None)
    documents = []
    with contextlib.suppress(BlockingIOError):
        while True:
            documents.append(json.loads(daemon.recv(70_000).partition(b"\n")[2]))
    json.dump(documents, sys.stdout)


if __name__ == "__main__":
    main()
