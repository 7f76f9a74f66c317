"""SQLAlchemy 1.4 and 2, Core and ORM, sync and async, through its own events.

Wraps: nothing. Listens, for all engines, to `do_execute` and its siblings, which come right before the
driver is called, and to `after_cursor_execute` and `handle_error`, of which one follows.
Records: a subsegment per statement sent, named `database@host` (of SQLite, the path), namespace remote,
URL without password or query, user, versions, the statement as sent, without literals, when `stream_sql`
is on. The driver below records nothing of it.
Never records: parameters, rows, literals, passwords.
Propagates: nothing.
"""

from __future__ import annotations

from ...guard import pass_on
from .. import database
from . import dbapi, text
from .dialects import DIALECTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def patch(module: ModuleType) -> None:
    """Patch `sqlalchemy`."""
    try:
        for name, listener in _LISTENERS.items():
            if not module.event.contains(module.engine.Engine, name, listener):
                _listen(module, name, listener)
    except Exception:
        unpatch(module)
        raise


def _listen(module: ModuleType, name: str, listener: Any) -> None:
    if name == "handle_error":
        try:  # before the others': one that raises keeps the rest from being called
            module.event.listen(module.engine.Engine, name, listener, insert=True)
            return
        except TypeError as error:  # in SQLAlchemy 1.4 it takes no such argument
            pass_on(error)
    module.event.listen(module.engine.Engine, name, listener)


def unpatch(module: ModuleType) -> None:
    """Undo `patch`."""
    for name, listener in _LISTENERS.items():
        if module.event.contains(module.engine.Engine, name, listener):
            module.event.remove(module.engine.Engine, name, listener)


def _do_execute(cursor: Any, statement: str, parameters: Any, context: Any) -> None:
    if "_lambda_tracer_call" in vars(context) or not _will_be_ended(context):
        return
    call = dbapi.new_call(
        lambda _: _describe(context),
        lambda *_: statement,
        False,
        database.EVERYTHING,
        "",
        (),
        {},
        cursor,
    )
    if call is not None:
        context._lambda_tracer_call = call
        call.open()


def _will_be_ended(context: Any) -> bool:
    """Whether `_after_cursor_execute` or `_handle_error` is going to be called; else the driver's patch records it.

    They are not for what SQLAlchemy asks a database when it first connects, nor for what it expects to fail.
    """
    connection = context.root_connection
    return (
        _after_cursor_execute in list(connection.dispatch.after_cursor_execute)
        and not getattr(connection, "_reentrant_error", False)
        and not context.execution_options.get("skip_user_error_events", False)
    )


def _do_execute_no_params(cursor: Any, statement: str, context: Any) -> None:
    _do_execute(cursor, statement, None, context)


def _after_cursor_execute(
    connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    _end(context, None)


def _handle_error(error: Any) -> None:
    _end(error.execution_context, error.original_exception)


def _end(context: Any, exception: BaseException | None) -> None:
    call = vars(context).pop("_lambda_tracer_call", None) if context is not None else None
    if call is not None:
        call.close(exception)


_LISTENERS: dict[str, Any] = {
    "do_execute": _do_execute,
    "do_executemany": _do_execute,
    "do_execute_no_params": _do_execute_no_params,
    "after_cursor_execute": _after_cursor_execute,
    "handle_error": _handle_error,
}


def _describe(context: Any) -> dbapi.Described:
    engine, dialect = context.engine, context.dialect
    url = engine.url
    version = getattr(dialect, "server_version_info", None)
    driver_version = getattr(dialect, f"{dialect.driver}_version", None)
    if not isinstance(driver_version, tuple):
        driver_version = None
    name, sql, kind = dbapi.described(
        url.drivername,
        url.username,
        url.host,
        url.port,
        url.database,
        DIALECTS.get(dialect.name, text.UNKNOWN),
        database_type=dialect.name,
        database_version=".".join(map(str, version)) if version else None,
        driver_version="-".join(
            [dialect.driver, *([".".join(map(str, driver_version))] if driver_version else [])]
        ),
    )
    if dialect.name == "sqlite":
        name = url.database or ":memory:"
        sql["url"] = f"{url.drivername}:///{url.database or ''}".partition("?")[0]
    return name, sql, kind
