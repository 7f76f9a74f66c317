"""A durable function's handler: what suspends it has not failed, in whichever order it is decorated."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip(
    "aws_durable_execution_sdk_python_testing",
    reason="aws-durable-execution-sdk-python-testing is not installed",
)

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration
from aws_durable_execution_sdk_python.exceptions import SuspendExecution, TimedSuspendExecution

from lambda_tracer import Tracer
from tests.daemon import Daemon
from tests.durable.execution import execute

A_MOMENT = Duration.from_seconds(1)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def tracer_first(tracer: Tracer) -> Decorator:
    """`@tracer.capture_lambda_handler` above `@durable_execution`."""
    return lambda handler: tracer.capture_lambda_handler(durable_execution(handler))


def durable_first(tracer: Tracer) -> Decorator:
    """`@durable_execution` above `@tracer.capture_lambda_handler`."""
    return lambda handler: durable_execution(tracer.capture_lambda_handler(handler))


ORDERS = pytest.mark.parametrize("order", [tracer_first, durable_first])


def statuses(daemon: Daemon) -> list[Any]:
    return [
        subsegment.get("annotations", {}).get("DurableStatus")
        for subsegment in daemon.subsegments()
        if subsegment["name"] == "## lambda_handler"
    ]


@ORDERS
def test_an_execution_that_waits_has_not_failed(order: Callable[[Tracer], Decorator], daemon: Daemon) -> None:
    tracer = Tracer(service="orders")

    @tracer.capture_method
    def wait(context: DurableContext) -> None:
        context.wait(A_MOMENT)

    @order(tracer)
    def lambda_handler(event: Any, context: DurableContext) -> str:
        wait(context)
        return "done"

    assert execute(lambda_handler) == "SUCCEEDED"
    name = f"{__name__}.{wait.__qualname__}".translate({ord(character): None for character in "<>"})
    daemon.expect_tree(f"""
        ## lambda_handler
          ## {name}
        ## lambda_handler
          ## {name}
    """)
    assert statuses(daemon) == ["PENDING", "SUCCEEDED" if order is tracer_first else None]


@ORDERS
def test_an_execution_that_fails_is_a_fault(order: Callable[[Tracer], Decorator], daemon: Daemon) -> None:
    @order(Tracer(service="orders"))
    def lambda_handler(event: Any, context: DurableContext) -> None:
        raise ValueError("no such order")

    assert execute(lambda_handler) == "FAILED"
    if order is tracer_first:  # the SDK makes an answer of the exception
        daemon.expect_tree("## lambda_handler  fault")
        assert statuses(daemon) == ["FAILED"]
    else:
        daemon.expect_tree("## lambda_handler  fault ValueError")


@pytest.mark.parametrize("suspension", [SuspendExecution("later"), TimedSuspendExecution("at", 1.0)])
def test_a_suspension_is_known_whatever_it_leaves(suspension: BaseException, daemon: Daemon) -> None:
    tracer = Tracer(service="orders")

    @tracer.capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> None:
        with tracer.provider.in_subsegment("a block"):
            raise suspension

    with pytest.raises(SuspendExecution) as raised:
        lambda_handler({}, None)

    assert raised.value is suspension
    daemon.expect_tree("""
        ## lambda_handler
          a block
    """)
    assert statuses(daemon) == ["PENDING"]


def test_an_exception_of_that_name_is_anybodys(daemon: Daemon) -> None:
    class SuspendExecution(BaseException):
        pass

    @Tracer(service="orders").capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> None:
        raise SuspendExecution

    with pytest.raises(SuspendExecution):
        lambda_handler({}, None)

    daemon.expect_tree("## lambda_handler  fault SuspendExecution")


@pytest.mark.parametrize("event", [{"Status": "PENDING"}, {}, None, 3, object()])
def test_a_status_is_the_executions_only_in_a_durable_function(event: Any, daemon: Daemon) -> None:
    @Tracer(service="orders").capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> dict[str, str]:
        return {"Status": "FAILED"}

    lambda_handler(event, None)

    daemon.expect_tree("## lambda_handler")
    assert statuses(daemon) == [None]


def test_a_handler_that_is_a_method_or_called_by_names(daemon: Daemon) -> None:
    tracer = Tracer(service="orders")
    event = {"DurableExecutionArn": "arn:aws:lambda:eu-west-1:123456789012:function:orders"}

    class Function:
        @tracer.capture_lambda_handler
        def lambda_handler(self, event: Any, context: Any) -> dict[str, str]:
            return {"Status": "PENDING"}

    function = Function()
    function.lambda_handler(event, None)
    function.lambda_handler(event, context=None)
    function.lambda_handler(event=event, context=None)

    assert statuses(daemon) == ["PENDING"] * 3


@pytest.mark.parametrize("status", ["UNHEARD OF", ["FAILED"], 3, None])
def test_a_status_that_is_none_is_left_out(status: Any, daemon: Daemon) -> None:
    @Tracer(service="orders").capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
        return {"Status": status}

    lambda_handler({"DurableExecutionArn": "arn:aws:lambda:eu-west-1:123456789012:function:orders"}, None)

    daemon.expect_tree("## lambda_handler")
    assert statuses(daemon) == [None]


def test_the_deadline_is_that_of_the_context_within(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    class LambdaContext:
        def get_remaining_time_in_millis(self) -> int:
            return 300

    monkeypatch.setenv("LAMBDA_TRACER_TIMEOUT_MARGIN_MS", "200")

    @Tracer(service="orders").capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> None:
        assert daemon.subsegments(1)[0]["cause"]["exceptions"][0]["type"] == "Timeout"

    # As the SDK makes one; with nothing to replay it is asked for nothing else.
    state = SimpleNamespace(durable_execution_arn="arn", operations={})
    lambda_handler({}, DurableContext.from_lambda_context(state, LambdaContext()))

    daemon.documents(2)  # the complete one may be sent by the watching thread
    daemon.expect_tree("## lambda_handler")
