"""An example: a Lambda function whose trace is seen while it runs under `sam local`, which makes no segment for it.

SAM hands over only variables that the template declares: so it declares LAMBDA_TRACER_SEGMENT, and env.json turns that
on. In Lambda it is off, and would change nothing if it were on.
"""

from __future__ import annotations

from typing import Any

from lambda_tracer import Tracer

tracer = Tracer(service="greeting")


@tracer.capture_method
def greet(name: str) -> str:
    """The text for somebody, which is annotated with the name."""
    tracer.put_annotation("Name", name)
    return f"Hello, {name}!"


@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an HTTP request, or an event that has a `name`."""
    asked = event.get("queryStringParameters") or event
    return {"statusCode": 200, "body": greet(asked.get("name", "world"))}
