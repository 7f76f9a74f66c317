"""The events that API Gateway, a load balancer, a function URL and VPC Lattice send for a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Event = dict[str, Any]

HOST = "api.example.com"
HEADERS = {"host": HOST, "user-agent": "curl/8", "content-type": "application/json"}


def rest(method: str, path: str, body: str | None = None, resource: str = "/{proxy+}") -> Event:
    """API Gateway's REST API, payload 1.0."""
    return {
        "version": "1.0",
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": dict(HEADERS),
        "multiValueHeaders": {name: [value] for name, value in HEADERS.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": path,
            "stage": "$default",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8"},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def http(method: str, path: str, body: str | None = None) -> Event:
    """API Gateway's HTTP API, or a function URL, payload 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": dict(HEADERS),
        "requestContext": {
            "domainName": HOST,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8",
            },
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def load_balancer(method: str, path: str, body: str | None = None) -> Event:
    """An Application Load Balancer."""
    return {
        "requestContext": {
            "elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1"}
        },
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {},
        "headers": {**HEADERS, "x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443"},
        "body": body or "",
        "isBase64Encoded": False,
    }


def lattice(method: str, path: str, body: str | None = None) -> Event:
    """VPC Lattice, payload 1.0."""
    return {
        "raw_path": path,
        "method": method,
        "headers": dict(HEADERS),
        "query_string_parameters": {},
        "body": body or "",
        "is_base64_encoded": False,
    }


def agent(method: str, path: str, body: str | None = None) -> Event:
    """An agent of Bedrock's."""
    return {
        "messageVersion": "1.0",
        "agent": {"name": "a", "id": "1", "alias": "x", "version": "1"},
        "inputText": "",
        "sessionId": "1",
        "actionGroup": "group",
        "apiPath": path,
        "httpMethod": method,
        "parameters": [],
        "requestBody": {"content": {"application/json": {"properties": []}}},
        "sessionAttributes": {},
        "promptSessionAttributes": {},
    }


MakeEvent = Callable[[str, str], Event]
