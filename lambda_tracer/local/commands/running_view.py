"""A view to hand invocations over to: the one that runs on this machine, or one that is started and lives on."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile

from lambda_tracer.clock import clock
from lambda_tracer.local.view.hand_over import RunningView, running_view

MAX_START_S = 15.0
"""How long a view may take to answer after it was started."""

_POLL_S = 0.05
_MAX_SAID_BYTES = 10_000


class NoView(Exception):
    """There is none, and none can be started; the message is a clause that says why."""


def find_or_start(port: int) -> tuple[RunningView, int | None]:
    """The view at `port`, and its process where it is there because of us. Raises `NoView`."""
    found = running_view(port)
    if found is not None:
        return found, None
    if _is_open(port):
        raise NoView(f"something else than a view listens at 127.0.0.1:{port}")
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "lambda_tracer.local", "view", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            # A Ctrl-C in this terminal is not meant for it.
            start_new_session=True,
        )
        try:
            found = _await_view(port, process)
        finally:
            # One that another command has started may have been faster; and Ctrl-C may come meanwhile.
            if found is None or found.pid != process.pid:
                process.kill()
                process.wait()
        if found is not None:
            return found, process.pid if found.pid == process.pid else None
        said.seek(0)
        lines = said.read(_MAX_SAID_BYTES).decode("utf-8", "replace").strip().splitlines()
    reason = (
        lines[-1].removeprefix("lambda-tracer: ")
        if lines
        else f"it did not answer within {MAX_START_S:.0f} s"
    )
    raise NoView(reason.partition(" (see ")[0])


def _await_view(port: int, process: subprocess.Popen[bytes]) -> RunningView | None:
    """The view at `port` as soon as there is one, of `process` or another; None where there will be none."""
    give_up_at = clock.monotonic() + MAX_START_S
    while clock.monotonic() < give_up_at:
        has_ended = process.poll() is not None
        if _is_open(port) and (found := running_view(port)):
            return found
        if has_ended:
            break
        clock.sleep(_POLL_S)
    return None


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True
