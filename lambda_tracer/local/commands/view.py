"""`lambda-tracer view`: see every trace that is sent to this machine, in a browser, a terminal, or by X-Ray's API."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from lambda_tracer.local.commands.streams import complain
from lambda_tracer.local.commands.usage import Parser, UsageError, positive_int
from lambda_tracer.local.run.interruption import raise_on_signals

__all__ = ["add_to", "run"]

_DESCRIPTION = """\
Receive what tracers send (X-Ray documents and OpenTelemetry's spans, over UDP and
HTTP), and show it as it comes: in a browser, in the terminal (--follow), and by
X-Ray's own API. Nothing leaves this machine."""

_EPILOG = """\
examples:
  lambda-tracer view --open
  AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000 python app.py
  AWS_ENDPOINT_URL_XRAY=http://127.0.0.1:2000 aws xray get-service-graph ...

it runs until Ctrl-C"""


def add_to(commands: argparse._SubParsersAction[Parser]) -> Parser:
    """Add `view` and all that may stand behind it."""
    view = commands.add_parser(
        "view",
        help="receive traces and show them in a browser",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = view.add_argument
    add("--port", type=positive_int, default=2000, metavar="PORT", help="UDP and TCP (default: 2000)")
    add(
        "--udp-host",
        default="127.0.0.1",
        metavar="HOST",
        help="the address that datagrams are received at, as 0.0.0.0 for containers; the page stays on the loopback",
    )
    add("--save", metavar="FILE", help="append every document that is received to FILE, one a line")
    return view


def run(options: argparse.Namespace) -> int:
    """Serve until the user ends it."""
    if options.port > 65_535:
        raise UsageError(f"--port: at most 65535: {options.port}")
    from lambda_tracer.local.view.view import PortTaken, View

    raise_on_signals()
    try:
        view = View(options.port, options.udp_host, Path(options.save) if options.save else None)
    except PortTaken as exc:
        raise UsageError(str(exc)) from exc
    try:
        complain(f"traces sent to {view.udp} (UDP) are shown at {view.address}; Ctrl-C ends it")
        threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    finally:
        view.close()
    return 0
