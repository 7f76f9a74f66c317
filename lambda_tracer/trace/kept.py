"""KeptSubsegment: a call in an invocation that is not sampled, kept for the case that the invocation fails.

The outermost handler that is captured begins a `Ring`, and what is opened below it is kept there: name, parent, times,
flags, exceptions and annotations. Nothing of it is sent. When the handler ends well, the ring is forgotten; else
`capture.keeping` writes it into the log. A kept subsegment is current like one that is recorded, so threads and tasks
find it. For everybody else it is one of which nothing is recorded: requests below it carry `Sampled=0`.
"""

from __future__ import annotations

from .. import guard
from ..clock import clock
from ..xray import MAX_ANNOTATION_TEXT, is_annotation_key
from .collection import letters
from .context import last_seen, see, seen
from .invocation import ids
from .unrecorded import UNRECORDED, UnrecordedSubsegment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Any

    from .context import AnySubsegment
    from .invocation import Invocation


MAX_ENTRIES = 500
"""Subsegments that one ring keeps. When there are more, the oldest leave that ended well and have none below them."""

_LEFT_AFTER_LEAVING = 400

MAX_TEXT = 24_000
"""Characters of annotations and messages that one ring keeps. With 500 times an object of 200 bytes and a name of up to
250, a ring has less than 256 kB; on Python 3.14, whose objects are larger, less than 330 kB."""

_MAX_ANNOTATIONS = 16_000
"""Characters of text that leave no room for more annotations, but for the messages of exceptions."""

_UNSET: Any = object()
_shared: Any = UNRECORDED


class KeptSubsegment(UnrecordedSubsegment):
    """A subsegment that is kept in a ring. It is its own `Recording`: a call costs one object.

    `given_annotations` are those that were put, `cause` are exceptions with id, type and message, or is the id of one
    that another subsegment describes. `status` is that of an HTTP answer.
    """

    # What a full ring is full of has failed or has annotations: a dict for these takes more than two slots. What few
    # have is in none.
    __slots__ = ("fault", "given_annotations", "name", "ring", "start_time")

    name: str
    fault: bool
    given_annotations: dict[str, Any] | None
    start_time: float
    is_managed = is_kept = True
    status: int | None = None
    cause: list[dict[str, str]] | str | None = None  # type: ignore[assignment]  # None in the class above
    parent: KeptSubsegment | None
    invocation: Invocation

    _outside: Any = _UNSET
    _suspended: AnySubsegment | None = None

    def __init__(self, name: str, parent: KeptSubsegment | None, ring: Ring) -> None:
        """Nothing is open until `open` is called."""
        self.name = name
        self.parent = parent
        self.ring = ring
        self.invocation = ring.invocation
        self.end_time: float | None = None
        self.fault = False
        self.given_annotations = None

    @property
    def id(self) -> str:  # type: ignore[override]  # the same for all of the class above
        """Made when somebody asks for it: a log record, or the line."""
        attributes = self.__dict__
        found: str | None = attributes.get("_id")
        return found or attributes.setdefault("_id", hex(next(ids.numbers))[2:])

    @property
    def parent_segment(self) -> Any:
        """What subsegments of the compatible names have, where these are in use; so is the next."""
        return _shared.parent_segment

    @property
    def subsegments(self) -> Any:
        """See `parent_segment`."""
        return _shared.subsegments

    @property
    def subsegment(self) -> KeptSubsegment:
        """Itself: see `recording.Recording`."""
        return self

    # As a recording

    def open(self) -> None:
        """Begin, and become current."""
        self.start_time = clock.now()
        entries = self.ring.entries
        entries.append(self)
        if len(entries) > MAX_ENTRIES:
            self.ring.make_room()
        if "a" in letters:
            see(self)
        else:
            seen.set(self)

    def close(self, end_time: float | BaseException | None = None) -> None:
        """End it, at `end_time` (epoch seconds) or now, or as failed by an exception. This may be called again."""
        if self.end_time is None:
            if end_time is None:  # as a rule, and without a further call
                self.end_time = clock.now()
                if "a" not in letters and self._outside is _UNSET and seen.get() is self:
                    seen.set(self.parent)
                    return
            elif issubclass(type(end_time), BaseException):
                self.fail(end_time)  # type: ignore[arg-type]
                self.end_time = clock.now()
            else:
                self.end_time = end_time if type(end_time) in (int, float) else clock.now()  # type: ignore[assignment]
        self._leave()

    async def aopen(self) -> None:
        """See `open`."""
        self.open()

    async def aclose(self, error: BaseException | None = None) -> None:
        """See `close`."""
        self.close(error)

    def __enter__(self) -> KeptSubsegment:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self.close(error)

    def fail(self, error: BaseException) -> None:
        """The call was left by an exception."""
        try:
            self.ring.fail(self, error)
        except Exception as failure:
            guard.failed(failure)

    def respond(self, value: object) -> None:
        """Nothing: what functions return is not kept."""

    def annotate(self, key: str, value: str | bool) -> None:
        """Annotate it, under a key of our own."""
        self.put_annotation(key, value)

    def suspend(self) -> None:
        """Stop being current until `resume`: a generator yielded."""
        self._suspended = last_seen()
        see(self.parent if self._outside is _UNSET else self._outside)

    def resume(self) -> None:
        """Be current again, in whatever context the generator goes on."""
        self._outside = last_seen()
        see(self._suspended)

    def _leave(self) -> None:
        if self._outside is not _UNSET:
            see(self._outside)
            return
        inner = last_seen()
        while inner is not None and inner is not self:  # what the block left open is no parent after it
            inner = inner.parent
        if inner is self:
            see(self.parent)

    # As a subsegment: what is kept of it

    def put_annotation(self, key: str, value: Any) -> None:
        """Keep an annotation that X-Ray would take: str, int, float or bool under a key of its alphabet."""
        if self.end_time is not None or not is_annotation_key(key):
            return
        kind: Any = type(value)
        if issubclass(kind, str):
            value = str.__getitem__(value, slice(MAX_ANNOTATION_TEXT))
        elif issubclass(kind, (int, float)):
            # Without the subclass: an Enum, a number of numpy's.
            if kind is not bool:
                value = int.__int__(value) if issubclass(kind, int) else float.__float__(value)
        else:
            return
        key = str.__str__(key)
        given = self.given_annotations
        more = _size(key, value)
        if given is not None and key in given:
            more -= _size(key, given[key])
        if not self.ring.has_room(more, _MAX_ANNOTATIONS):
            return
        if given is None:
            self.given_annotations = {key: value}
        else:
            given[key] = value

    def put_http_meta(self, key: str, value: Any) -> None:
        """Keep a status' flags. Method and URL are not kept."""
        if key == "status" and type(value) is int:
            self.apply_status_code(value)

    def apply_status_code(self, status_code: int | None) -> None:
        """Set the flags that an HTTP status stands for."""
        if self.end_time is not None or type(status_code) is not int:
            return
        if status_code >= 500:
            self.fault = True
        elif status_code >= 400:
            self.error = True
            if status_code == 429:
                self.throttle = True

    def add_fault_flag(self) -> None:
        """Mark it as failed by the server's doing."""
        if self.end_time is None:
            self.fault = True

    def add_error_flag(self) -> None:
        """Mark it as failed by the client's doing."""
        if self.end_time is None:
            self.error = True

    def add_throttle_flag(self) -> None:
        """Mark it as throttled."""
        if self.end_time is None:
            self.throttle = True

    def add_exception(
        self,
        exception: BaseException,
        stack: Iterable[Any] | TracebackType | None = None,
        remote: bool = False,
    ) -> None:
        """Mark it as failed, and keep the exception's type and message."""
        if self.end_time is None:
            self.fail(exception)

    def discard(self) -> None:
        """End it as if it had never been opened."""
        self.close()
        try:
            self.ring.entries.remove(self)
        except ValueError as error:  # it has left already
            guard.pass_on(error)


def _ignore_value(subsegment: KeptSubsegment, value: object) -> None:
    """What nothing is recorded of takes any attribute; these are not what they are set to."""


for _name in ("id", "trace_id", "subsegment", "subsegments", "parent_segment"):
    setattr(KeptSubsegment, _name, property(getattr(KeptSubsegment, _name).fget, _ignore_value))


class Ring:
    """What one invocation that is not sampled has opened, in that order, while its handler runs.

    There is no lock: each list is changed by single operations of C code. At worst one of those that leave is left out
    too many.
    """

    __slots__ = ("entries", "fail", "invocation", "is_open", "left_out", "messages", "size")

    def __init__(self, invocation: Invocation, fail: Callable[[KeptSubsegment, BaseException], None]) -> None:
        """`fail` notes on a kept subsegment that an exception left it."""
        self.entries: list[KeptSubsegment] = []
        self.fail = fail
        self.invocation = invocation
        self.is_open = True
        self.left_out = 0
        self.messages = 0
        self.size = 0

    def has_room(self, characters: int, most: int = MAX_TEXT) -> bool:
        """Whether a text of that length is kept; if so, it is counted."""
        if characters > 0 and self.size + characters > most:
            return False
        self.size += characters
        return True

    def end(self) -> None:
        """The handler has ended: nothing is kept any more. A thread that goes on may hold what it opened."""
        self.is_open = False
        self.entries = []
        self.fail = _ignore  # each would keep the other

    def make_room(self) -> None:
        """Let the oldest leave that ended well and have none below them that stays; then, if need be, any others.

        What is below one that leaves is below its parent from then on.
        """
        count = len(self.entries)
        outermost, *older = self.entries[: count // 2]
        newest = self.entries[count // 2 : count]
        needed = {id(entry.parent) for entry in newest}
        staying = []
        for entry in reversed(older):
            if entry.end_time is None or id(entry) in needed or entry.fault or entry.error or entry.throttle:
                staying.append(entry)
                needed.add(id(entry.parent))
            elif entry.given_annotations is not None:
                self.size -= _text_size(entry)
        staying = [outermost, *reversed(staying), *newest]
        excess = len(staying) - _LEFT_AFTER_LEAVING
        if excess > 0:
            ended = [entry for entry in staying[1:] if entry.end_time is not None][:excess]
            others = ended if len(ended) == excess else staying[1 : excess + 1]
            self.size -= sum(map(_text_size, others))
            leaving = {id(entry) for entry in others}
            staying = [entry for entry in staying if id(entry) not in leaving]
            stays = {id(entry) for entry in staying}
            for entry in staying:
                above = entry.parent
                while above is not None and id(above) not in stays:
                    above = above.parent
                entry.parent = above
        self.left_out += count - len(staying)
        self.entries[:count] = staying


def described_at(entry: KeptSubsegment) -> list[dict[str, str]]:
    """The exceptions in its `cause`; none where that is the id of one that another subsegment describes."""
    return entry.cause if type(entry.cause) is list else []


def _size(key: str, value: str | float) -> int:
    """Characters that an annotation counts for."""
    kind = type(value)
    if kind is str:
        return len(key) + len(value)  # type: ignore[arg-type]
    return len(key) + (value.bit_length() // 3 if kind is int else 32)  # type: ignore[union-attr]


def _text_size(entry: KeptSubsegment) -> int:
    """Characters that one counts for."""
    annotations = [] if entry.given_annotations is None else list(entry.given_annotations.items())
    size = sum(len(exception.get("message", "")) for exception in described_at(entry))
    return size + sum(_size(key, value) for key, value in annotations)


def _ignore(subsegment: KeptSubsegment, error: BaseException) -> None:
    """Nothing: of what ends behind the handler nobody tells."""
