"""Libraries whose calls are traced, and when: each is patched the moment it is imported.

Registering a library imports nothing, neither it nor the module that patches it; what a function does not use
costs it nothing, and the order of imports does not matter. A library's patch is the module of the same name
beside this one: it has `patch(module)` and `unpatch(module)`, which get the imported module, and sees the
recorder through its public methods.
"""

from __future__ import annotations

import sys

from ..guard import pass_on, warn_once
from . import import_hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from types import ModuleType

LIBRARIES: dict[str, tuple[str, ...]] = {
    # threads
    "threads": ("threading", "concurrent.futures.thread"),
    # AWS
    "botocore": ("botocore.client", "botocore.endpoint"),
    "aiobotocore": ("aiobotocore.client", "aiobotocore.endpoint"),
    "pynamodb": ("pynamodb.connection.base",),
    # HTTP
    "requests": ("requests",),
    "httpx": ("httpx",),
    "urllib3": ("urllib3",),
    "aiohttp": ("aiohttp",),
    "httplib": ("http.client",),
    # SQL
    "sqlite3": ("sqlite3.dbapi2", "sqlite3"),
    "aiosqlite": ("aiosqlite.core",),
    "mysql": ("mysql.connector.cursor", "mysql.connector.cursor_cext", "mysql.connector.aio.cursor"),
    "pymysql": ("pymysql.cursors",),
    "psycopg2": ("psycopg2",),
    "psycopg": ("psycopg",),
    "pg8000": ("pg8000.core", "pg8000.dbapi", "pg8000.legacy", "pg8000.native"),
    "asyncpg": ("asyncpg.connection", "asyncpg.prepared_stmt", "asyncpg.cursor", "asyncpg.transaction"),
    "sqlalchemy_core": ("sqlalchemy",),
    # other databases
    "pymongo": ("pymongo.monitoring",),
    "redis": ("redis.client", "redis.cluster", "redis.asyncio.client", "redis.asyncio.cluster"),
}
"""The modules of each library that are patched when they have been imported. No two have one in common."""

ALIASES: dict[str, str] = {
    # AWS
    "boto3": "botocore",
    "aioboto3": "aiobotocore",
    # HTTP
    "http.client": "httplib",
    "urllib": "httplib",
    "urllib.request": "httplib",
    # SQL
    "mysql.connector": "mysql",
    "psycopg_pool": "psycopg",
    "sqlalchemy": "sqlalchemy_core",
    # other databases
}
"""Other names of libraries, as the X-Ray SDK has them."""

ROOMS: dict[str, tuple[str, ...]] = {
    "aws.": ("botocore", "aiobotocore", "pynamodb"),
    "http.": ("requests", "httpx", "urllib3", "aiohttp", "httplib"),
    "sql.": (
        *("sqlite3", "aiosqlite", "mysql", "pymysql", "psycopg2", "psycopg", "pg8000", "asyncpg"),
        "sqlalchemy_core",
    ),
}

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
    libraries = named(modules)
    try:
        own = check(libraries)
    except ValueError as error:
        pass_on(error)
        if raise_errors:
            raise
        warn_once("patch", "%s", error)
        return
    if own:
        from . import own_packages

        _register([name for name in libraries if name in LIBRARIES])
        own_packages.patch(own, ignore_module_patterns or ())
    else:
        _register(libraries)


def check(modules: Iterable[str]) -> list[str]:
    """Raise ValueError for a name that `patch` does not know; returns those that are packages of your own."""
    own = [name for name in named(modules) if name not in LIBRARIES]
    if own:
        from . import own_packages

        unknown = [name for name in own if not own_packages.is_importable(name)]
        if unknown:
            known = ", ".join(sorted({*LIBRARIES, *ALIASES}))
            names = ", ".join(map(repr, unknown))
            raise ValueError(
                f"cannot patch {names}: neither a known library nor importable; known are {known}"
            )
    return own


def patch_all(double_patch: bool = False) -> None:
    """Trace what every known library does.

    `double_patch` is the X-Ray SDK's way to include http.client, which would record some calls twice there;
    here a call is recorded once, so it is always included.
    """
    _register(LIBRARIES)


def unpatch(modules: Iterable[str]) -> None:
    """Put back the very functions that were there, and do not patch the libraries when they are imported.

    Raises ValueError for an unknown name.
    """
    libraries = named(modules)
    own = [name for name in libraries if name not in LIBRARIES]
    if own:
        from . import own_packages

        unknown = [name for name in own if not own_packages.is_patched(name)]
        if unknown:
            raise ValueError(f"cannot unpatch {', '.join(map(repr, unknown))}: never patched")
        own_packages.unpatch(own)
    _unregister([name for name in libraries if name in registered.values()])


def unpatch_all() -> None:
    """Put back all that was replaced, in libraries and in your own packages."""
    _unregister(dict.fromkeys(registered.values()))
    if f"{__package__}.own_packages" in sys.modules:
        from . import own_packages

        own_packages.unpatch_all()


def named(modules: Iterable[str]) -> list[str]:
    """The libraries' own names; a bare text, which the X-Ray SDK takes for its letters, is one name."""
    names = [modules] if isinstance(modules, str) else list(modules)
    return [ALIASES.get(name, name) for name in names]


def patch_module(name: str) -> ModuleType:
    """The module beside this one that patches a library."""
    # __import__ and sys.modules, since importlib.import_module is a Python function around just that.
    room = next((room for room, names in ROOMS.items() if name in names), "")
    qualified = f"{__package__}.{room}{name}"
    __import__(qualified)
    return sys.modules[qualified]


def targets_of(libraries: Iterable[str]) -> dict[str, str]:
    """The modules that are patched of these libraries, each with its library."""
    return {target: name for name in libraries for target in LIBRARIES[name]}


def _register(libraries: Collection[str]) -> None:
    """Have libraries patched; again those that are patched already, in case something put other functions in."""
    targets = targets_of(libraries)
    registered.update(targets)
    unpatchable.difference_update(libraries)
    import_hook.when_imported(targets, _patch_imported)


def _unregister(libraries: Iterable[str]) -> None:
    targets = targets_of(libraries)
    for target in targets:
        registered.pop(target, None)
    import_hook.forget(targets)
    for target, name in targets.items():
        module = sys.modules.get(target)
        if module is not None:
            patch_module(name).unpatch(module)


def _patch_imported(target: str, module: ModuleType) -> None:
    """Patch a module that has been imported."""
    name = registered.get(target)
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
        patch_module(name).patch(module)
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
        _put_back(name)


def _put_back(name: str) -> None:
    """Undo what was patched of a library before it turned out that the rest cannot be."""
    for target in LIBRARIES[name]:
        module = sys.modules.get(target)
        try:
            if module is not None:
                patch_module(name).unpatch(module)
        except (
            Exception
        ) as error:  # the module that can't be patched can't be unpatched either, and need not be
            pass_on(error)
