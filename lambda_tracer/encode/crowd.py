"""A survey's look at many values at once: what `json_text` finds out one by one, by a few operations of C code.

It knows what nearly all values are made of, under names that are known to be harmless. Of any others it tells nothing,
and they are looked at one by one.
"""

from __future__ import annotations

import gc
from itertools import chain
from json.encoder import encode_basestring_ascii as quote

from .redaction import NAME_PLACES
from .scalars import COSTS, WITH_TIME_ZONE, has_known_offset, known, met

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Told = tuple[int, list[float], list[Any]]
    Seen = tuple[int, int, int, int, list[float], list[Any], set[str]]

LEAST, MOST = -(1 << 64), 1 << 64
"""An int between these is short in decimals; the same as in `json_text`."""

_MUCH = 20
"""Characters of a text that is measured exactly where it has letters beyond ASCII, as in `json_text`."""

_SMALL_DECIMAL = 128
"""Bytes of a Decimal that has no more digits than most."""


class _Key(str):
    __slots__ = ()


_ARE_KEYS_SHOWN = len(gc.get_referents({_Key("a"): None}, {"a": None})) == 3
"""Whether a dict shows the garbage collector its keys where any of them was ever something else than a plain str, and
only there, as CPython's does."""


def have_plain_keys(dicts: list[dict[Any, Any]], count: int) -> bool:
    """Whether all keys of some dicts, which are so many, are plain strs; of some that are, it says that they are not.

    Of such a dict nothing can be asked that would run a key's own code.
    """
    return _ARE_KEYS_SHOWN and len(gc.get_referents(*dicts)) == count


def look(items: list[Any], harmless: set[str], room: int, most: int, is_captured: bool) -> Seen | None:
    """What a survey needs of lists, dicts, tuples and the scalars that JSON lacks.

    How many of them have members, what the others cost, the number of all members and the bytes of all at least; the
    floats among the members and those that are no scalars; the texts that stand where a name may. None where there is
    something else, a name that is not `harmless`, more members than `most` or more bytes than the `room`.
    """
    dicts = [item for item in items if type(item) is dict]
    if dicts:
        count = sum(map(len, dicts))
        size = len(dicts) + 5 * count
        if size > room or count > most or not have_plain_keys(dicts, count):
            return None
        if not harmless.issuperset(chain.from_iterable(dicts)):
            return None
    else:
        count = size = 0
    if len(dicts) == len(items):
        told = told_of([*chain.from_iterable(map(dict.values, dicts))], room - size)
        return told and (len(items), 0, count, size + told[0], told[1], told[2], set())
    lists = [item for item in items if type(item) is list or type(item) is tuple]
    holders = items
    costs = 0
    if len(dicts) + len(lists) < len(items):
        kinds = [(type(item), item) for item in items]
        holders = [item for kind, item in kinds if kind is dict or kind is list or kind is tuple]
        told_of_known = known_ones(
            [item for kind, item in kinds if not (kind is dict or kind is list or kind is tuple)]
        )
        if told_of_known is None:
            return None
        costs = told_of_known[0]
        size += told_of_known[1]
    in_lists = sum(map(len, lists))
    count += in_lists
    size += len(lists) + 2 * in_lists
    if size > room or count > most:
        return None
    names: set[str] = set()
    if is_captured:
        for place in NAME_PLACES:
            firsts = [item[place] for item in lists if len(item) > place + 1]
            names.update([name for name in firsts if type(name) is str and name not in harmless])
    parts = [item.values() if type(item) is dict else item for item in holders] if dicts else lists
    told = told_of([*chain.from_iterable(parts)], room - size)
    return told and (len(holders), costs, count, size + told[0], told[1], told[2], names)


def told_of(members: list[Any], room: int) -> Told | None:
    """What a survey needs of members: the bytes of texts, the floats, and those that are no scalars.

    None where the texts have not the `room`, or an int is large.
    """
    if not members:
        return 0, [], []
    kind = type(members[0])
    if len([member for member in members if type(member) is kind]) < len(members):
        return _told_of_kinds(members, room)
    if kind is str:
        size = len(members) + sum(map(len, members))
        if size > room:
            return None
        if not "".join(members).isascii():
            for text in members:
                if len(text) > _MUCH and not text.isascii():
                    size += len(quote(text)) - 2 - len(text)
                    if size > room:
                        return None
        return size, [], []
    if kind is float:
        return 0, members, []
    if kind is int:
        return (0, [], []) if min(members) > LEAST and max(members) < MOST else None
    return 0, [], [] if kind is bool or members[0] is None else members


def _told_of_kinds(members: list[Any], room: int) -> Told | None:
    size = 0
    floats: list[float] = []
    others: list[Any] = []
    for member in members:
        kind = type(member)
        if kind is str:
            length = len(member)
            size += length + 1
            if length > _MUCH:
                if size > room:
                    return None
                if not member.isascii():
                    size += len(quote(member)) - 2 - length
        elif kind is int:
            if not LEAST < member < MOST:
                return None
        elif kind is float:
            floats.append(member)
        elif kind is not bool and member is not None:
            others.append(member)
    return None if size > room else (size, floats, others)


def known_ones(items: list[Any]) -> tuple[int, int] | None:
    """What scalars that JSON lacks cost together, and their bytes at least; None where there are others among them."""
    costs, size, left = 0, 2 * len(items), items
    while left:
        kind = type(left[0])
        entry = known.get(id(kind)) or met(kind)
        if entry is None:
            return None
        those = [item for item in left if type(item) is kind]
        left = [item for item in left if type(item) is not kind] if len(those) < len(left) else []
        costs += COSTS.get(entry[2], 1) * len(those)
        if entry[2] == "<decimal.Decimal>":
            size += 2 * sum([max(0, item.__sizeof__() - _SMALL_DECIMAL) for item in those])
        elif entry[2] in WITH_TIME_ZONE:
            zones = {id(item.tzinfo): item.tzinfo for item in those}
            if not all(map(has_known_offset, zones.values())):
                return None
    return costs, size
