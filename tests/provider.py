"""A provider for a Tracer that is not ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any


class Provider:
    """A provider as somebody who does not use X-Ray may have it: keeps what it is told, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def put_annotation(self, key: str, value: Any) -> None:
        self.calls.append(("annotation", key, value))

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        self.calls.append(("metadata", namespace, key, value))

    @contextmanager
    def in_subsegment(self, name: str | None = None, **kwargs: Any) -> Iterator[Provider]:
        self.calls.append(("begin", name))
        try:
            yield self
        except BaseException as error:
            self.calls.append(("failed", type(error).__name__))
            raise
        finally:
            self.calls.append(("end", name))

    @asynccontextmanager
    async def in_subsegment_async(self, name: str | None = None, **kwargs: Any) -> AsyncIterator[Provider]:
        with self.in_subsegment(name):
            yield self

    def patch(self, modules: Any) -> None:
        self.calls.append(("patch", modules))

    def patch_all(self) -> None:
        self.calls.append(("patch_all",))
