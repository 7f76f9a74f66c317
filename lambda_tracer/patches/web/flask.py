"""Flask, on apig-wsgi, serverless-wsgi or aws-wsgi for example: the route of a request, and the exception that became
its answer.

Wraps: `Flask.__call__` and `Flask.wsgi_app`, whichever the adapter or a middleware calls, to see the status that is
sent; `dispatch_request` and `preprocess_request`, which run the view and what comes before it; and `handle_exception`,
which makes an answer of what nobody has handled.
Records: the rule of the route as the annotation `Route` of the captured handler, `/items/<int:id>` as `/items/{id}`,
and on the handler's subsegment the exception that became the answer.
Never records: paths, query strings, headers, bodies, arguments of views.
Propagates: nothing.
"""

from __future__ import annotations

import re
import sys

from ...guard import failed
from .. import replace
from . import answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

# <name>, <converter:name>, <converter(arguments):name>
_VARIABLE = re.compile(
    r"<(?:[a-zA-Z_]\w*(?:\((?:[^()\"']|\"[^\"]*\"|'[^']*')*\))?:)?([a-zA-Z_]\w*)>", re.ASCII
)


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `flask.app`."""
    return [
        (module.Flask, "__call__", answer.wsgi),
        (module.Flask, "wsgi_app", answer.wsgi),
        (module.Flask, "dispatch_request", _dispatch),
        (module.Flask, "preprocess_request", answer.noted),
        (module.Flask, "handle_exception", _handle),
    ]


def template(rule: str) -> str:
    """A rule of werkzeug's in the notation that all routes are recorded in."""
    return _VARIABLE.sub(r"{\1}", rule)


def match(package: str) -> None:
    """Tell the rule that the current request of Flask or Quart has matched."""
    try:
        if answer.current() is not None:
            request: Any = sys.modules[package].request
            rule = request.url_rule
            if rule is not None:  # 404 and 405: no rule is said to match
                answer.matched(request.method, template(rule.rule))
    except Exception as error:
        failed(error)


def _dispatch(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    dispatch_noted = answer.noted(dispatch)

    def dispatch_matched(*args: Any, **kwargs: Any) -> Any:
        match("flask")
        return dispatch_noted(*args, **kwargs)

    return dispatch_matched


def _handle(handle: Callable[..., Any]) -> Callable[..., Any]:
    def handle_noted(*args: Any, **kwargs: Any) -> Any:
        note(args)
        return handle(*args, **kwargs)

    return handle_noted


def note(args: tuple[Any, ...]) -> None:
    """Note the exception that is the last argument of a method."""
    if args and isinstance(args[-1], BaseException):
        answer.raised(args[-1])
