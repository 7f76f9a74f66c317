"""AWSXRayRecorder and AsyncAWSXRayRecorder: lambda_tracer's recorder under the X-Ray SDK's names.

There is one recorder. While the compatible names are in use, `lambda_tracer.xray_recorder` is of these classes: what
code replaces in them, a test say, is replaced for all that use it, and Powertools takes it for the SDK's.
"""

from __future__ import annotations

import logging
import os

from .. import guard, settings
from ..guard import Late
from ..sdk import recorder
from ..sdk.recorder import xray_recorder
from . import entities
from .config import VERSION
from .segment_recorder import SegmentRecorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import context as contexts
    from . import no_effect
    from . import plugins as plugins_here
    from . import sampling as sampling_here
else:
    contexts = Late("lambda_tracer.compat.context")
    no_effect = Late("lambda_tracer.compat.no_effect")
    plugins_here = Late("lambda_tracer.compat.plugins")
    sampling_here = Late("lambda_tracer.compat.sampling")

TRACING_NAME_KEY = "AWS_XRAY_TRACING_NAME"
DAEMON_ADDR_KEY = "AWS_XRAY_DAEMON_ADDRESS"
CONTEXT_MISSING_KEY = "AWS_XRAY_CONTEXT_MISSING"
XRAY_META = {"xray": {"sdk": "X-Ray for Python", "sdk_version": VERSION}}

_LOGGER = "aws_xray_sdk.core.context"
"""That which the SDK writes most of its messages with."""

_NO_EFFECT = {
    "plugins": "a segment would say where it ran",
    "sampling_rules": "the trace header says what is sampled",
    "sampler": "the trace header says what is sampled",
    "streaming": "lambda_tracer decides when documents leave",
}


def _alias(name: str) -> Any:
    """A private attribute of the SDK's recorder that code reads and sets: the public one."""

    def get(self: Any) -> Any:
        return getattr(self, name)

    def put(self: Any, value: Any) -> None:
        setattr(self, name, value)

    return property(get, put, doc=f"`{name}`, under the name that it has in the X-Ray SDK.")


def _made_when_asked_for(name: str, make: Callable[[Any], Any]) -> Any:
    """A setting that is an object of the SDK's where nobody has given one."""

    def get(self: Any) -> Any:
        if vars(self).get(name) is None:
            vars(self)[name] = make(self)
        return vars(self)[name]

    def put(self: Any, value: Any) -> None:
        vars(self)[name] = value

    return property(get, put, doc=f"The `{name}` that was configured, or one that stands for it.")


def _default_sampler(_: Any) -> Any:
    return sampling_here.LocalSampler() if settings.in_lambda() else sampling_here.DefaultSampler()


class AWSXRayRecorder(SegmentRecorder):
    """The recorder, with what code written for the X-Ray SDK asks of it besides. See `lambda_tracer.Recorder`."""

    __module__ = "aws_xray_sdk.core.recorder"

    sampler = _made_when_asked_for("sampler", _default_sampler)
    streaming = _made_when_asked_for("streaming", lambda its: no_effect.DefaultStreaming())
    _context = _alias("context")
    _sampler = _alias("sampler")
    _streaming = _alias("streaming")
    _emitter = _alias("emitter")
    _sampling = _alias("sampling")
    _service = _alias("service")
    _dynamic_naming = _alias("dynamic_naming")
    _max_trace_back = _alias("max_trace_back")
    _stream_sql = _alias("stream_sql")
    _plugins = None
    _origin: Any = None
    _aws_metadata: Any = XRAY_META

    def __reduce__(self) -> str | tuple[Any, ...]:
        """The shared one is pickled as what it is named elsewhere."""
        return (_shared, ()) if self is xray_recorder else (type(self), ())

    def __getattr__(self, name: str) -> Any:
        """What the SDK's recorder has, and this one has not."""
        private = ": that is private to the X-Ray SDK" if name.startswith("_") and name[:2] != "__" else ""
        raise AttributeError(
            f"{type(self).__name__!r} has no attribute {name!r} in lambda_tracer's compatible names{private}"
        )

    def configure(
        self,
        sampling: Any = None,
        plugins: Any = None,
        context_missing: Any = None,
        sampling_rules: Any = None,
        daemon_address: str | None = None,
        service: str | None = None,
        context: Any = None,
        emitter: Any = None,
        streaming: Any = None,
        dynamic_naming: Any = None,
        streaming_threshold: int | None = None,
        max_trace_back: int | None = None,
        sampler: Any = None,
        stream_sql: bool | None = None,
    ) -> None:
        """Change settings, as `Recorder.configure` does; one log message names what has no effect.

        In Lambda `plugins`, `sampling_rules` and `sampler` have none.
        """
        in_vain: dict[str, Any] = {"streaming": streaming}
        if self._is_in_lambda:
            in_vain.update(plugins=plugins, sampling_rules=sampling_rules, sampler=sampler)
        for name, value in in_vain.items():
            if value:
                no_effect.has_no_effect(f"configure({name}=...)", _NO_EFFECT[name])
        if context is not None and not contexts.is_own(context):
            no_effect.has_no_effect(
                f"configure(context={type(context).__name__}())", "what is current is known to lambda_tracer"
            )
        if isinstance(dynamic_naming, str):
            from .helpers import DefaultDynamicNaming

            dynamic_naming = DefaultDynamicNaming(dynamic_naming, service or self.service)
        super().configure(
            sampling=sampling,
            daemon_address=daemon_address or None,
            service=service or None,
            context=context,
            emitter=emitter,
            streaming=streaming,
            dynamic_naming=dynamic_naming,
            streaming_threshold=streaming_threshold,
            max_trace_back=max_trace_back,
            sampler=sampler,
            stream_sql=stream_sql,
        )
        if not self._is_in_lambda:
            sampling_here.configure(self, sampling_rules, sampler, daemon_address)
            if plugins is not None:
                plugins_here.describe(self, plugins)
        if context_missing:
            self.context.context_missing = os.environ.get(CONTEXT_MISSING_KEY, context_missing)


class AsyncAWSXRayRecorder(AWSXRayRecorder):
    """The same: every method is for coroutines, too."""

    __module__ = "aws_xray_sdk.core.async_recorder"


def adopt() -> None:
    """Have the shared recorder, and what it opens, be of the SDK's classes."""
    xray_recorder.__class__ = AsyncAWSXRayRecorder
    vars(xray_recorder)["_is_in_lambda"] = settings.in_lambda()
    if vars(xray_recorder).get("context") is not None:
        xray_recorder.context = vars(xray_recorder)["context"]
    guard.is_kept_back = _is_kept_back
    entities.adopt()


def release() -> None:
    """Undo `adopt`."""
    xray_recorder.__class__ = recorder.Recorder
    guard.is_kept_back = None
    entities.release()


def _is_kept_back(level: int) -> bool:
    """Whether the SDK's logger keeps messages of that level back: what is set there holds for ours, too.

    Its level does, or that of one above it; that it is disabled; or that it hands nothing on and has no
    handler but a NullHandler.
    """
    given = 0
    name = _LOGGER
    while name:
        logger: Any = logging.Logger.manager.loggerDict.get(name)
        if issubclass(type(logger), logging.Logger):
            attributes = object.__getattribute__(logger, "__dict__")
            given = given or attributes.get("level")
            if attributes.get("disabled") or _leads_nowhere(attributes):
                return True
        name = name.rpartition(".")[0]
    return bool(given and given > level)


def _leads_nowhere(attributes: dict[str, Any]) -> bool:
    """Whether a logger hands nothing on, and its own handlers write nothing."""
    handlers = attributes.get("handlers")
    is_silent = handlers and all(type(handler) is logging.NullHandler for handler in handlers)
    return bool(is_silent) and not attributes.get("propagate")


def _shared() -> Any:
    return recorder.xray_recorder


def __getattr__(name: str) -> Any:
    if name != "SERVICE_INFO":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .helpers import service_info

    return service_info()
