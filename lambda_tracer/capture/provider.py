"""ForeignCall: one captured call recorded by somebody else's provider, as Powertools' `BaseProvider` describes it."""

from __future__ import annotations

from ..guard import failed, pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Protocol

    class TracerSettings(Protocol):
        """A Tracer, as far as what it captures is concerned."""

        provider: Any
        disabled: bool
        service: str
        event_facts: bool

    class Captured(Protocol):
        """How calls of one decorated function are recorded."""

        name: str
        response_key: str | None
        error_key: str | None
        tracer: TracerSettings


class ForeignCall:
    """One call recorded by somebody else's provider (a `BaseProvider`), called as Powertools' Tracer calls it."""

    __slots__ = ("_capture", "_context", "_provider", "_subsegment")

    def __init__(self, capture: Captured, provider: Any) -> None:
        self._capture = capture
        self._provider = provider
        self._context: Any = None
        self._subsegment: Any = None

    def open(self) -> None:
        """Enter the provider's context manager."""
        try:
            context = self._provider.in_subsegment(name=self._capture.name)
            self._subsegment = context.__enter__()
            self._context = context
        except Exception as error:
            failed(error)

    def close(self, error: BaseException | None = None) -> None:
        """Leave it."""
        context = self._noted(error)
        if context is not None:
            try:
                context.__exit__(None if error is None else type(error), error, _traceback_of(error))
            except BaseException as raised:
                pass_on(raised)
                self._raised(raised, error)

    async def aopen(self) -> None:
        """Enter the provider's asynchronous context manager."""
        try:
            context = self._provider.in_subsegment_async(name=self._capture.name)
            self._subsegment = await context.__aenter__()
            self._context = context
        except Exception as error:
            failed(error)

    async def aclose(self, error: BaseException | None = None) -> None:
        """Leave it."""
        context = self._noted(error)
        if context is not None:
            try:
                await context.__aexit__(None if error is None else type(error), error, _traceback_of(error))
            except BaseException as raised:
                pass_on(raised)
                self._raised(raised, error)

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

    def _noted(self, error: BaseException | None) -> Any:
        """What is to be left, once; what was raised is put into its metadata."""
        if (
            self._capture.error_key is not None
            and issubclass(type(error), Exception)
            and self._context is not None
        ):
            self._put_metadata(self._capture.error_key, error)
        context, self._context = self._context, None
        return context

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
            if not issubclass(type(error), Exception):
                raise error
            failed(error)


def _traceback_of(error: BaseException | None) -> TracebackType | None:
    return None if error is None else error.__traceback__
