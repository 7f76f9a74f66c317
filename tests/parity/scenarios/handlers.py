"""`capture_lambda_handler`: names, annotations, what comes back, cold start."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.parity.lab import Lab, scenario


@scenario("event-facts")
def plain_handler(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> Any:
        """A docstring."""
        return {"statusCode": 200, "body": event["body"]}

    lab.attempt("call", lambda_handler, {"body": "hello"}, None)
    lab.note("name", [lambda_handler.__name__, lambda_handler.__doc__, lambda_handler.__module__])
    lab.note("wrapped", lambda_handler.__wrapped__({"body": "undecorated"}, None))


@scenario()
def called_with_keywords(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any, extra: str = "", **more: Any) -> Any:
        return [event, context, extra, more]

    lab.attempt("keywords", handler, event=1, context=2)
    lab.attempt("further keywords", handler, 1, context=2, extra="x", other="y")


@scenario("handler-takes-any-arguments")
def called_with_more_or_fewer_positional_arguments(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def handler(*args: Any) -> int:
        return len(args)

    for args in ((), (1,), (1, 2, 3)):
        try:
            lab.note(f"{len(args)} arguments", handler(*args))
        except TypeError:
            lab.note(f"{len(args)} arguments", "TypeError")


@scenario()
def with_parentheses_and_called_directly(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler()
    def parentheses(event: Any, context: Any) -> str:
        return "parentheses"

    @tracer.capture_lambda_handler(capture_response=False)
    def silent(event: Any, context: Any) -> str:
        return "silent"

    def bare(event: Any, context: Any) -> str:
        return "bare"

    lab.attempt("parentheses", parentheses, {}, None)
    lab.attempt("silent", silent, {}, None)
    lab.attempt(
        "direct", tracer.capture_lambda_handler(lambda_handler=bare, capture_response=False), {}, None
    )
    lab.attempt("direct, positional", tracer.capture_lambda_handler(bare, True, True), {}, None)


def _gives_back(event: Any, context: Any) -> Any:
    return event


@scenario()
def returns_nothing_and_falsy_values(lab: Lab) -> None:
    tracer = lab.tracer()
    values: tuple[Any, ...] = (None, False, 0, 0.0, "", [], {})
    for number, value in enumerate(values):
        lab.attempt(f"{number}: {value!r}", tracer.capture_lambda_handler(_gives_back), value, None)


@scenario()
def lambda_as_handler(lab: Lab) -> None:
    tracer = lab.tracer()
    lab.attempt("call", tracer.capture_lambda_handler(lambda event, context: "anonymous"), {}, None)


@scenario("error-metadata", "stack-of-a-decorator")
def raises(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        raise KeyError("missing")

    lab.attempt("call", handler, {}, None)


@scenario("stack-of-a-decorator")
def raises_without_error_metadata(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler(capture_error=False)
    def handler(event: Any, context: Any) -> None:
        raise ValueError("not kept as metadata")

    lab.attempt("call", handler, {}, None)


@scenario("stack-of-a-decorator")
def exits(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        raise SystemExit(3)

    lab.attempt("call", handler, {}, None)


@scenario()
def without_service(lab: Lab) -> None:
    tracer = lab.tracer(service=None)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> str:
        return "no service"

    lab.attempt("call", handler, {}, None)


@scenario()
def cold_start_of_several_invocations(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> int:
        return int(event)

    for number in range(3):
        lab.invoke()
        lab.attempt(f"invocation {number}", handler, number, None)


@scenario()
def cold_start_is_shared_by_all_tracers(lab: Lab) -> None:
    for service in ("one", "two"):
        tracer = lab.tracer(service=service)
        handler = tracer.capture_lambda_handler(lambda event, context: None)
        handler({}, None)


@scenario()
def cold_start_belongs_to_the_inner_of_two_decorators(lab: Lab) -> None:
    tracer = lab.tracer()

    def inner(event: Any, context: Any) -> str:
        return "inner"

    def outer(event: Any, context: Any) -> Any:
        return tracer.capture_lambda_handler(inner)(event, context)

    lab.attempt("call", tracer.capture_lambda_handler(outer), {}, None)


@scenario()
def cold_start_with_both_decorators_on_one_handler(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    @tracer.capture_lambda_handler
    @tracer.capture_method
    def handler(event: Any, context: Any) -> str:
        return "stacked"

    lab.attempt("call", handler, {}, None)


@scenario("error-metadata", "stack-of-a-decorator")
def cold_start_when_the_first_invocation_fails(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        if event == "fail":
            raise ValueError("first")

    lab.attempt("first", handler, "fail", None)
    lab.invoke()
    lab.attempt("second", handler, "go", None)


@scenario()
def cold_start_is_over_after_an_unsampled_invocation(lab: Lab) -> None:
    tracer = lab.tracer()
    handler = tracer.capture_lambda_handler(lambda event, context: None)
    lab.invoke(sampled="0")
    handler({}, None)
    lab.invoke()
    handler({}, None)


@scenario()
def cold_start_by_initialization_type(lab: Lab) -> None:
    tracer = lab.tracer()
    handler = tracer.capture_lambda_handler(lambda event, context: None)
    lab.environ(AWS_LAMBDA_INITIALIZATION_TYPE="provisioned-concurrency")
    handler({}, None)
    lab.environ(AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")
    handler({}, None)


def _initialization(kind: str) -> None:
    @scenario(name=f"cold start with initialization type {kind}")
    def run(lab: Lab) -> None:
        lab.environ(AWS_LAMBDA_INITIALIZATION_TYPE=kind)
        lab.tracer().capture_lambda_handler(lambda event, context: None)({}, None)


for _kind in ("on-demand", "snap-start", "lambda-managed-instances", "something new", ""):
    _initialization(_kind)


@scenario("coroutine-handlers-run")
def coroutine_function_as_handler(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    async def handler(event: Any, context: Any) -> str:
        await asyncio.sleep(0)
        return "awaited"

    result = handler({}, None)
    lab.note("returned", result)
    if asyncio.iscoroutine(result):
        lab.note("awaited", asyncio.run(result))


@scenario()
def annotates_and_nests(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def inner(value: int) -> int:
        tracer.put_annotation("inner", value)
        return value * 2

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        tracer.put_annotation("before", True)
        result = [inner(1), inner(2)]
        tracer.put_annotation("after", 1.5)
        tracer.put_metadata("own namespace", {"a": [1]}, "elsewhere")
        tracer.put_metadata("empty namespace", 1, "")
        tracer.put_metadata("service's namespace", None)
        return result

    lab.attempt("call", handler, {}, None)


@scenario("generators-are-left-alone")
def generator_function_as_handler(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        yield 1
        yield 2

    lab.note("items", list(handler({}, None)))
