"""JSON values as they come from elsewhere: read within bounds, and written so that every reader of JSON takes them.

Python reads NaN, Infinity and numbers beyond floats, and writes what JSON has not; it reads more levels than it can
write; and it reads lone surrogates, which are no text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import NoReturn

MAX_LEVELS = 100
"""Of lists and objects in each other. What reads and writes JSON in Python goes one call deeper with each level."""

MAX_LEVELS_WRITTEN = 250
"""In what is written, where documents are embedded in each other."""

TOO_DEEP = "(nested too deeply)"

_DIGITS_OF_FLOATS = 309
"""The largest float has as many before its point."""


class NotJSON(ValueError):
    """The text is no JSON, or none that can be kept; the message says why, in a few words."""


def read(text: str | bytes) -> object:
    """The value of `text`; `NotJSON` if it is not one of JSON's own, or has more than `MAX_LEVELS` levels."""
    value = read_deep(text)
    if is_deep(value):
        raise NotJSON("it is nested too deeply")
    if numbers_beyond_floats(value):
        raise NotJSON("a number in it is beyond what floats hold")
    return value


def read_deep(text: str | bytes) -> object:
    """The value of `text`, as deep as it is; `NotJSON` if it has NaN or Infinity."""
    return _read(text, _refuse)


def read_loosely(text: str | bytes) -> object:
    """The value of `text`, as deep as it is, with NaN and infinities where it has them or numbers beyond floats."""
    return _read(text, float)


def _read(text: str | bytes, constant: Callable[[str], object]) -> object:
    try:
        return json.loads(text, parse_int=_whole_number, parse_constant=constant)
    except UnicodeDecodeError as exc:
        raise NotJSON(f"byte {exc.start} is not UTF-8") from exc
    except RecursionError as exc:
        raise NotJSON("it is nested too deeply") from exc
    except ValueError as exc:
        raise NotJSON(str(exc)) from exc


def is_deep(value: object) -> bool:
    """Whether it has more than `MAX_LEVELS` levels."""
    waiting = [(value, 1)]
    while waiting:
        current, level = waiting.pop()
        if isinstance(current, (dict, list)):
            if level > MAX_LEVELS:
                return True
            below = current.values() if isinstance(current, dict) else current
            waiting += [(item, level + 1) for item in below if isinstance(item, (dict, list))]
    return False


def numbers_beyond_floats(value: object) -> bool:
    """Whether it has a NaN or an infinity, which a number beyond floats is read as."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, float) and not math.isfinite(current):
            return True
        if isinstance(current, (dict, list)):
            waiting += current.values() if isinstance(current, dict) else current
    return False


def as_json(value: object, indent: int | None = None) -> str:
    """JSON of `value`, in ASCII: numbers that are none as their names, surrogates as U+FFFD, `TOO_DEEP` below
    `MAX_LEVELS_WRITTEN` levels."""
    return json.dumps(_writable(value, MAX_LEVELS_WRITTEN), indent=indent, allow_nan=False)


def quick_json(value: object) -> str:
    """The same without looking at each value first: for what is large, and hardly ever has anything odd in it."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError, TypeError):
        return as_json(value)


def _writable(value: object, levels: int) -> object:
    if isinstance(value, str):
        return (
            value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _is_odd(value) else value
        )
    if isinstance(value, float):
        return value if math.isfinite(value) else json.dumps(value)
    if isinstance(value, (dict, list)) and levels == 0:
        return TOO_DEEP
    if isinstance(value, dict):
        return {_writable(str(key), 0): _writable(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_writable(item, levels - 1) for item in value]
    return value


def _is_odd(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _whole_number(text: str) -> int | float:
    return int(text) if len(text) <= _DIGITS_OF_FLOATS else float(text)


def _refuse(name: str) -> NoReturn:
    raise NotJSON(f"{name} is not a value of JSON")
