"""What a handler's subsegment says of its event and of its answer."""

from __future__ import annotations

import asyncio
import enum
import http
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from lambda_tracer import Tracer, guard, xray_recorder
from lambda_tracer.trace import running
from lambda_tracer.trace.subsegment import Subsegment, handler_of
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.events.samples import NAMES, SECRETS, sample
from tests.logged import messages

Handler = Callable[[Any, Any], Any]
HTTP = [
    "alb",
    "alb_multi_value",
    "api_http_1",
    "api_http_2",
    "api_rest",
    "function_url",
    "lattice_1",
    "lattice_2",
    "websocket_connect",
    "websocket_message",
]
"""Samples whose answer has a status."""


class Context:
    """Lambda's, of a function with tenants."""

    tenant_id = "tenant-7"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


class ClientError(Exception):
    """One that carries the status of an answer."""

    def __init__(self, status_code: object, name: str = "status_code") -> None:
        super().__init__("refused")
        setattr(self, name, status_code)


class App:
    """One whose method is the handler. It is no context, though it may look like one."""

    tenant_id = "another"

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer

    def handler(self, event: Any, context: Any = None) -> Any:
        """Told whose event it is by what it got."""
        return event["requestContext"]


def answering(value: object, **options: Any) -> Handler:
    tracer = Tracer(auto_patch=False, **options)

    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: Any, context: Any) -> Any:
        return value

    return handler


def current() -> Subsegment:
    subsegment = xray_recorder.current_subsegment()
    assert isinstance(subsegment, Subsegment)
    return subsegment


def recorded(daemon: Daemon) -> dict[str, Any]:
    return daemon.subsegment("## handler")


def flags(document: dict[str, Any]) -> list[str]:
    return [flag for flag in ("fault", "error", "throttle") if document.get(flag)]


# --- The request --------------------------------------------------------------------------------------------

REQUESTS = {
    "alb": ("GET", "http://lambda-alb-123578498.us-east-2.elb.amazonaws.com/lambda", None),
    "alb_multi_value": ("GET", "https://lambda-alb-123578498.us-east-2.elb.amazonaws.com/lambda", None),
    "api_http_1": (
        "GET",
        "https://id0123abcd.execute-api.us-east-1.amazonaws.com/items/5",
        "GET /items/{id}",
    ),
    "api_http_2": (
        "GET",
        "https://id0123abcd.execute-api.us-east-1.amazonaws.com/items/5",
        "GET /items/{id}",
    ),
    "api_rest": (
        "GET",
        "https://70ixmpl4fl.execute-api.us-east-2.amazonaws.com/Prod/items/5",
        "GET /items/{id}",
    ),
    "function_url": ("POST", "https://abcdefg0123.lambda-url.us-west-2.on.aws/my/path", None),
    "lattice_1": ("GET", "https://shop.example.internal/shop/items", None),
    "lattice_2": ("GET", "https://shop.example.internal/shop/items", None),
    "websocket_connect": (
        "GET",
        "wss://abcd1234ef.execute-api.us-east-1.amazonaws.com/production",
        "$connect",
    ),
    "websocket_message": (
        None,
        "wss://abcd1234ef.execute-api.us-east-1.amazonaws.com/production",
        "sendMessage",
    ),
}
"""By sample: method, URL and Route."""


@pytest.mark.parametrize("name", HTTP)
def test_a_request_is_recorded_without_its_query_and_the_clients_address(name: str, daemon: Daemon) -> None:
    answering({"statusCode": 200})(sample(name), None)

    document = recorded(daemon)
    method, url, route = REQUESTS[name]
    request = {"url": url, "user_agent": "curl/8.5.0"} | ({"method": method} if method else {})
    assert document["http"] == {"request": request, "response": {"status": 200}}
    assert document["annotations"].get("Route") == route
    assert flags(document) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name not in HTTP])
def test_what_is_no_request_has_no_request_and_no_status(name: str, daemon: Daemon) -> None:
    answering({"statusCode": 500})(sample(name), None)

    document = recorded(daemon)
    assert "http" not in document
    assert flags(document) == []
    # Digits of a secret may be in ids and times by chance.
    said = {key: value for key, value in document.items() if not key.endswith(("id", "_time"))}
    assert [secret for secret in SECRETS if secret in str(said)] == []


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("alb", {"client_ip": "72.12.164.125", "x_forwarded_for": True}),
        ("api_http_1", {"client_ip": "192.0.2.1"}),
        ("api_http_2", {"client_ip": "192.0.2.1"}),
        ("api_rest", {"client_ip": "52.255.255.12"}),
        ("function_url", {"client_ip": "203.0.113.7"}),
        ("websocket_message", {"client_ip": "203.0.113.7"}),
    ],
)
def test_the_clients_address_is_recorded_where_it_is_asked_for(
    name: str, address: dict[str, Any], daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_CLIENT_IP", "true")
    answering({"statusCode": 200})(sample(name), None)

    request = recorded(daemon)["http"]["request"]
    assert address.items() <= request.items()


def test_an_address_is_what_the_load_balancer_saw_and_not_what_the_client_wrote(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_CLIENT_IP", "true")
    event = sample("alb")
    event["headers"]["x-forwarded-for"] = "10.9.9.9, 198.51.100.4"

    answering({"statusCode": 200})(event, None)

    assert recorded(daemon)["http"]["request"]["client_ip"] == "198.51.100.4"


def test_credentials_and_queries_in_a_host_or_path_are_not_recorded(daemon: Daemon) -> None:
    event = sample("alb")
    event["headers"]["host"] = "user:t0ps3cret@shop.example.com/x?y"
    event["path"] = "/items?token=t0ps3cret#t0ps3cret"

    answering({"statusCode": 200})(event, None)

    assert recorded(daemon)["http"]["request"]["url"] == "http://shop.example.com/items"


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/a;jsessionid=t0ps3cret/b", "/a/b"),
        ("https://user:t0ps3cret@shop.example.com/a", "/a"),
        ("/@alice/a", "/@alice/a"),
    ],
)
def test_what_else_a_path_may_carry_of_credentials_is_not_recorded(
    path: str, url: str, daemon: Daemon
) -> None:
    event = sample("api_http_2")
    event["requestContext"]["http"]["path"] = path
    event["requestContext"]["domainName"] = "user:t0ps3cret@shop.example.com"

    answering({"statusCode": 200})(event, None)

    assert recorded(daemon)["http"]["request"]["url"] == f"https://shop.example.com{url}"


def test_a_record_whose_source_is_no_services_name_says_nothing(daemon: Daemon) -> None:
    record = {"eventSource": "aws:alice x@example.com", "eventSourceARN": "arn:aws:a:b:c:alice"}
    answering(None)({"Records": [record]}, None)

    assert recorded(daemon)["annotations"]["Trigger"] == "direct"


@pytest.mark.parametrize("route", ["$default", "ANY /{proxy+}", None, 7])
def test_a_request_without_a_template_has_no_route(route: object, daemon: Daemon) -> None:
    event = sample("api_http_2")
    event["routeKey"] = route

    answering({"statusCode": 200})(event, None)

    assert "Route" not in recorded(daemon)["annotations"]


@pytest.mark.parametrize(
    ("resource", "route"), [("/{proxy+}", None), ("$default", None), ("/shop/{proxy+}", "GET /shop/{proxy+}")]
)
def test_a_resource_that_every_path_has_is_no_route(resource: str, route: str | None, daemon: Daemon) -> None:
    event = sample("api_rest")
    event["resource"] = resource

    answering({"statusCode": 200})(event, None)

    assert recorded(daemon)["annotations"].get("Route") == route


# --- The status ---------------------------------------------------------------------------------------------


class Status(enum.IntEnum):
    TEAPOT = 418


@pytest.mark.parametrize(
    ("status", "shown", "expected"),
    [
        (200, 200, []),
        (302, 302, []),
        (401, 401, ["error"]),
        (404, 404, ["error"]),
        (422, 422, ["error"]),
        (429, 429, ["error", "throttle"]),
        (500, 500, ["fault"]),
        (503, 503, ["fault"]),
        ("404", 404, ["error"]),
        (http.HTTPStatus.NOT_FOUND, 404, ["error"]),
        (Status.TEAPOT, 418, ["error"]),
    ],
)
@pytest.mark.parametrize("name", ["api_rest", "api_http_2", "alb"])
def test_a_status_has_the_flags_that_it_stands_for(
    name: str, status: object, shown: int, expected: list[str], daemon: Daemon
) -> None:
    answering({"statusCode": status, "body": "x"})(sample(name), None)

    document = recorded(daemon)
    assert document["http"]["response"] == {"status": shown}
    assert flags(document) == expected


@pytest.mark.parametrize(
    "status", [None, True, 99, 600, 2**80, -1, 404.0, "4O4", "٤٠٤", "", [404], {}, "4040"]
)
@pytest.mark.parametrize("name", ["api_rest", "api_http_2"])
def test_what_is_no_status_is_not_recorded(name: str, status: object, daemon: Daemon) -> None:
    answering({"statusCode": status})(sample(name), None)

    document = recorded(daemon)
    assert "response" not in document["http"]
    assert flags(document) == []


JSON = [None, "text", 7, 1.5, True, [1], (1,), {"body": "x"}, OrderedDict(a=1)]


@pytest.mark.parametrize("value", JSON)
@pytest.mark.parametrize("name", ["api_http_2", "function_url"])
def test_an_answer_without_a_status_is_200_where_the_payload_has_version_2(
    name: str, value: object, daemon: Daemon
) -> None:
    answering(value)(sample(name), None)

    assert recorded(daemon)["http"]["response"] == {"status": 200}


@pytest.mark.parametrize("value", JSON)
@pytest.mark.parametrize("name", ["api_rest", "api_http_1", "alb", "websocket_message", "lattice_2"])
def test_an_answer_without_a_status_says_nothing_elsewhere(name: str, value: object, daemon: Daemon) -> None:
    """The service answers 502 or 500 then, or pays no attention to it."""
    answering(value)(sample(name), None)

    assert "response" not in recorded(daemon)["http"]


def test_a_subclass_of_dict_is_read_without_its_own_code(daemon: Daemon) -> None:
    class Answer(dict[str, Any]):
        def __getitem__(self, key: object) -> Any:
            raise AssertionError("asked")

        get = items = keys = __iter__ = __len__ = __contains__ = __getitem__  # type: ignore[assignment]

    answering(Answer(statusCode=404))(sample("api_rest"), None)

    assert flags(recorded(daemon)) == ["error"]


def test_a_stream_is_not_consumed(daemon: Daemon) -> None:
    def chunks() -> Any:
        yield b"a"
        yield b"b"

    answer = answering(chunks())(sample("function_url"), None)

    assert list(answer) == [b"a", b"b"]
    assert "response" not in recorded(daemon)["http"]


def test_a_status_that_the_user_has_noted_stays(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        current().put_http_meta("status", 418)
        return {"statusCode": 200}

    handler(sample("api_rest"), None)

    document = recorded(daemon)
    assert document["http"]["response"] == {"status": 418}
    assert flags(document) == ["error"]


def test_a_coroutine_handler_has_its_status(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    @tracer.capture_lambda_handler
    async def handler(event: Any, context: Any) -> Any:
        await asyncio.sleep(0)
        return {"statusCode": 503}

    assert handler(sample("api_http_2"), None) == {"statusCode": 503}

    assert flags(recorded(daemon)) == ["fault"]


# --- Exceptions ---------------------------------------------------------------------------------------------


def raising(error: Exception, *, becomes: int | None) -> Handler:
    """A handler whose method raises; a framework makes an answer of it, unless `becomes` is None."""
    tracer = Tracer(auto_patch=False)

    @tracer.capture_method
    def find() -> None:
        raise error

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        if becomes is None:
            find()
        try:
            find()
        except Exception as caught:
            of = handler_of(running.current())
            assert of is not None
            of.add_exception(caught)
            return {"statusCode": becomes}

    return handler


@pytest.mark.parametrize("name", ["status_code", "statusCode", "STATUS_CODE"])
def test_a_4xx_exception_that_became_an_answer_is_an_error_wherever_it_passed(
    name: str, daemon: Daemon
) -> None:
    raising(ClientError(404, name), becomes=404)(sample("api_rest"), None)

    daemon.expect_tree(
        """
        ## handler  error ClientError
          ## tests.capture.test_event_facts.raising.locals.find  error ClientError
    """
    )


def test_of_429_everything_is_throttled_as_well(daemon: Daemon) -> None:
    raising(ClientError(429), becomes=429)(sample("api_rest"), None)

    assert [flags(document) for document in daemon.subsegments()] == [["error", "throttle"]] * 2


def test_any_other_exception_is_a_fault_where_it_was_raised_and_what_became_of_it_at_the_handler(
    daemon: Daemon,
) -> None:
    raising(ValueError("no"), becomes=400)(sample("api_rest"), None)

    daemon.expect_tree(
        """
        ## handler  error ValueError
          ## tests.capture.test_event_facts.raising.locals.find  fault ValueError
    """
    )


@pytest.mark.parametrize("error", [ValueError("no"), ClientError(500)])
def test_one_that_became_a_5xx_is_a_fault(error: Exception, daemon: Daemon) -> None:
    raising(error, becomes=500)(sample("api_rest"), None)

    assert [flags(document) for document in daemon.subsegments()] == [["fault"]] * 2


def test_one_that_leaves_the_handler_is_a_fault_there_whatever_it_carries(daemon: Daemon) -> None:
    with pytest.raises(ClientError):
        raising(ClientError(404), becomes=None)(sample("api_rest"), None)

    daemon.expect_tree(
        """
        ## handler  fault ClientError
          ## tests.capture.test_event_facts.raising.locals.find  error ClientError
    """
    )
    assert "response" not in recorded(daemon)["http"]


def test_where_nobody_waits_for_an_answer_a_4xx_exception_is_a_fault(daemon: Daemon) -> None:
    raising(ClientError(404), becomes=200)({"order": 1}, None)

    assert [flags(document) for document in daemon.subsegments()] == [["fault"]] * 2


def test_the_next_invocation_is_not_that_of_a_request(daemon: Daemon, invoke: Invoke) -> None:
    raising(ClientError(404), becomes=404)(sample("api_rest"), None)
    daemon.clear()
    invoke()

    with pytest.raises(ClientError):
        raising(ClientError(404), becomes=None)({}, None)

    assert [flags(document) for document in daemon.subsegments()] == [["fault"]] * 2


@pytest.mark.parametrize("value", ["404", 404.0, True, None, 40, 4040, [404]])
def test_what_is_no_status_of_an_exception_does_not_count(value: object, daemon: Daemon) -> None:
    raising(ClientError(value), becomes=404)(sample("api_rest"), None)

    assert flags(daemon.subsegment("## tests.capture.test_event_facts.raising.locals.find")) == ["fault"]


def test_a_status_is_read_without_running_code_of_the_exception(daemon: Daemon) -> None:
    class Property(Exception):
        @property
        def status_code(self) -> int:
            raise AssertionError("asked")

        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"asked for {name}")

    raising(Property(), becomes=404)(sample("api_rest"), None)

    assert flags(daemon.subsegment("## tests.capture.test_event_facts.raising.locals.find")) == ["fault"]


# --- Other facts, and switches ------------------------------------------------------------------------------


def test_the_facts_of_a_batch_are_annotations_and_metadata(daemon: Daemon) -> None:
    answering(None, service="shop")(sample("sqs"), Context())

    document = recorded(daemon)
    assert document["annotations"] == {
        "ColdStart": True,
        "Service": "shop",
        "TenantId": "tenant-7",
        "Trigger": "sqs",
        "Source": "orders",
        "BatchSize": 2,
    }
    assert document["metadata"]["lambda_tracer"].keys() == {"oldest_record_age_ms", "max_receive_count"}


def test_what_the_user_annotates_under_the_same_name_wins(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        tracer.put_annotation("Route", "mine")
        tracer.put_annotation("Source", "here")

    handler(sample("api_rest"), None)

    assert recorded(daemon)["annotations"] == {
        "ColdStart": True,
        "Trigger": "api",
        "Source": "here",
        "Route": "mine",
    }


@pytest.mark.parametrize("event", [{}, [], None, 7, "text", b"x"])
def test_of_an_empty_event_or_one_that_is_no_object_nothing_is_said(event: object, daemon: Daemon) -> None:
    answering({"statusCode": 500})(event, None)

    document = recorded(daemon)
    assert document["annotations"] == {"ColdStart": True}
    assert "http" not in document


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_they_can_be_turned_off(how: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "variable":
        monkeypatch.setenv("LAMBDA_TRACER_EVENT_FACTS", "false")
    options = {"event_facts": False} if how == "argument" else {}

    answering({"statusCode": 500}, **options)(sample("api_rest"), Context())

    document = recorded(daemon)
    assert document["annotations"] == {"ColdStart": True}
    assert "http" not in document
    assert flags(document) == []


def test_the_argument_wins_over_the_variable_and_holds_for_later_tracers(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_EVENT_FACTS", "false")
    Tracer(auto_patch=False, event_facts=True)

    answering(None)(sample("sns"), None)

    assert recorded(daemon)["annotations"]["Source"] == "news"


@pytest.mark.parametrize("variable", ["LAMBDA_TRACER_EVENT_FACTS", "LAMBDA_TRACER_CLIENT_IP"])
def test_a_misspelt_switch_is_off_and_said(
    variable: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(variable, "perhaps")
    answering(None)(sample("api_rest"), None)

    assert "client_ip" not in str(daemon.documents())
    assert messages(caplog) == [("WARNING", f"{variable} is neither true nor false: it is off")]


def test_a_method_is_given_its_event_and_so_is_a_call_by_name(daemon: Daemon, invoke: Invoke) -> None:
    tracer = Tracer(auto_patch=False)

    class Application:
        @tracer.capture_lambda_handler
        def handler(self, event: Any, context: Any) -> None: ...

    application = Application()
    application.handler(sample("sns"), None)
    invoke()
    application.handler(event=sample("sns"), context=None)
    invoke()
    application.handler(sample("sns"), context=None)

    assert [document["annotations"]["Source"] for document in daemon.documents(3)] == ["news"] * 3


def test_only_the_outermost_handler_says_what_triggered_it(daemon: Daemon) -> None:
    inner = answering({"statusCode": 500})
    tracer = Tracer(auto_patch=False)

    @tracer.capture_lambda_handler
    def outer(event: Any, context: Any) -> Any:
        return inner(event, context)

    outer(sample("api_rest"), None)

    assert "http" not in recorded(daemon)
    assert flags(daemon.subsegment("## outer")) == ["fault"]


def test_an_unsampled_invocation_looks_at_nothing(daemon: Daemon, invoke: Invoke) -> None:
    class Looked(dict[str, Any]):
        pass

    invoke(sampled=0)
    assert answering({"statusCode": 500})(sample("api_rest"), None) == {"statusCode": 500}
    assert daemon.documents() == []


def test_a_context_that_raises_is_no_error_of_ours(daemon: Daemon) -> None:
    class Odd:
        @property
        def tenant_id(self) -> str:
            raise ValueError("no tenant")

    answering(None)(sample("sns"), Odd())

    assert guard.failures == 0
    assert "TenantId" not in recorded(daemon)["annotations"]


def test_it_is_all_there_before_the_handler_has_returned(daemon: Daemon) -> None:
    tracer = Tracer(service="shop", auto_patch=False)
    seen: list[dict[str, Any]] = []

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        seen.append(current().to_dict())
        return {"statusCode": 200}

    handler(sample("api_rest"), Context())
    daemon.clear()

    assert seen[0]["annotations"] == {
        "ColdStart": True,
        "Service": "shop",
        "TenantId": "tenant-7",
        "Trigger": "api",
        "Source": "70ixmpl4fl",
        "Route": "GET /items/{id}",
    }
    assert seen[0]["http"]["request"]["method"] == "GET"


def test_a_handler_that_times_out_has_it_all(daemon: Daemon) -> None:
    tracer = Tracer(service="shop", auto_patch=False)

    class Short:
        def get_remaining_time_in_millis(self) -> int:
            return 250

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        return daemon.documents(1)[0]

    announced = handler(sample("sqs"), Short())
    assert [document["id"] for document in daemon.documents(2)] == [announced["id"]] * 2

    assert announced["in_progress"] is True
    assert announced["fault"] is True
    assert announced["annotations"] == {
        "ColdStart": True,
        "Service": "shop",
        "Trigger": "sqs",
        "Source": "orders",
        "BatchSize": 2,
    }
    assert announced["metadata"]["lambda_tracer"].keys() == {"oldest_record_age_ms", "max_receive_count"}


@pytest.mark.parametrize(
    "call",
    [
        lambda handler, event, context: handler(event, context),
        lambda handler, event, context: handler(event, context=context),
        lambda handler, event, context: handler(event=event, context=context),
        lambda handler, event, context: handler(context=context, event=event),
        lambda handler, event, context: handler(event=event),
    ],
    ids=["by position", "context by name", "both by name", "the other way round", "without a context"],
)
@pytest.mark.parametrize("is_method", [False, True], ids=["function", "method"])
def test_event_and_context_are_found_however_the_handler_is_called(
    call: Callable[..., Any], is_method: bool, daemon: Daemon
) -> None:
    tracer = Tracer(auto_patch=False)
    app = App(tracer)
    called: Callable[..., Any] = tracer.capture_lambda_handler(App.handler if is_method else app.handler)
    if is_method:
        called = partial(called, app)
    context = Context()
    has_context = call(lambda event, context=None: context is not None, None, context)

    call(called, sample("api_rest"), context)

    annotations = recorded(daemon)["annotations"]
    assert (annotations["Trigger"], annotations.get("TenantId")) == (
        "api",
        "tenant-7" if has_context else None,
    )
