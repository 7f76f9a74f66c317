"""Why an invocation is written into the log, and why not: once each, or not at all."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.clock import clock
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.keep.lines import Hands, Log

REQUEST = {"requestContext": {"http": {"method": "GET", "path": "/orders"}}, "routeKey": "GET /orders"}


class Context:
    """As Lambda's, with a deadline."""

    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def __init__(self, remaining_s: float = 60.0) -> None:
        self._deadline = clock.monotonic() + remaining_s

    def get_remaining_time_in_millis(self) -> float:
        return (self._deadline - clock.monotonic()) * 1000


def answering(tracer: Tracer, answer: Any) -> Callable[..., Any]:
    @tracer.capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> Any:
        return answer

    return lambda_handler


def raising(tracer: Tracer, error: BaseException) -> Callable[..., Any]:
    @tracer.capture_method
    def charge() -> None:
        tracer.put_annotation("order", 7)
        raise error

    @tracer.capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> None:
        with xray_recorder.in_subsegment("checks"):
            pass
        charge()

    return lambda_handler


def test_a_handler_that_fails_is_told_of_with_the_call_that_failed(tracer: Tracer, log: Log) -> None:
    with pytest.raises(ValueError, match="no such order"):
        raising(tracer, ValueError("no such order"))({}, Context())

    log.expect(
        "error",
        """
        ## lambda_handler  fault
          checks
          ## tests.keep.test_reasons.raising.locals.charge  fault  ValueError: no such order  order=7
        """,
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), asyncio.CancelledError()], ids=repr)
def test_whatever_leaves_the_handler_is_a_failure(tracer: Tracer, log: Log, error: BaseException) -> None:
    with pytest.raises(type(error)):
        raising(tracer, error)({}, None)

    assert log.line()["reason"] == "error"


def test_a_line_says_which_invocation_it_is_about(
    tracer: Tracer, log: Log, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop-orders")
    invocation = invoke(sampled=0)

    with pytest.raises(ValueError, match="no"):
        raising(tracer, ValueError("no"))(REQUEST, Context())

    line = log.line()
    assert line["xray_trace_id"] == invocation.root
    assert line["function_name"] == "shop-orders"
    assert line["function_request_id"] == Context.aws_request_id
    assert (line["level"], line["cold_start"]) == ("ERROR", True)
    assert line["timestamp"][10] == "T"
    assert line["duration_ms"] >= 0
    (segment,) = line["segments"]
    assert (segment["trace_id"], segment["parent_id"]) == (invocation.root, invocation.parent)
    assert segment["annotations"] == {
        "ColdStart": True,
        "Service": "shop",
        "Trigger": "api",
        "Route": "GET /orders",
    }


def test_one_that_succeeds_is_not_told_of(tracer: Tracer, log: Log) -> None:
    assert answering(tracer, {"statusCode": 200})(REQUEST, Context()) == {"statusCode": 200}

    assert log.texts() == []


@pytest.mark.parametrize(("status", "is_told"), [(502, True), (500, True), ("503", True), (404, False)])
def test_an_answer_of_5xx_is_a_failure(tracer: Tracer, log: Log, status: object, is_told: bool) -> None:
    answering(tracer, {"statusCode": status})(REQUEST, Context())

    lines = log.lines()
    assert [(line["reason"], line["segments"][0]["fault"]) for line in lines] == [("status", True)] * is_told
    assert [line["segments"][0]["http"] for line in lines] == [
        {"response": {"status": int(str(status))}}
    ] * is_told


def test_an_answer_of_5xx_is_a_failure_whatever_became_of_the_event(tracer: Tracer, log: Log) -> None:
    @tracer.capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> Any:
        event.clear()
        return OrderedDict(statusCode=502)

    lambda_handler(dict(REQUEST), Context())

    assert log.line()["reason"] == "status"


def test_what_only_looks_like_a_status_is_none(tracer: Tracer, log: Log) -> None:
    """Of a function that nobody called by HTTP."""
    answering(tracer, {"statusCode": 502})({"order": 7}, Context())

    assert log.texts() == []


def test_one_that_takes_too_long_is_told_of(tracer: Tracer, log: Log, hands: Hands) -> None:
    @tracer.capture_lambda_handler
    def lambda_handler(event: float, context: Any) -> None:
        hands.go(event)

    lambda_handler(1.9, None)
    assert log.texts() == []
    lambda_handler(2.1, None)

    line = log.line()
    assert (line["reason"], line["level"], line["duration_ms"]) == ("slow", "WARN", 2_100.0)


def test_only_what_was_asked_for_is_told(log: Log, hands: Hands) -> None:
    slow = Tracer(auto_patch=False, keep="slow:2000")

    with pytest.raises(ValueError, match="quick"):
        raising(slow, ValueError("quick"))({}, None)
    assert log.texts() == []

    @slow.capture_lambda_handler
    def late(event: Any, context: Any) -> None:
        hands.go(3)
        raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        late({}, None)
    log.expect("slow", "## late  fault  ValueError: late")


def test_shortly_before_the_deadline_it_is_told_what_hangs(tracer: Tracer, log: Log) -> None:
    lines: list[Any] = []

    @tracer.capture_method
    def ask() -> None:
        until = clock.now() + 20
        while not lines and clock.now() < until:
            clock.sleep(0.01)
            lines.extend(log.lines())

    @tracer.capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> None:
        ask()
        raise ValueError("told already")

    with pytest.raises(ValueError, match="told already"):
        lambda_handler({}, Context(1.0))

    (line,) = lines
    assert line["reason"] == "timeout"
    handler, asking = line["segments"][0], line["segments"][0]["subsegments"][0]
    assert (handler["in_progress"], "fault" in handler) == (True, False)
    assert (asking["in_progress"], asking["fault"]) == (True, True)
    (exception,) = asking["cause"]["exceptions"]
    assert exception["type"] == "Timeout"
    assert exception["message"].endswith("before the time-out")
    assert log.texts() == []


def test_a_sampled_invocation_is_in_x_ray_and_not_in_the_log(
    tracer: Tracer, log: Log, invoke: Invoke, daemon: Daemon
) -> None:
    invoke(sampled=1)

    with pytest.raises(ValueError, match="no"):
        raising(tracer, ValueError("no"))({}, None)

    assert log.texts() == []
    assert len(daemon.documents()) == 1


def test_what_was_not_to_be_recorded_of_a_sampled_invocation_is_not_kept(
    tracer: Tracer, log: Log, invoke: Invoke, daemon: Daemon
) -> None:
    invoke(sampled=1)

    @tracer.capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> None:
        xray_recorder.begin_subsegment_without_sampling("quiet")
        with xray_recorder.in_subsegment("below") as below:
            assert not below.sampled
        xray_recorder.end_subsegment()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        lambda_handler({}, None)

    assert log.texts() == []
    daemon.expect_tree("## lambda_handler  fault ValueError")


def test_without_a_sampling_decision_it_is_told_of_with_the_trace_that_there_is(
    tracer: Tracer, log: Log, invoke: Invoke
) -> None:
    """Where X-Ray is off, Lambda passes on a Root alone."""
    invocation = invoke(parent="", sampled=None)

    with pytest.raises(ValueError, match="no"):
        raising(tracer, ValueError("no"))({}, None)

    line = log.line()
    assert line["xray_trace_id"] == invocation.root
    assert "trace_id" not in line["segments"][0]


def test_without_a_header_it_is_told_of_without_a_trace(
    tracer: Tracer, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")

    with pytest.raises(ValueError, match="no"):
        raising(tracer, ValueError("no"))({}, None)

    assert log.line()["xray_trace_id"] is None


def test_what_suspends_a_durable_function_is_no_failure(tracer: Tracer, log: Log) -> None:
    suspend = type(
        "SuspendExecution", (BaseException,), {"__module__": "aws_durable_execution_sdk_python.exceptions"}
    )

    with pytest.raises(suspend):
        raising(tracer, suspend())({"DurableExecutionArn": "arn"}, None)

    assert log.texts() == []


def test_a_durable_function_that_failed_by_its_answer_is_told_of(tracer: Tracer, log: Log) -> None:
    answering(tracer, {"Status": "PENDING"})({"DurableExecutionArn": "arn"}, None)
    assert log.texts() == []

    answering(tracer, {"Status": "FAILED"})({"DurableExecutionArn": "arn"}, None)
    log.expect("error", "## lambda_handler  fault  Trigger=direct")


def test_a_handler_within_a_handler_is_part_of_it(tracer: Tracer, log: Log) -> None:
    inner = raising(tracer, ValueError("no"))

    @tracer.capture_lambda_handler
    def outer(event: Any, context: Any) -> Any:
        try:
            inner(event, context)
        except ValueError:
            return {"statusCode": 500}

    outer(REQUEST, None)

    log.expect(
        "status",
        """
        ## outer  fault  Trigger=api  Route=GET /orders
          ## lambda_handler  fault
            checks
            ## tests.keep.test_reasons.raising.locals.charge  fault  ValueError: no  order=7
        """,
    )


def test_a_coroutine_handler_is_told_of(tracer: Tracer, log: Log) -> None:
    @tracer.capture_method
    async def ask() -> None:
        await asyncio.sleep(0)
        raise LookupError("nobody")

    @tracer.capture_lambda_handler
    async def lambda_handler(event: Any, context: Any) -> None:
        await ask()

    with pytest.raises(LookupError):
        lambda_handler({}, None)

    log.expect(
        "error",
        """
        ## lambda_handler  fault
          ## tests.keep.test_reasons.test_a_coroutine_handler_is_told_of.locals.ask  fault  LookupError: nobody
        """,
    )
