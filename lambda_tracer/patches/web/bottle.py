"""Bottle, on apig-wsgi for example: the route of a request, and the exception that became its answer.

Wraps: `Bottle.__call__` and `Bottle.wsgi`, whichever the adapter calls, to see the status that is sent; `Router.match`;
and `Bottle._cast`, through which every answer goes, an error's as well.
Records: the rule of the route as the annotation `Route` of the captured handler, `/items/<id:int>` as `/items/{id}`,
and on the handler's subsegment the exception that became the answer.
Never records: paths, query strings, headers, bodies, arguments of callbacks; of an error 404, the path.
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

# <name>, <name:filter>, <name:filter:configuration>, and :name, :name#expression# as Bottle once wrote them
_VARIABLE = re.compile(r"<([a-zA-Z_]\w*)?(?::[^<>]*)?>|:([a-zA-Z_]\w*)?(?:#[^#]*#)?", re.ASCII)


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `bottle`."""
    return [
        (module.Bottle, "__call__", answer.wsgi),
        (module.Bottle, "wsgi", answer.wsgi),
        (module.Bottle, "_cast", _cast(module)),
        (module.Router, "match", _match),
    ]


def template(rule: str) -> str:
    """A rule in the notation that all routes are recorded in."""
    return _VARIABLE.sub(lambda match: f"{{{match[1] or match[2] or ''}}}", rule)


def _match(match: Callable[..., Any]) -> Callable[..., Any]:
    def match_told(self: Any, environ: Any) -> Any:
        found = match(self, environ)
        try:
            rule = getattr(found[0], "rule", None)
            if answer.current() is not None and type(rule) is str:
                answer.matched(environ.get("REQUEST_METHOD"), template(rule))
        except Exception as error:
            failed(error)
        return found

    return match_told


def _cast(module: ModuleType) -> Callable[[Any], Callable[..., Any]]:
    """What a callback raised, or Bottle itself, comes as a response: Bottle's own exceptions are responses."""
    HTTPResponse, HTTPError = module.HTTPResponse, module.HTTPError

    def make(cast: Callable[..., Any]) -> Callable[..., Any]:
        cast_noted = answer.noted(cast)

        def cast_raised(self: Any, out: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(out, HTTPError) and isinstance(out.exception, BaseException):
                answer.raised(out.exception)
            elif isinstance(out, HTTPResponse) and out.__traceback__ is not None:  # raised, and not returned
                answer.raised(out)
            return cast_noted(self, out, *args, **kwargs)

        return cast_raised

    return make
