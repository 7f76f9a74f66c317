"""MongoDB, through pymongo, sync and async.

Wraps: nothing. Registers a command listener, for all clients that are made from then on, and with those
that exist.
Records: a subsegment per command sent, named `database@host:port`, namespace remote, with the X-Ray SDK's
annotations: command name, connection, database, operation and request id, duration. A failed one is a
fault with the server's code as metadata `failure`.
Never records: documents, neither commands nor replies, unless `record_full_documents` is set. Messages of
the server, which quote values, are left out.
Propagates: nothing.
"""

from __future__ import annotations

import sys
from weakref import WeakValueDictionary

from .. import recording
from ..guard import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType
    from typing import Any

record_full_documents = False
"""Whether commands and replies are recorded as metadata `mongodb_command` and `mongodb_reply`. They hold your data."""

_FAILURE_KEYS = ("ok", "code", "codeName", "errtype", "errorLabels")

_listener: Any = None

# The open ones by what tells a command apart. Weakly: of a command that was cancelled pymongo says no more, and its
# subsegment is kept by its invocation alone.
_open: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()


def patch(module: ModuleType) -> None:
    """Patch `pymongo.monitoring`."""
    global _listener
    if _listener is not None:
        return
    _listener = _new_listener(module)
    module.register(_listener)
    for listeners in _of_existing_clients(module):
        vars(listeners)["_EventListeners__command_listeners"].append(_listener)
        vars(listeners)["_EventListeners__enabled_for_commands"] = True


def unpatch(module: ModuleType) -> None:
    """Undo `patch`."""
    global _listener
    if _listener is None:
        return
    registered = module._LISTENERS.command_listeners
    if _listener in registered:
        registered.remove(_listener)
    for listeners in _of_existing_clients(module):
        of_client = vars(listeners)["_EventListeners__command_listeners"]
        if _listener in of_client:
            of_client.remove(_listener)
            vars(listeners)["_EventListeners__enabled_for_commands"] = bool(of_client)
    _listener = None


def _of_existing_clients(module: ModuleType) -> Iterator[Any]:
    """The listeners of each client there is; of none when this version of pymongo does not say."""
    for name in ("synchronous", "asynchronous", ""):
        home = sys.modules.get(f"pymongo.{name}.mongo_client".replace("..", "."))
        for kind in ("MongoClient", "AsyncMongoClient"):
            client_class = getattr(home, kind, None)
            if client_class is None or client_class.__module__ != home.__name__:  # type: ignore[union-attr]
                continue
            for client in list(getattr(client_class, "_clients", {}).values()):
                listeners = getattr(client, "_event_listeners", None)
                if "_EventListeners__command_listeners" in getattr(listeners, "__dict__", {}):
                    yield listeners


def _new_listener(module: Any) -> Any:
    class Listener(module.CommandListener):  # type: ignore[misc]  # known at run time only
        """Hands on what pymongo says; an error of ours ends here."""

        def started(self, event: Any) -> None:
            try:
                _started(event)
            except Exception as error:
                failed(error)

        def succeeded(self, event: Any) -> None:
            try:
                _ended(event, None)
            except Exception as error:
                failed(error)

        def failed(self, event: Any) -> None:
            try:
                _ended(event, event.failure)
            except Exception as error:
                failed(error)

    return Listener()


def _key(event: Any) -> tuple[Any, ...]:
    return event.request_id, event.connection_id, event.command_name


def _started(event: Any) -> None:
    if not recording.default.is_followed():
        return
    host, port = event.connection_id
    address = f"{host}:{port}" if port is not None else "localhost"  # a socket of this machine has no port
    outer = recording.default.current_subsegment()
    subsegment = recording.default.begin_subsegment(f"{event.database_name}@{address}", namespace="remote")
    # Not current: pymongo says nothing more of a cancelled command, and nothing traced happens below one.
    recording.default.set_trace_entity(outer)
    _open[_key(event)] = subsegment
    if not subsegment.sampled:
        return
    subsegment.put_annotation("mongodb_command_name", event.command_name)
    subsegment.put_annotation("mongodb_connection_id", address)
    subsegment.put_annotation("mongodb_database_name", event.database_name)
    subsegment.put_annotation("mongodb_operation_id", event.operation_id)
    subsegment.put_annotation("mongodb_request_id", event.request_id)
    if record_full_documents:
        subsegment.put_metadata("mongodb_command", dict(event.command))


def _ended(event: Any, failure: Any) -> None:
    subsegment = _open.pop(_key(event), None)
    if subsegment is None:
        return
    if subsegment.sampled:
        subsegment.put_annotation("mongodb_duration_micros", event.duration_micros)
    if failure is not None:
        subsegment.add_fault_flag()
        kept = (
            failure
            if record_full_documents
            else {key: failure[key] for key in _FAILURE_KEYS if key in failure}
        )
        subsegment.put_metadata("failure", dict(kept))
    elif record_full_documents:
        subsegment.put_metadata("mongodb_reply", event.reply)
    subsegment.close()
