"""What a Tracer records about a call: its name, what came back, what went wrong.

`Capture` is made when a function is decorated and holds all that can be settled then; `CapturedCall` is one
call of it. How each kind of callable is wrapped is `wrapping`'s business, how subsegments open and close the
provider's.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar

from . import invocation, wrapping
from .guard import failed
from .recorder import Recorder, Recording, xray_recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from .subsegment import Subsegment
    from .tracer import Tracer

_NOT_IN_NAMES = str.maketrans("", "", "?;*()!$~^<>")

# Whether a captured handler runs in this context: the outermost one begins a new invocation.
_in_handler: ContextVar[bool] = ContextVar("lambda_tracer_in_handler", default=False)


class Capture:
    """How calls of one decorated function are recorded."""

    __slots__ = ("error_key", "name", "response_key", "tracer")

    def __init__(
        self, tracer: Tracer, label: str, key: str, capture_response: bool, capture_error: bool
    ) -> None:
        """`label` names the subsegment, `key` the metadata entries `<key> response` and `<key> error`."""
        self.tracer = tracer
        self.name = f"## {label}"
        self.response_key = f"{key} response" if capture_response else None
        self.error_key = f"{key} error" if capture_error else None

    def __call__(self) -> CapturedCall | ForeignCall | None:
        """Record one call; None when nothing of it is recorded."""
        provider = self.tracer.provider
        if not isinstance(provider, Recorder):
            return ForeignCall(self, provider)
        if self.tracer.disabled:
            return None
        subsegment = provider.begin_recorded(self.name)
        return None if subsegment is None else CapturedCall(self, subsegment)


class HandlerCapture(Capture):
    """How calls of the Lambda handler are recorded: each outermost one is a new invocation."""

    __slots__ = ()

    def __call__(self) -> HandlerCall:  # type: ignore[override]  # never None: the handler's own work is always due
        return HandlerCall(self)


class CapturedCall(Recording):
    """One call recorded by our own recorder."""

    __slots__ = ("_capture",)

    def __init__(self, capture: Capture, subsegment: Subsegment) -> None:
        Recording.__init__(self, subsegment)
        self._capture = capture

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        capture = self._capture
        if exc is not None and capture.error_key is not None and isinstance(exc, Exception):
            self._put_metadata(capture.error_key, exc)
        Recording.__exit__(self, exc_type, exc, traceback)

    def respond(self, value: object) -> None:
        """Keep what the function returned, unless that is None."""
        if value is not None and self._capture.response_key is not None:
            self._put_metadata(self._capture.response_key, value)

    def annotate(self, key: str, value: str | bool) -> None:
        """Annotate this call's subsegment."""
        if self.subsegment.end_time is None:
            self.subsegment.put_annotation(key, value)

    def _put_metadata(self, key: str, value: object) -> None:
        try:
            self.subsegment.put_metadata(key, value, self._capture.tracer.service)
        except Exception as error:
            failed(error)


class ForeignCall:
    """One call recorded by somebody else's provider (a `BaseProvider`), called as Powertools' Tracer calls it."""

    __slots__ = ("_capture", "_context", "_provider", "_subsegment")

    def __init__(self, capture: Capture, provider: Any) -> None:
        self._capture = capture
        self._provider = provider
        self._context: Any = None
        self._subsegment: Any = None

    def __enter__(self) -> None:
        try:
            context = self._provider.in_subsegment(name=self._capture.name)
            self._subsegment = context.__enter__()
            self._context = context
        except Exception as error:
            failed(error)

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._note(exc)
        if self._context is not None:
            try:
                self._context.__exit__(exc_type, exc, traceback)
            except BaseException as error:
                self._raised(error, exc)

    async def __aenter__(self) -> None:
        try:
            context = self._provider.in_subsegment_async(name=self._capture.name)
            self._subsegment = await context.__aenter__()
            self._context = context
        except Exception as error:
            failed(error)

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._note(exc)
        if self._context is not None:
            try:
                await self._context.__aexit__(exc_type, exc, traceback)
            except BaseException as error:
                self._raised(error, exc)

    def respond(self, value: object) -> None:
        """Keep what the function returned, unless that is None."""
        if value is not None and self._capture.response_key is not None:
            self._put_metadata(self._capture.response_key, value)

    def annotate(self, key: str, value: str | bool) -> None:
        """Annotate this call's subsegment."""
        try:
            if self._subsegment is not None:
                self._subsegment.put_annotation(key=key, value=value)
        except Exception as error:
            failed(error)

    def suspend(self) -> None:
        """A foreign provider has its own notion of what is current, which we can't change."""

    def resume(self) -> None:
        """See `suspend`."""

    def _note(self, exc: BaseException | None) -> None:
        if self._capture.error_key is not None and isinstance(exc, Exception):
            self._put_metadata(self._capture.error_key, exc)

    def _put_metadata(self, key: str, value: object) -> None:
        try:
            if self._subsegment is not None:
                self._subsegment.put_metadata(key=key, value=value, namespace=self._capture.tracer.service)
        except Exception as error:
            failed(error)

    @staticmethod
    def _raised(error: BaseException, exc: BaseException | None) -> None:
        """One made by contextlib raises the user's exception again; anything else is the provider's own."""
        if error is not exc:
            if not isinstance(error, Exception):
                raise error
            failed(error)


class HandlerCall:
    """One call of the handler: begins the invocation, and adds the annotations that every handler has."""

    __slots__ = ("_call", "_capture", "_token")

    def __init__(self, capture: HandlerCapture) -> None:
        self._capture = capture
        self._call: CapturedCall | ForeignCall | None = None
        self._token: Any = None

    def __enter__(self) -> None:
        self._begin()
        if self._call is not None:
            self._call.__enter__()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._annotate()
        if self._call is not None:
            self._call.__exit__(exc_type, exc, traceback)
        self._end()

    async def __aenter__(self) -> None:
        self._begin()
        if self._call is not None:
            await self._call.__aenter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._annotate()
        if self._call is not None:
            await self._call.__aexit__(exc_type, exc, traceback)
        self._end()

    def respond(self, value: object) -> None:
        """Keep what the handler returned, unless that is None."""
        if self._call is not None:
            self._call.respond(value)

    def suspend(self) -> None:
        """See `wrapping.Recording`; a handler that is a generator is nobody's, but it must not break."""
        if self._call is not None:
            self._call.suspend()

    def resume(self) -> None:
        """See `suspend`."""
        if self._call is not None:
            self._call.resume()

    def _begin(self) -> None:
        try:
            if not _in_handler.get():
                self._token = _in_handler.set(True)
                xray_recorder.begin_invocation()
            self._call = Capture.__call__(self._capture)
        except Exception as error:
            failed(error)

    def _annotate(self) -> None:
        is_cold_start = invocation.take_cold_start()
        if self._call is not None:
            self._call.annotate("ColdStart", is_cold_start)
            if self._capture.tracer.service:
                self._call.annotate("Service", self._capture.tracer.service)

    def _end(self) -> None:
        if self._token is not None:
            _in_handler.reset(self._token)


def capture_method(tracer: Tracer, method: Any, capture_response: bool, capture_error: bool) -> Any:
    """`method`, each call a subsegment `## <module>.<qualified name>`."""
    named = _named(method)
    name = f"{named.__module__}.{getattr(named, '__qualname__', None) or named.__name__}".translate(
        _NOT_IN_NAMES
    )
    return wrapping.wrap(method, Capture(tracer, name, name, capture_response, capture_error))


def capture_handler(tracer: Tracer, handler: Any, capture_response: bool, capture_error: bool) -> Any:
    """`handler`, each call a subsegment `## <name>`. A coroutine function becomes a plain one that runs it."""
    if isinstance(handler, (staticmethod, classmethod)):
        return type(handler)(capture_handler(tracer, handler.__func__, capture_response, capture_error))
    name = _named(handler).__name__
    capture = HandlerCapture(tracer, name, name, capture_response, capture_error)
    if wrapping.is_coroutine_function(handler):
        from . import event_loop

        return event_loop.run_to_end(wrapping.wrap(event_loop.with_leftovers_cancelled(handler), capture))
    return wrapping.wrap(handler, capture)


def _named(function: Any) -> Any:
    """What gives a callable its name: itself, what a partial holds, or else its type."""
    while isinstance(function, functools.partial):
        function = function.func
    has_name = isinstance(getattr(function, "__name__", None), str)
    return function if has_name and isinstance(getattr(function, "__module__", None), str) else type(function)
