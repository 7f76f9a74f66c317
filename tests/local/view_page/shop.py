"""Traces of a shop, as X-Ray's documents: what the tests look at, and what the screenshots show.

Each function gives the documents of one trace, in the order in which they would arrive.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

Document = dict[str, Any]

STARTED = 1_796_049_431.25
"""30 November 2026, 14:37:11 UTC."""

PRICES = """\
SELECT p.sku, p.price, p.tax_class
  FROM prices p
  JOIN carts c USING (sku)
 WHERE c.id = %s AND p.valid_from <= now()"""

_numbers = count(1)


def new_id() -> str:
    """Another one each time, and the same in each run."""
    return f"{next(_numbers) * 0x9E3779B97F4A7C15 % 2**64:016x}"


def new_trace_id(start: float) -> str:
    return f"1-{int(start):08x}-{new_id()}{new_id()[:8]}"


class Spans:
    """Makes documents of one trace; times are milliseconds from its start."""

    def __init__(self, start: float) -> None:
        self.start = start
        self.trace_id = new_trace_id(start)

    def segment(self, name: str, begin: float, end: float | None, **fields: Any) -> Document:
        document = self.sub(name, begin, end, **fields)
        return {**document, "trace_id": self.trace_id}

    def sub(self, name: str, begin: float, end: float | None, *below: Document, **fields: Any) -> Document:
        document: Document = {"id": new_id(), "name": name, "start_time": self.start + begin / 1000, **fields}
        if end is None:
            document["in_progress"] = True
        else:
            document["end_time"] = self.start + end / 1000
        if below:
            document["subsegments"] = list(below)
        return document


def checkout(start: float = STARTED, cold: bool = True, order: str = "A-1001") -> list[Document]:
    """A checkout that calls another function, a table, a queue and a database."""
    spans = Spans(start)
    sub = spans.sub
    at = 268.0 if cold else 0.0
    slow = 1.0 if cold else 0.62
    begin, end = at + 4.0, at + 4.0 + 232 * slow

    def t(milliseconds: float) -> float:
        return begin + milliseconds * slow

    pay = sub(
        "payments.example.com",
        t(96),
        t(188),
        namespace="remote",
        http={
            "request": {"method": "POST", "url": "https://payments.example.com/charges", "traced": True},
            "response": {"status": 201, "content_length": 318},
        },
    )
    handler = sub(
        "## lambda_handler",
        t(0),
        t(228),
        sub("validate", t(1), t(2.4)),
        sub(
            "DynamoDB",
            t(4),
            t(38),
            namespace="aws",
            aws={
                "operation": "GetItem",
                "region": "eu-central-1",
                "table_name": "carts",
                "request_id": "Q3T9ZK0P",
                "retries": 0,
            },
            http={"response": {"status": 200, "content_length": 1208}},
        ),
        sub(
            "## price_cart",
            t(39),
            t(92),
            sub(
                "shop@db.internal",
                t(42),
                t(71),
                namespace="remote",
                sql={
                    "url": "postgresql://db.internal:5432/shop",
                    "database_type": "PostgreSQL",
                    "user": "shop_reader",
                    "database_version": "16.4",
                    "driver_version": "3.3.1",
                    "sanitized_query": PRICES,
                },
            ),
            sub("## discounts", t(72), t(90)),
            annotations={"Items": 4},
        ),
        pay,
        sub(
            "SQS",
            t(190),
            t(216),
            namespace="aws",
            aws={
                "operation": "SendMessage",
                "region": "eu-central-1",
                "queue_url": "https://sqs.eu-central-1.amazonaws.com/123456789012/orders",
                "request_id": "8e1d-44b0",
            },
            http={"response": {"status": 200}},
        ),
        sub("## render", t(218), t(227)),
        http={
            "request": {"method": "POST", "url": "https://shop.example.com/orders"},
            "response": {"status": 201},
        },
        annotations={
            "ColdStart": cold,
            "Service": "checkout",
            "Order": order,
            "Currency": "EUR",
            "Route": "POST /orders",
        },
        metadata={
            "checkout": {
                "cart": {
                    "items": 4,
                    "total": "129.80",
                    "coupon": None,
                    "gift": False,
                    "weights": [0.42, 1.1, 2.75, 0.3],
                },
                "lambda_handler response": {"statusCode": 201, "body": json.dumps({"order": order})},
            }
        },
    )
    inside = [sub("Invocation", begin - 1, end - 3, handler), sub("Overhead", end - 3, end)]
    if cold:
        inside.insert(0, sub("Initialization", 6, 262))
    function = spans.segment(
        "checkout",
        4 if cold else 2,
        end,
        origin="AWS::Lambda::Function",
        subsegments=inside,
        aws={
            "function_arn": "arn:aws:lambda:eu-central-1:123456789012:function:checkout",
            "cloudwatch_logs": [{"log_group": "/aws/lambda/checkout"}],
        },
    )
    root = spans.segment(
        "checkout",
        0,
        end + 1,
        origin="AWS::Lambda",
        http={"response": {"status": 200}},
        aws={"request_id": "5c0a6b1e-8f3d-4f0e-9d43-1f7a0a7a6c11"},
        user="u-4711",
    )
    function["parent_id"] = root["id"]
    called = spans.segment(
        "payments", t(104), t(181), origin="AWS::Lambda", http={"response": {"status": 200}}
    )
    called["parent_id"] = pay["id"]
    payments = spans.segment(
        "payments",
        t(106),
        t(180),
        origin="AWS::Lambda::Function",
        parent_id=called["id"],
        subsegments=[
            sub(
                "Invocation",
                t(107),
                t(178),
                sub(
                    "## charge",
                    t(108),
                    t(177),
                    sub("## risk", t(110), t(128)),
                    sub(
                        "DynamoDB",
                        t(129),
                        t(147),
                        namespace="aws",
                        aws={"operation": "PutItem", "region": "eu-central-1", "table_name": "charges"},
                        http={"response": {"status": 200}},
                    ),
                    sub(
                        "psp.example.net",
                        t(131),
                        t(174),
                        namespace="remote",
                        http={
                            "request": {"method": "POST", "url": "https://psp.example.net/v1/authorize"},
                            "response": {"status": 200},
                        },
                    ),
                    annotations={"Risk": 0.12, "Service": "payments"},
                ),
            )
        ],
    )
    return [root, function, called, payments]


def declined(start: float = STARTED + 21) -> list[Document]:
    """A payment that fails: an exception with its cause, and a throttled call on the way."""
    spans = Spans(start)
    sub = spans.sub
    reason, failure = new_id(), new_id()
    frames = [
        {"path": "app.py", "line": 31, "label": "lambda_handler"},
        {"path": "app.py", "line": 58, "label": "authorize"},
        {"path": "risk.py", "line": 112, "label": "check_risk"},
    ]
    cause = {
        "working_directory": "/var/task",
        "exceptions": [
            {
                "id": failure,
                "type": "PaymentDeclined",
                "message": "order A-1002 was declined",
                "remote": False,
                "cause": reason,
                "stack": frames[:2],
            },
            {
                "id": reason,
                "type": "RiskTooHigh",
                "message": "the risk is 0.93, more than 0.8",
                "remote": False,
                "stack": frames,
            },
        ],
    }
    authorize = sub(
        "## authorize",
        24,
        61,
        sub(
            "DynamoDB",
            26,
            41,
            namespace="aws",
            error=True,
            throttle=True,
            aws={"operation": "Query", "table_name": "risk-scores", "region": "eu-central-1", "retries": 1},
            http={"response": {"status": 400}},
        ),
        sub(
            "DynamoDB",
            44,
            58,
            namespace="aws",
            aws={"operation": "Query", "table_name": "risk-scores", "region": "eu-central-1"},
            http={"response": {"status": 200}},
        ),
        fault=True,
        cause=cause,
        annotations={"Risk": 0.93},
    )
    handler = sub(
        "## lambda_handler",
        4,
        63,
        sub("validate", 5, 6.1),
        sub(
            "shop@db.internal",
            7,
            22,
            namespace="remote",
            sql={
                "url": "postgresql://db.internal:5432/shop",
                "database_type": "PostgreSQL",
                "sanitized_query": "SELECT balance FROM accounts WHERE id = %s",
            },
        ),
        authorize,
        fault=True,
        cause=failure,
        annotations={"ColdStart": False, "Service": "payment", "Order": "A-1002", "Currency": "USD"},
    )
    function = spans.segment(
        "payment",
        2,
        66,
        origin="AWS::Lambda::Function",
        fault=True,
        subsegments=[sub("Invocation", 3, 65, handler, fault=True), sub("Overhead", 65, 66)],
    )
    root = spans.segment(
        "payment",
        0,
        67,
        origin="AWS::Lambda",
        fault=True,
        http={"response": {"status": 200}},
        aws={"request_id": "0d4f7c52-1f0e-4a56-a0a3-bb1c84c9b6a7"},
    )
    function["parent_id"] = root["id"]
    return [root, function]


def batch(start: float = STARTED + 33, records: int = 120) -> list[Document]:
    """A hundred and more equal subsegments, some of them faulty, between two others."""
    spans = Spans(start)
    step = 7.4
    items = [
        spans.sub(
            "DynamoDB",
            20 + at * step,
            20 + at * step + 4 + at % 7 * 0.8,
            namespace="aws",
            fault=at % 40 == 17,
            aws={"operation": "PutItem", "table_name": "orders"},
            http={"response": {"status": 500 if at % 40 == 17 else 200}},
        )
        for at in range(records)
    ]
    end = 30 + records * step
    handler = spans.sub(
        "## lambda_handler",
        6,
        end,
        spans.sub("parse", 7, 18),
        *items,
        spans.sub(
            "SNS",
            end - 8,
            end - 2,
            namespace="aws",
            aws={"operation": "Publish", "topic_arn": "arn:aws:sns:eu-central-1:123456789012:orders-stored"},
        ),
        annotations={"ColdStart": False, "Service": "import", "Records": records},
    )
    function = spans.segment(
        "import",
        2,
        end + 3,
        origin="AWS::Lambda::Function",
        subsegments=[spans.sub("Invocation", 4, end + 1, handler)],
    )
    root = spans.segment("import", 0, end + 4, origin="AWS::Lambda")
    function["parent_id"] = root["id"]
    return [root, function]


def without_root(start: float = STARTED + 40) -> list[Document]:
    """Subsegments whose parent never came, one of which X-Ray would refuse."""
    spans = Spans(start)
    handler = spans.sub(
        "## lambda_handler",
        0,
        41,
        spans.sub(
            "S3",
            3,
            22,
            namespace="aws",
            aws={"operation": "GetObject", "bucket_name": "assets", "key": "logo.svg"},
        ),
        spans.sub("resize", 23, 39),
        annotations={"a-b": "x", "Service": "thumbnails"},
    )
    return [{**handler, "trace_id": spans.trace_id, "parent_id": new_id(), "type": "subsegment"}]


def unfinished(start: float = STARTED + 52) -> list[Document]:
    """In progress: the segment and a subsegment have begun."""
    spans = Spans(start)
    root = spans.segment("report", 0, None, origin="AWS::Lambda")
    begun = {
        **spans.sub("## lambda_handler", 2, None),
        "trace_id": spans.trace_id,
        "parent_id": root["id"],
        "type": "subsegment",
    }
    done = {
        **spans.sub("Athena", 5, 1840, namespace="aws", aws={"operation": "StartQueryExecution"}),
        "trace_id": spans.trace_id,
        "parent_id": begun["id"],
        "type": "subsegment",
    }
    return [root, begun, done]


def large(subsegments: int = 20_000, start: float = STARTED + 60) -> list[Document]:
    """Many different subsegments on three levels, in documents that a datagram holds."""
    spans = Spans(start)
    end = subsegments * 0.5
    root = spans.segment("large", 0, end)
    documents, made = [root], 0
    for top in range(subsegments // 100):
        below = []
        for middle in range(9):
            leaves = [
                spans.sub(f"leaf {made + leaf:05}", (made + leaf) * 0.5, (made + leaf + 1) * 0.5)
                for leaf in range(10)
            ]
            below.append(spans.sub(f"step {top}.{middle}", made * 0.5, (made + 10) * 0.5, *leaves))
            made += 11
        documents.append(
            {
                **spans.sub(f"## part {top}", (made - 99) * 0.5, made * 0.5, *below),
                "trace_id": spans.trace_id,
                "parent_id": root["id"],
                "type": "subsegment",
            }
        )
        made += 1
    return documents
