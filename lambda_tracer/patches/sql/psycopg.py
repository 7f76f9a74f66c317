"""PostgreSQL, through psycopg 3, sync and async; psycopg_pool needs nothing of its own.

Wraps: `execute` and `executemany` of Cursor and AsyncCursor, `execute` of the server-side cursors, and
`stream` and `copy`. Connections' own `execute` and the other cursor classes go through these.
Records: a subsegment per call, named `database@host`, namespace remote, URL without password, user,
versions, the statement without literals when `stream_sql` is on. That of `stream` ends with the first row,
that of `copy` with the `with` block.
Never records: parameters, rows, literals, passwords, what is copied.
Propagates: nothing.
"""

from __future__ import annotations

import contextlib
import functools

from .. import replace
from . import dbapi, libpq

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from types import ModuleType
    from typing import Any

_END = object()

_describe = functools.partial(libpq.describe, "psycopg")


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `psycopg`."""
    statement = dbapi.traced(_describe, libpq.query)
    statement_async = dbapi.traced(_describe, libpq.query, is_async=True)
    return [
        (module.Cursor, "execute", statement),
        (module.Cursor, "executemany", statement),
        (module.Cursor, "stream", _stream),
        (module.Cursor, "copy", _copy),
        (module.ServerCursor, "execute", statement),
        (module.AsyncCursor, "execute", statement_async),
        (module.AsyncCursor, "executemany", statement_async),
        (module.AsyncCursor, "stream", _stream_async),
        (module.AsyncCursor, "copy", _copy_async),
        (module.AsyncServerCursor, "execute", statement_async),
    ]


def _call(cursor: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> AbstractContextManager[None]:
    call = dbapi.new_call(_describe, libpq.query, False, cursor, "", args, kwargs)
    return contextlib.nullcontext() if call is None else call


def _stream(stream: Callable[..., Any]) -> Callable[..., Any]:
    def stream_rows(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        rows = stream(self, *args, **kwargs)
        try:
            with _call(self, args, kwargs):
                row = next(rows, _END)
            if row is not _END:
                yield row
                yield from rows
        finally:
            rows.close()

    return stream_rows


def _stream_async(stream: Callable[..., Any]) -> Callable[..., Any]:
    async def stream_rows(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        rows = stream(self, *args, **kwargs)
        try:
            with _call(self, args, kwargs):
                try:
                    row = await rows.__anext__()
                except StopAsyncIteration:
                    row = _END
            if row is not _END:
                yield row
                async for row in rows:
                    yield row
        finally:
            await rows.aclose()

    return stream_rows


def _copy(copy: Callable[..., Any]) -> Callable[..., Any]:
    @contextlib.contextmanager
    def copy_block(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        with _call(self, args, kwargs), copy(self, *args, **kwargs) as copying:
            yield copying

    return copy_block


def _copy_async(copy: Callable[..., Any]) -> Callable[..., Any]:
    @contextlib.asynccontextmanager
    async def copy_block(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        with _call(self, args, kwargs):
            async with copy(self, *args, **kwargs) as copying:
                yield copying

    return copy_block
