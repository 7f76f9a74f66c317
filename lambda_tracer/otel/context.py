"""The runtime context: what is current to OpenTelemetry is what is current to the recorder, and the other way round.

It stands around the runtime context that was there, which keeps every `Context` and makes every token as ever. What
was changed last counts:

- A context that is attached makes the subsegment of its span current.
- As soon as another subsegment is current than was when it was attached, that one's span is in the context that is
  read. It has all else that is in the one attached: baggage, and others' keys.
- A span of another tracer, or of a remote parent, stays until then, and leaves the current subsegment as it is.
"""

from __future__ import annotations

from opentelemetry import context as api
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

from .. import settings
from ..guard import failed
from ..trace import running
from ..trace.collection import variable
from ..trace.context import last_seen, place, see
from ..trace.running import bind, bound_to
from . import span as spans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from opentelemetry.trace import Span

    from ..trace.context import AnySubsegment
    from ..trace.invocation import Invocation

# Of the API's own making, and not to be had from it otherwise.
SPAN_KEY = next(iter(set_span_in_context(INVALID_SPAN, Context())))
"""Under which a context has its span."""

_switch = settings.global_sdk_config

MAX_DEPTH = 1_000
"""Contexts of one invocation that are attached one in another. Some are never detached, and must not pile up."""

_, _attach, _attached = variable("lambda_tracer_opentelemetry")  # in which `Attached` is

_made: tuple[Context, Span, Context] | None = None  # of that context and span: the last one that was made


def current_span() -> Span | None:
    """The span of the current subsegment, or of what stands in for it; None where there is no trace to speak of."""
    runs, subsegment = place()
    if not _switch.enabled:
        return None
    if subsegment is not None and subsegment.sampled:
        return spans.of_subsegment(subsegment)  # type: ignore[arg-type]  # sampled: it is one
    return spans.of_segment(runs, subsegment is None and runs.is_sampled)


def unrecorded() -> Span | None:
    """What stands for a span of which nothing is recorded; None where there is no trace to speak of."""
    return spans.of_segment(bound_to() or running.current(), False) if _switch.enabled else None


def standing_span() -> Span | None:
    """The span of the context that was attached last, if nothing else has become current since."""
    found: Attached | None = _attached()
    if found is None or found.now is not last_seen():
        return None
    return found.context.get(SPAN_KEY)  # type: ignore[return-value]  # whatever it is: its users ask


class Attached:
    """A context that was attached, and what detaching it makes current again."""

    __slots__ = ("before", "context", "depth", "invocation", "now", "seen", "token")

    def __init__(
        self,
        context: Context,
        token: object,
        running: Invocation,
        before: Attached | None,
        seen: AnySubsegment | None,
        now: AnySubsegment | None,
    ) -> None:
        """`before` and `seen` are what was current before, `now` is what is."""
        if before is not None and (before.invocation is not running or before.depth >= MAX_DEPTH):
            before = None
        self.context = context
        self.depth: int = 0 if before is None else before.depth + 1
        self.token = token
        self.invocation: Invocation = running
        self.before = before
        self.seen = seen
        self.now = now


class RuntimeContext:
    """Stands around the runtime context of OpenTelemetry's that was there."""

    def __init__(self, inner: Any, is_off: Callable[[], bool]) -> None:
        """`is_off`: whether the application has a provider of its own, which is none of our business."""
        self.inner = inner
        self._is_off = is_off

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def get_current(self) -> Context:
        """The context that was attached last, with the span that is current."""
        global _made
        context: Context = self.inner.get_current()
        try:
            if self._is_off():
                return context
            found: Attached | None = _attached()
            if found is not None and found.context is context and found.now is last_seen():
                return context
            span = current_span()
            given = context.get(SPAN_KEY)
            if span is None and spans.bridged(given) is not None:
                span = INVALID_SPAN  # it was left behind in an invocation that is over
            if span is None or span is given:
                return context
            made = _made
            if made is None or made[0] is not context or made[1] is not span:
                made = _made = context, span, Context({**context, SPAN_KEY: span})
            return made[2]
        except Exception as error:
            failed(error)
            return context

    def attach(self, context: Context) -> Any:
        """Make a context current, and with it the subsegment of its span."""
        token = self.inner.attach(context)
        try:
            if self._is_off():
                return token
            span = context.get(SPAN_KEY)
            if span is None:
                return token
            seen = last_seen()
            bridged = spans.bridged(span)
            now = seen if bridged is None else bridged.subsegment
            if now is not seen:
                see(now)
                if now is not None and bound_to() is not None:
                    bind(now.invocation)
            runs = bound_to() or running.current()
            _attach(Attached(context, token, runs, _attached(), seen, now))
        except Exception as error:
            failed(error)
        return token

    def detach(self, token: Any) -> None:
        """Make current again what was before the context was attached."""
        self.inner.detach(token)
        try:
            found: Attached | None = _attached()
            while found is not None and found.token is not token:
                found = found.before
            if found is None:
                return
            _attach(found.before)
            if found.now is found.seen:
                return
            inside = last_seen()
            while (
                inside is not None and inside is not found.now
            ):  # what was left open in between is no parent
                inside = inside.parent
            if inside is not None:
                see(found.seen)
        except Exception as error:
            failed(error)


def make_current(span: Span) -> Any:
    """Attach the current context with that span in it; what this returns is to be detached."""
    ours: Any = api._RUNTIME_CONTEXT
    if type(ours) is not RuntimeContext:
        return api.attach(api.set_value(SPAN_KEY, span))
    # Without the span that is current, which this one takes the place of.
    return ours.attach(Context({**ours.inner.get_current(), SPAN_KEY: span}))


def stand_around(is_off: Callable[[], bool]) -> None:
    """Put ours around the runtime context of OpenTelemetry."""
    present: Any = api._RUNTIME_CONTEXT
    if type(present) is not RuntimeContext:
        ours: Any = RuntimeContext(present, is_off)
        api._RUNTIME_CONTEXT = ours


def give_way() -> None:
    """Undo `stand_around`."""
    ours: Any = api._RUNTIME_CONTEXT
    if type(ours) is RuntimeContext:
        api._RUNTIME_CONTEXT = ours.inner
