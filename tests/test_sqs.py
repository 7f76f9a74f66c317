"""What an SQS message says of its trace, in every form in which a message comes, and in forms in which none does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from aws_lambda_typing.events.sqs import SQSMessage
from hypothesis import given
from hypothesis import strategies as st

from lambda_tracer import SqsMessageHelper, TraceHeader
from lambda_tracer.sqs import MAX_BODY_CHARACTERS, is_sampled, trace_header
from tests.hostile.values import RECIPES
from tests.sqs_messages import record

ROOT = "1-68e77c00-0123456789abcdef01234567"
SAMPLED = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:1"
UNSAMPLED = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0"


def typed(header: str) -> SQSMessage:
    message: SQSMessage = {
        "messageId": "1",
        "receiptHandle": "2",
        "body": "{}",
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AROA:me",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
            "AWSTraceHeader": header,
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "md5OfMessageAttributes": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:orders",
        "awsRegion": "eu-central-1",
    }
    return message


def resource_message(header: str) -> Any:
    sqs = boto3.resource(
        "sqs", region_name="eu-central-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    message = sqs.Message("https://sqs.eu-central-1.amazonaws.com/123456789012/orders", "receipt")
    message.meta.data = {"MessageId": "1", "Body": "{}", "Attributes": {"AWSTraceHeader": header}}
    return message


FORMS: dict[str, Callable[[str], Any]] = {
    "Lambda's dict": record,
    "aws_lambda_typing": typed,
    "Powertools' SQSRecord": lambda header: SQSRecord(record(header)),
    "a record of Powertools' SQSEvent": lambda header: next(SQSEvent({"Records": [record(header)]}).records),
    "Powertools' pydantic model": lambda header: SqsRecordModel(**record(header)),
    "boto3's receive_message": lambda header: {"MessageId": "1", "Attributes": {"AWSTraceHeader": header}},
    "boto3's Message": resource_message,
    "a message attribute of Lambda's": lambda header: record(
        messageAttributes={"X-Amzn-Trace-Id": {"stringValue": header, "dataType": "String"}}
    ),
    "a message attribute of Powertools'": lambda header: SQSRecord(
        record(messageAttributes={"AWSTraceHeader": {"stringValue": header, "dataType": "String"}})
    ),
    "a message attribute of the pydantic model": lambda header: SqsRecordModel(
        **record(messageAttributes={"AWSTraceHeader": {"stringValue": header, "dataType": "String"}})
    ),
    "a message attribute of boto3's": lambda header: {
        "MessageAttributes": {"AWSTraceHeader": {"StringValue": header, "DataType": "String"}}
    },
    "SNS, raw": lambda header: record(header, body="as it was published"),
    "SNS, wrapped, with SQS's attribute": lambda header: record(header, body=notification()),
    "SNS, wrapped, with a message attribute": lambda header: record(
        body=notification(MessageAttributes={"AWSTraceHeader": {"Type": "String", "Value": header}})
    ),
    "EventBridge": lambda header: record(body=bus_event(header)),
    "EventBridge through SNS": lambda header: record(body=notification(Message=bus_event(header))),
    "EventBridge, received with boto3": lambda header: {"MessageId": "1", "Body": bus_event(header)},
}


def notification(**more: Any) -> str:
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "2",
            "TopicArn": "arn:aws:sns:eu-central-1:123456789012:news",
            "Message": "as it was published",
            **more,
        }
    )


def bus_event(header: str) -> str:
    return json.dumps(
        {
            "version": "0",
            "id": "3",
            "detail-type": "ordered",
            "source": "shop",
            "trace-header": header,
            "detail": {},
        }
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_message_has_its_header_in_every_form(form: str) -> None:
    sampled, unsampled = FORMS[form](SAMPLED), FORMS[form](UNSAMPLED)

    header = trace_header(sampled)
    assert isinstance(header, TraceHeader)
    assert header.to_header_str() == SAMPLED
    assert (header.root, header.data) == (ROOT, {"Lineage": "1:a87bd80c:1"})
    assert (is_sampled(sampled), is_sampled(unsampled)) == (True, False)


# In a process of its own: importing the SDK opens a socket that it never closes.
ASK_THE_SDK = """
import json, sys
from aws_xray_sdk.core.utils.sqs_message_helper import SqsMessageHelper
print(json.dumps([SqsMessageHelper.isSampled(each) for each in json.load(sys.stdin)]))
"""


def test_the_helper_answers_as_the_sdks() -> None:
    messages = [record(SAMPLED), record(UNSAMPLED), record(), record("Root=" + ROOT), record("")]

    asked = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK_THE_SDK],
        input=json.dumps(messages),
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(asked.stdout) == [True, False, False, False, False]
    assert [SqsMessageHelper.isSampled(each) for each in messages] == json.loads(asked.stdout)
    assert [SqsMessageHelper.is_sampled(each) for each in messages] == json.loads(asked.stdout)


@pytest.mark.parametrize(
    ("header", "decision"),
    [
        (f"Root={ROOT}", None),
        (f"Root={ROOT};Sampled=?", "?"),
        ("Sampled=1", 1),
        (f"Sampled=0;Root={ROOT}", 0),
        (f" Root = {ROOT} ; Sampled = 1 ", 1),
        (f"Root={ROOT};Sampled=10", None),
        (f"Root={ROOT};Sampled=yes", None),
    ],
)
def test_a_message_is_sampled_only_where_its_header_says_so(header: str, decision: object) -> None:
    message = record(header)

    found = trace_header(message)
    assert found is not None
    assert found.sampled == decision
    assert is_sampled(message) == (decision == 1)


@pytest.mark.parametrize("header", ["", " ", ";;;", "Parent=53995c3f42cd8ad8", "hello", "=", "x" * 100_000])
def test_a_text_that_says_nothing_is_no_header(header: str) -> None:
    assert trace_header(record(header)) is None


def test_sqs_itself_is_believed_before_the_sender_and_the_sender_before_the_envelope() -> None:
    attribute = {"AWSTraceHeader": {"stringValue": UNSAMPLED, "dataType": "String"}}
    by_all = record(SAMPLED, body=bus_event(UNSAMPLED), messageAttributes=attribute)
    by_sender = record(body=bus_event(SAMPLED), messageAttributes=attribute)

    assert is_sampled(by_all)
    assert not is_sampled(by_sender)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"trace-header": SAMPLED}),
        json.dumps({"AWSTraceHeader": SAMPLED}),
        json.dumps({"Type": "Notification", "Message": bus_event(SAMPLED)}),
        json.dumps({"detail-type": "ordered", "source": "shop", "detail": {"trace-header": SAMPLED}}),
        notification(Message=notification(Message=bus_event(SAMPLED))),
        notification(Message=json.dumps({"trace-header": SAMPLED})),
        f"[{bus_event(SAMPLED)}]",
        bus_event(SAMPLED)[:-1],
        bus_event(SAMPLED).replace("{}", "[" * 200_000),
        bus_event(SAMPLED).replace("{}", "9" * 5_000 + "x"),
        bus_event(SAMPLED) + " " * MAX_BODY_CHARACTERS,
        '{"trace-header": "' + SAMPLED + '", "detail-type": 1}',
        '{"Type": "Notification", "TopicArn": 1, "MessageAttributes": ["AWSTraceHeader"]}',
        '{"Type": "Notification", "TopicArn": 1, "Message": {"trace-header": 1}}',
        '{"detail-type": 1, "source": 1, "trace-header": {"Sampled": 1}}',
        "",
        "{",
    ],
)
def test_a_body_that_is_no_such_envelope_has_no_header(body: str) -> None:
    message = record(body=body)

    assert trace_header(message) is None
    assert not is_sampled(message)


NAMES = [
    *(
        "attributes",
        "Attributes",
        "messageAttributes",
        "MessageAttributes",
        "AWSTraceHeader",
        "X-Amzn-Trace-Id",
    ),
    *("stringValue", "StringValue", "Value", "messageId", "body", "Body"),
    *("Type", "TopicArn", "Message", "detail-type", "source", "trace-header"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(SAMPLED),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner | st.just("Notification") | st.builds(bus_event, st.text() | st.just(SAMPLED)),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_no_shape_of_a_message_raises(message: object) -> None:
    found = trace_header(message)

    assert found is None or type(found) is TraceHeader
    assert is_sampled(message) == (found is not None and found.sampled == 1)


@given(st.text(alphabet="RootParentSampledSelf=;?01-abcdef \0\n", max_size=200) | st.text())
def test_no_text_of_a_header_raises(header: str) -> None:
    messages = [
        make(header) for form, make in FORMS.items() if "Message" not in form and "pydantic" not in form
    ]

    assert {is_sampled(message) for message in messages} <= {True, False}


@pytest.mark.parametrize("name", RECIPES)
def test_a_hostile_value_is_not_sampled_wherever_it_stands(name: str) -> None:
    value = RECIPES[name]()
    places = [
        value,
        {"attributes": value},
        {"Attributes": {"AWSTraceHeader": value}},
        {"messageAttributes": value},
        {"MessageAttributes": {"X-Amzn-Trace-Id": value}},
        {"messageAttributes": {"AWSTraceHeader": {"stringValue": value}}},
        {"body": value},
    ]

    assert [is_sampled(place) for place in places] == [False] * len(places)
    assert [trace_header(place) for place in places] == [None] * len(places)


def test_who_does_not_use_it_does_not_import_it() -> None:
    code = (
        "import sys, lambda_tracer; lambda_tracer.Tracer()\n"
        "print([name for name in sys.modules if 'sqs' in name])\n"
        "from lambda_tracer import SqsMessageHelper\n"
        "print([name for name in sys.modules if 'sqs' in name])"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines() == ["[]", "['lambda_tracer.sqs']"]
