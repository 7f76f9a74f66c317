"""aiohttp's client: each call of `ClientSession.get`, `request`, `ws_connect` and so on.

Wraps: `ClientSession._request`, through which all of them go, so sessions made earlier are traced alike.
Redirects and aiohttp's retry on a connection that the server has closed are inside the one subsegment of
the call, with the status of the last answer, and every hop carries the header with that subsegment as
Parent. What a client middleware calls by itself is below the subsegment.
`aiohttp_trace_config` does the same by aiohttp's own hooks, for sessions that are given it; a session
that has both records once.
Records: host, method, URL without credentials, query and fragment, status, content length; what kept an
answer from coming.
Never records: bodies, query strings, credentials, other headers.
Propagates: the trace header and W3C's, sampled or not, in a copy of the caller's headers.
"""

from __future__ import annotations

import functools
import sys

from ...guard import failed, pass_on
from .. import nesting, replace
from . import exchange as http_exchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any
else:
    Any = object  # for type hints, as in `tracer`

_NAME = "_lambda_tracer_name"  # on the trace configs that are ours: the name they were given, or None


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `aiohttp`."""
    return [(module.ClientSession, "_request", functools.partial(_request, module))]


def aiohttp_trace_config(name: str | None = None) -> Any:
    """An `aiohttp.TraceConfig` for `ClientSession(trace_configs=[...])`: the calls of that session are traced.

    `name` is for their subsegments, in the place of the host. Raises ImportError where there is no aiohttp.
    """
    import aiohttp

    factory: Any = _HookedCall  # aiohttp names a type, and takes any callable
    config: Any = aiohttp.TraceConfig(trace_config_ctx_factory=factory)
    setattr(config, _NAME, name)
    config.on_request_start.append(functools.partial(_request_started, config))
    config.on_request_end.append(_request_answered)
    config.on_request_exception.append(_request_failed)
    return config


def _request(module: ModuleType, request: Callable[..., Any]) -> Callable[..., Any]:
    CIMultiDict = sys.modules["multidict"].CIMultiDict  # what aiohttp keeps headers in

    async def request_traced(self: Any, method: Any, str_or_url: Any, **kwargs: Any) -> Any:
        exchange = http_exchange.new_exchange(
            "aiohttp", "_request", self, method, _whole(self, str_or_url, kwargs.get("params")), _name(self)
        )
        if exchange is None:
            return await request(self, method, str_or_url, **kwargs)

        async def send() -> Any:
            if exchange.headers:
                kwargs["headers"] = _with_headers(
                    CIMultiDict, kwargs.get("headers"), exchange.headers, getattr(self, "headers", None)
                )
            try:
                return await request(self, method, str_or_url, **kwargs)
            except module.ClientResponseError as error:
                _describe(exchange, module, error)
                raise

        return await nesting.run_async(exchange, send)

    return request_traced


class _HookedCall:
    """What aiohttp hands to the hooks of one call: the exchange that it is, or None."""

    def __init__(self, trace_request_ctx: Any = None) -> None:
        self.trace_request_ctx = trace_request_ctx
        self.exchange: http_exchange.Exchange | None = None


async def _request_started(config: Any, session: Any, call: _HookedCall, params: Any) -> None:
    if replace.is_replaced(sys.modules["aiohttp"].ClientSession, "_request"):
        return
    if next((ours for ours in session.trace_configs if hasattr(ours, _NAME)), config) is not config:
        return  # a second one in the same session
    exchange = http_exchange.new_exchange(
        "aiohttp", "_request", session, params.method, params.url, getattr(config, _NAME)
    )
    if exchange is None:
        return
    call.exchange = exchange
    exchange.open()
    # Not the caller's headers: what aiohttp has made of them.
    put, _ = http_exchange.lacking(params.headers.items(), exchange.headers)
    for header, value in put.items():
        params.headers[header] = value


async def _request_answered(session: Any, call: _HookedCall, params: Any) -> None:
    if call.exchange is not None:
        call.exchange.answered(params.response)
        call.exchange.close()


async def _request_failed(session: Any, call: _HookedCall, params: Any) -> None:
    if call.exchange is not None:
        error = params.exception
        _describe(call.exchange, sys.modules["aiohttp"], error)
        call.exchange.close(error)


def _describe(exchange: http_exchange.Exchange, module: ModuleType, error: Any) -> None:
    """Describe the answer that an exception of `raise_for_status` stands for.

    Other failures of the call come as this type too: subclasses, and an answer that is no HTTP, whose cause
    is what the parser says.
    """
    if type(error) is module.ClientResponseError and error.__cause__ is None and error.status >= 400:
        exchange.answered_by_exception(error)


def _name(session: Any) -> str | None:
    for config in getattr(session, "trace_configs", ()):
        name: str | None = getattr(config, _NAME, None)
        if name:
            return name
    return None


def _whole(session: Any, url: Any, params: Any) -> Any:
    """The URL that is going to be requested: on the session's base, and with the query that is given apart."""
    try:
        url = session._build_url(url)
        return url.update_query(params) if params else url
    except Exception as error:  # aiohttp is about to raise for it
        pass_on(error)
        return url


def _with_headers(CIMultiDict: Any, headers: Any, sent: Mapping[str, str], of_session: Any) -> Any:
    try:
        copy = CIMultiDict(headers or ())
        # The session's own are added where the call's are not the same.
        given = [*copy.items(), *(of_session or {}).items()]
        for name, value in http_exchange.lacking(given, sent)[0].items():
            copy[name] = value
        return copy
    except Exception as error:
        failed(error)
        return headers
