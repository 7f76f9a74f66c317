"""Runs the example: starts what it calls (AWS as moto plays it, a warehouse), invokes the function, ends both.

python examples/library_calls/run.py [options of `lambda-tracer invoke`]

Nothing of it goes to AWS, whatever credentials the shell has. Needs boto3, moto[server], requests and httpx.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
TABLE, BUCKET, QUEUE = "orders", "order-documents", "orders-to-ship"
CENTS = {"/carriers/slow-boat": 390, "/carriers/night-train": 690}
IN_STOCK = 100

MOTO = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()  # until the process that started this one closes its end, or ends
"""

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "example",
    "AWS_SECRET_ACCESS_KEY": "example",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1",
}


class Warehouse(BaseHTTPRequestHandler):
    """A web service: it reserves what there is, and knows what carriers cost."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        cents = CENTS.get(urlsplit(self.path).path)
        self._answer(404 if cents is None else 200, {"cents": cents})

    def do_POST(self) -> None:
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        has_enough = wanted["count"] <= IN_STOCK
        self._answer(201 if has_enough else 409, {"reserved": has_enough})

    def _answer(self, status: int, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The trace says it all."""


@contextmanager
def warehouse() -> Iterator[str]:
    """The warehouse, on a free port of this machine; its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Warehouse) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def aws() -> Iterator[str]:
    """A moto server in a process of its own, on a free port; its URL."""
    with subprocess.Popen(
        [sys.executable, "-c", MOTO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            if not port:
                raise SystemExit("the moto server did not start: pip install 'moto[server]'")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def prepare(url: str) -> str:
    """Make what the function expects to be there; the queue's URL."""
    import boto3

    boto3.client("s3", endpoint_url=url).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    boto3.client("dynamodb", endpoint_url=url).create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    queue_url: str = boto3.client("sqs", endpoint_url=url).create_queue(QueueName=QUEUE)["QueueUrl"]
    return queue_url


def main(options: list[str]) -> int:
    """Run the example with those options of `lambda-tracer invoke`; its exit code."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(ENVIRONMENT)
    with warehouse() as warehouse_url, aws() as aws_url:
        variables = {
            **ENVIRONMENT,
            "AWS_ENDPOINT_URL": aws_url,
            "WAREHOUSE_URL": warehouse_url,
            "ORDER_TABLE": TABLE,
            "ORDER_BUCKET": BUCKET,
            "ORDER_QUEUE": prepare(aws_url),
        }
        command = [sys.executable, "-m", "lambda_tracer.local", "invoke", "app.lambda_handler"]
        command += ["--task-root", str(HERE), "--timeout", "30"]
        for name, value in variables.items():
            command += ["--env", f"{name}={value}"]
        if not {"-e", "--event"} & set(options):
            command += ["--event", str(HERE / "event.json")]
        return subprocess.run([*command, *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
