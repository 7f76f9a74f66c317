"""What the caller says stands in the event, in the form that the source gives it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lambda_tracer.events.envelope import wrapped_source
from lambda_tracer.sqs import is_sampled
from lambda_tracer.testing import events

HEADER = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def test_a_template_gives_the_parameters_of_a_path() -> None:
    assert events.rest_api(path="/items/5", resource="/items/{id}")["pathParameters"] == {"id": "5"}
    assert events.rest_api(path="/a/b")["pathParameters"] == {"proxy": "a/b"}
    assert events.http_api(path="/a/1/b/2", route="GET /a/{x}/b/{rest+}")["pathParameters"] == {
        "x": "1",
        "rest": "2",
    }
    assert "pathParameters" not in events.http_api(path="/items/5")


def test_several_values_are_written_as_each_gateway_does() -> None:
    query = {"a": ["1", "2 3"]}

    rest = events.rest_api(query=query)
    assert rest["queryStringParameters"] == {"a": "2 3"}
    assert rest["multiValueQueryStringParameters"] == query
    http = events.http_api(query=query)
    assert (http["queryStringParameters"], http["rawQueryString"]) == ({"a": "1,2 3"}, "a=1&a=2+3")
    balanced: Any = events.alb(query=query, multi_value=True)
    assert balanced["multiValueQueryStringParameters"] == {"a": ["1", "2%203"]}
    assert "headers" not in balanced
    assert events.lattice(query=query)["queryStringParameters"] == query


def test_a_header_that_is_given_replaces_one_of_the_client() -> None:
    given = {"user-agent": "mine", "X-New": ["1", "2"]}

    rest = events.rest_api(headers=given)
    assert [name for name in rest["headers"] if name.lower() == "user-agent"] == ["user-agent"]
    assert rest["requestContext"]["identity"]["userAgent"] == "mine"
    assert events.http_api(headers=given)["headers"]["x-new"] == "1,2"
    assert events.cloudfront(headers={"Host": "h"})["Records"][0]["cf"]["request"]["headers"]["host"] == [
        {"key": "Host", "value": "h"}
    ]


def test_a_body_is_a_text_or_json_or_bytes_in_base64() -> None:
    assert events.http_api("POST", body="x")["body"] == "x"
    as_json = events.http_api("POST", body={"a": 1})
    assert (as_json["body"], as_json["headers"]["content-type"]) == ('{"a":1}', "application/json")
    binary = events.http_api("POST", body=b"\xff")
    assert (binary["body"], binary["isBase64Encoded"]) == ("/w==", True)
    assert "body" not in events.http_api()
    assert events.rest_api()["body"] is None
    assert events.alb()["body"] == ""


def test_an_authorizer_sees_a_token_unless_one_is_given() -> None:
    assert events.request_authorizer()["headers"]["Authorization"] == "Bearer a.b.c"
    assert events.http_api_authorizer(headers={"authorization": "mine"})["identitySource"] == ["mine"]
    assert events.token_authorizer(method="PUT", path="/a")["methodArn"].endswith(":abcde12345/prod/PUT/a")


def test_a_message_of_a_queue_has_what_is_given() -> None:
    (record,) = events.sqs(
        {"a": 1},
        queue="orders.fifo",
        group="g",
        trace_header=HEADER,
        attributes={"text": "a", "number": 1.5, "bytes": b"\xff"},
        dead_letters_of="first",
    )["Records"]

    assert is_sampled(record)
    assert record["body"] == '{"a":1}'
    assert record["attributes"]["MessageGroupId"] == "g"
    assert record["attributes"]["DeadLetterQueueSourceArn"].endswith(":first")
    attributes = record["messageAttributes"]
    assert (attributes["text"]["stringValue"], attributes["text"]["dataType"]) == ("a", "String")
    assert (attributes["number"]["stringValue"], attributes["number"]["dataType"]) == ("1.5", "Number")
    assert (attributes["bytes"]["binaryValue"], attributes["bytes"]["dataType"]) == ("/w==", "Binary")


@pytest.mark.parametrize(
    ("event", "source"),
    [
        (events.sqs_from_sns({"a": 1}, topic="news", subject="s", attributes={"a": "b"}), "sns news"),
        (events.sqs(events.eventbridge(source="shop.orders")), "eventbridge shop.orders"),
        (events.sqs(events.s3()), "s3"),
    ],
)
def test_a_queue_can_have_what_another_service_sent(event: Any, source: str) -> None:
    (record,) = event["Records"]

    assert wrapped_source(record["body"]) == source


def test_the_envelope_of_sns_has_its_message() -> None:
    (record,) = events.sqs_from_sns({"a": 1}, attributes={"a": "b"}, trace_header=HEADER)["Records"]

    envelope = json.loads(record["body"])
    assert envelope["Message"] == '{"a":1}'
    assert envelope["MessageAttributes"] == {"a": {"Type": "String", "Value": "b"}}
    assert is_sampled(record)


def test_what_failed_comes_once_more() -> None:
    event = events.sqs("a", "b", "c")
    failed = event["Records"][1]["messageId"]

    again = events.redelivered(event, {"batchItemFailures": [{"itemIdentifier": failed}]})

    (record,) = again["Records"]
    assert (record["body"], record["messageId"]) == ("b", failed)
    assert record["attributes"]["ApproximateReceiveCount"] == "2"
    assert record["receiptHandle"] != event["Records"][1]["receiptHandle"]
    assert [each["attributes"]["ApproximateReceiveCount"] for each in event["Records"]] == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (None, 0),
        ({}, 0),
        ({"batchItemFailures": None}, 0),
        ({"batchItemFailures": []}, 0),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, 2),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, 2),
        ({"batchItemFailures": [{"wrong": "x"}]}, 2),
    ],
)
def test_a_wrong_answer_fails_all_and_an_empty_one_none(answer: object, count: int) -> None:
    assert len(events.redelivered(events.sqs("a", "b"), answer)["Records"]) == count


def test_records_of_several_calls_make_one_event() -> None:
    first, second = events.sqs("a", group="1"), events.sqs("b", trace_header=HEADER)

    event = events.joined_batch(first, second)

    assert [record["body"] for record in event["Records"]] == ["a", "b"]
    assert len(first["Records"]) == 1
    assert len(events.joined_batch(events.firehose("a"), events.firehose("b"))["records"]) == 2
    with pytest.raises(ValueError, match="each event must have a list of records"):
        events.joined_batch(events.eventbridge(), events.eventbridge())


def test_a_change_is_what_was_before_and_what_is_after() -> None:
    old, new = {"id": 1, "a": "x"}, {"id": 1, "a": "y"}

    inserted, modified, removed = events.dynamodb(new, (old, new), (old, None), expired=True)["Records"]

    assert [each["eventName"] for each in (inserted, modified, removed)] == ["INSERT", "MODIFY", "REMOVE"]
    assert "OldImage" not in inserted["dynamodb"]
    assert "NewImage" not in removed["dynamodb"]
    assert modified["dynamodb"]["OldImage"]["a"] == {"S": "x"}
    assert modified["dynamodb"]["Keys"] == {"id": {"N": "1"}}
    assert removed["userIdentity"]["type"] == "Service"
    keys = events.dynamodb(new, view="KEYS_ONLY")["Records"][0]["dynamodb"]
    assert "NewImage" not in keys
    with pytest.raises(ValueError, match="a change must have an item"):
        events.dynamodb((None, None))


def test_bytes_and_sets_are_written_as_dynamodb_does() -> None:
    assert events.attribute_value(b"\xff") == {"B": "/w=="}
    assert events.attribute_value({b"b", b"a"}) == {"BS": ["YQ==", "Yg=="]}
    for wrong in (set(), {1, "a"}, {True}, object()):
        with pytest.raises(TypeError, match="attribute_value: "):
            events.attribute_value(wrong)


def test_records_of_a_stream_are_in_base64_and_in_order() -> None:
    records = events.kinesis("a", b"\xff", {"b": 1}, partition_key="p", shard=3)["Records"]

    decoded = [base64.b64decode(each["kinesis"]["data"]) for each in records]
    numbers = [int(each["kinesis"]["sequenceNumber"]) for each in records]
    assert decoded == [b"a", b"\xff", b'{"b":1}']
    assert numbers == sorted(set(numbers))
    assert records[0]["eventID"].startswith("shardId-000000000003:")


def test_pipes_send_the_records_alone() -> None:
    (message,) = events.pipes(events.sqs("a"))
    (record,) = events.pipes(events.kinesis("a", partition_key="p"))

    assert (message["body"], message["eventSource"]) == ("a", "aws:sqs")
    assert (record["partitionKey"], record["eventSource"]) == ("p", "aws:kinesis")
    assert "kinesis" not in record


@pytest.mark.parametrize("event", [events.kafka(), events.s3(), {"Records": []}], ids=["kafka", "s3", "none"])
def test_pipes_take_events_of_sources_that_they_read(event: Any) -> None:
    with pytest.raises(ValueError, match=r"takes an event of SQS, Kinesis or DynamoDB, as of events\.sqs"):
        events.pipes(event)


def test_a_trigger_of_cognito_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="cognito: a trigger begins with one of PreSignUp, "):
        events.cognito("Unknown_Trigger")

    event = events.cognito("PreSignUp_AdminCreateUser", request={"validationData": {"a": "b"}})
    assert event["request"]["validationData"] == {"a": "b"}


def test_what_a_person_said_is_in_the_event() -> None:
    event = events.lex("two roses", slots={"Count": "2", "When": None}, source="FulfillmentCodeHook")

    intent = event["sessionState"]["intent"]
    assert (event["inputTranscript"], intent["state"]) == ("two roses", "ReadyForFulfillment")
    assert intent["slots"]["Count"]["value"]["interpretedValue"] == "2"
    assert intent["slots"]["When"] is None
    agent = events.bedrock_agent("cancel", {"order": "A-1", "all": True})
    assert agent["parameters"] == [
        {"name": "order", "type": "string", "value": "A-1"},
        {"name": "all", "type": "boolean", "value": "true"},
    ]


def test_what_cloudfront_answers_is_in_the_event_of_an_answer() -> None:
    asked: Any = events.cloudfront("POST", "/a", body="x", query={"q": "1"})["Records"][0]["cf"]
    answered: Any = events.cloudfront(event_type="origin-response", status=404)["Records"][0]["cf"]

    assert (asked["request"]["querystring"], asked["request"]["body"]["data"]) == ("q=1", "eA==")
    assert "response" not in asked
    assert answered["response"]["status"] == "404"
