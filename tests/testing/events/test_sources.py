"""Events of each source: which one they are of, and what of them changes from call to call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from inspect import signature
from typing import Any

import pytest
import time_machine

from lambda_tracer.events.trigger import facts_of
from lambda_tracer.testing import events
from tests.docs.pages import names, tables
from tests.events.test_trigger import TRIGGERS

MAKERS = events.makers()

SOURCES = {
    names(row[:1]).pop(): "".join(names(row[2:])) or None for row in tables("docs/guides/sample-events.md")
}
"""What the table on the page says of each function: the annotation `Trigger`, or None where nothing is said."""

NOT_MADE = {"direct", "iot"}
"""Samples of our own tests that are somebody's own event."""

NOW = 1796034938.123
LATER = NOW + 1_000_000

TIMES = {
    *("ApproximateCreationDateTime", "ApproximateFirstReceiveTimestamp", "Date", "EnteredTime", "Root"),
    *("SentTimestamp", "StartTime", "StartTimestamp", "Timestamp", "X-Amzn-Trace-Id", "x-amzn-trace-id"),
    *("approximateArrivalTimestamp", "brokerInTime", "brokerOutTime", "connectedAt", "date", "eventTime"),
    *("expirationTime", "requestTime", "requestTimeEpoch", "t", "time", "timeEpoch", "timestamp"),
}
"""Under which names events have times, and headers that have one in them."""

WITH_TIMES_INSIDE = {"body", "data", "invokingEvent", "md5OfBody", "value"}
"""What is a text made of such things, and the value of a header of a mail."""


def leaves(value: Any, name: str = "", path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Path, nearest name, and value of all that is no object or list."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, key, f"{path}.{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, name, f"{path}[{index}]")
    else:
        yield path, name, value


def changed(one: Any, other: Any) -> dict[str, str]:
    """By path, the names of what differs between events of the same shape."""
    pairs = list(zip(leaves(one), leaves(other), strict=True))
    assert all(left[0] == right[0] for left, right in pairs)
    return {left[0]: left[1] for left, right in pairs if left[2] != right[2]}


@pytest.mark.parametrize("name", MAKERS)
def test_an_event_is_known_as_what_the_documentation_says(name: str) -> None:
    facts = facts_of(MAKERS[name]())

    assert (facts.annotations["Trigger"] if facts is not None else None) == SOURCES[name]


def test_there_is_an_event_of_every_source_that_is_known() -> None:
    made = {facts.annotations["Trigger"] for maker in MAKERS.values() if (facts := facts_of(maker()))}

    known = {trigger for name, (trigger, _, _) in TRIGGERS.items() if name not in NOT_MADE}
    assert known - made == set()


@pytest.mark.parametrize("name", MAKERS)
def test_each_call_makes_an_event_of_its_own_of_what_json_has(name: str) -> None:
    with time_machine.travel(NOW, tick=False):
        event, other = MAKERS[name](), MAKERS[name]()

    assert json.loads(json.dumps(event)) == event == other
    # No two places share an object, within one of them or between them.
    assert len({*containers(event), *containers(other)}) == len(containers(event)) * 2


def containers(value: Any) -> list[int]:
    """The identities of all objects and lists in it, once for each place."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [] if inside is None else [id(value), *(found for each in inside for found in containers(each))]


NESTED: dict[str, Any] = {"a": {"b": [{}]}}


@pytest.mark.parametrize(
    "event",
    [
        events.eventbridge(NESTED),
        events.rest_api(authorizer=NESTED),
        events.http_api(authorizer=NESTED),
        events.websocket_connect(authorizer=NESTED),
        events.appsync(NESTED, source=NESTED, identity=NESTED, variables=NESTED, stash=NESTED),
        events.appsync_events(NESTED),
        events.appsync_authorizer(variables=NESTED),
        events.cognito(request=NESTED, user_attributes=NESTED),
        events.cloudformation("Update", properties=NESTED, old_properties=NESTED),
        events.documentdb(NESTED),
        events.step_functions(NESTED),
        events.durable(operations=[NESTED]),
        events.rabbitmq(headers=NESTED),
    ],
    ids=lambda _: "",
)
def test_what_is_given_is_copied(event: Any) -> None:
    assert not {*containers(event)} & {*containers(NESTED)}
    assert '{"b": [{}]}' in json.dumps(event)


@pytest.mark.parametrize("name", [name for name in MAKERS if "at" in signature(MAKERS[name]).parameters])
def test_nothing_but_times_changes_with_the_time(name: str) -> None:
    found = set(changed(MAKERS[name](at=NOW), MAKERS[name](at=LATER)).values())

    assert found <= TIMES | WITH_TIMES_INSIDE
    assert found or name in ("cloudfront", "lattice_v1")


@pytest.mark.parametrize("name", [name for name in MAKERS if "seed" in signature(MAKERS[name]).parameters])
def test_another_seed_makes_other_ids(name: str) -> None:
    with time_machine.travel(NOW, tick=False):
        # One who signs up has no id yet.
        given = {"trigger": "PostAuthentication_Authentication"} if name == "cognito" else {}
        event = MAKERS[name](**given)
        same, other = MAKERS[name](seed=None, **given), MAKERS[name](seed=1, **given)

    assert changed(event, same) == {}
    assert changed(event, other) != {}


def test_two_records_have_two_ids() -> None:
    first, second = events.sqs("same", "same")["Records"]

    assert first["messageId"] != second["messageId"]


def test_a_time_may_be_a_datetime_or_seconds_and_is_else_the_one_that_a_test_froze() -> None:
    moment = datetime(2026, 11, 30, 10, 35, 38, 123_000, timezone.utc)

    with time_machine.travel(moment, tick=False):
        frozen = events.rest_api()
    assert frozen == events.rest_api(at=moment) == events.rest_api(at=NOW)
    assert frozen["requestContext"]["requestTime"] == "30/Nov/2026:10:35:38 +0000"
    assert frozen["requestContext"]["requestTimeEpoch"] == 1796034938123
    assert events.eventbridge(at=moment)["time"] == "2026-11-30T10:35:38Z"
    assert events.alarm(at=moment)["time"] == "2026-11-30T10:35:38.123+0000"
    (properties,) = (
        each["basicProperties"] for each in events.rabbitmq("x", at=moment)["rmqMessagesByQueue"]["orders::/"]
    )
    assert properties["timestamp"] == "Nov 30, 2026, 10:35:38 AM"


def test_records_are_a_little_older_than_the_moment_at_which_they_come() -> None:
    facts = facts_of(events.sqs("a", "b", receive_count=3))

    assert facts is not None
    assert facts.metadata is not None
    assert 60_200 <= facts.metadata["oldest_record_age_ms"] < 120_000
    assert facts.metadata["max_receive_count"] == 3


@pytest.mark.parametrize(
    ("event", "source"),
    [
        (events.sqs(queue="arn:aws:sqs:eu-west-1:111122223333:bills"), "bills"),
        (events.sns(topic="arn:aws:sns:eu-west-1:111122223333:bills"), "bills"),
        (events.dynamodb(table="arn:aws:dynamodb:eu-west-1:111122223333:table/bills"), "bills"),
        (
            events.dynamodb(table="arn:aws:dynamodb:eu-west-1:111122223333:table/bills/stream/2026-01-01"),
            "bills",
        ),
        (events.kinesis(stream="arn:aws:kinesis:eu-west-1:111122223333:stream/bills"), "bills"),
        (events.schedule("arn:aws:events:eu-west-1:111122223333:rule/bills"), "bills"),
        (events.scheduler("arn:aws:scheduler:eu-west-1:111122223333:schedule/mine/bills"), "bills"),
        (events.s3(bucket="arn:aws:s3:::bills"), "bills"),
        (
            events.alb(
                target_group="arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/bills/49e9d6"
            ),
            "bills",
        ),
        (events.lattice(service="svc-1"), "svc-1"),
        (events.cloudformation(stack="bills"), "bills"),
        (events.secretsmanager(secret="bills-a1b2c3"), "bills-a1b2c3"),
        (events.codecommit(repository="bills"), "bills"),
        (events.step_functions(state_machine="bills"), "bills"),
        (events.kafka(topic="bills"), "bills"),
        (events.activemq(queue="bills"), "bills"),
        (events.rabbitmq(queue="bills"), "bills"),
        (events.documentdb(collection="bills"), "bills"),
        (events.firehose(stream="bills"), "bills"),
        (events.rest_api(api_id="bills"), "bills"),
        (events.appsync(field="Query.bills"), "Query.bills"),
        (events.appsync_events(channel="/bills/1"), "bills"),
    ],
)
def test_the_resource_that_is_named_is_the_source(event: Any, source: str) -> None:
    facts = facts_of(event)

    assert facts is not None
    assert facts.annotations["Source"] == source


def test_an_arn_says_region_and_account_too() -> None:
    (record,) = events.sqs(queue="arn:aws:sqs:eu-west-1:111122223333:bills")["Records"]
    assert (record["awsRegion"], record["eventSourceARN"]) == (
        "eu-west-1",
        "arn:aws:sqs:eu-west-1:111122223333:bills",
    )

    event = events.scheduler("arn:aws:scheduler:eu-west-1:111122223333:schedule/mine/bills")
    assert (event["region"], event["account"]) == ("eu-west-1", "111122223333")
