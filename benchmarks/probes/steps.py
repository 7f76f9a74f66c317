"""Where the time of our own captured call goes: the floor under it in nanoseconds, and what each module does.

Answers one line of JSON. Times are of the thread's CPU, the least of many repeats; what a module does is counted:
its functions' calls, the calls of C functions from them, and the bytecode instructions that they execute.
"""

import json
import os
import socket
import sys
import time
import timeit
from collections import Counter
from json.encoder import c_make_encoder, encode_basestring_ascii

import subjects

RESPONSE = {"id": 1, "status": "paid", "amount": 12.5}
CALLS = 10


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    tracer = subjects.make("ours")
    function, plain = traced(tracer), traced(subjects.Bare())
    context = subjects.new_context()
    headers = [subjects.new_header() for _ in range(500)]

    def invoke(handler, calls):
        header = headers.pop()
        headers.insert(0, header)
        os.environ["_X_AMZN_TRACE_ID"] = header
        handler(calls, context)

    for _ in range(50):
        invoke(function, CALLS)

    def added(calls):
        return least(lambda: invoke(function, calls), 40) - least(lambda: invoke(plain, calls), 40)

    with_calls, without = added(CALLS), added(0)
    one, two = counted(lambda: invoke(function, 1)), counted(lambda: invoke(function, 2))
    call = {key: two[key] - one[key] for key in two if two[key] > one[key]}
    found = {
        "floor": floor(),
        "call_ns": (with_calls - without) / CALLS,
        "handler_ns": without,
        "call": by_module(call),
        "handler": by_module(counted(lambda: invoke(function, 0))),
    }
    answers.write(json.dumps(found) + "\n")


def traced(subject):
    def charge(number):
        return RESPONSE

    charge = subject.method(charge)

    def lambda_handler(event, context):
        for number in range(event):
            charge(number)
        return {"ok": True}

    return subject.handler(lambda_handler)


def floor():
    """What every subsegment needs, in nanoseconds, done in the shortest way that Python has."""
    host, _, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].partition(":")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect((host, int(port)))
    encode = c_make_encoder(None, None, encode_basestring_ascii, None, ":", ",", False, False, False)
    now = time.time()
    steps = {
        "an id: 8 bytes from the system, as hex": lambda: os.urandom(8).hex(),
        "two clock reads": lambda: (time.time(), time.time()),
        "two times as text": lambda: f"{now:.6f}{now:.6f}",
        "the response as JSON, C encoder": lambda: "".join(encode(RESPONSE, 0)),
        "its share of one send of 11 subsegments": lambda: udp.send(b"x" * 3000),
    }
    nothing = least(lambda: None, 20_000)
    took = {label: least(step, 2_000) - nothing for label, step in steps.items()}
    took["its share of one send of 11 subsegments"] /= CALLS + 1
    return took


def least(step, number):
    """Nanoseconds of CPU that one call takes."""
    return min(timeit.repeat(step, number=number, repeat=25, timer=time.thread_time)) / number * 1e9


def counted(step):
    """(module, what) -> how many, while `step` runs. The tracer's own modules only."""
    counts = Counter()

    def module(frame):
        name = frame.f_globals.get("__name__", "")
        return name if name.startswith("lambda_tracer") else None

    def profile(frame, event, argument):
        name = module(frame)
        if name and event in ("call", "c_call"):
            counts[name, event] += 1

    def trace(frame, event, argument):
        name = module(frame)
        if name is None:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            counts[name, event] += 1
        return trace

    for install, hook in ((sys.setprofile, profile), (sys.settrace, trace)):
        install(hook)
        try:
            step()
        finally:
            install(None)
    return counts


def by_module(counts):
    modules = sorted({name for name, _ in counts}, key=lambda name: -counts.get((name, "opcode"), 0))
    return {name: [counts.get((name, what), 0) for what in ("call", "c_call", "opcode")] for name in modules}


main()
