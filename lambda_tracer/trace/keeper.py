"""Keeper: whether what is opened now is kept, and what it is kept as.

`recording` has it once calls are kept, and asks it wherever nothing is recorded.
"""

from __future__ import annotations

from .. import settings
from ..xray import MAX_NAME
from .collection import letters
from .context import last_seen, place, seen
from .kept import KeptSubsegment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from .context import AnySubsegment
    from .invocation import Invocation
    from .kept import Ring

    class Keeper(Protocol):
        """This module, as the recorder has it."""

        def keep(self, name: str, /) -> KeptSubsegment | None: ...

        def keep_named(self, name: str, namespace: str = "local", /) -> KeptSubsegment | None: ...

        def keep_outermost(self, name: str, /) -> KeptSubsegment | None: ...

        def invocation_here(self) -> Invocation | None: ...


_new = object.__new__
_switch = settings.global_sdk_config


def keep(name: str) -> KeptSubsegment | None:
    """A subsegment to be opened and closed by the caller, if the current one is kept; else None.

    In an invocation that is sampled none is: so this may be asked first, and spares all other questions.
    """
    parent: AnySubsegment | None = last_seen() if "a" in letters else seen.get()
    while parent is not None and parent.end_time is not None:
        parent = parent.parent
    if type(parent) is not KeptSubsegment:
        return None
    ring = parent.ring
    if not ring.is_open or not _switch.enabled:
        return None
    # No call of `__init__`: that would be a tenth of what is done for a call.
    entry = _new(KeptSubsegment)
    entry.name = name
    entry.parent = parent
    entry.ring = ring
    entry.invocation = ring.invocation
    entry.end_time = None
    entry.fault = False
    entry.given_annotations = None
    return entry


def keep_named(name: str, namespace: str = "local") -> KeptSubsegment | None:
    """A subsegment to be opened and closed by the caller, if what is opened now is kept; else None.

    To be asked where nothing is recorded. The name is whatever a caller gave.
    """
    if type(name) is not str or len(name) > MAX_NAME:
        name = str.__str__(name)[:MAX_NAME] if issubclass(type(name), str) else "unnamed"
    entry = keep(name) or keep_outermost(name)
    if entry is not None and namespace != "local":
        entry.namespace = namespace
    return entry


def keep_outermost(name: str) -> KeptSubsegment | None:
    """`keep` where nothing is current: in a thread that knows nothing of who started it."""
    running, current = place()
    ring = ring_of(running)
    if current is not None or ring is None or not ring.is_open or not _switch.enabled:
        return None
    return KeptSubsegment(name, None, ring)


def invocation_here() -> Invocation | None:
    """The invocation in which what is opened now would be kept; None where it would not."""
    parent = last_seen()
    while parent is not None and parent.end_time is not None:
        parent = parent.parent
    if type(parent) is not KeptSubsegment:
        return None
    return parent.invocation if parent.ring.is_open and _switch.enabled else None


def ring_of(invocation: Invocation) -> Ring | None:
    """The ring of an invocation, from when its handler is called."""
    return invocation.ring  # type: ignore[return-value]  # it keeps nothing else there
