"""Subsegment: one timed piece of work in a trace, what is known about it, and those that record nothing.

A subsegment belongs to an invocation and has a parent: another subsegment or, at the top, the segment that
Lambda itself writes. What its methods accept is what the X-Ray SDK's accept; what X-Ray would reject gets one
message in the log, and never an exception in the user's code.
"""

from __future__ import annotations

from _thread import get_ident

from ..clock import clock
from ..guard import Late, can_load, pass_on, warn_once
from ..safe import safe_str, type_name
from ..xray import is_annotation_key
from .invocation import ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Any, Protocol, TypeVar

    from . import answer
    from .invocation import Invocation

    NumberT = TypeVar("NumberT", int, float)
    Link = tuple[str, str] | tuple[str, str, dict[str, Any]]

    # a closed document, and the levels of subsegments in it
    Waiting = tuple[str, int]

    class Owner(Protocol):
        """The recorder that opened a subsegment, as far as the subsegment knows it."""

        max_trace_back: int

        def closed(self, subsegment: Subsegment, /) -> None:
            """It has ended: its document is to be sent."""

        def describe(
            self,
            subsegment: Subsegment,
            exception: BaseException,
            stack: Iterable[Any] | TracebackType | None,
            remote: bool,
            /,
        ) -> None:
            """Put an exception into its `cause`."""

        def document_of(self, subsegment: Subsegment, /) -> str:
            """Its document as it would be sent now, without children."""

        def leave_behind(self, subsegment: Subsegment, /) -> None:
            """Send it as it is: its invocation has ended, and perhaps nobody will ever close it."""

        def send(self, invocation: Invocation, documents: list[str], /) -> None:
            """Send finished documents."""

else:
    # As in `tracer`: what type hints name.
    from _collections_abc import Iterable
    from types import TracebackType

    Any = Invocation = Owner = object
    # Only for exceptions, where the handler answers an HTTP request.
    answer = Late("lambda_tracer.trace.answer")


_RESPONSE_KEYS = frozenset(("status", "content_length"))
_HTTP_KEYS = _RESPONSE_KEYS | {"url", "method", "user_agent", "client_ip", "x_forwarded_for"}

known_namespaces: set[str] = set()  # of metadata, that are known to be accepted


def _made_when_asked_for(name: str, kept_as: str) -> Any:
    """A dict of a subsegment that most never need: made when somebody looks at it, at no cost to the others."""

    def get(self: Subsegment) -> dict[str, Any]:
        value: dict[str, Any] | None = getattr(self, kept_as)
        if value is None:
            value = {}
            setattr(self, kept_as, value)
        return value

    def put(self: Subsegment, value: dict[str, Any]) -> None:
        setattr(self, kept_as, value)

    return property(get, put, doc=f"The `{name}` that are sent: a dict.")


class Subsegment:
    """A subsegment that is recorded.

    Times are epoch seconds (float). `annotations`, `metadata`, `http` and `aws` are the dicts that are sent, `sql` is
    one or None; `cause` describes the exception that it failed with. `fault`, `error` and `throttle` are X-Ray's flags;
    `links` are subsegments of other traces that this one goes on with, each a trace's id and its own, and perhaps what
    is said of the link.
    """

    # Before CPython 3.13 a class's default, read through an instance, takes three times as long as a slot, and a
    # document asks for a dozen of them.
    __slots__ = (
        "__dict__",  # attributes that users set on it are accepted as ever; they are not sent
        "__weakref__",
        "_origin_header",
        "accepts_children",
        "captured",
        "cause",
        "end_time",
        "error",
        "fault",
        "given_annotations",
        "given_aws",
        "given_http",
        "given_metadata",
        "id",
        "invocation",
        "is_announced",
        "is_managed",
        "is_stored",
        "links",
        "name",
        "namespace",
        "parent",
        "parent_id",
        "recorder",
        "sql",
        "start_time",
        "thread_id",
        "throttle",
        "waiting",
        "waiting_bytes",
    )

    sampled = True
    is_kept = False
    type = "subsegment"

    annotations: dict[str, Any] = _made_when_asked_for("annotations", "given_annotations")
    metadata: dict[str, dict[Any, Any]] = _made_when_asked_for("metadata", "given_metadata")
    http: dict[str, dict[str, Any]] = _made_when_asked_for("http", "given_http")
    aws: dict[str, Any] = _made_when_asked_for("aws", "given_aws")

    def __init__(
        self,
        name: str,
        namespace: str,
        parent: Subsegment | None,
        invocation: Invocation,
        recorder: Owner,
    ) -> None:
        """Opened by `Recorder.begin_subsegment`, which see."""
        self.id = hex(next(ids.numbers))[2:]
        self.name = name
        self.namespace = namespace
        self.parent = parent
        self.parent_id = invocation.parent_id if parent is None else parent.id
        self.invocation = invocation
        self.recorder = recorder
        self.thread_id = get_ident()
        self.end_time: float | None = None
        self.fault = self.error = self.throttle = False
        self.sql: dict[str, Any] | None = None
        self.cause: dict[str, Any] | str | None = None
        self.captured: tuple[tuple[str, str, Any], ...] = ()
        self.waiting: list[Waiting] = []
        self.waiting_bytes = 0
        self.accepts_children = True
        self.is_announced = self.is_managed = self.is_stored = False
        self.given_annotations: dict[str, Any] | None = None
        self.given_metadata: dict[str, dict[str, Any]] | None = None
        self.given_http: dict[str, dict[str, Any]] | None = None
        self.given_aws: dict[str, Any] | None = None
        self.links: tuple[Link, ...] = ()
        self._origin_header: Any = None
        self.start_time = clock.now()

    @property
    def trace_id(self) -> str:
        """The trace it belongs to, `1-<8 hex>-<24 hex>`."""
        return self.invocation.trace_id

    @property
    def in_progress(self) -> bool:
        """Whether it is still open."""
        return self.end_time is None

    def put_annotation(self, key: str, value: Any) -> None:
        """Add an annotation, which X-Ray indexes for search.

        `key`: 1 to 500 ASCII letters, digits, underscores and dots; what has another one is kept as metadata under
        `annotations`. `value`: str (1,000 characters are kept), int, float or bool. Anything else is left out. Both
        with one message in the log.
        """
        if self._has_ended("put_annotation"):
            return
        if issubclass(type(value), (str, int, float)):
            if is_annotation_key(key):
                self.annotations[str.__str__(key)] = _plain(value)
                return
            warn_once(
                "annotation key",
                "annotation kept as metadata: its key must be 1 to 500 ASCII letters, digits, underscores or dots",
            )
            self.metadata.setdefault("annotations", {})[safe_str(key)] = _plain(value)
        else:
            warn_once(
                "annotation value",
                "annotation left out: its value must be str, int, float or bool, not %s",
                type_name(value),
            )

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        """Add a value that is shown with the subsegment but not indexed.

        `value` may be anything; it is encoded when the subsegment closes, and never consumed. `namespace` is
        a str that does not start with `AWS.`; with another one the value is left out, with one message in the
        log.
        """
        if self._has_ended("put_metadata"):
            return
        if not _is_namespace(namespace):
            return
        values = self.metadata.setdefault(str.__str__(namespace), {})
        try:
            values[key] = value
        except BaseException as error:  # a key that cannot be hashed or compared
            pass_on(error)
            values[safe_str(key)] = value

    def put_captured(self, key: str, value: Any, namespace: str) -> None:
        """`put_metadata` for what a decorator recorded: secrets in it are redacted, and it is let go once encoded."""
        is_known = type(namespace) is str and namespace in known_namespaces
        if self.end_time is None and (is_known or _is_namespace(namespace)):
            self.captured += ((namespace, key, value),)

    def put_http_meta(self, key: str, value: Any) -> None:
        """Describe the HTTP exchange that this is about.

        `key`: url, method, user_agent, client_ip (str), x_forwarded_for (bool), status or content_length
        (int, or a str of digits). A status also sets the flags, see `apply_status_code`. None is ignored.
        """
        if value is None or self._has_ended("put_http_meta"):
            return
        if type(key) is not str or key not in _HTTP_KEYS:
            warn_once("http", "http value left out: X-Ray knows no such key")
        elif key in _RESPONSE_KEYS:
            number = _number(value, int, -(2**53), 2**53)  # what JSON and X-Ray can hold
            if number is None:
                warn_once("http", "http %s left out: it must be a number, not %s", key, type_name(value))
                return
            self.http.setdefault("response", {})[key] = number
            if key == "status":
                self.apply_status_code(number)
        else:
            self.http.setdefault("request", {})[key] = value

    def apply_status_code(self, status_code: int | None) -> None:
        """Set the flags that an HTTP status stands for: 4xx error, 429 also throttle, 5xx fault."""
        if not issubclass(type(status_code), int) or self._has_ended("apply_status_code"):
            return
        status_code = int.__int__(status_code)  # type: ignore[arg-type]  # an int, perhaps of a subclass
        if status_code >= 500:
            self.fault = True
        elif status_code >= 400:
            self.error = True
            self.throttle = self.throttle or status_code == 429

    def add_fault_flag(self) -> None:
        """Mark it as failed by the server's doing (X-Ray's `fault`)."""
        if not self._has_ended("add_fault_flag"):
            self.fault = True

    def add_error_flag(self) -> None:
        """Mark it as failed by the client's doing (X-Ray's `error`)."""
        if not self._has_ended("add_error_flag"):
            self.error = True

    def add_throttle_flag(self) -> None:
        """Mark it as throttled."""
        if not self._has_ended("add_throttle_flag"):
            self.throttle = True

    def add_exception(
        self,
        exception: BaseException,
        stack: Iterable[Any] | TracebackType | None = None,
        remote: bool = False,
    ) -> None:
        """Mark it as fault and record the exception that caused it.

        Where the handler answers an HTTP request, an exception with a 4xx status (`status_code`) marks it as error
        instead, and 429 as throttled, too: a web framework makes an answer of it. One that leaves the handler does not.

        `stack`: a traceback, or entries as `traceback.extract_tb` gives them, in the place of the exception's own;
        `remote`: whether the exception is that of a service it called. An exception that another subsegment
        of the invocation has recorded is referred to by id. Of many, ten are described, those that led to others
        included; the rest are counted, as metadata `exceptions_left_out` in the namespace `lambda_tracer`.
        """
        if self._has_ended("add_exception"):
            return
        status = None
        if self.invocation.answers_http and can_load(answer):
            status = answer.status_of(exception)
        if status is not None and 400 <= status < 500:
            self.apply_status_code(status)
        else:
            self.fault = True
        self.recorder.describe(self, exception, stack, remote)

    def set_aws(self, aws_meta: dict[str, Any]) -> None:
        """Set the block about the AWS call that this is (operation, region, request_id, the resource...)."""
        if not self._has_ended("set_aws"):
            self.aws = aws_meta

    def set_sql(self, sql: dict[str, Any]) -> None:
        """Set the block about the SQL call that this is (url, sanitized_query, database_type, user...)."""
        if not self._has_ended("set_sql"):
            self.sql = sql

    def add_subsegment(self, subsegment: Any) -> None:
        """Make an open subsegment a child of this one."""
        if self._has_ended("add_subsegment") or not isinstance(subsegment, Subsegment):
            return
        ancestor: Subsegment | None = self
        while ancestor is not None:  # a subsegment under itself would be no tree
            if ancestor is subsegment:
                return
            ancestor = ancestor.parent
        subsegment.parent = self
        subsegment.parent_id = self.id

    def remove_subsegment(self, subsegment: Any) -> None:
        """Make a child of this one a child of this one's parent."""
        if isinstance(subsegment, Subsegment) and subsegment.parent is self:
            subsegment.parent = self.parent
            subsegment.parent_id = self.parent_id

    def close(self, end_time: float | None = None) -> None:
        """End it, at `end_time` (epoch seconds) or now. From here on it belongs to the trace and does not
        change.

        An end before its start, as a clock that was set back gives, counts as its start.
        """
        if self.end_time is None:
            now = clock.now() if end_time is None else _number(end_time, float, 0, 1e11) or clock.now()
            try:
                self.end_time = now if now > self.start_time else self.start_time
            except Exception as error:  # somebody has set it to what is no time
                pass_on(error)
                self.start_time = self.end_time = now
        elif self.is_stored or self.id not in self.invocation.open:
            self._has_ended("close")  # says so
            return
        self.recorder.closed(self)

    def to_dict(self) -> dict[str, Any]:
        """The document as it would be sent now, without children."""
        import json

        document: dict[str, Any] = json.loads(self.serialize())
        return document

    def serialize(self) -> str:
        """The JSON text of `to_dict`."""
        return self.recorder.document_of(self)

    def save_origin_trace_header(self, trace_header: Any) -> None:
        """Keep a header with the subsegment for `get_origin_trace_header`; it is not sent."""
        self._origin_header = trace_header

    def get_origin_trace_header(self) -> Any:
        """What `save_origin_trace_header` kept, or None."""
        return self._origin_header

    def _has_ended(self, method: str) -> bool:
        if self.end_time is None:
            return False
        warn_once(f"ended {method}", "%s: ignored, the subsegment has ended and may have been sent", method)
        return True


def opened_in(invocation: Invocation) -> list[Subsegment]:
    """The open subsegments of an invocation, in the order in which they were opened."""
    return list(invocation.open.values())  # type: ignore[arg-type]  # it keeps nothing else there


def handler_of(invocation: Invocation) -> Subsegment | None:
    """The subsegment of the outermost captured handler of an invocation, from when it opens; None before."""
    return invocation.handler  # type: ignore[return-value]  # it keeps nothing else there


def _plain(value: str | int | float) -> str | int | float:
    """The value without its subclass (an Enum, a numpy float), which might write itself as something else."""
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if kind is bool:
        return value
    return int.__int__(value) if issubclass(kind, int) else float.__float__(value)  # type: ignore[arg-type]


def _is_namespace(namespace: object) -> bool:
    is_accepted = issubclass(type(namespace), str) and not str.startswith(namespace, "AWS.")  # type: ignore[arg-type]
    if is_accepted and type(namespace) is str and len(known_namespaces) < 100:
        known_namespaces.add(namespace)
    if not is_accepted:
        warn_once(
            "namespace", "metadata left out: its namespace must be a str that does not start with 'AWS.'"
        )
    return is_accepted


def _number(value: Any, kind: type[NumberT], above: NumberT, below: NumberT) -> NumberT | None:
    """A number between two others, or a text of one where it is to be a whole one; else None."""
    if not issubclass(type(value), (int, float) if kind is float else (int, float, str)):
        return None
    try:
        number = kind(_plain(value))
    except (ValueError, OverflowError) as error:
        pass_on(error)
        return None
    return number if above < number < below else None
