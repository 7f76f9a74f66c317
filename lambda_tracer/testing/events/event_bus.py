"""EventBridge: events of buses, schedules, S3 through EventBridge, and Pipes.

https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-targets-specifics.html
"""

from __future__ import annotations

from typing import cast

from .messages import sqs
from .request import CLIENT
from .values import ACCOUNT, ORDER, REGION, Ids, Moment, Resource, fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from aws_lambda_typing.events import EventBridgeEvent

    from .values import At


def eventbridge(
    detail: Mapping[str, Any] | None = None,
    *,
    detail_type: str = "Order Placed",
    source: str = "shop.orders",
    resources: Sequence[str] = (),
    at: At = None,
    seed: object = None,
) -> EventBridgeEvent:
    """An event of an EventBridge bus that a rule matched."""
    said = fresh(dict(ORDER if detail is None else detail))
    return {
        "version": "0",
        "id": Ids("eventbridge", source, detail_type, said, list(resources), seed).uuid(),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": Moment(at).iso_s,
        "region": REGION,
        "resources": list(resources),
        "detail": said,
    }


def schedule(rule: str = "nightly", *, at: At = None, seed: object = None) -> EventBridgeEvent:
    """A scheduled rule of EventBridge whose time has come."""
    return _scheduled("aws.events", Resource("events", rule, "rule/"), at, seed)


def scheduler(
    schedule: str = "nightly", *, group: str = "default", at: At = None, seed: object = None
) -> EventBridgeEvent:
    """A schedule of EventBridge Scheduler that has no input of its own; one that has sends that and nothing else."""
    of = Resource(
        "scheduler", schedule if schedule.startswith("arn:") else f"{group}/{schedule}", "schedule/"
    )
    event = _scheduled("aws.scheduler", of, at, seed)
    # It writes the detail as a text, which the definition does not know.
    return cast("EventBridgeEvent", {**event, "detail": "{}"})


def _scheduled(source: str, of: Resource, at: At, seed: object) -> EventBridgeEvent:
    event = eventbridge(
        {}, detail_type="Scheduled Event", source=source, resources=[of.arn], at=at, seed=seed
    )
    event["region"], event["account"] = of.region, of.account
    return event


def s3_eventbridge(
    key: str = "invoices/A-1001.pdf",
    *,
    bucket: str = "shop-invoices",
    detail_type: str = "Object Created",
    reason: str = "PutObject",
    size_bytes: int = 1_024,
    version_id: str | None = None,
    at: At = None,
    seed: object = None,
) -> EventBridgeEvent:
    """An event of S3 that came by EventBridge. The key is as it is, not encoded as in `s3`."""
    of = Resource("s3", bucket)
    ids = Ids("s3_eventbridge", of.name, key, detail_type, seed)
    changed: dict[str, Any] = {"key": key, "sequencer": ids.hexadecimal(16).upper()}
    if detail_type != "Object Deleted":
        changed |= {"size": size_bytes, "etag": ids.hexadecimal(32)}
    if version_id is not None:
        changed["version-id"] = version_id
    detail = {
        "version": "0",
        "bucket": {"name": of.name},
        "object": changed,
        "request-id": ids.capital(16),
        "requester": ACCOUNT,
        "source-ip-address": CLIENT,
        "reason": reason,
    }
    return eventbridge(
        detail,
        detail_type=detail_type,
        source="aws.s3",
        resources=[f"arn:aws:s3:::{of.name}"],
        at=at,
        seed=seed,
    )


_OF_PIPES = ("aws:sqs", "aws:kinesis", "aws:dynamodb")


def pipes(event: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """What EventBridge Pipes sends of a source: the records alone, in a list.

    `event` is what Lambda would get of that source itself, with `Records`: of SQS, Kinesis or DynamoDB, by default
    that of `sqs`. A record of Kinesis has what is said below `kinesis` at its top. Any other event raises ValueError.
    """
    given = cast("Any", sqs() if event is None else event)
    records: list[dict[str, Any]] = fresh(given.get("Records", []))
    if not records or any(each.get("eventSource") not in _OF_PIPES for each in records):
        raise ValueError("events.pipes takes an event of SQS, Kinesis or DynamoDB, as of events.sqs()")
    return [{**each.pop("kinesis", {}), **each} for each in records]
