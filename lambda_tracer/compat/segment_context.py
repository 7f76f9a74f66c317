"""SegmentContextManager: what the X-Ray SDK's `in_segment` gives."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any


class SegmentContextManager:
    """A segment that is begun and ended by the recorder: `with` and `async with`."""

    __module__ = "aws_xray_sdk.core.models.segment"

    def __init__(self, recorder: Any, name: str | None = None, **segment_kwargs: Any) -> None:
        self.recorder = recorder
        self.name = name
        self.segment_kwargs = segment_kwargs
        self.segment: Any = None

    def __enter__(self) -> Any:
        self.segment = self.recorder.begin_segment(name=self.name, **self.segment_kwargs)
        return self.segment

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exc is not None and self.segment is not None:
            self.segment.add_exception(exc, traceback)
        self.recorder.end_segment()

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(exc_type, exc, traceback)
