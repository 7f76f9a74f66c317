"""A table -> JSON: a list of dicts that have the same keys and hold scalars alone, as most large responses are.

It is surveyed and encoded column by column, each by a few operations of C code, in half the time that row by row takes.
Whatever is not quite like that (another type, a key that is missing, a number that JSON lacks) is left to the others.
"""

from __future__ import annotations

import gc
import itertools
import math
from json.encoder import encode_basestring_ascii as quote
from operator import itemgetter

from ..guard import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MIN_ROWS = 8
"""Fewer are not worth it."""

MAX_ROWS = 1_400
MAX_COLUMNS = 50
MAX_CELLS = 10_000

_LEAST, _MOST = -(1 << 64), 1 << 64
_SHORT = 500
_MAX_REMEMBERED = 200
_MAX_FORMAT = 2_000

_formats: dict[
    tuple[str, ...], tuple[Any, str]
] = {}  # by columns: what takes a row apart, and puts it together


def text_of(value: Any, harmless: set[str], room: int) -> str | None:
    """The JSON text of a table, or of a dict that holds some beside scalars; None where that is not what it is.

    `harmless`: names that are known to mark no secrets, as all keys have to be. `room`: the characters that texts may
    have together.
    """
    if type(value) is list:
        return _table(value, harmless, room)
    parts = []
    for key, item in value.items():
        kind = type(item)
        if kind is list:
            text = _table(item, harmless, room)
            if text is None:
                return None
        elif kind is str and len(item) <= _SHORT:
            text = quote(item)
        elif kind is int and _LEAST < item < _MOST:
            text = str(item)
        elif kind is bool or item is None:
            text = _word(item)
        else:
            return None
        room -= len(text)
        parts.append(f"{quote(key)}:{text}")
        if room < 0:
            return None
    return f"{{{','.join(parts)}}}"


def _table(value: list[Any], harmless: set[str], room: int) -> str | None:
    most = room
    rows = value[:MAX_ROWS]
    count = len(rows)
    if count < MIN_ROWS or len(value) > count or type(rows[0]) is not dict:
        return None
    width = len(rows[0])
    if not 1 < width <= MAX_COLUMNS or count * width > MAX_CELLS:
        return None
    if len([row for row in rows if type(row) is dict and len(row) == width]) < count:
        return None
    # A dict shows its keys to the garbage collector where any of them was ever something else than a plain str. Of a
    # dict that has none such, nothing can be asked that would run a key's own code.
    if len(gc.get_referents(*rows)) != count * width:
        return None
    names = tuple(rows[0])
    if (
        len([name for name in names if type(name) is str]) < width
    ):  # as has just been told, by this Python's ways
        return None
    row_of, form = _formats.get(names) or _format(names)
    if not harmless.issuperset(names):
        return None
    try:
        columns: list[Any] = list(zip(*map(row_of, rows)))  # noqa: B905  # all of one length
    except KeyError as error:  # another row has other keys
        pass_on(error)
        return None
    for number, column in enumerate(columns):
        kind = type(column[0])
        if kind is int:
            is_plain = len([cell for cell in column if type(cell) is int and _LEAST < cell < _MOST]) == count
        elif kind is float:  # no NaN and no infinity, which JSON lacks
            is_plain = len([cell for cell in column if type(cell) is float]) == count and math.isfinite(
                sum(column)
            )
        else:
            is_plain = False
        if is_plain:  # `%s` writes it as JSON does
            continue
        if kind is str and len([cell for cell in column if type(cell) is str]) == count:
            room -= sum(map(len, column))
            if room < 0:
                return None
            columns[number] = map(quote, column)
        else:
            mixed = _mixed(column, room)
            if mixed is None:
                return None
            room -= sum(map(len, mixed))
            columns[number] = mixed
    cells = itertools.chain.from_iterable(zip(*columns))  # noqa: B905
    text = f"[{','.join([form] * count) % tuple(cells)}]"
    return text if len(text) <= most else None


def _mixed(column: Iterable[Any], room: int) -> list[str] | None:
    """The cells of a column that holds scalars of several kinds, in JSON; None if it holds others."""
    cells = []
    for cell in column:
        kind = type(cell)
        if kind is str:
            room -= len(cell)
            if room < 0:
                return None
            cells.append(quote(cell))
        elif kind is int and _LEAST < cell < _MOST:
            cells.append(str(cell))
        elif kind is float and cell - cell == 0:
            cells.append(repr(cell))
        elif kind is bool or cell is None:
            cells.append(_word(cell))
        else:
            return None
    return cells


def _word(value: bool | None) -> str:
    return "null" if value is None else "true" if value else "false"


def _format(names: tuple[str, ...]) -> tuple[Any, str]:
    form = "{" + ",".join([f"{quote(name).replace('%', '%%')}:%s" for name in names]) + "}"
    made = itemgetter(*names), form
    if (
        len(_formats) < _MAX_REMEMBERED and len(form) < _MAX_FORMAT
    ):  # names made of data must not fill the memory
        _formats[names] = made
    return made
