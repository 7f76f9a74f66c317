"""requests: each call of `requests.get`, `Session.get`..., and of `Session.send` with a prepared request.

Wraps: `Session.send`, through which all of them go, once the request is prepared and signed. Redirects
are sent by `send` calling itself, retries by urllib3 below it: both are inside the one subsegment of the
call, with the status of the last answer, and every hop carries the header with that subsegment as Parent.
What response hooks, authentication handlers and generators as bodies request is below the call. `HTTPAdapter.send`
is wrapped to tell that what it calls works for the call, in an adapter of the user's, too.
Records: host, method, URL without credentials, query and fragment, status, content length; what kept an
answer from coming.
Never records: bodies, query strings, credentials, other headers.
Propagates: the trace header and W3C's, sampled or not; the caller's headers and prepared request are as before when
the call returns.
"""

from __future__ import annotations

import functools

from ...guard import failed
from .. import nesting, replace
from . import exchange as http_exchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `requests`."""

    new_call = functools.partial(_new_call, module.HTTPError)
    return [
        (module.Session, "send", nesting.traced(new_call)),
        (module.adapters.HTTPAdapter, "send", _adapter_send),
    ]


def _new_call(
    HTTPError: type[Exception], session: Any, method: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Call | None:
    request = args[0] if args else kwargs.get("request")
    exchange = http_exchange.new_exchange(
        "requests",
        "send",
        session,
        getattr(request, "method", None),
        getattr(request, "url", None) or "",
        status="status_code",
    )
    if exchange is None:
        return None
    return _Call(exchange.raises_for_status(HTTPError), getattr(request, "headers", None))


def _adapter_send(send: Callable[..., Any]) -> Callable[..., Any]:
    def send_enclosed(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        return nesting.enclose(send, self, request, *args, **kwargs)

    return send_enclosed


class _Call:
    """One call: the exchange, and the header in the request's headers as long as it lasts."""

    __slots__ = ("_exchange", "_headers", "_hop", "is_for", "makes")

    def __init__(self, exchange: http_exchange.Exchange, headers: Any) -> None:
        self._exchange = exchange
        self._headers = headers
        self._hop: http_exchange.Hop | None = None
        self.is_for = exchange.is_for
        self.makes = exchange.makes

    def open(self) -> None:
        self._exchange.open()
        self._hop = http_exchange.Hop(self._headers, self._exchange.headers)
        self._hop.open()

    def answered(self, response: Any) -> None:
        self._exchange.answered(response)
        if self._hop is None:
            return
        try:
            # A redirect's request is a copy of the first as it was sent. Sent again, all in it counts as the user's.
            for request in (
                *(each.request for each in getattr(response, "history", ())),
                getattr(response, "request", None),
                getattr(response, "next", None),
            ):
                headers = getattr(request, "headers", None)
                if headers is not None and headers is not self._headers:
                    self._hop.restore(headers)
        except Exception as error:
            failed(error)

    def close(self, error: BaseException | None = None) -> None:
        try:
            if self._hop is not None:
                self._hop.close()
        finally:
            self._exchange.close(error)
