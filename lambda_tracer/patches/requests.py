"""requests: each call of `requests.get`, `Session.get`..., and of `Session.send` with a prepared request.

Wraps: `Session.send`, through which all of them go, once the request is prepared and signed. Redirects
are sent by `send` calling itself, retries by urllib3 below it: both are inside the one subsegment of the
call, with the status of the last answer, and every hop carries the header with that subsegment as Parent.
What response hooks call is part of the call too.
Records: host, method, URL without credentials, query and fragment, status, content length; what kept an
answer from coming.
Never records: bodies, query strings, credentials, other headers.
Propagates: the trace header, sampled or not; the caller's headers and prepared request are as before when
the call returns.
"""

from __future__ import annotations

from . import http_exchange, replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def patch(module: ModuleType) -> None:
    """Patch `requests`."""

    def make(send: Callable[..., Any]) -> Callable[..., Any]:
        return _send(send, module.HTTPError)

    replacing.replace([(module.Session, "send", make)])


def unpatch(module: ModuleType) -> None:
    """Undo `patch`."""
    replacing.restore([(module.Session, "send")])


def _send(send: Callable[..., Any], HTTPError: type[Exception]) -> Callable[..., Any]:
    def send_traced(self: Any, request: Any, **kwargs: Any) -> Any:
        exchange = http_exchange.begin(
            getattr(request, "method", None), getattr(request, "url", None) or "", encloses=False
        )
        if exchange is None:
            return send(self, request, **kwargs)
        with exchange, http_exchange.Hop(getattr(request, "headers", None), exchange.header):
            try:
                response = send(self, request, **kwargs)
            except HTTPError as error:  # a response hook calls raise_for_status
                exchange.answered_by_exception(getattr(error, "response", None), "status_code")
                raise
            exchange.answered(response, "status_code")
            return response

    return send_traced
