"""The event loop on which coroutine handlers run: one for the life of the process.

Clients made at module level, or in an earlier invocation, belong to a loop; `asyncio.run` would give each
invocation a new one and break them. Tasks that an invocation leaves behind are cancelled at its end: they
would otherwise go on in the next one, after whatever time the sandbox was frozen.
"""

from __future__ import annotations

import functools
import sys

from ..guard import pass_on, warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable, Coroutine
    from typing import Any

CANCEL_TIMEOUT_S = 2.0
"""How long an invocation waits for its left-over tasks to end once they are cancelled."""

_loop: AbstractEventLoop | None = None
_is_driven = False  # whether an invocation runs the loop, so that what is left over is that invocation's


def run_to_end(function: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """`function` as a plain one that runs the coroutine to its end and returns what it returned.

    Called where an event loop runs already (a test, another coroutine), it gives the coroutine back for the
    caller to await.
    """

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        global _is_driven
        if is_running():
            return function(*args, **kwargs)
        loop = _process_loop()
        try:
            _is_driven = True
            return loop.run_until_complete(function(*args, **kwargs))
        finally:
            _is_driven = False

    return wrapper


def with_leftovers_cancelled(function: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """`function`, which at its end cancels the tasks started meanwhile, when `run_to_end` runs it."""

    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not _is_driven:
            return await function(*args, **kwargs)
        import asyncio

        before = asyncio.all_tasks()
        try:
            return await function(*args, **kwargs)
        finally:
            await _cancel(asyncio.all_tasks() - before)

    return wrapper


def is_running() -> bool:
    """Whether an event loop runs in this thread."""
    if "asyncio" not in sys.modules:  # nobody has imported it, so nothing runs; importing it costs 20 ms
        return False
    import asyncio

    return asyncio._get_running_loop() is not None


def _process_loop() -> AbstractEventLoop:
    """The loop of this process: what module-level code got from `asyncio.get_event_loop()`, or one of our own."""
    global _loop
    if _loop is None or _loop.is_closed():
        import asyncio
        import warnings

        with warnings.catch_warnings():
            # Before 3.14 asking may create the loop and say that one day it will not.
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                _loop = asyncio.get_event_loop()
            except RuntimeError as error:
                pass_on(error)
                _loop = None
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            asyncio.set_event_loop(_loop)
    return _loop


def close() -> None:
    """Close the loop of this process; the next coroutine handler runs on another."""
    global _loop
    if _loop is not None:
        import asyncio

        _loop.close()
        _loop = None
        asyncio.set_event_loop(None)


async def _cancel(leftovers: set[Task[Any]]) -> None:
    if not leftovers:
        return
    import asyncio

    for task in leftovers:
        task.cancel()
    done, pending = await asyncio.wait(leftovers, timeout=CANCEL_TIMEOUT_S)
    for task in done:
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not log it as never retrieved
    if pending:
        warn_once(
            "leftovers",
            "tasks left over by the handler do not end although they were cancelled: %d",
            len(pending),
        )
