"""An example: a Lambda function that knows nothing of tracing, and is traced.

It tells the warehouse that an order is to be shipped. All that tracing takes is the layer, and in the environment
AWS_LAMBDA_EXEC_WRAPPER=/opt/lambda-tracer.
"""

from __future__ import annotations

import json
import os
from typing import Any

import boto3

# Made while the function initializes: the cold invocation pays for it, the warm ones find it there.
sns = boto3.client("sns")


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Publish the order to the warehouse's topic. Raises KeyError when the event is no order."""
    message = {"order": event["order"], "items": len(event["items"])}
    published = sns.publish(
        TopicArn=os.environ["WAREHOUSE_TOPIC_ARN"], Message=json.dumps(message), Subject="order to ship"
    )
    return {"order": event["order"], "message": published["MessageId"]}
