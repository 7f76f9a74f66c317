"""What type checkers make of `capture_method`: every kind of callable keeps its type. Checked, and run once."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, TypeVar

from typing_extensions import assert_type

from lambda_tracer import Tracer

tracer = Tracer(service="types", auto_patch=False, disabled=True)

T = TypeVar("T")


@tracer.capture_method
def plain(left: int, *, right: str = "") -> bytes:
    return bytes(left) + right.encode()


@tracer.capture_method()
def with_parentheses(left: int, *, right: str = "") -> bytes:
    return bytes(left) + right.encode()


@tracer.capture_method(capture_response=False, capture_error=False)
def with_arguments(left: int, *, right: str = "") -> bytes:
    return bytes(left) + right.encode()


@tracer.capture_record
def record_handler(record: dict[str, str], context: object = None) -> bool:
    return bool(record)


@tracer.capture_record(capture_response=False)
async def async_record_handler(record: dict[str, str]) -> bool:
    return bool(record)


@tracer.capture_sqs_record
def message_handler(record: dict[str, str]) -> bool:
    return bool(record)


def undecorated(left: int) -> str:
    return str(left)


@tracer.capture_method
def generic(value: T, times: int) -> list[T]:
    return [value] * times


@tracer.capture_method
async def coroutine(value: int) -> str:
    return str(value)


@tracer.capture_method
def generator(value: int) -> Generator[int, str, bytes]:
    yield value
    return b""


@tracer.capture_method
def iterator(value: int) -> Iterator[int]:
    yield value


@tracer.capture_method
async def async_generator(value: int) -> AsyncGenerator[int, str]:
    yield value


@tracer.capture_method
async def async_iterator(value: int) -> AsyncIterator[int]:
    yield value


@tracer.capture_method
@contextlib.contextmanager
def manager_below(value: int) -> Iterator[str]:
    yield str(value)


@contextlib.contextmanager
@tracer.capture_method
def manager_above(value: int) -> Iterator[str]:
    yield str(value)


@tracer.capture_method(capture_response=False)
@contextlib.asynccontextmanager
async def async_manager_below(value: int) -> AsyncIterator[str]:
    yield str(value)


@contextlib.asynccontextmanager
@tracer.capture_method
async def async_manager_above(value: int) -> AsyncIterator[str]:
    yield str(value)


class Adder:
    """A callable object."""

    def __call__(self, value: int) -> float:
        return value + 0.5


class Account:
    @tracer.capture_method
    def method(self, amount: int) -> str:
        return str(amount)

    @tracer.capture_method
    async def async_method(self, amount: int) -> str:
        return str(amount)

    @classmethod
    @tracer.capture_method
    def class_above(cls, amount: int) -> str:
        return str(amount)

    @tracer.capture_method
    @classmethod
    def class_below(cls, amount: int) -> str:
        return str(amount)

    @staticmethod
    @tracer.capture_method
    def static_above(amount: int) -> str:
        return str(amount)

    @tracer.capture_method
    @staticmethod
    def static_below(amount: int) -> str:
        return str(amount)

    @tracer.capture_method()
    @staticmethod
    def static_below_parentheses(amount: int) -> str:
        return str(amount)

    @property
    @tracer.capture_method
    def balance(self) -> int:
        return 7

    @tracer.capture_method
    def chained(self) -> Account:
        return self


async def of_coroutines() -> None:
    assert_type(await coroutine(1), str)
    assert_type(await async_record_handler({}), bool)
    assert_type(await coroutine(value=1), str)
    assert_type([item async for item in async_generator(1)], list[int])
    assert_type([item async for item in async_iterator(1)], list[int])
    assert_type(async_generator(1), AsyncGenerator[int, str])
    async with async_manager_below(1) as below, async_manager_above(1) as above:
        assert_type(below, str)
        assert_type(above, str)
    assert_type(await Account().async_method(1), str)


def of_functions() -> None:
    assert_type(plain(1, right="x"), bytes)
    assert_type(with_parentheses(1, right="x"), bytes)
    assert_type(with_arguments(1, right="x"), bytes)
    assert_type(tracer.capture_method(undecorated)(1), str)
    assert_type(tracer.capture_method(method=undecorated)(left=1), str)
    assert_type(tracer.capture_method(undecorated, capture_response=False)(1), str)
    assert_type(generic("x", 1), list[str])
    assert_type(generator(1), Generator[int, str, bytes])
    assert_type(list(iterator(1)), list[int])
    with manager_below(1) as below, manager_above(1) as above:
        assert_type(below, str)
        assert_type(above, str)
    assert_type(tracer.capture_method(Adder())(1), float)
    assert_type(record_handler({}, None), bool)
    assert_type(message_handler({}), bool)
    assert_type(tracer.capture_record(undecorated)(1), str)
    assert_type(tracer.capture_record(Adder())(1), float)
    assert_type(tracer.records({}), Iterable[Any])


def of_methods() -> None:
    account = Account()
    assert_type(account.method(1), str)
    assert_type(Account.method(account, 1), str)
    assert_type(account.class_above(1), str)
    assert_type(Account.class_above(amount=1), str)
    assert_type(Account.class_below(1), str)
    assert_type(account.class_below(1), str)
    assert_type(Account.static_above(1), str)
    assert_type(Account.static_below(1), str)
    assert_type(Account.static_below_parentheses(1), str)
    assert_type(account.balance, int)
    assert_type(account.chained().chained(), Account)


def can_be_handed_on() -> None:
    a_function: Callable[[int], str] = tracer.capture_method(undecorated)
    a_coroutine: Callable[[int], Coroutine[Any, Any, str]] = coroutine
    a_manager: Callable[[int], AbstractContextManager[str]] = manager_below
    an_async_manager: Callable[[int], AbstractAsyncContextManager[str]] = async_manager_below
    assert all(map(callable, (a_function, a_coroutine, a_manager, an_async_manager)))


def mistakes_are_found() -> None:
    plain("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    plain(1, "x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with_parentheses()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with_arguments(1, left=1)  # type: ignore[misc]  # pyright: ignore[reportCallIssue]
    Account().method("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Account.static_below("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Account.class_above("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    record_handler(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    tracer.capture_method(1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    tracer.capture_method(undecorated, nonsense=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


CHECKED = (of_functions, of_methods, can_be_handed_on, of_coroutines)
