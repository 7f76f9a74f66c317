"""A label: the name of a subsegment and what stands beside it, as far as there is room.

What went wrong and the status are never what is cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from lambda_tracer.local.receive.documents import mapping
from lambda_tracer.local.receive.trace import Node
from lambda_tracer.local.show.line import clean

RED, YELLOW, DIM = "bold red", "yellow", "dim"

NOTE_CHARACTERS = 200
"""Of one note: a key of S3 or a route may be long."""

_GAP = 2

_RESOURCES = (
    *("table_name", "topic_arn", "target_arn", "function_name", "state_machine_arn", "event_bus_name"),
    *("stream_name", "delivery_stream_name", "model_id", "secret_id", "queue_name", "name", "rule"),
)
"""What a call to AWS may be about, in our and the X-Ray SDK's names, the most telling first."""


@dataclass(frozen=True)
class Note:
    """What stands beside a name. `is_kept`: something else is cut in its place. `joins` it to the one before it."""

    text: str
    style: str = ""
    is_kept: bool = False
    joins: bool = False

    @property
    def gap(self) -> int:
        """Cells between it and what is before it."""
        return 1 if self.joins else _GAP


def label(node: Node, style: str, arrow: str) -> tuple[Text, list[Note]]:
    """The name of a subsegment, and its notes in order."""
    return Text(clean(node.name), style=style), list(_notes(node, arrow))


def width(name: Text, notes: list[Note]) -> int:
    """The cells that all of it takes."""
    return name.cell_len + sum(note.gap + cell_len(note.text) for note in notes)


def fitted(name: Text, notes: list[Note], room: int, ellipsis: str) -> Text:
    """As much of it as `room` holds: of what is not kept the last is cut first, then the name."""
    kept = sum(note.gap + cell_len(note.text) for note in notes if note.is_kept)
    for_name = room - kept
    text = name.copy()
    if text.cell_len > for_name:
        text.truncate(max(0, for_name - cell_len(ellipsis)), overflow="crop")
        text.append(ellipsis[: max(0, for_name)], style=DIM)
    rest = for_name - text.cell_len
    is_full = False
    for note in notes:
        if note.is_kept:
            text.append(" " * note.gap).append(note.text, style=note.style)
            continue
        size = cell_len(note.text)
        if is_full or note.gap + size <= rest:
            if not is_full:
                rest -= note.gap + size
                text.append(" " * note.gap).append(note.text, style=note.style)
            continue
        is_full = True
        cut = rest - note.gap - cell_len(ellipsis)
        if cut > 0:
            text.append(" " * note.gap).append(set_cell_size(note.text, cut).rstrip(), style=note.style)
            text.append(ellipsis, style=DIM)
    return text


def route_of(node: Node) -> str:
    """The route of the HTTP request that a handler answers; empty where it is not known."""
    route = mapping(node.document.get("annotations")).get("Route")
    is_request = mapping(node.document.get("http")) and isinstance(route, str)
    return clean(route) if is_request and isinstance(route, str) else ""


def _notes(node: Node, arrow: str) -> Iterator[Note]:
    document = node.document
    if node.is_in_progress and document.get("end_time") is None:
        yield Note("in progress", YELLOW, is_kept=True)
    if node.time_problem:
        yield Note(node.time_problem, YELLOW, is_kept=True)
    for flag, style in (("fault", RED), ("throttle", YELLOW), ("error", YELLOW)):
        # A throttled call is an error as well: one word says it.
        if document.get(flag) and not (flag == "error" and document.get("throttle")):
            yield Note(flag, style, is_kept=True)
    if isinstance(document.get("origin"), str):
        yield _short(document["origin"], DIM)
    aws = mapping(document.get("aws"))
    if aws.get("operation"):
        yield _short(aws["operation"], "cyan")
        resource = _resource(aws)
        if resource:
            yield Note(resource, "cyan")
    yield from _exchange(node, arrow)
    database = mapping(document.get("sql")).get("database_type")
    if database and database != document.get("name"):
        yield _short(database, "cyan")
    if node.is_orphan:
        yield _short(f"(its parent {clean(node.parent_id)} was not received)", YELLOW)


def _exchange(node: Node, arrow: str) -> Iterator[Note]:
    """`GET /items/{id} -> 404`, `GET 404`, or what is known of that."""
    http = mapping(node.document.get("http"))
    method, status = mapping(http.get("request")).get("method"), mapping(http.get("response")).get("status")
    style = _status_style(status)
    route = route_of(node)
    if route:
        yield Note(route[:NOTE_CHARACTERS], style)
        if status is not None:
            yield Note(f"{arrow} {clean(status)[:20]}", style, is_kept=True, joins=True)
        return
    if method is not None:
        yield Note(clean(method)[:20], style, is_kept=status is not None)
    if status is not None:
        yield Note(clean(status)[:20], style, is_kept=True, joins=method is not None)


def _resource(aws: dict[str, object]) -> str:
    """The name of the table, bucket and key, queue, topic, function or model that a call is about; empty if unknown."""
    bucket = aws.get("bucket_name")
    if isinstance(bucket, str):
        key = aws.get("key")
        return clean(f"{bucket}/{key}" if isinstance(key, str) else bucket)[:NOTE_CHARACTERS]
    queue = aws.get("queue_url")
    if isinstance(queue, str):
        return clean(queue.rpartition("/")[2])[:NOTE_CHARACTERS]
    for key in _RESOURCES:
        value = aws.get(key)
        if isinstance(value, str) and value:
            # Of an ARN, what follows the account; of a function's, without `function:`.
            short = value.split(":", 5)[5] if value.startswith("arn:") and value.count(":") >= 5 else value
            short = short.removeprefix("function:").removeprefix("stateMachine:").removeprefix("table/")
            return clean(short)[:NOTE_CHARACTERS]
    tables = aws.get("table_names")
    if isinstance(tables, list) and tables and isinstance(tables[0], str):
        return clean(tables[0] if len(tables) == 1 else f"{tables[0]} and {len(tables) - 1} more")[
            :NOTE_CHARACTERS
        ]
    return ""


def _short(value: object, style: str) -> Note:
    return Note(clean(value)[:NOTE_CHARACTERS], style)


def _status_style(status: object) -> str:
    if not isinstance(status, int) or status < 400:
        return "green"
    return YELLOW if status < 500 else RED
