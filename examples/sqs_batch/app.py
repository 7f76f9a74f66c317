"""An example: orders that come through an SQS queue, in batches, with Powertools' batch processor and logger.

lambda-tracer invoke app.lambda_handler --event event.json

Messages that fail are reported to Lambda, which delivers them again; the others are done with. The trace has a
subsegment for each message that was sampled when it was sent, and those that failed are faults in it.
"""

from __future__ import annotations

from typing import Any

import orders
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_tracer import Tracer

logger = Logger(service="orders")
tracer = Tracer(service="orders")
processor = BatchProcessor(event_type=EventType.SQS)


@tracer.capture_sqs_record
def handle(record: SQSRecord) -> None:
    """Work on one message. Raises InvalidOrder and OutOfStock, which the processor takes down."""
    order = orders.parse(record.body)
    left = orders.put_aside(order)
    logger.info("order put aside", extra={"message_id": record.message_id, "left": left})


@logger.inject_lambda_context
@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Work on one batch; returns which messages are to come again."""
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
