"""What is special about the Lambda handler: it begins the invocation, is annotated, watched, and may be a coroutine."""

from __future__ import annotations

import sys

from .. import recording, settings
from ..guard import Late, can_load, failed, pass_on
from ..safe import name_of
from ..send import watchdog
from ..trace.collection import is_collecting
from ..trace.context import in_handler
from ..trace.running import is_cold_start, take_cold_start
from ..wrapping.kinds import is_coroutine_function
from ..wrapping.wrap import wrap
from .method import Capture, CapturedCall, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ..events.facts import Facts
    from ..trace import invocation
    from ..trace.kept import KeptSubsegment
    from ..trace.subsegment import Subsegment
    from . import batch, durable, facts, keeping
    from .keeping import KeptInvocation
    from .provider import ForeignCall, TracerSettings
else:
    batch = Late("lambda_tracer.capture.batch")  # only where records are worked on one by one
    durable = Late("lambda_tracer.capture.durable")
    facts = Late("lambda_tracer.capture.facts")  # for an event that says something
    keeping = Late("lambda_tracer.capture.keeping")  # where failures are kept that were not sampled

_get_handler, _set_handler = in_handler.get, in_handler.set  # taken once: see `recording`

_NO_ARGUMENTS: Mapping[str, Any] = {}

# Known by their names, so that the AWS Durable Execution SDK need not be imported.
_DURABLE_SDK = "aws_durable_execution_sdk_python"
_DURABLE_CONTEXT = f"<{_DURABLE_SDK}.context.DurableContext>"


def _lambda_context(context: Any) -> Any:
    """What Lambda passed: a durable function is given a context that has it."""
    # Most have no such SDK, and the type's name costs each of their handlers 0.3 us.
    if _DURABLE_SDK not in sys.modules or name_of(type(context)) != _DURABLE_CONTEXT:
        return context
    return object.__getattribute__(context, "__dict__").get("lambda_context")


def _is_durable(event: object) -> bool:
    """Whether it is the event of a durable function; also as the SDK's local runner passes it."""
    if type(event) is not dict:
        return _DURABLE_SDK in sys.modules and name_of(type(event)).startswith(f"<{_DURABLE_SDK}.")
    try:
        return "DurableExecutionArn" in event
    except BaseException as error:  # a key's own code
        pass_on(error)
        return False


class HandlerCapture:
    """How calls of the Lambda handler are recorded: each outermost one is a new invocation, recorded or not."""

    __slots__ = ("answered", "capture", "describe", "tells_client_ip", "tells_facts")

    new_call: type[HandlerCall]
    """What a call that is recorded is."""

    def __init__(self, capture: Capture) -> None:
        """`capture` records the call as that of any other function."""
        self.capture = capture
        self.describe: Callable[[Subsegment, object, bool], Facts | None] | None = None
        self.answered: Callable[[Subsegment, object, Facts], None] | None = None
        self.tells_facts = capture.tracer.event_facts
        self.tells_client_ip = self.tells_facts and settings.client_ip()

    def __call__(
        self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NO_ARGUMENTS
    ) -> HandlerCall | KeptInvocation | None:
        """Begin the invocation, if this is the outermost handler and nothing of it has begun, and record the call.

        None when nothing of it is recorded, nor kept: an invocation that nobody will look at costs as little as that.
        """
        running = None
        try:
            outer = _get_handler()
            if outer is None or outer.has_ended or outer.is_over():
                running = recording.default.begin_invocation_unless_begun()
            recorded = self.capture()
            was_cold = recorded is None and take_cold_start()
            if len(args) == 2 and not kwargs:  # as Lambda calls it
                event, context = args
            else:
                event, context = event_and_context(args, kwargs)
            if recorded is None:
                if running is None:
                    return None
                running.incoming = _came_with(event, context)
                if recording.kept is None or self.capture.tracer.disabled or not can_load(keeping):
                    return None
                kept = keeping.begin(running, _lambda_context(context), was_cold, self.capture.name)
                if kept is not None:
                    kept.told_by(self.capture.tracer.service, event, _is_durable(event), self.tells_facts)
                return kept
            call = self.new_call(self.capture, recorded, running, _lambda_context(context))
            if self.tells_facts:
                call.described_by = self
            call.event = event
            return call
        except Exception as error:
            failed(error)
        return None


class HandlerCall:
    """One call of the handler that is recorded: watched, and with the annotations that every handler has."""

    __slots__ = (
        "_call",
        "_capture",
        "_context",
        "_is_durable",
        "_request",
        "_running",
        "_watched",
        "described_by",
        "event",
        "frame_id",
        "has_ended",
    )

    def __init__(
        self,
        capture: Capture,
        call: CapturedCall | ForeignCall | KeptSubsegment,
        running: invocation.Invocation | None,
        context: Any,
    ) -> None:
        """`running` is the invocation that has begun with it; `context` what Lambda passes, which has the deadline."""
        self._capture = capture
        self._call = call
        self._running = running
        self._context = context
        self._is_durable = False
        self._watched: watchdog.Watched | None = None
        self._request: Facts | None = None
        self.described_by: HandlerCapture | None = None
        self.event: object = None
        self.has_ended = False
        self.frame_id = 0

    def open(self) -> None:
        """Open the call's subsegment, and have it watched."""
        self.frame_id = id(sys._getframe(1))
        self._begin()
        self._call.open()
        self._watch()

    def close(self, error: BaseException | None = None) -> None:
        """End the call, and the watch over it."""
        self._annotate(error)
        try:
            self._call.close(error)
        finally:
            self._end()

    async def aopen(self) -> None:
        """See `open`."""
        self.frame_id = id(sys._getframe(1))
        self._begin()
        await self._call.aopen()
        self._watch()

    async def aclose(self, error: BaseException | None = None) -> None:
        """See `close`."""
        self._annotate(error)
        try:
            await self._call.aclose(error)
        finally:
            self._end()

    def respond(self, value: object) -> None:
        """Keep what the handler returned, unless that is None, and the status of its answer to an HTTP request.

        Records that it calls failed become faults.
        """
        call: Any = self._call
        running, request, described_by = self._running, self._request, self.described_by
        if running is not None and running.records is not None and isinstance(call, CapturedCall):
            try:
                if can_load(batch):
                    batch.mark_failed(running, call.recorder, call.subsegment, value)
            except Exception as error:
                failed(error)
        call.respond(value)
        if self._is_durable and type(value) is dict and can_load(durable):
            durable.note_status(call, value)
        if request is not None and described_by is not None and described_by.answered is not None:
            try:
                described_by.answered(call.subsegment, value, request)  # there is one: it has been described
            except BaseException as error:  # a key's own code, if it is no text
                failed(error)

    def suspend(self) -> None:
        """See `wrapping.kinds.Recording`; a handler that is a generator is nobody's, but it must not break."""
        self._call.suspend()

    def resume(self) -> None:
        """See `suspend`."""
        self._call.resume()

    def _begin(self) -> None:
        """Be this context's handler, if none is: it is where the stacks of exceptions end, and others are within it."""
        if self._running is not None and not is_collecting():
            _set_handler(self)

    def _watch(self) -> None:
        try:
            call = self._call
            context, self._context = self._context, None
            event, self.event = self.event, None
            if not isinstance(call, CapturedCall) or call.subsegment is None:
                return
            # As `_annotate` will: a function that times out or crashes does not get there.
            annotations: dict[str, Any] = {"ColdStart": is_cold_start()}
            call.subsegment.given_annotations = annotations
            service = self._capture.tracer.service
            if type(service) is str and service:
                annotations["Service"] = service
            if self._running is not None:
                self._is_durable = _is_durable(event)
                self._running.incoming = _came_with(event, context)
                if self.described_by is not None:
                    self._running.handler = call.subsegment  # of which frameworks tell something, too
                    self._describe(call.subsegment, event, context, self.described_by)
                self._watched = watchdog.prepare(self._running, call.recorder.outbox, context)
                watchdog.begin(self._watched)
        except Exception as error:
            failed(error)

    def _describe(
        self, subsegment: Subsegment, event: object, context: Any, described_by: HandlerCapture
    ) -> None:
        try:
            tenant = getattr(context, "tenant_id", None)
        except Exception as error:  # not Lambda's context: a test's
            pass_on(error)
            tenant = None
        if type(tenant) is str and tenant:
            subsegment.annotations["TenantId"] = tenant
        kind = type(event)
        if (kind is dict or kind is list) and event:
            describe = described_by.describe
            if describe is None and can_load(facts):
                describe = described_by.describe = facts.describe
                described_by.answered = facts.answered
            try:
                if describe is not None:
                    self._request = describe(subsegment, event, described_by.tells_client_ip)
            except BaseException as error:  # a key's own code, if it is no text
                failed(error)
        incoming: Any = subsegment.invocation.incoming
        try:
            is_named = incoming is not None and ("traceparent" in incoming or "Traceparent" in incoming)
            if is_named and can_load(facts):
                facts.link_caller(subsegment)
        except BaseException as error:  # as above
            failed(error)

    def is_over(self) -> bool:
        """Whether another invocation has begun, in which this call is nobody's outermost handler."""
        return self._running is not None and self._running.has_ended

    def _annotate(self, raised: BaseException | None) -> None:
        if self.has_ended:  # the second time, after an interruption
            return
        if raised is not None and self._request is not None and self._running is not None:
            self._running.answers_http = False  # whatever status it carries, the service answers 5xx
        try:
            self._call.annotate("ColdStart", take_cold_start())
            if self._capture.tracer.service:
                self._call.annotate("Service", self._capture.tracer.service)
            if raised is not None and recording.is_suspension(raised):
                self._call.annotate("DurableStatus", "PENDING")
        except Exception as error:
            failed(error)

    def _end(self) -> None:
        self.has_ended = True
        if (
            _get_handler() is self and not is_collecting()
        ):  # another context, in which a generator began, may go on holding it
            _set_handler(None)
        if self._running is not None:
            self._running.handler = None  # each would keep the other
        if self._watched is not None:
            watchdog.end(self._watched)


def event_and_context(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    """Those of a handler's arguments; None for what there is not. A method's first argument is itself."""
    *given, event = args or (None,)
    context = kwargs.get("context")
    if given and "context" not in kwargs and "event" not in kwargs:
        event, context = given[-1], event
    return kwargs.get("event", event), context


def _came_with(event: object, context: Any) -> dict[Any, Any] | None:
    """Where other tracers' headers are, of a handler's arguments: in Lambda's context, else among the event's headers.

    Nothing of them is read unless something is sent, or recorded: see `w3c.incoming`.
    """
    found: Any = None
    try:
        ask = getattr(context, "w3c", None)  # the runtime client's, from 4.2 on
        found = None if ask is None else ask()
    except Exception as error:  # not Lambda's context: a test's
        pass_on(error)
    try:
        if (type(found) is not dict or not found) and type(event) is dict:
            found = event.get("headers")
            if found is None:  # a load balancer's, told to send several values of a name
                found = event.get("multiValueHeaders")
    except BaseException as error:  # a key's own code, if it is no text
        pass_on(error)
    return found if type(found) is dict and found else None


HandlerCapture.new_call = HandlerCall


def capture_handler(
    tracer: TracerSettings,
    handler: Any,
    capture_response: bool,
    capture_error: bool,
    kind: type[HandlerCapture] = HandlerCapture,
) -> Any:
    """`handler`, each call a subsegment `## <name>`. A coroutine function becomes a plain one that runs it.

    `kind` says how calls are recorded.
    """
    if isinstance(handler, (staticmethod, classmethod)):
        return type(handler)(capture_handler(tracer, handler.__func__, capture_response, capture_error, kind))
    name = named(handler).__name__
    capture = kind(Capture(tracer, name, name, capture_response, capture_error))
    if is_coroutine_function(handler):
        from . import event_loop

        return event_loop.run_to_end(
            wrap(event_loop.with_leftovers_cancelled(handler), capture, tells_arguments=True)
        )
    return wrap(handler, capture, tells_arguments=True)
