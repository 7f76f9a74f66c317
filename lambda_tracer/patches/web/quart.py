"""Quart, which is Flask for asyncio, on Mangum for example: the route of a request, and the exception that became its
answer.

Wraps: `Quart.__call__` and `Quart.asgi_app`, whichever the adapter or a middleware calls, to see the status that is
sent; `dispatch_request`, `preprocess_request` and `handle_exception` as in `flask`.
Records: what is recorded of Flask.
Never records: what is never recorded of Flask.
Propagates: nothing.
"""

from __future__ import annotations

from .. import replace
from . import answer
from .flask import match, note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `quart.app`."""
    return [
        (module.Quart, "__call__", answer.asgi),
        (module.Quart, "asgi_app", answer.asgi),
        (module.Quart, "dispatch_request", _dispatch),
        (module.Quart, "preprocess_request", answer.noted_async),
        (module.Quart, "handle_exception", _handle),
    ]


def _dispatch(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    dispatch_noted = answer.noted_async(dispatch)

    async def dispatch_matched(*args: Any, **kwargs: Any) -> Any:
        match("quart")
        return await dispatch_noted(*args, **kwargs)

    return dispatch_matched


def _handle(handle: Callable[..., Any]) -> Callable[..., Any]:
    async def handle_noted(*args: Any, **kwargs: Any) -> Any:
        note(args)
        return await handle(*args, **kwargs)

    return handle_noted
