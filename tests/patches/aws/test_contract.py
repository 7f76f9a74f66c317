"""What every library that calls AWS keeps when it is patched: botocore (boto3), aiobotocore (aioboto3), pynamodb."""

from __future__ import annotations

import asyncio
import importlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from lambda_tracer.trace import running
from lambda_tracer.trace.w3c import NAMES
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.documents import Document
from tests.patches.aws.libraries import LIBRARIES, REGION, Library
from tests.patches.aws.servers import REQUEST_ID, Answer, Received, Service, error
from tests.tree import expect_tree

pytest.importorskip("boto3", reason="boto3 is not installed")
pytest.importorskip("aiobotocore", reason="aiobotocore is not installed")
pytest.importorskip("pynamodb", reason="pynamodb is not installed")

SECRET = "canary-7f3a"


@pytest.fixture(params=LIBRARIES, ids=[library.name for library in LIBRARIES])
def library(request: pytest.FixtureRequest) -> Library:
    return request.param


@pytest.fixture
def patched(library: Library) -> Iterator[Library]:
    xray_recorder.patch([library.name, "threads"])
    yield library
    xray_recorder.unpatch_all()


@pytest.fixture
def nobody_listens() -> Iterator[str]:
    """A URL at which connections are refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def exceptions(subsegment: Document) -> list[Document]:
    described: list[Document] = subsegment["cause"]["exceptions"]
    return described


def flags(subsegment: Document) -> list[str]:
    return [flag for flag in ("fault", "error", "throttle") if subsegment.get(flag)]


# What is recorded


def test_a_call_is_a_subsegment_that_says_what_was_called_where_on_what(
    patched: Library, service: Service, daemon: Daemon
) -> None:
    patched.describe(service.url, "orders")

    daemon.expect_tree("dynamodb  [aws]", namespace=True)
    subsegment = daemon.subsegment("dynamodb")
    assert subsegment["aws"] == {
        "operation": "DescribeTable",
        "region": REGION,
        "request_id": REQUEST_ID,
        "table_name": "orders",
    }
    assert subsegment["http"] == {"response": {"status": 200}}


def test_a_call_is_recorded_under_the_current_subsegment(
    patched: Library, service: Service, daemon: Daemon
) -> None:
    with xray_recorder.in_subsegment("pay"):
        patched.describe(service.url, "orders")
        patched.describe(service.url, "payments")
    patched.describe(service.url, "later")

    daemon.expect_tree("""
        pay
          dynamodb
          dynamodb
        dynamodb
    """)


@pytest.mark.parametrize("status", [400, 404, 413])
def test_a_4xx_answer_is_an_error_and_no_fault(
    patched: Library, service: Service, daemon: Daemon, status: int
) -> None:
    service.answer = error(status, "ConditionalCheckFailedException")

    patched.describe(service.url, "orders")

    subsegment = daemon.subsegment("dynamodb")
    assert flags(subsegment) == ["error"]
    assert subsegment["http"]["response"]["status"] == status
    assert subsegment["aws"]["request_id"] == REQUEST_ID
    assert subsegment["aws"]["table_name"] == "orders"
    assert exceptions(subsegment)[0]["remote"] is True
    assert "the service says" in exceptions(subsegment)[0]["message"]


@pytest.mark.parametrize("status", [500, 503])
def test_a_5xx_answer_is_a_fault(patched: Library, service: Service, daemon: Daemon, status: int) -> None:
    service.answer = error(status, "SomethingBroke")

    patched.describe(service.url, "orders")

    subsegment = daemon.subsegment("dynamodb")
    assert flags(subsegment) == ["fault"]
    assert subsegment["http"]["response"]["status"] == status
    assert exceptions(subsegment)[0]["remote"] is True


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "ThrottlingException"), (400, "ProvisionedThroughputExceededException"), (429, "Whatever")],
)
def test_throttling_is_throttle_and_error_whatever_its_status(
    patched: Library, service: Service, daemon: Daemon, status: int, code: str
) -> None:
    service.answer = error(status, code)

    patched.describe(service.url, "orders")

    assert flags(daemon.subsegment("dynamodb")) == ["error", "throttle"]


def test_retries_are_within_one_subsegment_and_counted(
    patched: Library, service: Service, daemon: Daemon
) -> None:
    answers = iter([error(500, "InternalServerError"), Answer(body={"Table": {"TableName": "orders"}})])
    service.answer = lambda request: next(answers)

    patched.describe(service.url, "orders", retries=1)

    daemon.expect_tree("dynamodb")
    assert daemon.subsegment("dynamodb")["aws"]["retries"] == 1
    assert [header["Parent"] for header in service.trace_headers()] == [
        daemon.subsegment("dynamodb")["id"]
    ] * 2


def test_a_refused_connection_is_a_fault_with_its_cause(
    patched: Library, nobody_listens: str, daemon: Daemon
) -> None:
    patched.describe(nobody_listens, "orders")

    subsegment = daemon.subsegment("dynamodb")
    daemon.expect_tree("dynamodb  fault EndpointConnectionError")
    assert exceptions(subsegment)[0]["remote"] is False
    assert subsegment["aws"] == {"operation": "DescribeTable", "region": REGION, "table_name": "orders"}


def test_a_time_out_is_a_fault_with_its_cause(patched: Library, service: Service, daemon: Daemon) -> None:
    service.answer = service.hang

    patched.describe(service.url, "orders", read_timeout_s=0.05)

    daemon.expect_tree("dynamodb  fault ReadTimeoutError")


@pytest.mark.parametrize(
    "library", [each for each in LIBRARIES if each.validates], indirect=True, ids=lambda each: each.name
)
def test_invalid_parameters_are_a_fault_whose_message_has_no_value(
    patched: Library, service: Service, daemon: Daemon
) -> None:
    raised = patched.put(service.url, "orders", SECRET.encode())  # a text is wanted

    assert SECRET in str(raised)
    daemon.expect_tree("dynamodb  fault ParamValidationError")
    message = exceptions(daemon.subsegment("dynamodb"))[0]["message"]
    assert message == "Parameter validation failed:\nInvalid type for parameter Item.id.S..."
    assert service.received == []


def test_what_is_stored_never_reaches_the_trace(patched: Library, service: Service, daemon: Daemon) -> None:
    service.answer = Answer()

    patched.put(service.url, "orders", SECRET)

    assert SECRET.encode() in service.received[0].body
    assert daemon.subsegment("dynamodb")["aws"]["operation"] == "PutItem"
    assert all(SECRET.encode() not in datagram for datagram in daemon.datagrams())


def test_the_clients_below_record_nothing_of_their_own(
    library: Library, service: Service, daemon: Daemon
) -> None:
    xray_recorder.patch_all()
    try:
        library.describe(service.url, "orders")
    finally:
        xray_recorder.unpatch_all()

    daemon.expect_tree("dynamodb")
    assert [header["Parent"] for header in service.trace_headers()] == [daemon.subsegment("dynamodb")["id"]]


# What is sent


def test_the_service_gets_a_header_with_the_calls_own_subsegment_as_parent(
    patched: Library, service: Service, daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke(Lineage="25:a87bd80c:1", Self="1-67891234-12456789abcdef012345678a")

    patched.describe(service.url, "orders")

    assert service.trace_headers() == [
        {
            "Root": invocation.root,
            "Parent": daemon.subsegment("dynamodb")["id"],
            "Sampled": "1",
            "Lineage": "25:a87bd80c:1",
        }
    ]


@pytest.mark.parametrize("sampled", [1, 0])
def test_the_service_gets_w3cs_headers_for_the_same_subsegment(
    patched: Library, service: Service, daemon: Daemon, invoke: Invoke, sampled: int
) -> None:
    root = invoke(sampled=sampled).root
    trace_id = root[2:].replace("-", "")
    came = {"traceparent": f"00-{trace_id}-{'b' * 16}-01", "tracestate": "vendor=1", "baggage": "tenant=7"}
    running.current().incoming = came

    patched.describe(service.url, "orders")
    running.current().incoming = {**came, "baggage": f"tenant={'7' * 2_048}"}
    patched.describe(service.url, "orders")

    first, second = service.received
    parent = service.trace_headers()[0]["Parent"]
    assert w3c(first) == {**came, "traceparent": f"00-{trace_id}-{parent}-0{sampled}"}
    assert list(w3c(second)) == ["traceparent"]  # S3 and others take few kB of headers
    daemon.clear()


def test_the_headers_that_a_service_gets_can_be_chosen(
    patched: Library, service: Service, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_PROPAGATORS", "xray")

    patched.describe(service.url, "orders")

    assert service.trace_headers()[0]["Parent"] == daemon.subsegment("dynamodb")["id"]
    assert w3c(service.received[0]) == {}


def test_botocores_own_header_gives_way(
    patched: Library, service: Service, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "checkout")  # it sends the environment's then

    patched.describe(service.url, "orders")

    assert [header["Parent"] for header in service.trace_headers()] == [daemon.subsegment("dynamodb")["id"]]


def test_an_unsampled_call_records_nothing_and_says_so_to_the_service(
    patched: Library, service: Service, daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke(sampled=0, Lineage="25:a87bd80c:1")

    (table,) = patched.describe(service.url, "orders")

    assert not isinstance(table, Exception)
    assert daemon.documents() == []
    (header,) = service.trace_headers()
    assert (header["Root"], header["Sampled"], header["Lineage"]) == (invocation.root, "0", "25:a87bd80c:1")


def test_a_header_without_a_decision_is_handed_on_as_it_came(
    patched: Library, service: Service, daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke(parent="", sampled=None, Lineage="25:a87bd80c:1")

    patched.describe(service.url, "orders")

    assert daemon.documents() == []
    assert service.received[0].headers["x-amzn-trace-id"] == invocation.header


def test_without_a_trace_no_header_is_sent(
    patched: Library, service: Service, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")

    patched.describe(service.url, "orders")

    assert daemon.documents() == []
    assert "x-amzn-trace-id" not in service.received[0].headers
    assert w3c(service.received[0]) == {}


# Concurrency


def test_concurrent_calls_are_siblings_each_with_its_own_table_and_header(
    patched: Library, service: Service, daemon: Daemon
) -> None:
    tables = [f"table-{number}" for number in range(5)]

    with xray_recorder.in_subsegment("fan out") as fan_out:
        results = patched.describe(service.url, *tables)

    assert len(results) == 5
    calls = [subsegment for subsegment in daemon.subsegments() if subsegment["name"] == "dynamodb"]
    assert {call["parent_id"] for call in calls} == {fan_out.id}
    assert sorted(call["aws"]["table_name"] for call in calls) == tables
    sent = {
        header["Parent"]: request.body
        for header, request in zip(service.trace_headers(), service.received, strict=True)
    }
    assert all(call["aws"]["table_name"].encode() in sent[call["id"]] for call in calls)


def test_a_call_in_a_thread_is_recorded_where_the_thread_was_started(
    patched: Library, service: Service, daemon: Daemon
) -> None:
    with xray_recorder.in_subsegment("pay"):
        thread = threading.Thread(target=patched.describe, args=(service.url, "orders"))
        thread.start()
        thread.join()

    daemon.expect_tree("""
        pay
          dynamodb
    """)


def test_calls_from_tasks_stay_with_their_task(patched: Library, service: Service, daemon: Daemon) -> None:
    async def work(name: str) -> None:
        with xray_recorder.in_subsegment(name):
            await asyncio.to_thread(patched.describe, service.url, name)

    async def main() -> None:
        await asyncio.gather(work("first"), work("second"))

    asyncio.run(main())

    parents = {subsegment["id"]: subsegment["name"] for subsegment in daemon.subsegments()}
    calls = [subsegment for subsegment in daemon.subsegments() if subsegment["name"] == "dynamodb"]
    assert len(calls) == 2
    assert all(parents[call["parent_id"]] == call["aws"]["table_name"] for call in calls)


# What the caller sees


def test_the_result_is_what_it_is_unpatched(library: Library, service: Service, daemon: Daemon) -> None:
    (expected,) = library.describe(service.url, "orders")
    xray_recorder.patch([library.name])
    (result,) = library.describe(service.url, "orders")
    xray_recorder.unpatch_all()

    assert type(result) is type(expected)
    assert without_dates(result) == without_dates(expected)
    daemon.expect_tree("dynamodb")


@pytest.mark.parametrize("status", [400, 500])
def test_the_exception_is_what_it_is_unpatched(
    library: Library, service: Service, daemon: Daemon, status: int
) -> None:
    service.answer = error(status, "ResourceInUseException")
    (expected,) = library.describe(service.url, "orders")
    xray_recorder.patch([library.name])
    (raised,) = library.describe(service.url, "orders")
    xray_recorder.unpatch_all()

    assert (
        type(raised).__mro__[1:] == type(expected).__mro__[1:]
    )  # botocore makes a class of its own per client
    assert str(raised) == str(expected)
    assert vars(raised).keys() == vars(expected).keys()
    assert type(raised.__cause__).__name__ == type(expected.__cause__).__name__
    assert len(daemon.subsegments()) == 1


# When it is patched


def test_a_client_made_before_is_patched(library: Library, service: Service, daemon: Daemon) -> None:
    library.describe(service.url, "orders", before=lambda: xray_recorder.patch([library.name]))
    xray_recorder.unpatch_all()

    daemon.expect_tree("dynamodb")
    assert service.trace_headers()[0]["Parent"] == daemon.subsegment("dynamodb")["id"]


def test_a_library_imported_afterwards_is_patched(library: Library, service: Service, daemon: Daemon) -> None:
    script = f"""
import sys
from lambda_tracer import xray_recorder
xray_recorder.patch([{library.name!r}])
assert not any(name.startswith(("botocore", "aiobotocore", "pynamodb")) for name in sys.modules)
from tests.patches.aws.libraries import LIBRARIES
(library,) = (library for library in LIBRARIES if library.name == {library.name!r})
library.describe({service.url!r}, "orders")
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)

    expect_tree(daemon.subsegments(at_least=1), "dynamodb")
    assert service.trace_headers()[0]["Parent"] == daemon.subsegment("dynamodb")["id"]


def test_patched_twice_it_records_once(patched: Library, service: Service, daemon: Daemon) -> None:
    xray_recorder.patch([patched.name])
    xray_recorder.patch([patched.name])

    patched.describe(service.url, "orders")

    daemon.expect_tree("dynamodb")


def test_unpatched_the_very_same_functions_are_back(library: Library) -> None:
    owners = [
        (getattr(importlib.import_module(module), owner), name) for module, owner, name in library.targets
    ]
    originals = [vars(owner)[name] for owner, name in owners]

    xray_recorder.patch([library.name])
    replaced = [vars(owner)[name] for owner, name in owners]
    xray_recorder.unpatch([library.name])

    assert all(new is not old for new, old in zip(replaced, originals, strict=True))
    assert [new.__name__ for new in replaced] == [old.__name__ for old in originals]
    assert all(vars(owner)[name] is old for (owner, name), old in zip(owners, originals, strict=True))


def test_unpatched_nothing_is_recorded_and_no_header_sent(
    patched: Library, service: Service, daemon: Daemon
) -> None:
    xray_recorder.unpatch([patched.name])

    patched.describe(service.url, "orders")

    assert daemon.documents() == []
    assert service.trace_headers() == [{}]


def test_botocore_stays_patched_for_its_own_sake_when_pynamodb_is_unpatched(
    service: Service, daemon: Daemon
) -> None:
    boto3, _, pynamodb = LIBRARIES
    xray_recorder.patch(["pynamodb", "boto3"])
    xray_recorder.unpatch(["pynamodb"])

    boto3.describe(service.url, "orders")
    xray_recorder.unpatch(["boto3"])
    boto3.describe(service.url, "payments")
    pynamodb.describe(service.url, "payments")

    assert daemon.subsegment("dynamodb")["aws"]["table_name"] == "orders"


def test_aliases_are_the_sdks() -> None:
    names = ("boto3", "aioboto3")

    xray_recorder.patch(names)
    xray_recorder.unpatch(names)

    from lambda_tracer.patches.registry import ALIASES

    assert [ALIASES[name] for name in names] == ["botocore", "aiobotocore"]


def w3c(received: Received) -> dict[str, str]:
    return {name: received.headers[name] for name in NAMES if name in received.headers}


def without_dates(value: Any) -> Any:
    """A response without the one header that says when it was made."""
    metadata = value.get("ResponseMetadata", {})
    headers = {key: text for key, text in metadata.get("HTTPHeaders", {}).items() if key != "date"}
    return {**value, "ResponseMetadata": {**metadata, "HTTPHeaders": headers}} if metadata else value
