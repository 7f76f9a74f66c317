"""aiobotocore, and so aioboto3: botocore's clients with coroutines.

Wraps: `AioBaseClient._make_api_call`, its own version of the function that every API call goes through. And
`AioEndpoint.create_request`, for the headers: each attempt passes it, and leaves it signed and prepared.
Records: what is recorded for botocore. A cancelled call is a fault.
Never records: what is never recorded for botocore.
Propagates: the trace header with this subsegment as parent, sampled or not, in the place of the one that botocore takes
from the environment; W3C's, unless they are there.
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
    return [(module.AioBaseClient, "_make_api_call", nesting.traced(aws_call.new_call, is_async=True))]


def _create_request(create_request: Callable[..., Any]) -> Callable[..., Any]:
    async def create_traced_request(self: Any, params: Any, *args: Any, **kwargs: Any) -> Any:
        prepared = await create_request(self, params, *args, **kwargs)
        aws_call.put_headers(prepared)
        return prepared

    return create_traced_request
