"""The kinds of callables: each makes one, decorated or not, and a function that drives it to its end."""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.hostile.looked_at import Nasty

Action = Callable[[], Any]
Decorate = Callable[[Any], Any]
Kind = Callable[[Decorate], Callable[[Action], Any]]


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that awaits nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it awaited something")


def function(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    def function(action: Action) -> Any:
        return action()

    return function


def handler(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    def handler(event: Action, context: object) -> Any:
        return event()

    return lambda action: handler(action, None)


def coroutine_function(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    async def function(action: Action) -> Any:
        return action()

    return lambda action: finish(function(action))


def generator_item(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    def function(action: Action) -> Any:
        yield action()

    def drive(action: Action) -> Any:
        items = list(function(action))
        assert len(items) == 1
        return items[0]

    return drive


def generator_result(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    def function(action: Action) -> Any:
        yield
        return action()

    def drive(action: Action) -> Any:
        generator = function(action)
        next(generator)
        try:
            generator.send(None)
        except StopIteration as stop:
            return stop.value

    return drive


def generator_sent(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    def function() -> Any:
        yield (yield)

    def drive(action: Action) -> Any:
        generator = function()
        next(generator)
        try:
            value = action()
        except BaseException as error:
            return generator.throw(error)
        return generator.send(value)

    return drive


def async_generator_item(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    async def function(action: Action) -> Any:
        yield action()

    async def drive(action: Action) -> Any:
        items = [item async for item in function(action)]
        assert len(items) == 1
        return items[0]

    return lambda action: finish(drive(action))


def async_generator_sent(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    async def function() -> Any:
        yield (yield)

    async def drive(action: Action) -> Any:
        generator = function()
        await generator.asend(None)
        try:
            value = action()
        except BaseException as error:
            return await generator.athrow(error)
        value = await generator.asend(value)
        await generator.aclose()
        return value

    return lambda action: finish(drive(action))


def _managed(manager: Callable[..., Any]) -> Callable[[Action], Any]:
    def drive(action: Action) -> Any:
        with manager(action) as value:
            return value

    return drive


def context_manager(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @contextlib.contextmanager
    def manager(action: Action) -> Any:
        yield action()

    return _managed(manager)


def decorated_generator_as_context_manager(decorate: Decorate) -> Callable[[Action], Any]:
    @contextlib.contextmanager
    @decorate
    def manager(action: Action) -> Any:
        yield action()

    return _managed(manager)


def context_manager_body(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @contextlib.contextmanager
    def manager() -> Any:
        try:
            yield
        finally:
            pass

    def drive(action: Action) -> Any:
        with manager():
            return action()

    return drive


def suppressing_context_manager(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @contextlib.contextmanager
    def manager(caught: list[BaseException]) -> Any:
        try:
            yield
        except BaseException as error:
            caught.append(error)

    def drive(action: Action) -> Any:
        caught: list[BaseException] = []
        value = None
        with manager(caught):
            value = action()
        for error in caught:
            raise error
        return value

    return drive


def async_context_manager(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @contextlib.asynccontextmanager
    async def manager(action: Action) -> Any:
        yield action()

    async def drive(action: Action) -> Any:
        async with manager(action) as value:
            return value

    return lambda action: finish(drive(action))


def async_context_manager_body(decorate: Decorate) -> Callable[[Action], Any]:
    @contextlib.asynccontextmanager
    @decorate
    async def manager() -> Any:
        yield

    async def drive(action: Action) -> Any:
        async with manager():
            return action()

    return lambda action: finish(drive(action))


def method(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        @decorate
        def method(self, action: Action) -> Any:
            return action()

    return Class().method


def method_of_a_hostile_object(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        @decorate
        def method(self, action: Action) -> Any:
            return action()

        def __getattr__(self, name: str) -> Any:
            raise Nasty(name)

        __repr__ = __bool__ = __len__ = __str__ = __dir__ = __getattr__  # type: ignore[assignment]

    hostile_object = Class()
    return lambda action: Class.method(hostile_object, action)


def class_method(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        @decorate
        @classmethod
        def method(cls, action: Action) -> Any:
            return action()

    return Class().method


def decorated_below_classmethod(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        @classmethod
        @decorate
        def method(cls, action: Action) -> Any:
            return action()

    return Class.method


def static_method(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        @decorate
        @staticmethod
        def method(action: Action) -> Any:
            return action()

    return Class().method


def callable_object(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        def __call__(self, action: Action) -> Any:
            return action()

    decorated: Callable[[Action], Any] = decorate(Class())
    return decorated


def callable_object_in_a_class(decorate: Decorate) -> Callable[[Action], Any]:
    class Callable_:
        def __call__(self, action: Action) -> Any:
            return action()

    class Class:
        method = decorate(Callable_())

    return Class().method


def partial(decorate: Decorate) -> Callable[[Action], Any]:
    def function(first: int, action: Action, *, last: int) -> Any:
        assert (first, last) == (1, 3)
        return action()

    decorated: Callable[[Action], Any] = decorate(functools.partial(function, 1, last=3))
    return decorated


def cached(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @functools.lru_cache
    def function(action: Action) -> Any:
        return action()

    return function


def twice(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @decorate
    def function(action: Action) -> Any:
        return action()

    return function


KINDS: list[Kind] = [
    function,
    coroutine_function,
    generator_item,
    generator_result,
    generator_sent,
    async_generator_item,
    async_generator_sent,
    context_manager,
    decorated_generator_as_context_manager,
    context_manager_body,
    suppressing_context_manager,
    async_context_manager,
    async_context_manager_body,
    method,
    method_of_a_hostile_object,
    class_method,
    decorated_below_classmethod,
    static_method,
    callable_object,
    callable_object_in_a_class,
    partial,
    cached,
    twice,
]

KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def plain(callable_: Any) -> Any:
    return callable_


def decorators() -> dict[str, Decorate]:
    """Every way to decorate; each is made anew, for it may depend on the surroundings."""
    tracer = Tracer(service="shop")
    return {
        "capture_method": tracer.capture_method,
        "capture_method()": tracer.capture_method(),
        "capture_method(nothing)": tracer.capture_method(capture_response=False, capture_error=False),
        "recorder.capture": xray_recorder.capture("step"),
        "in_subsegment": xray_recorder.in_subsegment(),
        "handler above": lambda callable_: (
            tracer.capture_lambda_handler(callable_)
            if isinstance(callable_, types.FunctionType) and not callable_.__code__.co_flags & 0x2A0
            else tracer.capture_method(callable_)
        ),
    }
