"""Where the time of our own cold start goes: one answer, a line of JSON, in microseconds of CPU.

First what every tracer in a new interpreter needs, each done in the shortest way; then ours, for which that is there.
"""

import json
import os
import sys
import time
from importlib.machinery import SourceFileLoader


def main():
    import awslambdaric.bootstrap
    import awslambdaric.lambda_runtime_client  # noqa: F401, what the runtime has loaded before it imports a function
    import subjects

    context = subjects.new_context()
    os.environ["_X_AMZN_TRACE_ID"] = subjects.new_header()
    answer = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    found = {"floor": {}, "ours": {}}

    def took(kind, label, step):
        began = time.process_time()
        result = step()
        found[kind][label] = (time.process_time() - began) * 1e6
        return result

    took("floor", "`_contextvars`, for the current subsegment", lambda: __import__("_contextvars"))
    took("floor", "`_socket`", lambda: __import__("_socket"))
    took("floor", "a socket, connected, and the first send", first_send)
    took("floor", "a thread, to watch the deadline", start_thread)

    reading = []
    get_code = SourceFileLoader.get_code

    def timed_get_code(self, name):
        began = time.process_time()
        code = get_code(self, name)
        reading.append((time.process_time() - began) * 1e6)
        return code

    SourceFileLoader.get_code = timed_get_code
    subject = took("ours", "importing: finding the files, running the modules", lambda: subjects.make("ours"))
    SourceFileLoader.get_code = get_code
    found["ours"]["importing: finding the files, running the modules"] -= sum(reading)
    found["ours"] = {f"importing: reading the code, {len(reading)} files": sum(reading), **found["ours"]}

    def charge(number):
        return {"id": number, "status": "paid", "amount": 12.5}

    traced_charge = took("ours", "decorating a method", lambda: subject.method(charge))

    def lambda_handler(event, context):
        traced_charge(1)
        return {"ok": True}

    handler = took("ours", "decorating the handler", lambda: subject.handler(lambda_handler))
    took("ours", "the first invocation", lambda: handler({}, context))
    os.write(answer, json.dumps(found).encode() + b"\n")
    sys.stdin.readline()
    os._exit(0)


def first_send():
    import _socket

    host, _, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].partition(":")
    udp = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    udp.connect((host, int(port)))
    udp.send(b"x" * 600)
    return udp


def start_thread():
    import _thread

    lock = _thread.allocate_lock()
    lock.acquire()
    _thread.start_new_thread(lock.acquire, ())


main()
