"""The X-Ray SDK's ways to patch: `patch`, `patch_all`, and the `patch` of each library's own module."""

from __future__ import annotations

from .. import settings
from ..patches import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

NO_DOUBLE_PATCH = (
    "aiobotocore",
    "botocore",
    "pynamodb",
    "requests",
    "sqlite3",
    "mysql",
    "pymongo",
    "pymysql",
    "psycopg2",
    "psycopg",
    "pg8000",
    "sqlalchemy_core",
    "httpx",
)
SUPPORTED_MODULES = (*NO_DOUBLE_PATCH[:6], "httplib", *NO_DOUBLE_PATCH[6:])
_PATCHED_MODULES: set[str] = set()


def patch(
    modules_to_patch: Sequence[str],
    raise_errors: bool = True,
    ignore_module_patterns: Sequence[str] | None = None,
) -> None:
    """Trace what the named libraries do; see `lambda_tracer.patch`. Where recording is off, no name is looked at."""
    is_enabled = settings.global_sdk_config.sdk_enabled()
    registry.patch(modules_to_patch, raise_errors and is_enabled, ignore_module_patterns)


def patch_all(double_patch: bool = False) -> None:
    """Trace what every known library does; see `lambda_tracer.patch_all`."""
    registry.patch_all(double_patch)


class LibraryPatch:
    """What the SDK has a module for each library for."""

    def __init__(self, library: str) -> None:
        self._library = library

    def patch(self, record_full_documents: bool | None = None) -> None:
        """Trace what it does. `record_full_documents` is pymongo's."""
        if record_full_documents is not None:
            from ..patches import pymongo

            pymongo.record_full_documents = record_full_documents
        registry.patch([self._library])

    def unpatch(self) -> None:
        """Put back what was replaced."""
        from ..patches import unpatch

        unpatch.unpatch([self._library])


def __getattr__(name: str) -> LibraryPatch:
    if name not in registry.LIBRARIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = LibraryPatch(name)
    return found


def transport(inner: Any) -> Any:
    """A transport of httpx as it is: the clients are traced."""
    registry.patch(["httpx"])
    return inner


def command_listener(*args: Any, **kwargs: Any) -> Any:
    """A listener that does nothing: pymongo's clients are traced without one."""
    from pymongo.monitoring import CommandListener

    registry.patch(["pymongo"])

    class XrayCommandListener(CommandListener):
        """Told, and silent."""

        def started(self, event: Any) -> None:
            """Does nothing."""

        succeeded = failed = started

    return XrayCommandListener()
