"""The routes: what the view answers to a request, but for X-Ray's API."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from lambda_tracer.local.receive.documents import mapping
from lambda_tracer.local.receive.http_connection import Request
from lambda_tracer.local.receive.json_value import NotJSON, quick_json, read_deep
from lambda_tracer.local.receive.otlp.wire import WireError
from lambda_tracer.local.view.calls import calls_of
from lambda_tracer.local.view.details import details_of
from lambda_tracer.local.view.events import Events
from lambda_tracer.local.view.exports import EXPORTS
from lambda_tracer.local.view.files import open_file
from lambda_tracer.local.view.filter.match import matches
from lambda_tracer.local.view.filter.parser import parse
from lambda_tracer.local.view.filter.tokens import FilterError
from lambda_tracer.local.view.graph import Graph
from lambda_tracer.local.view.http_server import Answer, Stream
from lambda_tracer.local.view.intake import Intake, Refused
from lambda_tracer.local.view.joined_trace import JoinedTrace
from lambda_tracer.local.view.log import Log
from lambda_tracer.local.view.otlp_request import spans_in
from lambda_tracer.local.view.page_files import page_file
from lambda_tracer.local.view.size import MAX_PARTS, has_too_many_parts
from lambda_tracer.local.view.store import Store, newest_first
from lambda_tracer.local.view.summary import summary_of
from lambda_tracer.local.view.xray_api.operations import Operations


class Refusal(Exception):
    """A request that is not answered as it was meant; the message is for whoever sent it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Server(NamedTuple):
    """What the page says about its server."""

    version: str
    udp: str
    tcp: str


class Routes:
    """Answers requests from `store`, and puts into it by `intake` what is sent."""

    def __init__(self, store: Store, intake: Intake, log: Log) -> None:
        self._store = store
        self._intake = intake
        self._log = log
        # A page asks again for the trace that it shows; working out a large one takes half a second.
        self._last_shown = ("", 0), Answer(404)
        self._operations = Operations(store, intake, log)
        self.server = Server("", "", "")

    def respond(self, request: Request) -> Answer | Stream:
        """The answer to any request."""
        try:
            return self._route(request)
        except Refusal as exc:
            return _json({"message": str(exc)}, exc.status)
        except Exception as exc:
            self._log.refuse(f"a request for {request.path[:100]}", f"{type(exc).__name__}: {exc}")
            return _json({"message": "this is a bug in lambda-tracer, please report it"}, 500)

    def _route(self, request: Request) -> Answer | Stream:
        address = urlsplit(request.path)
        path = unquote(address.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        method = "GET" if request.method == "HEAD" else request.method
        if method == "GET" and (path == "/" or path.startswith("/app/")):
            return _page(path)
        found = self._answers().get((method, path))
        if found is not None:
            return found(request, query)
        if method == "POST" and not path.startswith(("/api/", "/v1/")):
            _check_parts(request)
            return self._operations.answer(path, request.body)
        if method == "GET" and path.startswith("/api/traces/"):
            return self._trace(path.removeprefix("/api/traces/"))
        if method == "GET" and path.startswith("/t/"):
            return self._export(path.removeprefix("/t/"))
        known = {route for _, route in self._answers()} | self._operations.paths
        if path in known:
            raise Refusal(405, f"{request.method} {path} is not served")
        raise Refusal(404, f"{path} is not here")

    def _answers(self) -> dict[tuple[str, str], Callable[[Request, dict[str, str]], Answer | Stream]]:
        return {
            ("GET", "/api/traces"): self._traces,
            ("DELETE", "/api/traces"): self._clear,
            ("GET", "/api/graph"): self._graph,
            ("GET", "/api/events"): self._events,
            ("POST", "/api/invocations"): self._invocation,
            ("POST", "/api/open"): self._open,
            ("POST", "/v1/traces"): self._spans,
        }

    def _traces(self, request: Request, query: dict[str, str]) -> Answer:
        after = _number(query.get("after", "0"))
        is_shown = _filter(query)
        store = self._store
        with store.lock:
            traces = store.traces()
            matching = [trace for trace in traces if is_shown(trace)]
            shown = newest_first(trace for trace in matching if trace.revision > after)
            return _json(
                {
                    "traces": [summary_of(trace) for trace in shown],
                    "total": len(traces),
                    "matched": len(matching),
                    "dropped": store.dropped,
                    "limits": {"traces": store.max_traces, "bytes": store.max_bytes},
                    "bytes": store.memory_bytes,
                    "revision": store.revision,
                    "refused": {"count": self._log.refused, "last": list(self._log.last)},
                    "server": {**self.server._asdict(), "pid": os.getpid()},
                }
            )

    def _trace(self, trace_id: str) -> Answer:
        with self._store.lock:
            trace = self._found(trace_id)
            key = (trace.id, trace.revision)
            if self._last_shown[0] != key or not trace.is_finished:
                self._last_shown = key, _json(details_of(trace))
            return self._last_shown[1]

    def _found(self, trace_id: str) -> JoinedTrace:
        trace = self._store.get(trace_id)
        if trace is None:
            raise Refusal(404, f"there is no trace {trace_id[:100]}")
        return trace

    def _graph(self, request: Request, query: dict[str, str]) -> Answer:
        is_shown = _filter(query)
        with self._store.lock:
            calls = [calls_of(trace) for trace in self._store.traces() if is_shown(trace)]
            return _json(Graph.of(calls).to_dict())

    def _export(self, name: str) -> Answer:
        for ending, (export, content_type) in EXPORTS.items():
            if name.endswith(ending):
                with self._store.lock:
                    trace = self._found(name.removesuffix(ending))
                    text = export(trace)
                file_name = re.sub(r"[^A-Za-z0-9.-]", "_", name)
                # Downloaded, and not shown here, where the policy of the server's own page holds.
                headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
                return Answer(200, text.encode("utf-8", "replace"), content_type, headers)
        raise Refusal(404, f"exports are {', '.join(f'/t/ID{ending}' for ending in EXPORTS)}")

    def _invocation(self, request: Request, query: dict[str, str]) -> Answer:
        _check_parts(request)
        try:
            given = read_deep(request.body)
        except NotJSON as exc:
            raise Refusal(400, f"it is not JSON: {exc}") from exc
        try:
            self._intake.handed_over(mapping(given))
        except Refused as exc:
            raise Refusal(400, str(exc)) from exc
        return Answer(204)

    def _open(self, request: Request, query: dict[str, str]) -> Answer:
        _check_parts(request)
        opened = open_file(request.body, self._intake)
        return _json(
            {"traces": list(opened.traces), "refused": opened.refused, "message": opened.message or None}
        )

    def _clear(self, request: Request, query: dict[str, str]) -> Answer:
        self._store.clear()
        return Answer(204)

    def _spans(self, request: Request, query: dict[str, str]) -> Answer:
        try:
            self._intake.spans(spans_in(request.body, request.headers))
        except (WireError, Refused) as exc:
            raise Refusal(400, str(exc)) from exc
        is_json = request.headers.get("content-type", "").startswith("application/json")
        # An ExportTraceServiceResponse that has nothing to say: everything was taken.
        return Answer(200, b"{}") if is_json else Answer(200, b"", "application/x-protobuf")

    def _events(self, request: Request, query: dict[str, str]) -> Stream:
        after = request.headers.get("last-event-id") or query.get("after")
        events = Events(self._store, _filter(query), None if after is None else _number(after))
        return Stream(events.send, "text/event-stream")


def _filter(query: dict[str, str]) -> Callable[[JoinedTrace], bool]:
    """Whether a trace matches the request's `filter`; all do where there is none."""
    text = query.get("filter", "").strip()
    if not text:
        return lambda trace: True
    try:
        expression = parse(text)
    except FilterError as exc:
        raise Refusal(400, str(exc)) from exc
    return lambda trace: matches(expression, trace)


def _check_parts(request: Request) -> None:
    if has_too_many_parts(request.body):
        raise Refusal(413, f"it has more than {MAX_PARTS:,} objects and lists")


def _page(path: str) -> Answer:
    found = page_file("index.html" if path == "/" else path.removeprefix("/app/"))
    if found is None:
        raise Refusal(404, f"{path} is not here")
    return Answer(200, *found)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, quick_json(value).encode("ascii"))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
