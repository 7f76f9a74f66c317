"""One call is one subsegment, also where OpenTelemetry's instrumentations and our patches record the same library.

Whichever is outside records the call. Below a patch of ours an instrumentation gets that call's subsegment for a span
(`span.PassThrough`). Below an instrumentation's span our patch records nothing, and sends that span's id.

azure-core never makes its span the current one. It sees to it that nobody else records its request, and so do we.

What the user's own code does meanwhile is work of its own, as everywhere: `patches.nesting` tells by the call stack.
So is what runs in a CLIENT span that the user's code has started, unless that span says itself which call it is.
"""

from __future__ import annotations

from weakref import WeakValueDictionary

from opentelemetry import context as api
from opentelemetry import trace

from ..guard import failed
from ..patches import caller, database
from ..patches.http.address import Address, text_of
from ..trace.context import last_seen, place, see
from . import beside
from . import span as spans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..trace.context import AnySubsegment
    from .span import SubsegmentSpan

_LIBRARIES = (
    "azure-",
    "azure.",
    "google.",
    "openinference.instrumentation.",
    "opentelemetry.instrumentation.",
)
"""Names that tracers have of libraries and instrumentations: their spans are calls of the library's."""

_SUPPRESSED = "suppress_http_instrumentation"
_IS_SUPPRESSED: str = getattr(api, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", _SUPPRESSED)
"""The key of contexts in which whoever makes HTTP requests records them."""

# By the user's call that had them started: SQLAlchemy's instrumentation never makes its span the current one, either.
_by_users_frame: WeakValueDictionary[int, SubsegmentSpan] = WeakValueDictionary()


def is_recorded() -> bool:
    """Whether a patch of ours records the call that a span is about to be started for."""
    return caller.is_for_call() or (database.is_under_way() and caller.is_by_library())


def begun(span: SubsegmentSpan) -> None:
    """A span of a call has been opened."""
    if span.users_frame_id:
        _by_users_frame[span.users_frame_id] = span


def place_by_span(what: str, method: object, url: str | None) -> Place | None:
    """What `nesting.others` is, for spans."""
    try:
        running, current = place()
        if beside.is_recording():
            is_theirs = beside.is_recorded(trace.get_current_span()) or _is_suppressed(what)
            return Place(current) if is_theirs or _is_sqlalchemys(what) else None
        span = None if current is None or not current.sampled else spans.opened_by_api(current)
        if span is not None and span.kind in spans.OUTGOING:
            return Place(current) if _is_for(span, caller.users_frame_id(), what, method, url) else None
        if what == "aws" or not _by_users_frame:
            return None
        span = _by_users_frame.get(caller.users_frame_id())
        if span is None or not span.is_recording() or span.subsegment.invocation is not running:
            return None
        if what == "sql":
            is_its = _says_database(span.attributes) and _is_for(span, span.users_frame_id, what, method, url)
            return Place(current) if is_its else None
        if span.scope.startswith(_LIBRARIES) and _is_suppressed(what):
            return Place(span.subsegment)
    except Exception as error:
        failed(error)
    return None


class Place:
    """Where in the trace a call is made that a span records: current while it is made."""

    __slots__ = ("_before", "_own")

    subsegment = None

    def __init__(self, own: AnySubsegment | None) -> None:
        self._own = self._before = own

    def open(self) -> None:
        """The call begins."""
        self._before = last_seen()
        see(self._own)

    def close(self, error: BaseException | None = None) -> None:
        """The call has ended."""
        if last_seen() is self._own:
            see(self._before)

    def suspend(self) -> None:
        """Stop being current."""
        self.close()

    def resume(self) -> None:
        """Be current again."""
        self.open()


def _is_sqlalchemys(what: str) -> bool:
    return what == "sql" and beside.is_given_up("sqlalchemy_core") and caller.is_by("sqlalchemy")


def _is_suppressed(what: str) -> bool:
    return what == "http" and api.get_value(_IS_SUPPRESSED) is True


def _is_for(span: SubsegmentSpan, users_frame_id: int, what: str, method: object, url: str | None) -> bool:
    is_started_here = users_frame_id == span.users_frame_id
    if span.scope.startswith(_LIBRARIES):
        if is_started_here or not users_frame_id:
            return True
        return what == "http" and _says_request(span.attributes, method, url)
    if span.has_call:  # what else its user calls meanwhile is not it
        return False
    if what == "http":
        span.has_call = _says_request(span.attributes, method, url)
    elif what == "sql":
        span.has_call = is_started_here and _says_database(span.attributes)
    else:
        span.has_call = is_started_here and span.attributes.get("rpc.system") == "aws-api"
    return span.has_call


def _says_database(attributes: dict[str, Any]) -> bool:
    return "db.system" in attributes or "db.system.name" in attributes


def _says_request(attributes: dict[str, Any], method: object, url: str | None) -> bool:
    said = attributes.get("url.full") or attributes.get("http.url")
    if type(said) is not str or Address(said).url != url:
        return False
    verb = attributes.get("http.request.method") or attributes.get("http.method")
    return type(verb) is not str or method is None or verb.upper() == text_of(method).upper()
