"""`LambdaContext` has what the runtime's own context has, and its deadline comes nearer."""

from __future__ import annotations

import re
import time

import pytest

from lambda_tracer.testing import LambdaContext

IDENTITY = {"cognitoIdentityId": "eu-west-1:1", "cognitoIdentityPoolId": "eu-west-1:2"}
CLIENT = {
    "client": {"installation_id": "i", "app_title": "Shop"},
    "custom": {"a": "b"},
    "env": {"model": "m"},
}


def test_it_has_what_the_runtimes_own_has_with_the_same_types(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = pytest.importorskip("awslambdaric.lambda_context")
    for name, value in {
        "AWS_LAMBDA_FUNCTION_NAME": "pay",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/pay",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
    }.items():
        monkeypatch.setenv(name, value)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:pay"
    genuine = runtime.LambdaContext("id", CLIENT, IDENTITY, int(time.time() * 1000) + 9000, arn, "blue")

    ours = LambdaContext(
        function_name="pay",
        memory_limit_in_mb=512,
        aws_request_id="id",
        log_stream_name="stream",
        identity=IDENTITY,
        client_context=CLIENT,
        tenant_id="blue",
    )

    simple = {
        name: value
        for name, value in vars(genuine).items()
        if not name.startswith("_") and isinstance(value, (str, type(None)))
    }
    assert {name: getattr(ours, name) for name in simple} == simple
    assert {name for name in vars(genuine) if name[0] != "_"} == {
        name for name in vars(ours) if name[0] != "_"
    }
    for name in ("cognito_identity_id", "cognito_identity_pool_id"):
        assert getattr(ours.identity, name) == getattr(genuine.identity, name)
    assert ours.client_context is not None
    assert ours.client_context.custom == genuine.client_context.custom == {"a": "b"}
    assert ours.client_context.env == genuine.client_context.env
    for name in genuine.client_context.client.__slots__:
        assert getattr(ours.client_context.client, name) == getattr(genuine.client_context.client, name)


def test_what_is_not_given_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    first, second = LambdaContext(), LambdaContext()

    assert first.aws_request_id != second.aws_request_id
    assert first.invoked_function_arn == "arn:aws:lambda:eu-central-1:123456789012:function:function"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", first.log_stream_name)
    assert (first.identity.cognito_identity_id, first.client_context, first.tenant_id) == (None, None, None)


def test_the_deadline_comes_nearer_also_while_time_is_frozen_and_never_passes_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # By hand: freezegun has lazy packages that other tests have loaded import the rest of them, and they fail at that.
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    context = LambdaContext(timeout_s=60)
    first = context.get_remaining_time_in_millis()
    while (remaining := context.get_remaining_time_in_millis()) == first:
        pass

    assert 0 < remaining < first <= 60_000
    assert LambdaContext(timeout_s=0).get_remaining_time_in_millis() == 0


def test_it_logs_to_where_the_function_does(capsys: pytest.CaptureFixture[str]) -> None:
    LambdaContext().log("said")

    assert capsys.readouterr().out == "said"
