"""The daemon's address in any of the forms that the X-Ray SDK reads; `emitter` reads the one that Lambda gives."""

from __future__ import annotations

from ..guard import pass_on, warn_once


class InvalidDaemonAddressException(ValueError):
    """A daemon address that cannot be read was passed to `set_daemon_address` or `configure`."""


def parse_daemon_address(address: str, side: str = "udp") -> tuple[str, int]:
    """The host and port that `address` names for a `side`, `udp` or `tcp`.

    `host:port`, `[IPv6]:port`, or several of these marked `udp:` and `tcp:` with space between them. Raises
    InvalidDaemonAddressException.
    """
    parts = address.split() if isinstance(address, str) else []
    marked = {
        kind: rest for kind, _, rest in (part.partition(":") for part in parts) if kind in ("udp", "tcp")
    }
    if len(parts) == 1 and not marked:
        target = parts[0]
    elif len(marked) == len(parts) and side in marked:
        target = marked[side]
    else:
        raise InvalidDaemonAddressException("expected host:port, or tcp:host:port udp:host:port")
    host, _, port = target.partition("]:") if target.startswith("[") else target.partition(":")
    port = port.partition(":")[0]
    host = host.lstrip("[")
    if not host or len(port) > 5 or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise InvalidDaemonAddressException("expected host:port with a port from 1 to 65535")
    return host, int(port)


def in_environment(address: str) -> tuple[str, int] | None:
    """The host and port that `AWS_XRAY_DAEMON_ADDRESS` names; None, with a word in the log, if it can't be read."""
    try:
        return parse_daemon_address(address)
    except InvalidDaemonAddressException as error:
        pass_on(error)
        warn_once("address", "AWS_XRAY_DAEMON_ADDRESS: %s; no trace is sent", error)
        return None
