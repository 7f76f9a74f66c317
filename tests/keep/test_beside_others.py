"""What others have a part in: web frameworks, Powertools' Tracer, durable executions, and exceptions from outside."""

from __future__ import annotations

import contextlib
import importlib
import json
import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, guard, unpatch_all, xray_recorder
from lambda_tracer.capture.watch import watch_handler
from tests.conftest import Invoke
from tests.functions.running import python
from tests.keep.lines import Hands, Log, tree
from tests.patches.web import events
from tests.test_interruptions import Interrupted, Interruption


@pytest.fixture
def patched() -> Iterator[None]:
    xray_recorder.patch(["bottle", "threads"])
    yield
    unpatch_all()


@pytest.mark.usefixtures("patched")
def test_the_exception_of_which_a_framework_made_its_answer_is_told(tracer: Tracer, log: Log) -> None:
    awsgi = pytest.importorskip("awsgi", reason="aws-wsgi is not installed")
    bottle = pytest.importorskip("bottle", reason="bottle is not installed")
    app = bottle.Bottle()

    @app.get("/items/<name>")
    def item(name: str) -> str:
        raise LookupError("none left")

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        return awsgi.response(app, event, context)

    assert handler(events.rest("GET", "/items/3"), None)["statusCode"] == "500"
    assert handler(events.rest("GET", "/nowhere"), None)["statusCode"] == "404"
    log.expect(
        "status",
        "## handler  fault  LookupError: none left  Trigger=api  Route=GET /items/{name}",
    )


def test_powertools_on_our_recorder_is_kept_as_ours(tracer: Tracer, log: Log) -> None:
    powertools = pytest.importorskip("aws_lambda_powertools", reason="aws-lambda-powertools is not installed")
    theirs = powertools.Tracer(service="shop", provider=xray_recorder, auto_patch=False)

    @theirs.capture_method
    def charge() -> None:
        theirs.put_annotation("order", 7)
        raise ValueError("no such order")

    @theirs.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        charge()

    with pytest.raises(ValueError, match="no such order"):
        watch_handler(handler)({}, None)

    name = "## tests.keep.test_beside_others.test_powertools_on_our_recorder_is_kept_as_ours.locals.charge"
    log.expect("error", f"## handler  fault\n  {name}  fault  ValueError: no such order  order=7")


@pytest.mark.parametrize("is_by_name", [False, True])
def test_a_method_that_is_the_handler_is_kept_by_what_its_event_asks(
    is_by_name: bool, tracer: Tracer, log: Log
) -> None:
    class App:
        def handler(self, event: object, context: object) -> dict[str, int]:
            with xray_recorder.in_subsegment("## handler"):  # as of another Tracer
                return {"statusCode": 500}

    handler, event = watch_handler(App.handler), events.rest("GET", "/items/3")
    assert handler(App(), **{"event": event, "context": None}) if is_by_name else handler(App(), event, None)

    log.expect("status", "## handler")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs Python 3.11, as the SDK does")
def test_steps_of_a_durable_execution_are_kept(tracer: Tracer, log: Log, hands: Hands) -> None:
    sdk = pytest.importorskip("aws_durable_execution_sdk_python", reason="the SDK is not installed")
    from tests.durable.execution import execute

    durable = importlib.import_module("lambda_tracer.durable")
    runs = []

    @sdk.durable_step
    def charge(context: Any) -> int:
        runs.append(1)
        raise ValueError("no such order")

    @sdk.durable_execution(plugins=[durable.plugin_factory])
    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        retry = importlib.import_module("aws_durable_execution_sdk_python.retries")
        config = importlib.import_module("aws_durable_execution_sdk_python.config")
        context.step(charge(), config=config.StepConfig(retry_strategy=retry.RetryPresets.none()))

    assert execute(handler) == "FAILED"

    shown = [tree(line) for line in log.lines()]
    assert runs == [1]
    assert len(shown) == 1
    assert "## handler  fault" in shown[0]
    assert "  charge  fault  ValueError: no such order  Attempt=1  Replayed=False" in shown[0]


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.soak), 0])
def test_an_exception_from_outside_leaves_and_what_follows_is_kept_as_before(
    tracer: Tracer, log: Log, hands: Hands, invoke: Invoke, every: int
) -> None:
    @tracer.capture_method
    def fails() -> None:
        tracer.put_annotation("order", 7)
        raise ValueError("no such order")

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        with xray_recorder.in_subsegment("block"):
            xray_recorder.begin_subsegment("by hand")
            xray_recorder.end_subsegment()
        with contextlib.suppress(ValueError):
            fails()
        return {"statusCode": 500}

    event = {"requestContext": {"http": {"method": "GET", "path": "/"}}}

    def run(at: float) -> tuple[Interruption, str]:
        invoke(sampled=0)
        hands.go(2)
        interruption = Interruption(at)
        with contextlib.suppress(Interrupted), interruption:
            handler(event, None)
            interruption.raised = None
        if at != float("inf"):
            is_swallowed = interruption.place and interruption.raised is None
            assert not is_swallowed, f"swallowed: {interruption.place}"
            is_told_again = "kept_line.py" in interruption.place
            assert len(log.texts()) == 1 or not is_told_again, interruption.place
            invoke(sampled=0)
            hands.go(2)
            handler(event, None)
        return interruption, tree(log.line())

    run(float("inf"))
    undisturbed, expected = run(float("inf"))
    count = undisturbed.count
    points = range(1, count + 1) if every else random.Random(7).sample(range(1, count + 1), 60)
    for at in points:
        interruption, found = run(at)
        assert found == expected, f"after an interruption at bytecode {at}: {interruption.place}"
    assert guard.failures == 0


def test_without_it_no_module_of_it_is_loaded() -> None:
    ran = python("""
        import os, sys
        os.environ.update(LAMBDA_TASK_ROOT="/", _X_AMZN_TRACE_ID="Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
        from lambda_tracer import Tracer
        tracer = Tracer()
        tracer.capture_lambda_handler(lambda event, context: tracer.capture_method(len)("a"))({}, None)
        print([name for name in sys.modules if name.endswith((".keeping", ".kept", ".kept_line", ".log_line"))])
    """)

    assert (ran.stdout, ran.stderr) == ("[]\n", "")


def test_the_compatible_names_give_what_is_kept() -> None:
    ran = python("""
        import os
        os.environ.update(LAMBDA_TASK_ROOT="/", _X_AMZN_TRACE_ID="Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
        from lambda_tracer import Tracer, compat
        compat.install()
        from aws_xray_sdk.core import xray_recorder
        tracer = Tracer(keep="errors")

        @tracer.capture_lambda_handler
        def handler(event, context):
            xray_recorder.begin_subsegment("by hand").put_annotation("a", 1)
            xray_recorder.end_subsegment()
            with xray_recorder.in_subsegment("block") as block:
                assert block.parent_segment is xray_recorder.current_segment()
                assert block.subsegments == []
                block.http = {}
                return {"Status": "FAILED"}

        handler({"DurableExecutionArn": "arn"}, None)
    """)

    assert ran.stderr == ""
    assert tree(json.loads(ran.stdout)) == "## handler  fault  Trigger=direct\n  by hand  a=1\n  block"
