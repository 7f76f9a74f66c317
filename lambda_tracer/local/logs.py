"""The function's log: what its process writes on standard output and error, passed on to our standard error
at once.

Both streams share one pipe, so lines come out in the order in which they were written. The runtime client
separates the lines of a traceback by carriage returns (in CloudWatch that makes one record); here they
become lines.
"""

from __future__ import annotations

import os
import re
import sys
import threading

_INIT_FAILURE = re.compile(
    rb"\[ERROR\] .*\rTraceback \(most recent call last\):|\[WARNING\]\t.*LAMBDA_WARNING: "
)
"""What the runtime client logs when it can't load the handler. It tells us over its API as well, and we say
it once."""

_RECORD_STARTS = (b"[ERROR] ", b"[WARNING]\t")
_MARK_TIMEOUT_S = 2.0


class FunctionLog:
    """A pipe whose writing end (`fd`) is a process' output, and the thread that passes on what it reads."""

    def __init__(self, output_fd: int | None = None) -> None:
        self._reading_fd, self.fd = os.pipe()
        self._output_fd = sys.stderr.fileno() if output_fd is None else output_fd
        self._mark = b"\0" + os.urandom(16) + b"\0"
        self._mark_seen = threading.Event()
        self._is_initializing = True
        self._at_line_start = True
        self._thread = threading.Thread(target=self._pass_on, name="lambda-tracer log", daemon=True)
        self._thread.start()

    def initialization_began(self) -> None:
        """From here until `initialization_ended` the runtime client's words on a failed one are left out."""
        self._is_initializing = True

    def initialization_ended(self) -> None:
        """The handler is loaded: everything is passed on as it comes."""
        self._is_initializing = False

    def sync(self) -> None:
        """Return when all that was written before is on standard error, its last line ended."""
        self._mark_seen.clear()
        try:
            os.write(self.fd, self._mark)
        except OSError:
            return
        self._mark_seen.wait(_MARK_TIMEOUT_S)

    def close(self) -> None:
        """Pass on what is left, and close both ends."""
        self.sync()
        os.close(self.fd)
        self._thread.join(timeout=1)

    def _pass_on(self) -> None:
        waiting = b""
        while chunk := os.read(self._reading_fd, 65_536):
            waiting += chunk
            while True:
                before, mark, after = waiting.partition(self._mark)
                if not mark:
                    break
                self._write(before)
                if not self._at_line_start:
                    self._write(b"\n")
                self._mark_seen.set()
                waiting = after
            waiting = self._write_ready(waiting)
        self._write(waiting)
        os.close(self._reading_fd)

    def _write_ready(self, data: bytes) -> bytes:
        """Write what can be judged already, and give back the rest."""
        kept_from = len(data)
        last_line = data.rfind(b"\n") + 1
        if self._is_initializing and data[last_line:].startswith(_RECORD_STARTS):
            kept_from = last_line
        # A mark may have been cut in two by the size of a read.
        cut = data.rfind(self._mark[:1], max(0, len(data) - len(self._mark)))
        if cut >= 0 and self._mark.startswith(data[cut:]):
            kept_from = min(kept_from, cut)
        self._write(data[:kept_from])
        return data[kept_from:]

    def _write(self, data: bytes) -> None:
        if self._is_initializing:
            lines = data.split(b"\n")
            data = b"\n".join(line for line in lines if not _INIT_FAILURE.match(line))
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not data:
            return
        self._at_line_start = data.endswith(b"\n")
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._output_fd, view) :]
        except OSError:
            pass  # nobody reads our standard error any more; the function is not to notice
