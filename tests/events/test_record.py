"""What records say of themselves, in every form in which they come, and what an answer says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities import data_classes
from aws_lambda_powertools.utilities.parser import models

from lambda_tracer.events import fields
from lambda_tracer.events.record import NAMELESS, SOURCES, SQS, failed_ids, is_record, source_of
from tests.batches import RECORDS, id_of
from tests.hostile.values import RECIPES
from tests.sqs_messages import message

EVENTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "## sqs orders": data_classes.SQSEvent,
    "## sns news": data_classes.SNSEvent,
    "## kinesis clicks": data_classes.KinesisStreamEvent,
    "## dynamodb orders": data_classes.DynamoDBStreamEvent,
    "## s3 invoices": data_classes.S3Event,
}

MODELS: dict[str, Callable[..., Any]] = {
    "## sqs orders": models.SqsRecordModel,
    "## sns news": models.SnsRecordModel,
    "## kinesis clicks": models.KinesisDataStreamRecord,
    "## dynamodb orders": models.DynamoDBStreamRecordModel,
    "## s3 invoices": models.S3RecordModel,
}


def as_powertools(name: str, record: dict[str, Any]) -> Any:
    return next(iter(EVENTS[name]({"Records": [record]}).records))


def as_pydantic(name: str, record: dict[str, Any]) -> Any:
    return MODELS[name](**record)


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("form", [lambda name, record: record, as_powertools, as_pydantic])
def test_a_record_says_where_it_is_from_in_every_form(form: Callable[[str, Any], Any], name: str) -> None:
    record = RECORDS[name](1)

    formed = form(name, record)

    source = source_of(formed)
    assert source is not None
    assert f"## {source.label(formed)}" == name
    assert source.id_of(formed) == id_of(record)
    assert is_record(formed, fields.entry) or is_record(formed, fields.attribute)


def test_a_record_of_kinesis_that_came_through_pipes_is_known_by_its_number() -> None:
    whole = RECORDS["## kinesis clicks"](1)
    piped = {**whole["kinesis"], **{key: value for key, value in whole.items() if key != "kinesis"}}

    source = source_of(piped)
    assert source is not None
    assert (source.label(piped), source.id_of(piped)) == ("kinesis clicks", id_of(whole))


def test_what_boto3_received_is_a_message() -> None:
    received = {"MessageId": "1", "ReceiptHandle": "2", "Body": "{}"}

    assert source_of(received) is SQS
    assert (SQS.label(received), SQS.id_of(received)) == ("sqs", "1")


@pytest.mark.parametrize(
    "record", [{}, {"eventSource": None}, {"eventSource": 7}, 7, None, object(), "aws:sqs"]
)
def test_what_does_not_say_where_it_is_from_has_no_name(record: object) -> None:
    assert source_of(record) is NAMELESS
    assert (NAMELESS.label(record), NAMELESS.id_of(record)) == ("record", None)


@pytest.mark.parametrize(
    "said", ["aws:kafka", "aws:amq", "aws:documentdb", "SelfManagedKafka", "", "AWS:SQS"]
)
def test_other_sources_are_not_known(said: str) -> None:
    assert source_of({"eventSource": said, "messageId": "1"}) is None
    assert source_of({"EventSource": said}) is None


@pytest.mark.parametrize("name", RECIPES)
def test_a_hostile_value_is_no_name_and_no_id_wherever_it_stands(name: str) -> None:
    value = RECIPES[name]()
    for source in SOURCES.values():
        for record in (
            value,
            {"eventSourceARN": value, "messageId": value, "kinesis": value, "dynamodb": value},
            {"Sns": value, "s3": value, "responseElements": value},
            {"Sns": {"TopicArn": value, "MessageId": value}, "s3": {"bucket": value}},
            {"s3": {"bucket": {"name": value}}, "kinesis": {"sequenceNumber": value}},
            {"dynamodb": {"SequenceNumber": value}, "responseElements": {"x-amz-request-id": value}},
        ):
            assert type(source.label(record)) is str
            assert type(source.id_of(record)) in (str, type(None))
    source_of(value)
    source_of({"eventSource": value})


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]}, {"a", "b"}),
        ({"batchItemFailures": ({"itemIdentifier": "a"}, {}, None, 7, "b", {"itemIdentifier": 7})}, {"a"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}, {"itemIdentifier": None}]}, set()),
        ({"batchItemFailures": {"itemIdentifier": "a"}}, set()),
        ({"batchItemFailures": iter([{"itemIdentifier": "a"}])}, set()),
        ({}, set()),
        (None, set()),
        ([{"itemIdentifier": "a"}], set()),
    ],
)
def test_what_an_answer_calls_failed(answer: object, failed: set[str]) -> None:
    assert failed_ids(answer) == failed


@pytest.mark.parametrize("name", RECIPES)
def test_a_hostile_answer_calls_nothing_failed(name: str) -> None:
    value = RECIPES[name]()

    for answer in (value, {"batchItemFailures": value}, {"batchItemFailures": [value]}):
        failed_ids(answer)
    assert failed_ids({"batchItemFailures": [{"itemIdentifier": value}, {"itemIdentifier": "m"}]}) >= {"m"}


def test_what_a_record_is_about_is_not_read() -> None:
    class Watched(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            pytest.fail("a payload was read")

    for record in (
        {**RECORDS["## kinesis clicks"](1), "kinesis": {"sequenceNumber": "1", "data": Watched()}},
        {**RECORDS["## dynamodb orders"](1), "dynamodb": {"SequenceNumber": "1", "NewImage": Watched()}},
        {**message(1), "messageAttributes": Watched()},
    ):
        source = source_of(record)
        assert source is not None
        assert source.label(record)
        assert source.id_of(record)
