"""When spans are sent, and what is never turned into any."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from lambda_tracer import UDPEmitter, guard, xray_recorder
from lambda_tracer.send.otlp.request import Requests
from lambda_tracer.xray import PREAMBLE
from tests.conftest import Invoke
from tests.logged import messages
from tests.programs import run
from tests.send.otlp.wire import Wire, parsed, values

CHOSEN = """
import socket
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 0))
os.environ.update(LAMBDA_TASK_ROOT="/", AWS_XRAY_DAEMON_ADDRESS="127.0.0.1:%d" % receiver.getsockname()[1])
Tracer(service="s", auto_patch=False, disabled=False)
for word in ("", "xray", " OTLP "):
    os.environ["LAMBDA_TRACER_WIRE"] = word
    xray_recorder.emitter.reset()
    invoke(1)
    with xray_recorder.in_subsegment("work"):
        pass
    loaded = sorted(name for name in sys.modules if name.startswith(("lambda_tracer.send.otlp", "google.protobuf")))
    print(receiver.recv(65535)[30:33], len(loaded))
"""


def test_nothing_of_it_is_loaded_where_it_is_not_chosen() -> None:
    assert run(CHOSEN).splitlines() == ["b'{\"t' 0", "b'{\"t' 0", "b'T1S' 5"]


def test_another_word_is_reported_once_and_documents_are_sent(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_WIRE", "otel")
    with xray_recorder.in_subsegment("work"):
        pass

    [datagram] = wire.datagrams()
    assert json.loads(datagram.removeprefix(PREAMBLE.encode()))["name"] == "work"
    assert messages(caplog) == [("WARNING", "LAMBDA_TRACER_WIRE is neither xray nor otlp: xray holds")]


def test_an_emitter_of_the_users_gets_documents(wire: Wire) -> None:
    class Emitter:
        def __init__(self) -> None:
            self.entities: list[Any] = []

        def send_entity(self, entity: Any) -> None:
            self.entities.append(entity.serialize())

    emitter = Emitter()
    xray_recorder.configure(emitter=emitter)
    with xray_recorder.in_subsegment("work"):
        pass

    [text] = emitter.entities
    assert json.loads(text)["name"] == "work"
    assert wire.datagrams() == []


def test_an_unsampled_invocation_sends_nothing(wire: Wire, invoke: Invoke) -> None:
    invoke(sampled=0)
    with xray_recorder.in_subsegment("work"):
        pass

    assert wire.datagrams() == []


@pytest.mark.parametrize(
    "document",
    ['{"id":"53995c3f42cd8ad8","name":"segment","trace_id":"1-1-1","start_time":1}', "[]", "no JSON"],
)
def test_what_is_no_subsegment_is_sent_as_it_is(
    document: str, receiver: socket.socket, emitter: UDPEmitter
) -> None:
    assert emitter.send(document)

    assert receiver.recv(65_535) == (PREAMBLE + document).encode()


def test_a_document_of_which_no_spans_can_be_made_is_sent_as_it_is(
    receiver: socket.socket, emitter: UDPEmitter, caplog: pytest.LogCaptureFixture
) -> None:
    guard.reraise = False
    document = '{"id":"no id","name":"x","trace_id":"t","parent_id":"p","type":"subsegment","start_time":1}'

    assert emitter.send(document)
    assert receiver.recv(65_535) == (PREAMBLE + document).encode()
    [(level, message)] = messages(caplog)
    assert level == "WARNING"
    assert message.startswith(
        "lambda_tracer lost a part of the trace; the function is not affected: ValueError at"
    )
    assert (emitter.sent, emitter.failed) == (1, 0)


def test_a_document_counts_as_one_however_many_datagrams_it_becomes(wire: Wire) -> None:
    with xray_recorder.in_subsegment("handler") as handler:
        handler.put_metadata("fill", "x" * 14_000)
        with xray_recorder.in_subsegment("child") as child:
            child.put_metadata("fill", "x" * 46_000)

    assert (len(wire.sent), len(wire.datagrams())) == (1, 2)
    assert (wire.emitter.sent, wire.emitter.failed) == (1, 0)


def test_the_service_is_called_as_opentelemetrys_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "checkout")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")
    document = {
        **{"trace_id": "1-5759e988-bd862e3fe1be46a994272793", "parent_id": "53995c3f42cd8ad8"},
        **{"id": "53995c3f42cd8ad9", "type": "subsegment", "name": "x", "start_time": 1.5, "end_time": 2.5},
    }
    [datagram] = Requests().datagrams((PREAMBLE + json.dumps(document)).encode())
    [of_resource] = parsed(datagram).resource_spans
    attributes = values(of_resource.scope_spans[0].spans[0].attributes)

    assert values(of_resource.resource.attributes)["service.name"] == "checkout"
    assert attributes["aws.local.service"] == "checkout"
    assert attributes["aws.local.operation"] == "shop/FunctionHandler"
