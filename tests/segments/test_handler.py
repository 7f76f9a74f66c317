"""A captured handler has a segment of its own where the environment names no trace, and the variable asks for one."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import lambda_tracer
from lambda_tracer import Tracer, global_sdk_config, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon

PROJECT = Path(__file__).parents[2]


def run(program: str, **environment: str) -> str:
    """What a program prints that runs in an interpreter of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return ran.stdout


def handler_of(tracer: Tracer, **decorator: Any) -> Any:
    """A handler with one captured method."""

    @tracer.capture_method
    def charge() -> int:
        return 1

    @tracer.capture_lambda_handler(**decorator)
    def lambda_handler(event: object, context: object) -> int:
        return charge()

    return lambda_handler


def test_a_handler_has_a_segment_of_its_own(outside: Daemon) -> None:
    handler_of(Tracer(service="payment"))({}, None)

    outside.expect_tree("""
        payment
          ## lambda_handler
            ## tests.segments.test_handler.handler_of.locals.charge
    """)
    (segment,) = outside.documents()
    told = {name: segment.get(name) for name in ("parent_id", "origin", "aws", "service")}
    assert told == {
        "parent_id": None,
        "origin": None,
        "aws": {"xray": {"sdk": "lambda_tracer for Python", "sdk_version": lambda_tracer.__version__}},
        "service": {"runtime": "CPython", "runtime_version": sys.version.split()[0]},
    }


def test_each_call_is_a_trace_and_only_the_first_a_cold_start(outside: Daemon) -> None:
    handler = handler_of(Tracer())
    for _ in range(3):
        handler({}, None)

    segments = outside.documents()
    assert len({segment["trace_id"] for segment in segments}) == 3
    below = [segment["subsegments"][0]["annotations"]["ColdStart"] for segment in segments]
    assert below == [True, False, False]


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"LAMBDA_TRACER_SEGMENT": "shop", "AWS_XRAY_TRACING_NAME": "other"}, "shop"),
        ({"AWS_XRAY_TRACING_NAME": "other", "POWERTOOLS_SERVICE_NAME": "service"}, "other"),
        ({"POWERTOOLS_SERVICE_NAME": "service", "AWS_LAMBDA_FUNCTION_NAME": "function"}, "service"),
        ({"AWS_LAMBDA_FUNCTION_NAME": "function"}, "function"),
        ({}, "lambda_handler"),
    ],
)
def test_its_name_is_what_is_known_best(
    outside: Daemon, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    handler_of(Tracer())({}, None)

    assert [segment["name"] for segment in outside.documents()] == [name]


IN_SAM_LOCAL = """
import os
from lambda_tracer import Tracer, xray_recorder
tracer = Tracer()
with xray_recorder.in_subsegment("while the module is imported"):
    pass

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    with xray_recorder.in_subsegment("below"):
        pass

os.environ["_X_AMZN_TRACE_ID"] = ""  # as the runtime client has it of an emulator that says nothing
lambda_handler({}, None)
lambda_handler({}, None)
"""


def test_in_sam_local_it_says_that_a_function_runs_and_has_what_ran_before_the_first_call(
    outside: Daemon,
) -> None:
    run(
        IN_SAM_LOCAL,
        LAMBDA_TASK_ROOT="/var/task",
        AWS_SAM_LOCAL="true",
        AWS_LAMBDA_FUNCTION_NAME="Payment",
        AWS_LAMBDA_FUNCTION_VERSION="$LATEST",
    )

    outside.expect_tree("""
        Payment
          Initialization code
            while the module is imported
          ## lambda_handler
            below
        Payment
          ## lambda_handler
            below
    """)
    segment = outside.documents()[-1]
    assert segment["origin"] == "AWS::Lambda::Function"
    assert segment["service"]["version"] == "$LATEST"


def test_what_fails_makes_the_segment_a_fault(outside: Daemon) -> None:
    @Tracer(service="payment").capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        lambda_handler({}, None)

    outside.expect_tree("""
        payment  fault ValueError
          ## lambda_handler  fault ValueError
    """)
    assert isinstance(outside.subsegment("payment")["cause"], str)  # described once


def test_a_handler_that_is_a_coroutine_function(outside: Daemon) -> None:
    tracer = Tracer(service="payment")

    @tracer.capture_method
    async def charge(number: int) -> int:
        await asyncio.sleep(0)
        return number

    @tracer.capture_lambda_handler
    async def lambda_handler(event: object, context: object) -> list[int]:
        return list(await asyncio.gather(charge(1), charge(2)))

    results: Any = [lambda_handler({}, None), lambda_handler({}, None)]

    assert results == [[1, 2], [1, 2]]
    outside.expect_tree(
        "\n".join(
            2
            * [
                "payment",
                "  ## lambda_handler",
                *2 * ["    ## " + f"{__name__}.test_a_handler_that_is_a_coroutine_function.locals.charge"],
            ]
        )
    )


def test_handlers_at_once_have_each_their_own_with_their_threads(outside: Daemon) -> None:
    tracer = Tracer(service="payment")
    all_are_here = threading.Barrier(4)

    @tracer.capture_lambda_handler
    def lambda_handler(event: int, context: object) -> None:
        all_are_here.wait(10)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work, event).result()

    def work(number: int) -> None:
        with xray_recorder.in_subsegment(f"work {number}"):
            pass

    threads = [threading.Thread(target=lambda_handler, args=(number, None)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    segments = outside.documents()
    assert sorted(segment["subsegments"][0]["subsegments"][0]["name"] for segment in segments) == [
        f"work {number}" for number in range(4)
    ]
    assert len({segment["trace_id"] for segment in segments}) == len(segments) == 4


def test_a_handler_within_another_is_a_part_of_that(outside: Daemon) -> None:
    tracer = Tracer(service="payment")
    inner = handler_of(tracer)

    @tracer.capture_lambda_handler
    def outer(event: object, context: object) -> Any:
        return inner(event, context)

    outer({}, None)

    assert [(each["name"], "parent_id" in each) for each in outside.subsegments()][:3] == [
        ("payment", False),
        ("## outer", True),
        ("## lambda_handler", True),
    ]


def test_where_a_header_names_a_trace_nothing_changes(
    outside: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")
    invocation = invoke()
    handler = handler_of(Tracer())

    handler({}, None)

    (document,) = outside.documents()
    assert (document["type"], document["trace_id"], document["parent_id"]) == (
        "subsegment",
        invocation.root,
        invocation.parent,
    )
    for header in ({"sampled": 0}, {"sampled": None, "parent": ""}, {"sampled": "?"}):
        outside.clear()
        invoke(**header)
        handler({}, None)
        assert outside.documents() == []


def test_an_unsampled_one_sends_nothing_and_says_so_to_others(
    outside: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_SAMPLING", "0")
    headers = []

    @Tracer().capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        with xray_recorder.in_subsegment("below"):
            headers.append(xray_recorder.trace_header())

    lambda_handler({}, None)

    assert outside.documents() == []
    assert headers[0] is not None
    assert headers[0].endswith(";Sampled=0")
    assert xray_recorder.trace_header() is None


def test_before_a_deadline_all_is_sent_as_it_stands(outside: Daemon) -> None:
    may_end = threading.Event()

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 250

    @Tracer(service="payment").capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        with xray_recorder.in_subsegment("hangs"):
            may_end.wait(10)

    thread = threading.Thread(target=lambda_handler, args=({}, Context()))
    thread.start()
    unfinished = outside.documents(at_least=3)
    may_end.set()
    thread.join()

    assert [document["name"] for document in unfinished] == ["payment", "## lambda_handler", "hangs"]
    assert all(document["in_progress"] for document in unfinished)
    outside.documents(at_least=4)
    outside.expect_tree("""
        payment
          ## lambda_handler
            hangs
    """)


def test_without_the_variable_a_tracer_is_off_outside_lambda(
    outside: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word in ("", "off", "false"):
        monkeypatch.setenv("LAMBDA_TRACER_SEGMENT", word)
        handler_of(Tracer())({}, None)
        assert Tracer().disabled
    assert outside.documents() == []


def test_what_turns_tracing_off_turns_it_off_here(outside: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    handler_of(Tracer())({}, None)
    monkeypatch.delenv("POWERTOOLS_TRACE_DISABLED")
    handler_of(Tracer(disabled=True))({}, None)
    handler = handler_of(Tracer(disabled=False))
    global_sdk_config.set_sdk_enabled(False)
    handler({}, None)

    assert outside.documents() == []


IN_LAMBDA = """
import json, os, sys
from lambda_tracer import Tracer, xray_recorder
tracer = Tracer()

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    xray_recorder.begin_segment("s")
    with xray_recorder.in_segment("t"), xray_recorder.in_subsegment("u"):
        xray_recorder.current_segment()
    xray_recorder.end_segment()

lambda_handler({}, None)
print(json.dumps([name for name in sys.modules if name.startswith("lambda_tracer.segments")]))
"""


def test_in_lambda_nothing_of_it_is_loaded() -> None:
    loaded = run(
        IN_LAMBDA,
        LAMBDA_TASK_ROOT="/var/task",
        _X_AMZN_TRACE_ID="Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    )

    assert json.loads(loaded) == []
