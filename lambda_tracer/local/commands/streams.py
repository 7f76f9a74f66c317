"""The process' own streams: what is said on standard error, and what happens when nobody reads."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

from lambda_tracer.local.receive.plain_text import escaped


def write(fd: int, text: str) -> None:
    """All of `text`, however much the other end takes at once."""
    view = memoryview(text.encode("utf-8", "replace"))
    while view:
        view = view[os.write(fd, view) :]


def complain(message: str) -> None:
    """Say it on standard error, a line at a time, with what would steer the terminal escaped."""
    lines = "\n".join(escaped(line) for line in message.split("\n"))
    try:
        sys.stderr.write(f"lambda-tracer: {lines}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        silence(sys.stderr)  # nobody is there to read it


def open_streams() -> None:
    """Standard input, output and error exist, and take any text: who started us may have closed them."""
    for number, (name, mode) in enumerate([("stdin", "r"), ("stdout", "w"), ("stderr", "w")]):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free: all below are open already.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False, encoding="utf-8", errors="replace"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def silence(stream: TextIO) -> None:
    """What is still in it, and what follows, goes nowhere."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        pass
