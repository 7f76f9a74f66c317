"""AppSync: resolvers, batches of them, event handlers, and authorizers.

https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference.html
https://docs.aws.amazon.com/appsync/latest/eventapi/event-handlers-overview.html
https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html
"""

from __future__ import annotations

from typing import cast

from .request import AGENT, CLIENT
from .values import ACCOUNT, REGION, Ids, fresh, joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from aws_lambda_typing.events import AppSyncResolverEvent

API_ID = "abcdefghijklmnopqrstuvwxyz"


def appsync(
    arguments: Mapping[str, Any] | None = None,
    *,
    field: str = "Query.getOrder",
    source: Mapping[str, Any] | None = None,
    identity: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    selection: Sequence[str] = ("id", "amount"),
    variables: Mapping[str, Any] | None = None,
    stash: Mapping[str, Any] | None = None,
) -> AppSyncResolverEvent:
    """A direct resolver of AppSync. `field` is the type and the field; `identity` is None where a key was given."""
    of, _, name = field.rpartition(".")
    given = {"id": "A-1001"} if arguments is None else fresh(dict(arguments))
    event = {
        "arguments": given,
        "identity": fresh(dict(identity)) if identity is not None else None,
        "source": fresh(dict(source)) if source is not None else None,
        "request": {"headers": _headers(headers), "domainName": None},
        "prev": None,
        "info": {
            "selectionSetList": list(selection),
            "selectionSetGraphQL": "{\n  " + "\n  ".join(selection) + "\n}",
            "parentTypeName": of or "Query",
            "fieldName": name,
            "variables": fresh(dict(variables or {})),
        },
        "stash": fresh(dict(stash or {})),
    }
    return cast("AppSyncResolverEvent", event)  # the definition knows no request without an identity


def appsync_batch(
    *sources: Mapping[str, Any],
    arguments: Mapping[str, Any] | None = None,
    field: str = "Order.customer",
    identity: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> list[AppSyncResolverEvent]:
    """A batch of resolvers of AppSync: a field of each of several sources."""
    return [
        appsync(arguments or {}, field=field, source=source, identity=identity, headers=headers)
        for source in sources or ({"id": "A-1001"}, {"id": "A-1002"})
    ]


def appsync_events(
    *payloads: Mapping[str, Any],
    channel: str = "/orders/A-1001",
    operation: str = "PUBLISH",
    identity: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    seed: object = None,
) -> dict[str, Any]:
    """A handler of AppSync Events. `operation` is PUBLISH or SUBSCRIBE; a subscription has no payloads."""
    segments = channel.strip("/").split("/")
    ids = Ids("appsync_events", channel, payloads, seed)
    published = payloads or ({"amount": 12},)
    events = [{"payload": fresh(dict(payload)), "id": ids.uuid()} for payload in published]
    return {
        "identity": fresh(dict(identity)) if identity is not None else None,
        "result": None,
        "request": {"headers": _headers(headers), "domainName": None},
        "info": {
            "channel": {"path": channel, "segments": segments},
            "channelNamespace": {"name": segments[0]},
            "operation": operation,
        },
        "error": None,
        "prev": None,
        "stash": {},
        "outErrors": [],
        "events": events if operation == "PUBLISH" else None,
    }


def appsync_authorizer(
    token: str = "a.b.c",
    *,
    query: str = "query { getOrder { id } }",
    operation: str = "getOrder",
    variables: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    api_id: str = API_ID,
    seed: object = None,
) -> dict[str, Any]:
    """An authorizer of an AppSync API."""
    return {
        "authorizationToken": token,
        "requestContext": {
            "apiId": api_id,
            "accountId": ACCOUNT,
            "requestId": Ids("appsync_authorizer", query, variables, seed).uuid(),
            "queryString": query,
            "operationName": operation,
            "variables": fresh(dict(variables or {})),
        },
        "requestHeaders": _headers(headers),
    }


def _headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    host = f"{API_ID}.appsync-api.{REGION}.amazonaws.com"
    return joined(
        {
            "host": host,
            "user-agent": AGENT,
            "content-type": "application/json",
            "x-forwarded-for": f"{CLIENT}, 10.0.0.7",
        },
        headers,
    )
