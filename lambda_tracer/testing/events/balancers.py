"""HTTP requests by way of a load balancer, VPC Lattice or CloudFront.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html
"""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from .request import AGENT, CLIENT, Request, commas, last, proxied
from .values import Resource, data, joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from aws_lambda_typing.events import ALBEvent

    from .request import Several
    from .values import At


def alb(
    method: str = "GET",
    path: str = "/",
    *,
    body: object = None,
    headers: Several | None = None,
    query: Several | None = None,
    target_group: str = "shop",
    multi_value: bool = False,
    at: At = None,
    seed: object = None,
) -> ALBEvent:
    """A request to an Application Load Balancer. `multi_value`: its target group has multi-value headers enabled.

    A load balancer hands on parameters as they were encoded.
    """
    request = Request("alb", method, path, body, headers, query, at, seed)
    group = Resource("elasticloadbalancing", target_group, "targetgroup/")
    host = f"{group.name.partition('/')[0]}-{request.ids.decimal(9)}.{group.region}.elb.amazonaws.com"
    arn = group.arn if "/" in group.name else f"{group.arn}/{request.ids.hexadecimal(16)}"
    sent = request.headers(proxied(request, host), small=True)
    asked = {quote(name): [quote(value) for value in values] for name, values in request.query.items()}
    event: ALBEvent = {
        "requestContext": {"elb": {"targetGroupArn": arn}},
        "httpMethod": request.method,
        "path": request.path,
        "body": request.body or "",
        "isBase64Encoded": request.is_base64,
    }
    if multi_value:
        # The definition does not have these.
        several = {"multiValueHeaders": sent, "multiValueQueryStringParameters": asked}
        return cast("ALBEvent", {**event, **several})
    event["headers"], event["queryStringParameters"] = last(sent), last(asked)
    return event


def lattice(
    method: str = "GET",
    path: str = "/",
    *,
    body: object = None,
    headers: Several | None = None,
    query: Several | None = None,
    service: str = "svc-0a40eebed65f8d69c",
    at: At = None,
    seed: object = None,
) -> dict[str, Any]:
    """A request to a service of VPC Lattice, in version 2.0 of its events."""
    request = Request("lattice", method, path, body, headers, query, at, seed)
    called = Resource("vpc-lattice", service, "service/")
    prefix = f"arn:aws:vpc-lattice:{called.region}:{called.account}"
    vpc = f"arn:aws:ec2:{called.region}:{called.account}:vpc/vpc-{request.ids.hexadecimal(17)}"
    event: dict[str, Any] = {
        "version": "2.0",
        "path": request.path,
        "method": request.method,
        "headers": request.headers(_within(request, called), small=True),
        "requestContext": {
            "serviceNetworkArn": f"{prefix}:servicenetwork/sn-{request.ids.hexadecimal(17)}",
            "serviceArn": called.arn,
            "targetGroupArn": f"{prefix}:targetgroup/tg-{request.ids.hexadecimal(17)}",
            "identity": {"sourceVpcArn": vpc},
            "region": called.region,
            "timeEpoch": str(request.moment.ms * 1000),
        },
        "isBase64Encoded": request.is_base64,
    }
    if request.query:
        event["queryStringParameters"] = request.query
    if request.body is not None:
        event["body"] = request.body
    return event


def lattice_v1(
    method: str = "GET",
    path: str = "/",
    *,
    body: object = None,
    headers: Several | None = None,
    query: Several | None = None,
    service: str = "svc-0a40eebed65f8d69c",
    at: At = None,
    seed: object = None,
) -> dict[str, Any]:
    """A request to a service of VPC Lattice, in version 1.0 of its events."""
    request = Request("lattice_v1", method, path, body, headers, query, at, seed)
    called = Resource("vpc-lattice", service, "service/")
    return {
        "raw_path": f"{path}?{request.raw_query}" if request.query else path,
        "method": request.method,
        "headers": commas(request.headers(_within(request, called), small=True)),
        "query_string_parameters": last(request.query),
        "body": request.body or "",
        "is_base64_encoded": request.is_base64,
    }


def _within(request: Request, service: Resource) -> dict[str, str]:
    """Inside of a VPC nobody forwards."""
    host = f"{service.name}.{request.ids.hexadecimal(7)}.vpc-lattice-svcs.{service.region}.on.aws"
    return {"Host": host, "User-Agent": AGENT, "X-Forwarded-For": "10.0.0.7"}


def cloudfront(
    method: str = "GET",
    path: str = "/",
    *,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    query: Several | None = None,
    event_type: str = "viewer-request",
    status: int = 200,
    distribution: str = "EDFDVBD6EXAMPLE",
    at: At = None,
    seed: object = None,
) -> dict[str, Any]:
    """A request or response at CloudFront, for Lambda@Edge.

    `event_type` is viewer-request, origin-request, origin-response or viewer-response. The last two have a response,
    of the `status`. `at` changes nothing: these events have no time.
    """
    request = Request("cloudfront", method, path, body, headers, query, at, seed)
    domain = f"d{request.ids.small(13)}.cloudfront.net"
    sent = joined({"Host": domain, "User-Agent": AGENT, "Accept": "*/*"}, headers)
    seen: dict[str, Any] = {
        "clientIp": CLIENT,
        "headers": _edge_headers(sent),
        "method": request.method,
        "querystring": request.raw_query,
        "uri": request.path,
    }
    if request.body is not None:
        content = request.body if request.is_base64 else data(request.body)
        seen["body"] = {
            "action": "read-only",
            "data": content,
            "encoding": "base64",
            "inputTruncated": False,
        }
    told: dict[str, Any] = {
        "config": {
            "distributionDomainName": domain,
            "distributionId": distribution,
            "eventType": event_type,
            "requestId": request.ids.base64(32),
        },
        "request": seen,
    }
    if event_type.endswith("-response"):
        answered = _edge_headers({"Content-Type": "text/html", "Server": "Apache"})
        told["response"] = {"headers": answered, "status": str(status), "statusDescription": ""}
    return {"Records": [{"cf": told}]}


def _edge_headers(headers: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    return {name.lower(): [{"key": name, "value": value}] for name, value in headers.items()}
