"""Starlette and FastAPI, on Mangum for example: the route of a request, and the exception that became its answer.

Wraps: `Starlette.__call__`, through which FastAPI goes as well, to see the status that is sent; `handle` of `Route` and
`Mount` and of FastAPI's `APIRoute`, which are called for what matched; and `wrap_app_handling_exceptions`, in which the
exceptions of endpoints and of what is mounted meet their handlers.
Records: the route's template, mounts and prefixes included, as the annotation `Route` of the captured handler, and on
the handler's subsegment the exception that became the answer, or that came too late for one.
Never records: paths, query strings, headers, bodies; of a validation error, the input.
Propagates: nothing.
"""

from __future__ import annotations

from ...guard import failed
from .. import replace
from . import answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_WRAPS = "wrap_app_handling_exceptions"


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `starlette.applications`, `.routing`, `.middleware.exceptions` or `fastapi.routing`."""
    found: list[replace.Target] = []
    if module.__name__ == "starlette.applications":
        return [(module.Starlette, "__call__", answer.asgi)]
    if module.__name__ == "starlette.routing":
        found = [(module.Route, "handle", _route), (module.Mount, "handle", _mount)]
    elif module.__name__ == "fastapi.routing" and "handle" in vars(module.APIRoute):
        found = [(module.APIRoute, "handle", _included_route(module))]
    if hasattr(module, _WRAPS):
        found.append((module, _WRAPS, _exception_handling))
    elif module.__name__ == "starlette.routing":  # before 0.28 all exceptions leave the router
        found.append((module.Router, "__call__", answer.noted_async))
    return found


def _route(handle: Callable[..., Any]) -> Callable[..., Any]:
    return _matching(handle, lambda route, scope: getattr(route, "path_format", None))


def _included_route(module: ModuleType) -> Callable[[Any], Any]:
    """Routes of routers that FastAPI includes; before 0.137 they are copied, with their whole path.

    The path that a router is included with is known to the scope alone.
    """
    find = getattr(module, "_get_scope_effective_route_context", None)

    def template(route: Any, scope: Any) -> object:
        context = None if find is None else find(scope)
        if context is None or getattr(context, "original_route", None) is not route:
            return getattr(route, "path_format", None)
        return getattr(context, "path_format", None)

    return lambda handle: _matching(handle, template)


def _matching(handle: Callable[..., Any], template: Callable[[Any, Any], object]) -> Callable[..., Any]:
    handle_noted = answer.noted_async(handle)

    async def handle_matched(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        found = answer.current()
        if found is None or scope.get("type") != "http":
            return await handle(self, scope, receive, send)
        try:
            found.matched(scope.get("method"), template(self, scope))
        except Exception as error:
            failed(error)
        return await handle_noted(self, scope, receive, send)

    return handle_matched


def _mount(handle: Callable[..., Any]) -> Callable[..., Any]:
    handle_noted = answer.noted_async(handle)

    async def handle_mounted(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        found = answer.current()
        if found is None or scope.get("type") != "http":
            return await handle(self, scope, receive, send)
        before = None
        try:
            found.matched(scope.get("method"), getattr(self, "path_format", None))
            before = found.mounted(
                getattr(self, "path_format", "").removesuffix("/{path}"), scope.get("root_path", "")
            )
        except Exception as error:
            failed(error)
        try:
            return await handle_noted(self, scope, receive, send)
        finally:
            if before is not None:
                found.unmounted(before)

    return handle_mounted


def _exception_handling(wrap: Callable[..., Any]) -> Callable[..., Any]:
    def wrap_noted(app: Any, *args: Any, **kwargs: Any) -> Any:
        return wrap(app if answer.current() is None else answer.noted_async(app), *args, **kwargs)

    return wrap_noted
