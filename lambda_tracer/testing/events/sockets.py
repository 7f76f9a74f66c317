"""WebSocket APIs of API Gateway: a client connects, sends messages, and leaves.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

from typing import cast

from .request import AGENT, CLIENT, lists
from .values import REGION, Ids, Moment, fresh, joined, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from aws_lambda_typing.events import WebSocketConnectEvent, WebSocketRouteEvent

    from .values import At


def websocket_connect(
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    connection_id: str = "L0SM9cOFvHcCIhw=",
    stage: str = "prod",
    authorizer: Mapping[str, Any] | None = None,
    api_id: str = "abcde12345",
    at: At = None,
    seed: object = None,
) -> WebSocketConnectEvent:
    """A client that wants to connect: route `$connect`, with the headers and the query of its handshake."""
    ids = Ids("websocket_connect", headers, query, connection_id, seed)
    moment = Moment(at)
    context = _context("CONNECT", "$connect", ids, moment, connection_id, stage, authorizer, api_id)
    handshake = {
        "Host": context["domainName"],
        "Sec-WebSocket-Key": ids.base64(16),
        "Sec-WebSocket-Version": "13",
        "User-Agent": AGENT,
        "X-Forwarded-For": CLIENT,
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    sent = joined(handshake, headers)
    event: dict[str, Any] = {
        "headers": sent,
        "multiValueHeaders": lists(sent),
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(query)
        event["multiValueQueryStringParameters"] = lists(query)
    # The definition asks for a query and an authorizer, which most clients and APIs do not have.
    return cast("WebSocketConnectEvent", event)


def websocket_message(
    body: object = "hello",
    *,
    route: str = "$default",
    connection_id: str = "L0SM9cOFvHcCIhw=",
    stage: str = "prod",
    authorizer: Mapping[str, Any] | None = None,
    api_id: str = "abcde12345",
    at: At = None,
    seed: object = None,
) -> WebSocketRouteEvent:
    """A message of a client; one that is no text becomes JSON."""
    ids = Ids("websocket_message", body, route, connection_id, seed)
    context = _context("MESSAGE", route, ids, Moment(at), connection_id, stage, authorizer, api_id)
    context["messageId"] = ids.base64(11)
    # The definition asks for an authorizer.
    return cast(
        "WebSocketRouteEvent", {"requestContext": context, "body": text(body), "isBase64Encoded": False}
    )


def websocket_disconnect(
    *,
    connection_id: str = "L0SM9cOFvHcCIhw=",
    status: int = 1001,
    reason: str = "Going away",
    stage: str = "prod",
    authorizer: Mapping[str, Any] | None = None,
    api_id: str = "abcde12345",
    at: At = None,
    seed: object = None,
) -> dict[str, Any]:
    """A client that has left: route `$disconnect`, with the code and the reason that it gave."""
    ids = Ids("websocket_disconnect", connection_id, status, reason, seed)
    moment = Moment(at)
    context = _context("DISCONNECT", "$disconnect", ids, moment, connection_id, stage, authorizer, api_id)
    context |= {"disconnectStatusCode": status, "disconnectReason": reason}
    headers = {"Host": context["domainName"], "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    return {
        "headers": headers,
        "multiValueHeaders": lists(headers),
        "requestContext": context,
        "isBase64Encoded": False,
    }


def _context(
    event_type: str,
    route: str,
    ids: Ids,
    moment: Moment,
    connection_id: str,
    stage: str,
    authorizer: Mapping[str, Any] | None,
    api_id: str,
) -> dict[str, Any]:
    request_id = ids.base64(11)
    context: dict[str, Any] = {
        "routeKey": route,
        "eventType": event_type,
        "extendedRequestId": request_id,
        "requestTime": moment.log,
        "messageDirection": "IN",
        "stage": stage,
        # A connection is a minute old when something comes over it.
        "connectedAt": moment.ms if event_type == "CONNECT" else moment.ms - 60_000,
        "requestTimeEpoch": moment.ms,
        "identity": {"sourceIp": CLIENT, "userAgent": AGENT},
        "requestId": request_id,
        "domainName": f"{api_id}.execute-api.{REGION}.amazonaws.com",
        "connectionId": connection_id,
        "apiId": api_id,
    }
    if authorizer is not None:
        context["authorizer"] = fresh(dict(authorizer))
    return context
