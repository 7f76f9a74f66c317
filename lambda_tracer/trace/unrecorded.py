"""UnrecordedSubsegment: what the user's code gets where nothing is recorded, so that it need not ask."""

from __future__ import annotations

from ..clock import clock
from . import running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Any

    from .invocation import Invocation
    from .subsegment import Link, Subsegment


class UnrecordedSubsegment:
    """A subsegment of which nothing is recorded: every method of `Subsegment`, none with an effect.

    One shared instance stands for all that an unsampled invocation opens. Instances of its own, with a
    parent, are made below `Recorder.begin_subsegment_without_sampling`, where they have to be told apart.
    """

    __slots__ = ("__dict__", "end_time", "invocation", "parent")

    sampled = False
    type = "subsegment"
    id = "0" * 16
    name = "dummy"
    namespace = "local"
    parent_id = "0" * 16
    start_time = 0.0
    in_progress = False
    fault = error = throttle = False
    is_managed = is_kept = False
    is_stored = True
    sql = cause = None
    links: tuple[Link, ...] = ()

    def __init__(
        self, invocation: Invocation | None = None, parent: Subsegment | UnrecordedSubsegment | None = None
    ) -> None:
        self.invocation = invocation
        self.parent = parent
        self.end_time: float | None = None

    @property
    def trace_id(self) -> str:
        """The trace of the invocation, which goes on although nothing is recorded here; empty where there is none."""
        return (self.invocation or running.bound_to() or running.current()).trace_id

    @property
    def annotations(self) -> dict[str, Any]:
        """A new dict each time. What is put into it, or in its place, is forgotten. So are the next three."""
        return {}

    @annotations.setter
    def annotations(self, value: dict[str, Any]) -> None:
        """Does nothing."""

    metadata = http = aws = annotations

    def put_annotation(self, key: str, value: Any) -> None:
        """Does nothing."""

    put_http_meta = put_annotation

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        """Does nothing."""

    def apply_status_code(self, status_code: int | None) -> None:
        """Does nothing."""

    def add_fault_flag(self) -> None:
        """Does nothing."""

    add_error_flag = add_throttle_flag = add_fault_flag

    def add_exception(
        self,
        exception: BaseException,
        stack: Iterable[Any] | TracebackType | None = None,
        remote: bool = False,
    ) -> None:
        """Does nothing."""

    def set_aws(self, aws_meta: dict[str, Any]) -> None:
        """Does nothing."""

    def set_sql(self, sql: dict[str, Any]) -> None:
        """Does nothing."""

    def add_subsegment(self, subsegment: Any) -> None:
        """Does nothing."""

    remove_subsegment = add_subsegment

    def close(self, end_time: float | None = None) -> None:
        """Does nothing, but that one with a parent stops being current."""
        if self.parent is not None or self.invocation is not None:
            self.end_time = clock.now()

    def to_dict(self) -> dict[str, Any]:
        """An empty dict."""
        return {}

    def serialize(self) -> None:
        """None: there is no document."""

    def save_origin_trace_header(self, trace_header: Any) -> None:
        """Does nothing."""

    def get_origin_trace_header(self) -> None:
        """None."""


UNRECORDED = UnrecordedSubsegment()
"""The shared subsegment of which nothing is recorded."""
