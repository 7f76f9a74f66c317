"""What a library supplies to the contract of HTTP clients."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar, NamedTuple


class Answer(NamedTuple):
    """What a call returned, read to its end."""

    status: int
    body: bytes
    kind: type


class Client:
    """A library as the contract uses it."""

    library: ClassVar[str]
    """The name for `patch`."""

    imports: ClassVar[str]
    program: ClassVar[str]
    """One line of Python that imports the library, and one that calls the URL `url` with it."""

    def get(
        self,
        url: str,
        method: str = "GET",
        headers: Any = None,
        timeout_s: float = 10.0,
        authority: Path | None = None,
    ) -> Answer:
        """Call, following redirects, and read the body; raises what the library raises. None: the library's
        own default.
        """
        raise NotImplementedError

    def begin_streaming(self, url: str) -> Any:
        """Call, and return as soon as the headers have come."""
        raise NotImplementedError

    def read_stream(self, response: Any) -> bytes:
        """Read the body of `begin_streaming` to its end, and let go of the connection."""
        raise NotImplementedError

    def replaced(self) -> list[tuple[Any, str]]:
        """Each function that the patch replaces: the class and the name."""
        raise NotImplementedError


class AsyncClient(Client):
    """One whose calls are coroutines; the contract's synchronous ones run a loop each."""

    async def get_async(
        self,
        url: str,
        method: str = "GET",
        headers: Any = None,
        timeout_s: float = 10.0,
        authority: Path | None = None,
    ) -> Answer:
        raise NotImplementedError

    def beginning(self, url: str) -> AbstractAsyncContextManager[Any]:
        """The coroutine of a call that has not begun; the context manager closes what it needs."""
        raise NotImplementedError

    def get(self, *args: Any, **kwargs: Any) -> Answer:
        return asyncio.run(self.get_async(*args, **kwargs))
