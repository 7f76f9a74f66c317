"""What triggered an invocation: every source that is known by its event, and events that are none."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from lambda_tracer.events.facts import MAX_KEYS, Facts
from lambda_tracer.events.trigger import facts_of
from tests.events.samples import NAMES, SECRETS, sample

TRIGGERS: dict[str, tuple[str, str | None, int | None]] = {
    "alarm": ("alarm", "too-many-errors", None),
    "alb": ("alb", "shop-checkout", None),
    "alb_multi_value": ("alb", "shop-checkout", None),
    "api_http_1": ("api", "id0123abcd", None),
    "api_http_2": ("api", "id0123abcd", None),
    "api_rest": ("api", "70ixmpl4fl", None),
    "appsync": ("appsync", "Query.getPost", None),
    "appsync_batch": ("appsync", "Query.getPost", 3),
    "appsync_events": ("appsync", "default", None),
    "authorizer_appsync": ("authorizer", "giy7kumfmvcqvbecntjwjvagii", None),
    "authorizer_http_2": ("authorizer", "abcdef1230", None),
    "authorizer_request": ("authorizer", "abcdef1230", None),
    "authorizer_token": ("authorizer", "abcdef1230", None),
    "bedrock_agent": ("bedrock_agent", "shop-assistant", None),
    "cloudformation": ("cloudformation", "mystack", None),
    "codecommit": ("codecommit", "shop-repo", 1),
    "codepipeline": ("codepipeline", None, None),
    "cognito": ("cognito", "us-east-1_T2NY8ooF", None),
    "config": ("config", "change-triggered-config-rule", None),
    "connect": ("connect", "c8c0e68d-2200-4265-82c0-XXXXXXXXXX", None),
    "direct": ("direct", None, None),
    "docdb": ("docdb", "test_collection", 1),
    "dynamodb": ("dynamodb", "orders", 2),
    "eventbridge": ("eventbridge", "shop.orders", None),
    "eventbridge_s3": ("eventbridge", "aws.s3", None),
    "firehose": ("firehose", "clicks-to-s3", 1),
    "function_url": ("function_url", None, None),
    "iot": ("direct", None, None),
    "kafka": ("kafka", "mytopic", 3),
    "kafka_self_managed": ("kafka", "mytopic", 1),
    "kinesis": ("kinesis", "clicks", 2),
    "lattice_1": ("lattice", None, None),
    "lattice_2": ("lattice", "svc-0a40eebed65f8d69c", None),
    "lex": ("lex", "OrderFlowers", None),
    "logs": ("logs", None, None),
    "mq_active": ("mq", "testQueue", 1),
    "mq_rabbit": ("mq", "pizzaQueue", 1),
    "pipes_dynamodb": ("dynamodb", "orders", 2),
    "pipes_kafka": ("kafka", "mytopic", 3),
    "pipes_kafka_self_managed": ("kafka", "mytopic", 1),
    "pipes_kinesis": ("kinesis", "clicks", 2),
    "pipes_mq_active": ("mq", "testQueue", 1),
    "pipes_mq_rabbit": ("mq", "pizzaQueue", 1),
    "pipes_sqs": ("sqs", "orders", 2),
    "s3": ("s3", "invoices", 1),
    "s3_batch": ("s3_batch", "invoices", 1),
    "s3_batch_2": ("s3_batch", "invoices", 1),
    "s3_object_lambda": ("s3_object_lambda", "example-object-lambda-ap", None),
    "scheduled_event": ("schedule", "nightly-report", None),
    "scheduler": ("schedule", "nightly-report", None),
    "secretsmanager": ("secretsmanager", "shop/database-a1b2c3", None),
    "ses": ("ses", None, 1),
    "sns": ("sns", "news", 1),
    "sqs": ("sqs", "orders", 2),
    "states": ("states", "checkout", None),
    "websocket_connect": ("websocket", "abcd1234ef", None),
    "websocket_message": ("websocket", "abcd1234ef", None),
}
"""By sample: Trigger, Source and BatchSize."""

AGES = {
    "codecommit": ("oldest_record_age_ms", 1796034930.123),
    "dynamodb": ("oldest_record_age_ms", 1796034930),
    "eventbridge": ("event_age_ms", 1796034930),
    "eventbridge_s3": ("event_age_ms", 1796034930),
    "firehose": ("oldest_record_age_ms", 1796034930),
    "kafka": ("oldest_record_age_ms", 1796034930),
    "kafka_self_managed": ("oldest_record_age_ms", 1796034930),
    "kinesis": ("oldest_record_age_ms", 1796034930.987),
    "mq_active": ("oldest_record_age_ms", 1796034930),
    "s3": ("oldest_record_age_ms", 1796034930.123),
    "scheduled_event": ("event_age_ms", 1796034930),
    "scheduler": ("event_age_ms", 1796034930),
    "sns": ("oldest_record_age_ms", 1796034938.123),
    "sqs": ("oldest_record_age_ms", 1796034930),
}
"""By sample: what of it has an age, and since when."""

ITERATORS = {"kinesis": 1796034936.5, "dynamodb": 1796034936}
for name in NAMES:
    like = name.removeprefix("pipes_")
    if like != name:
        AGES.update({name: AGES[like]} if like in AGES else {})
        ITERATORS.update({name: ITERATORS[like]} if like in ITERATORS else {})
"""By sample: when its last record arrived."""


def facts(event: object) -> Facts:
    found = facts_of(event)
    assert found is not None
    return found


def test_every_sample_has_its_row() -> None:
    assert set(NAMES) == set(TRIGGERS)


@pytest.mark.parametrize("name", NAMES)
def test_the_source_is_known(name: str) -> None:
    annotations = facts(sample(name)).annotations

    trigger, source, size = TRIGGERS[name]
    assert annotations["Trigger"] == trigger
    assert annotations.get("Source") == source
    assert annotations.get("BatchSize") == size


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_a_payload_and_no_arn_is_told(name: str) -> None:
    found = facts(sample(name))

    told = json.dumps([found.annotations, found.metadata, found.request])
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_event_is_as_it_was(name: str) -> None:
    event = sample(name)

    facts_of(event)

    assert event == sample(name)


@pytest.mark.parametrize("name", NAMES)
def test_ages_are_told_where_the_event_does(name: str) -> None:
    event = sample(name)
    before = time.time()
    metadata = facts(event).metadata or {}
    after = time.time()

    expected = dict([AGES[name]]) if name in AGES else {}
    if name in ITERATORS:
        expected["iterator_age_ms"] = ITERATORS[name]
    assert {key for key in metadata if key.endswith("_ms")} == expected.keys()
    for key, arrived in expected.items():
        oldest, youngest = ((now - arrived) * 1000 for now in (after, before))
        assert max(0, youngest - 2) <= metadata[key] <= max(0, oldest + 2)


def test_an_age_is_that_of_the_oldest_record_and_of_the_last_one_for_the_iterator() -> None:
    event = sample("kinesis")
    now = time.time()
    for record, age_s in zip(event["Records"], (30, 10), strict=True):
        record["kinesis"]["approximateArrivalTimestamp"] = now - age_s

    metadata = facts(event).metadata

    assert metadata == {
        "oldest_record_age_ms": pytest.approx(30_000, abs=5_000),
        "iterator_age_ms": pytest.approx(10_000, abs=5_000),
    }


def test_the_message_that_was_received_most_often_is_told() -> None:
    assert (facts(sample("sqs")).metadata or {})["max_receive_count"] == 3


def test_the_kind_of_a_cognito_trigger_is_told() -> None:
    assert facts(sample("cognito")).metadata == {"trigger_source": "PreSignUp_SignUp"}


def test_of_a_huge_batch_the_size_is_told_and_only_a_part_is_looked_at() -> None:
    event = {"Records": sample("sqs")["Records"] * 5_000}
    began = time.process_time()

    annotations = facts(event).annotations

    assert annotations["BatchSize"] == 10_000
    assert time.process_time() - began < 0.05


@pytest.mark.parametrize(
    "event",
    [
        *({}, [], None, 7, "text", [1], [{}], [{"id": 1}], b"x", object()),
        *(
            [{"eventSource": "mine"}],
            [{"eventSource": "aws:s3"}],
            [{"eventSource": 7}],
            [{"eventSource": "aws:sqs", 1: 2}],
        ),
    ],
)
def test_of_what_is_no_object_or_an_empty_one_nothing_is_said(event: object) -> None:
    assert facts_of(event) is None


def test_an_event_of_a_source_that_we_do_not_know_is_named_as_it_names_itself() -> None:
    found = facts(
        {"Records": [{"eventSource": "aws:newservice", "eventSourceARN": "arn:aws:new:::thing/one"}]}
    )

    assert found.annotations == {"Trigger": "newservice", "Source": "one", "BatchSize": 1}


@pytest.mark.parametrize(
    "event",
    [
        {"Records": []},
        {"Records": [{"id": 1}]},
        {"Records": "many"},
        {"records": [1, 2]},
        {"requestContext": {}},
        {"requestContext": {"http": "GET"}},
        {"httpMethod": "GET"},
        {"httpMethod": 7, "path": "/"},
        {"detail-type": "Order Placed"},
        {"info": {"fieldName": "x"}},
        {"StateMachine": {"Name": "mine"}},
        {"StackId": "mine"},
        {"eventSource": "mine"},
        {"tasks": ["wash up"]},
        dict.fromkeys(map(str, range(MAX_KEYS + 1)), 1),
    ],
)
def test_an_event_that_only_resembles_one_of_aws_is_direct(event: dict[str, Any]) -> None:
    assert facts(event).annotations == {"Trigger": "direct"}


def test_names_are_cut_to_what_is_worth_showing() -> None:
    event = sample("eventbridge")
    event["source"] = "s" * 10_000

    assert facts(event).annotations["Source"] == "s" * 250
