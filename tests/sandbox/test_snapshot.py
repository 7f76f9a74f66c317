"""A sandbox restored from a snapshot has a socket of its own, nothing from before, and is a cold start.

The runtime client runs the hooks around the snapshot as it does in Lambda; taking the snapshot itself, which needs
Lambda's virtual machines, is left out: the process goes on.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.daemon import Daemon
from tests.functions.running import python, running
from tests.tree import expect_tree

SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}

pytest.importorskip("snapshot_restore_py", reason="snapshot_restore_py is not installed")

PRIMED = """
    import os
    from lambda_tracer import Tracer, xray_recorder
    from snapshot_restore_py import register_before_snapshot
    tracer = Tracer(service="payment")

    def sockets():
        folder = "/proc/self/fd"
        links = []
        for fd in os.listdir(folder):
            try:
                links.append(os.readlink(f"{folder}/{fd}"))
            except OSError:
                pass
        return {link for link in links if link.startswith("socket:")}

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        with xray_recorder.in_subsegment("work"):
            pass
        xray_recorder.stream_subsegments()
        return {"left of priming": sorted(opened & sockets()), "opened by priming": len(opened)}

    opened = set()

    @register_before_snapshot
    def prime():
        before = sockets()
        os.environ["_X_AMZN_TRACE_ID"] = HEADER
        try:
            lambda_handler({}, None)
            xray_recorder.begin_subsegment("left open")
            with xray_recorder.in_subsegment("finished before the snapshot"):
                pass
        finally:
            del os.environ["_X_AMZN_TRACE_ID"]
        opened.update(sockets() - before)
"""
HEADER = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def test_nothing_from_before_the_snapshot_is_in_the_trace_and_the_start_is_cold(
    daemon: Daemon, tmp_path: Path
) -> None:
    code = """
    from lambda_tracer import Tracer
    tracer = Tracer()

    @tracer.capture_method
    def load(): pass

    load()

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        load()
    """
    with running(daemon, tmp_path, code, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start") as function:
        function()
        function()

    daemon.expect_tree(
        """
        ## lambda_handler  {"ColdStart": true}
          ## app.load
        ## lambda_handler  {"ColdStart": false}
          ## app.load
    """,
        annotations=True,
    )


def test_priming_warms_neither_the_socket_nor_the_flag(daemon: Daemon, tmp_path: Path) -> None:
    """A hook that calls the handler before the snapshot is usual; here it even makes up a trace and sends it."""
    code = PRIMED.replace("HEADER", repr(HEADER))
    with running(daemon, tmp_path, code, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start") as function:
        result = function()

    (outcome,) = function.outcomes
    primed, restored = (
        [
            part
            for part in daemon.subsegments()
            if (part["trace_id"] == outcome.tracing.trace_id) is is_restored
        ]
        for is_restored in (False, True)
    )
    assert result == {"left of priming": [], "opened by priming": 1}
    assert [part["name"] for part in primed] == ["work", "## lambda_handler"]
    expect_tree(
        restored,
        """
        ## lambda_handler  {"ColdStart": true, "Service": "payment"}
          work
    """,
        annotations=True,
    )


def test_several_tracers_register_once(daemon: Daemon) -> None:
    ran = python(
        """
        from lambda_tracer import Tracer
        from snapshot_restore_py import get_after_restore
        Tracer(), Tracer(service="payment")
        print(len(get_after_restore()))
        """,
        **SNAP_START,
    )

    assert (ran.stdout.split(), ran.stderr) == (["1"], "")


@pytest.mark.parametrize("variables", [{}, {**SNAP_START, "POWERTOOLS_TRACE_DISABLED": "true"}])
def test_it_is_no_matter_elsewhere(daemon: Daemon, variables: dict[str, str]) -> None:
    ran = python(
        """
        import sys
        from lambda_tracer import Tracer
        tracer = Tracer()
        print("snapshot_restore_py" in sys.modules, "lambda_tracer.sandbox.snapshot" in sys.modules)
        """,
        **variables,
    )

    assert ran.stdout.split() == ["False", "False"]


def test_without_the_runtimes_hooks_it_says_so_and_goes_on(daemon: Daemon) -> None:
    ran = python(
        """
        import sys
        sys.modules["snapshot_restore_py"] = None  # what makes the import fail
        from lambda_tracer import Tracer
        Tracer()
        tracer = Tracer()

        @tracer.capture_lambda_handler
        def handler(event, context): pass

        handler(None, None)
        """,
        **SNAP_START,
    )

    assert ran.returncode == 0
    assert ran.stderr.splitlines() == [
        "snapshot_restore_py is missing: the tracer is not told when a snapshot is restored"
    ]
    daemon.expect_tree("## handler")


def test_what_runs_on_from_before_the_snapshot_is_not_sent(daemon: Daemon) -> None:
    """A thread that was recording when the snapshot was taken goes on in each clone."""
    ran = python(
        f"""
        import json, os, threading
        from lambda_tracer import Tracer, xray_recorder
        from snapshot_restore_py import get_after_restore
        os.environ["_X_AMZN_TRACE_ID"] = {HEADER!r}
        tracer = Tracer()
        begun, may_end = threading.Event(), threading.Event()

        def work():
            with xray_recorder.in_subsegment("before"):
                with xray_recorder.in_subsegment("inside"):
                    pass
                begun.set()
                may_end.wait()

        thread = threading.Thread(target=work)
        thread.start()
        begun.wait()
        (hook, args, kwargs), = get_after_restore()
        hook(*args, **kwargs)
        may_end.set()
        thread.join()
        print(json.dumps([xray_recorder.current_subsegment() is None]))
        """,
        **SNAP_START,
    )

    assert (json.loads(ran.stdout), ran.stderr) == ([True], "")
    assert daemon.documents() == []
