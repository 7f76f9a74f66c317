"""The names of resources, of their ARNs."""

from __future__ import annotations

import pytest

from lambda_tracer.events.arn import MAX_ARN_CHARACTERS, short_name


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:sqs:eu-west-1:123456789012:orders", "orders"),
        ("arn:aws:sqs:eu-west-1:123456789012:orders.fifo", "orders.fifo"),
        ("arn:aws:sns:eu-west-1:123456789012:news", "news"),
        ("arn:aws:sns:eu-west-1:123456789012:news:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55", "news"),
        ("arn:aws:kinesis:eu-west-1:123456789012:stream/clicks", "clicks"),
        ("arn:aws:kinesis:eu-west-1:123456789012:stream/clicks/consumer/fan:1700000000", "clicks"),
        ("arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-30T00:00:00.000", "orders"),
        ("arn:aws:events:eu-west-1:123456789012:rule/nightly", "nightly"),
        ("arn:aws:events:eu-west-1:123456789012:rule/bus/nightly", "nightly"),
        ("arn:aws:events:eu-west-1:123456789012:event-bus/shop", "shop"),
        ("arn:aws-cn:s3:::invoices", "invoices"),
        ("arn:aws:s3:::invoices/2026/a:b.pdf", "invoices"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:pay:live", "pay"),
        ("arn:aws:states:eu-west-1:123456789012:stateMachine:checkout", "checkout"),
        ("arn:aws:states:eu-west-1:123456789012:execution:checkout:8f2c", "checkout"),
    ],
)
def test_the_name_of_what_an_arn_is_of(arn: str, name: str) -> None:
    assert short_name(arn) == name


@pytest.mark.parametrize(
    "value",
    [
        None,
        12,
        b"arn:aws:sqs:eu-west-1:123456789012:orders",
        "",
        "orders",
        "arn:aws:sqs",
        "arn:aws:sqs:eu-west-1:123456789012:",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/",
        "arn:aws:sqs:eu-west-1:123456789012:" + "x" * MAX_ARN_CHARACTERS,
    ],
)
def test_what_is_no_arn_has_no_name(value: object) -> None:
    assert short_name(value) is None
