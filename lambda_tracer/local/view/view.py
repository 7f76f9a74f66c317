"""The view: the store with both of its doors, UDP and TCP, on ports of one number."""

from __future__ import annotations

import errno
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lambda_tracer.local.view.datagrams import Datagrams
from lambda_tracer.local.view.http_server import HTTPServer
from lambda_tracer.local.view.intake import Intake
from lambda_tracer.local.view.log import Log
from lambda_tracer.local.view.routes import Routes, Server
from lambda_tracer.local.view.store import Store

DEFAULT_PORT = 2000
"""The X-Ray daemon's, to which X-Ray SDKs send where nothing else is said."""

_ATTEMPTS = 20
"""At a port that is free for both, where any will do."""


class PortTaken(Exception):
    """Somebody else listens there; the message says where."""


class View:
    """Receives and answers from the moment it is made, in threads of its own, until `close`."""

    def __init__(
        self, port: int = DEFAULT_PORT, udp_host: str = "127.0.0.1", save: Path | None = None
    ) -> None:
        self.store = Store()
        self.log = Log()
        self.intake = Intake(self.store, self.log, save)
        routes = Routes(self.store, self.intake, self.log)
        self._http, self._datagrams = self._listen(port, udp_host, routes)
        self.port = self._http.port
        self.address = f"http://127.0.0.1:{self.port}/"
        """Of the page."""
        self.udp = f"{udp_host}:{self.port}"
        """For AWS_XRAY_DAEMON_ADDRESS, where `udp_host` is an address that one can send to."""
        routes.server = Server(_version(), self.udp, f"127.0.0.1:{self.port}")

    def close(self) -> None:
        """Stop receiving and answering, and give the ports back."""
        self._datagrams.close()
        self.store.close()
        self._http.close()
        self.intake.close()

    def _listen(self, port: int, udp_host: str, routes: Routes) -> tuple[HTTPServer, Datagrams]:
        for attempt in range(_ATTEMPTS):
            try:
                http = HTTPServer(port, routes.respond)
            except OSError as exc:
                raise _taken(exc, f"TCP 127.0.0.1:{port}") from exc
            try:
                return http, Datagrams(udp_host, http.port, self.intake.datagram, self.log)
            except OSError as exc:
                http.close()
                if port or exc.errno != errno.EADDRINUSE or attempt == _ATTEMPTS - 1:
                    raise _taken(exc, f"UDP {udp_host}:{port}") from exc
        raise AssertionError


def _taken(exc: OSError, where: str) -> Exception:
    if exc.errno == errno.EADDRINUSE:
        return PortTaken(f"{where} is taken: another view or an X-Ray daemon is running, or try --port")
    return PortTaken(f"{where}: {exc.strerror or exc}")


def _version() -> str:
    try:
        return version("lambda-tracer")
    except PackageNotFoundError:
        return "source"
