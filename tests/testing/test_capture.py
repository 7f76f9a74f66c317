"""`capture_traces`: tracing is on for a while outside Lambda, and afterwards everything is as it was."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import logging
import os
import sqlite3
import sys
import threading
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aws_lambda_powertools import Tracer as PowertoolsTracer

from lambda_tracer import Recorder, Tracer, global_sdk_config, patch, recording, unpatch_all, xray_recorder
from lambda_tracer.encode import redaction
from lambda_tracer.patches import registry
from lambda_tracer.send import watchdog
from lambda_tracer.testing import LambdaContext, Traces, capture_traces
from lambda_tracer.testing.capture import Capture
from lambda_tracer.testing.lasting import between_tests, stop_watching
from lambda_tracer.trace import running
from tests.daemon import Daemon

HEADER = "_X_AMZN_TRACE_ID"
GIVEN = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1"


class Emitter:
    """Somebody's own emitter, which nobody asks while a test captures."""

    def __init__(self) -> None:
        self.asked = 0

    def send(self, document: str) -> bool:
        self.asked += 1
        return True


def function(tracer: Tracer) -> Callable[..., Any]:
    """A handler with a step, decorated while tracing is off."""

    @tracer.capture_method
    def step(number: int) -> int:
        """What it does."""
        return number

    @tracer.capture_lambda_handler
    def lambda_handler(event: Any, context: object) -> Any:
        return [step(number) for number in event]

    return lambda_handler


@pytest.fixture(autouse=True)
def _as_new() -> None:
    """Other tests of ours leave libraries patched, and the thread that watches handlers."""
    unpatch_all()
    stop_watching()


@pytest.fixture
def tracer() -> Tracer:
    """Made as the module of a function is imported by its tests: outside Lambda, where it is off."""
    made = Tracer(service="s", auto_patch=False)
    assert made.disabled
    return made


def names(traces: Traces) -> list[str]:
    return [each.name for each in traces]


def test_a_tracer_that_found_itself_off_records_and_is_off_again(tracer: Tracer) -> None:
    handler = function(tracer)
    before = inspect.signature(handler)

    with capture_traces() as traces:
        assert handler([1], None) == [1]
        assert not tracer.disabled
    assert handler([1, 2], None) == [1, 2]

    assert (
        traces.tree
        == """
        ## lambda_handler
          ## tests.testing.test_capture.function.locals.step
    """
    )
    assert (tracer.disabled, inspect.signature(handler)) == (True, before)


def test_nothing_is_sent_nor_changed_behind_a_block(tracer: Tracer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HEADER, "before")
    emitter = Emitter()
    xray_recorder.configure(emitter=emitter)
    was = dict(os.environ), list(sys.meta_path)

    with capture_traces(redact=["iban"]) as traces:
        xray_recorder.configure(emitter=Emitter(), stream_sql=False)
        Tracer(service="another", redact=["card"])
        function(tracer)([1], LambdaContext())
        assert os.environ[HEADER] != "before"

    assert len(traces.documents) == 1
    assert (emitter.asked, xray_recorder.emitter, xray_recorder.stream_sql) == (0, emitter, True)
    assert (dict(os.environ), list(sys.meta_path)) == was
    assert not watchdog.is_running()
    assert (redaction.given_names(), registry.registered) == ([], {})
    assert not global_sdk_config.sdk_enabled()
    assert Tracer(auto_patch=False).service == "s"


def test_each_outermost_call_of_the_handler_is_an_invocation_with_a_header_of_its_own(tracer: Tracer) -> None:
    handler = function(tracer)
    headers = []

    @tracer.capture_lambda_handler
    def outer(event: Any, context: object) -> Any:
        headers.append(os.environ[HEADER])
        return handler(event, context)

    with capture_traces() as traces:
        outer([1], None)
        outer([2], None)

    first, second = traces.invocations
    assert [first.header, second.header] == headers
    assert first.trace_id != second.trace_id
    assert [len(list(each)) for each in traces.invocations] == [3, 3]
    assert [document["trace_id"] for document in traces.documents] == [first.trace_id, second.trace_id]
    assert [document["parent_id"] for document in traces.documents] == [first.parent_id, second.parent_id]


def test_what_runs_without_a_handler_is_an_invocation_as_well(tracer: Tracer) -> None:
    handler = function(tracer)

    with capture_traces() as traces:
        with xray_recorder.in_subsegment("before"):
            pass
        with xray_recorder.in_subsegment("as well"):
            pass
        handler([], None)
        with xray_recorder.in_subsegment("after"):
            pass

    assert (
        traces.tree
        == """
        before
        as well

        ## lambda_handler
        after
    """
    )


def test_looking_at_the_trace_ahead_of_the_handler_begins_no_invocation(tracer: Tracer) -> None:
    with capture_traces() as traces:
        assert xray_recorder.is_sampled()
        tracer.put_annotation("Nothing", "is open")
        function(tracer)([], None)

    assert len(traces.invocations) == 1


def test_an_invocation_that_is_not_sampled_is_one_of_which_nothing_is_sent(tracer: Tracer) -> None:
    with capture_traces(sampled=False) as traces:
        assert function(tracer)([1], None) == [1]
        header = xray_recorder.trace_header() or ""

    (invocation,) = traces.invocations
    assert (traces.documents, invocation.is_sampled) == ([], False)
    assert header.endswith(";Sampled=0")


def test_a_header_that_is_given_is_that_of_all_invocations(tracer: Tracer) -> None:
    handler = function(tracer)

    with capture_traces(header=GIVEN) as traces:
        handler([], None)
        handler([], None)

    assert [each.header for each in traces.invocations] == [GIVEN, GIVEN]
    assert {document["parent_id"] for document in traces.documents} == {"53995c3f42cd8ad8"}


def test_an_empty_header_is_none(tracer: Tracer) -> None:
    with capture_traces(header="") as traces:
        assert HEADER not in os.environ
        assert function(tracer)([1], None) == [1]

    assert traces.documents == []


def test_a_header_that_the_test_sets_itself_is_taken(tracer: Tracer, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = function(tracer)

    with capture_traces() as traces:
        handler([], None)
        monkeypatch.setenv(HEADER, GIVEN)
        handler([], None)

    assert traces.invocations[1].header == GIVEN


def test_an_environment_without_a_header_gets_one(tracer: Tracer) -> None:
    handler = function(tracer)

    with capture_traces() as traces:
        with pytest.MonkeyPatch.context() as patched:
            for name in list(os.environ):
                patched.delenv(name)
            handler([], None)
        handler([], None)

    assert len(traces.invocations) == len(traces.documents) == 2


@pytest.mark.parametrize("was_cold", [True, False])
def test_the_first_call_is_a_cold_start_whatever_ran_before(tracer: Tracer, was_cold: bool) -> None:
    handler = function(tracer)
    if not was_cold:
        handler([], None)

    with capture_traces() as traces:
        handler([], None)
        handler([], None)
    with capture_traces(cold_start=False) as warm:
        handler([], None)

    assert [each.annotations["ColdStart"] for each in (*traces.roots, *warm.roots)] == [True, False, False]
    assert running.is_cold_start() is was_cold


def test_a_library_is_patched_for_a_while() -> None:
    before = sqlite3.connect
    tracer = Tracer(patch_modules=["sqlite3"])

    with capture_traces() as traces:
        assert sqlite3.connect is not before
        function(tracer)([], None)
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            database.execute("select 1").close()

    assert (sqlite3.connect, registry.registered) == (before, {})
    assert names(traces) == ["## lambda_handler", ":memory:"]


def test_a_library_that_was_patched_before_stays_so() -> None:
    original = sqlite3.connect
    patch(["sqlite3"])
    Tracer(patch_modules=["sqlite3", "urllib3"])

    with capture_traces():
        unpatch_all()
    is_patched, now = sqlite3.connect is not original, set(registry.registered.values())
    unpatch_all()

    assert (is_patched, now) == (True, {"sqlite3"})


def test_a_tracer_that_is_made_meanwhile_is_on_and_later_like_any_other() -> None:
    before = sqlite3.connect
    with capture_traces() as traces:
        tracer = Tracer(patch_modules=["sqlite3"])
        handler = function(tracer)
        handler([], None)
        assert sqlite3.connect is not before
    assert (tracer.disabled, sqlite3.connect) == (True, before)
    with capture_traces() as again:
        handler([], None)
        assert sqlite3.connect is not before

    assert (len(traces.documents), len(again.documents)) == (1, 1)
    assert sqlite3.connect is before


def test_a_tracer_that_nobody_holds_has_no_say() -> None:
    with capture_traces():
        before = dict(registry.registered)
    Tracer()

    with capture_traces():
        patched = dict(registry.registered)

    assert patched == before  # by module-level Tracers of other tests


@pytest.mark.parametrize("force", [False, True])
def test_what_was_switched_off_by_choice_is_on_only_if_forced(
    force: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = function(Tracer(disabled=True, auto_patch=False))
    recorded = []

    with capture_traces(force=force) as traces:
        handler([], None)
    recorded.append(len(traces.documents))
    Tracer._reset_config()
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    handler = function(Tracer(auto_patch=False))
    with capture_traces(force=force) as traces:
        handler([], None)
    recorded.append(len(traces.documents))
    monkeypatch.delenv("POWERTOOLS_TRACE_DISABLED")
    monkeypatch.setenv("AWS_XRAY_SDK_ENABLED", "false")
    handler = function(Tracer(auto_patch=False))
    with capture_traces(force=force) as traces:
        handler([], None)
    recorded.append(len(traces.documents))

    assert recorded == [int(force)] * 3
    assert os.environ["AWS_XRAY_SDK_ENABLED"] == "false"


def test_the_switch_of_the_process_is_on_for_a_while(tracer: Tracer) -> None:
    global_sdk_config.set_sdk_enabled(False)

    with capture_traces() as traces:
        function(tracer)([], None)

    assert (len(traces.documents), global_sdk_config.sdk_enabled()) == (1, False)


def test_every_recorder_counts(tracer: Tracer) -> None:
    own: Any = Recorder()
    own.configure(emitter=(emitter := Emitter()))
    powertools = PowertoolsTracer(service="p", disabled=False, auto_patch=False, provider=own)

    @powertools.capture_lambda_handler
    def lambda_handler(event: Any, context: object) -> None:
        powertools.put_annotation("By", "Powertools")

    with capture_traces() as traces:
        lambda_handler({}, LambdaContext())
        with own.in_subsegment("by hand"):
            pass

    assert names(traces) == ["## lambda_handler", "by hand"]
    assert traces.roots[0].annotations["By"] == "Powertools"
    assert emitter.asked == 0


def test_what_was_open_and_waited_goes_on_as_if_nothing_had_been(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    with xray_recorder.in_subsegment("outer"):
        with xray_recorder.in_subsegment("waits"):
            pass
        with capture_traces() as traces:
            function(tracer)([], None)
            with xray_recorder.in_subsegment("captured"):
                pass
        with xray_recorder.in_subsegment("later"):
            pass

    assert names(traces) == ["## lambda_handler", "captured"]
    daemon.expect_tree("""
        outer
          waits
          later
    """)


def test_one_block_in_another_has_its_own(tracer: Tracer) -> None:
    handler = function(tracer)

    with capture_traces() as outer:
        handler([], None)
        with capture_traces() as inner:
            handler([], None)
            handler([], None)
        handler([], None)

    assert (len(inner.documents), len(outer.documents)) == (2, 2)


@pytest.mark.parametrize("is_between_tests", [False, True])
def test_what_ends_before_that_which_began_in_it_leaves_nothing(is_between_tests: bool) -> None:
    """As a module's fixture, which ends before the fixture of its last test does."""
    before = sqlite3.connect, dict(os.environ)
    tracer = Tracer(patch_modules=["sqlite3"])
    if is_between_tests:  # a test has ended, and the next one is traced, too
        first = Capture(lasting=between_tests)
        first.begin()
        first.end()
    outer, inner = Capture(), Capture(lasting=between_tests)
    outer.begin()
    inner.begin()

    outer.end()
    inner.end()
    between_tests.undo()

    assert ((sqlite3.connect, dict(os.environ)), tracer.disabled) == (before, True)
    assert registry.registered == {}


def test_a_handler_may_run_in_threads_and_on_event_loops(tracer: Tracer) -> None:
    @tracer.capture_lambda_handler
    async def lambda_handler(event: Any, context: object) -> str:
        await asyncio.sleep(0)
        with xray_recorder.in_subsegment("awaited"):
            return str(event)

    async def test() -> Any:
        return await lambda_handler("loop", None)  # type: ignore[misc]  # a coroutine where a loop runs

    with capture_traces() as traces:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(function(tracer), [], None).result() == []
        assert asyncio.run(test()) == "loop"

    assert (
        traces.tree
        == """
        ## lambda_handler

        ## lambda_handler
          awaited
    """
    )


def test_what_ends_behind_the_block_is_kept_and_never_sent(tracer: Tracer) -> None:
    xray_recorder.configure(emitter=(emitter := Emitter()))
    may_end = threading.Event()

    @tracer.capture_method
    def late() -> None:
        may_end.wait(60)

    with capture_traces(valid=False) as traces:
        thread = threading.Thread(target=late)
        thread.start()
        while running.latest.open == {}:
            pass
    still_open = str(traces.tree)
    may_end.set()
    thread.join()

    assert still_open.endswith("in progress")
    assert "in progress" not in str(traces.tree)
    assert emitter.asked == 0


def test_names_of_secrets_are_those_of_the_block(tracer: Tracer) -> None:
    @tracer.capture_method
    def account() -> dict[str, str]:
        return {"iban": "DE89 3704 0044"}

    with capture_traces() as told:
        account()
    with capture_traces(redact="iban") as redacted:
        account()

    redacted.assert_no_secrets("DE89 3704 0044")
    with pytest.raises(AssertionError):
        told.assert_no_secrets("DE89 3704 0044")


def test_a_trace_that_xray_would_not_take_fails_at_the_end(tracer: Tracer) -> None:
    def much() -> None:
        for _ in range(11):
            with xray_recorder.in_subsegment("large") as subsegment:
                subsegment.put_metadata("text", "x" * 50_000)

    with pytest.raises(AssertionError, match="X-Ray keeps 500,000"), capture_traces():
        much()
    with capture_traces(valid=False) as traces:
        much()

    assert len(traces.documents) == 11


def test_what_the_block_raises_leaves_as_it_came_and_all_is_put_back(tracer: Tracer) -> None:
    error = ValueError("the test's")

    try:
        with capture_traces() as traces:
            function(tracer)([], None)
            raise error
    except ValueError as came:
        raised = came

    assert raised is error
    assert (len(traces.documents), tracer.disabled, HEADER in os.environ) == (1, True, False)


def test_records_of_logs_have_ids_in_a_block_where_a_tracer_asks_for_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Tracer(auto_patch=False, log_ids=True)
    before = logging.getLogRecordFactory()

    with capture_traces() as traces:
        with xray_recorder.in_subsegment("a"):
            logging.getLogger("shop").warning("in it")
        Tracer(auto_patch=False, log_ids="w3c")

    assert vars(caplog.records[0])["span_id"] == traces.one("a").id
    assert logging.getLogRecordFactory() is before


def test_what_is_kept_of_invocations_that_are_not_sampled_is_so_in_a_block_alone(
    capfd: pytest.CaptureFixture[str],
) -> None:
    tracer = Tracer(auto_patch=False, keep="errors")

    with capture_traces(sampled=False), pytest.raises(TypeError):
        function(tracer)(None, LambdaContext())
    line = json.loads(capfd.readouterr().out)

    assert (line["lambda_tracer"], line["reason"]) == ("kept", "error")
    assert recording.kept is None


def test_each_block_has_its_line_however_soon_it_comes_after_another_one(
    capfd: pytest.CaptureFixture[str],
) -> None:
    tracer = Tracer(auto_patch=False, keep="errors")

    for calls in (1, 3, 1):
        with capture_traces(sampled=False):
            for _ in range(calls):
                with pytest.raises(TypeError):
                    function(tracer)(None, LambdaContext())
        line = json.loads(capfd.readouterr().out)
        assert "left_out" not in line


def test_what_is_in_progress_and_then_ends_is_one_subsegment() -> None:
    """Its two documents have the same start, to the microsecond."""
    with capture_traces() as traces:
        for _ in range(20):
            with xray_recorder.in_subsegment("left behind"):
                running.begin()

    assert (len(traces.documents), len(traces)) == (40, 20)


def test_what_took_the_function_of_a_library_between_two_blocks_has_its_own_back() -> None:
    before = sqlite3.connect
    tracer = Tracer(patch_modules=["sqlite3"])
    taker = types.ModuleType("taker")
    sys.modules["taker"] = taker

    for _ in range(3):
        with capture_traces():
            assert sqlite3.connect is not before
    taker.__dict__["connect"] = before
    with capture_traces():
        is_traced = taker.__dict__["connect"] is sqlite3.connect is not before
        taker.__dict__["again"] = sqlite3.connect
    del sys.modules["taker"]

    assert is_traced
    assert taker.__dict__["connect"] is taker.__dict__["again"] is sqlite3.connect is before
    assert tracer.disabled
