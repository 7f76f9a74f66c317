"""XRayTracedConn and XRayTracedCursor: a DB-API connection or cursor whose calls are traced, as the X-Ray SDK has them.

Of a driver that is patched the calls are recorded anyhow: then these only hand on.
"""

from __future__ import annotations

from .. import recording
from ..patches import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OWN = ("__wrapped__", "_xray_meta")


class Proxy:
    """Stands for an object: what is not its own is that object's."""

    def __init__(self, wrapped: Any, meta: dict[str, Any] | None = None) -> None:
        """`meta`: what is recorded of each call, and under `name` its name."""
        object.__setattr__(self, "__wrapped__", wrapped)
        object.__setattr__(self, "_xray_meta", {} if meta is None else meta)

    @property
    def __class__(self) -> Any:
        """That of what it stands for."""
        return self.__wrapped__.__class__

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        self.__wrapped__.__class__ = kind

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "__wrapped__"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            setattr(self.__wrapped__, name, value)

    def __enter__(self) -> Any:
        value = self.__wrapped__.__enter__()
        return self if value is self.__wrapped__ else value

    def __exit__(self, *args: Any) -> Any:
        return self.__wrapped__.__exit__(*args)

    def __iter__(self) -> Any:
        return iter(self.__wrapped__)

    def __next__(self) -> Any:
        return next(self.__wrapped__)


class XRayTracedConn(Proxy):
    """A connection: its cursors are traced."""

    __module__ = "aws_xray_sdk.ext.dbapi2"

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """A cursor whose calls are traced."""
        return XRayTracedCursor(self.__wrapped__.cursor(*args, **kwargs), self._xray_meta)


class XRayTracedCursor(Proxy):
    """A cursor: what it executes is traced."""

    __module__ = "aws_xray_sdk.ext.dbapi2"

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """Execute, in a subsegment."""
        return self._traced("execute", query, *args, **kwargs)

    def executemany(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """Execute many times, in one subsegment."""
        return self._traced("executemany", query, *args, **kwargs)

    def callproc(self, proc: Any, *args: Any) -> Any:
        """Call a procedure, in a subsegment."""
        return self._traced("callproc", proc, *args)

    def _traced(self, method: str, *args: Any, **kwargs: Any) -> Any:
        call = getattr(self.__wrapped__, method)
        driver = type(self.__wrapped__).__module__.partition(".")[0]
        if any(module.partition(".")[0] == driver for module in list(registry.registered)):
            return call(*args, **kwargs)
        with recording.default.in_subsegment(self._xray_meta.get("name") or method, "remote") as subsegment:
            sql = {key: value for key, value in self._xray_meta.items() if key != "name"}
            subsegment.set_sql({"database_type": driver, **sql})
            return call(*args, **kwargs)


class XRayTracedSQLite(XRayTracedConn):
    """A connection of sqlite3, which executes by itself, too."""

    __module__ = "aws_xray_sdk.ext.sqlite3.patch"

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Execute on a cursor of its own."""
        return self.cursor().execute(*args, **kwargs)

    def executemany(self, *args: Any, **kwargs: Any) -> Any:
        """Execute many times on a cursor of its own."""
        return self.cursor().executemany(*args, **kwargs)


def add_sql_meta(meta: dict[str, Any]) -> None:
    """Say of the current subsegment which SQL call it is."""
    subsegment = recording.default.current_subsegment()
    if subsegment is not None and subsegment.sampled:
        subsegment.name = meta.get("name") or subsegment.name
        subsegment.namespace = "remote"
        subsegment.set_sql({key: value for key, value in meta.items() if key != "name"})
