"""What a middleware opens above the captured handler is the handler's parent, whatever the middleware is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import lambda_tracer
from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon


@pytest.fixture
def tracer(daemon: Daemon) -> Tracer:
    return Tracer(service="shop", disabled=False, auto_patch=False)


def captured(tracer: Tracer) -> Callable[[Any, Any], str]:
    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> str:
        with xray_recorder.in_subsegment("work"):
            return "answer"

    return handler


def by_a_block(tracer: Tracer) -> Any:
    handler = captured(tracer)

    def middleware(event: Any, context: Any) -> Any:
        with xray_recorder.in_subsegment("middleware"):
            return handler(event, context)

    return middleware


def by_begin_and_end(tracer: Tracer) -> Any:
    handler = captured(tracer)

    def middleware(event: Any, context: Any) -> Any:
        xray_recorder.begin_subsegment("middleware")
        try:
            return handler(event, context)
        finally:
            xray_recorder.end_subsegment()

    return middleware


def by_a_decorator(tracer: Tracer) -> Any:
    return xray_recorder.capture("middleware")(captured(tracer))


def by_a_class(tracer: Tracer) -> Any:
    class Application:
        @tracer.capture_lambda_handler
        def handler(self, event: Any, context: Any) -> str:
            with xray_recorder.in_subsegment("work"):
                return "answer"

        def __call__(self, event: Any, context: Any) -> str:
            with xray_recorder.in_subsegment("middleware"):
                return self.handler(event, context)

    return Application()


def by_an_async_block(tracer: Tracer) -> Any:
    @tracer.capture_lambda_handler
    async def handler(event: Any, context: Any) -> str:
        async with xray_recorder.in_subsegment_async("work"):
            await asyncio.sleep(0)
        return "answer"

    def middleware(event: Any, context: Any) -> Any:
        with xray_recorder.in_subsegment("middleware"):
            return handler(event, context)

    return middleware


WAYS = [by_a_block, by_begin_and_end, by_a_decorator, by_a_class, by_an_async_block]


@pytest.mark.parametrize("way", WAYS)
def test_it_is_the_handlers_parent_in_every_invocation(
    way: Callable[[Tracer], Any], tracer: Tracer, daemon: Daemon, invoke: Invoke
) -> None:
    function = way(tracer)
    for _ in range(3):
        invoke()
        daemon.clear()

        answer = function({}, None)

        assert answer == "answer"
        daemon.expect_tree("""
            middleware
              ## handler
                work
        """)


@pytest.mark.parametrize("way", WAYS)
def test_in_an_unsampled_invocation_nothing_is_recorded(
    way: Callable[[Tracer], Any], tracer: Tracer, daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)

    assert way(tracer)({}, None) == "answer"
    assert daemon.documents() == []


def test_two_handlers_in_a_row_under_one_block_are_siblings(tracer: Tracer, daemon: Daemon) -> None:
    handler = captured(tracer)

    with xray_recorder.in_subsegment("middleware"):
        handler({}, None)
        handler({}, None)

    daemon.expect_tree("""
        middleware
          ## handler
            work
          ## handler
            work
    """)


def test_powertools_middlewares_are_traced_where_our_tracer_has_taken_the_place_of_its_own(
    tracer: Tracer, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("aws_lambda_powertools", reason="aws-lambda-powertools is not installed")
    from aws_lambda_powertools.middleware_factory import factory, lambda_handler_decorator

    monkeypatch.setattr(factory, "Tracer", lambda_tracer.Tracer)

    @lambda_handler_decorator(trace_execution=True)
    def middleware(handler: Any, event: Any, context: Any) -> Any:
        return handler(event, context)

    answer = middleware(captured(tracer))({}, None)

    name = f"## {test_powertools_middlewares_are_traced_where_our_tracer_has_taken_the_place_of_its_own.__name__}"
    assert answer == "answer"
    daemon.expect_tree(f"""
        {name}.locals.middleware
          ## handler
            work
    """)


def test_powertools_middlewares_run_beside_our_tracer(tracer: Tracer, daemon: Daemon) -> None:
    pytest.importorskip("aws_lambda_powertools", reason="aws-lambda-powertools is not installed")
    from aws_lambda_powertools.middleware_factory import lambda_handler_decorator

    @lambda_handler_decorator
    def middleware(handler: Any, event: Any, context: Any) -> Any:
        return handler(event, context)

    assert middleware(captured(tracer))({}, None) == "answer"
    daemon.expect_tree("""
        ## handler
          work
    """)
