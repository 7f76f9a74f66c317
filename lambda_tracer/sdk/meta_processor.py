"""ProcessedCall: one call of `record_subsegment`, which a processor describes."""

from __future__ import annotations

from ..guard import pass_on, warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from ..recording import SubsegmentContext
    from ..trace.context import AnySubsegment


class ProcessedCall:
    """One call of `record_subsegment`: tells the processor how it went, whatever happened."""

    def __init__(
        self,
        subsegment: AnySubsegment,
        processor: Callable[..., None] | None,
        wrapped: Callable[..., Any],
        instance: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> None:
        self.return_value: Any = None
        self._subsegment = subsegment
        self._processor = processor
        self._call = {"wrapped": wrapped, "instance": instance, "args": args, "kwargs": kwargs}

    def __enter__(self) -> None: ...

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: TracebackType | None) -> None:
        if not callable(self._processor):
            return
        from traceback import StackSummary, walk_tb

        # Lines are not looked up: that would read source files.
        stack = StackSummary.extract(walk_tb(traceback), limit=-10, lookup_lines=False) if traceback else None
        try:
            self._processor(
                **self._call,
                return_value=self.return_value,
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


def record(
    block: SubsegmentContext,
    processor: Callable[..., None] | None,
    wrapped: Callable[..., Any],
    instance: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Any:
    """Call `wrapped` in a subsegment that the processor describes."""
    with block as subsegment:
        call = ProcessedCall(subsegment, processor, wrapped, instance, args, kwargs)
        with call:
            call.return_value = wrapped(*args, **kwargs)
        return call.return_value


async def record_async(
    block: SubsegmentContext,
    processor: Callable[..., None] | None,
    wrapped: Callable[..., Any],
    instance: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Any:
    """`record` for a coroutine function."""
    async with block as subsegment:
        call = ProcessedCall(subsegment, processor, wrapped, instance, args, kwargs)
        with call:
            call.return_value = await wrapped(*args, **kwargs)
        return call.return_value
