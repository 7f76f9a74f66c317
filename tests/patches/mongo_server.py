"""A stand-in for MongoDB, which is not among Debian's packages: as much of its protocol as pymongo needs.

Messages come and go over a real TCP socket: OP_MSG, and OP_QUERY for the handshake of older clients. It keeps
documents in memory, finds them by equality, gives them out in batches, and fails as a server would.
"""

from __future__ import annotations

import itertools
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
MORE_TO_COME = 2


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        try:
            while header := self.rfile.read(16):
                size, request_id, _, kind = struct.unpack("<iiii", header)
                body = self.rfile.read(size - 16)
                command, wants_reply = _query(body) if kind == OP_QUERY else _message(body)
                reply = self.server.store.run(command)  # type: ignore[attr-defined]
                if wants_reply:
                    self.wfile.write(_framed(reply, request_id, kind))
        except (ConnectionError, struct.error):  # the client went away
            pass


def _message(body: bytes) -> tuple[dict[str, Any], bool]:
    import bson

    flags = struct.unpack_from("<I", body)[0]
    position = 4
    command: dict[str, Any] = {}
    while position < len(body):
        section, position = body[position], position + 1
        size = struct.unpack_from("<i", body, position)[0]
        if section == 0:
            command.update(bson.decode(body[position : position + size]))
        else:  # a sequence of documents under a name
            end = body.index(b"\0", position + 4)
            name = body[position + 4 : end].decode()
            command[name] = bson.decode_all(body[end + 1 : position + size])
        position += size
    return command, not flags & MORE_TO_COME


def _query(body: bytes) -> tuple[dict[str, Any], bool]:
    import bson

    start = body.index(b"\0", 4) + 9
    return bson.decode(body[start:]), True


def _framed(reply: dict[str, Any], request_id: int, kind: int) -> bytes:
    import bson

    document = bson.encode(reply)
    if kind == OP_QUERY:
        body, opcode = struct.pack("<iqii", 8, 0, 0, 1) + document, OP_REPLY
    else:
        body, opcode = struct.pack("<IB", 0, 0) + document, OP_MSG
    return struct.pack("<iiii", 16 + len(body), 1, request_id, opcode) + body


class Store:
    """The documents, and what commands do to them."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._cursors: dict[int, list[dict[str, Any]]] = {}
        self._ids = itertools.count(1)

    def run(self, command: dict[str, Any]) -> dict[str, Any]:
        """The reply to a command."""
        name = next(iter(command))
        run = getattr(self, f"_{name.lower()}", None)
        if run is None:
            return {
                "ok": 0.0,
                "code": 59,
                "codeName": "CommandNotFound",
                "errmsg": f"no such command: {name}",
            }
        return {"ok": 1.0, **run(command)}

    def _hello(self, command: dict[str, Any]) -> dict[str, Any]:
        limits = {"maxBsonObjectSize": 1 << 24, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 1000}
        versions = {"minWireVersion": 0, "maxWireVersion": 21}
        return {"helloOk": True, "isWritablePrimary": True, "ismaster": True, **limits, **versions}

    _ismaster = _hello

    def _ping(self, command: dict[str, Any]) -> dict[str, Any]:
        return {}

    _endsessions = _killcursors = _ping

    def _sleep(self, command: dict[str, Any]) -> dict[str, Any]:
        time.sleep(command["sleep"])
        return {}

    def _insert(self, command: dict[str, Any]) -> dict[str, Any]:
        stored = self._documents.setdefault((command["$db"], command["insert"]), [])
        for index, document in enumerate(command["documents"]):
            if any(document["_id"] == other["_id"] for other in stored):
                message = f"E11000 duplicate key error dup key: {{ _id: {document['_id']!r} }}"
                return {"n": index, "writeErrors": [{"index": index, "code": 11000, "errmsg": message}]}
            stored.append(document)
        return {"n": len(command["documents"])}

    def _find(self, command: dict[str, Any]) -> dict[str, Any]:
        wanted = command.get("filter", {})
        if any(key.startswith("$") for key in wanted):
            [key] = wanted
            message = f"unknown top level operator: {key} {wanted[key]!r}"
            return {"ok": 0.0, "code": 2, "codeName": "BadValue", "errmsg": message}
        stored = self._documents.get((command["$db"], command["find"]), [])
        found = [each for each in stored if wanted.items() <= each.items()]
        size = min(command.get("batchSize", 101), command.get("limit") or 101)
        cursor = 0
        if len(found) > size and not command.get("singleBatch"):
            cursor = next(self._ids)
            self._cursors[cursor] = found[size:]
        return {
            "cursor": {"id": cursor, "ns": f"{command['$db']}.{command['find']}", "firstBatch": found[:size]}
        }

    def _getmore(self, command: dict[str, Any]) -> dict[str, Any]:
        rest = self._cursors.pop(command["getMore"])
        size = command.get("batchSize", 101)
        cursor = command["getMore"] if len(rest) > size else 0
        if cursor:
            self._cursors[cursor] = rest[size:]
        return {
            "cursor": {
                "id": cursor,
                "ns": f"{command['$db']}.{command['collection']}",
                "nextBatch": rest[:size],
            }
        }


@contextmanager
def serving() -> Iterator[int]:
    """Serve on a free port of the loopback, which is what `with` gives."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.store = Store()  # type: ignore[attr-defined]  # for its handlers
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
