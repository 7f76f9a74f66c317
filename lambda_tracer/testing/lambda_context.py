"""LambdaContext: what Lambda passes to a handler beside the event, for tests."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from ..clock import clock

ACCOUNT = "123456789012"
"""Of the ARN, as in AWS's documentation."""


class LambdaContext:
    """A context like Lambda's, with the attributes and types of the runtime's own.

    Its deadline comes nearer by the real clock, whatever a test does to `time`.
    """

    def __init__(
        self,
        *,
        function_name: str = "function",
        function_version: str = "$LATEST",
        invoked_function_arn: str | None = None,
        memory_limit_in_mb: int | str = 128,
        timeout_s: float = 30.0,
        aws_request_id: str | None = None,
        log_group_name: str | None = None,
        log_stream_name: str | None = None,
        identity: Mapping[str, str] | None = None,
        client_context: Mapping[str, Any] | None = None,
        tenant_id: str | None = None,
    ) -> None:
        """What is left out is made of the rest, or made up.

        The ARN is in the region of `AWS_REGION` or `AWS_DEFAULT_REGION`, else `us-east-1`. `identity` has
        `cognitoIdentityId` and `cognitoIdentityPoolId`, `client_context` is what a mobile app sends: `client`, `custom`
        and `env`.
        """
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        request_id = str(uuid4()) if aws_request_id is None else aws_request_id
        self.aws_request_id = request_id
        self.function_name = function_name
        self.function_version = function_version
        self.invoked_function_arn = (
            f"arn:aws:lambda:{region}:{ACCOUNT}:function:{function_name}"
            if invoked_function_arn is None
            else invoked_function_arn
        )
        # A text, as the runtime has it.
        self.memory_limit_in_mb = str(memory_limit_in_mb)
        self.log_group_name = f"/aws/lambda/{function_name}" if log_group_name is None else log_group_name
        day = time.strftime("%Y/%m/%d", time.gmtime(clock.now()))
        self.log_stream_name = (
            f"{day}/[{function_version}]{request_id.replace('-', '')}"
            if log_stream_name is None
            else log_stream_name
        )
        who = {} if identity is None else identity
        self.identity = SimpleNamespace(
            cognito_identity_id=who.get("cognitoIdentityId"),
            cognito_identity_pool_id=who.get("cognitoIdentityPoolId"),
        )
        self.client_context = None if client_context is None else _client_context(client_context)
        self.tenant_id = tenant_id
        self._deadline = clock.monotonic() + timeout_s

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the time-out, never below 0."""
        return max(0, int((self._deadline - clock.monotonic()) * 1000))

    def log(self, msg: object) -> None:
        """Write to the function's log."""
        sys.stdout.write(str(msg))

    def __repr__(self) -> str:
        return f"LambdaContext(function_name={self.function_name!r}, aws_request_id={self.aws_request_id!r})"


_OF_CLIENT = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


def _client_context(given: Mapping[str, Any]) -> SimpleNamespace:
    """As the runtime reads it: what is not said is None."""
    client = given.get("client")
    return SimpleNamespace(
        custom=given.get("custom"),
        env=given.get("env"),
        client=None if client is None else SimpleNamespace(**{name: client.get(name) for name in _OF_CLIENT}),
    )
