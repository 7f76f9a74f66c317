"""What an SQS message says of the trace that it was sent in: its header, and whether its sender sampled it.

The header is in the system attribute `AWSTraceHeader`. SQS puts it there for a sender that traces; SNS and
EventBridge hand on the one they were given. Where that attribute is missing, a message attribute is looked at, and
then the envelope that SNS or EventBridge made of the body.

A message may come in any of the forms it has in Python: the dict of a Lambda event, Powertools' `SQSRecord` or its
pydantic model, the dict or `Message` that boto3 receives. Nothing here raises, whatever it is given.
"""

from __future__ import annotations

from .events.fields import entry, field, text
from .guard import pass_on
from .trace.header import HEADER_NAME, MAX_HEADER_CHARACTERS, TraceHeader

MAX_BODY_CHARACTERS = 262_144
"""A longer body is not searched for a header: parsing one of this size takes a few milliseconds."""

_ATTRIBUTES = ("AWSTraceHeader", HEADER_NAME)
_IN_EVENT = "trace-header"  # what EventBridge calls it, as in PutEvents' TraceHeader


class SqsMessageHelper:
    """The X-Ray SDK's name for `is_sampled`."""

    @staticmethod
    def is_sampled(sqs_message: object) -> bool:
        """See `lambda_tracer.sqs.is_sampled`."""
        return is_sampled(sqs_message)

    isSampled = is_sampled


def is_sampled(record: object) -> bool:
    """Whether the sender of a message sampled it. False where the message does not say; never raises."""
    header = trace_header(record)
    return header is not None and header.sampled == 1


def trace_header(record: object) -> TraceHeader | None:
    """The trace header that came with a message; None where there is none, or none that says anything. Never raises.

    `record` is a message in any of the forms that this module's docstring names.
    """
    header = _parsed(field(field(record, "attributes", "Attributes"), _ATTRIBUTES[0]))
    if header is None:
        header = _among(field(record, "messageAttributes", "MessageAttributes", "message_attributes"))
    if header is None:
        header = _in_envelope(field(record, "body", "Body"), envelopes=2)
    return header


def _parsed(value: object) -> TraceHeader | None:
    written = text(value)
    if not written or len(written) > MAX_HEADER_CHARACTERS:
        return None
    header = TraceHeader.from_header_str(written)
    return header if header.root or header.sampled is not None else None


def _among(attributes: object) -> TraceHeader | None:
    """The header among message attributes, which Lambda, boto3 and SNS each write in their own way."""
    for name in _ATTRIBUTES if attributes is not None else ():
        header = _parsed(field(entry(attributes, name), "stringValue", "StringValue", "Value"))
        if header is not None:
            return header
    return None


def _in_envelope(body: object, envelopes: int) -> TraceHeader | None:
    """The header in the envelope of SNS or EventBridge, or in the one inside that: `envelopes` of them at most."""
    written = text(body)
    if written is None or len(written) > MAX_BODY_CHARACTERS or not written[:100].lstrip().startswith("{"):
        return None
    if not any(name in written for name in (*_ATTRIBUTES, _IN_EVENT)):  # as a rule, there is nothing to parse
        return None
    import json  # the runtime client has loaded it

    try:
        envelope = json.loads(written)
    except (ValueError, RecursionError) as error:
        pass_on(error)
        return None
    if "detail-type" in envelope and "source" in envelope:
        # AWS keeps the header out of the event that it delivers ("Amazon EventBridge integration with AWS X-Ray" in
        # its user guide); it is in events that are forwarded by hand and in those of emulators.
        return _parsed(envelope.get(_IN_EVENT))
    if envelope.get("Type") != "Notification" or "TopicArn" not in envelope:
        return None
    header = _among(envelope.get("MessageAttributes"))
    if header is None and envelopes > 1:
        header = _in_envelope(envelope.get("Message"), envelopes - 1)
    return header
