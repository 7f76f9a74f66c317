"""A table -> JSON: a list of dicts that have the same keys and hold scalars alone, as most large responses are.

It is surveyed and encoded column by column, each by a few operations of C code, in a third of the time that row by row
takes. A column whose cells are all alike is a part of the form that the rows have in common.
Whatever is not quite like that (another type, a key that is missing, a number that JSON lacks) is left to the others.
"""

from __future__ import annotations

import math
from json.encoder import encode_basestring_ascii as quote

from ..guard import pass_on
from .crowd import LEAST, MOST, have_plain_keys, known_ones

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MIN_ROWS = 8
"""Fewer are not worth it."""

MAX_ROWS = 1_400
MAX_COLUMNS = 50
MAX_CELLS = 10_000
MAX_KNOWN = 2_000

_MOST_OF_ALL = 1e21
"""More than the hypotenuse of as many numbers as a table may have rows, where none is beyond `MOST`."""

_SHORT = 500
_MAX_REMEMBERED = 200
_MAX_FORMAT = 2_000

_MAX_SAME = 0.75
"""The part of a column's floats that are different, at most, where each is written once: finding its digits is long."""

_SAMPLE = 32
"""Floats that tell whether they come again."""

_heads: dict[tuple[str, ...], list[str]] = {}
"""What stands before the cells of a row, by its columns, as a form for `%`."""


def text_of(value: Any, harmless: set[str], room: int) -> str | None:
    """The JSON text of a table, or of a dict that holds some beside scalars; None where that is not what it is.

    `harmless`: names that are known to mark no secrets, as all keys have to be. `room`: the characters that texts may
    have together.
    """
    if type(value) is list:
        return _table(value, harmless, room)
    parts = []
    for key, item in value.items():
        if type(key) is not str or key not in harmless:
            return None
        kind = type(item)
        if kind is list:
            text = _table(item, harmless, room)
            if text is None:
                return None
        elif kind is str and len(item) <= _SHORT:
            text = quote(item)
        elif kind is int and LEAST < item < MOST:
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
    for row in rows:
        if type(row) is not dict or len(row) != width:
            return None
    if not have_plain_keys(rows, count * width):
        return None
    names = tuple(rows[0])
    heads = _heads.get(names) or _heads_of(names)
    if not harmless.issuperset(names):
        return None
    form = ""
    costs = 0
    columns: list[list[Any]] = []
    for name, head in zip(names, heads):  # noqa: B905  # of one length
        try:
            column: list[Any] = [row[name] for row in rows]
        except KeyError as error:  # another row has other keys
            pass_on(error)
            return None
        first = column[0]
        kind = type(first)
        for cell in column:
            if type(cell) is not kind:
                kind = object
                break
        if kind is str:
            room -= sum(map(len, column))
            if room < 0:
                return None
            if first == column[-1] and column.count(first) == count:
                form += head + quote(first).replace("%", "%%")
                continue
            text = "\n".join(column)
            # Where nothing is escaped but the line breaks between them, they stand as they are.
            if len(quote(text)) == len(text) + count + 1:
                form += f'{head}"%s"'
            else:
                form += f"{head}%s"
                column = [*map(quote, column)]
        elif kind is int and _are_short(column):  # `%s` writes it as JSON does
            form += f"{head}%s"
        elif kind is float and math.isfinite(sum(column)):  # no NaN and no infinity, which JSON lacks
            if first and first == column[-1] and column.count(first) == count:
                form += f"{head}{first}"
                continue
            form += f"{head}%s"
            column = _written(column)
        else:
            texts = _mixed(column, room)
            if texts is None:
                texts, cost = _known(column, room, MAX_KNOWN - costs) if kind is not object else (None, 0)
                costs += cost
            if texts is None:
                return None
            room -= sum(map(len, texts))
            form += f"{head}%s"
            column = texts
        columns.append(column)
    cells: list[Any] = [None] * (count * len(columns))
    for number, column in enumerate(columns):
        cells[number :: len(columns)] = column
    text = f"[{((form + '},') * count)[:-1] % tuple(cells)}]"
    return text if len(text) <= most else None


def _are_short(column: list[int]) -> bool:
    """Whether no int of a column is much larger than the largest that are written here."""
    try:
        return math.hypot(*column) < _MOST_OF_ALL
    except OverflowError as error:  # one is larger than any float
        pass_on(error)
        return False


def _written(column: list[float]) -> list[Any]:
    """The texts of floats of which some come again; the floats themselves where there would be no gain."""
    if len(column) > _SAMPLE and len({*column[:_SAMPLE]}) > _MAX_SAME * _SAMPLE:
        return column
    distinct = {*column}
    if len(distinct) > _MAX_SAME * len(column):
        return column
    if 0.0 in distinct and [cell for cell in column if not cell and math.copysign(1, cell) < 0]:
        return column  # both zeros are equal, but not written alike
    texts = {cell: repr(cell) for cell in distinct}
    return [texts[cell] for cell in column]


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
        elif kind is int and LEAST < cell < MOST:
            cells.append(str(cell))
        elif kind is float and cell - cell == 0:
            cells.append(repr(cell))
        elif kind is bool or cell is None:
            cells.append(_word(cell))
        else:
            return None
    return cells


def _known(column: list[Any], room: int, most: int) -> tuple[list[str] | None, int]:
    """The cells of a column of scalars that JSON lacks, as JSON, and what they cost; None if it holds others."""
    told = known_ones(column)
    if told is None or told[0] > most or told[1] > room:
        return None, 0
    return [f'"{cell}"' for cell in map(str, column)], told[0]


def _word(value: bool | None) -> str:
    return "null" if value is None else "true" if value else "false"


def _heads_of(names: tuple[str, ...]) -> list[str]:
    heads = [f",{quote(name)}:".replace("%", "%%") for name in names]
    heads[0] = f"{{{heads[0][1:]}"
    # Names made of data must not fill the memory.
    if len(_heads) < _MAX_REMEMBERED and sum(map(len, heads)) < _MAX_FORMAT:
        _heads[names] = heads
    return heads
