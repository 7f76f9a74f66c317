"""Django, as WSGI or ASGI application: the route of a request, and the exception that became its answer.

Wraps: `__call__` of `WSGIHandler` and `ASGIHandler`, to see the status that is sent; `resolve_request` of
`BaseHandler`, which finds the view; `process_exception_by_middleware` there and `response_for_exception`, which are
given the exceptions that middlewares and Django itself make answers of.
Records: the route as the annotation `Route` of the captured handler, `items/<int:pk>/` and
`^items/(?P<pk>[0-9]+)/$` as `/items/{pk}/`, and on the handler's subsegment the exception that became the answer.
Never records: paths, query strings, headers, bodies, arguments of views; of a Resolver404, the path.
Propagates: nothing.
"""

from __future__ import annotations

import re

from ...guard import failed
from .. import replace
from . import answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_VARIABLE = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")
_IS_EXPRESSION = re.compile(r"\^|\$\Z|\\Z|\(\?")
_NAME = re.compile(r"\?P<(\w+)>")


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `django.core.handlers.base`, `.exception`, `.wsgi` or `.asgi`."""
    name = module.__name__.rpartition(".")[2]
    if name == "wsgi":
        return [(module.WSGIHandler, "__call__", answer.wsgi)]
    if name == "asgi":
        return [(module.ASGIHandler, "__call__", answer.asgi)]
    if name == "exception":
        return [(module, "response_for_exception", _note_second)]
    return [
        (module.BaseHandler, "resolve_request", _resolve),
        (module.BaseHandler, "process_exception_by_middleware", _note_second),
    ]


def _resolve(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolve_matched(self: Any, request: Any) -> Any:
        match = resolve(self, request)
        try:
            if answer.current() is not None:
                route = getattr(match, "route", None)
                if type(route) is str:
                    answer.matched(request.method, template(route))
        except Exception as error:
            failed(error)
        return match

    return resolve_matched


def _note_second(call: Callable[..., Any]) -> Callable[..., Any]:
    """Note the exception among two arguments: a function has it second, a method first."""

    def call_noted(*args: Any, **kwargs: Any) -> Any:
        for value in args[:3]:
            if isinstance(value, BaseException):
                answer.raised(value)
        return call(*args, **kwargs)

    return call_noted


def template(route: str) -> str:
    """A route, of `path` or `re_path` or of both, in the notation that all routes are recorded in."""
    if _IS_EXPRESSION.search(route):
        route = _without_expressions(route)
    return "/" + _VARIABLE.sub(r"{\1}", route).lstrip("/")


def _without_expressions(route: str) -> str:
    """A regular expression with its groups as variables, and without what stands for no text."""
    found = []
    at = 0
    while at < len(route):
        character = route[at]
        if character == "\\":
            if route[at + 1 : at + 2].isalnum():
                found.append("" if route[at + 1] in "ZAbB" else "{}")
            else:
                found.append(route[at + 1 : at + 2])
            at += 2
            continue
        if character == "(":
            end = _end_of_group(route, at)
            name = _NAME.match(route, at + 1)
            if name is not None:
                found.append(f"{{{name[1]}}}")
            elif not route.startswith(("(?=", "(?!", "(?<", "(?#"), at):
                found.append("{}")
            at = end
            continue
        if character == "[":
            found.append("{}")
            at = _end_of_set(route, at)
            continue
        if character not in "^$?*+":
            found.append(character)
        at += 1
    return "".join(found)


def _end_of_group(route: str, at: int) -> int:
    """Where what begins with a round bracket has ended."""
    depth = 0
    while at < len(route):
        if route[at] == "\\":
            at += 1
        elif route[at] == "[":
            at = _end_of_set(route, at) - 1
        elif route[at] == "(":
            depth += 1
        elif route[at] == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return at


def _end_of_set(route: str, at: int) -> int:
    """Where what begins with a square bracket has ended."""
    at += 2 if route[at + 1 : at + 2] != "^" else 3  # a bracket that comes first is a member
    while at < len(route) and route[at] != "]":
        at += 2 if route[at] == "\\" else 1
    return at + 1
