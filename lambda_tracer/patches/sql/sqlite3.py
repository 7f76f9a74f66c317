"""SQLite, through the standard library's `sqlite3`.

Wraps: `sqlite3.connect`, to give connections and cursors of subclasses: the classes are written in C and
immutable. A `factory` class of the user's, for connections or cursors, gets ours below it, between itself
and the C class. A `connect` that a module took before the patch (`from sqlite3 import connect`) is
replaced in that module. Connections made before the patch stay untraced.
Records: a subsegment per `execute`, `executemany` and `executescript`, of the connection or a cursor:
named by the path as given (`:memory:`), namespace remote, versions, the statement without literals when
`stream_sql` is on.
Never records: parameters, rows, literals, the query string of a `file:` URI.
Propagates: nothing; there is no server.
"""

from __future__ import annotations

import os
import sys

from ...guard import pass_on
from .. import replace
from . import dbapi, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_STATEMENTS = ("execute", "executemany", "executescript")
_DATABASE = "_lambda_tracer_database"

_is_on = False
_connects: dict[int, Callable[..., Any]] = {}  # what was made, by the id of what it replaces
_connection: Any = None
_cursor: Any = None
_C_CONNECTION: Any = None
_C_CURSOR: Any = None


def patch(module: ModuleType) -> None:
    """Patch `sqlite3` or `sqlite3.dbapi2`."""
    global _is_on
    _make_classes(module)
    original = vars(module)["connect"]
    replace.replace([(module, "connect", _made)])
    _is_on = True
    if not _is_being_imported():
        _rebind(original, module.connect)


def unpatch(module: ModuleType) -> None:
    """Undo `patch`; connections made in the meantime record no more."""
    global _is_on
    _is_on = False
    replaced = vars(module)["connect"]
    replace.restore([(module, "connect")])
    _rebind(replaced, module.connect)


def _is_being_imported() -> bool:
    """Whether nobody but the two modules can have taken anything from them yet."""
    module = sys.modules.get("sqlite3")
    return module is None or bool(getattr(module.__spec__, "_initializing", False))


def _rebind(before: Any, after: Any) -> None:
    """Replace a function in every module that has it as a global, under whatever name."""
    if before is after:
        return
    for module in list(sys.modules.values()):
        namespace = getattr(module, "__dict__", None)
        if not isinstance(namespace, dict) or namespace.get("__name__") in ("_sqlite3", __name__):
            continue
        for name, value in list(namespace.items()):
            if value is before:
                namespace[name] = after


def _make_classes(module: Any) -> None:
    global _C_CONNECTION, _C_CURSOR, _connection, _cursor
    if _connection is not None:
        return
    _C_CONNECTION, _C_CURSOR = module.Connection, module.Cursor
    traced = dbapi.traced(_describe)
    _cursor = dbapi.subclass(
        _C_CURSOR, dict.fromkeys(_STATEMENTS, lambda method: _while_on(traced(method), method))
    )
    _connection = dbapi.subclass(
        _C_CONNECTION,
        {"__init__": _remember, "cursor": _with_traced_cursor, **dict.fromkeys(_STATEMENTS, _through_cursor)},
    )


def _while_on(traced: Callable[..., Any], method: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        return (traced if _is_on else method)(self, *args, **kwargs)

    return call


def _made(connect: Callable[..., Any]) -> Callable[..., Any]:
    # Both modules have the same function, unless somebody has wrapped one of them.
    made = _connects.get(id(connect))
    if made is None:

        def connect_traced(*args: Any, **kwargs: Any) -> Any:
            if len(args) > 5:  # every argument may be positional
                args = (*args[:5], dbapi.below(args[5], _C_CONNECTION, _connection), *args[6:])
            else:
                factory = kwargs.get("factory", _C_CONNECTION)
                kwargs["factory"] = dbapi.below(factory, _C_CONNECTION, _connection)
            return connect(*args, **kwargs)

        made = _connects[id(connect)] = connect_traced  # which holds it
    return made


def _remember(init: Callable[..., None]) -> Callable[..., None]:
    def remember_database(self: Any, /, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        setattr(self, _DATABASE, args[0] if args else kwargs.get("database"))

    return remember_database


def _with_traced_cursor(cursor: Callable[..., Any]) -> Callable[..., Any]:
    def cursor_traced(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if args:
            args = (dbapi.below(args[0], _C_CURSOR, _cursor), *args[1:])
        else:
            kwargs["factory"] = dbapi.below(kwargs.get("factory", _C_CURSOR), _C_CURSOR, _cursor)
        return cursor(self, *args, **kwargs)

    return cursor_traced


def _through_cursor(method: Callable[..., Any]) -> Callable[..., Any]:
    """The connection's method, which makes a cursor and returns it: a traced one. It is the cursor that records."""
    if sys.version_info < (3, 11):  # there it calls self.cursor() and that cursor's method
        return lambda self, /, *args, **kwargs: method(self, *args, **kwargs)
    name = method.__name__

    def on_traced_cursor(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        # The C class's own cursor(), as the C method has it, whatever a subclass made of it.
        return getattr(_C_CONNECTION.cursor(self, _cursor), name)(*args, **kwargs)

    return on_traced_cursor


def _describe(cursor: Any) -> tuple[str, dict[str, Any], str]:
    database = getattr(getattr(cursor, "connection", None), _DATABASE, None)
    try:
        name = os.fsdecode(database) if database else "sqlite3"
    except TypeError as error:
        pass_on(error)
        name = "sqlite3"
    if name.startswith("file:"):
        name = name.partition("?")[0].partition("#")[0]
    module = sys.modules.get("sqlite3.dbapi2")
    sql = {"database_type": "sqlite3", "database_version": str(getattr(module, "sqlite_version", ""))}
    return name, sql, text.SQLITE
