"""ProcessedCall: one call of `record_subsegment`, which a processor describes."""

from __future__ import annotations

from ..guard import pass_on, warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from ..recording import SubsegmentContext


class ProcessedCall:
    """One call of `record_subsegment`: tells the processor how it went, whatever happened."""

    def __init__(
        self,
        processor: Callable[..., None] | None,
        wrapped: Callable[..., Any],
        instance: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> None:
        self._processor = processor
        self._wrapped = wrapped
        self._instance = instance
        self._args = args
        self._kwargs = kwargs
        self._subsegment: Any = None
        self._return_value: Any = None

    def record(self, block: SubsegmentContext) -> Any:
        """Call `wrapped` in a subsegment that the processor describes."""
        with block as self._subsegment, self:
            self._return_value = self._wrapped(*self._args, **self._kwargs)
        return self._return_value

    async def record_async(self, block: SubsegmentContext) -> Any:
        """`record` for a coroutine function."""
        async with block as self._subsegment:
            with self:
                self._return_value = await self._wrapped(*self._args, **self._kwargs)
        return self._return_value

    def __enter__(self) -> None: ...

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: TracebackType | None) -> None:
        if not callable(self._processor):
            return
        from traceback import StackSummary, walk_tb

        # Lines are not looked up: that would read source files.
        stack = StackSummary.extract(walk_tb(traceback), limit=-10, lookup_lines=False) if traceback else None
        try:
            self._processor(
                wrapped=self._wrapped,
                instance=self._instance,
                args=self._args,
                kwargs=self._kwargs,
                return_value=self._return_value,
                exception=exc,
                subsegment=self._subsegment,
                stack=stack,
            )
        except Exception as error:
            pass_on(error)
            warn_once(
                "processor", "a meta_processor raised: what it would have described is not in the trace"
            )
        self._subsegment.close()  # an exception is the processor's to record, or not to
