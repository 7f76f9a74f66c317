"""Decorated objects: what they offer beside being called is reached through the decorator, live."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import pickle
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon

tracer = Tracer(service="payment", disabled=False, auto_patch=False)

each_decorator = pytest.mark.parametrize(
    "decorate",
    [tracer.capture_method, tracer.capture_lambda_handler, xray_recorder.capture()],
    ids=["capture_method", "capture_lambda_handler", "capture"],
)
each_method_decorator = pytest.mark.parametrize(
    "decorate", [tracer.capture_method, xray_recorder.capture()], ids=["capture_method", "capture"]
)


class Task:
    """As a task queue's: called, it works; it offers settings, and more ways to be called."""

    def __init__(self, name: str = "task") -> None:
        self.name = name
        self.rate_limit = 1

    def __call__(self, first: int, second: int = 2) -> tuple[str, int, int]:
        """What it does."""
        return self.name, first, second

    def delay(self, first: int) -> Any:
        return self(first)

    def __or__(self, other: Any) -> str:
        return f"{self.name}|{getattr(other, 'name', other)}"

    def __len__(self) -> int:
        return 3

    def __eq__(self, other: object) -> bool:
        return getattr(other, "name", None) == self.name

    def __hash__(self) -> int:
        return hash(self.name)


# Functions


@each_decorator
@pytest.mark.parametrize("cache", [functools.lru_cache, functools.cache, functools.lru_cache(maxsize=8)])
def test_a_cache_can_be_asked_and_cleared(
    decorate: Callable[[Any], Any], cache: Callable[[Any], Any], daemon: Daemon
) -> None:
    @decorate
    @cache
    def limits(name: str) -> str:
        """What it does."""
        return name

    limits("a"), limits("a")

    assert limits.cache_info().hits == 1
    limits.cache_clear()
    assert limits.cache_info().hits == 0
    assert "maxsize" in limits.cache_parameters()
    assert inspect.isfunction(limits)
    assert (limits.__name__, limits.__doc__) == ("limits", "What it does.")
    assert str(inspect.signature(limits)) == "(name: 'str') -> 'str'"
    assert len(daemon.documents()) == 2


@each_decorator
def test_a_cached_method_is_bound_and_its_cache_can_be_asked(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    class Till:
        @decorate
        @functools.lru_cache  # noqa: B019
        def price(self, item: str) -> tuple[Any, str]:
            return self, item

    till = Till()

    assert till.price("pen") == till.price("pen") == (till, "pen")
    assert till.price.cache_info().hits == 1
    daemon.clear()


@each_decorator
def test_a_single_dispatch_function_dispatches_and_takes_more(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    @decorate
    @functools.singledispatch
    def show(value: Any) -> str:
        return "any"

    @show.register
    def _(value: int) -> str:
        return "int"

    assert [show(1), show("x")] == ["int", "any"]
    assert show.dispatch(int)(1) == "int"
    assert set(show.registry) == {object, int}
    assert len(daemon.documents()) == 2


@each_decorator
def test_what_a_function_has_been_given_is_there(decorate: Callable[[Any], Any]) -> None:
    def work() -> None: ...

    work.queue = "slow"  # type: ignore[attr-defined]

    decorated = decorate(work)

    assert decorated.queue == "slow"
    assert decorated.__wrapped__ is work


# Objects


@each_decorator
def test_an_objects_attributes_are_read_and_set_live(decorate: Callable[[Any], Any], daemon: Daemon) -> None:
    task = Task()
    decorated = decorate(task)

    task.rate_limit = 5
    decorated.name = "another"

    assert decorated.rate_limit == 5
    assert task.name == "another"
    assert decorated(1) == ("another", 1, 2)
    assert decorated.delay(3) == ("another", 3, 2)
    del decorated.rate_limit
    assert not hasattr(task, "rate_limit")
    assert len(daemon.documents()) == 1


@each_decorator
def test_an_object_passes_for_what_it_was(decorate: Callable[[Any], Any]) -> None:
    task = Task()
    decorated: Any = decorate(task)

    assert decorated == task == decorated
    assert hash(decorated) == hash(task)
    assert {task: 1}[decorated] == 1
    assert (len(decorated), decorated | "x", decorated | decorated) == (3, "task|x", "task|task")
    assert repr(decorated) == repr(task)
    assert dir(decorated) == dir(task)
    assert vars(decorated) is vars(task)
    assert (decorated.__doc__, decorated.__module__) == (task.__doc__, task.__module__)
    assert inspect.signature(decorated) == inspect.signature(task)
    assert decorated.__wrapped__ is task
    assert callable(decorated)
    assert isinstance(decorated, Task)


at_module_level: Any = tracer.capture_method(Task())
at_module_level.__qualname__ = "at_module_level"


def test_an_object_is_copied_and_pickled(daemon: Daemon) -> None:
    task = Task()
    task.extra = [1]  # type: ignore[attr-defined]
    decorated = tracer.capture_method(task)

    for copied in (copy.copy(decorated), copy.deepcopy(decorated)):
        assert copied(1) == ("task", 1, 2)
        assert copied is not decorated
    assert copy.copy(decorated).extra is task.extra  # type: ignore[attr-defined]
    assert copy.deepcopy(decorated).extra is not task.extra  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(decorated))(2) == ("task", 2, 2)
    assert pickle.loads(pickle.dumps(at_module_level)) is at_module_level
    assert len(daemon.documents()) == 2


@each_decorator
def test_a_mock_counts_its_calls_and_is_configured(decorate: Callable[[Any], Any], daemon: Daemon) -> None:
    decorated = decorate(mock.MagicMock(return_value=4))

    assert decorated(1) == 4
    decorated.assert_called_once_with(1)
    decorated.return_value = 5
    assert decorated() == 5
    decorated.side_effect = ValueError("no")
    with pytest.raises(ValueError, match="no"):
        decorated()
    decorated.method.return_value = 6
    assert decorated.method() == 6
    decorated.__len__.return_value = 7
    assert len(decorated) == 7
    assert decorated.call_count == 3
    assert len(daemon.documents()) == 3


@each_decorator
def test_a_partial_stays_one(decorate: Callable[[Any], Any], daemon: Daemon) -> None:
    decorated = decorate(functools.partial(Task(), 1))

    assert (decorated.args, decorated.keywords) == ((1,), {})
    assert isinstance(decorated, functools.partial)
    assert functools.partial(decorated, 3)() == ("task", 1, 3)
    assert len(daemon.documents()) == 1


def test_a_partial_of_a_coroutine_function_is_known_as_one(daemon: Daemon) -> None:
    async def work(value: int) -> int:
        return value

    decorated = tracer.capture_method(functools.partial(work, 7))

    assert inspect.iscoroutinefunction(decorated)
    assert asyncio.run(tracer.capture_method(decorated)()) == 7
    assert len(daemon.subsegments()) == 2


def test_a_command_of_click_runs_by_itself_and_in_a_group(daemon: Daemon) -> None:
    click = pytest.importorskip("click", reason="click is not installed")
    testing = pytest.importorskip("click.testing", reason="click is not installed")

    @tracer.capture_method
    @click.command()
    @click.option("--size", default=1)
    def shrink(size: int) -> None:
        """What it does."""
        click.echo(f"size {size}")

    group = click.Group()
    group.add_command(shrink)

    assert testing.CliRunner().invoke(shrink, ["--size", "3"]).output == "size 3\n"
    assert testing.CliRunner().invoke(group, ["shrink"]).output == "size 1\n"
    assert "What it does." in testing.CliRunner().invoke(group, ["shrink", "--help"]).output
    daemon.clear()


@each_decorator
def test_an_unsampled_call_of_an_object_is_a_call(
    decorate: Callable[[Any], Any], daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)

    assert decorate(Task())(1) == ("task", 1, 2)
    assert daemon.documents() == []


# In classes


@each_method_decorator
def test_what_others_have_wrapped_is_bound_as_they_expect(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    wrapt = pytest.importorskip("wrapt", reason="wrapt is not installed")

    @wrapt.decorator
    def telling(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        return (instance, wrapped(*args, **kwargs))

    @wrapt.decorator
    async def telling_later(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        return (instance, await wrapped(*args, **kwargs))

    @decorate
    @telling
    def function(value: int) -> int:
        return value

    class Till:
        @decorate
        @telling
        def method(self, value: int) -> int:
            """What it does."""
            return value

        @telling
        @decorate
        def below(self, value: int) -> int:
            return value

        @decorate
        @telling
        @classmethod
        def of_class(cls, value: int) -> int:
            return value

        @decorate
        @telling
        @staticmethod
        def static(value: int) -> int:
            return value

        @staticmethod
        @decorate
        @telling
        def static_above(value: int) -> int:
            return value

        @decorate
        @telling_later
        async def later(self, value: int) -> int:
            with xray_recorder.in_subsegment("inside"):
                return value

    till: Any = Till()
    kind: Any = Till
    assert function(1) == (None, 1)
    assert till.method(2) == kind.method(till, 2) == (till, 2)
    assert till.below(2) == (till, 2)
    assert till.of_class(3) == kind.of_class(3) == (Till, 3)
    assert till.static(4) == kind.static(4) == (None, 4)
    assert till.static_above(5) == kind.static_above(5) == (None, 5)
    daemon.clear()
    assert asyncio.run(till.later(6)) == (till, 6)
    assert [len(document["subsegments"]) for document in daemon.documents()] == [1]
    assert (kind.method.__name__, kind.method.__doc__) == ("method", "What it does.")
    assert inspect.signature(till.method) == inspect.signature(till.below)
    assert till.method.__self__ is till
    assert inspect.iscoroutinefunction(till.later)


@each_method_decorator
def test_what_only_gives_what_is_called_is_recorded_when_that_is_called(
    decorate: Callable[[Any], Any], daemon: Daemon
) -> None:
    class Till:
        def total(self, first: int, second: int) -> tuple[Any, int, int]:
            return self, first, second

        from_one: Any = decorate(functools.partialmethod(total, 1))

        @decorate
        @functools.singledispatchmethod
        def show(self, value: Any) -> str:
            return "any"

        @show.register
        def _(self, value: int) -> str:
            return "int"

    till = Till()

    assert till.from_one(2) == (till, 1, 2)
    assert [till.show(1), till.show("x")] == ["int", "any"]
    assert len(daemon.documents()) == 3


@each_method_decorator
def test_a_property_stays_one(decorate: Callable[[Any], Any], daemon: Daemon) -> None:
    class Lazy:
        """A property of somebody's, which keeps what it gave on the instance."""

        def __init__(self, func: Callable[[Any], Any]) -> None:
            self.func = func

        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            if instance is None:
                return self
            value = instance.__dict__[self.name] = self.func(instance)
            return value

    class Till:
        made = 0

        @decorate  # type: ignore[prop-decorator]
        @property
        def value(self) -> int:
            """What it is."""
            return self.made

        @decorate  # type: ignore[prop-decorator]
        @functools.cached_property
        def cached(self) -> int:
            self.made += 1
            return self.made

        @decorate
        @Lazy
        def lazy(self) -> int:
            self.made += 1
            return self.made

    till: Any = Till()

    assert isinstance(vars(Till)["value"], property)
    assert Till.value.__doc__ == "What it is."
    assert [till.value, till.cached, till.cached, till.value, till.lazy, till.lazy] == [0, 1, 1, 1, 2, 2]
    names = [part["name"].rpartition(".")[2] for part in daemon.subsegments()]
    if decorate == tracer.capture_method:
        assert names == ["value", "cached", "value", "lazy"]
    assert len(names) == 4


def test_the_lambda_handler_may_be_an_object_with_more_to_it(daemon: Daemon) -> None:
    class Application:
        routes = ("/",)

        def __call__(self, event: Any, context: Any) -> Any:
            return event

    application = Application()
    handler: Any = tracer.capture_lambda_handler(application)

    assert handler({"a": 1}, None) == {"a": 1}
    assert handler.routes == ("/",)
    daemon.expect_tree("## Application")
