"""UDPEmitter and DaemonConfig as the X-Ray SDK has them, for code that makes its own of them."""

from __future__ import annotations

from ..sdk.recorder import xray_recorder
from ..send import emitter
from ..send.daemon_address import parse_daemon_address
from ..send.entity import SentEntity
from ..settings import daemon_address as address_in_force
from ..xray import PREAMBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DAEMON_ADDRESS_KEY = "AWS_XRAY_DAEMON_ADDRESS"
DEFAULT_DAEMON_ADDRESS = DEFAULT_ADDRESS = emitter.DEFAULT_ADDRESS
PROTOCOL_HEADER = '{"format":"json","version":1}'
PROTOCOL_DELIMITER = "\n"


class UDPEmitter(emitter.UDPEmitter):
    """The emitter, to be subclassed: `send_entity(entity)` and `_send_data(data)` are called for each document."""

    __module__ = "aws_xray_sdk.core.emitters.udp_emitter"

    def __init__(self, daemon_address: str = DEFAULT_DAEMON_ADDRESS) -> None:
        """`daemon_address` as `set_daemon_address` takes it."""
        super().__init__(daemon_address)

    def send(self, document: str) -> bool:
        """Send a document by `send_entity`, which somebody may have replaced."""
        return self.send_entity(SentEntity(document)) is not False

    def send_entity(self, entity: Any) -> Any:
        """Send what `entity.serialize()` returns, by `_send_data`."""
        document = entity.serialize()
        return self._send_data(PREAMBLE + document) if document else None

    def _send_data(self, data: str) -> Any:
        return super().send(data.removeprefix(PREAMBLE))

    def _parse_address(self, daemon_address: str) -> tuple[str, int]:
        """Host and port. Raises InvalidDaemonAddressException."""
        return parse_daemon_address(daemon_address)

    @property
    def _ip(self) -> str | None:
        return self.ip

    @_ip.setter
    def _ip(self, ip: str) -> None:
        self.set_daemon_address(f"{ip}:{self.port or 2000}")

    @property
    def _port(self) -> int | None:
        return self.port

    @_port.setter
    def _port(self, port: int) -> None:
        self.set_daemon_address(f"{self.ip}:{port}")

    def __getattr__(self, name: str) -> Any:
        """What the constructor sets, where a subclass has one that does not call it."""
        if "_pid" in vars(self) or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        kept = dict(vars(self))
        emitter.UDPEmitter.__init__(self)
        vars(self).update(kept)
        return getattr(self, name)


class DaemonConfig:
    """Where the daemon listens, by an address or `AWS_XRAY_DAEMON_ADDRESS`, which wins."""

    __module__ = "aws_xray_sdk.core.daemon_config"

    def __init__(self, daemon_address: str | None = DEFAULT_ADDRESS) -> None:
        """Raises InvalidDaemonAddressException for an address that can't be read."""
        address = address_in_force() or daemon_address or DEFAULT_ADDRESS
        self.udp_ip, self.udp_port = parse_daemon_address(address)
        of_tcp = [part[4:] for part in address.split() if part.startswith("tcp:")]
        self.tcp_ip, self.tcp_port = parse_daemon_address(of_tcp[0] if of_tcp else address)


def adopt() -> None:
    """Have the shared recorder send by this class."""
    if type(xray_recorder.emitter) is emitter.UDPEmitter:
        xray_recorder.emitter.__class__ = UDPEmitter


def release() -> None:
    """Undo `adopt`."""
    if type(xray_recorder.emitter) is UDPEmitter:
        xray_recorder.emitter.__class__ = emitter.UDPEmitter  # type: ignore[assignment]
