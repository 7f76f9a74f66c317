"""One call of an AWS API as a subsegment, and the trace header it sends: what botocore, aiobotocore and pynamodb share.

The subsegment is named by the service's endpoint prefix (`dynamodb`, `states`), its `aws` block says which operation,
where and on what. X-Ray's flags say how it ended: 4xx is an error, 5xx a fault; throttling is both throttle and error,
whatever the status, since DynamoDB and others throttle with a 400. Anything else that was raised (no connection, a
time-out, invalid parameters) is a fault.
"""

from __future__ import annotations

from ... import guard, recording
from ...trace.header import HEADER_NAME
from .. import nesting
from . import resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from . import bedrock
else:
    bedrock = guard.Late("lambda_tracer.patches.aws.bedrock")  # few functions ask a model

_THROTTLING_CODES = (
    "Throttling ThrottlingException ThrottledException RequestThrottledException RequestThrottled"
    " TooManyRequestsException ProvisionedThroughputExceededException TransactionInProgressException"
    " RequestLimitExceeded BandwidthLimitExceeded LimitExceededException SlowDown PriorRequestNotComplete"
    " EC2ThrottledException"
)
THROTTLING = frozenset(_THROTTLING_CODES.split())
"""Error codes that mean throttling: botocore's standard retry mode has the same (`ThrottledRetryableChecker`)."""

_MODELS = "bedrock-runtime"
"""The endpoint prefix of the service that asks models: see `bedrock`."""

HANDED_ON = ("tracestate", "baggage")
"""Headers that are as others wrote them."""

MAX_HANDED_ON_BYTES = 2_048
"""Of those, with their names, in a request to AWS. S3 takes 8 kB of headers in all, 2 kB of them a user's metadata:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html"""

_TRACING_OPERATIONS = ("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets")
"""Operations of X-Ray that tracers themselves call; a trace is about the function."""


def new_call(client: Any, method: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> AwsCall | None:
    """The call of `_make_api_call` about to be made, for `nesting.traced`; None when it is not recorded."""
    try:
        operation = args[0] if args else kwargs.get("operation_name")
        params = args[1] if len(args) > 1 else kwargs.get("api_params")
        if operation is None or params is None:  # botocore is about to raise for it
            return None
        if not recording.default.is_followed() or nesting.is_below("_make_api_call", client):
            return None
        is_recorded = nesting.of_others("aws") is None
        return AwsCall(client.meta, operation, params, is_recorded=is_recorded)
    except Exception as error:
        guard.failed(error)
        return None


def put_headers(prepared: Any) -> None:
    """Put the trace header into the headers of a prepared request, in the place of the one that botocore puts there in
    Lambda, and W3C's unless they are there.

    What came in from outside is left out where it is long: S3 refuses requests with more than 8 kB of headers.
    """
    try:
        headers = prepared.headers
        sent = recording.default.trace_context()
        size = sum(len(name) + len(value) for name, value in sent.items() if name in HANDED_ON)
        has_parent = "traceparent" in headers
        for name, value in sent.items():
            if name != HEADER_NAME:
                is_left_out = name in HANDED_ON and size > MAX_HANDED_ON_BYTES
                if is_left_out or name in headers or (has_parent and name == "tracestate"):
                    continue
            headers[name] = value.encode()  # as botocore has made of the others by now
    except Exception as error:
        guard.failed(error)


class AwsCall:
    """A call under way; `answered` is given what the service answered."""

    __slots__ = ("_aws", "_context", "_is_recorded", "_is_streaming", "_name", "_noted", "_response")

    def __init__(
        self, meta: Any, operation: str, params: Mapping[str, Any], *, is_recorded: bool = True
    ) -> None:
        """`meta` is the client's: `region_name` and `service_model` are used. `is_recorded`: by us; else the current
        subsegment is the call's.
        """
        model = meta.service_model
        self._name: str = model.endpoint_prefix
        self._aws: dict[str, Any] = {"operation": operation, "region": meta.region_name}
        self._response: Any = None
        self._context: Any = None
        self._noted: dict[str, Any] = {}
        self._is_streaming = False
        self._is_recorded = is_recorded
        if isinstance(params, dict) and operation in model.operation_names:
            shape = model.operation_model(operation).input_shape
            self._aws.update(resource.of_request(self._name, params, {} if shape is None else shape.members))

    def open(self) -> None:
        """The call begins."""
        if not self._is_recorded or (self._name == "xray" and self._aws["operation"] in _TRACING_OPERATIONS):
            return
        self._context = recording.default.recording(self._name, "aws")
        if self._context is not None:
            self._context.open()
            # From the start, so that a call that outlives the invocation says what it was.
            if self._context.subsegment is not None and self._context.subsegment.sampled:
                self._context.subsegment.set_aws(self._aws)
                if self._name == _MODELS and guard.can_load(bedrock):
                    bedrock.annotate(self._context.subsegment, self._aws)

    def makes(self, library: str, method: object, url: str | None) -> bool:
        """True: by the requests of the library, and calls that get its credentials."""
        return True

    def is_for(self, library: str, method: object, url: str) -> bool:
        """False: what requests an API call makes, botocore decides."""
        return False

    def note(self, status: int, request_id: str | None) -> None:
        """Note one attempt's HTTP answer, for a library whose results and errors do not say what botocore's say."""
        retries = self._noted["RetryAttempts"] + 1 if self._noted else 0
        self._noted = {"HTTPStatusCode": status, "RequestId": request_id, "RetryAttempts": retries}

    def answered(self, response: Any) -> None:
        """Take note of the answer."""
        self._response = response

    def close(self, exc: BaseException | None = None) -> None:
        """The call has ended."""
        if self._context is None:
            return
        subsegment = self._context.subsegment
        try:
            if subsegment is None or subsegment.end_time is not None or self._is_streaming:
                pass  # somebody else ended it: it has been sent; or is going to
            elif isinstance(self._response, dict):
                self._describe_answer(subsegment, self._response)
                self._aws.update(resource.of_response(self._response))
                if self._aws.get("function_error"):
                    # The call was answered, but what it was made for failed, and by no fault of the caller's request.
                    subsegment.add_fault_flag()
                if self._name == _MODELS and subsegment.sampled and guard.can_load(bedrock):
                    self._is_streaming = bedrock.describe(subsegment, self._aws, self._response)
            elif exc is not None and type(exc) is not GeneratorExit:
                self._describe_failure(subsegment, exc)
        except Exception as error:
            guard.failed(error)
        finally:
            if self._is_streaming:
                self._context.suspend()  # the stream closes it; what the caller does meanwhile is not below it
            else:
                # With nothing raised, as far as it is concerned: it would make every exception a fault.
                self._context.close()

    def _describe_answer(self, subsegment: Any, response: Mapping[str, Any]) -> int | None:
        """What the metadata of an answer says, be it a result or an error; returns the HTTP status."""
        metadata = response.get("ResponseMetadata") or self._noted
        if metadata.get("RequestId"):
            self._aws["request_id"] = metadata["RequestId"]
        id_2 = (metadata.get("HTTPHeaders") or {}).get("x-amz-id-2")
        if id_2:
            self._aws["id_2"] = id_2
        if metadata.get("RetryAttempts"):
            self._aws["retries"] = metadata["RetryAttempts"]
        status = metadata.get("HTTPStatusCode")
        subsegment.put_http_meta("status", status)
        return status if isinstance(status, int) else None

    def _describe_failure(self, subsegment: Any, error: BaseException) -> None:
        response = getattr(error, "response", None)
        if not isinstance(response, dict) or "Error" not in response:
            subsegment.add_exception(error)
            return
        # The service answered: ClientError, known by its answer so that botocore need not be imported.
        subsegment.add_exception(error, remote=True)
        code = (response["Error"] or {}).get("Code")
        subsegment.fault = False
        status = self._describe_answer(subsegment, response)
        if status is None:
            subsegment.add_fault_flag()
        elif status < 400 and status != 304:  # 304 is the answer that was asked for
            subsegment.add_error_flag()
        if code in THROTTLING or status == 429:
            subsegment.add_error_flag()
            subsegment.add_throttle_flag()
