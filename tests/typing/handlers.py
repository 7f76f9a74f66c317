"""What type checkers make of `capture_lambda_handler`.

A handler keeps its type, and a coroutine function becomes a plain one. Checked, and run once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

from typing_extensions import assert_type

from lambda_tracer import Tracer

if TYPE_CHECKING:
    from aws_lambda_typing.context import Context
else:
    Context = Any

tracer = Tracer(service="types", auto_patch=False, disabled=True)
context: Any = None


class Event(TypedDict):
    name: str


@tracer.capture_lambda_handler
def plain(event: Event, context: Context) -> list[str]:
    return [event["name"]]


@tracer.capture_lambda_handler()
def with_parentheses(event: Event, context: Context) -> list[str]:
    return [event["name"]]


@tracer.capture_lambda_handler(capture_response=False)
def with_arguments(event: Event, context: Context, extra: int = 0) -> list[str]:
    return [event["name"]]


@tracer.capture_lambda_handler
def of_any(event: dict[str, Any], context: Any) -> Any:
    return event


@tracer.capture_lambda_handler
def of_nothing(event: dict[str, Any], context: object) -> None: ...


@tracer.capture_lambda_handler
async def coroutine(event: Event, context: Context) -> list[str]:
    return [event["name"]]


@tracer.capture_lambda_handler()
async def coroutine_with_parentheses(event: Event, context: Context) -> list[str]:
    return [event["name"]]


@tracer.capture_lambda_handler(capture_error=False)
async def coroutine_with_arguments(event: Event, context: Context, *, extra: int = 0) -> list[str]:
    return [event["name"]]


@tracer.capture_lambda_handler
@tracer.capture_method
async def with_both(event: Event, context: Context) -> list[str]:
    return [event["name"]]


def undecorated(event: Event, context: Context) -> list[str]:
    return [event["name"]]


async def undecorated_coroutine(event: Event, context: Context) -> list[str]:
    return [event["name"]]


class App:
    @tracer.capture_lambda_handler
    def handle(self, event: Event, context: Context) -> list[str]:
        return [event["name"]]

    @tracer.capture_lambda_handler
    async def handle_async(self, event: Event, context: Context) -> list[str]:
        return [event["name"]]

    @staticmethod
    @tracer.capture_lambda_handler
    def static(event: Event, context: Context) -> list[str]:
        return [event["name"]]

    @tracer.capture_lambda_handler
    @staticmethod
    def static_below(event: Event, context: Context) -> list[str]:
        return [event["name"]]


def of_functions() -> None:
    event: Event = {"name": "x"}
    assert_type(plain(event, context), list[str])
    assert_type(plain(event=event, context=context), list[str])
    assert_type(with_parentheses(event, context), list[str])
    assert_type(with_arguments(event, context, extra=1), list[str])
    assert_type(tracer.capture_lambda_handler(undecorated)(event, context), list[str])
    assert_type(tracer.capture_lambda_handler(lambda_handler=undecorated)(event, context), list[str])
    assert_type(tracer.capture_lambda_handler(undecorated, False, False)(event, context), list[str])
    of_any({}, context)
    of_nothing({}, context)


def of_coroutine_functions() -> None:
    event: Event = {"name": "x"}
    assert_type(coroutine(event, context), list[str])
    assert_type(coroutine(event=event, context=context), list[str])
    assert_type(coroutine_with_parentheses(event, context), list[str])
    assert_type(coroutine_with_arguments(event, context, extra=1), list[str])
    assert_type(with_both(event, context), list[str])
    assert_type(tracer.capture_lambda_handler(undecorated_coroutine)(event, context), list[str])
    assert_type(
        tracer.capture_lambda_handler(lambda_handler=undecorated_coroutine)(event, context), list[str]
    )


def of_methods() -> None:
    event: Event = {"name": "x"}
    assert_type(App().handle(event, context), list[str])
    assert_type(App().handle_async(event, context), list[str])
    assert_type(App.static(event, context), list[str])
    assert_type(App.static_below(event, context), list[str])


def can_be_handed_on() -> None:
    handlers: list[Callable[[Event, Any], list[str]]] = [
        plain,
        with_parentheses,
        with_arguments,
        coroutine,
        coroutine_with_parentheses,
        with_both,
    ]
    assert all(map(callable, handlers))


def mistakes_are_found() -> None:
    event: Event = {"name": "x"}
    plain({"nome": "x"}, context)  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    plain(event)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    coroutine(event)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    coroutine(1, context)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with_arguments(event, context, extra="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    tracer.capture_lambda_handler("app")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


CHECKED = (of_functions, of_coroutine_functions, of_methods, can_be_handed_on)
