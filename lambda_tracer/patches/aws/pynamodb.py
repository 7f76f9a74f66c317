"""pynamodb: DynamoDB through botocore's client.

Wraps: since pynamodb 6 nothing of its own: it calls `BaseClient._make_api_call`, which is patched as for botocore.
Before, `Connection._make_api_call`, which has the client sign a request, and then sends and repeats it itself; and
`URLLib3Session.send`, by which it does, since neither its results nor its errors say the status and the request id.
Records: what is recorded for botocore, one subsegment a call.
Never records: what is never recorded for botocore.
Propagates: the trace header with this subsegment as parent, sampled or not, in the place of the one that botocore takes
from the environment.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar

from .. import nesting, replace
from . import call as aws_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_under_way: ContextVar[aws_call.AwsCall | None] = ContextVar("lambda_tracer_pynamodb_call", default=None)


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `pynamodb.connection.base`, and in botocore, which it has imported."""
    connection = module.Connection
    function = getattr(connection._make_api_call, "__wrapped__", connection._make_api_call)
    # The names that its code uses tell versions apart, not their numbers: from 6 on it has the client make the call.
    if "_make_api_call" in function.__code__.co_names:
        return []
    session = sys.modules["botocore.httpsession"].URLLib3Session
    return [(connection, "_make_api_call", _make_api_call), (session, "send", _send)]


def _make_api_call(make_api_call: Callable[..., Any]) -> Callable[..., Any]:
    def make_traced_api_call(
        self: Any, operation_name: str, operation_kwargs: Any, *args: Any, **kwargs: Any
    ) -> Any:
        call = aws_call.new_call(self.client, "_make_api_call", (operation_name, operation_kwargs), {})
        if call is None:
            return make_api_call(self, operation_name, operation_kwargs, *args, **kwargs)
        before = _under_way.get()

        def make() -> Any:
            try:
                _under_way.set(call)
                return make_api_call(self, operation_name, operation_kwargs, *args, **kwargs)
            finally:
                _under_way.set(before)

        return nesting.run(call, make)

    return make_traced_api_call


def _send(send: Callable[..., Any]) -> Callable[..., Any]:
    def send_and_note(self: Any, request: Any) -> Any:
        response = send(self, request)
        call = _under_way.get()
        if call is not None:
            call.note(response.status_code, response.headers.get("x-amzn-RequestId"))
        return response

    return send_and_note
