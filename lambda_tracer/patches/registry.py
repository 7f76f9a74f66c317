"""Libraries whose calls are traced, and when: each is patched the moment it is imported.

Registering a library imports nothing, neither it nor the module that patches it; what a function does not use
costs it nothing, and the order of imports does not matter. A library's patch is a module of its name in one of the
rooms beside this one, which sees the recorder through its public methods. It says what is replaced in each of the
library's modules, `targets(module)`; replacing and putting back is done here. One that does more than replace
functions, or nothing of the kind, has `patch(module)` and `unpatch(module)` instead. `protocols` has both.
"""

from __future__ import annotations

import sys

from ..guard import pass_on, warn_once
from . import import_hook, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from types import ModuleType
    from typing import Any

    from .protocols import Patches, Replaces


class Library:
    """A library that can be traced. Slotted and plain, since a dataclass or a named tuple would cost at cold starts.

    `room` is the folder beside this file that has the library's patch, "" for this folder; `otel` is a room of the
    package. `modules` are those that are patched when they have been imported; no two libraries have one in common.
    `aliases` are other names for it, as the X-Ray SDK has them. `needs` are libraries that it works through: when it is
    imported, they are patched with it.
    """

    __slots__ = ("aliases", "modules", "needs", "room")

    def __init__(
        self, room: str, modules: tuple[str, ...], aliases: tuple[str, ...] = (), needs: tuple[str, ...] = ()
    ) -> None:
        self.room = room
        self.modules = modules
        self.aliases = aliases
        self.needs = needs


_TABLE = """
threads - threading concurrent.futures.thread
# AWS
botocore aws botocore.client botocore.endpoint alias boto3
aiobotocore aws aiobotocore.client aiobotocore.endpoint alias aioboto3
pynamodb aws pynamodb.connection.base needs botocore
# HTTP
requests http requests
httpx http httpx
urllib3 http urllib3
aiohttp http aiohttp
httplib http http.client alias http.client urllib urllib.request
# what answers HTTP requests
starlette web starlette.applications starlette.routing starlette.middleware.exceptions fastapi.routing alias fastapi
flask web flask.app
quart web quart.app
django web django.core.handlers.base django.core.handlers.exception django.core.handlers.wsgi django.core.handlers.asgi
powertools web aws_lambda_powertools.event_handler.api_gateway aws_lambda_powertools.event_handler.http_resolver \
    aws_lambda_powertools.event_handler.middlewares.async_utils \
    alias aws_lambda_powertools aws_lambda_powertools.event_handler
chalice web chalice.app
bottle web bottle
aiohttp_web web aiohttp.web_app aiohttp.web_urldispatcher alias aiohttp.web
# SQL
sqlite3 sql sqlite3.dbapi2 sqlite3
aiosqlite sql aiosqlite.core
mysql sql mysql.connector.cursor mysql.connector.cursor_cext mysql.connector.aio.cursor alias mysql.connector
pymysql sql pymysql.cursors
psycopg2 sql psycopg2
psycopg sql psycopg alias psycopg_pool
pg8000 sql pg8000.core pg8000.dbapi pg8000.legacy pg8000.native
asyncpg sql asyncpg.connection asyncpg.prepared_stmt asyncpg.cursor asyncpg.transaction
sqlalchemy_core sql sqlalchemy alias sqlalchemy
# other databases
pymongo - pymongo.monitoring
redis - redis.client redis.cluster redis.asyncio.client redis.asyncio.cluster
# after those that it steps back for
opentelemetry otel opentelemetry.trace opentelemetry.instrumentation.instrumentor
"""
"""Of each library its name, room and modules, then its aliases and needs. As text, of which all Pythons share one."""


LIBRARIES: dict[str, Library] = {}

ALIASES: dict[str, str] = {}
"""By another name of a library: its own."""

for _row in _TABLE.splitlines():
    if _row and _row[0] != "#":
        _row, _, _needs = _row.partition(" needs ")
        _row, _, _aliases = _row.partition(" alias ")
        _name, _room, *_modules = _row.split()
        LIBRARIES[_name] = Library(
            _room.strip("-"), tuple(_modules), tuple(_aliases.split()), tuple(_needs.split())
        )
        ALIASES.update(dict.fromkeys(_aliases.split(), _name))

registered: dict[str, str] = {}
"""By the module that is to be patched: its library."""

unpatchable: set[str] = set()
"""Libraries that could not be patched: no module of theirs is, until they are named again."""


def patch(
    modules: Iterable[str], raise_errors: bool = True, ignore_module_patterns: Iterable[str] | None = None
) -> None:
    """Trace what the named libraries do: at once if they are imported, else when they are.

    A name that is no known library may be that of a package of your own, found as `import` finds it: its
    functions and methods are then captured, but for modules whose dotted name one of `ignore_module_patterns`
    (regular expressions) matches from its start. Raises ValueError for any other name, or with
    `raise_errors=False` logs it once; nothing is patched then.
    """
    libraries = library_names(modules)
    own = check(libraries, raise_errors)
    if own is None:
        return
    _register([*filter(LIBRARIES.__contains__, libraries)])
    if own:
        from . import own_packages

        own_packages.patch(own, ignore_module_patterns or ())


def patch_all(double_patch: bool = False) -> None:
    """Trace what every known library does.

    `double_patch` is the X-Ray SDK's way to include http.client, which would record some calls twice there;
    here a call is recorded once, so it is always included.
    """
    _register(LIBRARIES)


def check(modules: Iterable[str], raise_errors: bool = True) -> list[str] | None:
    """Those of the names that are packages of your own; raise ValueError, or log and return None, for unknown ones."""
    own = [name for name in library_names(modules) if name not in LIBRARIES]
    if own:
        from . import own_packages

        return own_packages.checked(own, {*LIBRARIES, *ALIASES}, raise_errors)
    return own


def library_names(modules: Iterable[str]) -> list[str]:
    """The libraries' own names; a bare text, which the X-Ray SDK takes for its letters, is one name."""
    names = [modules] if isinstance(modules, str) else list(modules)
    return [ALIASES.get(name, name) for name in names]


def patch_of(name: str) -> Replaces | Patches:
    """The module that patches a library."""
    room = LIBRARIES[name].room
    if room == "otel":
        qualified = f"{__package__.rpartition('.')[0]}.otel.{name}"
    else:
        qualified = f"{__package__}.{room}.{name}" if room else f"{__package__}.{name}"
    # __import__ and sys.modules, since importlib.import_module is a Python function around just that. Type checkers
    # can't follow a name: here alone it is said what these modules have.
    __import__(qualified)
    patch: Any = sys.modules[qualified]
    return patch  # type: ignore[no-any-return]


def _register(libraries: Collection[str]) -> None:
    """Have libraries patched; again those that are patched already, in case something put other functions in."""
    modules = {module_name: name for name in libraries for module_name in LIBRARIES[name].modules}
    registered.update(modules)
    unpatchable.difference_update(libraries)
    import_hook.when_imported(modules, _patch_imported)


def _patch_imported(module_name: str, module: ModuleType) -> None:
    """Patch a module that has been imported."""
    name = registered.get(module_name)
    if name is None or name in unpatchable:
        return
    others = sys.modules.get("aws_xray_sdk.core.patcher")
    if others is not None and name in getattr(others, "_PATCHED_MODULES", ()):
        warn_once(
            "both",
            "the X-Ray SDK has patched %s, too, and both record its calls: have one of them patch",
            name,
        )
    try:
        _patch(name, module)
    except Exception as error:
        pass_on(error)
        warn_once(
            f"patch {name}",
            "%s could not be patched (%s: %s): it works, untraced",
            name,
            type(error).__name__,
            error,
        )
        unpatchable.add(name)
        unpatch_library(name)


def _patch(name: str, module: ModuleType) -> None:
    """Patch a module of a library, and what that needs, which it has imported."""
    patch = patch_of(name)
    if hasattr(patch, "targets"):
        replace.replace(patch.targets(module))
    else:
        patch.patch(module)
    for needed in LIBRARIES[name].needs:
        for module_name in LIBRARIES[needed].modules:
            _patch(needed, sys.modules[module_name])


def unpatch_library(name: str) -> None:
    """Unpatch a library, and what that needs, if it is not patched for its own sake."""
    from . import undo

    undo.unpatch(LIBRARIES[name].modules, lambda: patch_of(name), may_fail=name in unpatchable)
    for needed in LIBRARIES[name].needs:
        if needed in unpatchable or needed not in registered.values():
            unpatch_library(needed)
