"""Streams: DynamoDB, Kinesis, Data Firehose, Kafka, DocumentDB.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesisfirehose.html
https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html
https://docs.aws.amazon.com/lambda/latest/dg/with-documentdb.html

Data that are neither a text nor bytes become JSON, and all are in Base64 in the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from .values import ORDER, Ids, Moment, Resource, data, fresh, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from aws_lambda_typing.events import (
        ApacheKafkaEvent,
        DynamoDBStreamEvent,
        KinesisFirehoseEvent,
        KinesisStreamEvent,
        MSKEvent,
    )

    from .values import At

    Item = Mapping[str, object]
    Change = Item | tuple[Item | None, Item | None]


# DynamoDB


def dynamodb(
    *changes: Change,
    table: str = "orders",
    key: str | Sequence[str] | None = None,
    view: Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"] = "NEW_AND_OLD_IMAGES",
    expired: bool = False,
    at: At = None,
    seed: object = None,
) -> DynamoDBStreamEvent:
    """Changes of a table's items, which are plain dicts: see `attribute_value`.

    A change is a pair, the item before and after: `(None, item)` inserts it, `(item, None)` removes it, two items
    modify it. An item alone inserts it. `key` names the attributes of the key, by default the item's first one.
    `expired`: the items were removed by their time to live.
    """
    of = Resource("dynamodb", table, "table/")
    changed = Moment(at, before_s=0.5)
    arn = of.arn if "/stream/" in of.arn else f"{of.arn}/stream/2026-01-01T00:00:00.000"
    # They rise from record to record, as do those of Kinesis.
    first = Ids("sequence", arn, seed).decimal(12)
    records: list[dict[str, Any]] = []
    for index, change in enumerate(changes or (ORDER,)):
        old, new = (None, change) if isinstance(change, Mapping) else change
        item = new if new is not None else old
        if not item:
            raise ValueError("dynamodb: a change must have an item, before or after it")
        before, after = _image(old), _image(new)  # in which a set has an order, too
        ids = Ids("dynamodb", arn, index, before, after, seed)
        names = [next(iter(item))] if key is None else [key] if isinstance(key, str) else list(key)
        stream: dict[str, Any] = {
            "ApproximateCreationDateTime": changed.whole_s,
            "Keys": _attributes({name: item[name] for name in names}),
            "SequenceNumber": f"{first}{index:09d}",
            "SizeBytes": len(text(before if after is None else after)),
            "StreamViewType": view,
        }
        if after is not None and "NEW" in view:
            stream["NewImage"] = after
        if before is not None and "OLD" in view:
            stream["OldImage"] = before
        record: dict[str, Any] = {
            "eventID": ids.hexadecimal(32),
            "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": of.region,
            "dynamodb": stream,
            "eventSourceARN": arn,
        }
        if expired:
            record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        records.append(record)
    return cast("DynamoDBStreamEvent", {"Records": records})


def attribute_value(value: object) -> dict[str, Any]:
    """A plain value as DynamoDB writes it: `12` is `{"N": "12"}`, a list `L`, a mapping `M`, None `NULL`.

    Sets are of texts, of numbers or of bytes, and in order; bytes are in Base64, as they are in events. A value of
    any other type raises TypeError, and so does a set that is empty or mixed, which DynamoDB does not have.
    """
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (str, int, float, Decimal, bytes)):
        kind, written = _scalar(value)
        return {kind: written}
    if isinstance(value, Mapping):
        return {"M": _attributes(value)}
    if isinstance(value, (list, tuple)):
        return {"L": [attribute_value(each) for each in value]}
    if isinstance(value, (set, frozenset)):
        members = [_scalar(each) for each in value]
        kinds = {kind for kind, _ in members}
        if len(kinds) == 1:
            return {f"{kinds.pop()}S": sorted(written for _, written in members)}
        raise TypeError("attribute_value: a set must have members, all texts, all numbers or all bytes")
    raise TypeError(f"attribute_value: DynamoDB has no {type(value).__name__}")


def _scalar(value: object) -> tuple[str, str]:
    if isinstance(value, str):
        return "S", value
    if isinstance(value, bytes):
        return "B", data(value)
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return "N", str(value)
    raise TypeError(f"attribute_value: DynamoDB has no set of {type(value).__name__}")


def _attributes(item: Mapping[str, object]) -> dict[str, Any]:
    return {name: attribute_value(value) for name, value in item.items()}


def _image(item: Mapping[str, object] | None) -> dict[str, Any] | None:
    return None if item is None else _attributes(item)


# Kinesis and Firehose


def kinesis(
    *records: object,
    stream: str = "clicks",
    partition_key: str = "1",
    shard: int = 0,
    at: At = None,
    seed: object = None,
) -> KinesisStreamEvent:
    """Records of a Kinesis data stream, all in one shard."""
    of = Resource("kinesis", stream, "stream/")
    arrived = Moment(at, before_s=0.5)
    shard_id = f"shardId-{shard:012d}"
    first = Ids("kinesis", of.arn, shard, records, partition_key, seed).decimal(46)
    event: KinesisStreamEvent = {"Records": []}
    for index, record in enumerate(records or (ORDER,)):
        number = f"{first}{index:010d}"
        event["Records"].append(
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": partition_key,
                    "sequenceNumber": number,
                    "data": data(record),
                    "approximateArrivalTimestamp": arrived.s,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard_id}:{number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": f"arn:aws:iam::{of.account}:role/lambda-role",
                "awsRegion": of.region,
                "eventSourceARN": of.arn,
            }
        )
    return event


def firehose(
    *records: object,
    stream: str = "clicks-to-s3",
    source_stream: str | None = None,
    at: At = None,
    seed: object = None,
) -> KinesisFirehoseEvent:
    """Records of Data Firehose that are to be transformed. `source_stream` is the Kinesis stream that it reads."""
    of = Resource("firehose", stream, "deliverystream/")
    source = Resource("kinesis", source_stream, "stream/") if source_stream is not None else None
    arrived = Moment(at, before_s=60)
    ids = Ids("firehose", of.arn, records, seed)
    first = ids.decimal(46)
    written: list[dict[str, Any]] = []
    for index, record in enumerate(records or (ORDER,)):
        number = f"{first}{index:010d}"
        one: dict[str, Any] = {
            "recordId": f"{number}000000",
            "approximateArrivalTimestamp": arrived.ms,
            "data": data(record),
        }
        if source is not None:
            one["kinesisRecordMetadata"] = {
                "sequenceNumber": number,
                "subsequenceNumber": 0,
                "partitionKey": "1",
                "shardId": "shardId-000000000000",
                "approximateArrivalTimestamp": arrived.ms,
            }
        written.append(one)
    event = {
        "invocationId": ids.uuid(),
        "deliveryStreamArn": of.arn,
        "region": of.region,
        "records": written,
    }
    if source is not None:
        event["sourceKinesisStreamArn"] = source.arn
    # The definition asks for what a source stream says, and takes its numbers for texts.
    return cast("KinesisFirehoseEvent", event)


# Kafka


def kafka(
    *records: object,
    topic: str = "orders",
    partition: int = 0,
    offset: int = 15,
    key: object = None,
    headers: Mapping[str, str] | None = None,
    cluster: str = "shop",
    at: At = None,
) -> MSKEvent:
    """Records of a topic of Amazon MSK, in one partition, from `offset` on."""
    written = cluster
    if not written.startswith("arn:"):
        written = f"{cluster}/{Ids('cluster', cluster).uuid()}-2"
    of = Resource("kafka", written, "cluster/")
    brokers = [
        f"b-{number}.{of.name.partition('/')[0]}.abc123.c2.kafka.{of.region}.amazonaws.com:9092"
        for number in (1, 2)
    ]
    event = {
        "eventSource": "aws:kafka",
        "eventSourceArn": of.arn,
        "bootstrapServers": ",".join(brokers),
        "records": _partition(records, topic, partition, offset, key, headers, at),
    }
    # The definition takes the partition for a text.
    return cast("MSKEvent", event)


def kafka_self_managed(
    *records: object,
    topic: str = "orders",
    partition: int = 0,
    offset: int = 15,
    key: object = None,
    headers: Mapping[str, str] | None = None,
    servers: Sequence[str] = ("broker-1.example.com:9092", "broker-2.example.com:9092"),
    at: At = None,
) -> ApacheKafkaEvent:
    """Records of a topic of a Kafka cluster that is not AWS's."""
    event = {
        "eventSource": "SelfManagedKafka",
        "bootstrapServers": ",".join(servers),
        "records": _partition(records, topic, partition, offset, key, headers, at),
    }
    return cast("ApacheKafkaEvent", event)  # a record without a key has none


def _partition(
    records: Sequence[object],
    topic: str,
    partition: int,
    offset: int,
    key: object,
    headers: Mapping[str, str] | None,
    at: At,
) -> dict[str, list[dict[str, Any]]]:
    appended = Moment(at, before_s=0.5)
    written = []
    for index, record in enumerate(records or (ORDER,)):
        one: dict[str, Any] = {
            "topic": topic,
            "partition": partition,
            "offset": offset + index,
            "timestamp": appended.ms,
            "timestampType": "CREATE_TIME",
            "value": data(record),
            "headers": [{name: list(value.encode())} for name, value in (headers or {}).items()],
        }
        if key is not None:
            one["key"] = data(key)
        written.append(one)
    return {f"{topic}-{partition}": written}


# DocumentDB


def documentdb(
    *documents: Mapping[str, Any],
    collection: str = "orders",
    database: str = "shop",
    operation: str = "insert",
    cluster: str = "shop",
    at: At = None,
    seed: object = None,
) -> dict[str, Any]:
    """Changes of a DocumentDB collection; `operation` is insert, update, replace or delete."""
    of = Resource("rds", cluster, "cluster:")
    changed = Moment(at, before_s=0.5)
    changes = []
    for index, document in enumerate(documents or (ORDER,)):
        ids = Ids("documentdb", of.arn, collection, index, document, operation, seed)
        object_id = {"$oid": ids.hexadecimal(24)}
        change: dict[str, Any] = {
            "_id": {"_data": ids.hexadecimal(50)},
            "clusterTime": {"$timestamp": {"t": changed.whole_s, "i": index + 1}},
            "documentKey": fresh({"_id": document.get("_id", object_id)}),
            "ns": {"coll": collection, "db": database},
            "operationType": operation,
        }
        if operation != "delete":
            change["fullDocument"] = fresh({"_id": object_id, **document})
        changes.append({"event": change})
    return {"eventSourceArn": of.arn, "events": changes, "eventSource": "aws:docdb"}
