"""What a record of a batch says of itself: which service it comes from, of what there, and what it is known by.

A few lookups by key, of names and ids that AWS gave. What a record is about is not looked at: no body, no data of a
stream, no image of an item, no key of an object.
"""

from __future__ import annotations

from .arn import short_name
from .fields import field, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Path = tuple[tuple[str, ...], ...]

_ARN = (("eventSourceARN", "event_source_arn"),)
_MESSAGE_ID = ("messageId", "MessageId", "message_id")


class Source:
    """A service of which Lambda hands over records in batches."""

    __slots__ = ("_id_path", "_resource_path", "id_annotation", "is_failed_by_id", "is_message", "name")

    def __init__(
        self,
        name: str,
        resource_path: Path,
        id_path: Path,
        id_annotation: str,
        *,
        is_failed_by_id: bool = False,
        is_message: bool = False,
    ) -> None:
        """A path is a step after the other, each with the names that it has in the forms of a record.

        `is_failed_by_id`: Lambda takes the id in `batchItemFailures`. `is_message`: it may carry the trace header of
        its sender, and the envelope of another service.
        """
        self.name = name
        self._resource_path = resource_path
        self._id_path = id_path
        self.id_annotation = id_annotation
        self.is_failed_by_id = is_failed_by_id
        self.is_message = is_message

    def label(self, record: object) -> str:
        """The service and the name of the queue, topic, stream, table or bucket, as far as it is known."""
        written = text(_at(record, self._resource_path)) or ""
        return f"{self.name} {short_name(written) or written.rpartition(':')[2]}".rstrip()

    def id_of(self, record: object) -> str | None:
        """What the service calls the record. One of Kinesis that came through Pipes has it at its top."""
        path = self._id_path
        return text(_at(record, path)) or (text(_at(record, path[1:])) if path[1:] else None) or None


SQS = Source("sqs", _ARN, (_MESSAGE_ID,), "MessageId", is_failed_by_id=True, is_message=True)

NAMELESS = Source("record", _ARN, (_MESSAGE_ID,), "MessageId", is_failed_by_id=True, is_message=True)
"""Where a record does not say what it is: it is taken for a message that somebody wrapped."""

SOURCES = {
    "aws:sqs": SQS,
    "aws:sns": Source(
        "sns", (("Sns", "sns"), ("TopicArn", "topic_arn")), (("Sns", "sns"), _MESSAGE_ID), "MessageId"
    ),
    "aws:kinesis": Source(
        "kinesis",
        _ARN,
        (("kinesis",), ("sequenceNumber", "sequence_number")),
        "SequenceNumber",
        is_failed_by_id=True,
    ),
    "aws:dynamodb": Source(
        "dynamodb",
        _ARN,
        (("dynamodb",), ("SequenceNumber", "sequence_number")),
        "SequenceNumber",
        is_failed_by_id=True,
    ),
    # The request that changed the object, as the bucket's access log has it.
    "aws:s3": Source(
        "s3",
        (("s3",), ("bucket",), ("name",)),
        (("responseElements", "response_elements"), ("x-amz-request-id", "x_amz_request_id")),
        "RequestId",
    ),
}
"""By what a record says in `eventSource`. Others have no batches, or none that X-Ray traces."""

_SAYS_SOURCE = ("eventSource", "EventSource", "event_source")


def source_of(record: object) -> Source | None:
    """Where a record comes from: NAMELESS where it does not say, None where that is none of `SOURCES`."""
    said = text(field(record, *_SAYS_SOURCE))
    if said is not None:
        return SOURCES.get(said)
    # What boto3 receives does not say, but only a queue has ids of this name.
    return NAMELESS if SQS.id_of(record) is None else SQS


def is_record(value: object, look: Any) -> bool:
    """Whether a value has what makes it a record, where `look` is `fields.entry` or `fields.attribute`."""
    return text(look(value, *_MESSAGE_ID)) is not None or text(look(value, *_SAYS_SOURCE)) in SOURCES


def failed_ids(answer: object) -> set[str]:
    """The ids in a handler's `batchItemFailures`; none where its answer is of another form."""
    if not issubclass(type(answer), dict):
        return set()
    failures = field(answer, "batchItemFailures")
    if type(failures) is not list and type(failures) is not tuple:
        return set()
    found = set()
    for each in failures:
        failed = text(field(each, "itemIdentifier")) if issubclass(type(each), dict) else None
        if failed:
            found.add(failed)
    return found


def _at(record: object, path: Path) -> Any:
    for names in path:
        record = field(record, *names)
        if record is None:
            break
    return record
