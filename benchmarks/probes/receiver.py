"""The daemon's side: a process that receives, so that no tracer waits for its own reader.

    receiver.py [keep]    says its port on a line, then answers each line it gets with one line of JSON

By default it has the largest socket buffer that the system gives, and only counts. With `keep` it is an ordinary
reader with the default buffer, which keeps what comes and counts the subsegments in it when asked.
"""

import base64
import json
import socket
import sys
import threading
import time


def main():
    keep = "keep" in sys.argv
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if not keep:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
    udp.bind(("127.0.0.1", 0))
    print(udp.getsockname()[1], flush=True)
    received = []
    counts = {"datagrams": 0, "bytes": 0}

    def receive():
        while True:
            datagram = udp.recv(1 << 16)
            counts["datagrams"] += 1
            counts["bytes"] += len(datagram)
            if keep:
                received.append(datagram)

    threading.Thread(target=receive, daemon=True).start()
    for _ in sys.stdin:
        before = -1
        while before != counts["datagrams"]:
            before = counts["datagrams"]
            time.sleep(0.2)
        found = {**counts, "subsegments": len(set().union(*map(ids, received)))}
        received.clear()
        counts.update(datagrams=0, bytes=0)
        print(json.dumps(found), flush=True)


def ids(datagram):
    """The ids of the subsegments (X-Ray's JSON) or spans (OTLP in base64) in a datagram."""
    _, _, body = datagram.partition(b"\n")
    if b"trace_id" in body or b'"id"' in body:
        return json_ids(json.loads(body))
    if body[:2] == b"T1":
        spans = [base64.b64decode(body[3:])]
        for field in (1, 2, 2):  # resource_spans, scope_spans, spans
            spans = [part for message in spans for number, part in fields(message) if number == field]
        return {part for span in spans for number, part in fields(span) if number == 2}
    return set()


def json_ids(document):
    found, waiting = set(), [document]
    while waiting:
        document = waiting.pop()
        found.add(document["id"])
        waiting += document.get("subsegments", ())
    return found


def fields(message):
    """The fields of a protobuf message that have a length: (number, bytes)."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        kind = tag & 7
        if kind == 2:
            size, at = varint(message, at)
            yield tag >> 3, message[at : at + size]
            at += size
        elif kind == 0:
            _, at = varint(message, at)
        else:
            at += 8 if kind == 1 else 4


def varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


main()
