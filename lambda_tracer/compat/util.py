"""The functions of `aws_xray_sdk.ext.util`, and those that patches of the X-Ray SDK share."""

from __future__ import annotations

from .. import recording
from ..guard import Late, warn_once
from ..trace.header import HEADER_NAME, TraceHeader
from ..trace.subsegment import Subsegment
from . import detached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence
    from typing import Any

    from . import sampling
else:
    sampling = Late("lambda_tracer.compat.sampling")

UNKNOWN_HOSTNAME = "UNKNOWN HOST"


def inject_trace_header(headers: MutableMapping[str, str], entity: Any) -> None:
    """Put the trace header into a request's: with `entity` as Parent, if that is recorded."""
    if not entity:
        return
    value = recording.default.trace_header()
    if isinstance(entity, Subsegment) and entity.sampled:
        value = TraceHeader(entity.trace_id, entity.id, 1, entity.invocation.header.data).to_header_str()
    if value is not None:
        headers[HEADER_NAME] = value


def construct_xray_header(headers: Mapping[str, str]) -> TraceHeader:
    """The trace header of a request that came in; an empty one where there is none."""
    return TraceHeader.from_header_str(headers.get(HEADER_NAME) or headers.get("HTTP_X_AMZN_TRACE_ID"))


def calculate_sampling_decision(trace_header: TraceHeader, recorder: Any, sampling_req: Any) -> int | str:
    """What the header of a request decides: 1 or 0. Else what the invocation's does.

    Where segments are our own, else what the recorder's sampler says: it may be the name of a rule.
    """
    if trace_header.sampled in (0, 1):
        return int(trace_header.sampled)
    if detached.runs_in_invocation():
        return int(recorder.is_sampled())
    if not recorder.sampling:
        return 1
    is_sampled, rule = sampling.decide(recorder, trace_header, sampling.request_of(sampling_req))
    return rule or int(is_sampled)


def calculate_segment_name(host_name: str, recorder: Any) -> Any:
    """What a request is called: by its host, as `dynamic_naming` says, or by `service`."""
    return recorder.dynamic_naming.get_name(host_name) if recorder.dynamic_naming else recorder.service


def prepare_response_header(origin_header: Any, segment: Any) -> str:
    """The trace header of an answer: the trace, and the decision if the request asked for it."""
    is_asked = getattr(origin_header, "sampled", None) == "?"
    sampled = segment.sampled if is_asked else None
    return TraceHeader(root=segment.trace_id, sampled=sampled).to_header_str()


def to_snake_case(name: str) -> str:
    """`QueueUrl` as `queue_url`, `AWSAccountId` as `aws_account_id`."""
    import re

    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", words).lower()


def strip_url(url: str) -> str:
    """A URL without its query."""
    return url.partition("?")[0] if url else url


def get_hostname(url: str | None) -> str:
    """The host of a URL."""
    from urllib.parse import urlsplit

    return (url and urlsplit(url).hostname) or UNKNOWN_HOSTNAME


def unwrap(obj: Any, attr: str) -> None:
    """Put back what `attr` of `obj` was before it was wrapped."""
    inner = getattr(getattr(obj, attr, None), "__wrapped__", None)
    if inner is not None:
        setattr(obj, attr, inner)


def inject_header(
    wrapped: Callable[..., Any], instance: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Call what sends a request (its first argument), with the trace header in it."""
    inject_trace_header(args[0].headers, recording.default.current_subsegment())
    return wrapped(*args, **kwargs)


def aws_meta_processor(
    wrapped: Any,
    instance: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    return_value: Any,
    exception: BaseException | None,
    subsegment: Any,
    stack: Any,
) -> None:
    """Describe a call of botocore's: operation, region, request id, status."""
    operation = kwargs["operation_name"] if "operation_name" in kwargs else args[0]
    aws = {"operation": operation, "region": instance.meta.region_name}
    answer = return_value or getattr(exception, "response", None) or {}
    metadata = answer.get("ResponseMetadata") or {}
    if metadata:
        aws["request_id"] = metadata.get("RequestId")
        subsegment.put_http_meta("status", metadata.get("HTTPStatusCode"))
    if exception is not None:
        subsegment.add_exception(exception, stack, True)
    subsegment.set_aws(aws)


whitelist: dict[str, dict[str, Any]] = {"services": {}}
"""What the SDK records of parameters. Here it says nothing: the page on AWS lists what is recorded."""


def add_ignored(
    subclass: str | None = None, hostname: str | None = None, urls: Sequence[str] | None = None
) -> None:
    """Do not trace HTTP calls to a host, or to these paths; for every HTTP client. See `Tracer.ignore_endpoint`."""
    if subclass is not None:
        if subclass == "botocore.awsrequest.AWSHTTPConnection":
            return  # as the SDK's documentation has it: calls of botocore are recorded once as it is
        warn_once("compat add_ignored", "add_ignored: a rule for a subclass of HTTPConnection is left out")
        return
    from ..patches.http import ignored

    ignored.ignore_endpoint(hostname, urls)


def reset_ignored() -> None:
    """Trace calls to all endpoints again."""
    from ..patches.http import ignored

    ignored.reset()
