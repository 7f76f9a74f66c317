"""A durable execution from its beginning to its end, in as many invocations as it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip(
    "aws_durable_execution_sdk_python_testing",
    reason="aws-durable-execution-sdk-python-testing is not installed",
)

from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

PATIENCE_S = 60


def execute(handler: Callable[..., Any], text: str = "{}", **functions: Callable[..., Any]) -> str:
    """Run `handler` durably with the JSON `text` for its input; returns the execution's status.

    `functions` are those that it may invoke, by name.
    """
    # With time skipped, a wait may be over before the invocation that began it is, which the runner takes for an error.
    with DurableFunctionTestRunner(handler, poll_interval=0.05, skip_time=False) as runner:
        for name, function in functions.items():
            runner.register_function(name, function)
        status = str(runner.run(input=text, execution_timeout=PATIENCE_S).status.value)
    runner._scheduler._loop.close()  # which it leaves to the garbage collector, with a warning
    return status
