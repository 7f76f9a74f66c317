"""aiohttp's server, where an application of it answers a captured handler's request: the route, and the exception that
became its answer.

Wraps: `Application._handle`, which runs middlewares and handler and raises what becomes the answer, and
`UrlDispatcher.resolve`.
Records: the resource as the annotation `Route` of the captured handler, and on the handler's subsegment the exception
that became the answer. What a middleware makes an answer of is seen by nobody else.
Never records: paths, query strings, headers, bodies.
Propagates: nothing.
"""

from __future__ import annotations

import asyncio

from ...guard import failed
from .. import replace
from . import answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `aiohttp.web_app` or `aiohttp.web_urldispatcher`."""
    if module.__name__ == "aiohttp.web_urldispatcher":
        return [(module.UrlDispatcher, "resolve", _resolve)]
    return [(module.Application, "_handle", _handle)]


def _handle(handle: Callable[..., Any]) -> Callable[..., Any]:
    async def handle_answering(self: Any, request: Any) -> Any:
        found = answer.begin(request)
        if found is None:
            return await handle(self, request)
        with found:
            try:
                response = await handle(self, request)
                found.begins(getattr(response, "status", None))
            except Exception as error:
                found.raised(error)
                found.begins(_status(error))
                raise
        return response

    return handle_answering


def _status(error: Exception) -> object:
    """The status that the server answers with."""
    if getattr(type(error), "__http_exception__", False):
        return getattr(error, "status", None)
    return 504 if isinstance(error, asyncio.TimeoutError) else 500


def _resolve(resolve: Callable[..., Any]) -> Callable[..., Any]:
    async def resolve_matched(self: Any, request: Any) -> Any:
        match = await resolve(self, request)
        try:
            if answer.current() is not None:
                resource = match.route.resource
                if resource is not None:  # else nothing matched
                    answer.matched(request.method, resource.canonical)
        except Exception as error:
            failed(error)
        return match

    return resolve_matched
