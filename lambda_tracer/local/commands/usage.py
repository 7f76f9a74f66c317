"""The command line's own words: what is wrong with it is a `UsageError`, found before anything runs."""

from __future__ import annotations

import argparse
import importlib.util
from typing import NoReturn

MAX_PORT = 65_535

_MAX_DIGITS = 9
_MAX_QUOTED = 200
"""Characters of what was given, in the line that says what is wrong with it."""


class UsageError(Exception):
    """What the user asked for can't be done; the message is the one line they get."""


class NotPossible(UsageError):
    """It can't be done on this machine as it is; the message says how it can."""


def need(module: str, *, name: str = "", extra: str = "local", otherwise: str = "") -> None:
    """Raise `NotPossible` where a module is not installed, with the command that installs it."""
    if importlib.util.find_spec(module) is None:
        raise NotPossible(
            f"{name or module} is not installed: pip install 'lambda-tracer[{extra}]'{otherwise}"
        )


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises a `UsageError` where argparse would exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def positive_int(text: str) -> int:
    """A whole number above 0, for `type=`."""
    if not text.isdecimal() or len(text) > _MAX_DIGITS or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0: {quoted(text)}")
    return int(text)


def port(text: str) -> int:
    """A port, 1 to 65535, for `type=`."""
    number = positive_int(text)
    if number > MAX_PORT:
        raise argparse.ArgumentTypeError(f"expected a port, at most {MAX_PORT}: {quoted(text)}")
    return number


def positive_float(text: str) -> float:
    """Seconds, above 0 and at most a day, for `type=`."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"expected seconds, above 0 and at most a day: {quoted(text)}")
    return value


def quoted(text: str) -> str:
    """What was given, shortened, as Python writes it."""
    return repr(text) if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]!r}..."
