"""The view: the store with both of its doors, UDP and TCP, on ports of one number."""

from __future__ import annotations

import errno
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

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


class CannotListen(Exception):
    """Somebody else listens there, or there is no such address; the message says it in one line."""


class View:
    """Receives and answers from the moment it is made, in threads of its own, until `close`.

    `port` is a number for both, 0 for any that is free; `udp_host` the address that datagrams are received at. `save`
    is a file that everything is appended to. Without a page (`has_page`), only datagrams are received.
    """

    def __init__(
        self,
        port: int = DEFAULT_PORT,
        udp_host: str = "127.0.0.1",
        save: Path | None = None,
        has_page: bool = True,
    ) -> None:
        if not udp_host:
            raise CannotListen("UDP: an empty address would be that of every network")
        self.store = Store()
        self.log = Log()
        self.intake = Intake(self.store, self.log, save)
        routes = Routes(self.store, self.intake, self.log)
        try:
            self._http, self._datagrams = self._listen(port, udp_host, routes if has_page else None)
        except BaseException:
            self.intake.close()
            raise
        self.port = self._datagrams.port
        self.address = f"http://127.0.0.1:{self.port}/"
        """Of the page."""
        self.udp = f"{udp_host}:{self.port}"
        """For AWS_XRAY_DAEMON_ADDRESS, where `udp_host` is an address that one can send to."""
        routes.server = Server(_version(), self.udp, f"127.0.0.1:{self.port}")

    def address_of(self, trace_id: str) -> str:
        """Of the page that shows this trace."""
        return f"{self.address}#/trace/{trace_id}"

    def hand_over(self, invocation: dict[str, Any]) -> None:
        """Take in an invocation with its documents, as `RunningView.hand_over` gives it to a view elsewhere."""
        self.intake.handed_over(invocation)

    def close(self) -> None:
        """Stop receiving and answering, and give the ports back. What was received is in the file of `save`."""
        self._datagrams.close()
        self.store.close()
        if self._http is not None:
            self._http.close()
        self.intake.close()

    def _listen(self, port: int, udp_host: str, routes: Routes | None) -> tuple[HTTPServer | None, Datagrams]:
        for attempt in range(_ATTEMPTS):
            http = None
            if routes is not None:
                try:
                    http = HTTPServer(port, routes.respond)
                except OSError as exc:
                    raise _refused(exc, f"TCP 127.0.0.1:{port}") from exc
            try:
                number = port if http is None else http.port
                return http, Datagrams(udp_host, number, self.intake.datagram, self.log)
            except (TypeError, ValueError) as exc:  # what no name of a host can be
                if http is not None:
                    http.close()
                raise CannotListen(f"UDP {udp_host}:{port}: no such address") from exc
            except OSError as exc:
                if http is not None:
                    http.close()
                if port or exc.errno != errno.EADDRINUSE or attempt == _ATTEMPTS - 1:
                    raise _refused(exc, f"UDP {udp_host}:{port}") from exc
        raise AssertionError


def _refused(exc: OSError, where: str) -> CannotListen:
    if exc.errno == errno.EADDRINUSE:
        return CannotListen(f"{where} is taken by another view or an X-Ray daemon: --port chooses another")
    return CannotListen(f"{where}: {exc.strerror or exc}")


def _version() -> str:
    try:
        return version("lambda-tracer")
    except PackageNotFoundError:
        return "source"
