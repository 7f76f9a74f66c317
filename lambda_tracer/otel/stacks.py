"""Stacks as texts: what Python writes of an exception, read back into its frames, and those that led to it.

It takes what `traceback` of any Python writes, chains and groups among it, and what is left of that where a limit
cut it.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Frame = tuple[str, int, str]

MAX_READ = 200_000
"""Characters of a text that are read: its last, where the exception itself stands."""

MAX_FRAMES = 1_000
"""Frames that are kept of one exception: the innermost."""

MAX_EXCEPTIONS = 100

_FRAME = re.compile(r'  File "([^\n]{1,1000}?)", line (\d{1,9}), in ([^\n]{1,300})')
_REPEATED = re.compile(r"  \[Previous line repeated (\d{1,9}) more times?\]")
_RAISED = re.compile(r"([A-Za-z_][\w.<>]{0,300})(?:: (.*))?", re.DOTALL)
_HEADER = re.compile(r"(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\):")
_MARGIN = re.compile(r"((?:  )+)([|+])(?: |$|(?=-))")
_MEMBER = re.compile(r"\+(?:-\+)?-{8,} (?:\d+|\.\.\.) -{8,}")
_FROM = "The above exception was the direct cause of the following exception:"
_WHILE = "During handling of the above exception, another exception occurred:"
_GROUP = "Exception Group Traceback"


class Raised:
    """One exception of a stack: its type's full name, its message, its frames from the outermost to the raise.

    `source` is the line of code that raised it. `led_by` is the exception that led to it. `members` are a group's.
    """

    __slots__ = ("frames", "is_whole", "kind", "led_by", "members", "message", "source")

    def __init__(self, led_by: Raised | None = None) -> None:
        self.kind = ""
        self.message = ""
        self.frames: list[Frame] = []
        self.source = ""
        self.led_by = led_by
        self.members: list[Raised] = []
        self.is_whole = False
        """Whether the text has its last line, which says what was raised."""


class _Level:
    """One margin of a text: the exceptions that stand there, one after the other."""

    __slots__ = ("awaits_source", "is_message", "last", "lines", "now", "was_cause")

    def __init__(self) -> None:
        self.last: Raised | None = None
        self.now: Raised | None = None
        self.lines: list[str] = []
        self.is_message = self.awaits_source = self.was_cause = False

    def end(self) -> Raised | None:
        """What stands here is over: the last exception that was read, with its message."""
        raised = self.now
        if raised is not None:
            if self.lines:
                match = _RAISED.fullmatch("\n".join(self.lines).rstrip())
                if match is not None:
                    raised.kind, raised.message = match[1], match[2] or ""
                else:
                    raised.message = "\n".join(self.lines).rstrip()
                raised.is_whole = True
            del raised.frames[:-MAX_FRAMES]
            self.last = raised
        self.now = None
        self.lines = []
        self.is_message = False
        return self.last

    def begin(self) -> Raised:
        """Another exception: led to by the one before if a line between them has said so."""
        before = self.end()
        self.now = Raised(before if self.was_cause else None)
        self.was_cause = False
        return self.now

    def read(self, line: str) -> Raised | None:
        """Read a line without its margin; an exception that it begins."""
        if line in (_FROM, _WHILE):
            self.end()
            self.was_cause = self.last is not None
            return None
        if _HEADER.fullmatch(line):
            return self.begin()
        frame = _FRAME.match(line) if not self.is_message else None
        if frame is not None:
            begun = self.begin() if self.now is None else None
            assert self.now is not None
            self.now.frames.append((frame[1], int(frame[2]), frame[3]))
            self.now.source = ""
            self.awaits_source = True
            return begun
        if self.now is None:
            if not line.strip() or _RAISED.match(line) is None:
                return None
            # Without a header: a member of a group that was never raised.
            begun = self.begin()
            self.is_message = True
            self.lines.append(line)
            return begun
        if self.is_message:
            self.lines.append(line)
        elif line.startswith("    ") and self.awaits_source:
            self.now.source = line.strip()
            self.awaits_source = False
        elif line[:1] not in ("", " "):
            self.is_message = True
            self.lines.append(line)
        else:
            repeated = _REPEATED.match(line)
            if repeated is not None and self.now.frames:
                self.now.frames += self.now.frames[-1:] * min(int(repeated[1]), MAX_FRAMES)
        return None


def told(kind: str, message: str | None, text: str) -> Raised:
    """The exception of which an event has the full name of its type, its message (None for none) and its stack."""
    raised = read(text)
    if raised is None or (raised.is_whole and kind and name_of(raised.kind) != name_of(kind)):
        # The text ends before the exception itself: what it tells led to it.
        raised = Raised(raised)
    raised.kind = kind or raised.kind
    if message is not None:
        raised.message = message
    return raised


def name_of(kind: str) -> str:
    """The name of a type without its module."""
    return kind.rpartition(".")[2]


def in_order(
    raised: Raised, limit: int, described: Callable[[Raised], dict[str, Any]]
) -> list[dict[str, Any]]:
    """The exception and those that led to it, at most `limit`, each as it is `described`: with an `id`.

    Its `cause` is the id of the one that led to it. Of a group that no other has led to, that is the first member, as
    in what `encode.cause` makes of one.
    """
    found: list[dict[str, Any]] = []

    def append(each: Raised) -> str | None:
        if len(found) == limit:
            return None
        exception = described(each)
        found.append(exception)
        led_by = [] if each.led_by is None else [each.led_by]
        ids = [append(other) for other in (*led_by, *each.members)]
        if ids and ids[0] is not None:
            exception["cause"] = ids[0]
        own: str = exception["id"]
        return own

    append(raised)
    return found


def read(text: str) -> Raised | None:
    """The exception that a text of Python's tells last, with those that led to it; None where it tells none."""
    if "File " not in text and "Traceback" not in text:
        return None
    levels = [_Level()]
    count = 0
    has_groups = _GROUP in text
    lines = text[-MAX_READ:].splitlines()
    for line in lines[1:] if len(text) > MAX_READ else lines:
        depth = 0
        match = _MARGIN.match(line) if has_groups else None
        if match is not None:
            depth = len(match[1]) // 2
            line = line[len(match[1]) :] if match[2] == "+" else line[match.end() :]
            if _MEMBER.fullmatch(line):
                # `  +-+--- 1 ---` opens the members of the group at that margin, `    +--- 2 ---` goes on with them.
                depth -= not line.startswith("+-+")
                for level in levels[depth:]:
                    level.end()
                del levels[depth:]
                if len(levels) < depth:
                    break
                levels.append(_Level())
                continue
            if line.startswith("+-"):
                continue
        if depth == 0 and len(levels) > 1 and not line.strip():
            continue
        # A group's own lines have a margin of their own, which is no depth: what leads to it stands without one.
        depth = max(depth - 1, 0)
        if depth > len(levels) or count > MAX_EXCEPTIONS:
            continue
        if depth == len(levels):
            levels.append(_Level())
        for deeper in levels[depth + 1 :]:
            deeper.end()
        begun = levels[depth].read(line)
        if begun is not None:
            count += 1
            if depth > 0:
                owner = levels[depth - 1].now or levels[depth - 1].last
                if owner is not None and begun.led_by is None:
                    owner.members.append(begun)
                elif owner is not None and begun.led_by in owner.members:
                    owner.members[owner.members.index(begun.led_by)] = begun
    for level in levels:
        level.end()
    return levels[0].last
