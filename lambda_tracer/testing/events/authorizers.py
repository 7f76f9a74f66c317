"""Authorizers of API Gateway: may a request go on to its API?

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from __future__ import annotations

from typing import cast

from .http import http_api, rest_api
from .values import ACCOUNT, REGION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aws_lambda_typing.events import APIGatewayRequestAuthorizerEvent, APIGatewayTokenAuthorizerEvent

    from .request import Several
    from .values import At

TOKEN = "Bearer a.b.c"


def token_authorizer(
    token: str = TOKEN,
    *,
    method: str = "GET",
    path: str = "/",
    stage: str = "prod",
    api_id: str = "abcde12345",
) -> APIGatewayTokenAuthorizerEvent:
    """A REST API's authorizer of type TOKEN."""
    return {
        "type": "TOKEN",
        "authorizationToken": token,
        "methodArn": _arn(api_id, stage, method, path),
    }


def request_authorizer(
    method: str = "GET",
    path: str = "/",
    *,
    headers: Several | None = None,
    query: Several | None = None,
    resource: str = "/{proxy+}",
    stage: str = "prod",
    api_id: str = "abcde12345",
    at: At = None,
    seed: object = None,
) -> APIGatewayRequestAuthorizerEvent:
    """A REST API's authorizer of type REQUEST. The token is in the header `Authorization`, unless one is given."""
    request = rest_api(
        method,
        path,
        headers=_with_token(headers),
        query=query,
        resource=resource,
        stage=stage,
        api_id=api_id,
        at=at,
        seed=seed,
    )
    context: dict[str, Any] = {**request["requestContext"]}
    event: APIGatewayRequestAuthorizerEvent = {
        "type": "REQUEST",
        "methodArn": _arn(api_id, stage, method, path),
        "resource": resource,
        "path": request["path"],
        "httpMethod": request["httpMethod"],
        "headers": request["headers"],
        "queryStringParameters": request["queryStringParameters"] or {},
        "pathParameters": request["pathParameters"] or {},
        "stageVariables": request["stageVariables"] or {},
        "requestContext": context,
    }
    # The definition does not have these.
    several = {
        "multiValueHeaders": request["multiValueHeaders"],
        "multiValueQueryStringParameters": request["multiValueQueryStringParameters"] or {},
    }
    return cast("APIGatewayRequestAuthorizerEvent", {**event, **several})


def http_api_authorizer(
    method: str = "GET",
    path: str = "/",
    *,
    headers: Several | None = None,
    query: Several | None = None,
    route: str = "$default",
    api_id: str = "abcde12345",
    at: At = None,
    seed: object = None,
) -> dict[str, Any]:
    """An HTTP API's authorizer, with payload 2.0, whose identity source is the header `Authorization`."""
    given = _with_token(headers)
    request = http_api(method, path, headers=given, query=query, route=route, api_id=api_id, at=at, seed=seed)
    event: dict[str, Any] = {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": _arn(api_id, "$default", method, path),
        "identitySource": [request["headers"]["authorization"]],
        **request,
    }
    event.pop("isBase64Encoded")  # an authorizer sees no body
    return event


def _with_token(headers: Several | None) -> Several:
    given = dict(headers or {})
    if not any(name.lower() == "authorization" for name in given):
        given["Authorization"] = TOKEN
    return given


def _arn(api_id: str, stage: str, method: str, path: str) -> str:
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/{stage}/{method}{path}"
