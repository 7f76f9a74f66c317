"""aiobotocore, and so aioboto3: botocore's clients with coroutines.

Wraps: `AioBaseClient._make_api_call`, its own version of the function that every API call goes through. And
`AioEndpoint.create_request`, for the header, which each attempt passes; what then prepares the request is botocore's.
Records: what is recorded for botocore. A cancelled call is a fault.
Never records: what is never recorded for botocore.
Propagates: the trace header with this subsegment as parent, sampled or not, in the place of the one that botocore takes
from the environment.
"""

from __future__ import annotations

from .. import nesting, replace
from . import call as aws_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `aiobotocore.client` or `aiobotocore.endpoint`."""
    if module.__name__ == "aiobotocore.endpoint":
        return [(module.AioEndpoint, "create_request", _create_request)]
    return [(module.AioBaseClient, "_make_api_call", _make_api_call)]


def _make_api_call(make_api_call: Callable[..., Any]) -> Callable[..., Any]:
    async def make_traced_api_call(
        self: Any, operation_name: str, api_params: Any, *args: Any, **kwargs: Any
    ) -> Any:
        call = aws_call.begin(self, operation_name, api_params)
        if call is None:
            return await make_api_call(self, operation_name, api_params, *args, **kwargs)
        return await nesting.run_async(call, make_api_call, self, operation_name, api_params, *args, **kwargs)

    return make_traced_api_call


def _create_request(create_request: Callable[..., Any]) -> Callable[..., Any]:
    async def create_traced_request(self: Any, params: Any, *args: Any, **kwargs: Any) -> Any:
        aws_call.put_trace_header(params["headers"])
        return await create_request(self, params, *args, **kwargs)

    return create_traced_request
