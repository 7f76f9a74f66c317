"""Which service wrapped a message, by the beginning of its body."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tracer.events.envelope import MAX_BEGINNING, wrapped_source
from tests.batches import bucket_notification, bus_event, notification
from tests.hostile.values import RECIPES


@pytest.mark.parametrize(
    ("body", "source"),
    [
        (notification(), "sns news"),
        (notification("x" * 200_000), "sns news"),
        (bus_event(), "eventbridge com.example.shop"),
        ("\n\t " + bus_event(), "eventbridge com.example.shop"),
        (bucket_notification(), "s3"),
    ],
)
def test_the_service_that_wrapped_a_message(body: str, source: str) -> None:
    assert wrapped_source(body) == source


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "{}",
        "[]",
        "plain text",
        json.dumps({"order": 7}),
        json.dumps({"detail": {"detail-type": "a", "source": "b"}}),
        json.dumps({"padding": "x" * MAX_BEGINNING, "detail-type": "a", "source": "b"}),
        json.dumps({"items": [], "detail-type": "a", "source": "b"}),
        json.dumps({"detail-type": "a", "source": ""}),
        json.dumps({"Type": "Notification", "TopicArn": "news"}),
        json.dumps({"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:a:1:news"}),
        json.dumps({"Records": [{"eventSource": "aws:kafka"}]}, separators=(",", ":")),
        json.dumps({"text": '"Type": "Notification", "TopicArn": "arn:aws:sns:a:1:news"'}),
        '{"Type": "Notification" "TopicArn": "arn:aws:sns:a:1:news"}',
        '{"detail-type": "a\n", "source": "b"}',
        None,
        b"{}",
        7,
    ],
)
def test_a_message_that_nobody_wrapped(body: object) -> None:
    assert wrapped_source(body) is None


@given(st.text(alphabet='{}[]":, \\\nTypeSourcdal-') | st.text() | st.binary())
def test_no_body_raises(body: str | bytes) -> None:
    assert wrapped_source(body) is None or isinstance(body, str)
    assert wrapped_source(bus_event()[: len(body)]) in (None, "eventbridge com.example.shop")


@pytest.mark.parametrize("name", RECIPES)
def test_a_hostile_body_harms_nothing(name: str) -> None:
    assert wrapped_source(RECIPES[name]()) is None


def test_json_of_ones_own_with_such_names_is_no_event_of_eventbridge() -> None:
    own = {"source": "alice@example.com", "detail-type": "x"}
    assert wrapped_source(json.dumps(own)) is None
    envelope = {"version": "0", "id": "1", "detail-type": "x", "account": "123456789012"}
    assert wrapped_source(json.dumps({**envelope, "source": "alice@example.com"})) is None
    assert wrapped_source(json.dumps({**envelope, "source": "x" * 257})) is None
    assert wrapped_source(json.dumps({**envelope, "source": "aws.ec2"})) == "eventbridge aws.ec2"
