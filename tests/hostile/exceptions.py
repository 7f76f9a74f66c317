"""Exceptions that a tracer must survive; like values, each is made anew by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.hostile.looked_at import LOOKED_AT, SECRET, Nasty, raising
from tests.hostile.values import EndlessIterable, group_of


class RefusesAttributes(Exception):
    def __setattr__(self, name: str, value: Any) -> None:
        raise Nasty(f"{name} was set on a user's exception")


class Falsy(Exception):
    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0


class Lonely(Exception):
    """Its text, its attributes and its comparison all raise."""

    def __str__(self) -> str:
        raise Nasty("__str__ of an exception")

    __repr__ = __str__

    def __getattr__(self, name: str) -> Any:
        if name == "__notes__":  # pytest asks for it where it shows a failure
            raise AttributeError(name)
        raise Nasty("__getattr__ of an exception")

    def __eq__(self, other: object) -> bool:
        raise Nasty("__eq__ of an exception")

    def __hash__(self) -> int:
        raise Nasty("__hash__ of an exception")


class Opaque(Exception):
    """No attribute of it can be read."""

    def __getattribute__(self, name: str) -> Any:
        raise Nasty(f"{name} of a user's exception was read")


class OpaqueBase(BaseException):
    def __getattribute__(self, name: str) -> Any:
        raise ValueError(f"{name} of a user's exception was read")


class OddClass(BaseException):
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise ValueError("__class__ of a user's exception was read")


class OddDict(Exception):
    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise Nasty("__dict__ of a user's exception was read")


class WithResponse(Exception):
    def __init__(self) -> None:
        super().__init__("boto-like")
        self.response = {"Error": {"Code": "X"}, "Body": EndlessIterable(), "cycle": self}


def _self_caused() -> BaseException:
    error = ValueError("its own cause")
    other = KeyError("other")
    error.__cause__, other.__cause__ = other, error
    return error


def _long_chain() -> BaseException:
    error: BaseException = ValueError("first")
    for number in range(5_000):
        following = ValueError(number)
        following.__context__ = error
        error = following
    return error


def _deep_group() -> BaseException:
    error: BaseException = Lonely("innermost")
    for _ in range(300):
        error = group_of("outer", [error, ValueError("beside")])
    return error


EXCEPTIONS: dict[str, Callable[[], BaseException]] = {
    "ordinary": lambda: ValueError(f"{SECRET} is wrong", 1),
    "no arguments": KeyError,
    "hostile arguments": lambda: ValueError(*(raising(name, Nasty)() for name in LOOKED_AT)),
    "huge message": lambda: ValueError("x" * 10_000_000),
    "surrogates": lambda: ValueError("\ud800"),
    "refuses attributes": lambda: RefusesAttributes("x"),
    "falsy": lambda: Falsy("x"),
    "lonely": lambda: Lonely("x"),
    "opaque": lambda: Opaque("x"),
    "opaque base": lambda: OpaqueBase("x"),
    "odd class": lambda: OddClass("x"),
    "odd dict": lambda: OddDict("x"),
    "with a response": WithResponse,
    "its own cause": _self_caused,
    "chain of 5,000": _long_chain,
    "group": lambda: group_of("several", [ValueError("a"), OSError("b")]),
    "deep group": _deep_group,
    "KeyboardInterrupt": lambda: KeyboardInterrupt("x"),
    "SystemExit": lambda: SystemExit(3),
    "Nasty": lambda: Nasty("x"),
    "MemoryError": MemoryError,
    "RecursionError": lambda: RecursionError("made up"),
    "CancelledError": lambda: asyncio.CancelledError("x"),
    "UnicodeDecodeError": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),
}
"""Exceptions to raise. StopIteration and GeneratorExit have a meaning of their own; see the tests of generators."""
