"""ForeignCall: one captured call recorded by somebody else's provider, as Powertools' `BaseProvider` describes it."""

from __future__ import annotations

from .guard import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from .capture import Capture


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
        self._note(exc_type, exc)
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
        self._note(exc_type, exc)
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

    def _note(self, exc_type: type[BaseException] | None, exc: BaseException | None) -> None:
        if self._capture.error_key is not None and exc_type is not None and issubclass(exc_type, Exception):
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
