"""Workflows: Step Functions, durable functions.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
"""

from __future__ import annotations

from .values import ORDER, Ids, Moment, Resource, compact, fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .values import At


def step_functions(
    execution_input: Mapping[str, Any] | None = None,
    *,
    state_machine: str = "checkout",
    state: str = "Charge",
    retry_count: int = 0,
    task_token: str | None = None,
    at: At = None,
    seed: object = None,
) -> dict[str, Any]:
    """A task of Step Functions whose payload is the context object: `"Payload.$": "$$"`.

    Any other payload is what the state machine says, and has no shape of its own. `task_token` is there for a task
    that waits for a callback.
    """
    machine = Resource("states", state_machine, "stateMachine:")
    given = fresh(dict(ORDER if execution_input is None else execution_input))
    execution = Ids("step_functions", machine.arn, given, seed).uuid()
    prefix = f"arn:aws:states:{machine.region}:{machine.account}"
    event: dict[str, Any] = {
        "Execution": {
            "Id": f"{prefix}:execution:{machine.name}:{execution}",
            "Input": given,
            "Name": execution,
            "RoleArn": f"arn:aws:iam::{machine.account}:role/{machine.name}",
            "StartTime": Moment(at, before_s=1).iso_ms,
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": machine.arn, "Name": machine.name},
        "State": {"Name": state, "EnteredTime": Moment(at).iso_ms, "RetryCount": retry_count},
    }
    if task_token is not None:
        event["Task"] = {"Token": task_token}
    return event


def durable(
    execution_input: object = None,
    *,
    operations: Sequence[Mapping[str, Any]] = (),
    function: str = "shop",
    version: str = "1",
    execution: str = "order-A-1001",
    at: At = None,
    seed: object = None,
) -> dict[str, Any]:
    """An invocation of a durable function. `operations` are those that earlier invocations have begun, as AWS has them.

    What the SDK does then goes to Lambda's API: to run whole executions, take the SDK's own package for tests.
    """
    of = Resource("lambda", function, "function:")
    ids = Ids("durable", of.arn, version, execution, execution_input, seed)
    given = ORDER if execution_input is None else execution_input
    started = {
        "Id": ids.uuid(),
        "Type": "EXECUTION",
        "Status": "STARTED",
        "StartTimestamp": Moment(at, before_s=1).ms,
        "ExecutionDetails": {"InputPayload": compact(given)},
    }
    return {
        "DurableExecutionArn": f"{of.arn}:{version}/durable-execution/{execution}/{ids.uuid()}",
        "CheckpointToken": ids.base64(32),
        "InitialExecutionState": {
            "Operations": [started, *(fresh(dict(each)) for each in operations)],
            "NextMarker": "",
        },
    }
