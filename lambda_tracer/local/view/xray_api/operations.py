"""Operations: which one a request is for, and its answer or its error in X-Ray's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lambda_tracer.local.receive.json_value import quick_json
from lambda_tracer.local.view.http_server import Answer
from lambda_tracer.local.view.intake import Intake
from lambda_tracer.local.view.log import Log
from lambda_tracer.local.view.store import Store
from lambda_tracer.local.view.xray_api.arguments import Arguments, InvalidRequest, arguments_of
from lambda_tracer.local.view.xray_api.put import put_telemetry_records, put_trace_segments
from lambda_tracer.local.view.xray_api.sampling import get_sampling_rules, get_sampling_targets
from lambda_tracer.local.view.xray_api.services import get_service_graph, get_trace_graph
from lambda_tracer.local.view.xray_api.summaries import get_trace_summaries
from lambda_tracer.local.view.xray_api.traces import batch_get_traces


class Operations:
    """X-Ray's operations on `store`, by the path that a request has."""

    def __init__(self, store: Store, intake: Intake, log: Log) -> None:
        self._served: dict[str, Callable[[Arguments], dict[str, Any]]] = {
            "/TraceSegments": lambda arguments: put_trace_segments(arguments, intake, log),
            "/TelemetryRecords": put_telemetry_records,
            "/TraceSummaries": lambda arguments: get_trace_summaries(arguments, store),
            "/Traces": lambda arguments: batch_get_traces(arguments, store),
            "/TraceGraph": lambda arguments: get_trace_graph(arguments, store),
            "/ServiceGraph": lambda arguments: get_service_graph(arguments, store),
            "/GetSamplingRules": get_sampling_rules,
            "/SamplingTargets": get_sampling_targets,
        }

    @property
    def paths(self) -> set[str]:
        """Of those that are served."""
        return set(self._served)

    def answer(self, path: str, body: bytes) -> Answer:
        """The answer to a POST to `path`, which may be none of them."""
        operation = self._served.get(path)
        if operation is None:
            message = f"lambda-tracer view does not serve this operation of X-Ray: POST {path[:101]}"
            return _error(404, "UnknownOperationException", message)
        try:
            return Answer(200, quick_json(operation(arguments_of(body))).encode("ascii"))
        except InvalidRequest as exc:
            return _error(400, "InvalidRequestException", str(exc))


def _error(status: int, error_type: str, message: str) -> Answer:
    # Both spellings: clients look for either.
    body = quick_json({"Message": message, "message": message}).encode("ascii")
    return Answer(status, body, headers={"x-amzn-ErrorType": error_type})
