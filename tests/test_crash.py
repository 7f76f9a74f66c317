"""However a process ends, what it had finished is in the trace; what it was at is shown as in progress."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.daemon import Daemon
from tests.documents import Document, flatten
from tests.functions.running import python, running
from tests.programs import run

LOST_AT_MOST_S = 5.0


def exceptions(document: Document) -> list[tuple[str, str]]:
    """Type and message of each exception that it describes."""
    return [(each["type"], each.get("message", "")) for each in document["cause"]["exceptions"]]


def test_killed_after_seven_seconds_it_has_lost_five_at_most(daemon: Daemon, tmp_path: Path) -> None:
    with running(
        daemon,
        tmp_path,
        """
        import os, signal, threading, time
        from lambda_tracer import Tracer
        tracer = Tracer()

        @tracer.capture_method
        def step(number):
            time.sleep(0.2)

        @tracer.capture_method
        def batch():
            number = 0
            while True:
                step(number)
                with open("ended", "a") as ended:
                    print(time.time(), file=ended)
                number += 1

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            threading.Timer(7, os.kill, (os.getpid(), signal.SIGKILL)).start()
            with tracer.provider.in_subsegment("prepare"):
                pass
            batch()
        """,
        timeout_s=20.0,
    ) as function:
        error = function()
        killed_at = time.time()

    assert error["errorMessage"].endswith("signal: killed")
    ended = [float(line) for line in (tmp_path / "ended").read_text().split()]
    due = sum(moment < killed_at - LOST_AT_MOST_S for moment in ended)
    parts = daemon.subsegments()
    arrived = [part for part in parts if part["name"] == "## app.step" and not part["in_progress"]]
    assert due >= 5
    assert len(arrived) >= due
    assert not daemon.subsegment("prepare")["in_progress"]


def test_what_left_before_the_crash_hangs_on_announced_ancestors(daemon: Daemon, tmp_path: Path) -> None:
    """Nothing above it has ended, nor will it: without an announcement X-Ray would show orphans."""
    with running(
        daemon,
        tmp_path,
        """
        import os, signal, time
        from lambda_tracer import Tracer
        tracer = Tracer()

        @tracer.capture_method
        def step(): pass

        @tracer.capture_method
        def batch():
            with tracer.provider.in_subsegment("inner"):
                step()
                time.sleep(7)
                os.kill(os.getpid(), signal.SIGKILL)

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            batch()
        """,
        timeout_s=20.0,
    ) as function:
        function()

    daemon.expect_tree("""
        ## lambda_handler  in progress
          ## app.batch  in progress
            inner  in progress
              ## app.step
    """)


@pytest.mark.parametrize(
    ("ending", "kind"), [("sys.exit(3)", "SystemExit"), ("raise KeyboardInterrupt", "KeyboardInterrupt")]
)
def test_a_handler_that_ends_the_process_is_recorded_whole(
    daemon: Daemon, tmp_path: Path, ending: str, kind: str
) -> None:
    with running(
        daemon,
        tmp_path,
        f"""
        import sys
        from lambda_tracer import Tracer
        tracer = Tracer()

        @tracer.capture_method
        def finished(): pass

        @tracer.capture_method
        def fatal():
            {ending}

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            finished()
            fatal()
        """,
    ) as function:
        error = function()

    assert error["errorType"] == "Runtime.ExitError"
    daemon.expect_tree(f"""
        ## lambda_handler  fault {kind}
          ## app.finished
          ## app.fatal  fault {kind}
    """)


def test_what_is_open_at_a_regular_exit_is_sent_as_it_is(daemon: Daemon) -> None:
    """Opened by hand and never closed, and at work in a thread that the exit does not wait for."""
    ran = python("""
        import sys, threading
        from lambda_tracer import Tracer, xray_recorder
        tracer = Tracer()
        begun = threading.Event()

        @tracer.capture_method
        def at_work():
            with xray_recorder.in_subsegment("done"): pass
            begun.set()
            threading.Event().wait()

        xray_recorder.begin_subsegment("opened by hand")
        with xray_recorder.in_subsegment("finished"): pass
        threading.Thread(target=at_work, daemon=True).start()
        begun.wait()
        sys.exit(5)
    """)

    assert (ran.returncode, ran.stderr) == (5, "")
    daemon.expect_tree("""
        opened by hand  in progress
          finished
          ## __main__.at_work  in progress
            done
    """)


def test_what_runs_at_exit_is_recorded(daemon: Daemon) -> None:
    """Functions that the user has registered with atexit run before ours, which sends."""
    ran = python("""
        import atexit
        from lambda_tracer import Tracer, xray_recorder
        tracer = Tracer()

        @atexit.register
        @tracer.capture_method
        def say_goodbye():
            with xray_recorder.in_subsegment("last words"): pass

        xray_recorder.begin_subsegment("opened by hand")
    """)

    assert (ran.returncode, ran.stderr) == (0, "")
    daemon.expect_tree("""
        opened by hand  in progress
          ## __main__.say_goodbye
            last words
    """)


@pytest.mark.parametrize(("ending", "kind"), [("sys.exit(1)", "SystemExit"), ("1 / 0", "ZeroDivisionError")])
def test_a_thread_that_ends_badly_takes_nothing_with_it(
    daemon: Daemon, tmp_path: Path, ending: str, kind: str
) -> None:
    with running(
        daemon,
        tmp_path,
        f"""
        import sys, threading
        from lambda_tracer import Tracer
        tracer = Tracer()

        @tracer.capture_method
        def in_a_thread():
            with tracer.provider.in_subsegment("finished"): pass
            {ending}

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            thread = threading.Thread(target=in_a_thread)
            thread.start()
            thread.join()
            return "fine"
        """,
    ) as function:
        result = function()

    assert result == "fine"
    daemon.expect_tree(f"""
        ## lambda_handler
          ## app.in_a_thread  fault {kind}
            finished
    """)


TERMINATED = """
    import os, signal, subprocess, sys, time
    from lambda_tracer import Tracer
    tracer = Tracer()

    {own}

    @tracer.capture_method
    def finished(): pass

    @tracer.capture_method
    def at_work():
        subprocess.Popen(["sh", "-c", f"sleep 0.2; kill -TERM {{os.getpid()}}"])
        time.sleep(30)

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        finished()
        at_work()
"""


def test_on_sigterm_what_is_open_is_sent_and_the_process_ends_of_it(daemon: Daemon, tmp_path: Path) -> None:
    with running(daemon, tmp_path, TERMINATED.format(own=""), timeout_s=20.0) as function:
        error = function()

    assert error["errorMessage"].endswith("signal: terminated")
    daemon.expect_tree("""
        ## lambda_handler  in progress
          ## app.finished
          ## app.at_work  fault Terminated in progress
    """)
    terminated = daemon.subsegment("## app.at_work")
    assert exceptions(terminated) == [("Terminated", "the process is being terminated")]
    assert "at_work" in [frame["label"] for frame in terminated["cause"]["exceptions"][0]["stack"]]


def test_a_signal_handler_of_the_users_own_is_left_alone(daemon: Daemon, tmp_path: Path) -> None:
    own = "signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))"
    with running(daemon, tmp_path, TERMINATED.format(own=own), timeout_s=20.0) as function:
        error = function()

    assert error["errorMessage"].endswith("exit status 7")
    daemon.expect_tree("""
        ## lambda_handler  fault SystemExit
          ## app.finished
          ## app.at_work  fault SystemExit
    """)


@pytest.mark.parametrize("disposition", ["signal.SIG_DFL", "signal.SIG_IGN", "own"])
def test_between_invocations_the_signal_is_as_it_was(daemon: Daemon, disposition: str) -> None:
    ran = python(f"""
        import signal
        from lambda_tracer import Tracer
        tracer = Tracer()
        def own(number, frame): pass
        signal.signal(signal.SIGTERM, {disposition})

        @tracer.capture_lambda_handler
        def handler(event, context):
            return signal.getsignal(signal.SIGTERM)

        within = handler(None, None)
        print(within == {disposition}, signal.getsignal(signal.SIGTERM) == {disposition})
    """)

    is_ours_to_take = disposition == "signal.SIG_DFL"
    assert ran.stdout.split() == [str(not is_ours_to_take), "True"]
    assert len(daemon.documents()) == 1


def test_a_signal_handler_installed_meanwhile_stays(daemon: Daemon) -> None:
    ran = python("""
        import signal
        from lambda_tracer import Tracer
        tracer = Tracer()
        def own(number, frame): pass

        @tracer.capture_lambda_handler
        def handler(event, context):
            signal.signal(signal.SIGTERM, own)

        handler(None, None)
        print(signal.getsignal(signal.SIGTERM) is own)
    """)

    assert ran.stdout.split() == ["True"]
    assert len(daemon.documents()) == 1


def test_sigterm_in_the_middle_of_recording_loses_nothing(daemon: Daemon) -> None:
    """It interrupts the main thread while that is sending."""
    ran = python("""
        import os, signal, time
        from lambda_tracer import Tracer, UDPEmitter, xray_recorder
        tracer = Tracer()

        class Interrupted(UDPEmitter):
            def send(self, document):
                if "interrupt" in document and not self.sent:
                    self.sent += 1
                    os.kill(os.getpid(), signal.SIGTERM)
                return super().send(document)

        xray_recorder.configure(emitter=Interrupted())

        @tracer.capture_lambda_handler
        def handler(event, context):
            time.sleep(0.1)  # until the watching thread, just begun, can't be given the signal
            with xray_recorder.in_subsegment("finished"): pass
            with xray_recorder.in_subsegment("interrupt") as subsegment:
                subsegment.put_metadata("large", "x" * 50_000)
            time.sleep(30)

        handler(None, None)
    """)

    assert ran.returncode == -15
    daemon.expect_tree("""
        ## handler  fault Terminated in progress
          finished
          interrupt
    """)


def test_sigterm_at_any_moment_ends_the_process(daemon: Daemon) -> None:
    ran = python("""
        import os, signal, subprocess
        from lambda_tracer import Tracer, xray_recorder
        tracer = Tracer()

        @tracer.capture_lambda_handler
        def handler(event, context):
            subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -TERM {os.getpid()}"])
            while True:
                with xray_recorder.in_subsegment("step"): pass

        handler(None, None)
    """)

    assert ran.returncode == -15
    assert len(daemon.documents()) > 0


def test_a_handler_in_another_thread_leaves_the_signal_alone(daemon: Daemon) -> None:
    """Python lets the main thread alone take signals."""
    ran = python("""
        import signal, threading
        from lambda_tracer import Tracer
        tracer = Tracer()

        @tracer.capture_lambda_handler
        def handler(event, context):
            print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)

        thread = threading.Thread(target=handler, args=(None, None))
        thread.start()
        thread.join()
    """)

    assert (ran.stdout.split(), ran.stderr) == (["True"], "")
    assert len(daemon.documents()) == 1


def test_a_function_that_fails_to_load_fails_as_it_would_untraced(
    daemon: Daemon, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """There was no header yet, so there is no trace to be part of."""
    with running(
        daemon,
        tmp_path,
        """
        from lambda_tracer import Tracer
        tracer = Tracer()

        @tracer.capture_method
        def load_settings():
            raise ValueError("no settings")

        load_settings()
        """,
    ) as function:
        error = function()

    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no settings")
    assert "lambda_tracer lost" not in capfd.readouterr().err
    assert daemon.documents() == []


def test_each_trace_stands_on_its_own_however_the_invocations_end(daemon: Daemon, tmp_path: Path) -> None:
    events = ("fine", "fail", "exit", "fine", "abort", "fine")
    with running(
        daemon,
        tmp_path,
        """
        import os, sys
        from lambda_tracer import Tracer
        tracer = Tracer()

        @tracer.capture_method
        def step(event):
            tracer.put_annotation("Event", event)
            if event == "exit":
                sys.exit(1)
            if event == "abort":
                os.abort()
            if event == "fail":
                raise ValueError(event)

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            tracer.put_annotation("Event", event)
            step(event)
        """,
    ) as function:
        for event in events:
            function(event)

    parts = [part for document in daemon.documents() for part in flatten(document)]
    by_id = {part["id"]: part for part in parts}
    ended = [
        outcome.tracing.trace_id
        for outcome, event in zip(function.outcomes, events, strict=True)
        if event != "abort"
    ]
    assert len(by_id) == len(parts) == 2 * len(ended)
    assert [part["trace_id"] for part in parts[::2]] == ended
    for part in parts:
        parent = by_id.get(part["parent_id"], part)
        assert parent["trace_id"] == part["trace_id"]
        assert parent["annotations"]["Event"] == part["annotations"]["Event"]


def test_a_forked_child_that_is_terminated_ends_of_it(daemon: Daemon) -> None:
    """It inherits what is done on SIGTERM, but not the thread that does it."""
    ran = python("""
        import multiprocessing, time
        from lambda_tracer import Tracer
        tracer = Tracer()

        def work():
            time.sleep(30)

        @tracer.capture_lambda_handler
        def handler(event, context):
            child = multiprocessing.get_context("fork").Process(target=work)
            child.start()
            time.sleep(0.1)
            child.terminate()
            child.join(20)
            return child.exitcode

        print(handler(None, None))
    """)

    assert (ran.stdout.split(), ran.stderr) == (["-15"], "")
    daemon.expect_tree("## handler")


EMITTERS = {
    "blocks": "threading.Event().wait()",
    "exits": "sys.exit(3)",
    "raises": "raise ValueError",
}


@pytest.mark.parametrize("name", EMITTERS)
def test_sigterm_ends_the_process_whatever_an_emitter_does_in_the_watching_thread(
    name: str, daemon: Daemon
) -> None:
    program = f"""
class Emitter:
    def send(self, text):
        if threading.current_thread() is not threading.main_thread():
            {EMITTERS[name]}

xray_recorder.emitter = Emitter()
logging.getLogger("lambda_tracer").setLevel(logging.CRITICAL)

@tracer.capture_lambda_handler
def handler(event, context):
    # A thread that just begins may be given the process' signal; then CPython tells the main thread when it wakes.
    time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(100)

handler({{}}, None)
"""

    run(program, hang_s=60, code=-signal.SIGTERM)
