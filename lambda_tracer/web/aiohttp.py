"""A middleware for aiohttp's server: each request, and each websocket's connection, is a segment.

The segment ends when the handler has done its work. The answer's trace header is left out where the handler itself has
sent the headers: of a stream, or of a websocket.
"""

from __future__ import annotations

from contextvars import ContextVar

from ..guard import failed
from ..patches.web import answer
from ..trace.header import HEADER_NAME
from ..trace.w3c import NAMES
from . import request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any
else:
    # For type hints, as in `tracer`.
    from _collections_abc import Awaitable, Callable

    Any = object


_headers: ContextVar[object] = ContextVar("lambda_tracer_aiohttp_headers", default=None)
"""Those of the request that is a segment here. A mounted application's middleware gets them, too."""


def aiohttp_middleware(name: request.Name = None) -> Callable[..., Awaitable[Any]]:
    """What `aiohttp.web.Application(middlewares=[...])` takes. `name`: see `ASGIMiddleware`."""
    request.prepare()

    async def middleware(incoming: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        begun = _begun(incoming, name)
        if begun is None:
            return await handler(incoming)
        try:
            response = await handler(incoming)
            _answered(begun, response)
            return response
        except BaseException as error:
            if getattr(type(error), "__http_exception__", False):
                answer.raised(error)
                _answered(begun, error)  # an answer as any other
            else:
                begun.fails(error)
            raise
        finally:
            begun.ends()

    middleware.__middleware_version__ = 1  # type: ignore[attr-defined]  # as `aiohttp.web.middleware` says it
    return middleware


def _begun(incoming: Any, name: request.Name) -> request.RequestSegment | None:
    try:
        headers = incoming.headers
        if _headers.get() is headers:
            return None
        asked = request.Asked(incoming.scheme, incoming.method, incoming.path, "", incoming.rel_url.raw_path)
        asked.host = headers.get("Host")
        asked.user_agent = headers.get("User-Agent")
        asked.forwarded_for = headers.get("X-Forwarded-For")
        asked.address = incoming.remote
        asked.header = headers.get(HEADER_NAME)
        asked.traceparent, asked.tracestate, asked.baggage = map(headers.get, NAMES)
        begun = request.begin(asked, name, incoming.app, {})
        if begun is not None:
            _headers.set(headers)
            resource = incoming.match_info.route.resource
            if resource is not None:  # else nothing matched
                answer.matched(incoming.method, resource.canonical)
        return begun
    except Exception as error:
        failed(error)
        return None


def _answered(begun: request.RequestSegment, response: Any) -> None:
    try:
        if not hasattr(
            response, "status"
        ):  # a handler that returned nothing, say: the server makes an answer
            begun.answers(500)
            return
        begun.answers(response.status, response.headers.get("Content-Length"))
        if not response.prepared and HEADER_NAME not in response.headers:
            response.headers[HEADER_NAME] = begun.header()
    except Exception as error:
        failed(error)
