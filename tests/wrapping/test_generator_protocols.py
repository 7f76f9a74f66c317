"""A captured generator is driven like a plain one: each step of any script gives the same on both.

A script is a sequence of next, send, throw and close (or of asend, athrow and aclose, each perhaps interrupted while
it waits). It is run step by step on a plain and on a captured generator; what each step gave, what the generator's own
code saw and the state it is in afterwards must be the same.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon

tracer = Tracer(service="payment", disabled=False, auto_patch=False)

Log = list[Any]
Decorate = Callable[[Any], Any]

DECORATORS: dict[str, Decorate] = {
    "capture_method": tracer.capture_method,
    "capture": xray_recorder.capture("generator"),
}

NAMES = {"capture_method": f"## {__name__}.{{}}", "capture": "generator"}
"""What the subsegment of a function of the given name is called."""


class Thrown(Exception):
    pass


class Odd(BaseException):
    """An exception that `except Exception` lets through."""


THROWN: dict[str, Callable[[], BaseException | type[BaseException]]] = {
    "an Exception": lambda: Thrown("thrown", 1),
    "its type": lambda: Thrown,
    "a BaseException": lambda: Odd("odd"),
    "GeneratorExit": lambda: GeneratorExit("exit"),
    "StopIteration": lambda: StopIteration("stop"),
    "StopAsyncIteration": lambda: StopAsyncIteration("stop"),
    "KeyboardInterrupt": KeyboardInterrupt,
    "one with a cause": lambda: with_cause(Thrown("thrown"), ValueError("cause")),
}


def with_cause(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


class Step(NamedTuple):
    """One step of a script: `send` (a value), `throw` (a name in THROWN), `close`, or `next`.

    `interrupt` is what is thrown into an asynchronous step at its first suspension, if anything is.
    """

    kind: str
    argument: Any = None
    interrupt: str | None = None


# --- What a step gives ----------------------------------------------------------------------------------------


class Given(NamedTuple):
    """What came of one step, such that two can be compared: objects of the script are told apart by identity."""

    kind: str
    value: Any
    exceptions: list[tuple[Any, ...]]
    is_thrown_one: bool


def outcome(step: Callable[[], Any], thrown: BaseException | None) -> Given:
    try:
        value = step()
    except BaseException as error:
        return Given("raised", None, chain(error), error is thrown)
    return Given("gave", value, [], False)


def chain(error: BaseException | None) -> list[tuple[Any, ...]]:
    """The exception and what it came from: types and arguments, and which of the two links led there."""
    found: list[tuple[Any, ...]] = []
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        is_cause = error.__cause__ is not None
        found.append((type(error), error.args, is_cause, error.__suppress_context__))
        error = error.__cause__ if is_cause else error.__context__
    return found


def starts(script: list[Step]) -> bool:
    """Whether any code of the generator runs: what is thrown into one that has not started ends it then and there."""
    for step in script:
        if step.kind == "send" and step.argument is not None:
            continue  # refused; it can still be started
        return step.kind in ("next", "send")
    return False


# --- Generators -----------------------------------------------------------------------------------------------


def counts(log: Log) -> Generator[Any, Any, Any]:
    """Yields what it gets, and returns something."""
    received = None
    for number in range(3):
        received = yield (number, received)
        log.append(received)
    return ("returned", received)


def returns_at_once(log: Log) -> Generator[Any, Any, Any]:
    log.append("runs")
    return "nothing to yield"
    yield


def catches(log: Log) -> Generator[Any, Any, Any]:
    """Handles exceptions and goes on; what is not an Exception passes."""
    for number in range(4):
        try:
            log.append((yield number))
        except Exception as error:
            log.append(("caught", type(error), error.args))
            yield "handled"


def suppresses(log: Log) -> Generator[Any, Any, Any]:
    """Ends without a word at any exception, GeneratorExit too, and returns something then."""
    try:
        yield 1
        yield 2
    except BaseException as error:
        log.append(("suppressed", type(error)))
        return "suppressed"


def yields_in_finally(log: Log) -> Generator[Any, Any, Any]:
    """Does not end when it is told to."""
    try:
        yield "working"
    finally:
        log.append("finally")
        log.append((yield "cleaning up"))
        log.append("clean")


def cleans_up(log: Log) -> Generator[Any, Any, Any]:
    try:
        yield 1
        yield 2
    finally:
        log.append("finally")


def fails(log: Log) -> Generator[Any, Any, Any]:
    yield 1
    raise LookupError("own", 2)


def turns_into_another(log: Log) -> Generator[Any, Any, Any]:
    try:
        yield 1
        yield 2
    except BaseException as error:
        log.append(type(error))
        raise LookupError("in its place") from error


def fails_while_handling(log: Log) -> Generator[Any, Any, Any]:
    try:
        yield 1
        yield 2
    except BaseException:
        raise LookupError("while handling")  # noqa: B904  # the context is what is compared


def raises_stop_iteration(log: Log) -> Generator[Any, Any, Any]:
    yield 1
    raise StopIteration("by mistake")


def delegates(log: Log) -> Generator[Any, Any, Any]:
    result = yield from catches(log)
    log.append(result)
    yield from yields_in_finally(log)
    return result


def yields_exceptions(log: Log) -> Generator[Any, Any, Any]:
    """What is yielded and returned may be anything."""
    log.append((yield StopIteration))
    log.append((yield GeneratorExit()))
    return StopIteration(3)


BODIES = {
    body.__name__: body
    for body in (
        counts,
        returns_at_once,
        catches,
        suppresses,
        yields_in_finally,
        cleans_up,
        fails,
        turns_into_another,
        fails_while_handling,
        raises_stop_iteration,
        delegates,
        yields_exceptions,
    )
}

VALUES = st.sampled_from((None, 0, "text", ("a", "tuple"), ValueError))
STEPS = st.one_of(
    st.just(Step("next")),
    st.builds(Step, st.just("send"), VALUES, st.none()),
    st.builds(Step, st.just("throw"), st.sampled_from(sorted(THROWN)), st.none()),
    st.just(Step("close")),
)


def drive(generator: Any, step: Step) -> Given:
    thrown = THROWN[step.argument]() if step.kind == "throw" else None
    calls: dict[str, Callable[[], Any]] = {
        "next": lambda: next(generator),
        "send": lambda: generator.send(step.argument),
        "throw": lambda: generator.throw(thrown),
        "close": generator.close,
    }
    return comparable(outcome(calls[step.kind], thrown if isinstance(thrown, BaseException) else None))


def comparable(given: Given) -> Given:
    """An exception that a generator gave is compared by type and arguments: each generator made one."""
    if isinstance(given.value, BaseException):
        return given._replace(value=(type(given.value), given.value.args))
    arguments = [
        (kind, tuple(repr(argument) for argument in args), *links) for kind, args, *links in given.exceptions
    ]
    return given._replace(exceptions=arguments)


@pytest.mark.parametrize("sampled", [1, 0])
@pytest.mark.parametrize("decorator", DECORATORS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=st.sampled_from(sorted(BODIES)), script=st.lists(STEPS, max_size=7))
@example(body="yields_in_finally", script=[Step("next"), Step("close"), Step("next"), Step("close")])
@example(body="suppresses", script=[Step("next"), Step("close"), Step("next")])
@example(body="counts", script=[Step("send", "too early"), Step("next"), Step("send", "text"), Step("next")])
@example(body="cleans_up", script=[Step("throw", "an Exception"), Step("next")])
@example(body="catches", script=[Step("next"), Step("throw", "StopIteration"), Step("close")])
def test_every_step_gives_what_a_plain_generator_gives(
    decorator: str, sampled: int, body: str, script: list[Step], daemon: Daemon, invoke: Invoke
) -> None:
    daemon.clear()
    invoke(sampled=sampled)
    plain_log: Log = []
    captured_log: Log = []
    plain = BODIES[body](plain_log)
    captured = DECORATORS[decorator](BODIES[body])(captured_log)
    for step in script:
        assert drive(captured, step) == drive(plain, step)
        assert inspect.getgeneratorstate(captured) == inspect.getgeneratorstate(plain)
        assert captured_log == plain_log

    for generator in (plain, captured):
        for _ in range(2):  # one that does not want to end is asked again
            drive(generator, Step("close"))
    assert captured_log == plain_log
    arrived = [(document["name"], document["in_progress"]) for document in daemon.documents()]
    assert arrived == ([(NAMES[decorator].format(body), False)] if sampled and starts(script) else [])


# --- Asynchronous generators ----------------------------------------------------------------------------------


@types.coroutine
def pause(token: object) -> Generator[object, object, object]:
    """Suspend the task; whoever drives it sees `token`."""
    return (yield token)


async def async_counts(log: Log) -> AsyncGenerator[Any, Any]:
    for number in range(3):
        log.append(await pause("before"))
        received = yield number
        log.append(received)
    await pause("at the end")


async def async_empty(log: Log) -> AsyncGenerator[Any, Any]:
    log.append("runs")
    return
    yield


async def async_catches(log: Log) -> AsyncGenerator[Any, Any]:
    for number in range(4):
        try:
            await pause(number)
            log.append((yield number))
        except Exception as error:
            log.append(("caught", type(error), error.args))
            await pause("handling")
            yield "handled"


async def async_suppresses(log: Log) -> AsyncGenerator[Any, Any]:
    try:
        yield 1
        await pause("between")
        yield 2
    except BaseException as error:
        log.append(("suppressed", type(error)))


async def async_yields_in_finally(log: Log) -> AsyncGenerator[Any, Any]:
    try:
        yield "working"
    finally:
        log.append("finally")
        await pause("cleaning")
        log.append((yield "cleaning up"))


async def async_waits_in_finally(log: Log) -> AsyncGenerator[Any, Any]:
    try:
        yield 1
        yield 2
    finally:
        log.append("finally")
        await pause("cleaning")
        log.append("clean")


async def async_fails(log: Log) -> AsyncGenerator[Any, Any]:
    yield 1
    await pause("before it fails")
    raise LookupError("own", 2)


async def async_turns_into_another(log: Log) -> AsyncGenerator[Any, Any]:
    try:
        yield 1
        await pause("between")
        yield 2
    except BaseException as error:
        log.append(type(error))
        raise LookupError("in its place") from error


async def async_raises_stop(log: Log) -> AsyncGenerator[Any, Any]:
    yield 1
    raise StopAsyncIteration("by mistake")


ASYNC_BODIES = {
    body.__name__: body
    for body in (
        async_counts,
        async_empty,
        async_catches,
        async_suppresses,
        async_yields_in_finally,
        async_waits_in_finally,
        async_fails,
        async_turns_into_another,
        async_raises_stop,
    )
}

INTERRUPTS = st.sampled_from((None, None, None, "an Exception", "a BaseException"))
ASYNC_STEPS = st.one_of(
    st.builds(Step, st.just("next"), st.none(), INTERRUPTS),
    st.builds(Step, st.just("send"), VALUES, INTERRUPTS),
    st.builds(Step, st.just("throw"), st.sampled_from(sorted(THROWN)), INTERRUPTS),
    st.builds(Step, st.just("close"), st.none(), INTERRUPTS),
)


def drive_async(generator: Any, step: Step, tokens: Log) -> Given:
    """Do one step as a task would: `tokens` gets what it waited for."""
    thrown = THROWN[step.argument]() if step.kind == "throw" else None
    interrupt = THROWN[step.interrupt]() if step.interrupt else None
    steps: dict[str, Callable[[], Any]] = {
        "next": generator.__anext__,
        "send": lambda: generator.asend(step.argument),
        "throw": lambda: generator.athrow(thrown),
        "close": generator.aclose,
    }

    def run() -> Any:
        awaiting = steps[step.kind]().__await__()
        try:
            tokens.append(awaiting.send(None))
            if interrupt is not None:
                tokens.append(awaiting.throw(interrupt))
            while True:
                tokens.append(awaiting.send(("answer", len(tokens))))
        except StopIteration as stop:
            return stop.value

    expected = interrupt if interrupt is not None else thrown
    return comparable(outcome(run, expected if isinstance(expected, BaseException) else None))


@pytest.mark.parametrize("sampled", [1, 0])
@pytest.mark.parametrize("decorator", DECORATORS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=st.sampled_from(sorted(ASYNC_BODIES)), script=st.lists(ASYNC_STEPS, max_size=7))
@example(body="async_yields_in_finally", script=[Step("next"), Step("close"), Step("next")])
@example(body="async_waits_in_finally", script=[Step("next"), Step("close"), Step("close")])
@example(body="async_counts", script=[Step("send", "too early"), Step("next"), Step("send", "text")])
@example(body="async_catches", script=[Step("next", interrupt="an Exception"), Step("next"), Step("close")])
def test_every_step_gives_what_a_plain_asynchronous_generator_gives(
    decorator: str, sampled: int, body: str, script: list[Step], daemon: Daemon, invoke: Invoke
) -> None:
    daemon.clear()
    invoke(sampled=sampled)
    plain_log: Log = []
    captured_log: Log = []
    plain: Any = ASYNC_BODIES[body](plain_log)
    captured = DECORATORS[decorator](ASYNC_BODIES[body])(captured_log)
    for step in script:
        plain_tokens: Log = []
        captured_tokens: Log = []
        expected = drive_async(plain, step, plain_tokens)
        assert drive_async(captured, step, captured_tokens) == expected
        assert captured_tokens == plain_tokens
        assert captured_log == plain_log
        assert captured.ag_running == plain.ag_running
        assert (captured.ag_frame is None) == (plain.ag_frame is None)

    for generator in (plain, captured):
        for kind in ("close", "next", "next"):  # one that refused to be closed can only run to its end
            drive_async(generator, Step(kind), [])
    assert captured_log == plain_log
    arrived = [(document["name"], document["in_progress"]) for document in daemon.documents()]
    assert arrived == ([(NAMES[decorator].format(body), False)] if sampled and starts(script) else [])
