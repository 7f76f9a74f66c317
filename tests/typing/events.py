"""Events of `lambda_tracer.testing.events`: a handler takes them that says which event it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from typing_extensions import assert_type

from lambda_tracer import Tracer
from lambda_tracer.testing import events

if TYPE_CHECKING:
    from aws_lambda_typing.events import APIGatewayProxyEventV2, SQSEvent

tracer = Tracer(service="types", auto_patch=False, disabled=True)


@tracer.capture_lambda_handler
def of_messages(event: SQSEvent, context: object) -> str:
    return event["Records"][0].get("body", "")


@tracer.capture_lambda_handler
def of_requests(event: APIGatewayProxyEventV2, context: object) -> str:
    return event.get("rawPath", "")


@tracer.capture_lambda_handler
def of_a_dict(event: dict[str, Any], context: object) -> int:
    return len(event["Records"])


@tracer.capture_lambda_handler
def of_a_mapping(event: Mapping[str, Any], context: object) -> int:
    return len(event["Records"])


def a_handler_gets_the_event_that_it_is_for() -> None:
    event = events.sqs("first", {"order": "A-1001"}, queue="orders")

    assert of_messages(event, None) == "first"
    assert of_requests(events.http_api(path="/items"), None) == "/items"
    assert of_requests(events.function_url(path="/items"), None) == "/items"


def another_event_is_an_error() -> None:
    try:
        of_messages(events.http_api(), None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    except KeyError:  # what checkers say is true
        return
    raise AssertionError


def a_handler_that_takes_any_event() -> None:
    assert of_a_mapping(events.sqs("a"), None) == 1
    assert of_a_dict(dict(events.sqs("a")), None) == 1
    assert of_a_dict(events.cloudfront(), None) == 1


def an_event_can_be_changed() -> None:
    event = events.sqs("a")
    event["Records"][0]["body"] = "b"

    both: SQSEvent = events.joined_batch(event, events.sqs("c"))

    assert_type(events.sns("a")["Records"][0]["Sns"]["Message"], str)
    assert len(both["Records"]) == 2
    assert len(events.redelivered(both, None)["Records"]) == 0
    assert of_messages(event, None) == "b"


CHECKED = (
    a_handler_gets_the_event_that_it_is_for,
    another_event_is_an_error,
    a_handler_that_takes_any_event,
    an_event_can_be_changed,
)
