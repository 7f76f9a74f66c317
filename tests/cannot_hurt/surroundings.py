"""The surroundings in which a call may be made: of the daemon, of the environment, of the process."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_tracer import UDPEmitter, global_sdk_config, xray_recorder


class FullEmitter(UDPEmitter):
    """An emitter whose socket is full: the kernel takes no more than a few datagrams, and nobody reads them."""

    def __del__(self) -> None:
        self.reset()
        self.peer.close()

    def _open(self) -> None:
        self._socket, self.peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_608)
        self._socket.setblocking(False)
        self._pid = os.getpid()
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.send(b"x")


def _environment(**variables: str) -> Callable[[pytest.MonkeyPatch], None]:
    def surround(monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return surround


def _closed_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        port = udp.getsockname()[1]
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{port}")


def _full_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    xray_recorder.configure(emitter=FullEmitter())


def _broken_emitter(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def send(self, document: str) -> None:
            raise OSError("it breaks")

    xray_recorder.configure(emitter=Broken())


def _plain_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))


def _no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.chdir(folder)
    monkeypatch.setattr(monkeypatch, "_cwd", str(before))


def _no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")


def _switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    global_sdk_config.set_sdk_enabled(False)


ROOT = "1-5759e988-bd862e3fe1be46a994272793"

SURROUNDINGS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "daemon": lambda monkeypatch: None,
    "no daemon": _closed_port,
    "full socket": _full_socket,
    "broken emitter": _broken_emitter,
    "unreadable address": _environment(AWS_XRAY_DAEMON_ADDRESS="nowhere at all"),
    "empty address": _environment(AWS_XRAY_DAEMON_ADDRESS=""),
    "host that no name can have": _environment(AWS_XRAY_DAEMON_ADDRESS="a..b:2000"),
    "host of a thousand letters": _environment(AWS_XRAY_DAEMON_ADDRESS=f"{'x' * 1_000}:2000"),
    "unreachable address": _environment(AWS_XRAY_DAEMON_ADDRESS="255.255.255.255:2000"),
    "port of 5,000 digits": _environment(AWS_XRAY_DAEMON_ADDRESS=f"127.0.0.1:{'1' * 5_000}"),
    "plain dict for os.environ": _plain_environ,
    "no working directory": _no_directory,
    "no header": _no_header,
    "garbage header": _environment(_X_AMZN_TRACE_ID=";;=;Root;Root=\udcff;Sampled=1;Parent=é"),
    "header without parent": _environment(_X_AMZN_TRACE_ID=f"Root={ROOT};Sampled=1"),
    "unsampled": _environment(_X_AMZN_TRACE_ID=f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0"),
    "disabled": _environment(POWERTOOLS_TRACE_DISABLED="true"),
    "switched off": _switched_off,
}
