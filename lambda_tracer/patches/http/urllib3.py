"""urllib3: each call of `urllib3.request`, `PoolManager.request` and `HTTPConnectionPool.urlopen`, versions
1.26 and 2.

Wraps: `PoolManager.urlopen` and `HTTPConnectionPool.urlopen`, whichever of them is called first. Both
call themselves for a redirect and the pool's does for a retry, and a manager works through pools: all of
that is inside the one subsegment of the call, with the status of the last answer, and every hop and
attempt carries the header with that subsegment as Parent.
Records: host, method, URL without credentials, query and fragment, status, content length; what kept an
answer from coming, running out of retries included.
Never records: bodies, query strings, credentials, other headers.
Propagates: the trace header and W3C's, sampled or not, in a copy of the caller's headers.
"""

from __future__ import annotations

from ...guard import Late, can_load
from .. import nesting, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from . import exchange as http_exchange
else:
    http_exchange = Late("lambda_tracer.patches.http.exchange")  # only where a request is made


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `urllib3`."""
    return [
        (module.PoolManager, "urlopen", _manager_urlopen),
        (module.HTTPConnectionPool, "urlopen", _pool_urlopen),
    ]


def _manager_urlopen(urlopen: Callable[..., Any]) -> Callable[..., Any]:
    def urlopen_traced(self: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        # Not at the top: boto3 imports urllib3, so this patch is applied in functions that never call it.
        if not can_load(http_exchange):
            return urlopen(self, method, url, *args, **kwargs)
        exchange = http_exchange.new_exchange("urllib3", "urlopen", self, method, url)
        if exchange is None:
            return urlopen(self, method, url, *args, **kwargs)

        def send() -> Any:
            if exchange.headers:
                own = kwargs.get("headers", self.headers)
                kwargs["headers"] = http_exchange.with_headers(own, exchange.headers)
            return urlopen(self, method, url, *args, **kwargs)

        return nesting.run(exchange, send)

    return urlopen_traced


def _pool_urlopen(urlopen: Callable[..., Any]) -> Callable[..., Any]:
    def urlopen_traced(
        self: Any, method: Any, url: Any, body: Any = None, headers: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        if not can_load(http_exchange):
            return urlopen(self, method, url, body, headers, *args, **kwargs)
        exchange = http_exchange.new_exchange(
            "urllib3",
            "urlopen",
            self,
            method,
            http_exchange.whole_url(self.scheme, self.host, self.port, url),
        )
        if exchange is None:
            return urlopen(self, method, url, body, headers, *args, **kwargs)

        def send() -> Any:
            sent = headers
            if exchange.headers:
                own = self.headers if headers is None else headers
                sent = http_exchange.with_headers(own, exchange.headers)
            return urlopen(self, method, url, body, sent, *args, **kwargs)

        return nesting.run(exchange, send)

    return urlopen_traced
