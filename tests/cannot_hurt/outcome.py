"""What came of a call, plain and traced, and the checks that both are the same."""

from __future__ import annotations

import contextlib
import os
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import lambda_tracer
from tests.cannot_hurt.kinds import Decorate, Kind, plain

PACKAGE = str(Path(lambda_tracer.__file__).parent) + os.sep
OURS_AND_CONTEXTLIB = (PACKAGE, contextlib.__file__)


class Outcome(NamedTuple):
    """What came of a call: what it returned, or the exception it raised and the user's frames it came through."""

    value: Any
    error: BaseException | None
    frames: list[tuple[str, int]]


def outcome(call: Callable[..., Any], *args: Any) -> Outcome:
    try:
        value = call(*args)
    except BaseException as error:
        return Outcome(None, error, frames_of(error))
    return Outcome(value, None, [])


def told(came: Outcome) -> str:
    """An outcome in words, without looking at the value or the exception."""
    if came.error is None:
        return "returned"
    return f"{type.__getattribute__(type(came.error), '__name__')} through {came.frames}"


def frames_of(error: BaseException) -> list[tuple[str, int]]:
    """The frames of an exception but the tracer's and contextlib's, outermost first: function and line."""
    # Through the type: some of these exceptions refuse to show their attributes.
    traceback: types.TracebackType | None = BaseException.__dict__["__traceback__"].__get__(error)
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(OURS_AND_CONTEXTLIB):
            frames.append((code.co_name, traceback.tb_lineno))
        traceback = traceback.tb_next
    return frames


def about(error: BaseException) -> tuple[Any, ...]:
    """What must not change of an exception on its way: its arguments and what it says of where it came from."""
    read = BaseException.__dict__
    return (
        type(error),
        tuple(map(id, read["args"].__get__(error))),
        id(read["__cause__"].__get__(error)),
        id(read["__context__"].__get__(error)),
        read["__suppress_context__"].__get__(error),
        {name: id(value) for name, value in read["__dict__"].__get__(error).items()},
    )


def check_value(kind: Kind, decorate: Decorate, recipe: Callable[[], Any]) -> None:
    value = recipe()

    plainly = outcome(kind(plain), lambda: value)
    traced = outcome(kind(decorate), lambda: value)

    # Texts only: pytest would look at the values to show them.
    assert told(plainly) == "returned"
    assert told(traced) == "returned"
    is_same = traced.value is value
    assert is_same


def check_exception(kind: Kind, decorate: Decorate, recipe: Callable[[], BaseException]) -> None:
    def run(decorate: Decorate) -> tuple[str, bool, bool]:
        error = recipe()
        before = about(error)

        def fail() -> Any:
            raise error

        came = outcome(kind(decorate), fail)
        return told(came), came.error is error, about(error) == before

    plainly, traced = run(plain), run(decorate)

    assert traced == plainly
