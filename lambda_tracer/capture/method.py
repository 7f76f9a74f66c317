"""What a Tracer records about a call: its name, what came back, what went wrong.

`Capture` is made when a function is decorated and holds all that can be settled then; `CapturedCall` is one
call of it. How each kind of callable is wrapped is `wrapping`'s business, how subsegments open and close the
provider's.
"""

from __future__ import annotations

import functools

from .. import recording
from ..guard import Late, can_load, pass_on
from ..recording import UNSET, Recording, SubsegmentRecorder
from ..trace.subsegment import known_namespaces
from ..wrapping.wrap import wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..trace.context import AnySubsegment
    from ..trace.invocation import Invocation
    from ..trace.kept import KeptSubsegment
    from ..trace.subsegment import Subsegment
    from . import provider as providers
    from .provider import ForeignCall, TracerSettings
else:
    providers = Late("lambda_tracer.capture.provider")  # few have another provider

_NOT_IN_NAMES = str.maketrans("", "", "?;*()!$~^<>")


class Capture:
    """How calls of one decorated function are recorded."""

    __slots__ = ("error_key", "name", "namespace", "response_key", "tracer")

    def __init__(
        self, tracer: TracerSettings, label: str, key: str, capture_response: bool, capture_error: bool
    ) -> None:
        """`label` names the subsegment, `key` the metadata entries `<key> response` and `<key> error`."""
        self.tracer = tracer
        self.namespace: str | None = None  # the service last recorded, if it is known to be accepted
        self.name = f"## {label}"
        self.response_key = f"{key} response" if capture_response else None
        self.error_key = f"{key} error" if capture_error else None

    def __call__(self) -> CapturedCall | ForeignCall | KeptSubsegment | None:
        """Record one call, or keep it for the case that the invocation fails; None when nothing of it is recorded."""
        provider = self.tracer.provider
        if not isinstance(provider, SubsegmentRecorder):
            return providers.ForeignCall(self, provider) if can_load(providers) else None
        if self.tracer.disabled:
            return None
        if recording.kept is not None:
            entry = recording.kept.keep(self.name)
            if entry is not None:
                return entry
        found = provider.place()
        if found is not None:
            running, parent = found
            return CapturedCall(self, provider, running, parent)
        return None if recording.kept is None else recording.kept.keep_outermost(self.name)


class CapturedCall(Recording):
    """One call recorded by our own recorder."""

    __slots__ = ("_capture",)

    subsegment: Subsegment | None

    def __init__(
        self,
        capture: Capture,
        recorder: SubsegmentRecorder,
        running: Invocation,
        parent: AnySubsegment | None,
    ) -> None:
        self.recorder = recorder
        self.subsegment = None
        self._name = capture.name
        self._namespace = "local"
        self._running = running
        self._parent = parent
        self._outside = UNSET
        self._capture = capture

    def fail(self, error: BaseException) -> None:
        """Keep what the function raised, beside the cause that every subsegment has."""
        capture = self._capture
        if (
            capture.error_key is not None
            and issubclass(type(error), Exception)
            and self.subsegment is not None
        ):
            self.subsegment.put_captured(capture.error_key, error, capture.tracer.service)
        Recording.fail(self, error)

    def respond(self, value: object) -> None:
        """Keep what the function returned, unless that is None."""
        capture, subsegment = self._capture, self.subsegment
        key = capture.response_key
        if value is None or key is None or subsegment is None:
            return
        service = capture.tracer.service
        if service is capture.namespace and subsegment.end_time is None and not subsegment.captured:
            subsegment.captured = ((service, key, value),)  # `put_captured`, as a rule, without a call
        else:
            subsegment.put_captured(key, value, service)
            if type(service) is str and service in known_namespaces:
                capture.namespace = service

    def annotate(self, key: str, value: str | bool) -> None:
        """Annotate this call's subsegment, under a key of our own."""
        subsegment = self.subsegment
        if subsegment is None or subsegment.end_time is not None:
            return
        given = subsegment.given_annotations
        if type(value) is not bool and type(value) is not str:
            subsegment.put_annotation(key, value)
        elif given is None:
            subsegment.given_annotations = {key: value}
        else:
            given[key] = value


def capture_method(tracer: TracerSettings, method: Any, capture_response: bool, capture_error: bool) -> Any:
    """`method`, each call a subsegment `## <module>.<qualified name>`."""
    source = named(method)
    name = f"{source.__module__}.{getattr(source, '__qualname__', None) or source.__name__}".translate(
        _NOT_IN_NAMES
    )
    # A bound method, which Python calls faster than an object that has it.
    return wrap(method, Capture(tracer, name, name, capture_response, capture_error).__call__)


def named(function: Any) -> Any:
    """What gives a callable its name: itself, what a partial or a property holds, or else its type."""
    if not callable(function):
        function = getattr(function, "fget", None) or getattr(function, "func", None) or function
    while issubclass(type(function), functools.partial):
        function = function.func
    try:
        has_name = type(function.__name__) is str and type(function.__module__) is str
    except BaseException as error:  # not a function; its attributes may even raise
        pass_on(error)
        has_name = False
    return function if has_name else type(function)
