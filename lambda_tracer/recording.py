"""Recording: opens and closes subsegments, and knows the current one.

The life of a subsegment: `begin_subsegment` asks `trace.running` what runs and makes it, it is current while the
user's code runs, `Subsegment.close` ends it and hands it to the `outbox`. What the header says belongs to
`trace.invocation`, bytes to `encode`, waiting and sending to `send`; why a function is recorded, to `capture`.

A call costs nothing but a look at the header when nothing is recorded; see benchmarks/ for what it costs when
something is.

An exception from outside (a signal handler's, another thread's) may come between any two steps of this. So a block is
entered before its subsegment is opened, and closing may be repeated: it takes up what was left undone.
"""

from __future__ import annotations

import atexit
import os

from . import guard, settings
from .encode import document
from .guard import Late, failed, pass_on, warn_once
from .safe import name_of
from .send import outbox, watchdog
from .send.emitter import UDPEmitter
from .trace import running as invocations
from .trace.collection import letters, stand_around
from .trace.context import Carried, is_outermost, last_seen, place, see, seen
from .trace.header import HEADER_NAME, TraceHeader
from .trace.running import bind, bound, bound_to
from .trace.subsegment import Subsegment, opened_in
from .trace.unrecorded import UNRECORDED, UnrecordedSubsegment
from .wrapping.wrap import wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Any, TypeAlias, TypeVar

    from .encode import cause
    from .trace import w3c
    from .trace.context import AnySubsegment
    from .trace.invocation import Invocation
    from .trace.keeper import Keeper
    from .trace.kept import KeptSubsegment

    CallableT = TypeVar("CallableT", bound=Callable[..., Any])
    Recorded: TypeAlias = "Recording | KeptSubsegment"
else:
    # As in `tracer`: what type hints name.
    from _collections_abc import Callable, Iterable
    from types import TracebackType

    from .trace.invocation import Invocation

    Any = object
    AnySubsegment = Subsegment | UnrecordedSubsegment
    cause = Late("lambda_tracer.encode.cause")  # most invocations meet no exception
    w3c = Late("lambda_tracer.trace.w3c")  # only where something is sent

kept: Keeper | None = None
"""The module `trace.keeper`, once `capture.keeping` has it keep calls of invocations that are not sampled."""

new_subsegment: type[Subsegment] = Subsegment
new_unrecorded: type[UnrecordedSubsegment] = UnrecordedSubsegment
"""What all recorders open: other classes, that add to what they inherit, where somebody sets that."""

# Taken once: Python makes an object of a method at each call that names it as an attribute of what was imported.
_get_bound, _get_seen, _set_seen = bound.get, seen.get, seen.set

_switch = settings.global_sdk_config
_HEADER_KEY = settings.TRACE_HEADER_KEY
UNSET: Any = object()

_DURABLE_EXCEPTIONS = "aws_durable_execution_sdk_python.exceptions"
_SUSPENSIONS = {
    f"<{_DURABLE_EXCEPTIONS}.SuspendExecution>",
    f"<{_DURABLE_EXCEPTIONS}.OrphanedChildException>",  # a branch that nobody waits for any more
}
_mro_of = type.__dict__["__mro__"].__get__


def is_suspension(error: BaseException) -> bool:
    """Whether this is how the AWS Durable Execution SDK stops what goes on in another invocation: nothing failed.

    Known by its name, so that the SDK need not be imported.
    """
    if issubclass(type(error), Exception):
        return False
    return not _SUSPENSIONS.isdisjoint(map(name_of, _mro_of(type(error))))


class Recording:
    """A subsegment to be opened in a block, and closed by leaving the block, however it is left."""

    __slots__ = (
        "_name",
        "_namespace",
        "_outside",
        "_parent",
        "_running",
        "_suspended",
        "recorder",
        "subsegment",
    )

    subsegment: AnySubsegment | None

    def __init__(
        self,
        recorder: SubsegmentRecorder,
        name: str,
        namespace: str,
        running: Invocation,
        parent: AnySubsegment | None,
    ) -> None:
        """`running` and `parent` are what `Recorder.place` gave. Nothing is open until `open` is called."""
        self.recorder = recorder
        self.subsegment = None
        self._name = name
        self._namespace = namespace
        self._running = running
        self._parent = parent
        self._outside: Any = UNSET

    def open(self) -> None:
        """Open the subsegment and make it current. To be called where `close` is going to be, whatever happens."""
        try:
            running = self._running
            parent: Any = self._parent or running.top  # recorded, as this is
            subsegment = new_subsegment(self._name, self._namespace, parent, running, self.recorder)
            subsegment.is_managed = True
            self.subsegment = subsegment
            running.open[subsegment.id] = subsegment
            if "a" in letters:
                see(subsegment)
            else:  # the same without a call, before Python 3.12
                _set_seen(subsegment)
            if running.has_ended:  # a thread of it goes on; nothing will ask any more what waits or is open
                self.recorder.leave_behind(subsegment)
        except Exception as error:
            failed(error)

    def close(self, error: BaseException | None = None) -> None:
        """Close it, as failed by `error` if there is one. Interrupted from outside, this may be called again."""
        subsegment = self.subsegment
        if subsegment is None:
            return
        if subsegment.end_time is None:
            if error is not None:
                try:
                    self.fail(error)
                finally:
                    subsegment.close()
            else:
                subsegment.close()
        elif not subsegment.is_stored and subsegment.id in self._running.open:
            subsegment.close()
        if self._outside is not UNSET:
            see(self._outside)
            return
        if "a" not in letters and _get_seen() is subsegment:  # as a rule, and without a call
            _set_seen(subsegment.parent)
            return
        inner = last_seen()
        while inner is not None and inner is not subsegment:  # what the block left open is no parent after it
            inner = inner.parent
        if inner is subsegment:
            see(subsegment.parent)

    async def aopen(self) -> None:
        """`open`, where it may have to wait."""
        self.open()

    async def aclose(self, error: BaseException | None = None) -> None:
        """`close`, where it may have to wait."""
        self.close(error)

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.close(exc)
        except BaseException:  # it came from outside
            self.close(exc)
            raise

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    def fail(self, error: BaseException) -> None:
        """The block was left by an exception."""
        if type(error) is GeneratorExit or self.subsegment is None or is_suspension(error):
            return
        self.subsegment.add_exception(error)

    def respond(self, value: object) -> None:
        """The function returned `value`: nothing that the recorder itself records."""

    def suspend(self) -> None:
        """Stop being current until `resume`: a generator yielded."""
        if self.subsegment is None:
            return
        self._suspended = last_seen()
        see(self.subsegment.parent if self._outside is UNSET else self._outside)

    def resume(self) -> None:
        """Be current again, in whatever context the generator goes on."""
        if self.subsegment is None:
            return
        self._outside = last_seen()
        see(self._suspended)


class SubsegmentContext(Recording):
    """What `Recorder.in_subsegment` returns: a context manager (`with` and `async with`) and a decorator."""

    __slots__ = ()

    def __init__(self, recorder: SubsegmentRecorder, name: str | None, namespace: str) -> None:
        self.recorder = recorder
        self.subsegment = None
        self._name = name  # type: ignore[assignment]  # for a decorator, which names it
        self._namespace = namespace
        self._outside = UNSET

    def __enter__(self) -> AnySubsegment:
        """Open it and return the subsegment; one that does nothing where nothing is recorded."""
        recorder = self.recorder
        if self._name is None:
            self._name = "unnamed"
        self.subsegment = None
        try:
            found = recorder.place()
            if found is not None:
                self._running, self._parent = found
                self.open()
            elif kept is not None:
                entry = kept.keep_named(self._name, self._namespace)
                if entry is not None:
                    self.subsegment = entry
                    entry.open()
                    return entry
            if self.subsegment is None:
                begun: AnySubsegment | None = recorder.begin_subsegment(self._name, self._namespace)
                self.subsegment = UNRECORDED if begun is None else begun
                # Not the one that all share where nothing is recorded.
                self.subsegment.is_managed = self.subsegment.invocation is not None
        except BaseException:  # it came from outside, and nobody else will close it
            self.close()
            raise
        return self.subsegment

    def __call__(self, function: CallableT) -> CallableT:
        """Decorate `function`: each call is a subsegment, named as given or else as the function."""
        recorder = self.recorder
        name = self._name or getattr(function, "__name__", None) or type(function).__name__
        namespace = self._namespace
        wrapped: CallableT = wrap(function, lambda: recorder.recording(name, namespace))
        return wrapped


class SubsegmentRecorder:
    """Records subsegments under the segment that Lambda writes.

    Every method may be called at any time, from any thread or task; none raises because of the state of the trace.
    """

    def __init__(self) -> None:
        self.emitter: Any = UDPEmitter()
        self.max_trace_back = 10
        self.stream_sql = True
        self.outbox = outbox.Outbox(self)

    # The life of a subsegment

    def begin_subsegment(self, name: str, namespace: str = "local") -> AnySubsegment:
        """Open a subsegment under the current one and make it current; end it with `end_subsegment`.

        `namespace` is `local`, `remote` (another service) or `aws`. Where nothing is recorded, a subsegment that does
        nothing is returned.
        """
        found = self.place()
        if found is not None:
            running, parent = found
            subsegment = None
            try:
                subsegment = new_subsegment(name, namespace, parent or running.top, running, self)  # type: ignore[arg-type]  # sampled: it is one
                running.open[subsegment.id] = subsegment
                see(subsegment)
                # A thread of it goes on; nothing will ask any more what waits or is open.
                if running.has_ended:
                    self.leave_behind(subsegment)
                return subsegment
            except BaseException as error:
                if subsegment is not None:  # nobody knows of it
                    running.open.pop(subsegment.id, None)
                    see(parent)
                if not issubclass(type(error), Exception):
                    raise
                failed(error)
        entry = None if kept is None else kept.keep_named(name, namespace)
        if entry is not None:
            entry.is_managed = False
            entry.open()
            return entry
        running, parent = place()
        return UNRECORDED if parent is None else self._begin_unrecorded(running, parent)

    def place(self) -> tuple[Invocation, AnySubsegment | None] | None:
        """The running invocation and the current subsegment in it, if what is opened now is recorded; else None."""
        try:
            if "a" in letters:
                running, parent = place()
            else:  # the same without calls: this is asked at every captured call
                working_for, parent = _get_bound(), _get_seen()
                if working_for is None:
                    running = invocations.latest
                    try:
                        raw = os.environ._data.get(_HEADER_KEY)  # type: ignore[attr-defined]
                    except AttributeError as error:  # no real os.environ
                        pass_on(error)
                        raw = settings.trace_header()
                    if raw is not running.raw and raw != running.raw:
                        running = invocations.current()
                else:
                    running = working_for
                while parent is not None and parent.end_time is not None:
                    parent = parent.parent
                if parent is not None and parent.invocation is not running:
                    parent = None
            if _switch.enabled and (running.is_sampled if parent is None else parent.sampled):
                return running, parent
        except Exception as error:
            failed(error)
        return None

    def recording(self, name: str, namespace: str = "local") -> Recorded | None:
        """A subsegment to be opened and closed by the caller, if what is opened now is recorded, or kept; else None."""
        found = self.place()
        if found is not None:
            return Recording(self, name, namespace, *found)
        return None if kept is None else kept.keep_named(name, namespace)

    def begin_subsegment_without_sampling(self, name: str) -> UnrecordedSubsegment:
        """Open a subsegment of which nothing is recorded, nor of what is opened under it, until it is ended."""
        running, parent = place()
        if parent is None and not running.is_sampled:
            return UNRECORDED
        return self._begin_unrecorded(running, parent)

    def end_subsegment(self, end_time: float | None = None) -> None:
        """Close the current subsegment, at `end_time` (epoch seconds) or now.

        One opened by `in_subsegment` or a decorator is not closed by this but by whoever opened it.
        """
        running, current = place()
        if current is None or current.is_managed:
            if running.is_sampled and _switch.enabled:
                warn_once(
                    "end", "end_subsegment: ignored, no subsegment opened by begin_subsegment is current"
                )
            return
        current.close(end_time)
        see(current.parent)
        if running.has_ended and running.is_of_context:
            over: Any = running
            over.leave_if_over()

    def in_subsegment(
        self, name: str | None = None, namespace: str = "local", **ignored: Any
    ) -> SubsegmentContext:
        """A subsegment for a `with` or `async with` block; as a decorator, one for each call of a function.

        It closes however the block is left; any exception makes it a fault, but GeneratorExit and what suspends a
        durable function. As a decorator it takes functions of every kind, and without a `name` has the function's.
        """
        return SubsegmentContext(self, name, namespace)

    in_subsegment_async = in_subsegment

    def begin_invocation(self) -> Invocation:
        """Begin a new invocation even if the trace header is the last one's; nothing is current in it yet.

        The handler's decorator calls this. Without one, an invocation begins when its header is first seen.
        """
        stand_around()
        begun = invocations.begin()
        see(None)
        bind(None)
        return begun

    def begin_invocation_unless_begun(self) -> Invocation:
        """`begin_invocation`, unless something is open here already: then the handler is called by what opened it."""
        if is_outermost():
            stand_around()
            return invocations.begin()
        running, current = place()
        return self.begin_invocation() if current is None else running

    def leave_behind(self, subsegment: Subsegment) -> None:
        """Send a subsegment that is still open although its invocation has ended, as in progress."""
        try:
            self.outbox.leave_behind(subsegment)
        except Exception as error:
            failed(error)

    # The current subsegment

    def current_subsegment(self) -> AnySubsegment | None:
        """The innermost open subsegment of this context, or None.

        Where nothing is recorded, one that does nothing; None where there is no trace at all.
        """
        running, current = place()
        if current is None or current.type == "segment":
            return None if (running.is_sampled and _switch.enabled) or not running.trace_id else UNRECORDED
        return current

    def set_trace_entity(self, trace_entity: Any) -> None:
        """Make an open subsegment (or the segment) current in this context."""
        is_subsegment = isinstance(trace_entity, (Subsegment, UnrecordedSubsegment))
        see(trace_entity if is_subsegment and trace_entity.type == "subsegment" else None)
        its_own = trace_entity.invocation if is_subsegment else None
        # A thread started in an earlier invocation, which now works for another; or one of those that run at once.
        if bound_to() is not None or (its_own is not None and its_own.is_of_context):
            bind(its_own)

    def clear_trace_entities(self) -> None:
        """Make the segment itself current in this context; what is open stays open.

        Where the segment is not Lambda's but one that was begun here, that is not current any more, either.
        """
        see(None)
        working_for = bound_to()
        if working_for is not None and working_for.is_of_context:
            bind(None)

    def is_sampled(self) -> bool:
        """Whether a subsegment opened now would be recorded."""
        if is_outermost():
            return _switch.enabled and invocations.current().is_sampled
        running, current = place()
        return _switch.enabled and (running.is_sampled if current is None else current.sampled)

    def is_followed(self) -> bool:
        """Whether a subsegment opened now would be recorded, or kept for the case that the invocation fails."""
        return self.is_sampled() or (kept is not None and kept.invocation_here() is not None)

    def trace_header(self) -> str | None:
        """The `X-Amzn-Trace-Id` for a request sent now: the current subsegment as Parent, what else came with
        the header kept.

        Where nothing is recorded, `Sampled=0`; a header without a sampling decision is handed on as it came,
        and None means that there is none to send.
        """
        running, current = place()
        header = running.header
        if not header.root:
            return None
        parent, sampled = header.parent, header.sampled
        if current is not None and current.sampled and _switch.enabled:
            parent, sampled = current.id, 1
        elif sampled in (0, 1):
            sampled = 1 if current is None and running.is_sampled and _switch.enabled else 0
        return TraceHeader(header.root, parent, sampled, header.data).to_header_str()

    def trace_context(self) -> dict[str, str]:
        """All that a request sent now carries of the trace, by the headers' names: `X-Amzn-Trace-Id`, `traceparent`,
        and of what came in `tracestate` and `baggage`.

        `LAMBDA_TRACER_PROPAGATORS` leaves some of them out. Empty where there is no trace. The dict is the caller's.
        """
        header = self.trace_header()
        if header is None:
            return {}
        try:
            return w3c.context(header, *place())
        except Exception as error:
            failed(error)
            return {HEADER_NAME: header}

    def carry(self) -> Carried | None:
        """Where this context is in the trace, for work that another thread does on its behalf: see
        `Carried.run`.

        None outside invocations: a thread started while the module loads works for whichever invocation runs.
        """
        running, current = place()
        return None if running.raw is None else Carried(running, current)

    def _begin_unrecorded(self, running: Invocation, parent: AnySubsegment | None) -> UnrecordedSubsegment:
        subsegment = new_unrecorded(running, parent)
        see(subsegment)
        return subsegment

    # What a subsegment asks of the recorder that opened it

    def closed(self, subsegment: Subsegment) -> None:
        """A subsegment has ended: it is sent, with its parent or by itself."""
        try:
            self.outbox.put(subsegment)
        except Exception as error:
            failed(error)

    def describe(
        self,
        subsegment: Subsegment,
        exception: BaseException,
        stack: Iterable[Any] | TracebackType | None = None,
        remote: bool = False,
    ) -> None:
        """Put an exception into the `cause` of a subsegment; see `Subsegment.add_exception`."""
        try:
            cause.record(subsegment, exception, stack, remote, self.max_trace_back)
        except BaseException as error:
            # The exception's own code; what it raises is not what the user is to see.
            failed(error)

    def document_of(self, subsegment: Subsegment) -> str:
        """The document of a subsegment as it would be sent now, without children."""
        return document.alone(subsegment, in_progress=subsegment.end_time is None)

    def send(self, invocation: Invocation, documents: list[str]) -> None:
        """Send finished documents."""
        self.outbox.send(invocation, documents)


default: SubsegmentRecorder
"""The recorder that patches use, and every Tracer unless told otherwise."""


def use(recorder: SubsegmentRecorder) -> None:
    """Make a recorder the `default`, which also records what is traced before the first invocation."""
    global default
    default = recorder
    invocations.owner = recorder


def _after_fork() -> None:
    guard.after_fork()
    invocations.after_fork()
    outbox.after_fork()
    watchdog.after_fork()


def _at_exit() -> None:
    """What waits is sent when the process ends by itself, and what is open as it is."""
    running = invocations.latest
    try:
        default.outbox.flush(running)
        for subsegment in opened_in(running):
            subsegment.recorder.leave_behind(subsegment)
    except Exception as error:
        failed(error)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
