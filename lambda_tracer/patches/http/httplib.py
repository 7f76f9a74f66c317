"""http.client: each exchange over an `HTTPConnection`, so `urllib.request` and `xmlrpc.client` too.

Wraps: `putrequest`, `putheader` and `endheaders`, which `request` calls and some callers call themselves,
`getresponse` and `close`. An exchange begins when the headers are sent, connecting included, and ends
when `getresponse` has the answer, or when the connection is closed without; with neither it stays in
progress. In between it is not current: other work is not below it. http.client knows no redirects and no
retries, so each hop of `urllib.request` is a subsegment.
Records: host, method, URL without credentials, query and fragment, status, content length; what kept an
answer from coming.
Never records: bodies, query strings, credentials, other headers.
Propagates: the trace header, sampled or not, in the place of one that the caller puts, and W3C's that the caller does
not put.
"""

from __future__ import annotations

import functools

from ...guard import Late, can_load
from .. import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from . import exchange as http_exchange
    from .exchange import Exchange
else:
    http_exchange = Late("lambda_tracer.patches.http.exchange")  # only where a request is made

_EXCHANGE = "_lambda_tracer_exchange"  # on the connection, from `putrequest` until the answer has come


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `http.client`."""
    connection = module.HTTPConnection
    return [
        (connection, "putrequest", _putrequest),
        (connection, "putheader", _putheader),
        (connection, "endheaders", functools.partial(_endheaders, connection)),
        (connection, "getresponse", _getresponse),
        (connection, "close", _close),
    ]


def _putrequest(putrequest: Callable[..., None]) -> Callable[..., None]:
    def putrequest_traced(self: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> None:
        putrequest(self, method, url, *args, **kwargs)
        # Not at the top: urllib3 imports http.client, so this patch is applied in functions that never call it.
        if not can_load(http_exchange):
            vars(self)[_EXCHANGE] = None
            return
        is_tls = self.default_port == 443
        exchange: Exchange | None = http_exchange.new_exchange(
            "http.client",
            "putrequest",
            self,
            method,
            http_exchange.whole_url(
                "https" if is_tls else "http",
                getattr(self, "_tunnel_host", None) or self.host,
                getattr(self, "_tunnel_port", None) or self.port,
                url,
            ),
        )
        vars(self)[_EXCHANGE] = None if exchange is None or exchange.is_ignored else exchange

    return putrequest_traced


def _putheader(putheader: Callable[..., None]) -> Callable[..., None]:
    def putheader_traced(self: Any, header: Any, *values: Any) -> None:
        exchange = vars(self).get(_EXCHANGE)
        if (
            exchange is not None
            and not exchange.is_begun
            and exchange.replaces(header, values[0] if values else b"")
        ):
            return
        putheader(self, header, *values)

    return putheader_traced


def _endheaders(connection: Any, endheaders: Callable[..., None]) -> Callable[..., None]:
    def endheaders_traced(self: Any, *args: Any, **kwargs: Any) -> None:
        exchange = vars(self).get(_EXCHANGE)
        if exchange is None or exchange.is_begun:
            return endheaders(self, *args, **kwargs)
        try:
            exchange.open()
            for name, value in exchange.lacking().items():
                connection.putheader(self, name, value)
            endheaders(self, *args, **kwargs)
            exchange.suspend()
        except BaseException as error:
            vars(self).pop(_EXCHANGE, None)
            exchange.close(error)
            raise

    return endheaders_traced


def _getresponse(getresponse: Callable[..., Any]) -> Callable[..., Any]:
    # No `*args`: urllib3 1.26 tries a call with one more argument first, and counts on the TypeError.
    def getresponse_traced(self: Any) -> Any:
        exchange = _take(self)
        if exchange is None:
            return getresponse(self)
        try:
            exchange.resume()
            response = getresponse(self)
            exchange.answered(response)
            exchange.close()
        except BaseException as error:
            exchange.close(error)
            raise
        return response

    return getresponse_traced


def _close(close: Callable[..., None]) -> Callable[..., None]:
    def close_traced(self: Any) -> None:
        exchange = _take(self)
        if exchange is not None:
            exchange.resume()
            exchange.close()
        close(self)

    return close_traced


def _take(connection: Any) -> Exchange | None:
    """The exchange under way on a connection, which is then no longer under way."""
    exchange: Exchange | None = vars(connection).get(_EXCHANGE)
    if exchange is None or not exchange.is_begun:
        return None
    del vars(connection)[_EXCHANGE]
    return exchange
