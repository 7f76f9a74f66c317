"""Draws a trace: a tree on the left, durations, and bars on one time axis; what was noted below each line.

Every line is cut to the width of the console, never wrapped, whatever names are in it. Nothing from a
document reaches the terminal as a control character. Times that are none are said, and have no bar. Colour is
an addition: what it says is also said in words, for pipes and NO_COLOR.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from lambda_tracer.local.receive.documents import mapping
from lambda_tracer.local.receive.trace import Node, every_node
from lambda_tracer.local.show.failure_place import FailurePlaces
from lambda_tracer.local.show.label import DIM, RED, YELLOW, fitted, label, route_of, width
from lambda_tracer.local.show.line import clean, duration_text, print_line
from lambda_tracer.local.show.rows import Row, exceptions, exceptions_told_below, is_remarkable, rows

MIN_WIDTH = 30
"""What is narrower gets the left part of lines that are this wide."""

DETAIL_LINES_SHOWN = 3
"""Of one exception, URL, SQL text or set of annotations."""

DETAILS_SHOWN = 100
"""Of one subsegment."""

ROWS_SHOWN = 1_000
"""Of one trace: more is not read, but kept by `--json`."""

_GAP = "   "
_DURATION_WIDTH = 11

FULL_WIDTH = 80
"""Columns from which on the bars get what the names leave."""

_OF_EVERY_HANDLER = ("ColdStart", "Service", "TenantId", "Trigger", "Source", "BatchSize")
"""Annotations that are shown after those of the user's own."""


@dataclass(frozen=True)
class _Axis:
    """What the bars are measured against; epoch seconds."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return max(self.end - self.start, 1e-6)


@dataclass(frozen=True)
class _Glyphs:
    tee: str
    last: str
    pipe: str
    full: str
    thin: str
    open_end: str
    several: str
    eighths: str
    ellipsis: str
    arrow: str


_UNICODE = _Glyphs("├─ ", "└─ ", "│  ", "█", "▏", "┄", "░", "▏▎▍▌▋▊▉", "…", "→")
_ASCII = _Glyphs("|- ", "`- ", "|  ", "#", "|", "-", ".", "", "...", "->")


class Waterfall:
    """Draws on `console`. `metadata` adds what is in the subsegments' metadata, a line a key."""

    def __init__(self, console: Console, metadata: bool = False) -> None:
        self._console = console
        self._metadata = metadata
        self._glyphs = _UNICODE if console.encoding.startswith("utf") else _ASCII
        self._places = FailurePlaces()
        self._width = columns = max(console.width, MIN_WIDTH)
        self._bar_width = max(10, min(60, columns // 3))
        self._name_width = self._most_for_names = max(12, columns - self._bar_width - _DURATION_WIDTH - 1)

    def draw(self, roots: list[Node], ended_at: float | None = None) -> None:
        """Draw the trees; `ended_at` (epoch seconds) is where bars in progress end, by default the latest
        time known."""
        axis = _axis(roots, ended_at)
        told_below = exceptions_told_below(roots)
        self._share_columns(roots)
        self._draw_scale(axis)
        for number, row in enumerate(rows(roots)):
            if number == ROWS_SHOWN:
                count = sum(1 for _ in every_node(roots))
                text = f"{self._glyphs.ellipsis} and so on: {count:,} segments and subsegments in all"
                print_line(self._console, Text(text, style=YELLOW))
                return
            if row.hidden:
                self._draw_hidden(row, axis)
            else:
                self._draw_node(row, axis, told_below)

    def _share_columns(self, roots: list[Node]) -> None:
        """Give the names the columns that they need, within what they may have, and the bars the others."""
        self._name_width = self._most_for_names
        if self._width > FULL_WIDTH:
            least = FULL_WIDTH - FULL_WIDTH // 3 - _DURATION_WIDTH - 1
            needed = (self._needed(row) for row in islice(rows(roots), ROWS_SHOWN))
            self._name_width = min(self._most_for_names, max(least, *needed, least))
        self._bar_width = self._width - self._name_width - _DURATION_WIDTH - 1

    def _needed(self, row: Row) -> int:
        guides = cell_len(self._guides(row, self._glyphs.tee if row.lines else ""))
        return guides + (0 if row.hidden else width(*label(row.node, "", self._glyphs.arrow)))

    def _draw_scale(self, axis: _Axis) -> None:
        left, right = "0", duration_text(axis.length)
        gap = " " * max(1, self._bar_width - len(left) - len(right))
        print_line(
            self._console,
            Text(" " * (self._name_width + _DURATION_WIDTH + 1) + left + gap + right, style=DIM),
        )

    def _draw_node(self, row: Row, axis: _Axis, told_below: set[int]) -> None:
        node = row.node
        style = _style(node)
        end = node.end if node.end is not None else axis.end
        start = node.start
        time_text = "" if start is None else (">" if node.is_in_progress else "") + duration_text(end - start)
        guides = self._guides(row, self._branch(row))
        name, notes = label(node, style, self._glyphs.arrow)
        room = self._name_width - cell_len(guides)
        line = self._name_column(guides, fitted(name, notes, room, self._glyphs.ellipsis))
        line.append(time_text.rjust(_DURATION_WIDTH) + " ", style=style)
        if start is not None:
            filling = self._glyphs.open_end if node.is_in_progress else ""
            line.append(self._bar(start, end, axis, filling), style=style or "cyan")
        print_line(self._console, line)
        prefix = self._guides(row, self._glyphs.pipe if node.children else _GAP)
        room = self._width - cell_len(prefix)
        for detail in islice(self._details(node, id(node) in told_below), DETAILS_SHOWN):
            for part in self._wrapped(detail, room):
                print_line(self._console, Text().append(prefix, style=DIM).append_text(part))

    def _wrapped(self, detail: Text, room: int) -> list[Text]:
        detail.truncate(DETAIL_LINES_SHOWN * room + 1, overflow="crop")
        lines = list(detail.wrap(self._console, room))
        if len(lines) > DETAIL_LINES_SHOWN:
            lines = lines[:DETAIL_LINES_SHOWN]
            lines[-1].truncate(room - cell_len(self._glyphs.ellipsis), overflow="crop")
            lines[-1].append(self._glyphs.ellipsis)
        return lines

    def _draw_hidden(self, row: Row, axis: _Axis) -> None:
        nodes = row.hidden
        starts = [node.start for node in nodes if node.start is not None]
        ends = [node.end if node.end is not None else axis.end for node in nodes if node.start is not None]
        name = f" {clean(row.hidden_name)}" if row.hidden_name else " subsegments"
        text = Text(f"{self._glyphs.ellipsis} {len(nodes):,} more{name}", style="italic")
        below = sum(1 for _ in every_node(nodes)) - len(nodes)
        if below:
            text.append(f"  (+ {below:,} below)", style=DIM)
        faults = sum(bool(node.document.get("fault")) for node in nodes)
        if faults:
            text.append(f"  {faults:,} faults", style=RED)
        line = self._name_column(self._guides(row, self._branch(row)), text)
        total = sum(end - start for start, end in zip(starts, ends, strict=True))
        line.append((duration_text(total) if starts else "").rjust(_DURATION_WIDTH) + " ", style="italic")
        if starts:
            line.append(self._bar(min(starts), max(ends), axis, self._glyphs.several), style=DIM)
        print_line(self._console, line)

    def _branch(self, row: Row) -> str:
        if not row.lines:
            return ""
        return self._glyphs.last if row.is_last else self._glyphs.tee

    def _name_column(self, guides: str, text: Text) -> Text:
        # Appended, for a style of the whole would be that of the name, too.
        column = Text().append(guides, style=DIM)
        column.append_text(text)
        if column.cell_len > self._name_width:
            kept = self._name_width - cell_len(self._glyphs.ellipsis)
            column.truncate(kept, overflow="crop")
            column.append(self._glyphs.ellipsis, style=DIM)
        column.append(" " * (self._name_width - column.cell_len))
        return column

    def _guides(self, row: Row, last_piece: str) -> str:
        """The lines of the tree left of a row; where deep nesting leaves no room for names, the nearest of
        them."""
        above = row.lines if last_piece not in (self._glyphs.tee, self._glyphs.last) else row.lines[:-1]
        pieces = [self._glyphs.pipe if runs_on else _GAP for runs_on in above]
        if last_piece:
            pieces.append(last_piece)
        room = self._most_for_names // 2
        if row.depth * len(_GAP) <= room:
            return "".join(pieces)
        mark = f"{self._glyphs.ellipsis}{row.depth} ".ljust(3 * len(_GAP))
        return mark + "".join(pieces[-((room - len(mark)) // len(_GAP)) :])

    def _bar(self, start: float, end: float, axis: _Axis, filling: str = "") -> str:
        width, glyphs = self._bar_width, self._glyphs
        first = min(max(start - axis.start, 0.0) / axis.length * width, width - 0.125)
        # Not before its own start, wherever a document says that it ended.
        last = min(max(max(start, end) - axis.start, 0.0) / axis.length * width, float(width))
        last = max(first, last)
        offset, cells = int(first), last - int(first)
        if filling:
            return " " * offset + filling * max(1, round(cells))
        full = int(cells)
        eighth = int((cells - full) * 8)
        tail = glyphs.eighths[eighth - 1] if eighth and glyphs.eighths else ""
        return " " * offset + (glyphs.full * full + tail or glyphs.thin)

    def _details(self, node: Node, is_told_below: bool) -> Iterator[Text]:
        document = node.document
        if not is_told_below:
            for error_type, message, place in exceptions(node, self._places):
                text = f"{error_type}: {message}" if message else error_type
                yield Text(text, style=_style(node) or RED).append(f"  {place}" if place else "", style=DIM)
        request = mapping(mapping(document.get("http")).get("request"))
        if request.get("url"):
            yield Text(clean(request["url"]), style=DIM)
        sql = mapping(document.get("sql"))
        if sql.get("sanitized_query") or sql.get("url"):
            # In no colour: of the sixteen there is none that is readable on dark and on light in every terminal.
            yield Text(clean(sql.get("sanitized_query") or sql["url"]))
        annotations = mapping(document.get("annotations"))
        if annotations:
            told = {"Route"} if route_of(node) else set()
            own = [key for key in annotations if key not in told and key not in _OF_EVERY_HANDLER]
            keys = own + [key for key in _OF_EVERY_HANDLER if key in annotations]
            pairs = (f"{clean(key)}={clean(annotations[key])}" for key in keys)
            if keys:
                yield Text("  ".join(islice(pairs, DETAILS_SHOWN)), style="magenta")
        unsampled = mapping(mapping(document.get("metadata")).get("lambda_tracer")).get("records_not_sampled")
        if unsampled is not None:
            yield Text(f"records left out, not sampled by their senders: {clean(unsampled)}", style=YELLOW)
        if self._metadata:
            for namespace, values in mapping(document.get("metadata")).items():
                for key, value in mapping(values).items():
                    where = f"{clean(namespace)}." if namespace else ""
                    yield Text(f"{where}{clean(key)}: {clean(value)}", style=DIM)


def _axis(roots: list[Node], ended_at: float | None) -> _Axis:
    nodes = list(every_node(roots))
    starts = [node.start for node in nodes if node.start is not None]
    ends = [time for node in nodes for time in (node.start, node.end) if time is not None]
    if ended_at is not None:
        ends.append(ended_at)
    if not starts:
        return _Axis(0.0, 0.0)
    return _Axis(min(starts), max(ends))


def _style(node: Node) -> str:
    document = node.document
    if document.get("fault"):
        return RED
    return YELLOW if is_remarkable(node) else ""
