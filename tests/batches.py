"""Records as Lambda gives them to a function, of every source, in the shapes that AWS documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.sqs_messages import message

PAYLOAD = "c2VjcmV0"
"""Stands wherever a record has what it is about: nothing of it may be recorded."""

Record = dict[str, Any]


def kinesis(number: int) -> Record:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": PAYLOAD,
            "sequenceNumber": f"4959033827149025660855969253836157{number:04}",
            "data": PAYLOAD,
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000006:4959033827149025660855969253836157{number:04}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "us-east-2",
        "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/clicks",
    }


def dynamodb(number: int) -> Record:
    return {
        "eventID": f"{number:032x}",
        "eventVersion": "1.0",
        "dynamodb": {
            "Keys": {"Id": {"S": PAYLOAD}},
            "NewImage": {"Message": {"S": PAYLOAD}, "Id": {"S": PAYLOAD}},
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            "SequenceNumber": f"{number:021}",
            "SizeBytes": 26,
            "ApproximateCreationDateTime": 1545084650,
        },
        "awsRegion": "us-west-2",
        "eventName": "INSERT",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2024-06-10T19:26:16.525",
        "eventSource": "aws:dynamodb",
    }


def sns(number: int) -> Record:
    return {
        "EventVersion": "1.0",
        "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:news:21be56ed-a058-49f5-8c98-aedd2564c486",
        "EventSource": "aws:sns",
        "Sns": {
            "SignatureVersion": "1",
            "Timestamp": "2019-01-02T12:45:07.000Z",
            "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa/ebXEkAi6RibDsvpi+tE/1+82j==",
            "SigningCertUrl": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
            "MessageId": f"95df01b4-ee98-5cb9-9903-{number:012}",
            "Message": PAYLOAD,
            "MessageAttributes": {"Test": {"Type": "String", "Value": PAYLOAD}},
            "Type": "Notification",
            "UnsubscribeUrl": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
            "TopicArn": "arn:aws:sns:us-east-1:123456789012:news",
            "Subject": PAYLOAD,
        },
    }


def s3(number: int) -> Record:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-2",
        "eventTime": "2019-09-03T19:37:27.192Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
        "requestParameters": {"sourceIPAddress": "205.255.255.255"},
        "responseElements": {
            "x-amz-request-id": f"D82B88E5F771{number:04}",
            "x-amz-id-2": "vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5NeC6qMa0emYBDXOo6QBU0Wo=",
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "828aa6fc-f7b5-4305-8584-487c791949c1",
            "bucket": {
                "name": "invoices",
                "ownerIdentity": {"principalId": "A3I5XTEXAMAI3E"},
                "arn": "arn:aws:s3:::invoices",
            },
            "object": {
                "key": PAYLOAD,
                "size": 1305107,
                "eTag": "b21b84d653bb07b05b1e6b33684dc11b",
                "sequencer": "0C0F6F405D6ED209E1",
            },
        },
    }


def sqs(number: int) -> Record:
    return {**message(number, None), "body": PAYLOAD}


RECORDS: dict[str, Callable[[int], Record]] = {
    "## sqs orders": sqs,
    "## sns news": sns,
    "## kinesis clicks": kinesis,
    "## dynamodb orders": dynamodb,
    "## s3 invoices": s3,
}
"""By the name of their subsegments."""

FAILED_BY_ID = ("## sqs orders", "## kinesis clicks", "## dynamodb orders")
"""Those of which a handler may say which have failed."""

ID_ANNOTATIONS = {
    "## sqs orders": "MessageId",
    "## sns news": "MessageId",
    "## kinesis clicks": "SequenceNumber",
    "## dynamodb orders": "SequenceNumber",
    "## s3 invoices": "RequestId",
}


def id_of(record: Record) -> str:
    """What its source calls a record, and a handler in `batchItemFailures`."""
    if "Sns" in record:
        return str(record["Sns"]["MessageId"])
    if "kinesis" in record:
        return str(record["kinesis"]["sequenceNumber"])
    if "dynamodb" in record:
        return str(record["dynamodb"]["SequenceNumber"])
    if "s3" in record:
        return str(record["responseElements"]["x-amz-request-id"])
    return str(record["messageId"])


def notification(delivered: str = PAYLOAD, **more: Any) -> str:
    """The body of a message that SNS sent to a queue, in the order in which SNS writes it."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "63a3f6b6-d533-4a47-aef9-fcf5cf758c76",
            "TopicArn": "arn:aws:sns:us-west-2:123456789012:news",
            "Subject": PAYLOAD,
            "Message": delivered,
            "Timestamp": "2012-03-29T05:12:16.901Z",
            "SignatureVersion": "1",
            **more,
        },
        indent=2,
    )


def bus_event() -> str:
    """The body of a message that EventBridge sent to a queue."""
    return json.dumps(
        {
            "version": "0",
            "id": "12345678-1234-1234-1234-123456789012",
            "detail-type": "order placed",
            "source": "com.example.shop",
            "account": "123456789012",
            "time": "2026-01-01T00:00:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail": {"secret": PAYLOAD, "source": "inner"},
        },
        separators=(",", ":"),
    )


def bucket_notification() -> str:
    """The body of a message that S3 sent to a queue."""
    return json.dumps({"Records": [s3(1)]}, separators=(",", ":"))
