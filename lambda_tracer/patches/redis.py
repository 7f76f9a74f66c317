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

import functools
import sys

from ..guard import failed
from . import database, nesting, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any, TypeAlias

    Describe: TypeAlias = Callable[[Any, tuple[Any, ...]], dict[str, Any] | None]

_MAX_NAMES = 20


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `redis.client`, `redis.cluster`, or those of `redis.asyncio`."""
    is_async = ".asyncio." in module.__name__
    command = nesting.traced(functools.partial(_new_call, _command), is_async=is_async)
    pipeline = nesting.traced(functools.partial(_new_call, _pipeline), is_async=is_async)
    if module.__name__.endswith("cluster"):
        return [
            (module.RedisCluster, "execute_command", command),
            (module.ClusterPipeline, "execute", pipeline),
        ]
    return [
        (module.Redis, "execute_command", command),
        (module.Pipeline, "execute", pipeline),
        (module.Pipeline, "immediate_execute_command", command),
    ]


def _new_call(
    describe: Describe, client: Any, method: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> database.Call | None:
    if not database.is_recorded(client, method):
        return None
    metadata = _guarded(describe, client, args)
    if metadata is None:
        return None
    host, number = _guarded(_place, client) or (None, None)
    if number is not None:
        metadata["database"] = number

    def fill(subsegment: Any) -> None:
        for key, value in metadata.items():
            subsegment.put_metadata(key, value, "redis")

    return database.Call(client, f"redis@{host}" if host else "redis", fill, _expected())


def _guarded(describe: Callable[..., Any], *args: Any) -> Any:
    """What `describe` returns; None when it fails, which is reported as an error of ours."""
    try:
        return describe(*args)
    except Exception as error:
        failed(error)
        return None


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
        return database.setting(getattr(node, "host", None)), None
    settings = pool.connection_kwargs
    host = "localhost" if settings.get("path") else settings.get("host", "localhost")
    return database.setting(getattr(pool, "service_name", None) or host), settings.get("db", 0)
