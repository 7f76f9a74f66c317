"""What contexts keep, and where: per thread, or per task. Of a configured one the rest is known to the recorder."""

from __future__ import annotations

import threading
from _contextvars import ContextVar

from .. import recording
from ..trace.context import place
from .segments import segment_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Local(threading.local):
    """What a context keeps, per thread: `entities`, a list of what has been put there.

    Of a context that a recorder has, and where nothing has been put: the recorder's open subsegments.
    """

    def __init__(self, context: Any = None) -> None:
        self.__dict__["context"] = context

    def __getattr__(self, name: str) -> Any:
        context = self.__dict__.get("context")
        if context is not None and recorder_of(context) is not None:
            if name == "entities":
                return open_here()
            if name == "segment":
                return segment_of(place()[0])
        raise AttributeError(f"the context keeps no {name!r}")

    def clear(self) -> None:
        """Forget what was put there by this thread."""
        self.__dict__.pop("entities", None)


class LambdaLocal:
    """What the SDK keeps in Lambda, computed: `segment`, and `entities`, from the outermost open subsegment on."""

    @property
    def segment(self) -> Any:
        """Lambda's segment."""
        return segment_of(place()[0])

    @property
    def entities(self) -> list[Any]:
        """The open subsegments of this context."""
        return open_here()

    @entities.setter
    def entities(self, entities: list[Any]) -> None:
        recording.default.set_trace_entity(entities[-1] if entities else None)

    def clear(self) -> None:
        """Nothing is open in this context from now on."""
        recording.default.clear_trace_entities()


class TaskLocalStorage:
    """What `AsyncContext` keeps: as `Local`, per task. A task begins with what the one that started it had."""

    __module__ = "aws_xray_sdk.core.async_context"
    __slots__ = ("_kept", "_loop", "context")

    def __init__(self, loop: Any = None) -> None:
        """`loop` is kept."""
        object.__setattr__(self, "_loop", loop)
        object.__setattr__(self, "_kept", ContextVar("aws_xray_sdk", default={}))
        object.__setattr__(self, "context", None)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        kept: dict[str, Any] = self._kept.get()
        return kept

    def __setattr__(self, name: str, value: Any) -> None:
        self._kept.set({**self._kept.get(), name: value})

    def __getattr__(self, name: str) -> Any:
        kept = self._kept.get()
        if name in kept:
            return kept[name]
        if name == "entities" and self.context is not None and recorder_of(self.context) is not None:
            return open_here()
        raise AttributeError(f"the context keeps no {name!r}")

    def clear(self) -> None:
        """Forget what was put there by this task."""
        self._kept.set({})


def open_here() -> list[Any]:
    found: list[Any] = []
    at: Any = place()[1]
    while at is not None:
        if at.end_time is None:
            found.insert(0, at)
        at = at.parent
    return found


# What a context keeps, whatever its class does differently


def stored_in(context: Any) -> list[Any]:
    """What was put into a context here: from the segment to what is current. Not to be changed."""
    kept = getattr(context, "_local", None)
    if isinstance(kept, (Local, TaskLocalStorage)):
        return vars(kept).get("entities") or []
    return [] if isinstance(kept, LambdaLocal) else getattr(kept, "entities", None) or []


def keep(context: Any, entities: list[Any]) -> None:
    """Put something else into a context."""
    context._local.entities = entities


def forget(context: Any) -> None:
    """Take out what was put into a context."""
    if stored_in(context):
        keep(context, [])


def configured(recorder: Any, context: Any) -> None:
    """A context of ours has been given to a recorder: from now on it knows what that opens."""
    vars(context)["_asks"] = recorder


def recorder_of(context: Any) -> Any:
    """The recorder that has this context; None where code drives it by itself."""
    recorder = vars(context).get("_asks")
    return recorder if recorder is not None and vars(recorder).get("context") is context else None


def own_segment(recorder: Any) -> Any:
    """The segment that code has begun itself by a recorder, in this thread or task; None where there is none."""
    entities = stored_in(vars(recorder).get("context"))
    if not entities:
        return None
    entity = entities[-1]
    return entity.parent_segment if entity.type == "subsegment" else entity
