"""However calls, tasks, threads and generators interleave, an invocation's trace is one tree, and the right one."""

from __future__ import annotations

import contextlib

from lambda_tracer import xray_recorder
from tests.daemon import Daemon
from tests.tree import tree


def test_what_a_function_left_open_is_no_parent_once_it_has_returned(daemon: Daemon) -> None:
    @xray_recorder.capture("leaky")
    def leaky() -> None:
        xray_recorder.begin_subsegment("left open")

    with xray_recorder.in_subsegment("outer"):
        leaky()
        with xray_recorder.in_subsegment("sibling"):
            pass

    assert (
        tree(daemon)
        == """
        outer
          leaky
            left open  in progress
          sibling
        """
    )


def test_exceptions_of_one_place_are_told_apart(daemon: Daemon) -> None:
    """A retry raises the same type in the same line, and the new exception often has the address of the old one."""
    attempts = 0

    @xray_recorder.capture("attempt")
    def attempt() -> None:
        nonlocal attempts
        attempts += 1
        raise ValueError(f"attempt {attempts} failed")

    with xray_recorder.in_subsegment("retries"):
        for _ in range(5):
            with contextlib.suppress(ValueError):
                attempt()

    causes = [subsegment["cause"] for subsegment in daemon.subsegments() if "cause" in subsegment]
    messages = [
        cause["exceptions"][0]["message"] if isinstance(cause, dict) else f"see {cause}" for cause in causes
    ]
    assert messages == [f"attempt {number} failed" for number in range(1, 6)]
