"""Which parameters of which call are recorded: the rule, tried on the models of many services and on odd values."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lambda_tracer import xray_recorder
from lambda_tracer.patches.aws import resource
from tests.daemon import Daemon
from tests.patches.aws.libraries import client
from tests.patches.aws.servers import Answer, running_service

pytest.importorskip("boto3", reason="boto3 is not installed")


@functools.cache
def session() -> Any:
    import botocore.session

    return botocore.session.get_session()


@pytest.mark.slow
def test_nothing_that_a_service_calls_sensitive_is_recorded() -> None:
    """Every text parameter of every operation that botocore knows is given, close to 20,000 operations."""
    leaked = set()
    for service in session().get_available_services():
        model = session().get_service_model(service)
        for operation in model.operation_names:
            shape = model.operation_model(operation).input_shape
            members = {} if shape is None else shape.members
            params = {name: f"value of {name}" for name in members if name != "CopySource"}

            found = resource.of_request(model.endpoint_prefix, params, members)

            recorded = {value.removeprefix("value of ") for value in found.values()}
            leaked |= {f"{service} {name}" for name in recorded if members[name].metadata.get("sensitive")}
    assert not leaked


def test_what_the_services_model_marks_as_sensitive_is_left_out(daemon: Daemon) -> None:
    """For Cognito a name is sensitive although, in other services, one of that kind is not."""
    model = session().get_service_model("cognito-idp").operation_model("AdminGetUser")
    assert model.input_shape.members["Username"].metadata["sensitive"]
    xray_recorder.patch(["boto3"])

    with running_service() as service:
        service.answer = Answer()
        client("cognito-idp", service.url).admin_get_user(UserPoolId="eu-west-1_pool", Username="jane")
    xray_recorder.unpatch_all()

    aws = daemon.subsegment("cognito-idp")["aws"]
    assert aws["user_pool_id"] == "eu-west-1_pool"
    assert b"jane" not in b"".join(daemon.datagrams())


def test_a_key_is_recorded_only_beside_a_bucket() -> None:
    assert resource.of_request("s3", {"Bucket": "b", "Key": "k"}, {}) == {"bucket_name": "b", "key": "k"}
    assert resource.of_request("places", {"Key": "k"}, {}) == {}


def test_a_name_is_recorded_where_it_names_a_resource() -> None:
    assert resource.of_request("ssm", {"Name": "/db/password"}, {}) == {"name": "/db/password"}
    assert resource.of_request("states", {"name": "run"}, {}) == {"name": "run"}
    assert resource.of_request("connect", {"Name": "Jane Doe"}, {}) == {}


def test_names_that_begin_with_a_small_letter_are_the_same_names() -> None:
    params = {"stateMachineArn": "arn", "modelId": "m", "logGroupName": "l"}

    assert resource.of_request("x", params, {}) == {
        "state_machine_arn": "arn",
        "model_id": "m",
        "log_group_name": "l",
    }


@pytest.mark.parametrize(
    ("name", "recorded_as"),
    [
        ("QueueOwnerAWSAccountId", "queue_owner_aws_account_id"),
        ("DBInstanceIdentifier", "db_instance_identifier"),
        ("StreamARN", "stream_arn"),
        ("Bucket", "bucket_name"),
    ],
)
def test_names_are_recorded_in_snake_case(name: str, recorded_as: str) -> None:
    assert resource.of_request("any", {name: "value"}, {}) == {recorded_as: "value"}


def test_values_are_bounded() -> None:
    tables = {f"{number}-{'t' * 300}": [1, 2] for number in range(40)}

    found = resource.of_request("dynamodb", {"TableName": "t" * 10_000, "RequestItems": tables}, {})

    assert len(found["table_name"]) == 250
    assert len(found["table_names"]) == 25
    assert {len(name) for name in found["table_names"]} == {250}
    assert found["item_count"] == 80


def test_a_transaction_names_each_of_its_tables_once() -> None:
    items = [{"Put": {"TableName": "a"}}, {"Update": {"TableName": "b"}}, {"Delete": {"TableName": "a"}}]

    found = resource.of_request("dynamodb", {"TransactItems": items}, {})

    assert found == {"item_count": 3, "table_names": ["a", "b"]}


_odd = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text() | some.binary(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=8,
)
_PARAMETERS = (
    "TableName Bucket Key Name CopySource RequestItems TransactItems Entries Attributes Delete Names Records"
    " GlobalSecondaryIndexes ProvisionedThroughput Statements MessageAttributes"
)
_ANSWERS = (
    "MessageId Count ConsumedCapacity UnprocessedItems UnprocessedKeys Messages Failed TableNames Status"
)


@settings(max_examples=50)
@given(some.dictionaries(some.sampled_from(_PARAMETERS.split()), _odd))
def test_no_parameter_is_too_odd(params: dict[str, Any]) -> None:
    """What botocore is about to refuse passes here first."""
    found = resource.of_request("dynamodb", params, {})

    assert all(isinstance(key, str) for key in found)


@settings(max_examples=50)
@given(some.dictionaries(some.sampled_from(_ANSWERS.split()), _odd))
def test_no_answer_is_too_odd(response: dict[str, Any]) -> None:
    found = resource.of_response(response)

    assert all(isinstance(key, str) for key in found)
