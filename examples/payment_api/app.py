"""An example: payments behind an HTTP API, kept in DynamoDB, traced.

POST /payments           {"order": "A-1001", "amount": "129.90", "currency": "EUR"}
GET  /payments/{order}
"""

from __future__ import annotations

import json
from typing import Any

import payments
from payments import AlreadyPaid, InvalidPayment

from lambda_tracer import Tracer

tracer = Tracer(service="payment-api")


# The payload is the caller's: the trace has what helps to find it (route and status by itself), not what is in it.
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one request of the HTTP API (payload format 2.0)."""
    if event["routeKey"] == "POST /payments":
        return pay(event)
    return look_up(event["pathParameters"]["order"])


def pay(event: dict[str, Any]) -> dict[str, Any]:
    """Answer 201 with the payment, 400 when the body is none, 409 when the order has been paid."""
    try:
        payment = payments.parse(event.get("body") or "")
        tracer.put_annotation("Order", payment["order"])
        payments.store(payment)
    except InvalidPayment as error:
        return response(400, {"error": str(error)})
    except AlreadyPaid:
        return response(409, {"error": "the order has been paid"})
    return response(201, payment)


def look_up(order: str) -> dict[str, Any]:
    """Answer 200 with the payment, 404 when there is none."""
    tracer.put_annotation("Order", order)
    payment = payments.find(order)
    return response(404, {"error": "no such payment"}) if payment is None else response(200, payment)


def response(status: int, body: dict[str, str]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
    }
