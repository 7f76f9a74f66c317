"""httpx: each call of `httpx.get`, `Client.get`, `AsyncClient.stream`..., and of `send` with a built request.

Wraps: `send` of `Client` and `AsyncClient`, through which all of them go: methods and not classes or
transports, so clients made or imported earlier, subclasses, `mounts` and custom transports are traced
alike. Redirects and the requests of an auth flow are inside the one subsegment of the call, with the
status of the last answer. Retries that a transport makes are too; those that a client built on httpx
makes are calls of their own. `_send_single_request`, which sends each hop, is wrapped to give every hop
the header with that subsegment as Parent. What event hooks and auth flows call by themselves is below the
subsegment.
Records: host, method, URL without credentials, query and fragment, status, content length; what kept an
answer from coming.
Never records: bodies, query strings, credentials, other headers.
Propagates: the trace header, sampled or not; the caller's headers and request are as before when the call
returns.
"""

from __future__ import annotations

from .. import nesting, replace
from . import exchange as http_exchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `httpx`."""

    def make_send(send: Callable[..., Any]) -> Callable[..., Any]:
        return _send(send, module.HTTPStatusError)

    def make_async_send(send: Callable[..., Any]) -> Callable[..., Any]:
        return _async_send(send, module.HTTPStatusError)

    return [
        (module.Client, "send", make_send),
        (module.Client, "_send_single_request", _send_hop),
        (module.AsyncClient, "send", make_async_send),
        (module.AsyncClient, "_send_single_request", _async_send_hop),
    ]


def _send(send: Callable[..., Any], HTTPStatusError: type[Exception]) -> Callable[..., Any]:
    def send_traced(self: Any, request: Any, **kwargs: Any) -> Any:
        exchange = _begin(self, request)
        if exchange is None:
            return send(self, request, **kwargs)
        # An event hook may call `raise_for_status`.
        return nesting.run(exchange.raises_for_status(HTTPStatusError), send, self, request, **kwargs)

    return send_traced


def _async_send(send: Callable[..., Any], HTTPStatusError: type[Exception]) -> Callable[..., Any]:
    async def send_traced(self: Any, request: Any, **kwargs: Any) -> Any:
        exchange = _begin(self, request)
        if exchange is None:
            return await send(self, request, **kwargs)
        call = exchange.raises_for_status(HTTPStatusError)
        return await nesting.run_async(call, send, self, request, **kwargs)

    return send_traced


def _send_hop(send: Callable[..., Any]) -> Callable[..., Any]:
    def send_hop(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        hop = http_exchange.hop(request)
        if hop is None:
            return send(self, request, *args, **kwargs)
        return nesting.run(hop, send, self, request, *args, **kwargs)

    return send_hop


def _async_send_hop(send: Callable[..., Any]) -> Callable[..., Any]:
    async def send_hop(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        hop = http_exchange.hop(request)
        if hop is None:
            return await send(self, request, *args, **kwargs)
        return await nesting.run_async(hop, send, self, request, *args, **kwargs)

    return send_hop


def _begin(client: Any, request: Any) -> http_exchange.Exchange | None:
    return http_exchange.begin(
        "httpx",
        "send",
        client,
        getattr(request, "method", None),
        getattr(request, "url", ""),
        status="status_code",
    )
