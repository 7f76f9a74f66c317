"""Capture: a stretch of code that is traced as in Lambda, and whose documents are kept in the place of being sent.

Each invocation that begins meanwhile keeps its own documents, whichever recorder they leave by, and also when a thread
finishes them after the end. So no emitter is asked, and no socket opened. The end puts everything back: the environment
and the switch, patches and Tracers, what ran and waited, and whether the sandbox is cold.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack

from .. import log_ids, outside, recording, settings, tracer
from ..capture import keeping
from ..clock import clock
from ..encode import redaction
from ..recording import SubsegmentRecorder
from ..sdk.recorder import xray_recorder
from ..trace import running
from ..trace.context import in_handler, last_seen, see
from ..trace.header import TraceHeader
from ..trace.invocation import Invocation
from ..trace.running import bind, bound_to
from ..trace.subsegment import opened_in
from .lasting import Lasting, between_tests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .lasting import Wish

_HEADER = "_X_AMZN_TRACE_ID"
_DISABLED = "POWERTOOLS_TRACE_DISABLED"
_SDK_ENABLED = "AWS_XRAY_SDK_ENABLED"


class Kept:
    """One invocation, and what was sent of it: a `CapturedInvocation`."""

    __slots__ = ("_capture", "documents", "header", "is_listed", "is_sampled", "parent_id", "trace_id")

    def __init__(self, capture: Capture, invocation: Invocation) -> None:
        self._capture = capture
        self.trace_id = invocation.trace_id
        self.parent_id = invocation.parent_id
        self.header = os.fsdecode(invocation.raw) if isinstance(invocation.raw, (bytes, str)) else ""
        self.is_sampled = invocation.is_sampled
        self.documents: list[str] = []
        self.is_listed = False

    def hold(self, documents: list[str]) -> None:
        """Keep documents instead of sending them."""
        self._capture.list_(self)
        self.documents += documents

    def end(self, begun: Invocation) -> None:
        """Nothing is waiting to be sent."""


class KeptInvocation(Invocation):
    """An invocation whose documents are kept."""

    __slots__ = ("keeper",)

    keeper: Kept

    def __init__(self, capture: Capture, raw: bytes | str | None) -> None:
        super().__init__(raw)
        self.keeper = Kept(capture, self)


class Capture:
    """Turns tracing on from `begin` to `end`. `invocations` are those that a handler began, or that sent something."""

    def __init__(
        self,
        *,
        sampled: bool = True,
        header: str | None = None,
        cold_start: bool = True,
        redact: Iterable[str] | bool | None = None,
        force: bool = False,
        lasting: Lasting | None = None,
    ) -> None:
        """`sampled` is the decision in the headers that are made up, one for each invocation.

        `header` is taken for all of them instead; an empty one is none. `cold_start`: whether the first handler finds a
        new sandbox. `redact` is that of `Tracer`. `force` also turns on what `Tracer(disabled=True)`,
        `POWERTOOLS_TRACE_DISABLED` and `AWS_XRAY_SDK_ENABLED` turned off. `lasting`, if given, is used by several
        captures, and undone by whoever gives it.
        """
        self.invocations: list[Kept] = []
        self._is_sampled = sampled
        self._header = header
        self._is_cold = cold_start
        self._redact = redact
        self._is_forced = force
        self._is_one_of_many = lasting is not None
        self._lasting = Lasting() if lasting is None else lasting
        self._own: dict[bytes | str | None, KeptInvocation | None] = {}  # by the headers that were set here
        self._undo = ExitStack()

    def begin(self) -> None:
        """Turn tracing on. What raises (a library to be patched that is unknown) leaves everything as it was."""
        if not _running and self._lasting is not between_tests:
            between_tests.undo()
        _running.append(self)
        try:
            self._begin()
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Put everything back. What is still open is kept as in progress.

        What has begun since ends before: of a module's fixture and of its last test, the fixture ends first.
        """
        while self in _running:
            last = _running.pop()
            last._undo.close()
            if last is not self:
                last._lasting.undo()

    def off_because(self) -> str:
        """What keeps tracing off, as the environment and the code say it now; empty if nothing does."""
        if self._is_forced:
            return ""
        if settings.switched_off():
            return f"{_DISABLED} is true"
        if not settings.global_sdk_config.sdk_enabled():
            is_by_tracer = tracer.shared["off_by_choice"]
            return "a Tracer was told disabled=True" if is_by_tracer else f"{_SDK_ENABLED} is false"
        return ""

    def list_(self, kept: Kept) -> None:
        """Have an invocation among those that count."""
        if not kept.is_listed:
            kept.is_listed = True
            self.invocations.append(kept)

    def _begin(self) -> None:
        self._keep_environment(_HEADER, *((_DISABLED, _SDK_ENABLED) if self._is_forced else ()))
        after = self._undo.callback
        after(_redact_as, redaction.is_on, frozenset(redaction.further))
        if self._redact is not None:
            redaction.configure(self._redact)
        self._begin_anew()
        after(vars(xray_recorder).update, dict(vars(xray_recorder)))
        after(recording.use, recording.default)
        self._switch_on()

    def _keep_environment(self, *names: str) -> None:
        for name in names:
            self._undo.callback(_put, name, os.environ.pop(name, None))

    def _begin_anew(self) -> None:
        """Have the next handler find a sandbox that is new, or has been used but for nothing that is open."""
        after = self._undo.callback
        after(see, last_seen())
        after(bind, bound_to())
        after(in_handler.set, in_handler.get())
        see(None)
        bind(None)
        in_handler.set(None)
        after(setattr, running, "make", running.make)
        after(_go_on_with, running.latest, dict(running.numbered), running.is_cold)
        running.reset()
        running.make = self._make
        if not self._is_cold:
            running.take_cold_start()
        self._set_header()

    def _make(self, raw: bytes | str | None, is_noticed: bool) -> Invocation:
        """An invocation for `running`, with a header that no other one has used, unless the test has set it."""
        last = self._own.get(raw)
        if raw is None or (last is not None and (last.keeper.is_listed or last.open)):
            raw = self._set_header()
        made = KeptInvocation(self, raw)
        if raw in self._own:
            self._own[raw] = made
        if not is_noticed:
            self.list_(made.keeper)
        return made

    def _set_header(self) -> bytes | str | None:
        header = self._header
        if header is None:
            root = f"1-{int(clock.now()):08x}-{os.urandom(12).hex()}"
            header = TraceHeader(root, os.urandom(8).hex(), self._is_sampled).to_header_str()
        if header:
            os.environ[_HEADER] = header
        raw = settings.trace_header()
        self._own[raw] = None
        return raw

    def _switch_on(self) -> None:
        after = self._undo.callback
        config = tracer.shared
        after(_share, dict(config))
        is_off = not self._is_forced and (config["off_by_choice"] or settings.switched_off())
        config.update(disabled=is_off, off_by_choice=is_off)
        switch = settings.global_sdk_config
        after(_switch_as, switch.is_wanted, switch.is_stopped)
        switch.set_sdk_enabled(not is_off)
        after(log_ids.configure, log_ids.form())
        after(keeping.configure, keeping.rule)
        keeping.reset()  # a line that was written just now leaves no room for another
        if not is_off:
            log_ids.configure(settings.log_ids(config["log_ids"]))
            keeping.configure_by(config["keep"])
        after(setattr, settings, "is_capturing", settings.is_capturing)
        settings.is_capturing = True

        known = outside.made()
        after(_switch_off_but, [noted for _, noted in known])
        wishes: list[Wish] = []
        for each, noted in known:
            if noted.is_off_by_choice and not self._is_forced:
                continue
            if not isinstance(each.provider, SubsegmentRecorder):
                continue  # somebody else's, which sends
            after(setattr, each, "disabled", each.disabled)
            each.disabled = False
            wishes += [(each, None if modules is None else tuple(modules)) for modules in noted.wanted]
        if not self._is_one_of_many:
            after(self._lasting.undo)
        after(self._lasting.end)
        self._lasting.begin(wishes)


_running: list[Capture] = []  # those that have begun, and not ended, in this order


def _switch_off_but(known: list[outside.Noted]) -> None:
    """Tracers that were made meanwhile live on, in modules that were imported: outside Lambda they are off."""
    for each, noted in outside.made():
        if noted not in known:
            each.disabled = True


def _go_on_with(latest: Invocation, numbered: dict[int, Invocation], is_cold: bool) -> None:
    """End what runs, as the next invocation would, and have what ran before run again."""
    ended = running.latest
    running.latest, running.is_cold = latest, is_cold
    running.numbered.clear()
    running.numbered.update(numbered)
    ended.has_ended = True
    for subsegment in opened_in(ended):
        subsegment.recorder.leave_behind(subsegment)


def _share(config: dict[str, Any]) -> None:
    tracer.shared.clear()
    tracer.shared.update(config)


def _switch_as(is_wanted: bool, is_stopped: bool) -> None:
    switch = settings.global_sdk_config
    switch.set_sdk_enabled(is_wanted)
    if is_stopped:
        switch.stop()


def _redact_as(is_on: bool, further: frozenset[str]) -> None:
    if redaction.is_on is not is_on or redaction.further != further:
        redaction.configure(None)
        redaction.configure(further)
        redaction.configure(is_on)


def _put(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
