"""A batch of records in an event: what it is from, how many they are, how old, and how often they were tried.

Events: the pages "Using Lambda with other services" of
https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html, and what EventBridge Pipes makes of the same sources:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-source.html
"""

from __future__ import annotations

from ..clock import clock
from .arn import short_name
from .facts import MAX_TEXT, Facts, mapping, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_RECORDS = 100
"""Records of a batch that are looked at, from its beginning; SQS gives up to 10,000. Half a microsecond each."""

MAX_PARTITIONS = 10_000
"""Partitions or queues that one event may have records of."""

_SOURCES = {
    "aws:sqs": "sqs",
    "aws:sns": "sns",
    "aws:kinesis": "kinesis",
    "aws:dynamodb": "dynamodb",
    "aws:s3": "s3",
    "aws:ses": "ses",
    "aws:codecommit": "codecommit",
    "aws:kafka": "kafka",
    "SelfManagedKafka": "kafka",
    "aws:mq": "mq",
    "aws:amq": "mq",
    "aws:rmq": "mq",
    "aws:docdb": "docdb",
}
"""What events call their source, and the annotation for it. A source of AWS's that is not here is named as it is."""

_STREAMS = ("kinesis", "dynamodb")
_PIPED = ("sqs", "kinesis", "dynamodb", "kafka", "mq")


def read(event: dict[str, Any], facts: Facts) -> bool:
    """Put what an event with records says into `facts`; False for what is none of AWS's."""
    records = event.get("Records")
    if type(records) is list and records:
        return _read_records(records, facts)
    source = text(event.get("eventSource"))
    if source is not None:
        return _read_mapping(source, event, facts)
    records = event.get("records")
    if type(records) is list and "deliveryStreamArn" in event:
        _name(facts, "firehose", short_name(event["deliveryStreamArn"]), len(records))
        _add_ages(facts, records, _delivered)
        return True
    tasks = event.get("tasks")
    if type(tasks) is list and tasks and "invocationSchemaVersion" in event:
        task = mapping(tasks[0]) or {}
        bucket = text(task.get("s3Bucket")) or short_name(task.get("s3BucketArn"))
        _name(facts, "s3_batch", bucket, len(tasks))
        return True
    return False


def read_piped(records: list[Any], facts: Facts) -> bool:
    """Put what a list of records says into `facts`, as EventBridge Pipes sends it; False for any other list."""
    first = mapping(records[0])
    trigger = _SOURCES.get(text((first or {}).get("eventSource")) or "")
    if first is None or trigger not in _PIPED:
        return False
    if trigger == "kafka":
        partition = text(first.get("eventSourceKey")) or ""
        _name(facts, trigger, text(first.get("topic")) or partition.rpartition("-")[0] or None, len(records))
        _add_ages(facts, records, _appended)
        return True
    if trigger == "mq":
        queue = (text(first.get("eventSourceKey")) or "").partition("::")[0]
        _name(facts, trigger, queue or _destination(first), len(records))
        _add_ages(facts, records, _brokered)
        return True
    return _read_records(records, facts)


def _read_records(records: list[Any], facts: Facts) -> bool:
    first = mapping(records[0])
    if first is None:
        return False
    source = text(first.get("eventSource")) or text(first.get("EventSource"))
    if source is None or not (source.startswith("aws:") and source[4:].isascii() and source[4:].isalnum()):
        return False
    trigger = _SOURCES.get(source) or source[4:]
    name = short_name(first.get("eventSourceARN"))
    if trigger == "sns":
        name = short_name((mapping(first.get("Sns")) or {}).get("TopicArn"))
    elif trigger == "s3":
        bucket = mapping((mapping(first.get("s3")) or {}).get("bucket")) or {}
        name = text(bucket.get("name"))
    _name(facts, trigger, name, len(records))
    arrival = _ARRIVALS.get(trigger)
    if arrival is not None:
        _add_ages(facts, records, arrival)
        if trigger in _STREAMS:
            _add_iterator_age(facts, records[-1], arrival)
    if trigger == "sqs":
        _add_receive_count(facts, records)
    return True


def _read_mapping(source: str, event: dict[str, Any], facts: Facts) -> bool:
    """A mapping whose event is an object itself: Kafka, MQ, DocumentDB."""
    trigger = _SOURCES.get(source)
    if trigger == "kafka":
        partitions = mapping(event.get("records"), MAX_PARTITIONS) or {}
        batches = [value for value in partitions.values() if type(value) is list and value]
        first = mapping(batches[0][0]) if batches else None
        _name(facts, trigger, text((first or {}).get("topic")), sum(map(len, batches)))
        _add_ages(facts, [batch[0] for batch in batches], _appended)
    elif trigger == "mq":
        queues = mapping(event.get("rmqMessagesByQueue"), MAX_PARTITIONS) or {}
        messages = event.get("messages")
        messages = messages if type(messages) is list else []
        name = _destination(mapping(messages[0]) or {}) if messages else None
        for queue in queues:  # "orders::/" is the queue and its virtual host
            name = text(queue.partition("::")[0])
            break
        count = len(messages) + sum(len(value) for value in queues.values() if type(value) is list)
        _name(facts, trigger, name, count)
        _add_ages(facts, messages, _brokered)
    elif trigger == "docdb":
        events = event.get("events")
        first = mapping(events[0]) if type(events) is list and events else None
        change = mapping((first or {}).get("event")) or {}
        names = mapping(change.get("ns")) or {}
        _name(facts, trigger, text(names.get("coll")), len(events) if type(events) is list else None)
    else:
        return False
    return True


def _destination(message: dict[str, Any]) -> str | None:
    """The queue that a message of ActiveMQ came from."""
    destination = mapping(message.get("destination")) or {}
    return text(destination.get("physicalName")) or text(destination.get("physicalname"))


def _name(facts: Facts, trigger: str, name: str | None, size: int | None) -> None:
    facts.annotations["Trigger"] = trigger
    if name is not None:
        facts.annotations["Source"] = name[:MAX_TEXT]
    if size is not None:
        facts.annotations["BatchSize"] = size


# Ages


def _add_ages(facts: Facts, records: list[Any], arrival: Callable[[dict[str, Any]], float | None]) -> None:
    """How old the oldest record is, among those that are looked at."""
    oldest: float | None = None
    for record in records if len(records) <= MAX_RECORDS else records[:MAX_RECORDS]:
        arrived = arrival(record) if type(record) is dict else None
        if arrived is not None and (oldest is None or arrived < oldest):
            oldest = arrived
    if oldest is not None:
        _add(facts, "oldest_record_age_ms", age_ms(oldest))


def _add_iterator_age(facts: Facts, last: object, arrival: Callable[[dict[str, Any]], float | None]) -> None:
    """Lambda's `IteratorAge`: the age of the last record of a batch."""
    arrived = arrival(last) if type(last) is dict else None
    if arrived is not None:
        _add(facts, "iterator_age_ms", age_ms(arrived))


def _add_receive_count(facts: Facts, records: list[Any]) -> None:
    """How often the message was received that was so most often."""
    most = 0
    for record in records if len(records) <= MAX_RECORDS else records[:MAX_RECORDS]:
        attributes = record.get("attributes") if type(record) is dict else None
        if type(attributes) is dict:
            count = attributes.get("ApproximateReceiveCount")
            if type(count) is str and count != "1":  # as it is for most
                most = max(most, _whole(count) or 0)
            elif most == 0 and type(count) is str:
                most = 1
    if most:
        _add(facts, "max_receive_count", most)


def _add(facts: Facts, key: str, value: int) -> None:
    if facts.metadata is None:
        facts.metadata = {}
    facts.metadata[key] = value


def age_ms(arrived_s: float) -> int:
    """Milliseconds from then until now; 0 for a time that has not come yet."""
    return max(0, round((clock.now() - arrived_s) * 1000))


def _sent(record: dict[str, Any]) -> float | None:
    attributes = record.get("attributes")
    return _milliseconds(attributes.get("SentTimestamp")) if type(attributes) is dict else None


def _published(record: dict[str, Any]) -> float | None:
    message = record.get("Sns")
    return instant_s(message.get("Timestamp")) if type(message) is dict else None


def _put(record: dict[str, Any]) -> float | None:
    data = record.get("kinesis", record)
    return _seconds(data.get("approximateArrivalTimestamp")) if type(data) is dict else None


def _changed(record: dict[str, Any]) -> float | None:
    change = record.get("dynamodb")
    return _seconds(change.get("ApproximateCreationDateTime")) if type(change) is dict else None


def _happened(record: dict[str, Any]) -> float | None:
    return instant_s(record.get("eventTime"))


def _appended(record: dict[str, Any]) -> float | None:
    return _milliseconds(record.get("timestamp"))


def _brokered(record: dict[str, Any]) -> float | None:
    return _milliseconds(record.get("brokerInTime"))


def _delivered(record: dict[str, Any]) -> float | None:
    return _milliseconds(record.get("approximateArrivalTimestamp"))


_ARRIVALS: dict[str, Callable[[dict[str, Any]], float | None]] = {
    "sqs": _sent,
    "sns": _published,
    "kinesis": _put,
    "dynamodb": _changed,
    "s3": _happened,
    "codecommit": _happened,
}


def _whole(value: object) -> int | None:
    if type(value) is str and 0 < len(value) <= 16 and value.isascii() and value.isdigit():
        return int(value)
    return value if type(value) is int and 0 <= value < 1e16 else None


def _milliseconds(value: object) -> float | None:
    number = _whole(value)
    return number / 1000 if number else None


def _seconds(value: object) -> float | None:
    if type(value) not in (int, float):
        return None
    return float(value) if 0 < value < 1e11 else None  # type: ignore[operator,arg-type]


def instant_s(value: object) -> float | None:
    """Epoch seconds of a time as AWS writes it, `2026-11-30T10:35:38.123Z`, or with `+0000`; None for anything else."""
    if type(value) is not str or not 20 <= len(value) <= 40 or not value.isascii():
        return None
    local = value.removesuffix("Z").removesuffix("+0000")
    digits = local[:4] + local[5:7] + local[8:10] + local[11:13] + local[14:16] + local[17:19]
    separators = local[4:5] + local[7:8] + local[10:11] + local[13:14] + local[16:17]
    fraction = local[20:]
    if local == value or len(digits) != 14 or not digits.isdigit() or separators != "--T::":
        return None
    if len(local) > 19 and not (local[19] == "." and fraction.isdigit()):
        return None
    year, month, day = int(local[:4]), int(local[5:7]), int(local[8:10])
    # Days since 1970, in a calendar whose years begin in March: a leap day is a year's last one.
    year -= month <= 2
    leap_days = year // 4 - year // 100 + year // 400
    days = 365 * year + leap_days + (153 * ((month - 3) % 12) + 2) // 5 + day - 719_469
    seconds = int(local[11:13]) * 3_600 + int(local[14:16]) * 60 + int(local[17:19])
    return days * 86_400 + seconds + (float(f"0.{fraction}") if fraction else 0.0)
