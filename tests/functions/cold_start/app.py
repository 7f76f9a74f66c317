# mypy: ignore-errors
# (What it imports is found in the function's folder alone, and it is written as functions are.)
"""Its cold start is spent on imports: the package `shop`, whose modules sleep as planted."""

import planted

from lambda_tracer import Tracer

tracer = Tracer()

# What is imported before the Tracer is not seen.
from shop import constants  # noqa: E402


@tracer.capture_lambda_handler
def lambda_handler(event, context):
    import shop.late

    return {"spans": planted.spans, "answer": constants.ANSWER, "loader": type(shop.late.__loader__).__name__}
