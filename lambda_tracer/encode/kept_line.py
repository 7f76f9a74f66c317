"""The line in the log that tells of an invocation that was not sampled: a `Ring` -> one line of JSON.

`segments` are subsegment documents as X-Ray knows them, the outermost with trace and parent, the others inside. Of each
there is id, name, times, flags, the type and message of an exception, and annotations. Responses, metadata, URLs and
SQL are not in a ring.

A line has at most MAX_LINE_BYTES. When there is more to say, the oldest subsegments leave that ended well and have none
below them. Then long texts are cut, then annotations leave, then failed subsegments: the exception that left the
outermost is then described there. `segments_left_out` counts those that are missing.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as quote

from ..trace.invocation import is_id, is_trace_id
from ..trace.kept import described_at
from ..xray import MAX_HTTP_TEXT
from . import any_value, redaction
from . import name as names
from .document import annotations_text
from .shrink import without_lone_surrogates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..trace.kept import KeptSubsegment

MAX_LINE_BYTES = 65_536
"""A quarter of what CloudWatch Logs has always taken as one event: whatever carries the line takes it whole."""

_SHORT = 200
"""Characters of a text, where the line would be too long."""

MAX_NESTING = 50
"""Levels of subsegments in each other; what is deeper stands at the last level."""

_AROUND = len(',"subsegments":[]},')
_ROOM_OF_COUNTS = 60


class Trouble:
    """What has gone wrong with what is still open: an X-Ray cause for the innermost."""

    __slots__ = ("kind", "message")

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        self.message = message


def encode(
    head: Mapping[str, Any], entries: Sequence[KeptSubsegment], left_out: int, trouble: Trouble | None = None
) -> str:
    """The line, in ASCII and without its end. `left_out` subsegments are missing already.

    `head` are the fields before the segments. `trouble` makes faults of the innermost that are open.
    """
    tree = _Tree(entries, trouble)
    text = json.dumps(head, separators=(",", ":"), default=str)[:-1]
    room = MAX_LINE_BYTES - len(text) - _ROOM_OF_COUNTS
    left_out += tree.shrink(room)
    if left_out:
        text += f',"segments_left_out":{left_out}'
    segments = ",".join(tree.texts(entry) for entry in tree.outermost)
    text += f',"segments":[{segments}]}}'
    return without_lone_surrogates(text) if "\\ud" in text else text


class _Tree:
    """The subsegments of a ring as they are now, each with its text and those below it."""

    __slots__ = ("_above", "_below", "_innermost", "_texts", "_trouble", "outermost")

    def __init__(self, entries: Sequence[KeptSubsegment], trouble: Trouble | None) -> None:
        self.outermost: list[KeptSubsegment] = []
        self._below: dict[KeptSubsegment, list[KeptSubsegment]] = {entry: [] for entry in entries}
        self._above: dict[KeptSubsegment, list[KeptSubsegment]] = {}
        self._trouble = trouble
        depths: dict[KeptSubsegment, int] = {}
        for entry in self._below:
            above: Any = entry.parent
            while above is not None and (above not in self._below or depths.get(above, 0) >= MAX_NESTING):
                above = above.parent
            depths[entry] = depths.get(above, 0) + 1
            beside = self.outermost if above is None else self._below[above]
            beside.append(entry)
            self._above[entry] = beside
        has_open_below = {entry.parent for entry in self._below if entry.end_time is None}
        self._innermost = {
            entry for entry in self._below if entry.end_time is None and entry not in has_open_below
        }
        self._texts = {entry: self._text(entry) for entry in self._below}

    def texts(self, entry: KeptSubsegment) -> str:
        """A subsegment, with all that is inside it."""
        inside = ",".join(map(self.texts, self._below[entry]))
        return f'{self._texts[entry]},"subsegments":[{inside}]}}' if inside else self._texts[entry] + "}"

    def shrink(self, room: int) -> int:
        """Make it fit into so many bytes; returns how many subsegments have left for that."""
        size = sum(len(text) + _AROUND for text in self._texts.values())
        gone = 0
        if size > room:
            size, gone = self._let_go(size, room, only_well=True)
        for is_without_annotations in (False, True):
            if size > room:
                self._texts = {
                    entry: self._text(entry, _SHORT, has_annotations=not is_without_annotations)
                    for entry in self._texts
                }
                size = sum(len(text) + _AROUND for text in self._texts.values())
        if size > room:
            size, more = self._let_go(size, room, only_well=False)
            gone += more
        return gone

    def _let_go(self, size: int, room: int, *, only_well: bool) -> tuple[int, int]:
        """Let leave what has nothing below it, the oldest first, but the outermost."""
        gone = 0
        is_smaller = True
        while size > room and is_smaller:
            is_smaller = False
            for entry in list(self._texts):
                has_ended_well = entry.end_time is not None and not (
                    entry.fault or entry.error or entry.throttle
                )
                if self._below[entry] or entry is self.outermost[0] or (only_well and not has_ended_well):
                    continue
                size -= len(self._texts.pop(entry)) + _AROUND
                size += self._take_over(entry)
                self._above[entry].remove(entry)
                del self._below[entry]
                gone += 1
                is_smaller = True
                if size <= room:
                    break
        return size, gone

    def _take_over(self, entry: KeptSubsegment) -> int:
        """Describe at the outermost the exception that left it, if it was described at `entry`; returns the bytes."""
        outermost = self.outermost[0]
        taken = [each for each in described_at(entry) if each["id"] == outermost.cause]
        if not taken:
            return 0
        outermost.cause = taken
        before = len(self._texts[outermost])
        self._texts[outermost] = self._text(outermost, _SHORT, has_annotations=False)
        return len(self._texts[outermost]) - before

    def _text(self, entry: KeptSubsegment, most: int | None = None, *, has_annotations: bool = True) -> str:
        """A subsegment without its last brace. Of its texts, at most so many characters."""
        # The types are looked at because anybody may set attributes.
        name = entry.name if type(entry.name) is str else "unnamed"
        text = f'{{"id":"{entry.id}","name":{names.known.get(name) or names.quoted_name(name)}'
        end_time = entry.end_time
        text += f',"start_time":{_seconds(entry.start_time):.6f}'
        text += ',"in_progress":true' if end_time is None else f',"end_time":{_seconds(end_time):.6f}'
        if entry.namespace != "local" and type(entry.namespace) is str:
            text += f',"namespace":{quote(entry.namespace[:MAX_HTTP_TEXT])}'
        trouble = self._trouble if entry in self._innermost else None
        for flag in ("fault", "error", "throttle"):
            if getattr(entry, flag) or (flag == "fault" and trouble is not None):
                text += f',"{flag}":true'
        if type(entry.status) is int:
            text += f',"http":{{"response":{{"status":{entry.status}}}}}'
        cause: Any = entry.cause
        if trouble is not None:
            cause = [{"id": entry.id, "type": trouble.kind, "message": trouble.message}]
        if type(cause) is str:
            text += f',"cause":{quote(cause[:16])}'
        elif type(cause) is list:
            shown = [
                {key: any_value.plain(value, redact=True)[:most] for key, value in exception.items()}
                for exception in cause
            ]
            text += f',"cause":{{"exceptions":{json.dumps(shown, separators=(",", ":"))}}}'
        if has_annotations and entry.given_annotations:
            text += annotations_text(_shown(entry.given_annotations, most))[0]
        if entry.parent is None:
            invocation = entry.invocation
            if is_trace_id(invocation.trace_id) and is_id(invocation.parent_id):
                text += f',"type":"subsegment","trace_id":"{invocation.trace_id}"'
                text += f',"parent_id":"{invocation.parent_id}"'
        return text


def _seconds(time: object) -> float:
    return time if type(time) in (float, int) else 0.0  # type: ignore[return-value]


def _shown(annotations: Mapping[str, Any], most: int | None) -> dict[str, Any]:
    """Annotations without secrets: values of secret names, and texts that hold some."""
    shown = {}
    for key, value in list(annotations.items()):
        if redaction.is_secret(key):
            value = redaction.REDACTED
        elif type(value) is str:
            value = any_value.plain(value, redact=True)[:most]
        shown[key] = value
    return shown
