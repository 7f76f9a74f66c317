"""An example: a Lambda function that keeps a payment in DynamoDB, with tests of its trace in `test_app.py`."""

from __future__ import annotations

import os
from typing import Any

import boto3

from lambda_tracer import Tracer

TABLE = os.environ.get("PAYMENTS_TABLE", "payments")

tracer = Tracer(service="payment")
dynamodb = boto3.client("dynamodb", region_name=os.environ.get("AWS_REGION", "eu-west-1"))


@tracer.capture_method
def charge(order: str, amount: int) -> dict[str, int]:
    """Charge an order."""
    tracer.put_annotation("Risk", 0.01)
    dynamodb.put_item(TableName=TABLE, Item={"Order": {"S": order}, "Amount": {"N": str(amount)}})
    return {"charged": amount}


@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Charge what the event asks for."""
    return charge(event["order"], event["amount"])
