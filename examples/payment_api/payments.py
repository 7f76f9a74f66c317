"""Payments: checked, stored once for each order, and found again."""

from __future__ import annotations

import json
import os
from decimal import Decimal, InvalidOperation
from typing import Any

import boto3

from lambda_tracer import Tracer

FIELDS = ("order", "amount", "currency")

tracer = Tracer(service="payment-api")

# Made while the function initializes: the cold invocation pays for it, the warm ones find it there.
dynamodb = boto3.client("dynamodb")


class InvalidPayment(ValueError):
    """The request is not a payment. The message names the field, never its value."""


class AlreadyPaid(Exception):
    """There is a payment for this order."""


@tracer.capture_method(capture_response=False)
def parse(body: str) -> dict[str, str]:
    """The payment in a request's body. Raises InvalidPayment."""
    try:
        given: Any = json.loads(body)
    except ValueError:
        raise InvalidPayment("the body is not JSON") from None
    for field in FIELDS:
        if not isinstance(given, dict) or not isinstance(given.get(field), str) or not given[field]:
            raise InvalidPayment(f"{field}: missing, empty or not a text")
    try:
        is_positive = Decimal(given["amount"]) > 0
    except InvalidOperation:
        is_positive = False
    if not is_positive:
        raise InvalidPayment("amount: expected a positive number")
    return {field: given[field] for field in FIELDS}


def store(payment: dict[str, str]) -> None:
    """Keep the payment. Raises AlreadyPaid when its order has one."""
    try:
        dynamodb.put_item(
            TableName=os.environ["PAYMENT_TABLE"],
            Item={field: {"S": value} for field, value in payment.items()},
            ConditionExpression="attribute_not_exists(#order)",
            ExpressionAttributeNames={"#order": "order"},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        raise AlreadyPaid from None


def find(order: str) -> dict[str, str] | None:
    """The payment for an order, or None."""
    found = dynamodb.get_item(TableName=os.environ["PAYMENT_TABLE"], Key={"order": {"S": order}})
    return {field: value["S"] for field, value in found["Item"].items()} if "Item" in found else None
