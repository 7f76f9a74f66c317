"""`capture_method` on every kind of callable."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from tests.parity.lab import Lab, scenario


@scenario()
def function(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def add(left: int, right: int = 2, *more: int, scale: int = 1, **others: Any) -> Any:
        """Adds."""
        return (left + right + sum(more)) * scale

    lab.attempt("positional", add, 1)
    lab.attempt("keywords", add, left=1, right=3, scale=10, other=None)
    lab.attempt("more", add, 1, 2, 3, 4)
    lab.note("name", [add.__name__, add.__qualname__, add.__doc__])
    lab.note("original", add.__wrapped__(1))


@scenario()
def forms_of_the_decorator(lab: Lab) -> None:
    tracer = lab.tracer()

    def work() -> str:
        return "done"

    for label, decorated in {
        "bare": tracer.capture_method(work),
        "keyword": tracer.capture_method(method=work),
        "parentheses": tracer.capture_method()(work),
        "silent": tracer.capture_method(capture_response=False)(work),
        "positional": tracer.capture_method(work, False, False),
    }.items():
        lab.attempt(label, decorated)


@scenario()
def nested_calls(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def fibonacci(number: int) -> int:
        return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)

    lab.attempt("call", fibonacci, 4)


@scenario()
def methods_of_a_class(lab: Lab) -> None:
    tracer = lab.tracer()

    class Account:
        @tracer.capture_method
        def instance(self, amount: int) -> int:
            return amount

        @classmethod
        @tracer.capture_method
        def of_the_class(cls) -> str:
            return cls.__name__

        @staticmethod
        @tracer.capture_method
        def static(value: str) -> str:
            return value

        @tracer.capture_method
        @staticmethod
        def static_below(value: str) -> str:
            return value

        @property
        @tracer.capture_method
        def balance(self) -> int:
            return 7

        @tracer.capture_method
        def __call__(self) -> str:
            return "called"

    lab.attempt("instance", Account().instance, 5)
    lab.attempt("classmethod", Account.of_the_class)
    lab.attempt("staticmethod", Account.static, "value")
    lab.attempt("staticmethod below", Account.static_below, "value")
    lab.note("property", Account().balance)
    lab.attempt("__call__", Account())


@scenario("more-kinds-of-callable")
def classmethod_below(lab: Lab) -> None:
    tracer = lab.tracer()

    class Account:
        @tracer.capture_method
        @classmethod
        def of_the_class(cls) -> str:
            return cls.__name__

    lab.attempt("call", Account.of_the_class)


class _Callable:
    def __call__(self, value: int) -> int:
        return value


@scenario("more-kinds-of-callable")
def callable_object(lab: Lab) -> None:
    tracer = lab.tracer()
    lab.attempt("call", lambda: tracer.capture_method(_Callable())(3))


@scenario("more-kinds-of-callable")
def partial(lab: Lab) -> None:
    tracer = lab.tracer()
    lab.attempt("call", lambda: tracer.capture_method(functools.partial(divmod, 7))(2))


@scenario()
def lambda_and_local_names(lab: Lab) -> None:
    tracer = lab.tracer()
    lab.attempt("lambda", tracer.capture_method(lambda: 1))

    def outer() -> Any:
        def inner() -> str:
            return "inner"

        return tracer.capture_method(inner)()

    lab.attempt("local", outer)
    renamed = _renamed("a;b*(c)!$~^<d>?e")
    lab.attempt("odd name", tracer.capture_method(renamed))


def _renamed(name: str) -> Callable[[], str]:
    def function() -> str:
        return name

    function.__qualname__ = name
    return function


@scenario()
def coroutine_function(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    async def inner(value: int) -> int:
        await asyncio.sleep(0)
        return value

    @tracer.capture_method
    async def outer() -> int:
        tracer.put_annotation("before", 1)
        result = await inner(1) + await inner(2)
        tracer.put_annotation("after", 1)
        return result

    lab.run("call", outer)
    lab.note("is a coroutine function", asyncio.iscoroutinefunction(outer))


@scenario("error-metadata", "stack-of-a-decorator")
def coroutine_function_that_raises(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError("not found")

    lab.run("call", fails)


@scenario("stack-of-a-decorator")
def coroutine_function_that_is_cancelled(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    async def waits() -> None:
        raise asyncio.CancelledError()

    lab.run("call", waits)


@scenario()
def function_that_returns_a_coroutine(lab: Lab) -> None:
    tracer = lab.tracer()

    async def work() -> str:
        return "worked"

    @tracer.capture_method(capture_response=False)
    def delegate() -> Any:
        return work()

    lab.run("call", delegate)


@scenario()
def generator(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def numbers(count: int) -> Iterator[int]:
        tracer.put_annotation("count", count)
        yield from range(count)

    lab.attempt("call", lambda: list(numbers(3)))


@scenario()
def generator_with_a_return_value(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def averages() -> Any:
        total, count = 0.0, 0
        while (number := (yield total / (count or 1))) is not None:
            total, count = total + number, count + 1
        return {"average": total / count}

    def consume() -> Any:
        running = averages()
        seen = [next(running), running.send(4), running.send(8)]
        try:
            running.send(None)
        except StopIteration as stop:
            return [seen, stop.value]

    lab.attempt("call", consume)


@scenario()
def generator_that_was_never_started(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def never() -> Iterator[int]:
        yield 1

    running = never()
    lab.note("closed", running.close())


@scenario("closing-a-generator-is-no-fault")
def generator_closed_early(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def numbers() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            lab.note("cleaned up", True)

    running = numbers()
    next(running)
    running.close()


@scenario("error-metadata", "stack-of-a-decorator")
def generator_that_raises(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def numbers() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    lab.attempt("call", lambda: list(numbers()))


@scenario("generator-consumers-are-outside")
def generator_with_a_traced_consumer(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def helper(item: int) -> None: ...

    @tracer.capture_method
    def numbers() -> Iterator[int]:
        helper(0)
        yield 1

    @tracer.capture_method
    def consume() -> None:
        for number in numbers():
            helper(number)

    lab.attempt("call", consume)


@scenario()
def context_manager_above(lab: Lab) -> None:
    tracer = lab.tracer()

    @contextlib.contextmanager
    @tracer.capture_method
    def opened(name: str) -> Iterator[str]:
        tracer.put_annotation("name", name)
        yield name.upper()

    @tracer.capture_method
    def inside() -> None: ...

    with opened("door") as name:
        lab.note("yielded", name)
        inside()


@scenario()
def context_manager_below(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    @contextlib.contextmanager
    def opened(name: str) -> Iterator[str]:
        tracer.put_annotation("name", name)
        yield name.upper()

    @tracer.capture_method
    def inside() -> None: ...

    with opened("door") as name:
        lab.note("yielded", name)
        inside()


@scenario("error-metadata", "stack-of-a-decorator")
def context_manager_whose_body_raises(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    @contextlib.contextmanager
    def below() -> Iterator[None]:
        yield

    @contextlib.contextmanager
    @tracer.capture_method
    def above() -> Iterator[None]:
        yield

    for manager in (below, above):

        def use(manager: Any = manager) -> None:
            with manager():
                # Told apart: of two alike, raised by the same line, one description may stand for both.
                raise ValueError(f"in the body of {manager.__name__}")

        lab.attempt(manager.__name__, use)


@scenario()
def context_manager_that_swallows(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    @contextlib.contextmanager
    def swallows() -> Iterator[str]:
        with contextlib.suppress(ValueError):
            yield "yielded"

    with swallows():
        raise ValueError("swallowed")
    lab.note("reached", True)


@scenario()
def context_manager_as_decorator(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    @contextlib.contextmanager
    def around() -> Iterator[str]:
        yield "around"

    @around()
    def work(value: int) -> int:
        return value

    lab.attempt("first", work, 1)


@scenario("asynchronous-generators")
def asynchronous_generator(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    async def numbers() -> AsyncIterator[int]:
        tracer.put_annotation("inside", True)
        yield 1
        yield 2

    async def use() -> list[int]:
        async with lab.recorder.in_subsegment_async("consumer"):
            return [number async for number in numbers()]

    lab.run("call", use)


@scenario("asynchronous-generators")
def asynchronous_context_manager(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    @contextlib.asynccontextmanager
    async def below() -> AsyncIterator[str]:
        tracer.put_annotation("inside", True)
        yield "below"

    @contextlib.asynccontextmanager
    @tracer.capture_method
    async def above() -> AsyncIterator[str]:
        tracer.put_annotation("inside", True)
        yield "above"

    async def use() -> list[str]:
        async with lab.recorder.in_subsegment_async("consumer"):
            async with below() as first:
                pass
            async with above() as second:
                return [first, second]

    lab.run("call", use)


@scenario("wrapped-generators-stay-generators")
def generator_under_another_decorator(lab: Lab) -> None:
    tracer = lab.tracer()

    def logged(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            return function(*args)

        return wrapper

    @tracer.capture_method(capture_response=False)
    @logged
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    lab.attempt("call", lambda: list(numbers()))


@scenario()
def function_under_another_decorator(lab: Lab) -> None:
    tracer = lab.tracer()

    def logged(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            return [function(*args)]

        return wrapper

    @tracer.capture_method
    @logged
    def below() -> int:
        return 1

    @logged
    @tracer.capture_method
    def above() -> int:
        return 2

    lab.attempt("below", below)
    lab.attempt("above", above)


@scenario()
def unsampled_methods_of_every_kind(lab: Lab) -> None:
    tracer = lab.tracer()
    lab.invoke(sampled="0")

    @tracer.capture_method
    def plain() -> str:
        return "plain"

    @tracer.capture_method
    async def coroutine() -> str:
        return "coroutine"

    @tracer.capture_method
    def generator() -> Iterator[int]:
        yield 1

    @tracer.capture_method
    @contextlib.contextmanager
    def manager() -> Iterator[str]:
        yield "manager"

    lab.attempt("plain", plain)
    lab.run("coroutine", coroutine)
    lab.attempt("generator", lambda: list(generator()))
    with manager() as value:
        lab.note("manager", value)
