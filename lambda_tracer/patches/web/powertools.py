"""Powertools' event handler, each of its resolvers that has routes: the route of a request, and the exception that
became its answer.

Wraps: `resolve` and `resolve_async` of `ApiGatewayResolver`, to see the status that they return, and
`HttpResolverLocal.asgi_handler`; `_call_route` and `_call_route_async`, which get the route that matched; the adapters
that call a route's function below all middlewares, and `_call_exception_handler`, which is given what left them.
Records: the route as the annotation `Route` of the captured handler, `/items/<id>` as `/items/{id}`, and on the
handler's subsegment the exception that became the answer.
Never records: paths, query strings, headers, bodies, arguments of routes; of a validation error, the input.
Propagates: nothing.
"""

from __future__ import annotations

import functools

from ...guard import failed
from .. import replace
from . import answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `event_handler.api_gateway`, `.http_resolver` or `.middlewares.async_utils`."""
    name = module.__name__.rpartition(".")[2]
    if name == "http_resolver":
        return [(module.HttpResolverLocal, "asgi_handler", answer.asgi)]
    if name == "async_utils":
        return [(module, "_registered_api_adapter_async", answer.noted_async)]
    resolver = module.ApiGatewayResolver
    found: list[replace.Target] = [
        (resolver, "resolve", _resolve),
        (resolver, "_call_route", functools.partial(_call, noted=answer.noted)),
        (resolver, "_call_exception_handler", _handle),
        (module, "_registered_api_adapter", answer.noted),
    ]
    if hasattr(resolver, "resolve_async"):  # from 3.25 on
        found.append((resolver, "resolve_async", _resolve_async))
        found.append((resolver, "_call_route_async", functools.partial(_call, noted=answer.noted_async)))
    return found


def _resolve(resolve: Callable[..., Any]) -> Callable[..., Any]:
    return answer.returned(resolve, _event, _status)


def _resolve_async(resolve: Callable[..., Any]) -> Callable[..., Any]:
    return answer.returned_async(resolve, _event, _status)


def _event(event: Any = None, context: Any = None) -> Any:
    return event


def _status(response: Any) -> object:
    """The status of what is returned to API Gateway, or to an agent of Bedrock's."""
    if type(response) is not dict:
        return None
    inner = response.get("response")
    return inner.get("httpStatusCode") if type(inner) is dict else response.get("statusCode")


def _call(call: Callable[..., Any], noted: Callable[..., Any]) -> Callable[..., Any]:
    call_noted = noted(call)

    def call_matched(self: Any, route: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            # What answers where no route matched is a route, too, with the path in the place of a template.
            if answer.current() is not None and (
                route in self._static_routes or route in self._dynamic_routes
            ):
                answer.matched(route.method, getattr(route, "openapi_path", None))
        except Exception as error:
            failed(error)
        return call_noted(self, route, *args, **kwargs)

    return call_matched


def _handle(handle: Callable[..., Any]) -> Callable[..., Any]:
    def handle_noted(self: Any, exp: Any, *args: Any, **kwargs: Any) -> Any:
        answer.raised(exp)
        return handle(self, exp, *args, **kwargs)

    return handle_noted
