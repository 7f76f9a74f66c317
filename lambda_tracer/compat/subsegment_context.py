"""SubsegmentContextManager: what the X-Ray SDK's `in_subsegment` gives.

It opens subsegments as `lambda_tracer`'s does. Where somebody has replaced the recorder's `begin_subsegment` or
`end_subsegment`, it calls these, as the SDK's does.
"""

from __future__ import annotations

from ..recording import SubsegmentContext
from ..trace import subsegment as trace
from ..trace.unrecorded import UNRECORDED, UnrecordedSubsegment
from ..wrapping.wrap import wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class SubsegmentContextManager(SubsegmentContext):
    """A `with` or `async with` block, and a decorator. `ignored` are arguments that the SDK takes besides."""

    __module__ = "aws_xray_sdk.core.models.subsegment"
    __slots__ = ("_is_begun",)

    def __init__(
        self, recorder: Any, name: str | None = None, namespace: str = "local", **ignored: Any
    ) -> None:
        super().__init__(recorder, name, namespace)
        self._is_begun = False

    def __enter__(self) -> Any:
        """Open it and return the subsegment; see `SubsegmentContext`."""
        if not _has_own_way(self.recorder):
            return super().__enter__()
        self._name = self._name or "unnamed"
        self.subsegment = None
        self.open()
        return UNRECORDED if self.subsegment is None else self.subsegment

    def open(self) -> None:
        """Open it; by `begin_subsegment`, where somebody has replaced that or `end_subsegment`."""
        if not _has_own_way(self.recorder):
            super().open()
            return
        given = {} if self._namespace == "local" else {"namespace": self._namespace}
        self.subsegment = self.recorder.begin_subsegment(name=self._name, **given)
        self._is_begun = True  # not before: where it raised, `end_subsegment` would end another

    def close(self, error: BaseException | None = None) -> None:
        """Close it; by `end_subsegment`, if `begin_subsegment` opened it."""
        if not self._is_begun:
            super().close(error)
            return
        self._is_begun = False
        try:
            if error is not None:
                self.fail(error)
        finally:
            self.subsegment = None  # whatever comes of this, it is not ours to close
            self.recorder.end_subsegment()

    def suspend(self) -> None:
        """See `Recording`. What a test has put in the place of a subsegment is never current."""
        if self._is_ours():
            super().suspend()

    def resume(self) -> None:
        """See `suspend`."""
        if self._is_ours():
            super().resume()

    def _is_ours(self) -> bool:
        return issubclass(type(self.subsegment), (trace.Subsegment, UnrecordedSubsegment))

    def __call__(self, function: Any) -> Any:
        """Decorate `function`: each call is a subsegment, named as given or else as the function."""
        recorder: Any = self.recorder
        namespace = self._namespace
        if not hasattr(type(recorder), "recording_of_call"):
            return super().__call__(function)
        name = self._name or getattr(function, "__name__", None) or type(function).__name__
        return wrap(function, lambda: recorder.recording_of_call(name, namespace))


def _has_own_way(recorder: Any) -> bool:
    """Whether to go by its methods: they are not ours, or not only. A test may have put anything in its place."""
    asked = getattr(type(recorder), "replaces_begin_or_end", None)
    return asked is None or bool(asked(recorder))
