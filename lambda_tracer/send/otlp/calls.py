"""Calls: which service was called, and what for, in the words by which Application Signals puts calls together.

As AWS's distribution of OpenTelemetry for Python finds them out, so that a service has one name, whoever calls it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

UNKNOWN_OPERATION = "UnknownRemoteOperation"

_SERVICES = {
    "bedrock-agent": "Bedrock",
    "bedrock-agent-runtime": "Bedrock",
    "bedrock-runtime": "BedrockRuntime",
    "dynamodb": "DynamoDB",
    "events": "EventBridge",
    "logs": "CloudWatch Logs",
    "monitoring": "CloudWatch",
    "secretsmanager": "SecretsManager",
    "states": "StepFunctions",
}
"""Names of services, by endpoint prefix, that are more than that in capitals (S3, SQS) or with one (Kinesis)."""

_RESOURCES = {
    "dynamodb": ("AWS::DynamoDB::Table", "table_name"),
    "kinesis": ("AWS::Kinesis::Stream", "stream_name"),
    "s3": ("AWS::S3::Bucket", "bucket_name"),
    "sns": ("AWS::SNS::Topic", "topic_arn"),
    "sqs": ("AWS::SQS::Queue", "queue_url"),
}
_MAX_HEAD = 100
"""Characters of a query in which its first word is looked for."""


def remote(document: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that name what a call was made to, and for."""
    name: str = document["name"]
    if document["namespace"] == "aws":
        return _of_aws(name, document.get("aws", {}))
    sql, metadata = document.get("sql"), document.get("metadata", {})
    if sql:
        return _named(system(sql), _first_word(sql.get("sanitized_query", "")))
    command = document.get("annotations", {}).get("mongodb_command_name")
    if command:
        return {"db.system": "mongodb", **_named("mongodb", str(command))}
    if "redis" in metadata:
        return {"db.system": "redis", **_named("redis", str(metadata["redis"].get("command") or "PIPELINE"))}
    return _of_http(name, document.get("http", {}).get("request", {}))


def system(sql: Mapping[str, Any]) -> str:
    """OpenTelemetry's name for a database system that is asked in SQL."""
    return str(sql.get("database_type", "other_sql")).lower().replace("sqlite3", "sqlite")


def _named(service: str, operation: str) -> dict[str, Any]:
    return {"aws.remote.service": service, "aws.remote.operation": operation or UNKNOWN_OPERATION}


def _of_aws(name: str, aws: Mapping[str, Any]) -> dict[str, Any]:
    service = _SERVICES.get(name) or (name.upper() if len(name) <= 3 else name.capitalize())
    operation = str(aws.get("operation", ""))
    found = {"rpc.system": "aws-api", "rpc.service": service, "rpc.method": operation or None}
    function = str(aws.get("function_name", "")).rpartition(":function:")[2].partition(":")[0]
    if name == "lambda" and operation == "Invoke" and function:  # a service of its own
        return found | _named(function, operation) | {"aws.remote.environment": "lambda:default"}
    found |= _named(f"AWS::{service}", operation)
    kind, key = _RESOURCES.get(name, ("", ""))
    if aws.get(key):
        thing = str(aws[key]).rpartition("/")[2].rpartition(":")[2]
        found |= {"aws.remote.resource.type": kind, "aws.remote.resource.identifier": thing}
    return found


def _of_http(name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Host and port, and the path as far as its first part: what lies beyond are keys."""
    method, url = request.get("method", ""), request.get("url", "")
    host, _, path = url.partition("://")[2].partition("/")
    first = path.partition("/")[0].partition("?")[0]
    return _named(host or name, f"{method} /{first}" if method and host else method)


def _first_word(query: str) -> str:
    """`SELECT`, `INSERT`...: what is no word does not say what is asked for."""
    words = query[:_MAX_HEAD].split(None, 1)
    return words[0].upper() if words and words[0].isalpha() else ""
