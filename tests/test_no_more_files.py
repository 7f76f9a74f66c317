"""When a process can open no more files: what is loaded at a first call can't be, and the call is made all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent

PROGRAM = """
import contextlib, http.client, http.server, json, os, resource, sys, threading
from concurrent.futures import ThreadPoolExecutor
import urllib3
from lambda_tracer import Tracer, xray_recorder

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *arguments): ...

class Provider:
    def in_subsegment(self, name=None, **options):
        return contextlib.nullcontext(None)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
pool = urllib3.PoolManager()
connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
connection.request("GET", "/")
connection.getresponse().read()
pool.request("GET", url)  # leaves a connection open that the next request takes
executor = ThreadPoolExecutor(1)
executor.submit(int).result()

tracer = Tracer()
foreign = Tracer(provider=Provider(), auto_patch=False)

def start_a_thread():
    seen = []
    thread = threading.Thread(target=seen.append, args=[7])
    thread.start()
    thread.join()
    return seen[0]

def exchange():
    connection.request("GET", "/")
    return connection.getresponse().read().decode()

calls = {
    "a thread": start_a_thread,
    "a pool": lambda: executor.submit(lambda: 7).result(),
    "urllib3": lambda: pool.request("GET", url, retries=False).status,
    "http.client": exchange,
    "record_subsegment": lambda: xray_recorder.record_subsegment(lambda: 7, None, (), {}, "call", "remote", None),
    "another provider": foreign.capture_method(lambda: 7),
}

@tracer.capture_lambda_handler
def handler(event, context):
    limit = len(os.listdir("/proc/self/fd")) + 3
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    opened = []
    try:
        while True:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    try:
        return {"value": calls[event]()}
    except BaseException as error:
        return {"raised": repr(error)}
    finally:
        for each in opened:
            os.close(each)

print(json.dumps(handler(sys.argv[1], None)))
os._exit(0)
"""

EXPECTED = {
    "a thread": 7,
    "a pool": 7,
    "urllib3": 200,
    "http.client": "ok",
    "record_subsegment": 7,
    "another provider": 7,
}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to count open files")
@pytest.mark.parametrize("call", EXPECTED)
def test_the_first_call_of_a_kind_is_made_when_no_file_can_be_opened(call: str) -> None:
    header = "Root=1-6530f2a1-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
    environment = {**os.environ, "_X_AMZN_TRACE_ID": header, "LAMBDA_TASK_ROOT": str(PROJECT)}
    environment["AWS_XRAY_DAEMON_ADDRESS"] = "127.0.0.1:9"

    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, call],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert json.loads(ran.stdout) == {"value": EXPECTED[call]}
