"""How one callable is wrapped: plain functions and coroutines here, what yields in `generators`, objects in `stand_in`.

The wrapper calls the user's function with exactly what it got, gives back exactly what came, and lets every
exception pass. What is recorded about the call is not known here: `record()` gives a `Recording` for one
call, or None when nothing is to be recorded. All kinds share that; they differ in the line that calls the
user.
"""

from __future__ import annotations

import contextlib
import functools
import types

from ..guard import Late, can_load
from .kinds import (
    CO_ASYNC_GENERATOR,
    CO_COROUTINE,
    CO_GENERATOR,
    CO_ITERABLE_COROUTINE,
    attribute_of,
    code_flags,
    is_function,
    like,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import generators
    from . import stand_in as stand_ins
    from .kinds import Record
else:
    generators = Late("lambda_tracer.wrapping.generators")  # most functions are plain ones
    stand_ins = Late("lambda_tracer.wrapping.stand_in")

_ENTER = contextlib._GeneratorContextManager.__enter__.__code__
_CODE, _CONTEXTLIB = type(_ENTER), _ENTER.co_filename


def wrap(function: Callable[..., Any], record: Record, *, tells_arguments: bool = False) -> Any:
    """`function`, recorded at each call by what `record()` gives.

    With `tells_arguments` a function or coroutine function has it called as `record(args, kwargs)`.

    Takes functions of every kind, callable objects (`functools.partial` among them), which what is returned passes
    for, properties, and `staticmethod` and `classmethod` objects, which stay what they are. Raises TypeError for what
    cannot be called.
    """
    if issubclass(type(function), (staticmethod, classmethod)):
        descriptor: Any = function
        return type(descriptor)(wrap(descriptor.__func__, record, tells_arguments=tells_arguments))
    if not callable(function):
        if not hasattr(type(function), "__get__"):
            raise TypeError(f"expected a function or another callable, not {type(function).__name__}")
        if not can_load(stand_ins):
            return function
        # a property, a `partialmethod`
        return stand_ins.descriptor(function, functools.partial(wrap, record=record))
    code, made_from = attribute_of(function, "__code__"), attribute_of(function, "__wrapped__")
    is_made = made_from is not None and type(code) is _CODE and code.co_filename == _CONTEXTLIB
    if is_made and type(function) is types.FunctionType:  # not an object that passes for one
        made = generators.context_manager(code, made_from, record) if can_load(generators) else None
        if made is not None:
            return made
    flags = code_flags(function)
    if flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE):
        wrapper: Any = _coroutine(function, record, tells_arguments)
    elif flags & (CO_GENERATOR | CO_ASYNC_GENERATOR):
        if not can_load(generators):
            return function
        make = generators.async_generator if flags & CO_ASYNC_GENERATOR else generators.generator
        wrapper = make(function, record)
    else:
        wrapper = _plain(function, record, tells_arguments)
    if is_function(function):
        return wrapper
    if not can_load(stand_ins):
        return function
    again = functools.partial(wrap, record=record, tells_arguments=tells_arguments)
    return stand_ins.stand_in(function, wrapper, again)


def _plain(function: Callable[..., Any], record: Record, tells_arguments: bool) -> Callable[..., Any]:
    @like(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = record(args, kwargs) if tells_arguments else record()
        if recording is None:
            # As a rule there are none, and a dict of none would be made.
            return function(*args, **kwargs) if kwargs else function(*args)
        # No `with`: an exception from outside may come while one is being entered or left, which then is not.
        try:
            recording.open()
            response = function(*args, **kwargs) if kwargs else function(*args)
            recording.respond(response)
            recording.close()
        except BaseException as error:
            try:
                recording.close(error)
            except BaseException:
                recording.close(error)
                raise
            raise
        return response

    return wrapper


def _coroutine(function: Callable[..., Any], record: Record, tells_arguments: bool) -> Callable[..., Any]:
    @like(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = record(args, kwargs) if tells_arguments else record()
        if recording is None:
            return await function(*args, **kwargs)
        try:
            await recording.aopen()
            response = await function(*args, **kwargs)
            recording.respond(response)
            await recording.aclose()
        except BaseException as error:
            try:
                await recording.aclose(error)
            except BaseException:
                await recording.aclose(error)
                raise
            raise
        return response

    return wrapper
