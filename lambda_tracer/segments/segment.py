"""Segment: the outermost part of a trace that this process writes itself, where nobody else does.

It is to subsegments what one more subsegment above them would be: they wait inside it, and it is sent with them.
"""

from __future__ import annotations

import sys

from .. import surroundings
from ..guard import warn_once
from ..safe import type_name
from ..trace.subsegment import Subsegment, opened_in
from ..trace.unrecorded import UnrecordedSubsegment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..trace.invocation import Invocation
    from ..trace.subsegment import Owner

_RUNTIMES = {"cpython": "CPython", "pypy": "PyPy"}


class Segment(Subsegment):
    """A segment that is recorded: what a subsegment has, and who asked, what answers and where that runs.

    `user` and `origin` are texts, `service` a dict of texts; None where nothing is known.
    """

    __slots__ = ("origin", "service", "user")

    type = "segment"

    def __init__(self, name: str, parent_id: str, invocation: Invocation, recorder: Owner) -> None:
        """Begun by `invocation.begin`, which see. `parent_id` is empty where no other service has asked for it."""
        super().__init__(name, "", None, invocation, recorder)
        self.id = invocation.parent_id
        self.parent_id = parent_id
        self.is_managed = True
        self.origin: str | None = None
        self.service: dict[str, Any] | None = None
        self.user: str | None = None

    @property
    def subsegments(self) -> list[Subsegment]:
        """Those right below it that are open. What has ended is a finished document."""
        return [each for each in opened_in(self.invocation) if each.parent is self]

    def set_user(self, user: str) -> None:
        """Say for whom it works: a str, of which 250 characters are kept. X-Ray indexes it for search."""
        if self._has_ended("set_user"):
            return
        if issubclass(type(user), str):
            self.user = str.__str__(user)
        else:
            warn_once("user", "user left out: it must be str, not %s", type_name(user))

    def set_service(self, service_info: dict[str, Any]) -> None:
        """Say what answers: a dict, of which X-Ray knows `version`, `runtime` and `runtime_version`."""
        if not self._has_ended("set_service"):
            self.service = service_info

    def set_rule_name(self, rule_name: str) -> None:
        """Say by which sampling rule it is recorded."""
        if not self._has_ended("set_rule_name"):
            self.aws["xray"] = {**self.aws.get("xray", {}), "sampling_rule_name": rule_name}

    def close(self, end_time: float | None = None) -> None:
        """End it; see `Subsegment.close`. What is open below it is sent as in progress, and again when it ends."""
        self.invocation.has_ended = True
        super().close(end_time)

    def ready_to_send(self) -> bool:
        """Whether it has ended, and all that is below it."""
        return self.end_time is not None and not self.invocation.open


class UnsampledSegment(UnrecordedSubsegment):
    """A segment of which nothing is recorded, nor of what is below it. Other services are told its trace and id."""

    __slots__ = ()

    type = "segment"
    user = origin = service = None
    is_managed = True

    def __init__(self, name: str, parent_id: str, invocation: Invocation) -> None:
        """Begun by `invocation.begin`, which see."""
        super().__init__(invocation)
        self.__dict__.update(id=invocation.parent_id, name=name, parent_id=parent_id)

    @property
    def subsegments(self) -> list[Subsegment]:
        """None: nothing is known of what is below."""
        return []

    def set_user(self, user: str) -> None:
        """Does nothing."""

    def set_service(self, service_info: dict[str, Any]) -> None:
        """Does nothing."""

    def set_rule_name(self, rule_name: str) -> None:
        """Does nothing."""

    def close(self, end_time: float | None = None) -> None:
        """End it. Nothing is sent."""
        super().close(end_time)
        if self.invocation is not None:
            self.invocation.has_ended = True

    def ready_to_send(self) -> bool:
        """Never: it is not sent."""
        return False


def service_info() -> dict[str, str]:
    """What a segment says of this process: the runtime, its version, and that of the function where it is one."""
    name = sys.implementation.name
    told = {"runtime": _RUNTIMES.get(name, name), "runtime_version": sys.version.split()[0]}
    version = surroundings.function_version()
    return {**told, "version": version} if version else told
