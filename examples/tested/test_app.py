"""Tests of the function and of its trace. They need no AWS: moto stands for DynamoDB.

pytest test_app.py
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from lambda_tracer.testing import LambdaContext, Traces


@pytest.fixture(autouse=True)
def _table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Before the function's module is imported, and its client made: moto has to come first."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        from app import TABLE, dynamodb

        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "Order", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Order", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield


def test_charges(lambda_context: LambdaContext) -> None:
    from app import lambda_handler

    assert lambda_handler({"order": "A-1001", "amount": 12}, lambda_context) == {"charged": 12}


def test_pays(traces: Traces, lambda_context: LambdaContext) -> None:
    from app import lambda_handler

    lambda_handler({"order": "A-1001", "amount": 12}, lambda_context)

    assert (
        traces.tree
        == """
        ## lambda_handler
          ## app.charge
            dynamodb
    """
    )
    charge = traces.one("## app.charge")
    assert charge.annotations["Risk"] == 0.01
    assert charge.response == {"charged": 12}
    assert traces.one("dynamodb").aws["operation"] == "PutItem"
    traces.assert_no_secrets("hunter2", "4111 1111 1111 1111")


def test_is_charged_twice(traces: Traces, lambda_context: LambdaContext) -> None:
    from app import lambda_handler

    for amount in (12, 30):
        lambda_handler({"order": "A-1001", "amount": amount}, lambda_context)

    cold, warm = traces.invocations
    assert (cold.cold_start, warm.cold_start) == (True, False)
    assert warm.one("## app.charge").response == {"charged": 30}
