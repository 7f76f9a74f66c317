"""A function beside another tracer: `program.py THEIRS ORDER`, in a process of its own, since they change it for good.

ORDER is which of the two patches first. The handler runs three times: patched, after `unpatch_all()`, and patched
again; then as often in an invocation that is not sampled. What it returned each time is printed as JSON, one line each.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NOBODY = "http://127.0.0.1:9"
"""Where no agent listens."""


class Server(BaseHTTPRequestHandler):
    """Answers as DynamoDB's ListTables does, and anything else with an empty object."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b'{"TableNames": ["orders"]}')

    def do_GET(self) -> None:
        self._answer(b"{}")

    def log_message(self, *args: Any) -> None: ...

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("x-amzn-RequestId", "request")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def nothing() -> None:
    """No other tracer: what the others are compared with."""


def x_ray_sdk() -> None:
    from aws_xray_sdk.core import patch_all

    send_nowhere()
    patch_all()


def powertools() -> None:
    from aws_lambda_powertools import Tracer

    send_nowhere()
    Tracer(service="theirs")


def send_nowhere() -> None:
    """What the X-Ray SDK sends is not for our daemon, which looks at what we send."""
    from aws_xray_sdk.core import xray_recorder

    # An address that it is given would give way to that of the environment.
    xray_recorder.emitter._ip, xray_recorder.emitter._port = "127.0.0.1", 9


def sentry() -> None:
    import sentry_sdk
    from sentry_sdk.transport import Transport

    drops = type("Drops", (Transport,), {"capture_envelope": lambda self, envelope: None})
    sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", transport=drops, traces_sample_rate=1.0)


def datadog() -> None:
    os.environ.update(
        DD_TRACE_AGENT_URL=NOBODY,
        DD_INSTRUMENTATION_TELEMETRY_ENABLED="false",
        DD_REMOTE_CONFIGURATION_ENABLED="false",
        # Where gevent is installed it puts copies in the place of modules: the `threading` above would be another one.
        DD_UNLOAD_MODULES_FROM_SITECUSTOMIZE="0",
    )
    logging.getLogger("ddtrace").setLevel(logging.CRITICAL)
    import ddtrace.auto  # noqa: F401


def new_relic() -> None:
    os.environ.update(NEW_RELIC_DEVELOPER_MODE="true", NEW_RELIC_LICENSE_KEY="x" * 40)
    import newrelic.agent

    newrelic.agent.initialize()
    # Else a thread of theirs asks the clouds' addresses for what it runs on, and that is recorded as any request.
    utilization = newrelic.agent.global_settings().utilization
    for name in vars(utilization):
        if name.startswith("detect_"):
            setattr(utilization, name, False)
    newrelic.agent.register_application(timeout=0)


def opentelemetry() -> None:
    from opentelemetry import trace
    from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
    from opentelemetry.instrumentation.requests import RequestsInstrumentor
    from opentelemetry.instrumentation.threading import ThreadingInstrumentor
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider())
    for instrumentor in (ThreadingInstrumentor, BotocoreInstrumentor, RequestsInstrumentor):
        instrumentor().instrument()


def main(theirs: str, order: str) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    if order == "theirs":
        globals()[theirs]()
    from lambda_tracer import Tracer, unpatch_all

    tracer = Tracer(service="shop")
    if order == "ours":
        globals()[theirs]()

    @tracer.capture_method
    def work(value: int) -> int:
        return value

    class Worker(threading.Thread):
        def run(self) -> None:
            self.result = work(2)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> list[Any]:
        # What is patched is imported here: their hooks and ours run one after the other.
        import sqlite3
        import urllib.request
        from concurrent.futures import ThreadPoolExecutor

        import boto3
        import requests
        from botocore.exceptions import ClientError

        seen: list[Any] = []
        thread = threading.Thread(target=lambda: seen.append(work(1)))
        thread.start()
        thread.join(5)
        worker = Worker()
        worker.start()
        worker.join(5)
        seen.append(worker.result)
        seen.append(raised(thread.start, RuntimeError))
        with ThreadPoolExecutor(2) as pool:
            seen.append(pool.submit(work, 3).result(5))
            seen += pool.map(work, [4])
        client = boto3.client("dynamodb", endpoint_url=url)
        seen += client.list_tables()["TableNames"]
        seen.append(raised(client.get_item, Exception))
        seen.append(requests.get(url, timeout=5).status_code)
        seen.append(raised(lambda: requests.get(NOBODY, timeout=5), requests.ConnectionError))
        connection = sqlite3.connect(":memory:")
        seen.append(connection.execute("select 7").fetchone()[0])
        seen.append(raised(lambda: connection.execute("selekt"), sqlite3.OperationalError))
        seen.append(urllib.request.urlopen(url).status)
        assert issubclass(ClientError, Exception)
        return seen

    for sampled in "10":
        os.environ["_X_AMZN_TRACE_ID"] = os.environ["_X_AMZN_TRACE_ID"].replace(
            "Sampled=1", f"Sampled={sampled}"
        )
        print(json.dumps(handler({}, None)))
        unpatch_all()
        print(json.dumps(handler({}, None)))
        Tracer(service="shop")
        print(json.dumps(handler({}, None)), flush=True)
    os._exit(0)  # their threads may wait for an agent that is not there


def raised(call: Any, kind: type[BaseException]) -> str:
    try:
        call()
    except kind as error:
        return type(error).__name__
    return "nothing"


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    main(*sys.argv[1:])
