"""The function's log: what its process writes on standard output and error, passed on to our standard error
at once.

Both streams share one pipe, so lines come out in the order in which they were written. The runtime client
separates the lines of a traceback by carriage returns (in CloudWatch that makes one record); here they
become lines. What could command a terminal is written as escapes: a message in it may be anybody's.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
import threading

from lambda_tracer.local.receive.plain_text import escaped

_INIT_FAILURE = re.compile(
    rb"\[ERROR\] .*\rTraceback \(most recent call last\):|\[WARNING\]\t.*LAMBDA_WARNING: "
)
"""What the runtime client logs when it can't load the handler. It tells us over its API as well, and we say
it once."""

_RECORD_STARTS = (b"[ERROR] ", b"[WARNING]\t")
_MARK_TIMEOUT_S = 2.0

_MAX_HELD_BYTES = 1024 * 1024
"""Of a line that may be one of the runtime client's own. What is longer is not."""

MAX_KEPT_CHARACTERS = 1_000_000
"""Of the log of one invocation, for who asks what was in it."""


class FunctionLog:
    """A pipe whose writing end (`fd`) is a process' output, and the thread that passes on what it reads."""

    def __init__(self, output_fd: int | None = None) -> None:
        self._reading_fd, self.fd = os.pipe()
        self._output_fd = sys.stderr.fileno() if output_fd is None else output_fd
        self._mark = b"\0" + os.urandom(16) + b"\0"
        self._mark_seen = threading.Event()
        self._is_initializing = True
        self._left_out: list[bytes] = []
        self._at_line_start = True
        self._kept: list[str] = []
        self._kept_characters = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._thread = threading.Thread(target=self._pass_on, name="lambda-tracer log", daemon=True)
        self._thread.start()

    def initialization_began(self) -> None:
        """From here until `initialization_ended` the runtime client's words on a failed one are left out."""
        self._left_out.clear()
        self._is_initializing = True

    def initialization_ended(self) -> None:
        """The handler is loaded: everything is passed on as it comes."""
        self._is_initializing = False

    def tell_left_out(self) -> None:
        """Pass on the error of a failed initialization after all: the runtime client could not tell us itself."""
        self.sync()
        self.initialization_ended()
        for line in self._left_out:
            self._write(line + b"\n")
        self._left_out.clear()

    def sync(self) -> None:
        """Return when all that was written before is on standard error, its last line ended."""
        self._mark_seen.clear()
        try:
            os.write(self.fd, self._mark)
        except OSError:
            return
        self._mark_seen.wait(_MARK_TIMEOUT_S)

    def take(self) -> str:
        """What was passed on since the last call, as far as `MAX_KEPT_CHARACTERS` go."""
        kept, self._kept, self._kept_characters = self._kept, [], 0
        return "".join(kept)[:MAX_KEPT_CHARACTERS]

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
                self._write(before, is_end=True)
                if not self._at_line_start:
                    self._write(b"\n")
                self._mark_seen.set()
                waiting = after
            waiting = self._write_ready(waiting)
        self._write(waiting, is_end=True)
        os.close(self._reading_fd)

    def _write_ready(self, data: bytes) -> bytes:
        """Write what can be judged already, and give back the rest."""
        kept_from = len(data)
        last_line = data.rfind(b"\n") + 1
        is_record = data.startswith(_RECORD_STARTS, last_line)
        if self._is_initializing and is_record and len(data) - last_line <= _MAX_HELD_BYTES:
            kept_from = last_line
        # A mark may have been cut in two by the size of a read.
        cut = data.rfind(self._mark[:1], max(0, len(data) - len(self._mark)))
        if cut >= 0 and self._mark.startswith(data[cut:]):
            kept_from = min(kept_from, cut)
        self._write(data[:kept_from])
        return data[kept_from:]

    def _write(self, data: bytes, is_end: bool = False) -> None:
        """Write `data`; what is left of a character that was cut in two only when `is_end`."""
        if self._is_initializing:
            lines = data.split(b"\n")
            self._left_out += [line for line in lines if _INIT_FAILURE.match(line) and line[1:2] == b"E"]
            data = b"\n".join(line for line in lines if not _INIT_FAILURE.match(line))
        text = self._decoder.decode(data, is_end).replace("\r\n", "\n").replace("\r", "\n")
        if not text:
            return
        self._at_line_start = text.endswith("\n")
        plain = "\n".join(escaped(line, kept="\t") for line in text.split("\n"))
        if self._kept_characters < MAX_KEPT_CHARACTERS:
            self._kept.append(plain)
            self._kept_characters += len(plain)
        view = memoryview(plain.encode())
        try:
            while view:
                view = view[os.write(self._output_fd, view) :]
        except OSError:
            pass  # nobody reads our standard error any more; the function is not to notice
