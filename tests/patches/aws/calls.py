"""Calls of a service by boto3, and what was recorded of them."""

from __future__ import annotations

from typing import Any

from tests.daemon import Daemon
from tests.documents import Document
from tests.patches.aws.libraries import REGION, client
from tests.patches.aws.servers import moto

SECRET = "canary-5c1e"
"""Stands in every value and body that a test sends; found in no datagram."""


class Calls:
    """Makes calls of one service and shows what was recorded of each."""

    def __init__(self, service: str, daemon: Daemon) -> None:
        self.client = client(service, moto())
        self._daemon = daemon

    def __getattr__(self, operation: str) -> Any:
        def call(**params: Any) -> Any:
            self._daemon.clear()
            return getattr(self.client, operation)(**params)

        return call

    @property
    def recorded(self) -> dict[str, Any]:
        """The `aws` block of the last call, without what is in that of every call."""
        (subsegment,) = self._daemon.subsegments()
        assert SECRET.encode() not in b"".join(self._daemon.datagrams())
        aws = subsegment["aws"]
        assert aws.pop("region") == REGION
        assert aws.pop("request_id", "one")
        aws.pop("id_2", None)
        return dict(aws)


def names(subsegments: list[Document]) -> list[str]:
    return [f"{each['name']}.{each['aws']['operation']}" for each in subsegments]
