"""The careful way from any Python value to plain data: bounded in work, depth and size, and never consuming.

For what the C encoder does not take, or must not be given: types of every kind, cycles, endless containers. How a type
is read is `known_types`' business: none of a value's own code runs, but where a user gave something as metadata that
only jsonpickle can show. A value that fails is named, and its siblings are kept. With `redact` the values of secret
names are left out (see `redaction`).
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from json.encoder import encode_basestring_ascii as quote

from ..guard import PACKAGE_FOLDER, Late, pass_on
from ..safe import type_name
from . import known_types, redaction, secret_search
from .limits import MAX_MESSAGE
from .reading import ERROR, ITEMS, MEMBERS, NAME, OPAQUE, TEXT, VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    import jsonpickle

    from . import messages
    from .reading import Reading
else:
    jsonpickle = Late("jsonpickle")  # 32 ms, only for objects that have no attributes to show
    messages = Late("lambda_tracer.encode.messages")  # most values hold no exception

MAX_DEPTH = 12
"""Levels that the walk descends before it only names what it finds."""

MAX_ITEMS = 1_000
"""Members that the walk shows of one list or mapping."""

MAX_WORK = 2_500
"""What one walk may do, in the time that a scalar takes (a quarter of a microsecond)."""

_KNOWN, _CONTAINER, _OBJECT, _PARSED, _ERROR, _NEW_TYPE = 5, 4, 10, 30, 40, 60
"""What others take."""

MAX_TEXT = 60_000
"""Bytes that the walk keeps of all texts together: what it makes fits in a document, as a rule."""

MAX_OF_ERROR = 20
MAX_DEPTH_OF_ERROR = 3
"""Members and levels of what an exception carries."""

DEPENDENCIES = os.path.join(PACKAGE_FOLDER, "dependencies")
"""Where the layer has jsonpickle: a folder that is ours alone, for layers are unpacked over each other."""

_FEW_PLACES = 10
"""Slots of an object whose reading is in what it takes."""

_SHORT = 40
_SMALL = 1 << 63
_FEW = 50
_HEAD = 200
_WORTH_SHOWING = 1_000
"""Characters of the beginning of a text, the least that is shown of one that is cut."""

_PLAIN = (dict, list, tuple, set, frozenset)
_traceback_of = BaseException.__dict__["__traceback__"].__get__
_args_of = BaseException.__dict__["args"].__get__
_name_of_type = type.__dict__["__qualname__"].__get__


def redacted(key: object, value: object) -> Any:
    """What is recorded under a key of a value in which there may be secrets."""
    if isinstance(key, str) and redaction.is_secret(key):
        return redaction.REDACTED
    return plain(value, redact=True)


def plain(value: object, *, redact: bool = False, room: int = MAX_TEXT) -> Any:
    """`value` as dict, list, str, int, float, bool and None, in some `room` bytes. Never raises."""
    walk = _Walk(redact)
    if room < MAX_TEXT:
        walk.work, walk.characters, walk.least = room, room, 0
    return walk.plain(value, 0)


def message_of(error: BaseException) -> str:
    """The message of an exception as it may be recorded (see `messages`); if that is JSON, without secrets."""
    return messages.of(error, _without_secrets)


def _without_secrets(text: str) -> str:
    shown: str = plain(text, redact=True)
    return shown


class _Walk:
    """One bounded walk."""

    __slots__ = ("characters", "is_captured", "least", "of_error", "path", "redact", "work")

    def __init__(self, redact: bool) -> None:
        self.characters = MAX_TEXT
        self.least = _WORTH_SHOWING
        self.of_error = 0  # the depth from which on what an exception carries is shown
        self.path: set[int] = set()
        self.redact = redact and redaction.is_on
        self.is_captured = redact
        self.work = MAX_WORK

    def plain(self, value: Any, depth: int) -> Any:
        self.work -= 1
        kind = type(value)
        if kind is str:
            return self._text(value, depth)
        if value is None or kind is bool:
            return value
        if kind is int and -_SMALL < value < _SMALL:
            return value
        if kind is float and value - value == 0:
            return value
        if depth > MAX_DEPTH or self.work < 0:
            return type_name(value)
        if id(value) in self.path:
            return f"<cycle: {type_name(value)[1:]}"
        self.path.add(id(value))
        try:
            return self._look_into(value, kind, depth + 1)
        except BaseException as error:  # this one value is named, its siblings are kept
            pass_on(error)
            return type_name(value)
        finally:
            self.path.discard(id(value))

    def _look_into(self, value: Any, kind: type, depth: int) -> Any:
        reading = known_types.reading(kind)
        if reading is None:
            self.work -= _NEW_TYPE
            reading = known_types.find(kind)
        how, read, base = reading.how, reading.read, reading.base
        if base is str:
            size = str.__len__(value)
            most = secret_search.MAX_LOOKED_AT
            text = str.__str__(value) if size <= most else str.__getitem__(value, slice(most + 1))
            return self._text(text, depth, size)
        if how == TEXT:
            self.work -= _KNOWN
            shown = read(value, base)
            if type(shown) is str:
                return self._text(shown, depth)
            return self._number(shown) if type(shown) is int else shown
        if how in (NAME, OPAQUE):
            self.work -= _KNOWN
            return (
                type_name(value)
                if how == NAME or self.is_captured or self.of_error
                else self._pickled(value, depth)
            )
        self.work -= _CONTAINER
        if how == VALUE:
            return self.plain(read(value, base), depth)
        if self.of_error and (depth > self.of_error or base not in _PLAIN):
            return type_name(value)
        if how == MEMBERS:
            return self._list(read(value, base), reading, depth)
        if how == ERROR:
            self.work -= _ERROR
            return self._error(value, depth)
        self.work -= _OBJECT - _CONTAINER + 2 * max(0, reading.places - _FEW_PLACES)
        suspects = _suspects(value) if self.redact and base is dict else None
        shown = self._dict(read(value, base), reading.hidden, depth, suspects)
        return shown if shown or how == ITEMS else type_name(value)

    def _number(self, number: int) -> int | str:
        self.characters -= 3 + number.bit_length() * 3 // 10
        return (
            number
            if self.characters > 0 or number.bit_length() < 64
            else f"<int of {number.bit_length()} bits>"
        )

    def _text(self, value: str, depth: int, size: int = 0) -> str:
        """A text as far as there is room for it; `size` is that of the whole if this is only its beginning."""
        if self.redact and '"' in value:
            value = self._redacted(value, depth)
        size = max(size, len(value))
        if size <= _SHORT:  # always kept: it may stand for a number, or a date
            self.characters -= size + 3
            return value
        left = max(0, self.characters)
        kept = value[:left]
        bytes_kept = len(quote(kept))
        if bytes_kept > left:  # of other alphabets, which take up to twelve bytes a letter
            kept = kept[: len(kept) * left // bytes_kept]
            bytes_kept = left
        if len(kept) == size:
            self.characters -= bytes_kept + 1
            return value
        if len(kept) < self.least:
            return f"<str of {size} characters>"
        self.characters -= bytes_kept + _SHORT
        return f"{kept}... {size - len(kept)} more characters"

    def _dict(
        self,
        items: Iterable[tuple[Any, Any]],
        hidden: frozenset[str],
        depth: int,
        suspects: set[str] | None = None,
    ) -> dict[str, Any]:
        """A mapping; `suspects` are the only names in it that may be a secret's, where that is known."""
        shown: dict[str, Any] = {}
        repeated: dict[str, int] = {}
        most = MAX_OF_ERROR if self.of_error else MAX_ITEMS
        is_cut = False
        for key, item in items:
            if len(shown) == most or self.work < 0:
                shown["..."] = "more"
                is_cut = True
                break
            name = self._key(key)
            if name in shown:  # two keys, one text ({1: .., "1": ..}): both are kept
                name = _further(name, shown, repeated)
            if (
                self.redact
                and (suspects is None or name in suspects)
                and secret_search.hides(name, item, hidden)
            ):
                shown[name] = redaction.REDACTED
                self.work -= 1
            else:
                shown[name] = self.plain(item, depth)
        if self.redact:
            secret_search.replace_in_mapping(shown, is_cut=is_cut)
        return shown

    def _key(self, key: Any) -> str:
        kind = type(key)
        name: str
        if kind is str:
            name = key
        elif kind is int and -_SMALL < key < _SMALL:
            name = str(key)
        elif key is None or kind is bool:
            name = json.dumps(key)
        else:
            name = self._other_key(key, kind)
        self.characters -= len(name) + 4
        return name if len(name) <= _HEAD or self.characters > 0 else name[:_HEAD]

    def _other_key(self, key: Any, kind: type) -> str:
        if issubclass(kind, str):
            beginning: str = str.__getitem__(key, slice(MAX_TEXT))
            return beginning
        if kind is bytes:
            return repr(key[:_HEAD])
        if kind is tuple and len(key) < _SHORT and all(map(_is_short_scalar, key)):
            return repr(key)
        in_enum = known_types.name_in_enum(key)
        if in_enum is not None:
            return in_enum
        how = (known_types.reading(kind) or known_types.find(kind)).how
        if how != TEXT and how != VALUE:
            return type_name(key)
        return str(self.plain(key, MAX_DEPTH))

    def _list(self, items: Iterable[Any], reading: Reading, depth: int) -> list[Any]:
        shown: list[Any] = []
        most = MAX_OF_ERROR if self.of_error else MAX_ITEMS
        for item in items:
            if len(shown) == most or self.work < 0:
                shown.append("... more")
                break
            shown.append(self.plain(item, depth))
        if self.redact:
            secret_search.replace_in_list(shown, reading.names)
        return shown

    def _error(self, error: BaseException, depth: int) -> dict[str, Any]:
        """Type and message, and what the exception carries besides (a status, a code) in plain public attributes."""
        if _traceback_of(error) is not None or messages.asks_nobody(error):
            message = self._text(message_of(error), depth)
        else:  # nobody raised it: a value like others, which says what it was made with
            message = self._made_with(_args_of(error), depth)
        shown: dict[str, Any] = {"type": _name_of_type(type(error)), "message": message}
        of_error, self.of_error = self.of_error, self.of_error or depth + MAX_DEPTH_OF_ERROR
        try:
            shown.update(self._dict(messages.attributes(error).items(), frozenset(), depth))
        finally:
            self.of_error = of_error
        return shown

    def _made_with(self, arguments: tuple[Any, ...], depth: int) -> str:
        of_error, self.of_error = self.of_error, self.of_error or depth + 2
        try:
            shown = [self.plain(argument, depth) for argument in arguments[:MAX_OF_ERROR]]
        finally:
            self.of_error = of_error
        message = str(shown[0]) if len(shown) == 1 else str(tuple(shown)) if shown else ""
        return message[:MAX_MESSAGE]

    def _redacted(self, text: str, depth: int) -> str:
        """A text that may be JSON, as in the body of a response: without the values of secret names in it."""
        looked_at = min(len(text), secret_search.MAX_LOOKED_AT)
        self.work -= 1 + looked_at // 200
        if not secret_search.may_be_in(text):
            return text
        self.work -= _PARSED + looked_at // 100
        has_room = depth <= MAX_DEPTH and self.work >= 0
        return secret_search.replaced_in_text(text, lambda value: self.plain(value, depth), has_room=has_room)

    def _pickled(self, value: Any, depth: int) -> Any:
        if "jsonpickle" not in sys.modules and os.path.isdir(DEPENDENCIES) and DEPENDENCIES not in sys.path:
            sys.path.append(DEPENDENCIES)  # the last: a jsonpickle that the function brings along comes first
        simple = jsonpickle.Pickler(
            unpicklable=False, max_depth=MAX_DEPTH - min(depth, MAX_DEPTH - 1), max_iter=0
        )
        shown = simple.flatten(value)
        if shown is None or shown is value or type(shown) is type(value):
            return type_name(value)
        return self.plain(shown, depth)


def _suspects(mapping: dict[Any, Any]) -> set[str] | None:
    """Which keys of a large mapping may be names of secrets, at a quick look: one by one they take long.

    None where each has to be looked at.
    """
    if dict.__len__(mapping) <= _FEW:
        return None
    keys = list(itertools.islice(dict.keys(mapping), MAX_ITEMS))
    names = [key for key in keys if type(key) is str]
    if (
        not all(type(key) is str or type(key) is int for key in keys)
        or sum(map(len, names)) > secret_search.MAX_LOOKED_AT
    ):
        return None
    return secret_search.suspects(names)


def _further(name: str, shown: dict[str, Any], repeated: dict[str, int]) -> str:
    """Another key for what has the same text."""
    while True:
        count = repeated[name] = repeated.get(name, 0) + 1
        further = f"{name}'" if count == 1 else f"{name}'{count}"
        if further not in shown:
            return further


def _is_short_scalar(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return len(value) <= 2 * MAX_MESSAGE
    return value is None or kind is bool or kind is float or (kind is int and value.bit_length() < 1_000)
