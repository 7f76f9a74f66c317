"""Redis and Valkey, through redis-py, sync, asyncio and cluster.

Wraps: `execute_command` of the clients, through which all commands go, `execute` and
`immediate_execute_command` (what is sent between WATCH and MULTI) of their pipelines.
Records: a subsegment per command or pipeline, named `redis@host`, namespace remote, metadata in the
namespace `redis`: the command's name, or how many commands of which names a pipeline sends, and the
database's number. That a watched key changed, or that a script is not known yet, is no failure: redis-py
handles it.
Never records: keys, values, replies, passwords.
Propagates: nothing.
"""

from __future__ import annotations

import sys

from . import nesting, replace
from .sql import dbapi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_MAX_NAMES = 20


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `redis.client`, `redis.cluster`, or those of `redis.asyncio`."""
    wrap = _wrap_async if ".asyncio." in module.__name__ else _wrap
    if module.__name__.endswith("cluster"):
        return [
            (module.RedisCluster, "execute_command", wrap(_command)),
            (module.ClusterPipeline, "execute", wrap(_pipeline)),
        ]
    return [
        (module.Redis, "execute_command", wrap(_command)),
        (module.Pipeline, "execute", wrap(_pipeline)),
        (module.Pipeline, "immediate_execute_command", wrap(_command)),
    ]


def _wrap(describe: Callable[..., Any]) -> Callable[[Any], Any]:
    def make(method: Callable[..., Any]) -> Callable[..., Any]:
        name = getattr(method, "__name__", "")

        def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            recording = _begin(self, name, describe, args)
            if recording is None:
                return method(self, *args, **kwargs)
            return nesting.run(recording, method, self, *args, **kwargs)

        return call

    return make


def _wrap_async(describe: Callable[..., Any]) -> Callable[[Any], Any]:
    def make(method: Callable[..., Any]) -> Callable[..., Any]:
        name = getattr(method, "__name__", "")

        async def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            recording = _begin(self, name, describe, args)
            if recording is None:
                return await method(self, *args, **kwargs)
            return await nesting.run_async(recording, method, self, *args, **kwargs)

        return call

    return make


def _begin(
    client: Any, method: str, describe: Callable[..., Any], args: tuple[Any, ...]
) -> dbapi.Call | None:
    if not dbapi.is_recorded(client, method):
        return None
    metadata = dbapi.guarded(describe, client, args)
    if metadata is None:
        return None
    host, database = dbapi.guarded(_place, client) or (None, None)
    if database is not None:
        metadata["database"] = database

    def fill(subsegment: Any) -> None:
        for key, value in metadata.items():
            subsegment.put_metadata(key, value, "redis")

    return dbapi.Call(client, f"redis@{host}" if host else "redis", fill, _expected())


def _expected() -> tuple[type[BaseException], ...]:
    """What redis-py handles itself: a watched key that changed, a script that the server does not know yet."""
    exceptions = sys.modules.get("redis.exceptions")
    return tuple(
        kind
        for name in ("WatchError", "NoScriptError")
        if isinstance(kind := getattr(exceptions, name, None), type)
    )


def _command(client: Any, args: tuple[Any, ...]) -> dict[str, Any]:
    return {"command": _name(args[0]) if args else None}


def _pipeline(pipeline: Any, args: tuple[Any, ...]) -> dict[str, Any] | None:
    """None for an empty pipeline, which sends nothing."""
    # A cluster's pipeline keeps its commands elsewhere, in recent versions.
    strategy = getattr(pipeline, "_execution_strategy", None)
    stack = getattr(strategy, "_command_queue", None) or getattr(pipeline, "command_stack", None)
    if not stack:
        return None
    names: list[str] = []
    for queued in stack[: 10 * _MAX_NAMES]:
        arguments = getattr(queued, "args", None) or queued[0]
        name = _name(arguments[0])
        if name not in names and len(names) < _MAX_NAMES:
            names.append(name)
    return {"commands": names, "count": len(stack)}


def _name(command: Any) -> str:
    """The first word: redis-py takes a whole command in one text, too, with its keys and values."""
    text = command.decode("utf-8", "replace") if isinstance(command, bytes) else str(command)
    return (text.split(None, 1) or [""])[0].upper()[:32]


def _place(client: Any) -> tuple[str | None, Any]:
    pool = getattr(client, "connection_pool", None)
    if pool is None:  # a cluster's
        nodes = getattr(client, "nodes_manager", None)
        node = getattr(nodes, "default_node", None)
        return dbapi.plain(getattr(node, "host", None)), None
    settings = pool.connection_kwargs
    host = "localhost" if settings.get("path") else settings.get("host", "localhost")
    return dbapi.plain(getattr(pool, "service_name", None) or host), settings.get("db", 0)
