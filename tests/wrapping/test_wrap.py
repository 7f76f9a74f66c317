"""Decorated callables of every kind: what callers and tools see of them is what they saw before."""

from __future__ import annotations

import asyncio
import functools
import inspect
import pickle
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.wrapping.kinds import is_coroutine_function
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.tree import tree

tracer = Tracer(service="payment", disabled=False, auto_patch=False)

DECORATORS: dict[str, Callable[[Any], Any]] = {
    "capture_method": tracer.capture_method,
    "capture_method()": tracer.capture_method(),
    "capture_lambda_handler": tracer.capture_lambda_handler,
    "xray_recorder.capture()": xray_recorder.capture(),
    "xray_recorder.in_subsegment()": xray_recorder.in_subsegment(),
}

each_decorator = pytest.mark.parametrize("decorate", DECORATORS.values(), ids=DECORATORS)
each_method_decorator = pytest.mark.parametrize(
    "decorate", [tracer.capture_method, xray_recorder.capture()], ids=["capture_method", "capture"]
)


def plain(first: int, /, second: str = "2", *rest: int, third: float, **more: Any) -> tuple[Any, ...]:
    """What it does."""
    return first, second, rest, third, more


async def coroutine() -> int:
    await asyncio.sleep(0)
    return 1


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


@tracer.capture_method
def at_module_level() -> int:
    return 1


@each_decorator
def test_a_decorated_function_looks_like_the_one_it_wraps(decorate: Callable[[Any], Any]) -> None:
    decorated = decorate(plain)

    assert decorated.__name__ == "plain"
    assert decorated.__qualname__ == "plain"
    assert decorated.__module__ == __name__
    assert decorated.__doc__ == "What it does."
    assert decorated.__wrapped__ is plain
    assert inspect.signature(decorated) == inspect.signature(plain)


@each_method_decorator
@pytest.mark.parametrize("function", [plain, coroutine, generator, async_generator])
def test_a_decorated_function_is_of_the_kind_it_was(
    decorate: Callable[[Any], Any], function: Callable[..., Any]
) -> None:
    decorated = decorate(function)

    for is_of_kind in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction):
        assert is_of_kind(decorated) == is_of_kind(function)


@each_decorator
def test_arguments_reach_the_function_as_they_were_given(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    decorated = decorate(plain)

    assert decorated(1, "b", 3, third=4.0, function=5, self=6, record=7) == (
        1,
        "b",
        (3,),
        4.0,
        {"function": 5, "self": 6, "record": 7},
    )
    assert len(daemon.documents()) == 1


@each_decorator
def test_wrong_arguments_are_the_callers_error_as_ever(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'third'"):
        decorate(plain)(1)

    assert daemon.documents()[0]["fault"] is True


@each_decorator
def test_a_result_is_the_object_that_the_function_returned(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    result = object()

    def returns() -> object:
        return result

    assert decorate(returns)() is result
    assert len(daemon.documents()) == 1


@each_decorator
@pytest.mark.parametrize("value", [5, "text", [1]])
def test_what_cannot_be_called_cannot_be_decorated(decorate: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(TypeError, match="expected a function or another callable, not"):
        decorate(value)


def test_a_decorated_function_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(at_module_level)) is at_module_level


# --- In classes ---------------------------------------------------------------------------------------------


@each_method_decorator
def test_methods_of_every_kind_are_recorded_in_either_order(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    class Till:
        @decorate
        def method(self, amount: int) -> tuple[Any, int]:
            return type(self), amount

        @decorate
        @classmethod
        def class_above(cls, amount: int) -> tuple[Any, int]:
            return cls, amount

        @classmethod
        @decorate
        def class_below(cls, amount: int) -> tuple[Any, int]:
            return cls, amount

        @decorate
        @staticmethod
        def static_above(amount: int) -> int:
            return amount

        @staticmethod
        @decorate
        def static_below(amount: int) -> int:
            return amount

        @property
        @decorate
        def value(self) -> int:
            return 6

    class Child(Till): ...

    child = Child()
    assert child.method(1) == (Child, 1)
    assert Child.class_above(2) == child.class_above(2) == (Child, 2)
    assert Child.class_below(3) == child.class_below(3) == (Child, 3)
    assert Child.static_above(4) == child.static_above(4) == 4
    assert Child.static_below(5) == child.static_below(5) == 5
    assert child.value == 6
    names = [part["name"].rpartition(".")[2] for part in daemon.subsegments()]
    expected = ["method"]
    for kind in ("class_above", "class_below", "static_above", "static_below"):
        expected += [kind, kind]
    assert names == [*expected, "value"]


@each_method_decorator
def test_coroutines_and_generators_may_be_class_and_static_methods(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    class Till:
        @decorate
        @staticmethod
        async def above() -> int:
            await asyncio.sleep(0)
            with xray_recorder.in_subsegment("inside"):
                return 1

        @classmethod
        @decorate
        def below(cls) -> Iterator[int]:
            with xray_recorder.in_subsegment("inside"):
                yield 1

    assert asyncio.run(Till.above()) == 1
    assert list(Till().below()) == [1]
    assert [len(document["subsegments"]) for document in daemon.documents()] == [1, 1]


@each_method_decorator
def test_a_method_that_overrides_another_calls_it_as_ever(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    class Parent:
        @decorate
        def work(self) -> str:
            return "parent"

    class Child(Parent):
        @decorate
        def work(self) -> str:
            return f"child of {super().work()}"

    assert Child().work() == "child of parent"
    assert [len(document["subsegments"]) for document in daemon.documents()] == [1]


@each_method_decorator
def test_a_callable_object_in_a_class_is_called_without_self_as_before(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    class Twice:
        def __call__(self, value: int) -> int:
            return value * 2

    class Till:
        double = decorate(Twice())

    assert Till().double(4) == Till.double(4) == 8
    assert len(daemon.documents()) == 2


@each_method_decorator
def test_a_partial_in_a_class_is_bound_as_before(decorate: Callable[[Any], Any], daemon: Daemon) -> None:
    """From Python 3.14 on a partial is a method, and gets the instance."""

    def given(*args: Any) -> tuple[Any, ...]:
        return args

    class Undecorated:
        add = functools.partial(given, 10)

    class Decorated:
        add = decorate(functools.partial(given, 10))

    undecorated, decorated = Undecorated(), Decorated()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # which says so in 3.13
        expected = [decorated if each is undecorated else each for each in undecorated.add(4)]
        assert list(decorated.add(4)) == expected
    assert len(daemon.documents()) == 1


# --- Other callables ----------------------------------------------------------------------------------------


@each_method_decorator
def test_a_partial_is_called_with_its_arguments(decorate: Callable[[Any], Any], daemon: Daemon) -> None:
    decorated = decorate(functools.partial(plain, 1, third=3.0))

    assert decorated("b") == (1, "b", (), 3.0, {})
    assert len(daemon.documents()) == 1


@each_method_decorator
def test_a_partial_of_a_coroutine_function_is_recorded_while_it_runs(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    async def work(value: int) -> int:
        async with xray_recorder.in_subsegment("inside"):
            await asyncio.sleep(0)
        return value

    assert asyncio.run(decorate(functools.partial(work, 7))()) == 7
    assert [part["name"] for part in daemon.subsegments()][1:] == ["inside"]
    assert len(daemon.documents()) == 1


@each_method_decorator
def test_an_object_whose_call_is_a_generator_is_recorded_while_it_runs(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    class Numbers:
        def __call__(self) -> Iterator[int]:
            with xray_recorder.in_subsegment("inside"):
                yield 1

    assert list(decorate(Numbers())()) == [1]
    assert len(daemon.documents()[0]["subsegments"]) == 1


@each_method_decorator
def test_a_function_decorated_by_others_on_the_way_is_what_the_outermost_one_is(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    """A plain function around a generator function stays one, however it is labelled."""

    def logged(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            return function(*args)

        return wrapper

    decorated = decorate(logged(generator))

    assert list(decorated()) == [1]
    assert len(daemon.documents()) == 1


@each_method_decorator
def test_a_cached_function_keeps_its_cache(decorate: Callable[[Any], Any], daemon: Daemon) -> None:
    calls = []

    @decorate
    @functools.lru_cache
    def cached(value: int) -> int:
        calls.append(value)
        return value

    assert [cached(1), cached(1)] == [1, 1]
    assert calls == [1]
    assert len(daemon.documents()) == 2


def test_two_decorators_of_ours_are_two_subsegments(daemon: Daemon) -> None:
    @tracer.capture_method
    @xray_recorder.capture("inner")
    def work() -> None: ...

    work()

    assert [part["name"].rpartition(".")[2] for part in daemon.subsegments()] == ["work", "inner"]


@each_decorator
def test_a_function_in_an_unsampled_invocation_runs_as_if_undecorated(
    decorate: Callable[[Any], Any], daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)

    assert decorate(plain)(1, third=2.0) == (1, "2", (), 2.0, {})
    assert daemon.documents() == []


COROUTINE_FUNCTIONS: dict[str, tuple[Any, bool]] = {
    "coroutine function": (coroutine, True),
    "partial": (functools.partial(functools.partial(coroutine)), True),
    "plain function": (plain, False),
    "generator function": (generator, False),
    "asynchronous generator function": (async_generator, False),
    "builtin": (len, False),
    "class": (int, False),
}


@pytest.mark.parametrize(("function", "is_one"), COROUTINE_FUNCTIONS.values(), ids=COROUTINE_FUNCTIONS)
def test_coroutine_functions_are_told_from_others(function: Any, is_one: bool) -> None:
    assert is_coroutine_function(function) is is_one


def test_bound_methods_and_objects_may_be_coroutine_functions() -> None:
    class Work:
        async def method(self) -> None: ...

        async def __call__(self) -> None: ...

    assert is_coroutine_function(Work().method)
    assert is_coroutine_function(Work())
    assert not is_coroutine_function(Work)


def test_a_function_marked_as_one_counts_as_a_coroutine_function(daemon: Daemon) -> None:
    if not hasattr(inspect, "markcoroutinefunction"):
        pytest.skip("needs Python 3.12")

    @inspect.markcoroutinefunction
    def delegates() -> Any:
        return coroutine()

    assert is_coroutine_function(delegates)
    assert asyncio.run(tracer.capture_method(delegates)()) == 1
    assert len(daemon.documents()) == 1


@each_method_decorator
def test_a_decorated_recursive_generator_gives_what_it_gave(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    @decorate
    def down(number: int) -> Iterator[int]:
        yield number
        if number:
            yield from down(number - 1)

    assert list(down(2)) == [2, 1, 0]
    assert len(str(tree(daemon)).splitlines()) == 3
