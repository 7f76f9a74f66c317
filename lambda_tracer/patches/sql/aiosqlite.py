"""SQLite under asyncio, through `aiosqlite`: a thread for each connection, which works for whoever calls.

Wraps: `Connection._execute`, through which every call is handed to the connection's thread, so that the
statement there is below the subsegment that the caller is in.
Records: nothing; the patch for sqlite3 does.
Never records: anything.
Propagates: the current subsegment, to the thread.
"""

from __future__ import annotations

from ... import recording
from ...trace.context import NOWHERE
from .. import database, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `aiosqlite.core`."""
    return [(module.Connection, "_execute", _execute)]


def _execute(execute: Callable[..., Any]) -> Callable[..., Any]:
    async def execute_in_place(self: Any, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        carried = recording.default.carry() or NOWHERE
        return await execute(self, carried.run, database.run_as, database.running(), fn, *args, **kwargs)

    return execute_in_place
