"""Odd callables and odd moments: mocks, endless recursion, a generator that changes its context."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from lambda_tracer import Tracer, guard
from tests.cannot_hurt.kinds import finish
from tests.daemon import Daemon
from tests.hostile import looked_at


@pytest.mark.parametrize("make", ["Mock", "MagicMock", "AsyncMock"])
def test_mocks_are_called_as_ever(make: str, daemon: Daemon) -> None:
    from unittest import mock

    traced = Tracer().capture_method(getattr(mock, make)(return_value=7))

    result = traced(1)

    assert (finish(result) if make == "AsyncMock" else result) == 7
    daemon.documents()


@pytest.mark.parametrize(
    "name", ["__getattr__", "__getattribute__", "__bool__", "__eq__", "__hash__", "__class__"]
)
def test_a_callable_object_that_raises_when_looked_at_can_be_decorated(name: str, daemon: Daemon) -> None:
    kind = looked_at.raising(name, ValueError)
    setattr(kind, "__call__", lambda self, argument: argument)  # noqa: B010, mypy knows no such assignment

    traced = Tracer().capture_method(kind())

    assert traced(7) == 7
    daemon.documents()


def test_endless_recursion_ends_as_it_would_and_the_trace_is_whole(daemon: Daemon) -> None:
    guard.reraise = False  # the tracer's own work meets the limit too; that must not show
    tracer = Tracer()

    @tracer.capture_method
    def recurse(depth: int) -> int:
        return recurse(depth + 1)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> str:
        with contextlib.suppress(RecursionError):
            recurse(0)
        return "survived"

    assert handler({}, None) == "survived"
    assert all(not subsegment["in_progress"] for subsegment in daemon.subsegments())


def test_a_handler_that_is_a_generator_may_end_in_another_context(daemon: Daemon) -> None:
    import contextvars

    @Tracer().capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        yield 1
        yield 2

    generator = handler({}, None)

    assert contextvars.copy_context().run(next, generator) == 1
    assert contextvars.copy_context().run(list, generator) == [2]
    daemon.documents()
