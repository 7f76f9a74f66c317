"""What the tracer logs, kept without keeping what it is about."""

from __future__ import annotations

import logging
from pathlib import Path


class Records(logging.Handler):
    """Every record of the tracer's, formatted as the runtime's handler would, where that is possible."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []
        self.unprintable: list[str] = []
        self.errors: list[str] = []
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        try:
            self.text += self.format(record) + "\n"
        except BaseException as error:
            self.unprintable.append(f"{record.msg}: {type(error).__name__}")
        if record.exc_info and record.exc_info[1] is not None:
            self.errors.append(told_of_ours(record.exc_info[1]))
            # The record must not keep in a list what the tests of memory look for.
            record.exc_info = None


def told_of_ours(error: BaseException) -> str:
    traceback, lines = error.__traceback__, []
    while traceback is not None:
        lines.append(f"{Path(traceback.tb_frame.f_code.co_filename).name}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return f"{type(error).__name__} through {' '.join(lines)}"
