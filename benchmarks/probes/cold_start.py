"""One cold start: import, construct, first traced call, in an interpreter that has loaded the runtime client.

    cold_start.py [boto3] [invocations]

Says `ready` on a line, waits for one, answers with one line of JSON. With `boto3` the function has made a client
by then. With a number, so many invocations of ten calls follow the first: for counting instructions, where the
difference of two such runs is what the calls alone take.
"""

import os
import sys
import time


def main():
    import awslambdaric.bootstrap
    import awslambdaric.lambda_runtime_client  # noqa: F401, what the runtime has loaded before it imports a function
    import subjects

    options = sys.argv[1:]
    if "boto3" in options:
        import boto3

        boto3.client("dynamodb")
    if sys.dont_write_bytecode:  # deployed: the runtime has just compiled the module of the function
        compile("", "function.py", "exec")
    further = int(options[-1]) if options and options[-1].isdigit() else 0
    context = subjects.new_context()
    os.environ["_X_AMZN_TRACE_ID"] = subjects.new_header()
    answer = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.write(answer, b"ready\n")
    sys.stdin.readline()

    modules, resident = set(sys.modules), resident_bytes()
    cpu, wall = time.process_time(), time.perf_counter()
    subject = subjects.make(os.environ["BENCHMARK_SUBJECT"])

    def charge(number):
        return {"id": number, "status": "paid", "amount": 12.5}

    charge = subject.method(charge)

    def lambda_handler(event, context):
        for number in range(event):
            charge(number)
        return {"ok": True}

    lambda_handler = subject.handler(lambda_handler)
    lambda_handler(1, context)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu

    for _ in range(further):
        os.environ["_X_AMZN_TRACE_ID"] = subjects.new_header()
        lambda_handler(10, context)
    new = sorted(set(sys.modules) - modules)
    grown = resident_bytes() - resident
    import json

    found = {
        "ms": wall * 1e3,
        "cpu_ms": cpu * 1e3,
        "modules": len(new),
        "modules_beside_ours": sum(name.partition(".")[0] != "lambda_tracer" for name in new),
        "mb": grown / 1e6,
        "names": new[:100],
    }
    os.write(answer, json.dumps(found).encode() + b"\n")
    os._exit(0)


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


main()
