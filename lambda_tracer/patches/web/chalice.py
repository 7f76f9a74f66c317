"""Chalice: the route of a request, and the exception that became its answer.

Wraps: `Chalice.__call__`, and `RestAPIEventHandler._main_rest_api_handler` below Chalice's middlewares, of which a
captured handler may be one, to see the status that they return; `_get_view_function_response`, which calls the view;
and `_unhandled_exception_to_response`, which answers 500.
Records: the route as the annotation `Route` of the captured handler, and on the handler's subsegment the exception that
became the answer.
Never records: paths, query strings, headers, bodies, arguments of views.
Propagates: nothing.
"""

from __future__ import annotations

import sys

from ...guard import failed
from .. import replace
from . import answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `chalice.app`."""
    handler = module.RestAPIEventHandler
    return [
        (module.Chalice, "__call__", _answer),
        (handler, "_main_rest_api_handler", _main),
        (handler, "_get_view_function_response", _view),
        (handler, "_unhandled_exception_to_response", _unhandled),
    ]


def _answer(call: Callable[..., Any]) -> Callable[..., Any]:
    return answer.returned(
        call, _event, lambda response: response.get("statusCode") if type(response) is dict else None
    )


def _main(call: Callable[..., Any]) -> Callable[..., Any]:
    return answer.returned(call, _event, lambda response: getattr(response, "status_code", None))


def _event(event: Any = None, context: Any = None) -> Any:
    return event


def _view(call: Callable[..., Any]) -> Callable[..., Any]:
    def call_noted(self: Any, view_function: Any, *args: Any, **kwargs: Any) -> Any:
        found = answer.current()
        if found is None:
            return call(self, view_function, *args, **kwargs)
        try:
            request: Any = self.current_request
            found.matched(request.method, request.context.get("resourcePath"))
        except Exception as error:
            failed(error)
        return call(self, answer.noted(view_function), *args, **kwargs)

    return call_noted


def _unhandled(call: Callable[..., Any]) -> Callable[..., Any]:
    def call_noted(*args: Any, **kwargs: Any) -> Any:
        error = sys.exc_info()[1]  # as Chalice itself finds it, for its log
        if error is not None:
            answer.raised(error)
        return call(*args, **kwargs)

    return call_noted
