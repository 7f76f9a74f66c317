"""A function that does something of every kind, and the server that it calls."""

from __future__ import annotations

import sqlite3
from http.server import BaseHTTPRequestHandler
from typing import Any

import boto3
import pytest
import requests

from lambda_tracer import Tracer, xray_recorder

tracer = Tracer(service="payment", disabled=False, auto_patch=False)


class Shop(BaseHTTPRequestHandler):
    """Whatever is asked, it answers by the status that the path ends with."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"{}"
        self.send_response(int(self.path[-3:]) if self.path[-3:].isdigit() else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", "request-1")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


EVENT = {
    "version": "2.0",
    "routeKey": "GET /pay",
    "rawPath": "/pay",
    "headers": {"host": "shop.example", "user-agent": "curl/8"},
    "requestContext": {"http": {"method": "GET", "path": "/pay"}, "domainName": "shop.example"},
}


class Declined(Exception):
    pass


@tracer.capture_method
def check(amount: int) -> None:
    try:
        raise LookupError("no account \u00fc")
    except LookupError as error:
        raise Declined("amount must be positive") from error


def pay(address: str) -> dict[str, Any]:
    """A handler that does something of every kind."""
    tracer.put_annotation("Order", "A-1 \U0001f600")
    tracer.put_annotation("Weight", 2.5)
    tracer.put_annotation("Count", -(1 << 40))
    tracer.put_metadata("basket", {"items": [1, None, {"\u00e9": True}], "note": 'a "quote"\n'})
    tracer.put_metadata("x", [], "other")
    with xray_recorder.in_subsegment("linked") as linked:
        linked.links = (("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"),)
    for path in ("/items/7?token=secret", "/items/404", "/items/429", "/items/503"):
        requests.get(address + path, timeout=60)
    connection = sqlite3.connect(":memory:")
    connection.execute("SELECT 1")
    connection.close()
    table = boto3.client(
        "dynamodb", "eu-west-1", endpoint_url=address, aws_access_key_id="a", aws_secret_access_key="b"
    )
    table.get_item(TableName="orders", Key={"id": {"S": "1"}})
    with xray_recorder.in_subsegment("redis@cache", "remote") as redis:
        redis.put_metadata("command", "GET", "redis")
    with xray_recorder.in_subsegment("shop@mongo", "remote") as mongo:
        mongo.put_annotation("mongodb_command_name", "find")
    with xray_recorder.in_subsegment("mine") as mine:
        mine.add_error_flag()
    with pytest.raises(Declined):
        outer()
    return {"statusCode": 502}


@tracer.capture_method
def outer() -> None:
    check(1)
