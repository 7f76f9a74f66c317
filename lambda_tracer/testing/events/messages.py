"""Messages of queues and topics: SQS, SNS, Amazon MQ.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html

A message that is no text becomes JSON. What is given by keyword is so for all messages of a call; `joined_batch` makes
one event of the messages of several calls.
"""

from __future__ import annotations

import hashlib
from typing import cast

from .values import ORDER, Ids, Moment, Resource, compact, data, fresh, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, TypeVar

    from aws_lambda_typing.events import MQEvent, SNSEvent, SQSEvent

    from .values import At

    Batch = TypeVar("Batch")
    Attributes = Mapping[str, str | int | float | bytes]


# SQS


def sqs(
    *messages: object,
    queue: str = "orders",
    attributes: Attributes | None = None,
    trace_header: str | None = None,
    receive_count: int = 1,
    group: str | None = None,
    dead_letters_of: str | None = None,
    at: At = None,
    seed: object = None,
) -> SQSEvent:
    """Messages of an SQS queue. A queue whose name ends in `.fifo` has groups: `group`, or else one for all.

    `trace_header` becomes the attribute `AWSTraceHeader`; `attributes` are those of the messages, typed by their
    values; `dead_letters_of` is the queue that gave them up, if this is a dead-letter queue. `at` is when Lambda
    received the messages; the last one was sent 100 ms before that, and the first time they were received is told too.
    """
    bodies = [text(message) for message in messages or (ORDER,)]
    told: list[tuple[str, object]] = [(body, [index, body]) for index, body in enumerate(bodies)]
    return _sqs(told, queue, attributes, trace_header, receive_count, group, dead_letters_of, at, seed)


def _sqs(
    messages: list[tuple[str, object]],
    queue: str,
    attributes: Attributes | None,
    trace_header: str | None,
    receive_count: int,
    group: str | None,
    dead_letters_of: str | None,
    at: At,
    seed: object,
) -> SQSEvent:
    """Messages, each with its body and with what its ids are made of."""
    of = Resource("sqs", queue)
    records: list[dict[str, Any]] = []
    received = Moment(at).s
    for index, (body, known_by) in enumerate(messages):
        given = _sqs_attributes(attributes)
        ids = Ids("sqs", of.arn, known_by, given, trace_header, group, seed)
        sent = Moment(received, before_s=0.1 * (len(messages) - index) + 30 * (receive_count - 1))
        first = Moment(received, before_s=30 * (receive_count - 1))
        system = {
            "ApproximateReceiveCount": str(receive_count),
            "SentTimestamp": str(sent.ms),
            "SenderId": "AIDAEXAMPLEEXAMPLE123",
            "ApproximateFirstReceiveTimestamp": str(first.ms),
        }
        if of.name.endswith(".fifo"):
            system["SequenceNumber"] = f"1884949646{Ids('sequence', of.arn, seed).decimal(6)}{index:04d}"
            system["MessageGroupId"] = group or "1"
            system["MessageDeduplicationId"] = hashlib.sha256(body.encode()).hexdigest()
        elif group is not None:
            system["MessageGroupId"] = group  # a fair queue
        if trace_header is not None:
            system["AWSTraceHeader"] = trace_header
        if dead_letters_of is not None:
            system["DeadLetterQueueSourceArn"] = Resource("sqs", dead_letters_of).arn
        record = {
            "messageId": ids.uuid(),
            "receiptHandle": "AQEB" + ids.base64(32),
            "body": body,
            "attributes": system,
            "messageAttributes": given,
            "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": of.arn,
            "awsRegion": of.region,
        }
        records.append(record)
    # The definition asks for a text in attributes that have bytes.
    return cast("SQSEvent", {"Records": records})


def _sqs_attributes(attributes: Attributes | None) -> dict[str, dict[str, Any]]:
    written: dict[str, dict[str, Any]] = {}
    for name, value in (attributes or {}).items():
        if isinstance(value, bytes):
            said = {"binaryValue": data(value), "dataType": "Binary"}
        else:
            said = {"stringValue": str(value), "dataType": "String" if isinstance(value, str) else "Number"}
        written[name] = {**said, "stringListValues": [], "binaryListValues": []}
    return written


def sqs_from_sns(
    *messages: object,
    queue: str = "orders",
    topic: str = "news",
    subject: str | None = None,
    attributes: Mapping[str, str] | None = None,
    trace_header: str | None = None,
    receive_count: int = 1,
    group: str | None = None,
    at: At = None,
    seed: object = None,
) -> SQSEvent:
    """Messages that an SNS topic delivered to an SQS queue, in SNS's envelope."""
    received = Moment(at).s
    published = Moment(received, before_s=30 * (receive_count - 1)).s
    told: list[tuple[str, object]] = []
    for each in _notifications(messages, topic, subject, attributes, published, seed, "URL"):
        if subject is None:
            each.pop("Subject")
        if not attributes:
            each.pop("MessageAttributes")
        told.append((compact(each), each["MessageId"]))
    return _sqs(told, queue, None, trace_header, receive_count, group, None, received, seed)


def redelivered(event: SQSEvent, answer: object) -> SQSEvent:
    """What SQS delivers next, after a handler gave `answer`: the messages that failed, received once more.

    These are those that `batchItemFailures` names. All of them failed if it has an id that is empty or not among the
    messages, and none if there is no such list, or an empty one, or if it is None. The event is not changed.
    """
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    failed = [each.get("itemIdentifier") if isinstance(each, dict) else None for each in failures or ()]
    records: list[dict[str, Any]] = fresh(cast("Any", event)["Records"])
    if all(any(each["messageId"] == one for each in records) for one in failed):
        records = [each for each in records if each["messageId"] in failed]
    for each in records:
        count = int(each["attributes"]["ApproximateReceiveCount"])
        each["attributes"]["ApproximateReceiveCount"] = str(count + 1)
        each["receiptHandle"] = "AQEB" + Ids("redelivered", each["receiptHandle"]).base64(32)
    return cast("SQSEvent", {"Records": records})


def joined_batch(first: Batch, *others: Batch) -> Batch:
    """One event with the records of several of the same source, in this order. The events are not changed.

    For events with `Records` or `records` in a list: SQS, SNS, Kinesis, DynamoDB, S3, Firehose.
    """
    copies: list[Any] = [fresh(each) for each in (first, *others)]
    key = next((name for name in ("Records", "records") if type(copies[0].get(name)) is list), None)
    if key is None or any(type(each.get(key)) is not list for each in copies):
        raise ValueError("joined_batch: each event must have a list of records")
    copies[0][key] = [record for each in copies for record in each[key]]
    return cast("Batch", copies[0])


# SNS


def sns(
    *messages: object,
    topic: str = "news",
    subject: str | None = None,
    attributes: Mapping[str, str] | None = None,
    at: At = None,
    seed: object = None,
) -> SNSEvent:
    """A message of an SNS topic. SNS delivers one at a time; several make several records all the same."""
    of = Resource("sns", topic)
    records = [
        {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": _subscription(of),
            "Sns": each,
        }
        for each in _notifications(messages, topic, subject, attributes, at, seed, "Url")
    ]
    # The definition asks for a subject, which most messages do not have.
    return cast("SNSEvent", {"Records": records})


def _notifications(
    messages: Iterable[object],
    topic: str,
    subject: str | None,
    attributes: Mapping[str, str] | None,
    at: At,
    seed: object,
    url: str,
) -> list[dict[str, Any]]:
    of = Resource("sns", topic)
    host = f"https://sns.{of.region}.amazonaws.com"
    subscription = _subscription(of)
    notifications = []
    published = Moment(at).s
    several = list(messages) or [ORDER]
    for index, message in enumerate(several):
        ids = Ids("sns", of.arn, index, text(message), subject, attributes, seed)
        notifications.append(
            {
                "Type": "Notification",
                "MessageId": ids.uuid(),
                "TopicArn": of.arn,
                "Subject": subject,
                "Message": text(message),
                "Timestamp": Moment(published, before_s=0.1 * (len(several) - index) + 0.05).iso_ms,
                "SignatureVersion": "1",
                "Signature": ids.base64(32),
                f"SigningCert{url}": f"{host}/SimpleNotificationService-{ids.hexadecimal(32)}.pem",
                f"Unsubscribe{url}": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription}",
                "MessageAttributes": {
                    name: {"Type": "String", "Value": value} for name, value in (attributes or {}).items()
                },
            }
        )
    return notifications


def _subscription(topic: Resource) -> str:
    return f"{topic.arn}:{Ids('subscription', topic.arn).uuid()}"


# Amazon MQ


def activemq(
    *messages: object,
    queue: str = "orders",
    broker: str = "shop",
    properties: Mapping[str, str] | None = None,
    redelivered: bool = False,
    at: At = None,
    seed: object = None,
) -> MQEvent:
    """Messages of a queue of Amazon MQ for ActiveMQ; bytes are one of type bytes-message, others text-message."""
    of = _broker(broker)
    received = Moment(at, before_s=0.1)
    written = []
    for index, message in enumerate(messages or (ORDER,)):
        ids = Ids("activemq", of.arn, queue, index, message, seed)
        kind = "bytes" if isinstance(message, bytes) else "text"
        written.append(
            {
                "messageID": f"ID:{of.name.rpartition(':')[2]}.mq.{of.region}.amazonaws.com-{ids.decimal(5)}-1:1:1:1:1",
                "messageType": f"jms/{kind}-message",
                "deliveryMode": 1,
                "replyTo": None,
                "type": None,
                "expiration": "60000",
                "priority": 4,
                "correlationId": ids.uuid(),
                "redelivered": redelivered,
                "destination": {"physicalName": queue},
                "data": data(message),
                "timestamp": received.ms,
                "brokerInTime": received.ms,
                "brokerOutTime": received.ms + 1,
                "properties": dict(properties or {}),
            }
        )
    event = {"eventSource": "aws:mq", "eventSourceArn": of.arn, "messages": written}
    # The definition takes the list for a set, and the name of the queue has another spelling.
    return cast("MQEvent", event)


def rabbitmq(
    *messages: object,
    queue: str = "orders",
    virtual_host: str = "/",
    broker: str = "shop",
    headers: Mapping[str, Any] | None = None,
    redelivered: bool = False,
    at: At = None,
    seed: object = None,
) -> dict[str, Any]:
    """Messages of a queue of Amazon MQ for RabbitMQ."""
    of = _broker(broker)
    written = []
    for index, message in enumerate(messages or (ORDER,)):
        ids = Ids("rabbitmq", of.arn, queue, index, message, seed)
        properties = {
            "contentType": "text/plain" if isinstance(message, (str, bytes)) else "application/json",
            "contentEncoding": None,
            "headers": fresh(dict(headers or {})),
            "deliveryMode": 1,
            "priority": 0,
            "correlationId": None,
            "replyTo": None,
            "expiration": "60000",
            "messageId": ids.uuid(),
            "timestamp": Moment(at, before_s=0.1).rabbit,
            "type": None,
            "userId": "shop",
            "appId": None,
            "clusterId": None,
            "bodySize": len(message if isinstance(message, bytes) else text(message).encode()),
        }
        written.append({"basicProperties": properties, "redelivered": redelivered, "data": data(message)})
    return {
        "eventSource": "aws:rmq",
        "eventSourceArn": of.arn,
        "rmqMessagesByQueue": {f"{queue}::{virtual_host}": written},
    }


def _broker(broker: str) -> Resource:
    if not broker.startswith("arn:"):
        broker = f"{broker}:b-{Ids('broker', broker).uuid()}"
    return Resource("mq", broker, "broker:")
