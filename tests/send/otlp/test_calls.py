"""The names of the services that are called, and of what for."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tracer.send.otlp.calls import remote


@pytest.mark.parametrize(
    ("name", "blocks", "service", "operation"),
    [
        ("s3", {"aws": {"operation": "PutObject"}}, "AWS::S3", "PutObject"),
        ("athena", {"aws": {"operation": "GetTable"}}, "AWS::Athena", "GetTable"),
        ("states", {"aws": {"operation": "StartExecution"}}, "AWS::StepFunctions", "StartExecution"),
        ("bedrock-runtime", {"aws": {}}, "AWS::BedrockRuntime", "UnknownRemoteOperation"),
        ("lambda", {"aws": {"operation": "Invoke", "function_name": "pay"}}, "pay", "Invoke"),
        (
            "lambda",
            {"aws": {"operation": "Invoke", "function_name": "arn:aws:lambda:eu-west-1:1:function:pay:live"}},
            "pay",
            "Invoke",
        ),
        ("lambda", {"aws": {"operation": "ListFunctions"}}, "AWS::Lambda", "ListFunctions"),
        ("shop@db", {"sql": {"database_type": "PostgreSQL"}}, "postgresql", "UnknownRemoteOperation"),
        ("db", {"sql": {"sanitized_query": "\n  select\n* from a"}}, "other_sql", "SELECT"),
        ("db", {"sql": {"sanitized_query": "/* no word */ select"}}, "other_sql", "UnknownRemoteOperation"),
        ("mine", {}, "mine", "UnknownRemoteOperation"),
        ("a.b", {"http": {"request": {"method": "GET", "url": "https://a.b"}}}, "a.b", "GET /"),
        ("a.b", {"http": {"request": {"method": "PUT", "url": "https://a.b/c?d=/e"}}}, "a.b", "PUT /c"),
        ("redis", {"metadata": {"redis": {"commands": ["GET"], "count": 2}}}, "redis", "PIPELINE"),
    ],
)
def test_a_service_has_the_name_that_adot_gives_it(
    name: str, blocks: dict[str, Any], service: str, operation: str
) -> None:
    namespace = "aws" if "aws" in blocks else "remote"
    found = remote({"name": name, "namespace": namespace, **blocks})

    assert (found["aws.remote.service"], found["aws.remote.operation"]) == (service, operation)


@pytest.mark.parametrize(
    ("name", "aws", "kind", "identifier"),
    [
        ("sqs", {"queue_url": "https://sqs.eu-west-1.amazonaws.com/1/orders"}, "AWS::SQS::Queue", "orders"),
        ("sns", {"topic_arn": "arn:aws:sns:eu-west-1:1:paid"}, "AWS::SNS::Topic", "paid"),
        ("s3", {"bucket_name": "files"}, "AWS::S3::Bucket", "files"),
        ("s3", {}, None, None),
    ],
)
def test_what_a_call_was_about_is_named(
    name: str, aws: dict[str, str], kind: str | None, identifier: str | None
) -> None:
    found = remote({"name": name, "namespace": "aws", "aws": aws})

    assert found.get("aws.remote.resource.type") == kind
    assert found.get("aws.remote.resource.identifier") == identifier
