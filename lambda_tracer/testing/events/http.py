"""HTTP requests to API Gateway and function URLs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import re
from typing import cast

from .request import CLIENT, Request, agent_of, commas, last, proxied
from .values import ACCOUNT, REGION, fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from aws_lambda_typing.events import APIGatewayProxyEventV1, APIGatewayProxyEventV2

    from .request import Several
    from .values import At


def parameters(template: str, path: str) -> dict[str, str]:
    """What a path has in the places of a template: `/items/{id}` and `/items/5` give `{"id": "5"}`."""
    pattern = ""
    for part in re.split(r"(\{[^}]+\})", template):
        if part.startswith("{"):
            name = part[1:-1]
            pattern += f"(?P<{name[:-1]}>.+)" if name.endswith("+") else f"(?P<{name}>[^/]+)"
        else:
            pattern += re.escape(part)
    found = re.fullmatch(pattern, path)
    return found.groupdict() if found else {}


def rest_api(
    method: str = "GET",
    path: str = "/",
    *,
    body: object = None,
    headers: Several | None = None,
    query: Several | None = None,
    resource: str = "/{proxy+}",
    path_parameters: Mapping[str, str] | None = None,
    authorizer: Mapping[str, Any] | None = None,
    stage: str = "prod",
    stage_variables: Mapping[str, str] | None = None,
    api_id: str = "abcde12345",
    at: At = None,
    seed: object = None,
) -> APIGatewayProxyEventV1:
    """A request to a REST API of API Gateway. `resource` is its template, `/items/{id}`, which gives the parameters."""
    request = Request("rest_api", method, path, body, headers, query, at, seed)
    return _version_1(
        request, resource, path_parameters, authorizer, stage, stage_variables, api_id, f"/{stage}{path}"
    )


def http_api_v1(
    method: str = "GET",
    path: str = "/",
    *,
    body: object = None,
    headers: Several | None = None,
    query: Several | None = None,
    resource: str = "/{proxy+}",
    path_parameters: Mapping[str, str] | None = None,
    authorizer: Mapping[str, Any] | None = None,
    stage_variables: Mapping[str, str] | None = None,
    api_id: str = "abcde12345",
    at: At = None,
    seed: object = None,
) -> APIGatewayProxyEventV1:
    """A request to an HTTP API of API Gateway whose integration has payload 1.0."""
    request = Request("http_api_v1", method, path, body, headers, query, at, seed)
    event = _version_1(
        request, resource, path_parameters, authorizer, "$default", stage_variables, api_id, path
    )
    # The definition is that of a REST API, which has no version.
    return cast("APIGatewayProxyEventV1", {"version": "1.0", **event})


def _version_1(
    request: Request,
    resource: str,
    path_parameters: Mapping[str, str] | None,
    authorizer: Mapping[str, Any] | None,
    stage: str,
    stage_variables: Mapping[str, str] | None,
    api_id: str,
    whole_path: str,
) -> APIGatewayProxyEventV1:
    host = f"{api_id}.execute-api.{REGION}.amazonaws.com"
    sent = request.headers(proxied(request, host), small=False)
    found = parameters(resource, request.path) if path_parameters is None else dict(path_parameters)
    ids, moment = request.ids, request.moment
    event: APIGatewayProxyEventV1 = {
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": last(sent),
        "multiValueHeaders": sent,
        "queryStringParameters": last(request.query) or None,
        "multiValueQueryStringParameters": request.query or None,
        "pathParameters": found or None,
        "stageVariables": dict(stage_variables) if stage_variables is not None else None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": api_id,
            "domainName": host,
            "domainPrefix": api_id,
            "extendedRequestId": ids.base64(11),
            "httpMethod": request.method,
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoAuthenticationProvider": None,
                "cognitoAuthenticationType": None,
                "cognitoIdentityId": None,
                "cognitoIdentityPoolId": None,
                "principalOrgId": None,
                "sourceIp": CLIENT,
                "user": None,
                "userAgent": agent_of(sent),
                "userArn": None,
            },
            "path": whole_path,
            "protocol": "HTTP/1.1",
            "requestId": ids.uuid(),
            "requestTime": moment.log,
            "requestTimeEpoch": moment.ms,
            "resourceId": ids.small(6),
            "resourcePath": resource,
            "stage": stage,
        },
        "body": request.body,
        "isBase64Encoded": request.is_base64,
    }
    if authorizer is not None:
        event["requestContext"]["authorizer"] = fresh(dict(authorizer))
    return event


def http_api(
    method: str = "GET",
    path: str = "/",
    *,
    body: object = None,
    headers: Several | None = None,
    query: Several | None = None,
    cookies: Sequence[str] = (),
    route: str = "$default",
    path_parameters: Mapping[str, str] | None = None,
    authorizer: Mapping[str, Any] | None = None,
    stage_variables: Mapping[str, str] | None = None,
    api_id: str = "abcde12345",
    at: At = None,
    seed: object = None,
) -> APIGatewayProxyEventV2:
    """A request to an HTTP API of API Gateway, with payload 2.0. `route` is its key: `GET /items/{id}`.

    `authorizer` is `{"jwt": {"claims": ..., "scopes": ...}}`, `{"lambda": ...}` or `{"iam": ...}`.
    """
    request = Request("http_api", method, path, body, headers, query, at, seed)
    host = f"{api_id}.execute-api.{REGION}.amazonaws.com"
    if path_parameters is None:
        path_parameters = parameters(route.partition(" ")[2], path)
    return _version_2(request, host, cookies, route, path_parameters, authorizer, stage_variables)


def function_url(
    method: str = "GET",
    path: str = "/",
    *,
    body: object = None,
    headers: Several | None = None,
    query: Several | None = None,
    cookies: Sequence[str] = (),
    authorizer: Mapping[str, Any] | None = None,
    url_id: str = "abcdefghijklmnopqrstuvwxyz012345",
    at: At = None,
    seed: object = None,
) -> APIGatewayProxyEventV2:
    """A request to a function URL. `authorizer` is `{"iam": ...}` where the URL asks for a signature."""
    request = Request("function_url", method, path, body, headers, query, at, seed)
    host = f"{url_id}.lambda-url.{REGION}.on.aws"
    return _version_2(request, host, cookies, "$default", {}, authorizer, None)


def _version_2(
    request: Request,
    host: str,
    cookies: Sequence[str],
    route: str,
    path_parameters: Mapping[str, str],
    authorizer: Mapping[str, Any] | None,
    stage_variables: Mapping[str, str] | None,
) -> APIGatewayProxyEventV2:
    sent = request.headers(proxied(request, host), small=True)
    prefix = host.partition(".")[0]
    event: APIGatewayProxyEventV2 = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": request.path,
        "rawQueryString": request.raw_query,
        "headers": commas(sent),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": prefix,
            "domainName": host,
            "domainPrefix": prefix,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": CLIENT,
                "userAgent": agent_of(sent),
            },
            "requestId": request.ids.base64(11),
            "routeKey": route,
            "stage": "$default",
            "time": request.moment.log,
            "timeEpoch": request.moment.ms,
        },
        "isBase64Encoded": request.is_base64,
    }
    # What a request does not have, such an event does not have either.
    if cookies:
        event["cookies"] = list(cookies)
    if request.query:
        event["queryStringParameters"] = commas(request.query)
    if path_parameters:
        event["pathParameters"] = dict(path_parameters)
    if stage_variables:
        event["stageVariables"] = dict(stage_variables)
    if request.body is not None:
        event["body"] = request.body
    if authorizer is not None:
        # The definition knows the authorizer of JWTs alone.
        cast("dict[str, Any]", event["requestContext"])["authorizer"] = fresh(dict(authorizer))
    return event
