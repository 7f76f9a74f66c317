"""What one side showed -> a form in which both sides can be compared: no random ids, no times, no packing.

Every subsegment becomes an entry of `subsegments`, whether it came as a document of its own or inside its
parent's, under a key made of its name. Ids are replaced by what they belong to, times by whether they make
sense.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.documents import Document, flatten
from tests.parity.lab import FIRST_PARENT, PARENT

ABSENT = "<absent>"
"""Stands for a field that one side does not have."""

_ID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{16}(?![0-9a-f])")
_NOT_IN_KEYS = re.compile(r"[^\w .:/%&#=+@-]")
_GIVEN_PARENT = (PARENT % FIRST_PARENT)[:8]


class Leaf(NamedTuple):
    """A place where two observations differ."""

    path: tuple[str, ...]
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        return f"{' / '.join(self.path)}\n      theirs: {self.theirs!r}\n      ours:   {self.ours!r}"


def normal(observed: dict[str, Any]) -> dict[str, Any]:
    """The comparable form of what one scenario showed on one side."""
    flat = [part for document in observed["documents"] for part in flatten(document)]
    latest = {part["id"]: part for part in flat}  # one that came in progress first is replaced by its end
    ordered = sorted(latest.values(), key=lambda part: part["start_time"])
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for part in ordered:
        name = _NOT_IN_KEYS.sub("", str(part.get("name", "")))[:80] or "unnamed"
        counts[name] = counts.get(name, 0) + 1
        names[part["id"]] = name if counts[name] == 1 else f"{name} ({counts[name]})"
    ids = {id_: f"<id of {name}>" for id_, name in names.items()}
    for part in ordered:
        cause = part.get("cause")
        if isinstance(cause, dict):
            for number, exception in enumerate(cause["exceptions"], 1):
                ids[exception["id"]] = f"<exception {number} of {names[part['id']]}>"
    return {
        "notes": _without_ids(observed["notes"], ids),
        "datagrams": len(observed["documents"]),
        "subsegments": {names[part["id"]]: _subsegment(part, ids) for part in ordered},
    }


def leaves(theirs: Any, ours: Any, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Every place where the two differ. True and 1 differ, and so do 1 and 1.0; the order of a list counts."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in {**theirs, **ours}:
            yield from leaves(theirs.get(key, ABSENT), ours.get(key, ABSENT), (*path, key))
    elif (
        isinstance(theirs, list)
        and isinstance(ours, list)
        and len(theirs) == len(ours)
        and "stack" not in path
    ):
        for index, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from leaves(their, our, (*path, str(index)))
    elif repr(theirs) != repr(ours):  # NaN equals NaN here
        yield Leaf(path, theirs, ours)


def _subsegment(part: Document, ids: dict[str, str]) -> dict[str, Any]:
    times = ("start_time", "end_time")
    # An embedded subsegment says neither its type nor whose it is; `flatten` has added the latter.
    shown = {"type": "subsegment", **{key: value for key, value in part.items() if key not in ("id", *times)}}
    for key in times:
        if key in part:
            shown[key] = "a time" if isinstance(part[key], float) and part[key] > 1.6e9 else part[key]
    if "end_time" in part and part["end_time"] < part["start_time"]:
        shown["end_time"] = "before its start"
    normalised: dict[str, Any] = _without_ids(shown, ids)
    return normalised


def _without_ids(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {_without_ids(key, ids): _without_ids(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_ids(item, ids) for item in value]
    if isinstance(value, str):
        return _ID.sub(lambda match: _meaning(match[0], ids), value)
    return value


def _meaning(id_: str, ids: dict[str, str]) -> str:
    if id_ in ids:
        return ids[id_]
    if id_.startswith(_GIVEN_PARENT):
        return f"<segment {int(id_[8:], 16)}>"
    return "<zeros>" if not id_.strip("0") else "<an id of nothing that was sent>"
