"""`lambda-tracer view`: see every trace that is sent to this machine, in a browser, a terminal, or by X-Ray's API.

With `--follow` traces go to standard output, everything else to standard error. Exit code: 0 when the user ends it, 2
for bad usage, files that can't be read and ports that are taken.
"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_tracer.local.commands.inputs import called, check_once, content_of, filter_of
from lambda_tracer.local.commands.streams import complain
from lambda_tracer.local.commands.usage import NotPossible, Parser, UsageError, need, positive_int
from lambda_tracer.local.run.interruption import SIGNAL_POLL_S, Interrupted, raise_on_signals

if TYPE_CHECKING:
    from lambda_tracer.local.view.store import Store
    from lambda_tracer.local.view.view import View

__all__ = ["add_to", "run"]

DEFAULT_PORT = 2000
MAX_PORT = 65_535

REJECTED_SHOWN = 20
"""Documents of all files that X-Ray would reject, one a line; the others are counted."""

_DESCRIPTION = """\
Receive what tracers send (X-Ray documents and OpenTelemetry's spans, over UDP and
HTTP), and show it as it comes: in a browser, in the terminal (--follow), and by
X-Ray's own API. With files, show what is in them as well. Nothing leaves this
machine."""

_EPILOG = """\
examples:
  lambda-tracer view --open
  AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000 python app.py
  AWS_ENDPOINT_URL_XRAY=http://127.0.0.1:2000 aws xray get-sampling-rules
  lambda-tracer view --follow --no-page --filter 'fault AND annotation.Order = "A-1001"'
  aws xray batch-get-traces --trace-ids ID | lambda-tracer view -
  lambda-tracer view trace.json --html trace.html

it runs until Ctrl-C; exit code: 0; 2 for bad usage or a port that is taken"""


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
    add(
        "files",
        nargs="*",
        metavar="FILE",
        help="what invoke --json, --save or aws xray batch-get-traces wrote, or a function's log; - for standard input",
    )
    add(
        "--port",
        type=positive_int,
        metavar="PORT",
        help="UDP and TCP (default: 2000; with files, any if that is taken)",
    )
    add(
        "--udp-host",
        default="127.0.0.1",
        metavar="HOST",
        help="the address to receive datagrams at, as 0.0.0.0 for containers; the page stays on the loopback",
    )
    add("--open", action="store_true", help="open the page in a browser")
    add("--follow", action="store_true", help="print each trace in the terminal when it is finished")
    add("--filter", metavar="EXPRESSION", help="with --follow: print what matches X-Ray's filter expression")
    add("--no-page", action="store_true", help="with --follow: receive datagrams only, without page and API")
    add("--save", metavar="FILE", help="append every document that is received to FILE, one a line")
    add("--html", metavar="FILE", help="write the traces of the files as one HTML file, and end")
    return view


def run(options: argparse.Namespace) -> int:
    """Serve until the user ends it; with `--html`, write the file and end."""
    _check(options)
    contents = [(called(name), content_of(name)) for name in options.files]
    is_wanted = filter_of(options.filter)
    if options.html:
        return _write_html(options.html, contents)
    view = _start(options)
    try:
        raise_on_signals()
        for name, content in contents:
            _open(view, name, content)
        _announce(view, options)
        if options.follow:
            from lambda_tracer.local.show.console import open_console
            from lambda_tracer.local.view.terminal import follow

            follow(view.store, open_console(sys.stdout), is_wanted)
        never = threading.Event()
        while not never.wait(SIGNAL_POLL_S):
            pass
    except (KeyboardInterrupt, Interrupted):
        return 0
    finally:
        view.close()
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.port is not None and options.port > MAX_PORT:
        raise UsageError(f"--port: at most {MAX_PORT}: {options.port}")
    for name in ("filter", "no_page"):
        if getattr(options, name) and not options.follow:
            raise UsageError(f"--{name.replace('_', '-')} needs --follow")
    if options.no_page and options.open:
        raise UsageError("--open and --no-page can't both be")
    if options.html and not options.files:
        raise UsageError("--html needs a file to read traces from")
    check_once(options.files)
    if options.follow:
        need("rich")


def _start(options: argparse.Namespace) -> View:
    from lambda_tracer.local.view.view import CannotListen, View

    ports = [options.port] if options.port else [DEFAULT_PORT]
    if options.files and not options.port:
        ports.append(0)
    save = Path(options.save) if options.save else None
    for port in ports:
        try:
            return View(port, options.udp_host, save, has_page=not options.no_page)
        except CannotListen as exc:
            if port == ports[-1]:
                raise NotPossible(str(exc)) from exc
        except OSError as exc:
            raise UsageError(f"--save: {options.save}: {exc.strerror or exc}") from exc
    raise AssertionError


def _open(view: View, name: str, content: bytes) -> None:
    from lambda_tracer.local.view.files import open_file
    from lambda_tracer.local.view.intake import Intake

    # Not the view's own: what is in a file already is not saved again.
    opened = open_file(content, Intake(view.store, view.log))
    if not opened.traces:
        raise UsageError(f"{name}: {opened.message}")
    if opened.message:
        complain(f"{name}: {opened.message}")


def _announce(view: View, options: argparse.Namespace) -> None:
    if options.no_page:
        complain(f"traces sent to {view.udp} (UDP) are printed; Ctrl-C ends it")
        return
    complain(f"traces sent to {view.udp} are shown at {view.address} (Ctrl-C ends it)")
    if options.open:
        import webbrowser

        held = view.store.traces()
        fragment = f"#/trace/{held[0].id}" if len(held) == 1 else ""
        if not webbrowser.open(view.address + fragment):
            complain("no browser could be started")


def _write_html(target: str, contents: list[tuple[str, bytes]]) -> int:
    from lambda_tracer.local.view.exports import as_html
    from lambda_tracer.local.view.files import open_file
    from lambda_tracer.local.view.intake import Intake
    from lambda_tracer.local.view.log import Log
    from lambda_tracer.local.view.store import Store, newest_first

    store = Store()
    intake = Intake(store, Log())
    for name, content in contents:
        opened = open_file(content, intake)
        if not opened.traces:
            raise UsageError(f"{name}: {opened.message}")
        if opened.message:
            complain(f"{name}: {opened.message}")
    _tell_rejected(store)
    try:
        Path(target).write_text(as_html(newest_first(store.traces())), encoding="utf-8", errors="replace")
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise UsageError(f"--html: {target}: {reason}") from exc
    complain(f"{len(store):,} {'trace' if len(store) == 1 else 'traces'} written to {target}")
    return 0


def _tell_rejected(store: Store) -> None:
    lines = [f"{trace.id}: {line}" for trace in store.traces() for line in trace.rejections]
    for line in lines[:REJECTED_SHOWN]:
        complain(line)
    if len(lines) > REJECTED_SHOWN:
        complain(f"X-Ray would reject {len(lines) - REJECTED_SHOWN:,} more documents")
