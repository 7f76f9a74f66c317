"""botocore, and so boto3: clients, resources, paginators, waiters, transfers.

Wraps: `BaseClient._make_api_call`, the one function that every API call goes through, its retries and redirects inside
it: a page, a check of a waiter, a part of an upload is a subsegment each. And `Endpoint.prepare_request`, for the
headers, which each attempt passes after it was signed: they are no part of the signature. Presigned URLs pass neither.
Records: a subsegment named by the service's endpoint prefix, namespace aws; operation, region, request id, status,
retries if there were any, what the call is about (see `resource`), what Bedrock says of its models (see `bedrock`);
the exception.
Never records: bodies, values, secrets, messages, items, payloads: names only. A service's own error message is recorded
as it came.
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
    """What is replaced in `botocore.client` or `botocore.endpoint`."""
    if module.__name__ == "botocore.endpoint":
        return [(module.Endpoint, "prepare_request", _prepare_request)]
    return [(module.BaseClient, "_make_api_call", nesting.traced(aws_call.new_call))]


def _prepare_request(prepare_request: Callable[..., Any]) -> Callable[..., Any]:
    def prepare_traced_request(self: Any, request: Any) -> Any:
        prepared = prepare_request(self, request)
        aws_call.put_headers(prepared)
        return prepared

    return prepare_traced_request
