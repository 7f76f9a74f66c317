"""Events of each source, as Lambda gets them: for tests that call a handler.

    event = events.sqs("first", {"order": "A-1001"}, queue="orders")
    response = lambda_handler(event, lambda_context)

Every call makes an event of its own, of what JSON has; a test may change it. What an event does not say by keyword, it
has from a shop that does not exist.

- Ids are made of what the event says. The same call makes the same ids, and another `seed`, any value, makes others.
- Times are current. `at` is another one: a datetime, or seconds since 1970. Records are a little older than that.
- A resource is given by its name, or by its ARN, which says its region and account, too.

For type checkers an event has the type that aws-lambda-typing has for it, where it has one. When tests run, that
package is not needed.
"""

from __future__ import annotations

from .authorizers import http_api_authorizer, request_authorizer, token_authorizer
from .balancers import alb, cloudfront, lattice, lattice_v1
from .conversations import bedrock_agent, connect, lex, ses
from .event_bus import eventbridge, pipes, s3_eventbridge, schedule, scheduler
from .graphql import appsync, appsync_authorizer, appsync_batch, appsync_events
from .http import function_url, http_api, http_api_v1, rest_api
from .identity import cognito, iot_provisioning, transfer_family
from .messages import activemq, joined_batch, rabbitmq, redelivered, sns, sqs, sqs_from_sns
from .operations import (
    alarm,
    cloudformation,
    codecommit,
    codepipeline,
    config,
    logs,
    logs_data,
    secretsmanager,
)
from .sockets import websocket_connect, websocket_disconnect, websocket_message
from .storage import s3, s3_batch, s3_object_lambda
from .streams import attribute_value, documentdb, dynamodb, firehose, kafka, kafka_self_managed, kinesis
from .workflows import durable, step_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    # HTTP
    "rest_api",
    "http_api",
    "http_api_v1",
    "function_url",
    "alb",
    "lattice",
    "lattice_v1",
    "cloudfront",
    "websocket_connect",
    "websocket_message",
    "websocket_disconnect",
    "token_authorizer",
    "request_authorizer",
    "http_api_authorizer",
    # GraphQL
    "appsync",
    "appsync_batch",
    "appsync_events",
    "appsync_authorizer",
    # messages
    "sqs",
    "sqs_from_sns",
    "sns",
    "activemq",
    "rabbitmq",
    "eventbridge",
    "schedule",
    "scheduler",
    "s3_eventbridge",
    "pipes",
    # streams
    "dynamodb",
    "kinesis",
    "firehose",
    "kafka",
    "kafka_self_managed",
    "documentdb",
    # S3
    "s3",
    "s3_batch",
    "s3_object_lambda",
    # people
    "cognito",
    "lex",
    "connect",
    "bedrock_agent",
    "ses",
    "transfer_family",
    "iot_provisioning",
    # operations
    "logs",
    "alarm",
    "cloudformation",
    "codepipeline",
    "codecommit",
    "config",
    "secretsmanager",
    # workflows
    "step_functions",
    "durable",
    # what helps with events
    "makers",
    "redelivered",
    "joined_batch",
    "attribute_value",
    "logs_data",
]

_HELPERS = {"makers", "redelivered", "joined_batch", "attribute_value", "logs_data"}


def makers() -> dict[str, Callable[..., Any]]:
    """The functions that make events, by their names. Each can be called without an argument."""
    return {name: globals()[name] for name in __all__ if name not in _HELPERS}
