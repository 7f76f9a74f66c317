"""Request: what is known of the work ahead when it is decided whether that is recorded."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Decision: TypeAlias = tuple[bool, str | None]
    """Whether it is recorded, and the name of the rule that says so, if that is one of X-Ray's."""


class Request:
    """What is known of the work ahead, for rules: the segment's name, and of an HTTP request host, method and path."""

    __slots__ = ("host", "method", "path", "service", "service_type")

    def __init__(
        self, service: str, host: str = "", method: str = "", path: str = "", service_type: str = ""
    ) -> None:
        """`service_type` is the segment's origin, `AWS::EC2::Instance` say. Empty texts are not known."""
        self.service = service
        self.host = host
        self.method = method
        self.path = path
        self.service_type = service_type
