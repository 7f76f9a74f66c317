"""The plugin: what an execution runs durably is in the trace, each attempt by itself."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip(
    "aws_durable_execution_sdk_python_testing",
    reason="aws-durable-execution-sdk-python-testing is not installed",
)

from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution
from aws_durable_execution_sdk_python.config import CompletionConfig, Duration, ParallelConfig, StepConfig
from aws_durable_execution_sdk_python.plugin_discovery import load_configured_plugins
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitForConditionDecision
from aws_durable_execution_sdk_python_testing.client import InMemoryServiceClient

from lambda_tracer import Tracer
from lambda_tracer.durable import plugin_factory
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.durable.execution import execute

PLUGINS = [plugin_factory]
A_MOMENT = Duration.from_seconds(1)
TWICE = StepConfig(
    retry_strategy=create_retry_strategy(RetryStrategyConfig(max_attempts=2, initial_delay=A_MOMENT))
)
PROJECT = Path(__file__).parents[2]


def annotated(daemon: Daemon, name: str) -> list[dict[str, Any]]:
    """Those of the subsegments of that name, in the order in which they began."""
    found = [subsegment for subsegment in daemon.subsegments() if subsegment["name"] == name]
    return [subsegment["annotations"] for subsegment in sorted(found, key=lambda each: each["start_time"])]


def paths(daemon: Daemon) -> set[str]:
    """The names of what is below the handlers, from the outermost on: which branch comes first is nobody's to say."""
    known = {each["id"]: each for each in daemon.subsegments()}
    found = set()
    for at in known.values():
        names = []
        while at["parent_id"] in known:
            names.append(at["name"])
            at = known[at["parent_id"]]
        assert at["name"] == "## lambda_handler"
        found.add("/".join(reversed(names)))
    return found - {""}


def test_each_attempt_of_a_step_is_a_subsegment(daemon: Daemon) -> None:
    tracer = Tracer(service="orders")

    @tracer.capture_method
    def card(number: int) -> str:
        if number == 1:
            raise ConnectionError("try again")
        return "charged"

    def charge(step: StepContext) -> str:
        with tracer.provider.in_subsegment("card"):
            return card(step.attempt)

    @tracer.capture_lambda_handler
    @durable_execution(plugins=PLUGINS)
    def lambda_handler(event: Any, context: DurableContext) -> str:
        context.step(lambda step: "reserved", name="reserve")
        return context.step(charge, name="charge", config=TWICE)

    assert execute(lambda_handler) == "SUCCEEDED"
    method = f"## {__name__}.{card.__qualname__}".replace("<", "").replace(">", "")
    daemon.expect_tree(f"""
        ## lambda_handler
          reserve
          charge  fault ConnectionError
            card  fault ConnectionError
              {method}  fault ConnectionError
        ## lambda_handler
          charge
            card
              {method}
    """)
    assert annotated(daemon, "reserve") == [{"Attempt": 1, "Replayed": False}]
    assert annotated(daemon, "charge") == [
        {"Attempt": 1, "Replayed": False},
        {"Attempt": 2, "Replayed": True},
    ]


def test_the_handler_may_be_decorated_below(daemon: Daemon) -> None:
    @durable_execution(plugins=PLUGINS)
    @Tracer(service="orders").capture_lambda_handler
    def lambda_handler(event: Any, context: DurableContext) -> str:
        context.step(lambda step: "reserved", name="reserve")
        context.wait(A_MOMENT)
        return context.step(lambda step: "charged", name="charge")

    assert execute(lambda_handler) == "SUCCEEDED"
    daemon.expect_tree("""
        ## lambda_handler
          reserve
        ## lambda_handler
          charge
    """)


def test_a_step_that_fails_for_good(daemon: Daemon) -> None:
    @durable_execution(plugins=PLUGINS)
    @Tracer(service="orders").capture_lambda_handler
    def lambda_handler(event: Any, context: DurableContext) -> None:
        def charge(step: StepContext) -> None:
            raise ValueError("no such card")

        context.step(charge, name="charge", config=TWICE)

    assert execute(lambda_handler) == "FAILED"
    daemon.expect_tree("""
        ## lambda_handler
          charge  fault ValueError
        ## lambda_handler  fault StepError
          charge  fault ValueError
    """)


@pytest.mark.parametrize("patches", [True, False])
def test_branches_are_below_what_they_are_branches_of(patches: bool, daemon: Daemon) -> None:
    tracer = Tracer(service="orders", auto_patch=patches)

    def branch(name: str) -> Any:
        def run(context: DurableContext) -> str:
            context.wait(A_MOMENT)
            return context.step(lambda step: name, name=name)

        return run

    @tracer.capture_lambda_handler
    @durable_execution(plugins=PLUGINS)
    def lambda_handler(event: Any, context: DurableContext) -> list[str]:
        return context.parallel([branch("pen"), branch("ink")], name="pack").get_results()

    assert execute(lambda_handler) == "SUCCEEDED"
    branches = ["pack/parallel-branch-0", "pack/parallel-branch-1"]
    assert paths(daemon) == {"pack", *branches, f"{branches[0]}/pen", f"{branches[1]}/ink"}
    assert not any(each.get("fault") or each.get("in_progress") for each in daemon.subsegments())


def test_a_child_context_without_a_name_is_called_by_its_kind(daemon: Daemon) -> None:
    @Tracer(service="orders").capture_lambda_handler
    @durable_execution(plugins=PLUGINS)
    def lambda_handler(event: Any, context: DurableContext) -> None:
        context.run_in_child_context(lambda child: child.step(lambda step: 1))

    assert execute(lambda_handler) == "SUCCEEDED"
    daemon.expect_tree("""
        ## lambda_handler
          RunInChildContext
            Step
    """)


@pytest.mark.parametrize("sampled", [1, 0])
def test_a_chained_invoke_carries_the_trace_header(
    sampled: int, daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = invoke(sampled=sampled)
    sent: list[Any] = []
    checkpoint = InMemoryServiceClient.checkpoint

    def noting(self: Any, **kwargs: Any) -> Any:
        sent.extend(each.chained_invoke_options for each in kwargs["updates"] if each.chained_invoke_options)
        return checkpoint(self, **kwargs)

    monkeypatch.setattr(InMemoryServiceClient, "checkpoint", noting)

    @Tracer(service="orders").capture_lambda_handler
    @durable_execution(plugins=PLUGINS)
    def lambda_handler(event: Any, context: DurableContext) -> Any:
        return context.invoke("prices", {"item": "pen"})

    assert execute(lambda_handler, prices=lambda event, context: {"price": 2}) == "SUCCEEDED"
    (options,) = sent
    if sampled:
        parent = next(each["id"] for each in daemon.subsegments() if each["name"] == "## lambda_handler")
        assert options.x_amzn_trace_id == f"Root={began.root};Parent={parent};Sampled=1"
    else:
        assert options.x_amzn_trace_id == f"Root={began.root};Parent={began.parent};Sampled=0"
        daemon.expect_tree("")


def test_each_check_of_a_condition_is_a_subsegment(daemon: Daemon) -> None:
    def wait(state: int, attempt: int) -> WaitForConditionDecision:
        if state == 2:
            return WaitForConditionDecision.stop_polling()
        return WaitForConditionDecision.continue_waiting(A_MOMENT)

    @Tracer(service="orders").capture_lambda_handler
    @durable_execution(plugins=PLUGINS)
    def lambda_handler(event: Any, context: DurableContext) -> int:
        config = WaitForConditionConfig(initial_state=0, wait_strategy=wait)
        return context.wait_for_condition(lambda state, check: state + 1, config, name="delivered")

    assert execute(lambda_handler) == "SUCCEEDED"
    daemon.expect_tree("""
        ## lambda_handler
          delivered
        ## lambda_handler
          delivered
    """)
    assert [each["Attempt"] for each in annotated(daemon, "delivered")] == [1, 2]


def test_a_branch_that_nobody_waits_for_any_more_has_not_failed(daemon: Daemon) -> None:
    is_over = threading.Event()

    def slow(context: DurableContext) -> None:
        assert is_over.wait(20)
        time.sleep(0.1)
        context.run_in_child_context(lambda child: child.step(lambda step: 1), name="too late")

    @Tracer(service="orders").capture_lambda_handler
    @durable_execution(plugins=PLUGINS)
    def lambda_handler(event: Any, context: DurableContext) -> None:
        config = ParallelConfig(completion_config=CompletionConfig(min_successful=1))
        context.parallel([lambda child: 1, slow], name="race", config=config)
        is_over.set()

    assert execute(lambda_handler) == "SUCCEEDED"
    give_up_at = time.monotonic() + 10
    while "race/parallel-branch-1" not in paths(daemon) and time.monotonic() < give_up_at:
        time.sleep(0.02)  # it ends after all that waited for it
    assert "race/parallel-branch-1" in paths(daemon)
    assert not any(each.get("fault") or each.get("in_progress") for each in daemon.subsegments())


def test_an_unsampled_execution_runs_as_ever(daemon: Daemon, invoke: Invoke) -> None:
    invoke(sampled=0)

    @Tracer(service="orders").capture_lambda_handler
    @durable_execution(plugins=PLUGINS)
    def lambda_handler(event: Any, context: DurableContext) -> str:
        return context.step(lambda step: "charged", name="charge")

    assert execute(lambda_handler) == "SUCCEEDED"
    daemon.expect_tree("")


def test_the_sdk_finds_the_plugin_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyproject = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    group = '[project.entry-points."aws_durable_execution.plugins"]\n'
    declared = pyproject.partition(group)[2].partition("\n")[0].replace('"', "")
    info = tmp_path / "lambda_tracer-9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lambda-tracer\nVersion: 9.9\n")
    (info / "entry_points.txt").write_text(f"[aws_durable_execution.plugins]\n{declared}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    assert (
        load_configured_plugins(None, environment={"DURABLE_EXECUTION_PLUGINS": "lambda_tracer"}) == PLUGINS
    )
