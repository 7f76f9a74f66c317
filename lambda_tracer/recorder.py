"""Recorder: opens and closes subsegments, and knows the current one. The method names are those of the X-Ray
SDK.

The life of a subsegment: `begin_subsegment` asks `invocation` what runs and makes it, it is current while the
user's code runs, `Subsegment.close` ends it and hands it to the `outbox`. What the header says belongs to
`invocation`, bytes to `document`, waiting and sending to `outbox` and `emitter`; why a function is
recorded, to `capture`.

A call costs nothing but a look at the header when nothing is recorded; see benchmarks/ for what it costs when
something is.
"""

from __future__ import annotations

import atexit
import os
import time

from . import invocation, outbox, settings, watch, wrapping
from .carried import Carried
from .current import bound, is_outermost, place, seen
from .guard import failed, warn_once
from .sdk_methods import SdkMethods
from .subsegment import Subsegment
from .trace_header import TraceHeader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any, TypeVar

    from .current import AnySubsegment
    from .invocation import Invocation
    from .segment import LambdaSegment
    from .unrecorded import UnrecordedSubsegment

    CallableT = TypeVar("CallableT", bound=Callable[..., Any])

_switch = settings.global_sdk_config
UNSET: Any = object()


class Recording:
    """An open subsegment that is closed by leaving a block, however it is left."""

    __slots__ = ("_outside", "_suspended", "subsegment")

    def __init__(self, subsegment: AnySubsegment) -> None:
        self.subsegment = subsegment
        self._outside: Any = UNSET
        if subsegment.invocation is not None:  # not the one that all share where nothing is recorded
            subsegment.is_managed = True

    def __enter__(self) -> AnySubsegment:
        return self.subsegment

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        subsegment = self.subsegment
        if subsegment.end_time is None:
            if exc_type is not None:
                self.fail(exc_type, exc)
            subsegment.close()
        if self._outside is not UNSET:
            seen.set(self._outside)
            return
        inner = seen.get()
        while inner is not None and inner is not subsegment:  # what the block left open is no parent after it
            inner = inner.parent
        if inner is subsegment:
            seen.set(subsegment.parent)

    async def __aenter__(self) -> AnySubsegment:
        return self.__enter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    def fail(self, exc_type: type[BaseException], exc: BaseException | None) -> None:
        """The block was left by an exception."""
        if exc is not None and exc_type is not GeneratorExit:
            self.subsegment.add_exception(exc)

    def respond(self, value: object) -> None:
        """The function returned `value`: nothing that the recorder itself records."""

    def suspend(self) -> None:
        """Stop being current until `resume`: a generator yielded."""
        self._suspended = seen.get()
        seen.set(self.subsegment.parent if self._outside is UNSET else self._outside)

    def resume(self) -> None:
        """Be current again, in whatever context the generator goes on."""
        self._outside = seen.get()
        seen.set(self._suspended)


class SubsegmentContext(Recording):
    """What `Recorder.in_subsegment` returns: a context manager (`with` and `async with`) and a decorator."""

    __slots__ = ("_name", "_namespace", "_recorder")

    def __init__(self, recorder: Recorder, name: str | None, namespace: str) -> None:
        self._recorder = recorder
        self._name = name
        self._namespace = namespace

    def __enter__(self) -> AnySubsegment:
        Recording.__init__(
            self,
            self._recorder.begin_subsegment("unnamed" if self._name is None else self._name, self._namespace),
        )
        return self.subsegment

    def __call__(self, function: CallableT) -> CallableT:
        """Decorate `function`: each call is a subsegment, named as given or else as the function."""
        recorder = self._recorder
        name = self._name or getattr(function, "__name__", None) or type(function).__name__
        namespace = self._namespace

        def record() -> Recording | None:
            subsegment = recorder.begin_recorded(name, namespace)
            return None if subsegment is None else Recording(subsegment)

        wrapped: CallableT = wrapping.wrap(function, record)
        return wrapped


class Recorder(SdkMethods):
    """Records subsegments under the segment that Lambda writes.

    Every method may be called at any time, from any thread or task; none raises because of the state of the
    trace. Settings that have a meaning only where segments are ours (sampling rules, plugins, dynamic naming)
    are accepted and kept, and have no effect.
    """

    def __init__(self) -> None:
        super().__init__()
        self.outbox = outbox.Outbox(self)

    # What is open belongs to this process: a copy is the recorder itself, and pickled it is a name.

    def __copy__(self) -> Recorder:
        return self

    def __deepcopy__(self, memo: object) -> Recorder:
        return self

    def __reduce__(self) -> str | tuple[Any, ...]:
        return "xray_recorder" if self is xray_recorder else (type(self), ())

    # The life of a subsegment

    def begin_subsegment(self, name: str, namespace: str = "local") -> AnySubsegment:
        """Open a subsegment under the current one and make it current; end it with `end_subsegment`.

        `namespace` is `local`, `remote` (another service) or `aws`. Where nothing is recorded, a subsegment that does
        nothing is returned.
        """
        subsegment = self.begin_recorded(name, namespace)
        if subsegment is not None:
            return subsegment
        running, parent = place()
        return _unrecorded() if parent is None else self._begin_unrecorded(running, parent)

    def begin_recorded(self, name: str, namespace: str = "local") -> Subsegment | None:
        """`begin_subsegment` for those who have something better to do where nothing is recorded: None there."""
        try:
            running, parent = place()
            if not _switch.enabled or not (running.is_sampled if parent is None else parent.sampled):
                return None
            if parent is None:
                parent = running.top
            subsegment = Subsegment(name, namespace, parent, running, self)  # type: ignore[arg-type]  # sampled: it is one
            running.open[subsegment.id] = subsegment
            seen.set(subsegment)
            if running.has_ended:  # a thread of it goes on; nothing will ask any more what waits or is open
                self.leave_behind(subsegment)
            return subsegment
        except Exception as error:
            failed(error)
            return None

    def begin_subsegment_without_sampling(self, name: str) -> UnrecordedSubsegment:
        """Open a subsegment of which nothing is recorded, nor of what is opened under it, until it is ended."""
        running, parent = place()
        if parent is None and not running.is_sampled:
            return _unrecorded()
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
        seen.set(current.parent)

    def in_subsegment(
        self, name: str | None = None, namespace: str = "local", **ignored: Any
    ) -> SubsegmentContext:
        """A subsegment for a `with` or `async with` block; as a decorator, one for each call of a function.

        It closes however the block is left; any exception but GeneratorExit makes it a fault. As a decorator
        it takes functions of every kind, and without a `name` has the function's.
        """
        return SubsegmentContext(self, name, namespace)

    in_subsegment_async = in_subsegment

    def capture(self, name: str | None = None) -> SubsegmentContext:
        """`in_subsegment`, as the X-Ray SDK calls it where it is a decorator."""
        return SubsegmentContext(self, name, "local")

    capture_async = capture

    def begin_invocation(self) -> None:
        """Begin a new invocation even if the trace header is the last one's; nothing is current in it yet.

        The handler's decorator calls this. Without one, an invocation begins when its header is first seen.
        """
        invocation.begin()
        seen.set(None)
        bound.set(None)

    def discard(self, subsegment: Subsegment) -> None:
        """End a subsegment that turned out not to be worth recording; what it holds goes to its parent."""
        if seen.get() is subsegment:
            seen.set(subsegment.parent)
        subsegment.end_time = time.time()
        if subsegment.id in subsegment.invocation.open and not self.outbox.absorb(subsegment):
            self.outbox.put(subsegment)

    def leave_behind(self, subsegment: Subsegment) -> None:
        """Send a subsegment that is still open although its invocation has ended, as in progress."""
        try:
            self.outbox.leave_behind(subsegment)
        except Exception as error:
            failed(error)

    # The current subsegment

    def current_subsegment(self) -> AnySubsegment | None:
        """The innermost open subsegment of this context, or None. Where nothing is recorded, one that does nothing."""
        running, current = place()
        if current is None and not (running.is_sampled and _switch.enabled):
            return _unrecorded()
        return current

    def get_trace_entity(self) -> AnySubsegment | LambdaSegment:
        """What a subsegment opened now would be under; give it to `set_trace_entity` in another thread."""
        return self.current_subsegment() or self.current_segment()

    def set_trace_entity(self, trace_entity: Any) -> None:
        """Make an open subsegment (or the segment) current in this context."""
        from .unrecorded import UnrecordedSubsegment

        is_subsegment = isinstance(trace_entity, (Subsegment, UnrecordedSubsegment))
        seen.set(trace_entity if is_subsegment and trace_entity.type == "subsegment" else None)
        if bound.get() is not None:  # a thread started in an earlier invocation, which now works for another
            bound.set(trace_entity.invocation if is_subsegment else None)

    def clear_trace_entities(self) -> None:
        """Make the segment itself current in this context; what is open stays open."""
        seen.set(None)

    def is_sampled(self) -> bool:
        """Whether a subsegment opened now would be recorded."""
        if is_outermost():
            return _switch.enabled and invocation.current().is_sampled
        running, current = place()
        return _switch.enabled and (running.is_sampled if current is None else current.sampled)

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
        if current is not None and current.sampled and _switch.enabled:
            return TraceHeader(header.root, current.id, 1, header.data).to_header_str()
        if header.sampled not in (0, 1):
            return header.to_header_str()
        sampled = 1 if current is None and running.is_sampled and _switch.enabled else 0
        return TraceHeader(header.root, header.parent, sampled, header.data).to_header_str()

    def carry(self) -> Carried | None:
        """Where this context is in the trace, for work that another thread does on its behalf: see
        `Carried.run`.

        None outside invocations: a thread started while the module loads works for whichever invocation runs.
        """
        running, current = place()
        return None if running.raw is None else Carried(running, current)

    def put_annotation(self, key: str, value: Any) -> None:
        """Annotate the current subsegment; see `Subsegment.put_annotation`. With none open: ignored, logged once."""
        (self.current_subsegment() or self.current_segment()).put_annotation(key, value)

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        """Add metadata to the current subsegment (`Subsegment.put_metadata`). With none open: ignored, logged once."""
        (self.current_subsegment() or self.current_segment()).put_metadata(key, value, namespace)

    def stream_subsegments(self) -> None:
        """Send now what has finished and waits for its parents."""
        self.outbox.flush(place()[0])

    def _begin_unrecorded(self, running: Invocation, parent: AnySubsegment | None) -> UnrecordedSubsegment:
        from .unrecorded import UnrecordedSubsegment

        subsegment = UnrecordedSubsegment(running, parent)
        seen.set(subsegment)
        return subsegment

    # Patching libraries

    def patch(
        self,
        modules: Sequence[str],
        raise_errors: bool = True,
        ignore_module_patterns: Sequence[str] | None = None,
    ) -> None:
        """Trace what the named libraries do, now or when they are imported; see `lambda_tracer.patches.patch`."""
        from . import patches

        patches.patch(modules, raise_errors, ignore_module_patterns)

    def patch_all(self, double_patch: bool = False) -> None:
        """Trace what every known library does, now or when it is imported; see `lambda_tracer.patches.patch_all`."""
        from . import patches

        patches.patch_all(double_patch)

    def unpatch(self, modules: Sequence[str]) -> None:
        """Put back what `patch` replaced in the named libraries; see `lambda_tracer.patches.unpatch`."""
        from . import patches

        patches.unpatch(modules)

    def unpatch_all(self) -> None:
        """Put back all that was replaced; see `lambda_tracer.patches.unpatch_all`."""
        from . import patches

        patches.unpatch_all()


def _unrecorded() -> UnrecordedSubsegment:
    from .unrecorded import UNRECORDED  # not needed where everything is recorded

    return UNRECORDED


xray_recorder = Recorder()
"""The instance that the package, its patches and every Tracer share unless told otherwise."""


def _after_fork() -> None:
    invocation.after_fork()
    outbox.after_fork()
    watch.after_fork()


def _at_exit() -> None:
    """What waits is sent when the process ends by itself, and what is open as it is."""
    running = invocation.last()
    try:
        xray_recorder.outbox.flush(running)
        for subsegment in list(running.open.values()):
            subsegment.recorder.leave_behind(subsegment)
    except Exception as error:
        failed(error)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
