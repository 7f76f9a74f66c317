"""The same without Powertools: a loop over the messages.

lambda-tracer invoke plain.lambda_handler --event event.json
"""

from __future__ import annotations

from typing import Any

import orders

from lambda_tracer import Tracer

tracer = Tracer(service="orders")


@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Work on one batch; returns which messages are to come again."""
    failures = []
    for record in tracer.sqs_records(event):
        try:
            orders.put_aside(orders.parse(record["body"]))
        except (orders.InvalidOrder, orders.OutOfStock) as error:
            # The answer below makes the message a fault in the trace. What the exception was, nobody else sees: say so.
            tracer.provider.current_subsegment().add_exception(error)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
