"""Makes the same HTTP calls on one side and prints what was seen: `python -m tests.parity.http_side
powertools <port>`.

The libraries that both sides know, each patched as its users patch it; aiohttp, for which the X-Ray SDK
has no patch, by the trace config. The server listens on the given port of 127.0.0.1 and answers a call of
`/echo` with the trace header that it got.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.parity import lab, run_side

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "success": ("http://127.0.0.1:{port}/echo", {}),
    "not found": ("http://127.0.0.1:{port}/status/404", {}),
    "too many requests": ("http://127.0.0.1:{port}/status/429", {}),
    "server error": ("http://127.0.0.1:{port}/status/500", {}),
    "redirect": ("http://127.0.0.1:{port}/redirect/302/status/201", {}),
    "query": ("http://127.0.0.1:{port}/echo?token=hidden", {}),
    "credentials": ("http://user:hidden@127.0.0.1:{port}/echo", {}),
    "upper-case host": ("http://LocalHost:{port}/echo", {}),
    "refused": ("http://127.0.0.1:1/", {}),
    "connection closed": ("http://127.0.0.1:{port}/hangup", {"method": "POST"}),
    "post": ("http://127.0.0.1:{port}/echo", {"method": "POST"}),
    "own trace header": ("http://127.0.0.1:{port}/echo", {"headers": {"X-Amzn-Trace-Id": "Root=mine"}}),
    "unsampled": ("http://127.0.0.1:{port}/echo", {}),
    "no trace header": ("http://127.0.0.1:{port}/echo", {}),
    "pass-through header": ("http://127.0.0.1:{port}/echo", {}),
}
"""The URL of each case, and the arguments of the call."""

Answer = tuple[int, str]


def call_requests(url: str, method: str = "GET", headers: Any = None) -> Answer:
    import requests

    response = getattr(requests, method.lower())(url, headers=headers, timeout=10)
    return response.status_code, response.text


def call_httpx(url: str, method: str = "GET", headers: Any = None) -> Answer:
    import httpx

    with httpx.Client(follow_redirects=True, verify=False) as client:
        response = client.request(method, url, headers=headers)
    return response.status_code, response.text


def call_httplib(url: str, method: str = "GET", headers: Any = None) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc.rpartition("@")[2], timeout=10)
    try:
        connection.request(method, parts._replace(scheme="", netloc="").geturl(), headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def call_aiohttp(config: Callable[[], Any]) -> Callable[..., Answer]:
    import aiohttp

    async def call(url: str, method: str, headers: Any) -> Answer:
        async with (
            aiohttp.ClientSession(trace_configs=[config()]) as session,
            session.request(method, url, headers=headers) as response,
        ):
            return response.status, await response.text()

    return lambda url, method="GET", headers=None: asyncio.run(call(url, method, headers))


def main(side: str, port: str) -> None:
    daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    daemon.bind(("127.0.0.1", 0))
    daemon.setblocking(False)
    address = f"127.0.0.1:{daemon.getsockname()[1]}"
    # The X-Ray SDK looks for Lambda, and for the daemon, when it is imported.
    os.environ["AWS_XRAY_DAEMON_ADDRESS"] = address
    os.environ["LAMBDA_TASK_ROOT"] = "/var/task"
    logging.disable(logging.CRITICAL)
    api = {"powertools": run_side.powertools, "lambda_tracer": run_side.lambda_tracer}[side]()
    if side == "powertools":
        from aws_xray_sdk.core import patch
        from aws_xray_sdk.ext.aiohttp.client import aws_xray_trace_config as config
    else:
        from lambda_tracer import patch
        from lambda_tracer.patches.http.aiohttp import aiohttp_trace_config as config
    patch(["requests", "httpx", "httplib"])
    calls = {
        "requests": call_requests,
        "httpx": call_httpx,
        "httplib": call_httplib,
        "aiohttp": call_aiohttp(config),
    }
    seen = {}
    for library, call in calls.items():
        for case, (url, arguments) in CASES.items():
            laboratory = lab.Lab(api, address)
            if case == "unsampled":
                laboratory.invoke(sampled="0", rest=";Lineage=1:2")
            elif case == "no trace header":
                laboratory.header(None)
            elif case == "pass-through header":
                laboratory.header("Root=1-67891233-aaaaaaaaaaaaaaaaaaaaaaaa;Lineage=1:2")
            given = dict(arguments.get("headers") or {})
            with laboratory.recorder.in_subsegment("handler"):
                laboratory.attempt(
                    "the call",
                    call,
                    url.format(port=port),
                    **{**arguments, **({"headers": given} if given else {})},
                )
            laboratory.note("the caller's headers", given)
            seen[f"{library}: {case}"] = {"notes": laboratory.notes, "documents": run_side.received(daemon)}
            api.recorder.clear_trace_entities()
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
