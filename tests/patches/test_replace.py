"""What is replaced may be any descriptor, of whoever's making, and what others put around ours stays."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
import wrapt

from lambda_tracer.patches import replace, undo

calls: list[Any] = []
"""What ours was called with, by each call."""


@pytest.fixture(autouse=True)
def _no_calls() -> Iterator[None]:
    yield
    calls.clear()


def ours(original: Callable[..., Any]) -> Callable[..., Any]:
    """A replacement as patches make them: it gets the instance first, and calls the original with it."""

    def recorded(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        calls.append((self, args, kwargs))
        return original(self, *args, **kwargs)

    return recorded


def ours_of_module(original: Callable[..., Any]) -> Callable[..., Any]:
    def recorded(*args: Any, **kwargs: Any) -> Any:
        calls.append((args, kwargs))
        return original(*args, **kwargs)

    return recorded


@wrapt.decorator
def telling(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """Somebody's wrapper, which wants to know the instance."""
    return (instance, wrapped(*args, **kwargs))


def method(self: Any, first: int, second: int = 2) -> Any:
    """What it does."""
    return self, first, second


class Descriptor:
    """Not even callable: only what it gives is."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return functools.partial(method, instance)


class Callable_:
    def __call__(self, first: int, second: int = 2) -> Any:
        return first, second


METHODS: dict[str, Callable[[], Any]] = {
    "function": lambda: method,
    "wrapt's wrapper": lambda: telling(method),
    "wrapt's wrapper, twice": lambda: telling(telling(method)),
    "partialmethod": lambda: functools.partialmethod(method, second=5),
    "descriptor": Descriptor,
    "cached function": lambda: functools.lru_cache(method),
    "mock with a spec": lambda: mock.create_autospec(method, side_effect=method),
    "mock": lambda: mock.Mock(side_effect=lambda *args, **kwargs: (args, kwargs)),
    "mock of everything": lambda: mock.MagicMock(side_effect=lambda *args, **kwargs: (args, kwargs)),
    "callable object": Callable_,
    "partial": lambda: functools.partial(lambda *args: args, "partial"),
    "builtin": lambda: max,
    "bound method": lambda: Callable_().__call__,
}


@pytest.mark.filterwarnings("ignore:functools.partial will be a method descriptor:FutureWarning")
@pytest.mark.parametrize("kind", METHODS)
def test_a_method_of_any_kind_is_called_as_without_us_and_put_back(kind: str) -> None:
    found = METHODS[kind]()
    client_type = type("Client", (), {"send": found})
    client: Any = client_type()
    expected = client.send(1, 3) if kind != "partialmethod" else client.send(1)

    replace.replace([(client_type, "send", ours)])
    given = client.send(1, 3) if kind != "partialmethod" else client.send(1)
    is_replaced = replace.is_replaced(client_type, "send")
    undo.restore([(client_type, "send", ours)])

    assert given == expected
    assert [call[0] for call in calls] == [client]
    assert is_replaced
    assert not replace.is_replaced(client_type, "send")
    assert vars(client_type)["send"] is found


@pytest.mark.parametrize("kind", ["function", "wrapt's wrapper", "descriptor", "mock with a spec"])
def test_a_method_that_is_called_by_its_class_is_called_as_without_us(kind: str) -> None:
    client_type: Any = type("Client", (), {"send": METHODS[kind]()})
    client = client_type()
    bound = client_type.__dict__["send"].__get__(client, client_type)(1)
    replace.replace([(client_type, "send", ours)])

    assert client_type.send(client, 1) == bound
    assert len(calls) == 1


def test_a_mock_that_is_called_by_its_class_gets_what_it_is_called_with() -> None:
    sent = mock.Mock()
    client_type: Any = type("Client", (), {"send": sent})
    client = client_type()
    replace.replace([(client_type, "send", ours)])

    client_type.send(client, 1)
    client.send(2)

    assert sent.mock_calls == [mock.call(client, 1), mock.call(2)]
    client_type.send.assert_called_with(2)
    client_type.send.return_value = 7
    assert client.send() == 7


@pytest.mark.parametrize(
    "kind",
    [classmethod, staticmethod, lambda function: telling(classmethod(function))],
    ids=["classmethod", "staticmethod", "wrapt's wrapper of a classmethod"],
)
@pytest.mark.parametrize("inner", [lambda function: function, telling], ids=["function", "wrapper"])
def test_class_and_static_methods_stay_what_they_are(
    kind: Callable[[Any], Any], inner: Callable[[Any], Any]
) -> None:
    def made(first: Any, second: int = 2) -> Any:
        return first, second

    class Client:
        send = kind(inner(made))

    class Child(Client): ...

    found = vars(Client)["send"]
    argument = (1,) if kind is staticmethod else ()
    expected: list[Any] = [who.send(*argument) for who in (Client, Child, Child())]
    replace.replace([(Client, "send", ours_of_module)])

    assert [who.send(*argument) for who in (Client, Child, Child())] == expected
    assert len(calls) == 3
    undo.restore([(Client, "send", ours_of_module)])
    assert vars(Client)["send"] is found


MODULE_FUNCTIONS: dict[str, Callable[[], Any]] = {
    "function": lambda: method,
    "wrapt's wrapper": lambda: telling(method),
    "mock": lambda: mock.Mock(return_value=4),
    "partial": lambda: functools.partial(method, 0),
    "builtin": lambda: max,
    "cached function": lambda: functools.lru_cache(method),
}


@pytest.mark.parametrize("kind", MODULE_FUNCTIONS)
def test_a_modules_function_of_any_kind_is_called_as_without_us_and_put_back(kind: str) -> None:
    module: Any = ModuleType("library")
    module.send = found = MODULE_FUNCTIONS[kind]()
    expected = module.send(1, 2)

    replace.replace([(module, "send", ours_of_module)])
    given = module.send(1, 2)
    undo.restore([(module, "send", ours_of_module)])

    assert given == expected
    assert calls == [((1, 2), {})]
    assert module.send is found


def test_what_a_coroutine_function_of_others_is_stays_so() -> None:
    async def send(self: Any) -> int:
        await asyncio.sleep(0)
        return 1

    class Client:
        pass

    Client.send = wrapt.FunctionWrapper(send, lambda wrapped, instance, args, kwargs: wrapped(*args))  # type: ignore[attr-defined]
    client: Any = Client()

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def recorded(self: Any) -> Any:
            calls.append(inspect.iscoroutinefunction(original) or asyncio.iscoroutine(original))
            return await original(self)

        return recorded

    replace.replace([(Client, "send", make)])

    assert asyncio.run(client.send()) == 1


def test_a_replaced_cache_can_still_be_asked_and_cleared() -> None:
    class Client:
        @functools.lru_cache  # noqa: B019
        def send(self) -> int:
            return 1

    replace.replace([(Client, "send", ours)])
    Client().send()

    assert Client.send.cache_info().misses == 1
    Client.send.cache_clear()
    assert Client.send.cache_info().misses == 0


def test_a_class_of_others_in_the_place_of_a_librarys_is_replaced_where_the_library_defines_it() -> None:
    class Client:
        def send(self) -> int:
            return 1

    Instrumented: Any = type("Instrumented", (Client,), {"__module__": "somebody_else.patch"})
    send = vars(Client)["send"]
    replace.replace([(Instrumented, "send", ours)])

    assert Instrumented().send() == 1
    assert len(calls) == 1
    assert replace.is_replaced(Instrumented, "send")
    undo.restore([(Instrumented, "send", ours)])
    assert vars(Client)["send"] is send


# What others put around ours


def around_by_wraps(inner: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(inner)
    def theirs(*args: Any) -> Any:
        return inner(*args)

    return theirs


def around_without_a_trace(inner: Callable[..., Any]) -> Callable[..., Any]:
    def theirs(*args: Any) -> Any:
        return inner(*args)

    return theirs


def around_by_a_global(inner: Callable[..., Any]) -> Callable[..., Any]:
    namespace = {"original": inner}
    exec("def theirs(*args):\n    return original(*args)", namespace)
    theirs: Any = namespace["theirs"]
    return theirs


def around_by_wrapt(inner: Callable[..., Any]) -> Any:
    return wrapt.FunctionWrapper(inner, lambda wrapped, instance, args, kwargs: wrapped(*args, **kwargs))


each_around = pytest.mark.parametrize(
    "around", [around_by_wraps, around_without_a_trace, around_by_a_global, around_by_wrapt]
)


@each_around
def test_what_others_put_around_ours_stays_and_ours_inside_it_does_nothing_more(
    around: Callable[[Any], Any],
) -> None:
    class Client:
        def send(self, value: int, *, twice: int = 1) -> int:
            return value * twice

    replace.replace([(Client, "send", ours)])
    theirs = around(vars(Client)["send"])
    Client.send = theirs  # type: ignore[method-assign]
    replace.replace([(Client, "send", ours)])
    Client().send(1)
    called_by_one = len(calls)

    undo.restore([(Client, "send", ours)])

    assert called_by_one == 1
    assert vars(Client)["send"] is theirs
    assert not replace.is_replaced(Client, "send")
    assert [Client().send(3) for _ in range(3)] == [3, 3, 3]
    assert len(calls) == 1


@each_around
def test_ours_inside_what_others_put_around_it_is_taken_up_again(around: Callable[[Any], Any]) -> None:
    class Client:
        def send(self, value: int) -> int:
            return value

    original = vars(Client)["send"]
    replace.replace([(Client, "send", ours)])
    inner = vars(Client)["send"]
    theirs: Any = around(inner)
    Client.send = theirs  # type: ignore[method-assign]
    undo.restore([(Client, "send", ours)])
    replace.replace([(Client, "send", ours)])

    assert Client().send(3) == 3
    assert len(calls) == 1
    assert vars(Client)["send"] is theirs
    Client.send = inner  # type: ignore[method-assign]
    undo.restore([(Client, "send", ours)])
    assert vars(Client)["send"] is original


def test_a_coroutine_function_of_ours_inside_what_others_put_around_it_does_nothing_more() -> None:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def recorded(self: Any, *, again: bool = False) -> Any:
            calls.append(self)
            return await original(self, again=again)

        return recorded

    class Client:
        async def send(self, *, again: bool = False) -> bool:
            return again

    replace.replace([(Client, "send", make)])
    Client.send = around_by_wrapt(vars(Client)["send"])  # type: ignore[method-assign]
    undo.restore([(Client, "send", make)])

    assert asyncio.run(Client().send()) is False
    assert inspect.iscoroutinefunction(Client.send)
    assert calls == []


def test_what_others_put_in_the_place_of_ours_is_replaced_anew() -> None:
    module: Any = ModuleType("library")
    module.send = lambda: 1
    replace.replace([(module, "send", ours_of_module)])
    module.send = lambda: 2
    replace.replace([(module, "send", ours_of_module)])

    assert module.send() == 2
    assert len(calls) == 1
