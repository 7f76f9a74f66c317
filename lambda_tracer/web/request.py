"""RequestSegment: one request as a segment of our own, from the request's headers to the end of its answer."""

from __future__ import annotations

from .. import recording, settings
from ..clock import clock
from ..guard import failed
from ..patches import registry
from ..patches.web import answer
from ..sdk.recorder import xray_recorder
from ..segments import invocation
from ..segments import recorder as own
from ..segments.sampling.request import Request
from ..segments.segment import Segment
from ..trace import w3c
from ..trace.context import last_seen, place
from ..trace.header import TraceHeader
from ..trace.invocation import is_trace_id
from ..trace.running import bound_to
from ..trace.subsegment import handler_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any, Protocol, TypeAlias

    from ..patches.web.answer import Answer
    from ..segments.invocation import SegmentInvocation
    from ..trace.context import AnySubsegment

    class Naming(Protocol):
        """What names a segment by the host of its request: `DynamicNaming`, or another."""

        def get_name(self, host_name: str | None) -> str | None:
            """The name; None or an empty text where there is none."""

    Name: TypeAlias = str | Naming | None
else:
    Name = object  # for type hints, as in `tracer`

MARK = "lambda_tracer.request"
"""Where a request says that it is a segment already: of two middlewares around one application the outer one counts."""

AFTER = "background"
"""What failed after the answer is recorded as: a subsegment of that name, below the segment, which has ended."""

_NO_HOST = frozenset("/?#\\ ")
"""What no host has in it. A `Host` header that has, may hold a query."""

_WEB = ("starlette", "flask", "quart", "django", "bottle", "aiohttp_web")
"""Frameworks that tell which route matched, and which exception became the answer."""


class Asked:
    """What is asked: texts, or None for what the request does not say.

    `path` is the whole one, and `base` what of it is above the application. In `url_path` it is written as in URLs.
    """

    __slots__ = (
        "address",
        "baggage",
        "base",
        "forwarded_for",
        "header",
        "host",
        "method",
        "path",
        "scheme",
        "traceparent",
        "tracestate",
        "url_path",
        "user_agent",
    )

    def __init__(self, scheme: str, method: str, path: str, base: str, url_path: str) -> None:
        """The rest is filled in by who knows it."""
        self.scheme = scheme
        self.method = method
        self.path = path
        self.base = base
        self.url_path = url_path
        self.host: str | None = None
        self.user_agent: str | None = None
        self.forwarded_for: str | None = None
        self.address: str | None = None
        self.header: str | None = None
        self.traceparent: str | None = None
        self.tracestate: str | None = None
        self.baggage: str | None = None

    def trace_header(self) -> TraceHeader:
        """The trace that it comes with: X-Ray's header says so, and where that has no trace the W3C one."""
        header = TraceHeader.from_header_str(self.header)
        if is_trace_id(header.root or ""):
            return header
        text = (self.traceparent or "").strip()
        found = w3c.parse(text)
        return header if found is None else TraceHeader(*found, int(text[53:55], 16) & 1)

    def others(self) -> dict[str, str]:
        """The headers of other tracers, which requests hand on."""
        said = ((name, getattr(self, name)) for name in w3c.NAMES)
        return {name: value for name, value in said if value}


class RequestSegment:
    """A request that is a segment, and the answer to it. No method raises because of the trace."""

    __slots__ = ("_answer", "_begun", "_carrier", "_end_time", "_header", "_is_over", "_seen", "_status")

    def __init__(
        self,
        begun: SegmentInvocation,
        header: TraceHeader,
        found: Answer | None,
        carrier: MutableMapping[str, Any],
    ) -> None:
        """`header` is what the request came with, `found` what the framework tells of the answer.

        `carrier` is marked until the segment ends: who asks again with the same one gets a segment of its own.
        """
        self._begun = begun
        self._carrier = carrier
        self._header = header
        self._answer = found
        self._status: int | None = None
        self._seen: AnySubsegment | None = None
        self._is_over = False
        self._end_time: float | None = None

    def answers(self, status: object, length: object = None) -> None:
        """The status of the answer, and its length in bytes, as far as they are known."""
        try:
            if self._answer is not None:
                self._answer.begins(status)
            self._status = status if type(status) is int else None
            put = self._begun.top.put_http_meta
            put("status", self._status)
            put("content_length", length or None)
        except Exception as error:
            failed(error)

    def header(self) -> str:
        """The trace header of the answer: the trace, and the decision where the request asked for it."""
        asks = self._header.sampled == "?"
        return TraceHeader(
            self._begun.trace_id, None, self._begun.is_sampled if asks else None
        ).to_header_str()

    def fails(self, error: BaseException) -> None:
        """An exception leaves the application. Without an answer, the server makes one with the status 500."""
        try:
            segment = self._begun.top
            if segment.end_time is not None:
                self._fails_afterwards(error)
                return
            self._begun.answers_http = False
            if self._status is None and issubclass(type(error), Exception):
                segment.put_http_meta("status", 500)
            self._leave_answer(error)
            if segment.cause is None and type(error) is not GeneratorExit:
                segment.add_exception(error)
        except Exception as own_error:
            failed(own_error)

    def _fails_afterwards(self, error: BaseException) -> None:
        with_it = recording.default.recording(AFTER, "local")
        if with_it is not None:
            with_it.open()
            with_it.close(error)

    def completes(self) -> None:
        """The last of the answer has been sent: the segment ends. Work that goes on is below it all the same.

        With a status of 500 or more it is sent later, but not longer: the exception is on its way through middlewares.
        """
        if self._status is not None and self._status >= 500:
            self._end_time = clock.now()
        else:
            self._end()

    def _end(self) -> None:
        try:
            if self._begun.top.end_time is None:
                self._leave_answer(None)
                self._begun.handler = None
                invocation.close(self._begun, self._end_time)
        except Exception as error:
            failed(error)

    def ends(self) -> None:
        """The application has done its work for the request: the context does what it did before."""
        if not self._is_over:
            self._is_over = True
            try:
                self._carrier.pop(MARK, None)
                self._end()
            finally:
                invocation.leave(self._begun)

    def leave(self) -> None:
        """Have the context do what it did before, until `go_on`: the server sends a part of the answer."""
        self._seen = last_seen()
        invocation.leave(self._begun)

    def go_on(self) -> None:
        """Go on with the answer."""
        invocation.go_on(self._begun, self._seen)

    def _leave_answer(self, error: BaseException | None) -> None:
        found, self._answer = self._answer, None
        if found is not None:
            found.__exit__(None if error is None else type(error), error, None)


def prepare() -> None:
    """Have frameworks tell of their answers, where requests are going to be segments."""
    try:
        if own.are_ours():
            registry.patch(_WEB)
    except Exception as error:
        failed(error)


def begin(asked: Asked, name: Name, app: object, carrier: MutableMapping[str, Any]) -> RequestSegment | None:
    """Begin the segment of a request; None where that is none: nobody asks for segments, or it belongs to another.

    `carrier` is the environ or scope in which the request comes.
    """
    before = bound_to()
    try:
        if not own.are_wanted() or not settings.global_sdk_config.sdk_enabled() or MARK in carrier:
            return None
        if _answers_for_a_handler():
            return None
        carrier[MARK] = True
        header = asked.trace_header()
        host = (asked.host or "").rpartition("@")[2] if _NO_HOST.isdisjoint(asked.host or "") else ""
        asked.host = host
        called = _name(name, host)
        request = Request(called, host, asked.method, asked.path)
        begun = invocation.begin(
            called, header=header, request=request, recorder=xray_recorder, is_block=True
        )
        begun.incoming = asked.others() or None
        return RequestSegment(begun, header, _described(begun, asked, app, carrier), carrier)
    except BaseException as error:
        invocation.undo(before)
        if not isinstance(error, Exception):  # it came from outside
            raise
        failed(error)
        return None


def _described(begun: SegmentInvocation, asked: Asked, app: object, carrier: object) -> Answer | None:
    try:
        if not begun.is_sampled:
            return None
        put = begun.top.put_http_meta
        put("url", f"{asked.scheme}://{asked.host}{asked.url_path}" if asked.host else asked.url_path)
        put("method", asked.method)
        put("user_agent", asked.user_agent)
        if settings.client_ip():
            # The last one is what the nearest proxy has added; those before it are what the client wrote.
            address = (asked.forwarded_for or asked.address or "").rpartition(",")[2].strip()
            put("client_ip", address or None)
            put("x_forwarded_for", True if asked.forwarded_for else None)
        begun.answers_http = True
        begun.handler = begun.top
        segment = begun.top if isinstance(begun.top, Segment) else None
        return answer.begin((asked.method, asked.path), asked.base, app, carrier, segment)
    except Exception as error:
        failed(error)
        return None


def _name(given: Name, host: str) -> str:
    host_name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if given is None:
        given = xray_recorder.dynamic_naming
    name = given if given is None or isinstance(given, str) else given.get_name(host_name)
    return own.name_for(name, xray_recorder.service, host_name)


def _answers_for_a_handler() -> bool:
    """Whether a captured handler answers here, whose segment it is: an adapter calls the application."""
    handler = handler_of(place()[0])
    return handler is not None and handler.type != "segment" and handler.end_time is None
