"""The plugin for the AWS Durable Execution SDK: the functions that an execution runs, as subsegments.

The SDK finds it as `lambda_tracer` in the entry point group `aws_durable_execution.plugins`, and nothing else imports
this. It is loaded by the environment variable `DURABLE_EXECUTION_PLUGINS=lambda_tracer`, or given to the decorator:
`@durable_execution(plugins=[lambda_tracer.durable.plugin_factory])`.

Records: a subsegment for each attempt of a step and each run of a child context, a branch or an item. It is named
as the operation, or by its kind, and annotated with `Attempt` and `Replayed`: whether an earlier invocation began it.
An attempt that fails is a fault with its exception; one that suspends is not.
Never records: results, inputs, and what comes back without anything being run.
Propagates: the trace header to the functions of chained invokes.
"""

from __future__ import annotations

import sys
from typing import Any

from aws_durable_execution_sdk_python import plugin as sdk  # pyright: ignore[reportMissingImports]

from . import recording
from .guard import failed


class Plugin(sdk.DurableInstrumentationPlugin):  # type: ignore[misc]  # known to be a class where the SDK is installed
    """What is recorded of one invocation. Threads share it: each has operations of its own."""

    def __init__(self) -> None:
        self._replayed: set[str] = set()
        self._open: dict[str, recording.Recorded] = {}

    def on_operation_start(self, info: Any) -> None:
        """Note which operations an earlier invocation began; this comes before their functions run."""
        if info.is_replayed:
            self._replayed.add(info.operation_id)

    def on_user_function_start(self, info: Any) -> None:
        """Open a subsegment, in the thread and context that the function runs in."""
        try:
            name = info.name or info.sub_type or info.operation_type.value
            opened = recording.default.recording(name)
            if opened is None:
                return
            self._open[info.operation_id] = opened
            opened.open()
            if opened.subsegment is not None:
                if info.operation_type is sdk.OperationType.STEP:
                    opened.subsegment.put_annotation("Attempt", info.attempt)
                is_replayed = info.is_replay_children or info.operation_id in self._replayed
                opened.subsegment.put_annotation("Replayed", is_replayed)
        except Exception as error:
            failed(error)

    def on_user_function_end(self, info: Any) -> None:
        """Close it. The SDK calls this while what the function raised, if anything, is still on its way."""
        opened = self._open.get(info.operation_id)
        if opened is None:
            return
        try:
            raised = None if info.outcome is sdk.UserFunctionOutcome.SUCCEEDED else sys.exc_info()[1]
            if (
                raised is None
                and info.outcome is sdk.UserFunctionOutcome.FAILED
                and opened.subsegment is not None
            ):
                opened.subsegment.add_fault_flag()
            try:
                opened.close(raised)
            except BaseException:  # it came from outside
                opened.close(raised)
                raise
            self._open.pop(info.operation_id, None)
        except Exception as error:
            failed(error)

    def provide_propagation_metadata(self, info: Any) -> Any:
        """The trace header for the function that a chained invoke is about to start."""
        try:
            header = recording.default.trace_header()
            return None if header is None else sdk.PropagationMetadata(x_amzn_trace_id=header)
        except Exception as error:
            failed(error)
            return None


class PluginFactory:
    """What the SDK asks for a plugin at each invocation."""

    def create_plugin(self, info: Any) -> Plugin:
        """A plugin for the invocation that `info` describes."""
        return Plugin()


plugin_factory = PluginFactory()
"""What the entry point names."""
