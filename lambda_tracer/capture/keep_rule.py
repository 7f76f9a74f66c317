"""Rule: which invocations are written into the log although they are not sampled, and how users say so."""

from __future__ import annotations

from .. import settings
from ..guard import pass_on, warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_ERRORS = "errors"
_SLOW = "slow:"
_MAX_MS = 1e9


class Rule:
    """Which invocations are told of."""

    __slots__ = ("errors", "slow_s")

    def __init__(self, errors: bool, slow_s: float | None) -> None:
        """`slow_s`: those that take longer, in seconds; None for none."""
        self.errors = errors
        self.slow_s = slow_s


def rule_of(words: str | Sequence[str] | bool) -> Rule | None:
    """What `Tracer(keep=...)` asks for; None for nothing. Raises ValueError for what is none of the words."""
    if words is False or (isinstance(words, str) and not settings.is_on(words)):
        return None
    if isinstance(words, bool) or not isinstance(words, (str, list, tuple, set, frozenset)):
        raise ValueError(
            f"keep: expected 'errors', 'slow:<milliseconds>' or several of them, not {type(words).__name__}"
        )
    rule, unknown = _read(words.split(",") if isinstance(words, str) else words)
    if unknown:
        raise ValueError(f"keep: expected 'errors' or 'slow:<milliseconds>', not {unknown[0]!r}")
    return rule


def rule_of_variable(text: str) -> Rule | None:
    """What `LAMBDA_TRACER_KEEP` asks for. Unknown words are reported once, and count for nothing."""
    if not settings.is_on(text):
        return None
    rule, unknown = _read(text.split(","))
    if unknown:
        warn_once(
            "keep",
            "LAMBDA_TRACER_KEEP: errors and slow with milliseconds (slow:2000) are known, the rest is ignored",
        )
    return rule


def _read(words: Any) -> tuple[Rule | None, list[Any]]:
    errors, slow_s = False, None
    unknown = []
    for given in words:
        word = given.strip().lower() if isinstance(given, str) else given
        if word == _ERRORS:
            errors = True
        elif (
            isinstance(word, str)
            and word.startswith(_SLOW)
            and (read := _seconds(word[len(_SLOW) :])) is not None
        ):
            slow_s = read
        elif word != "":
            unknown.append(given)
    return (Rule(errors, slow_s) if errors or slow_s is not None else None), unknown


def _seconds(milliseconds: str) -> float | None:
    try:
        value = float(milliseconds)
    except ValueError as error:
        pass_on(error)
        return None
    return value / 1000 if 0 <= value < _MAX_MS else None  # NaN is not, either
