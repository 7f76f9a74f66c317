"""PostgreSQL, through psycopg2.

Wraps: `psycopg2._connect`, which `psycopg2.connect` calls, however it was imported, to give connections
and cursors of subclasses: the classes are written in C. A `connection_factory` or `cursor_factory` class
gets ours below it, between itself and the C class. Connections made before the patch, or without
`connect`, stay untraced.
Records: a subsegment per `execute`, `executemany`, `callproc`, `copy_from`, `copy_to` and `copy_expert`,
named `database@host`, namespace remote, URL without password, user, versions, the statement without
literals when `stream_sql` is on.
Never records: parameters, rows, literals, passwords, what is copied.
Propagates: nothing.
"""

from __future__ import annotations

import functools
import sys

from .. import replace
from . import c_classes, dbapi, libpq

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `psycopg2`, and in the subclasses of its C classes."""
    describe = functools.partial(libpq.describe, "psycopg2")
    texts: dict[str, dbapi.Text] = {
        "execute": libpq.query,
        "executemany": libpq.query,
        "copy_expert": libpq.query,
        "callproc": dbapi.procedure,
        "copy_from": functools.partial(_copy, "COPY {} FROM STDIN"),
        "copy_to": functools.partial(_copy, "COPY {} TO STDOUT"),
    }
    in_c = sys.modules[
        "psycopg2._psycopg"
    ]  # as they are, whatever others have put into `psycopg2.extensions`
    connection = c_classes.subclass(in_c.connection, ("cursor",))
    cursor = c_classes.subclass(in_c.cursor, texts)
    return [
        (module, "_connect", functools.partial(_connect, in_c.connection)),
        (connection, "cursor", functools.partial(_cursor, in_c.cursor)),
        *((cursor, name, dbapi.traced(describe, text)) for name, text in texts.items()),
    ]


def _connect(base: type, connect: Callable[..., Any]) -> Callable[..., Any]:
    def connect_traced(dsn: Any, connection_factory: Any = None, **kwargs: Any) -> Any:
        factory = base if connection_factory is None else connection_factory
        return connect(dsn, connection_factory=c_classes.below(factory, base), **kwargs)

    return connect_traced


def _cursor(base: type, cursor: Callable[..., Any]) -> Callable[..., Any]:
    def cursor_traced(
        self: Any, /, name: Any = None, cursor_factory: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        factory = cursor_factory if cursor_factory is not None else self.cursor_factory
        return cursor(
            self, name, c_classes.below(base if factory is None else factory, base), *args, **kwargs
        )

    return cursor_traced


def _copy(form: str, cursor: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    table = args[1] if len(args) > 1 else kwargs.get("table")
    return form.format(table) if isinstance(table, str) else None
