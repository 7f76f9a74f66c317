"""An example: a Lambda function that takes an order, and calls AWS, HTTP services and a database to do so.

`Tracer()` is all that it takes to see these calls in the trace: nothing here is wrapped, passed or started for it.

make demo-patches
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import httpx
import requests

from lambda_tracer import Tracer

tracer = Tracer(service="orders")

WAREHOUSE = os.environ["WAREHOUSE_URL"]
BUCKET = os.environ["ORDER_BUCKET"]
CARRIERS = ("slow-boat", "night-train")

s3 = boto3.client("s3")
sqs = boto3.client("sqs")
table = boto3.resource("dynamodb").Table(os.environ["ORDER_TABLE"])
pool = ThreadPoolExecutor(max_workers=2)

prices = sqlite3.connect(":memory:", check_same_thread=False)
prices.execute("create table prices (item text primary key, cents integer)")
prices.executemany("insert into prices values (?, ?)", [("pen", 250), ("ink", 1200)])


@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take an order. Raises LookupError when the item is unknown or there are too few of it."""
    order, item, count = event["order"], event["item"], event["count"]
    cents = count * price(item)
    reserve(item, count)
    quotes = asyncio.run(ask_carriers(count))
    carrier = min(quotes, key=lambda name: quotes[name])
    total = {"order": order, "cents": cents + quotes[carrier], "carrier": carrier}

    write_documents(order, total)
    table.put_item(Item=total)
    sqs.send_message(QueueUrl=os.environ["ORDER_QUEUE"], MessageBody=json.dumps({"order": order}))
    return total


@tracer.capture_method
def price(item: str) -> int:
    """What one costs, in cents."""
    row = prices.execute("select cents from prices where item = ?", (item,)).fetchone()
    if row is None:
        raise LookupError(f"no item of that name has a price: {item!r}")
    return int(row[0])


@tracer.capture_method
def reserve(item: str, count: int) -> None:
    """Have the warehouse put them aside."""
    answer = requests.post(f"{WAREHOUSE}/reservations?item={item}", json={"count": count}, timeout=2)
    if answer.status_code == requests.codes.conflict:
        raise LookupError(f"the warehouse has fewer than {count} of these: {item!r}")
    answer.raise_for_status()


@tracer.capture_method
async def ask_carriers(count: int) -> dict[str, int]:
    """What each carrier wants for the parcel, in cents; all of them are asked at the same time."""
    async with httpx.AsyncClient(base_url=WAREHOUSE, timeout=2) as client:
        quotes = await asyncio.gather(*(ask(client, carrier, count) for carrier in CARRIERS))
    return dict(zip(CARRIERS, quotes, strict=True))


@tracer.capture_method
async def ask(client: httpx.AsyncClient, carrier: str, count: int) -> int:
    answer = await client.get(f"/carriers/{carrier}", params={"count": count})
    return int(answer.raise_for_status().json()["cents"])


@tracer.capture_method
def write_documents(order: str, total: dict[str, Any]) -> None:
    """Store an invoice and a label, in threads of a pool that lives as long as the function."""
    list(pool.map(write, [f"{order}/invoice.json", f"{order}/label.json"], [total, total]))


def write(key: str, document: dict[str, Any]) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(document))
