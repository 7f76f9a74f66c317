"""What is traced while the module loads is part of the first invocation, if that waited for it; else it is dropped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lambda_tracer.send.outbox import MAX_WAITING_BYTES
from lambda_tracer.trace.initialization import MAX_HELD_BYTES
from tests.daemon import Daemon
from tests.functions.running import running

LOADS = """
    import time
    from lambda_tracer import Tracer, xray_recorder
    tracer = Tracer()

    @tracer.capture_method
    def read_settings():
        return {"size": 3}

    @tracer.capture_method
    def load():
        tracer.put_annotation("Model", "small")
        read_settings()
        time.sleep(0.2)

    began_at = time.time()
    load()
    ended_at = time.time()
    with xray_recorder.in_subsegment("connect", namespace="remote"):
        pass

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        return [began_at, ended_at]
"""

HANDLER = """
    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        return event
"""

BEGIN = """
    import os, threading
    from lambda_tracer import Tracer, xray_recorder
    tracer = Tracer()
"""

WITHOUT = "## lambda_handler"


def test_it_is_sent_under_the_first_invocation_with_true_times(daemon: Daemon, tmp_path: Path) -> None:
    with running(daemon, tmp_path, LOADS) as function:
        began_at, ended_at = function()
        function()

    daemon.expect_tree(
        """
        Initialization code
          ## app.load  {"Model": "small"}
            ## app.read_settings
          connect  [remote]
        ## lambda_handler  {"ColdStart": true}
        ## lambda_handler  {"ColdStart": false}
    """,
        annotations=True,
        namespace=True,
    )
    load, top = daemon.subsegment("## app.load"), daemon.subsegment("Initialization code")
    assert began_at <= load["start_time"] + 1e-5
    assert load["end_time"] <= ended_at + 1e-5
    assert load["end_time"] - load["start_time"] >= 0.2
    assert top["start_time"] <= load["start_time"]
    assert top["end_time"] == daemon.subsegment("connect")["end_time"]


def test_it_belongs_to_the_first_invocations_trace_and_segment(daemon: Daemon, tmp_path: Path) -> None:
    with running(daemon, tmp_path, LOADS) as function:
        function()

    (outcome,) = function.outcomes
    parts = daemon.subsegments()
    handler = daemon.subsegment("## lambda_handler")
    assert {part["trace_id"] for part in parts} == {outcome.tracing.trace_id}
    assert daemon.subsegment("Initialization code")["parent_id"] == handler["parent_id"]
    assert all("1-00000000" not in datagram.decode() for datagram in daemon.datagrams())


def test_nothing_is_sent_where_nothing_was_traced(daemon: Daemon, tmp_path: Path) -> None:
    with running(daemon, tmp_path, BEGIN + HANDLER) as function:
        function()

    daemon.expect_tree(WITHOUT)


def test_an_error_while_loading_that_is_dealt_with_is_shown(daemon: Daemon, tmp_path: Path) -> None:
    code = """
    @tracer.capture_method
    def connect():
        raise OSError("no route")

    try:
        connect()
    except OSError:
        pass
"""
    with running(daemon, tmp_path, BEGIN + code + HANDLER) as function:
        function()

    daemon.expect_tree("""
        Initialization code
          ## app.connect  fault OSError
        ## lambda_handler
    """)


@pytest.mark.parametrize("kind", ["provisioned-concurrency", "snap-start", "lambda-managed-instances"])
def test_it_is_dropped_where_no_request_waited_for_it(daemon: Daemon, tmp_path: Path, kind: str) -> None:
    with running(daemon, tmp_path, LOADS, AWS_LAMBDA_INITIALIZATION_TYPE=kind) as function:
        function()

    daemon.expect_tree(WITHOUT)
    is_cold = kind != "provisioned-concurrency"
    assert daemon.subsegment("## lambda_handler")["annotations"]["ColdStart"] is is_cold


def test_it_is_dropped_when_the_first_invocation_is_unsampled(daemon: Daemon, tmp_path: Path) -> None:
    with running(daemon, tmp_path, LOADS) as function:
        function(is_sampled=False)
        function()

    daemon.expect_tree(WITHOUT)


def test_it_is_dropped_when_the_first_invocation_comes_much_later(daemon: Daemon, tmp_path: Path) -> None:
    """Lambda starts sandboxes ahead of requests, too. The limit of 10 s is made none here."""
    code = """
    with xray_recorder.in_subsegment("long ago"):
        pass
    import lambda_tracer.trace.initialization
    lambda_tracer.trace.initialization.MAX_AGE_S = 0.0
"""
    with running(daemon, tmp_path, BEGIN + code + HANDLER) as function:
        function()
        function()

    daemon.expect_tree(f"{WITHOUT}\n{WITHOUT}")


def test_it_is_bounded_and_says_what_was_left_out(daemon: Daemon, tmp_path: Path) -> None:
    code = """
    for number in range(1_000):
        with xray_recorder.in_subsegment(f"step {number}") as subsegment:
            subsegment.put_metadata("text", "x" * 1_000)
"""
    with running(daemon, tmp_path, BEGIN + code + HANDLER) as function:
        function()

    steps = [part["name"] for part in daemon.subsegments() if part["name"].startswith("step")]
    size = sum(map(len, daemon.datagrams()))
    lost = daemon.subsegment("Initialization code")["metadata"]["lambda_tracer"]["initialization_left_out"]
    assert MAX_HELD_BYTES * 0.9 < size < MAX_HELD_BYTES + 2 * MAX_WAITING_BYTES
    assert "step 0" in steps
    assert len(steps) == len(set(steps)) < 1_000
    assert lost["count"] >= 1
    assert lost["bytes"] >= 1_000 * lost["count"]


@pytest.mark.parametrize("size", [1_000, 47_000, 50_000, 62_000])
def test_one_large_subsegment_is_kept_as_well(daemon: Daemon, tmp_path: Path, size: int) -> None:
    """From 48 kB on it does not wait in a parent, but as a document of its own."""
    code = f"""
    with xray_recorder.in_subsegment("large") as subsegment:
        subsegment.put_metadata("text", "x" * {size})
"""
    with running(daemon, tmp_path, BEGIN + code + HANDLER) as function:
        function()

    daemon.expect_tree("""
        Initialization code
          large
        ## lambda_handler
    """)


def test_what_is_left_open_is_shown_in_progress_until_it_ends(daemon: Daemon, tmp_path: Path) -> None:
    code = """
    xray_recorder.begin_subsegment("left open")
    with xray_recorder.in_subsegment("finished"):
        pass
    ended_late = xray_recorder.begin_subsegment("ended late")
    xray_recorder.clear_trace_entities()
    with xray_recorder.in_subsegment("last"):
        pass

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        ended_late.close()
"""
    with running(daemon, tmp_path, BEGIN + code) as function:
        function()

    daemon.expect_tree("""
        Initialization code
          left open  in progress
            finished
            ended late
          last
        ## lambda_handler
    """)


def test_what_is_only_left_open_is_not_lost_either(daemon: Daemon, tmp_path: Path) -> None:
    code = """
    opened = xray_recorder.begin_subsegment("open while the module loads")

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        opened.close()
"""
    with running(daemon, tmp_path, BEGIN + code) as function:
        function()

    daemon.expect_tree("""
        Initialization code
          open while the module loads
        ## lambda_handler
    """)


def test_a_thread_that_loads_on_into_the_first_invocation_stays_where_it_began(
    daemon: Daemon, tmp_path: Path
) -> None:
    code = """
    begun, may_end = threading.Event(), threading.Event()

    @tracer.capture_method
    def warm_up():
        with xray_recorder.in_subsegment("first half"):
            pass
        begun.set()
        may_end.wait()
        with xray_recorder.in_subsegment("second half"):
            pass

    thread = threading.Thread(target=warm_up)
    thread.start()
    begun.wait()
    with xray_recorder.in_subsegment("module"):
        pass

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        may_end.set()
        thread.join()
"""
    with running(daemon, tmp_path, BEGIN + code) as function:
        function()

    parts = {part["name"]: part for part in daemon.subsegments()}
    parents = {name: part["parent_id"] for name, part in parts.items()}
    assert set(parts) == {
        *(
            "Initialization code",
            "## app.warm_up",
            "first half",
            "second half",
            "module",
            "## lambda_handler",
        ),
    }
    assert parents["## app.warm_up"] == parents["module"] == parts["Initialization code"]["id"]
    assert parents["first half"] == parts["## app.warm_up"]["id"]
    assert not any(part.get("in_progress") for part in parts.values())
    assert {part["trace_id"] for part in parts.values()} == {function.outcomes[0].tracing.trace_id}


def test_what_a_thread_finishes_after_it_was_dropped_is_dropped_too(daemon: Daemon, tmp_path: Path) -> None:
    code = """
    begun, may_end = threading.Event(), threading.Event()

    @tracer.capture_method
    def warm_up():
        begun.set()
        may_end.wait()

    thread = threading.Thread(target=warm_up)
    thread.start()
    begun.wait()

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        may_end.set()
        thread.join()
        return event
"""
    with running(daemon, tmp_path, BEGIN + code) as function:
        result = function("unsampled", is_sampled=False)
        function("sampled")

    assert result == "unsampled"
    daemon.expect_tree(WITHOUT)


def test_it_is_not_recorded_while_tracing_is_off(daemon: Daemon, tmp_path: Path) -> None:
    with running(daemon, tmp_path, LOADS, POWERTOOLS_TRACE_DISABLED="true") as function:
        function()

    assert daemon.documents() == []


def test_secrets_are_left_out_of_it(daemon: Daemon, tmp_path: Path) -> None:
    code = """
    @tracer.capture_method
    def settings():
        return {"password": "correct horse", "size": 3}

    settings()
"""
    with running(daemon, tmp_path, BEGIN + code + HANDLER) as function:
        function()

    assert json.dumps(daemon.subsegment("## app.settings")["metadata"]).count("[redacted]") == 1
    assert not any(b"correct horse" in datagram for datagram in daemon.datagrams())
