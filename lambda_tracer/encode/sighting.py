"""A sighting: what an exception is known again by, without holding it, its frames or its message.

An exception travels up through many traced calls, and each of them asks whether it has been described. The answer takes
as long as it took the exception to come from the last one, however long its traceback and its message are.
"""

from __future__ import annotations

from _weakref import ref

from ..guard import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

_PLACES = 8
_CALLERS = 16
_MAX_HASHED = 10_000

# Through the class's own descriptors: an exception may have attributes of any kind in their place.
_traceback_of = BaseException.__dict__["__traceback__"].__get__
_args_of = BaseException.__dict__["args"].__get__


class Sighting:
    """One exception, as it was when it was last seen."""

    __slots__ = ("_args", "_head", "_kind", "_places", "_reference", "_thrown")

    def __init__(self, error: BaseException) -> None:
        self._kind = type(error)
        self._args: Any = None
        self._reference: Any = None
        try:
            self._reference = ref(error)
        except TypeError as failure:
            # Python's own have no room for it, and are told apart by what they were made of.
            pass_on(failure)
            self._args = _fingerprint(_args_of(error))
        self._thrown = _thrown(_traceback_of(error))
        self._note(_traceback_of(error))

    def is_of(self, error: BaseException) -> bool:
        """Whether this is the same exception; if so it is seen anew."""
        if type(error) is not self._kind:
            return False
        if self._reference is not None:
            return self._reference() is error
        # Another one may have been given the address of a dead one. An exception gains frames at the outer end as it
        # travels. Where those that it had, and what it was made of, agree, one description is true of both.
        if _fingerprint(_args_of(error)) != self._args:
            return False
        head = traceback = _traceback_of(error)
        while traceback is not None and id(traceback) != self._head:
            traceback = traceback.tb_next
        if traceback is not None:
            is_same = _places(traceback) == self._places
        elif self._head is None:  # it had not been raised
            is_same = True
        else:
            is_same = self._thrown is not None and _innermost(head)[-len(self._thrown) :] == self._thrown
        if not is_same:
            return False
        self._note(head)
        return True

    def _note(self, head: TracebackType | None) -> None:
        self._head = None if head is None else id(head)
        self._places = _places(head)


def _places(traceback: TracebackType | None) -> tuple[tuple[int, int], ...]:
    """The outermost places of a traceback."""
    places: list[tuple[int, int]] = []
    while traceback is not None and len(places) < _PLACES:
        places.append((id(traceback.tb_frame.f_code), traceback.tb_lasti))
        traceback = traceback.tb_next
    return tuple(places)


def _thrown(traceback: TracebackType | None) -> tuple[tuple[int, int, int], ...] | None:
    """Of an exception that was thrown into a generator, what it had gone through before; None of any other.

    `contextmanager` does so, and takes the frames of the generator out of the traceback again.
    """
    if traceback is None:
        return None
    frames = {}
    at: TracebackType | None = traceback
    while at is not None:
        frames[id(at.tb_frame)] = at
        at = at.tb_next
    caller = traceback.tb_frame.f_back
    for _ in range(_CALLERS):
        if caller is None:
            return None
        if id(caller) in frames:
            return _innermost(frames[id(caller)])
        caller = caller.f_back
    return None


def _innermost(traceback: TracebackType | None) -> tuple[tuple[int, int, int], ...]:
    """The innermost places of a traceback, and which objects stand for them."""
    places: list[tuple[int, int, int]] = []
    while traceback is not None:
        places.append((id(traceback), id(traceback.tb_frame.f_code), traceback.tb_lasti))
        if len(places) > 2 * _PLACES:
            del places[:-_PLACES]
        traceback = traceback.tb_next
    return tuple(places[-_PLACES:])


def _fingerprint(args: tuple[Any, ...]) -> tuple[int, ...]:
    """What an exception was made of, as numbers; no code of the user's is called."""
    return (len(args), *[_hash(value) for value in args[:_PLACES]])


def _hash(value: Any) -> int:
    kind = type(value)
    if kind is str or kind is bytes:
        if len(value) > _MAX_HASHED:
            return hash((len(value), value[:1_000], value[-1_000:]))
        return hash(value)
    return hash(value) if kind in (int, float) else id(value)
