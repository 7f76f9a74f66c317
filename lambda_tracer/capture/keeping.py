"""Keeping: an invocation that is not sampled is written into the log, if it fails or takes too long.

`configure` switches it on. From then on `begin` gives what goes with the outermost handler of such an invocation: it
begins a `Ring`, has the handler watched, and at its end decides whether there is something to tell, and why:

- `error`: an exception left the handler. What suspends a durable function is none.
- `status`: it answered an HTTP request with a 5xx status.
- `timeout`: it is about to be ended by Lambda; `terminated`: by SIGTERM.
- `slow`: it took longer than was wanted.
"""

from __future__ import annotations

import sys

from .. import recording, settings
from ..clock import clock
from ..guard import Late, can_load, failed, pass_on
from ..send import watchdog
from ..trace import keeper, kept
from ..trace.collection import is_collecting
from ..trace.context import in_handler
from ..trace.invocation import is_trace_id
from .keep_rule import Rule, rule_of, rule_of_variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..encode import kept_line
    from ..events import http, trigger
    from ..events.facts import Facts
    from ..send import log_line
    from ..trace import answer
    from ..trace.invocation import Invocation
    from ..trace.kept import KeptSubsegment
    from . import kept_exceptions
else:
    # Of no use until something fails: 10 ms.
    kept_line = Late("lambda_tracer.encode.kept_line")
    http = Late("lambda_tracer.events.http")
    trigger = Late("lambda_tracer.events.trigger")
    log_line = Late("lambda_tracer.send.log_line")
    answer = Late("lambda_tracer.trace.answer")
    kept_exceptions = Late("lambda_tracer.capture.kept_exceptions")

VERSION = 1
"""Of the line's form."""

_LEVELS = {"slow": "WARN"}
"""For Lambda, which can keep lines back by their level; all other reasons are errors."""


rule: Rule | None = None
"""What is in force; `configure` sets it."""


def configure_by(words: str | Sequence[str] | bool | None) -> None:
    """Keep what `Tracer(keep=...)` asks for, or `LAMBDA_TRACER_KEEP` where that was not given (None)."""
    configure(rule_of_variable(settings.keep()) if words is None else rule_of(words or False))


def configure(wanted: Rule | None) -> None:
    """Keep what that asks for from the next invocation on; None for nothing."""
    global rule
    rule = wanted
    recording.kept = None if rule is None else keeper


def reset() -> None:
    """Keep nothing, and forget what was written."""
    configure(None)
    if can_load(log_line):
        log_line.reset()


def begin(
    running: Invocation, context: Any, was_cold: bool, name: str | None = None
) -> KeptInvocation | None:
    """What goes with the call of an invocation's outermost handler; None where nothing is kept.

    `context` is what Lambda passed, `name` that of the handler's subsegment, where it has one.
    """
    if rule is None or running.is_sampled or not settings.global_sdk_config.enabled:
        return None
    return KeptInvocation(rule, running, context, was_cold, name)


class KeptInvocation:
    """One call of the outermost handler, recorded as any call is, for the case that there is something to tell."""

    __slots__ = (
        "_began_at",
        "_context",
        "_durable",
        "_entries",
        "_event",
        "_facts",
        "_is_decided",
        "_reason",
        "_ring",
        "_root",
        "_rule",
        "_running",
        "_service",
        "_tells_facts",
        "_turn",
        "_was_cold",
        "_watched",
        "frame_id",
        "has_ended",
    )

    def __init__(
        self, rule: Rule, running: Invocation, context: Any, was_cold: bool, name: str | None
    ) -> None:
        self._rule = rule
        self._running = running
        self._context = context
        self._was_cold = was_cold
        self._event: object = None
        self._facts: Facts | None = None
        self._service = ""
        self._durable = False
        self._tells_facts = False
        self._reason = ""
        self._turn = [True]  # taken by the one who tells: the handler, or the thread that watches over it
        self._watched: watchdog.Watched | None = None
        self._ring = kept.Ring(running, self._fail)
        self._root = None if name is None else kept.KeptSubsegment(name, None, self._ring)
        # A ring that has ended lets go of them, but an end that was interrupted is told of again.
        self._entries = self._ring.entries
        self._began_at = 0.0
        self._is_decided = False
        self.frame_id = 0
        self.has_ended = False

    def told_by(self, service: object, event: object, is_durable: bool, tells_facts: bool) -> None:
        """What the line tells besides: the service, and what triggered the invocation."""
        self._service = service if type(service) is str else ""
        # As it was: a handler may change it.
        self._event = dict(event) if _may_be_request(event) else event  # type: ignore[call-overload]
        self._durable = is_durable
        self._tells_facts = tells_facts

    # As a recording

    def open(self) -> None:
        """The handler is called."""
        self.frame_id = id(sys._getframe(1))
        self._open()

    async def aopen(self) -> None:
        """See `open`."""
        self.frame_id = id(sys._getframe(1))
        self._open()

    def _open(self) -> None:
        if not is_collecting():
            in_handler.set(self)
        try:
            running = self._running
            self._began_at = clock.monotonic()
            running.ring = self._ring
            if self._root is not None:
                self._root.open()
                if _may_be_request(self._event):
                    running.handler = self._root  # of which frameworks tell something, too
            outbox = recording.default.outbox
            self._watched = watchdog.prepare(running, outbox, self._context, self._ends_in_trouble)
            watchdog.begin(self._watched)
        except Exception as error:
            failed(error)

    def respond(self, value: object) -> None:
        """Look at what the handler answered."""
        try:
            status = _failed_status(value)
            if status is not None and self._answers_http():
                if self._root is not None:
                    self._root.status = status
                    self._root.apply_status_code(status)
                if status >= 500:
                    self._reason = "status"
            elif self._durable and type(value) is dict and value.get("Status") == "FAILED":
                self._reason = "error"
                if self._root is not None:
                    self._root.add_fault_flag()
        except BaseException as error:  # a key's own code
            failed(error)

    def close(self, error: BaseException | None = None) -> None:
        """The handler has ended. Interrupted from outside, this is called again."""
        try:
            if self._root is not None:
                self._root.close(error)
            if not self._is_decided:
                self._tell_if_wanted(error)
            self._is_decided = True
            self._entries = []
            self._event = self._context = None
        finally:
            self._end()

    async def aclose(self, error: BaseException | None = None) -> None:
        """See `close`."""
        self.close(error)

    def suspend(self) -> None:
        """See `wrapping.kinds.Recording`; a handler that is a generator is nobody's, but it must not break."""
        if self._root is not None:
            self._root.suspend()

    def resume(self) -> None:
        """See `suspend`."""
        if self._root is not None:
            self._root.resume()

    def is_over(self) -> bool:
        """Whether another invocation has begun, in which this call is nobody's outermost handler."""
        return self._running.has_ended

    def _end(self) -> None:
        self.has_ended = True
        if in_handler.get() is self and not is_collecting():
            in_handler.set(None)
        self._running.handler = None  # each would keep the other
        self._running.ring = None
        self._ring.end()
        if self._watched is not None:
            watchdog.end(self._watched)
            self._watched = None  # as above

    # What a ring asks

    def _fail(self, subsegment: KeptSubsegment, error: BaseException) -> None:
        """An exception left a subsegment: its flags, and what is kept of the exception."""
        if type(error) is GeneratorExit or recording.is_suspension(error):
            return
        if not (can_load(answer) and can_load(kept_exceptions)):
            subsegment.fault = True
            return
        status = None if subsegment is self._root else answer.status_of(error)
        if status is not None and 400 <= status < 500 and self._answers_http():
            subsegment.apply_status_code(status)
        else:
            subsegment.fault = True
        kept_exceptions.describe(subsegment, error)

    def _answers_http(self) -> bool:
        facts = self._read_facts()
        return facts is not None and facts.request is not None

    def _read_facts(self) -> Facts | None:
        if self._facts is None and type(self._event) in (dict, list) and self._event:
            try:
                self._facts = trigger.facts_of(self._event) if can_load(trigger) else None
            except BaseException as error:  # a key's own code
                pass_on(error)
        return self._facts

    # What is told

    def _tell_if_wanted(self, error: BaseException | None) -> None:
        try:
            if error is not None and not recording.is_suspension(error):
                self._reason = "error"
            if self._reason and self._rule.errors:
                self._tell(self._reason, error=error)
            elif self._is_slow():
                self._tell("slow")
        except Exception as failure:
            failed(failure)

    def _ends_in_trouble(self, kind: str, message: str) -> None:
        """The handler is about to be ended: called by the thread that watches over it."""
        if (self._rule.errors or self._is_slow()) and can_load(kept_line):
            self._tell(kind.lower(), kept_line.Trouble(kind, message))

    def _is_slow(self) -> bool:
        slow_s = self._rule.slow_s
        return slow_s is not None and self._took_s() > slow_s

    def _took_s(self) -> float:
        return clock.monotonic() - self._began_at

    def _tell(
        self, reason: str, trouble: kept_line.Trouble | None = None, error: BaseException | None = None
    ) -> None:
        if not (can_load(kept_line) and can_load(log_line)):
            return
        line = None

        def make(missing: int) -> str:
            nonlocal line
            line = self._line(reason, trouble, error, missing)
            return line

        try:
            self._turn.pop()
        except IndexError as failure:  # it has been told
            pass_on(failure)
            return
        try:
            log_line.write(make)
        except BaseException:
            if line is None:  # interrupted: it is told when the handler's end is taken up again
                self._turn.append(True)
            raise

    def _line(
        self, reason: str, trouble: kept_line.Trouble | None, error: BaseException | None, missing: int
    ) -> str:
        entries = list(self._entries)
        if error is not None and entries and can_load(kept_exceptions):
            kept_exceptions.describe_last(entries, error)
        if self._root is not None:
            self._root.given_annotations = {**self._own_annotations(), **(self._root.given_annotations or {})}
        head = self._head(reason, missing)
        return kept_line.encode(head, entries, self._ring.left_out, trouble)

    def _own_annotations(self) -> dict[str, Any]:
        """Those that a handler's subsegment has when it is recorded."""
        found: dict[str, Any] = {"ColdStart": self._was_cold}
        if self._service:
            found["Service"] = self._service
        facts = self._read_facts() if self._tells_facts else None
        if facts is not None:
            found.update(facts.annotations)
        return found

    def _head(self, reason: str, missing: int) -> dict[str, Any]:
        trace_id = self._running.trace_id
        head: dict[str, Any] = {
            "lambda_tracer": "kept",
            "version": VERSION,
            "level": _LEVELS.get(reason, "ERROR"),
            "timestamp": _rfc_3339(clock.now()),
            "reason": reason,
            "xray_trace_id": trace_id if is_trace_id(trace_id) else None,
        }
        if settings.function_name():
            head["function_name"] = settings.function_name()
        request_id = _request_id(self._context)
        if request_id is not None:
            head["function_request_id"] = request_id
        head["cold_start"] = self._was_cold
        head["duration_ms"] = round(self._took_s() * 1000, 1)
        if missing:
            head["left_out"] = missing
        return head


def _failed_status(value: object) -> int | None:
    """The status of 400 or more that an answer has, if it has one."""
    if type(value) is dict:
        status = value.get("statusCode")
        if status is None or (type(status) is int and status < 400):
            return None
    elif not issubclass(type(value), dict):
        return None
    status = http.status_of(value, None) if can_load(http) else None
    return status if status is not None and status >= 400 else None


def _may_be_request(event: object) -> bool:
    """A quick look: whether the event may be an HTTP request."""
    try:
        return type(event) is dict and (
            "requestContext" in event or "httpMethod" in event or "raw_path" in event
        )
    except BaseException as error:  # a key's own code
        pass_on(error)
        return False


def _request_id(context: Any) -> str | None:
    try:
        found = context.aws_request_id
    except Exception as error:  # not Lambda's context: a test's, or none
        pass_on(error)
        return None
    return found[:100] if type(found) is str else None


def _rfc_3339(now: float) -> str:
    """A time as Lambda takes it from a line of JSON."""
    import time

    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1000) % 1000:03d}Z"
