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
Propagates: the trace header and W3C's, sampled or not; the caller's headers and request are as before when the call
returns.
"""

from __future__ import annotations

import functools

from .. import nesting, replace
from . import exchange as http_exchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `httpx`."""

    new_exchange = functools.partial(_new_exchange, module.HTTPStatusError)
    return [
        (module.Client, "send", nesting.traced(new_exchange)),
        (module.Client, "_send_single_request", nesting.traced(_new_hop)),
        (module.AsyncClient, "send", nesting.traced(new_exchange, is_async=True)),
        (module.AsyncClient, "_send_single_request", nesting.traced(_new_hop, is_async=True)),
    ]


def _new_exchange(
    HTTPStatusError: type[Exception],
    client: Any,
    method: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> http_exchange.Exchange | None:
    request = args[0] if args else kwargs.get("request")
    exchange = http_exchange.new_exchange(
        "httpx",
        "send",
        client,
        getattr(request, "method", None),
        getattr(request, "url", ""),
        status="status_code",
    )
    # An event hook may call `raise_for_status`.
    return None if exchange is None else exchange.raises_for_status(HTTPStatusError)


def _new_hop(
    client: Any, method: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> http_exchange.Hop | None:
    return http_exchange.new_hop(args[0] if args else kwargs.get("request"))
