"""`LAMBDA_TRACER_WIRE=otlp`: what the recorder sends as documents, as spans in the form in which ADOT sends them.

Each test has both: the documents, and the spans that were made of them, as `opentelemetry-proto` and the local view
read them.
"""

from __future__ import annotations

import base64
import json
import logging
import socket
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import hypothesis
import pytest
import requests
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lambda_tracer import Tracer, UDPEmitter, guard, patch, unpatch_all, xray_recorder
from lambda_tracer.local.receive.documents import body_of, problems_of
from lambda_tracer.local.receive.otlp.received import in_text
from lambda_tracer.send.otlp.calls import remote
from lambda_tracer.send.otlp.request import MAX_REQUEST_BYTES, Requests
from lambda_tracer.trace.subsegment import Subsegment
from lambda_tracer.xray import PREAMBLE
from tests.conftest import Invoke
from tests.documents import Document
from tests.local.view.senders import Here
from tests.logged import messages
from tests.programs import run
from tests.tree import tree

HEAD = b'{"format":"json","version":1}\nT1S'
ADOT = Path(__file__).parents[1] / "local" / "view" / "adot_datagrams.txt"
MAX_UDP_BYTES = 65_507

tracer = Tracer(service="payment", disabled=False, auto_patch=False)


class Wire:
    """A recorder's emitter that sends as `UDPEmitter` does, to a socket of the loopback, and keeps the documents."""

    def __init__(self, receiver: socket.socket) -> None:
        self.receiver = receiver
        self.sent: list[Document] = []
        self.emitter = UDPEmitter()

    def send(self, document: str) -> bool:
        self.sent.append(json.loads(document))
        return self.emitter.send(document)

    def datagrams(self) -> list[bytes]:
        """What has arrived since the last call. On the loopback it is there when it is sent."""
        found = []
        try:
            while True:
                found.append(self.receiver.recv(65_535, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return found

    def spans(self) -> list[Any]:
        """Protobuf's own reading of it."""
        found = []
        for datagram in self.datagrams():
            of_resource = parsed(datagram).resource_spans
            found += [span for each in of_resource for scope in each.scope_spans for span in scope.spans]
        return found

    def documents(self) -> list[Document]:
        """The view's reading of it."""
        return [
            received.document
            for datagram in self.datagrams()
            for received in in_text(body_of(datagram) or b"")
        ]


def parsed(datagram: bytes) -> Any:
    assert datagram.startswith(HEAD)
    assert len(datagram) <= MAX_UDP_BYTES
    request = ExportTraceServiceRequest()
    data = base64.b64decode(datagram[len(HEAD) :], validate=True)
    assert len(data) <= MAX_REQUEST_BYTES
    request.ParseFromString(data)
    return request


def values(attributes: Any) -> dict[str, Any]:
    """Attributes of protobuf's as values of Python's; no name comes twice."""
    found = {attribute.key: value(attribute.value) for attribute in attributes}
    assert len(found) == len(attributes)
    return found


def value(any_value: Any) -> Any:
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value(item) for item in any_value.array_value.values]
    return getattr(any_value, kind)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        receiver.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{receiver.getsockname()[1]}")
        monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_VERSION", "7")
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        monkeypatch.setenv("LAMBDA_TRACER_WIRE", "otlp")
        yield receiver


@pytest.fixture
def wire(receiver: socket.socket, invoke: Invoke) -> Iterator[Wire]:
    """What the shared recorder sends, in a sampled invocation."""
    invoke()
    wire = Wire(receiver)
    xray_recorder.emitter.reset()
    xray_recorder.configure(emitter=wire)
    yield wire
    wire.emitter.reset()


@pytest.fixture
def emitter(receiver: socket.socket) -> Iterator[UDPEmitter]:
    emitter = UDPEmitter()
    yield emitter
    emitter.reset()


class Shop(BaseHTTPRequestHandler):
    """Whatever is asked, it answers by the status that the path ends with."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"{}"
        self.send_response(int(self.path[-3:]) if self.path[-3:].isdigit() else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", "request-1")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


EVENT = {
    "version": "2.0",
    "routeKey": "GET /pay",
    "rawPath": "/pay",
    "headers": {"host": "shop.example", "user-agent": "curl/8"},
    "requestContext": {"http": {"method": "GET", "path": "/pay"}, "domainName": "shop.example"},
}


class Declined(Exception):
    pass


@tracer.capture_method
def check(amount: int) -> None:
    try:
        raise LookupError("no account \u00fc")
    except LookupError as error:
        raise Declined("amount must be positive") from error


def pay(address: str) -> dict[str, Any]:
    """A handler that does something of every kind."""
    tracer.put_annotation("Order", "A-1 \U0001f600")
    tracer.put_annotation("Weight", 2.5)
    tracer.put_annotation("Count", -(1 << 40))
    tracer.put_metadata("basket", {"items": [1, None, {"\u00e9": True}], "note": 'a "quote"\n'})
    tracer.put_metadata("x", [], "other")
    with xray_recorder.in_subsegment("linked") as linked:
        linked.links = (("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"),)
    for path in ("/items/7?token=secret", "/items/404", "/items/429", "/items/503"):
        requests.get(address + path, timeout=60)
    connection = sqlite3.connect(":memory:")
    connection.execute("SELECT 1")
    connection.close()
    table = boto3.client(
        "dynamodb", "eu-west-1", endpoint_url=address, aws_access_key_id="a", aws_secret_access_key="b"
    )
    table.get_item(TableName="orders", Key={"id": {"S": "1"}})
    with xray_recorder.in_subsegment("redis@cache", "remote") as redis:
        redis.put_metadata("command", "GET", "redis")
    with xray_recorder.in_subsegment("shop@mongo", "remote") as mongo:
        mongo.put_annotation("mongodb_command_name", "find")
    with xray_recorder.in_subsegment("mine") as mine:
        mine.add_error_flag()
    with pytest.raises(Declined):
        outer()
    return {"statusCode": 502}


@tracer.capture_method
def outer() -> None:
    check(1)


@pytest.fixture
def paid(wire: Wire, shop: str) -> Iterator[Wire]:
    """The wire behind an invocation of `pay`."""
    patch(["requests", "sqlite3", "boto3"])

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> dict[str, Any]:
        return pay(shop)

    lambda_handler(EVENT, None)
    yield wire
    unpatch_all()


# --- The same, on the other wire ------------------------------------------------------------------------------


def flat(documents: list[Document]) -> list[Document]:
    """Each subsegment as the document of its own that a span is."""
    found = []
    for top in documents:
        waiting = [{**top}]
        while waiting:
            current = waiting.pop()
            for child in current.pop("subsegments", []):
                own = {"trace_id": top["trace_id"], "parent_id": current["id"], "type": "subsegment"}
                waiting.append({**child, **own})
            found.append(current)
    return sorted(found, key=lambda each: str(each["id"]))


def alike(documents: list[Document]) -> list[Document]:
    """What counts: with times in microseconds, and without what is said by being left out."""
    found = []
    for document in flat(documents):
        document = json.loads(json.dumps(document))
        for key in ("start_time", "end_time"):
            if key in document:
                document[key] = round(document[key] * 1e6)
        if document.get("namespace") == "local":
            del document["namespace"]
        if document.get("in_progress") is False:
            del document["in_progress"]
        sql = document.get("sql", {})
        if "database_type" in sql:
            sql["database_type"] = sql["database_type"].lower().removesuffix("3")
        cause = document.get("cause")
        for exception in cause["exceptions"] if isinstance(cause, dict) else ():
            exception.setdefault("message", "")
            exception.setdefault("stack", [])
        found.append(document)
    return found


def test_the_view_reads_the_documents_that_the_spans_were_made_of(paid: Wire) -> None:
    documents = paid.documents()

    assert alike(documents) == alike(paid.sent)
    assert tree(flat(documents)).text == tree(flat(paid.sent)).text
    assert [problem for document in documents for problem in problems_of(document)] == []


def test_the_view_shows_the_same_tree(paid: Wire) -> None:
    here = Here()
    try:
        for datagram in paid.datagrams():
            here.send_raw(datagram)
        trace_id = paid.sent[0]["trace_id"]
        here.await_documents(trace_id, len(flat(paid.sent)))
        nodes = here.get(f"/api/traces/{trace_id}")["nodes"]
    finally:
        here.close()

    expected = {(each["name"], each["id"], each["parent_id"]) for each in flat(paid.sent)}
    above = paid.sent[0]["parent_id"]  # Lambda's segment, in whose place the view puts one
    shown = {(node["name"], node["id"], node["parent"]) for node in nodes if node["id"] != above}
    assert shown == expected


def test_the_spans_say_what_application_signals_asks_for(paid: Wire, shop: str) -> None:
    spans = paid.spans()
    by_name = {span.name: values(span.attributes) for span in spans}
    host = shop.removeprefix("http://")
    handler = next(span for span in spans if span.name == "## lambda_handler")
    local = {
        "aws.local.service": "shop",
        "aws.local.operation": "shop/FunctionHandler",
        "aws.local.environment": "lambda:default",
    }

    assert all(local.items() <= values(span.attributes).items() for span in spans)
    assert (handler.kind, values(handler.attributes)["aws.span.kind"], handler.flags) == (
        2,
        "LOCAL_ROOT",
        0x301,
    )
    assert {span.kind for span in spans if span is not handler} == {1, 3}
    assert {
        (span.name, calls["aws.remote.service"], calls["aws.remote.operation"])
        for span in spans
        if span.kind == 3
        for calls in [values(span.attributes)]
    } == {
        ("127.0.0.1", host, "GET /items"),
        (":memory:", "sqlite", "SELECT"),
        ("dynamodb", "AWS::DynamoDB", "GetItem"),
        ("redis@cache", "redis", "GET"),
        ("shop@mongo", "mongodb", "find"),
    }
    assert by_name["dynamodb"]["aws.remote.resource.type"] == "AWS::DynamoDB::Table"
    assert by_name["dynamodb"]["aws.remote.resource.identifier"] == "orders"
    assert by_name["## lambda_handler"]["Order"] == "A-1 \U0001f600"
    assert {"Order", "Weight", "Count", "ColdStart", "Service"} <= set(
        by_name["## lambda_handler"]["aws.xray.annotations"]
    )
    assert json.loads(by_name["## lambda_handler"]["aws.xray.metadata.other"]) == {"x": []}
    assert by_name["## lambda_handler"]["http.status_code"] == 502
    assert "secret" not in str(spans)


@pytest.mark.parametrize(
    ("name", "blocks", "service", "operation"),
    [
        ("s3", {"aws": {"operation": "PutObject"}}, "AWS::S3", "PutObject"),
        ("athena", {"aws": {"operation": "GetTable"}}, "AWS::Athena", "GetTable"),
        ("states", {"aws": {"operation": "StartExecution"}}, "AWS::StepFunctions", "StartExecution"),
        ("bedrock-runtime", {"aws": {}}, "AWS::BedrockRuntime", "UnknownRemoteOperation"),
        ("lambda", {"aws": {"operation": "Invoke", "function_name": "pay"}}, "pay", "Invoke"),
        (
            "lambda",
            {"aws": {"operation": "Invoke", "function_name": "arn:aws:lambda:eu-west-1:1:function:pay:live"}},
            "pay",
            "Invoke",
        ),
        ("lambda", {"aws": {"operation": "ListFunctions"}}, "AWS::Lambda", "ListFunctions"),
        ("shop@db", {"sql": {"database_type": "PostgreSQL"}}, "postgresql", "UnknownRemoteOperation"),
        ("db", {"sql": {"sanitized_query": "\n  select\n* from a"}}, "other_sql", "SELECT"),
        ("db", {"sql": {"sanitized_query": "/* no word */ select"}}, "other_sql", "UnknownRemoteOperation"),
        ("mine", {}, "mine", "UnknownRemoteOperation"),
        ("a.b", {"http": {"request": {"method": "GET", "url": "https://a.b"}}}, "a.b", "GET /"),
        ("a.b", {"http": {"request": {"method": "PUT", "url": "https://a.b/c?d=/e"}}}, "a.b", "PUT /c"),
        ("redis", {"metadata": {"redis": {"commands": ["GET"], "count": 2}}}, "redis", "PIPELINE"),
    ],
)
def test_a_service_has_the_name_that_adot_gives_it(
    name: str, blocks: dict[str, Any], service: str, operation: str
) -> None:
    namespace = "aws" if "aws" in blocks else "remote"
    found = remote({"name": name, "namespace": namespace, **blocks})

    assert (found["aws.remote.service"], found["aws.remote.operation"]) == (service, operation)


@pytest.mark.parametrize(
    ("name", "aws", "kind", "identifier"),
    [
        ("sqs", {"queue_url": "https://sqs.eu-west-1.amazonaws.com/1/orders"}, "AWS::SQS::Queue", "orders"),
        ("sns", {"topic_arn": "arn:aws:sns:eu-west-1:1:paid"}, "AWS::SNS::Topic", "paid"),
        ("s3", {"bucket_name": "files"}, "AWS::S3::Bucket", "files"),
        ("s3", {}, None, None),
    ],
)
def test_what_a_call_was_about_is_named(
    name: str, aws: dict[str, str], kind: str | None, identifier: str | None
) -> None:
    found = remote({"name": name, "namespace": "aws", "aws": aws})

    assert found.get("aws.remote.resource.type") == kind
    assert found.get("aws.remote.resource.identifier") == identifier


def test_exceptions_are_events_with_the_stack_as_python_writes_it(paid: Wire) -> None:
    spans = {span.name.rpartition(".")[2]: span for span in paid.spans()}
    first, second = spans["check"].events
    described, cause = values(first.attributes), values(second.attributes)

    assert (first.name, first.time_unix_nano) == ("exception", spans["check"].end_time_unix_nano)
    assert described["exception.type"] == "Declined"
    lines = described["exception.stacktrace"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2].startswith('  File "test_otlp.py", line ')
    assert lines[-2].endswith(", in check")
    assert lines[-1] == "Declined: amount must be positive"
    assert described["aws.xray.exception.cause"] == cause["aws.xray.exception.id"]
    assert cause["exception.message"] == "no account \u00fc"
    assert (spans["check"].status.code, spans["check"].status.message) == (
        2,
        "Declined: amount must be positive",
    )
    # What it passed through refers to it, and says the same.
    assert list(spans["outer"].events) == []
    assert spans["outer"].status.message == "Declined: amount must be positive"
    assert values(spans["outer"].attributes)["aws.xray.exception.id"] == described["aws.xray.exception.id"]


def test_links_are_links(paid: Wire) -> None:
    [linked] = [span for span in paid.spans() if span.name == "linked"]

    assert [(link.trace_id.hex(), link.span_id.hex()) for link in linked.links] == [
        ("5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8")
    ]


def test_a_span_has_what_adots_has(wire: Wire, shop: str) -> None:
    """Field by field, and attribute by attribute, where the recorded one is of the same call."""
    head, body = ADOT.read_bytes().splitlines()[:2]
    theirs = parsed(head + b"\n" + body).resource_spans[0]
    patch(["boto3"])

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        table = boto3.client(
            "dynamodb", "eu-west-1", endpoint_url=shop, aws_access_key_id="a", aws_secret_access_key="b"
        )
        table.get_item(TableName="orders", Key={"id": {"S": "1"}})
        with pytest.raises(ValueError), xray_recorder.in_subsegment("check"):
            raise ValueError("amount must be positive")

    lambda_handler({}, None)
    unpatch_all()
    [datagram] = wire.datagrams()
    ours = parsed(datagram).resource_spans[0]

    def of(spans: Any) -> dict[int, Any]:
        return {span.kind: span for scope in spans.scope_spans for span in scope.spans}

    for kind, span in of(theirs).items():
        mine = of(ours)[kind]
        fields = {field.name for field, _ in span.ListFields()} - {"status"}
        assert fields <= {field.name for field, _ in mine.ListFields()}
        assert (len(mine.trace_id), len(mine.span_id)) == (len(span.trace_id), len(span.span_id))
        wanted = values(span.attributes)
        wanted.pop("faas.invocation_id", None)  # no document says it
        assert wanted.items() <= values(mine.attributes).items()
        assert mine.status.code == span.status.code
        assert mine.status.message == span.status.message
        for event, own in zip(span.events, mine.events, strict=True):
            assert event.name == own.name
            assert {attribute.key for attribute in event.attributes} - {"exception.escaped"} <= {
                attribute.key for attribute in own.attributes
            }
    wanted = values(theirs.resource.attributes)
    found = values(ours.resource.attributes)
    assert found.items() >= {key: wanted[key] for key in ("service.name", "cloud.platform")}.items()
    assert (found["faas.name"], found["faas.version"], found["cloud.region"]) == ("shop", "7", "eu-west-1")


def begun(name: str) -> Subsegment:
    subsegment = xray_recorder.begin_recorded(name)
    assert subsegment is not None
    return subsegment


def test_what_is_in_progress_is_sent_with_an_end_and_says_so(wire: Wire) -> None:
    open_one = begun("open")
    with xray_recorder.in_subsegment("work"):
        pass
    xray_recorder.outbox.send_in_progress(
        open_one, {"exceptions": [{"id": "0123456789abcdef", "type": "TimedOut", "message": "soon"}]}
    )
    [sent] = wire.spans()
    xray_recorder.end_subsegment()
    ended = {span.name: span for span in wire.spans()}

    assert (sent.name, sent.status.code, sent.status.message) == ("open", 2, "TimedOut: soon")
    assert sent.end_time_unix_nano >= sent.start_time_unix_nano
    assert values(sent.attributes)["aws.xray.inprogress"] is True
    # Its whole span follows, by the same id.
    assert ended["open"].span_id == sent.span_id
    assert "aws.xray.inprogress" not in values(ended["open"].attributes)
    xray_recorder.outbox.send_in_progress(begun("again"))
    [again] = wire.documents()
    assert again["in_progress"] is True
    assert "end_time" not in again


# --- How much fits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", ["x", "\u00e9", "\u4e2d", "\U0001f600", '"\\'])
def test_spans_are_packed_into_as_few_datagrams_as_hold_them(fill: str, wire: Wire) -> None:
    with xray_recorder.in_subsegment("handler"):
        for number in range(30):
            with xray_recorder.in_subsegment(f"child {number}") as child:
                child.put_metadata("fill", fill * (100 * number))
    datagrams = wire.datagrams()
    sizes = [len(base64.b64decode(datagram[len(HEAD) :])) for datagram in datagrams]
    documents = [each.document for data in datagrams for each in in_text(body_of(data) or b"")]

    assert max(sizes) <= MAX_REQUEST_BYTES
    assert len(datagrams) <= 2 * len(wire.sent)
    assert alike(documents) == alike(wire.sent)


def test_a_span_that_is_too_large_is_cut_as_documents_are(wire: Wire) -> None:
    with xray_recorder.in_subsegment("large") as large:
        large.put_annotation("Order", "A-1")
        large.put_metadata("small", 7)
        large.put_metadata("large", "x" * 55_000)
    [document] = wire.documents()

    assert len(json.dumps(wire.sent[0])) > 55_000
    assert document["annotations"] == {"Order": "A-1"}
    assert document["metadata"]["default"]["small"] == 7
    cut = document["metadata"]["default"]["large"]
    assert (cut["lambda_tracer"], cut["bytes"], len(cut["starts_with"])) == ("cut", 55_002, 200)
    identity = ("id", "trace_id", "parent_id", "name")
    assert [document[key] for key in identity] == [wire.sent[0][key] for key in identity]


@pytest.mark.parametrize("length", [10, 470])
def test_annotations_stay_as_far_as_they_fit_at_all(length: int, wire: Wire) -> None:
    """Their names are sent twice, so that the most that a document has of them may be more than fits."""
    with xray_recorder.in_subsegment("large") as large:
        for number in range(39_000 // (length + 6)):
            large.put_annotation(f"k{number:04}".ljust(length, "k"), 1)
        large.put_metadata("note", "x" * 5_000)
        large.set_sql({"sanitized_query": "y" * 15_000})
    [document] = wire.documents()

    [sent] = wire.sent
    assert 0 < len(document["annotations"]) <= len(sent["annotations"])
    assert document["annotations"].items() <= sent["annotations"].items()
    left_out = document["metadata"]["lambda_tracer"].get("annotations_left_out", 0)
    assert len(document["annotations"]) + left_out == len(sent["annotations"])


TEXTS = st.text(max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


@hypothesis.settings(max_examples=40, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(
    name=TEXTS,
    namespace=st.sampled_from(["local", "remote", "aws"]),
    annotations=st.dictionaries(TEXTS, TEXTS | st.integers() | st.booleans() | st.floats(), max_size=4),
    metadata=st.dictionaries(TEXTS, JSON, max_size=4),
    sql=st.none() | st.fixed_dictionaries({"sanitized_query": TEXTS, "database_type": TEXTS}),
    aws=st.none() | st.dictionaries(st.sampled_from(["operation", "table_name", "odd"]), JSON, max_size=3),
    url=st.none() | TEXTS,
    status=st.none() | st.integers(0, 999),
)
def test_whatever_is_recorded_is_read_again(
    wire: Wire,
    name: str,
    namespace: str,
    annotations: Any,
    metadata: Any,
    sql: Any,
    aws: Any,
    url: Any,
    status: Any,
) -> None:
    wire.sent.clear()
    with xray_recorder.in_subsegment(name, namespace) as subsegment:
        for key, one in annotations.items():
            subsegment.put_annotation(key, one)
        for key, one in metadata.items():
            subsegment.put_metadata(key, one, "given")
        if sql is not None:
            subsegment.set_sql(sql)
        if aws is not None:
            subsegment.set_aws(aws)
        if url is not None:
            subsegment.put_http_meta("url", url)
        if status is not None:
            subsegment.put_http_meta("status", status)
    [datagram] = wire.datagrams()
    [received] = in_text(body_of(datagram) or b"")
    document, [sent] = received.document, wire.sent

    parsed(datagram)
    for key in ("id", "name", "parent_id"):
        assert document[key] == sent[key]
    for key in ("fault", "error", "throttle"):
        assert document.get(key, False) >= sent.get(key, False)
    shown = {key: one for key, one in sent.get("annotations", {}).items() if key}
    assert document.get("annotations", {}).keys() == shown.keys()
    assert document.get("metadata", {}).get("given") == sent.get("metadata", {}).get("given")


# --- When it is chosen ----------------------------------------------------------------------------------------

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


def test_a_document_that_can_not_be_sent_is_counted_once(
    receiver: socket.socket, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    invoke()
    receiver.close()
    with xray_recorder.in_subsegment("first"):
        pass
    before = xray_recorder.emitter.failed
    with xray_recorder.in_subsegment("handler"):
        for number in range(2):
            with xray_recorder.in_subsegment(f"child {number}") as child:
                child.put_metadata("fill", "x" * 22_000)

    assert xray_recorder.emitter.failed <= before + 1
    assert len(messages(caplog)) <= 1


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
