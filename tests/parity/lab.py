"""What a scenario gets to work with: one side's API, invocations to begin, and a notebook for what it sees.

A scenario is a function that uses the tracer as a user would and does not know which side it runs on. What
it notes, and the documents that arrived, are what is compared. This module runs in a process in which one
side is loaded; it imports neither itself.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

ROOT = "1-67891233-%024x"
PARENT = "%016x"
FIRST_PARENT = 0xF0F0_0000_0000_0000

ENVIRONMENT = (
    "AWS_CHALICE_CLI_MODE",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_SAM_LOCAL",
    "AWS_XRAY_DAEMON_ADDRESS",
    "AWS_XRAY_SDK_ENABLED",
    "AWS_XRAY_TRACING_NAME",
    "LAMBDA_TASK_ROOT",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_TRACE_DISABLED",
    "POWERTOOLS_TRACER_CAPTURE_ERROR",
    "POWERTOOLS_TRACER_CAPTURE_RESPONSE",
    "_X_AMZN_TRACE_ID",
)
"""Every variable that decides something on either side; a scenario begins with the values of a Lambda function."""


class Scenario(NamedTuple):
    """`differs` names the entries of `differences.DIFFERENCES` that this scenario shows."""

    run: Callable[[Lab], None]
    differs: tuple[str, ...]


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    *differs: str, name: str | None = None
) -> Callable[[Callable[[Lab], None]], Callable[[Lab], None]]:
    """Register a scenario under the function's name, or under `name` where one function serves several."""

    def register(function: Callable[[Lab], None]) -> Callable[[Lab], None]:
        module = function.__module__.rpartition(".")[2]
        key = f"{module}: {name or function.__name__.strip('_').replace('_', ' ')}"
        assert key not in SCENARIOS, f"there are two scenarios {key!r}"
        SCENARIOS[key] = Scenario(function, differs)
        return function

    return register


class Api(NamedTuple):
    """The names that code imports from either side, and how the process is made as new between scenarios."""

    Tracer: Any
    recorder: Any
    TraceHeader: Any
    sdk_config: Any
    UDPEmitter: Any
    reset: Callable[[], None]


class Lab:
    """One run of one scenario on one side."""

    def __init__(self, api: Api, address: str) -> None:
        self.Tracer = api.Tracer
        self.recorder = api.recorder
        self.TraceHeader = api.TraceHeader
        self.sdk_config = api.sdk_config
        self.UDPEmitter = api.UDPEmitter
        self.notes: dict[str, Any] = {}
        self._invocations = 0
        for name in ENVIRONMENT:
            os.environ.pop(name, None)
        os.environ["LAMBDA_TASK_ROOT"] = "/var/task"
        os.environ["AWS_XRAY_DAEMON_ADDRESS"] = address
        api.reset()
        self.invoke()

    def tracer(self, service: str | None = "payment", **arguments: Any) -> Any:
        """A Tracer that patches nothing."""
        return self.Tracer(service=service, **{"auto_patch": False, **arguments})

    def environ(self, **variables: str | None) -> None:
        """Set variables, or unset those that are None, until the scenario ends."""
        for name, value in variables.items():
            assert name in ENVIRONMENT
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def invoke(
        self, root: str | None = None, parent: str | None = None, sampled: str = "1", rest: str = ""
    ) -> None:
        """Begin an invocation, as the runtime does; the ids that it makes up are the same on both sides."""
        self._invocations += 1
        root = root or ROOT % self._invocations
        parent = parent or PARENT % (FIRST_PARENT + self._invocations)
        self.header(f"Root={root};Parent={parent};Sampled={sampled}{rest}")

    def header(self, header: str | None) -> None:
        """Begin an invocation with this very header, or with none."""
        self.environ(_X_AMZN_TRACE_ID=header)

    def note(self, label: str, value: Any) -> None:
        """Keep something that the code can see: a value it got, an attribute."""
        assert label not in self.notes, f"noted {label!r} twice"
        self.notes[label] = shown(value)

    def attempt(self, label: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call, and note what came back or what was raised; returns what came back, or else None."""
        result = None
        try:
            result = function(*args, **kwargs)
            outcome = {"returned": shown(result)}
        except BaseException as error:  # SystemExit too: it is an outcome here
            outcome = {"raised": shown(error)}
        assert label not in self.notes, f"noted {label!r} twice"
        self.notes[label] = outcome
        return result

    def run(self, label: str, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """`attempt` for a coroutine function."""
        import asyncio

        return self.attempt(label, lambda: asyncio.run(main()))

    def in_thread(self, function: Callable[[], None]) -> None:
        """Run `function` in a new thread to its end."""
        thread = threading.Thread(target=function)
        thread.start()
        thread.join()


def shown(value: Any) -> Any:
    """A value as JSON can carry it, kinds kept apart; of objects the type's bare name, the same on both sides."""
    if value is None or isinstance(value, (bool, str)) or type(value) in (int, float):
        return value
    if isinstance(value, (list, tuple, set)):
        return {type(value).__name__: [shown(item) for item in value]}
    if isinstance(value, dict):
        return {str(key): shown(item) for key, item in value.items()}
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    return f"<{type(value).__name__}>"
