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

import functools
import itertools
import operator
import os
import sys

from ...guard import pass_on
from .. import replace
from . import c_classes, dbapi, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Any, TypeAlias

    Place: TypeAlias = tuple[dict[str, Any], str]
    """A module's globals, and a name among them."""

_STATEMENTS = ("execute", "executemany", "executescript")
_DATABASE = "_lambda_tracer_database"

_connects: dict[int, Callable[..., Any]] = {}  # ours, by the id of the one that it calls

# Where `connect` was found last, with the number of references to it and of modules since then. Tests patch and unpatch
# it again and again: to look for it in thousands of modules takes milliseconds.
_found: tuple[int, int, list[Place]] = (0, 0, [])


def patch(module: ModuleType) -> None:
    """Patch `sqlite3` or `sqlite3.dbapi2`, and what others took from it."""
    known = _places(module)
    original = module.connect
    replace.replace(_targets(module))
    if not _is_being_imported() and module.connect is not original:
        _rebind(module, original, known)


def unpatch(module: ModuleType) -> None:
    """Undo `patch`; connections made in the meantime record no more."""
    from .. import undo

    known = _places(module)
    replaced = module.connect
    undo.restore(_targets(module))
    if module.connect is not replaced:
        _rebind(module, replaced, known)


def _targets(module: ModuleType) -> list[replace.Target]:
    in_c = sys.modules["_sqlite3"]  # as they are, whatever others have put into `sqlite3`
    connection = c_classes.subclass(in_c.Connection, ("__init__", "cursor", *_STATEMENTS))
    cursor = c_classes.subclass(in_c.Cursor, _STATEMENTS)
    statement = dbapi.traced(_describe)
    found: list[replace.Target] = [
        (module, "connect", functools.partial(_connect, in_c.Connection)),
        (connection, "__init__", _remember),
        (connection, "cursor", functools.partial(_cursor, in_c.Cursor)),
        *((cursor, name, statement) for name in _STATEMENTS),
    ]
    # Before Python 3.11 the connection's methods call self.cursor() and that cursor's method.
    if sys.version_info >= (3, 11):
        on_cursor = functools.partial(_on_cursor, in_c.Connection, cursor)
        found += [(connection, name, on_cursor) for name in _STATEMENTS]
    return found


def _is_being_imported() -> bool:
    """Whether nobody but the two modules can have taken anything from them yet."""
    module = sys.modules.get("sqlite3")
    return module is None or bool(getattr(module.__spec__, "_initializing", False))


def _places(module: ModuleType) -> list[Place] | None:
    """Where `connect` is; None if somebody may have taken it, or let go of it, since that was looked at."""
    count, modules_count, places = _found
    is_as_found = (sys.getrefcount(module.connect), len(sys.modules)) == (count, modules_count)
    return places if is_as_found else None


def _rebind(module: ModuleType, before: Any, known: list[Place] | None) -> None:
    """Put the module's `connect` in the place of what was it `before`, in all modules that have that as a global."""
    global _found
    places = list(_search(before)) if known is None else known
    for namespace, name in places:
        namespace[name] = module.connect
    _found = sys.getrefcount(module.connect), len(sys.modules), places


def _search(function: Any) -> Iterator[Place]:
    """The globals of modules that are this function, under whatever name."""
    for module in list(sys.modules.values()):
        namespace = getattr(module, "__dict__", None)
        if not isinstance(namespace, dict) or namespace.get("__name__") in ("_sqlite3", __name__):
            continue
        # Of thousands of modules hardly one has it: a first look that runs no bytecode takes a third of the time.
        if any(map(operator.is_, list(namespace.values()), itertools.repeat(function))):
            yield from ((namespace, name) for name, value in list(namespace.items()) if value is function)


def _connect(base: type, connect: Callable[..., Any]) -> Callable[..., Any]:
    # Both modules have the same function, unless somebody has wrapped one of them.
    known = _connects.get(id(connect))
    if known is not None:
        return known

    def connect_traced(*args: Any, **kwargs: Any) -> Any:
        if len(args) > 5:  # every argument may be positional
            args = (*args[:5], c_classes.below(args[5], base), *args[6:])
        else:
            kwargs["factory"] = c_classes.below(kwargs.get("factory", base), base)
        return connect(*args, **kwargs)

    _connects[id(connect)] = connect_traced  # which holds it
    return connect_traced


def _remember(init: Callable[..., None]) -> Callable[..., None]:
    def remember_database(self: Any, /, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        setattr(self, _DATABASE, args[0] if args else kwargs.get("database"))

    return remember_database


def _cursor(base: type, cursor: Callable[..., Any]) -> Callable[..., Any]:
    def cursor_traced(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if args:
            args = (c_classes.below(args[0], base), *args[1:])
        else:
            kwargs["factory"] = c_classes.below(kwargs.get("factory", base), base)
        return cursor(self, *args, **kwargs)

    return cursor_traced


def _on_cursor(base: Any, cursor: type, method: Callable[..., Any]) -> Callable[..., Any]:
    """The connection's method, which makes a cursor and returns it: a traced one. It is the cursor that records."""
    name = method.__name__

    def on_traced_cursor(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        # The C class's own cursor(), as the C method has it, whatever a subclass made of it.
        return getattr(base.cursor(self, cursor), name)(*args, **kwargs)

    return on_traced_cursor


def _describe(cursor: Any) -> dbapi.Described:
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
