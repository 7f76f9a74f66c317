"""Kind: the type of the X-Ray SDK's entities, by which others count as theirs."""

from __future__ import annotations

from ..guard import warn_once
from ..send.entity import SentEntity
from ..trace import subsegment as trace
from ..trace import unrecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..trace.invocation import Invocation


class Kind(type):
    """The type of these classes: one that has `counts` may have instances that were not made by it."""

    def __instancecheck__(cls, instance: object) -> bool:
        """Whether it is one, or counts as one."""
        if type.__instancecheck__(cls, instance):
            return True
        counts: Callable[[Any], bool] | None = cls.__dict__.get("counts")
        return counts is not None and isinstance(instance, _ENTITIES) and counts(instance)


_ENTITIES = (trace.Subsegment, unrecorded.UnrecordedSubsegment, SentEntity)


def record(subsegment: trace.Subsegment, invocation: Invocation) -> None:
    """Have a subsegment that was made by hand recorded in an invocation."""
    if subsegment.end_time is None and subsegment.id not in invocation.open:
        subsegment.invocation = invocation
        invocation.open[subsegment.id] = subsegment


def why(entity: object, name: str) -> str:
    """What is said where an entity has no such attribute."""
    private = ": that is private to the X-Ray SDK" if name.startswith("_") and name[:2] != "__" else ""
    return f"{type(entity).__name__!r} has no attribute {name!r} in lambda_tracer's compatible names{private}"


def told_in_vain(kind: type, *names: str) -> None:
    """Have assignments to these properties of a class ignored: the SDK's entities take them, and raise nothing."""
    for name in names:
        known = getattr(kind, name)
        setattr(kind, name, property(known.fget, _ignore, doc=known.__doc__))


def _ignore(entity: object, value: object) -> None:
    warn_once(f"compat {type(entity).__name__}", "%s: what it is set to is ignored", type(entity).__name__)
