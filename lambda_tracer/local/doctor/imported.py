"""A handler, imported in a process of its own, in the function's folder and with its variables, under a time limit.

What it prints goes nowhere and what it starts ends with it. Where nothing came of it, one finding says why.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.daemon import Daemon
from lambda_tracer.local.run.function import FunctionSettings
from lambda_tracer.local.run.process import end_family

from .finding import Finding
from .function import OUR_HANDLER, OUR_WRAPPER, Function
from .variables import FLAGS, is_flag

MAX_OUTPUT_BYTES = 20_000_000
"""What a handler may print while it is imported."""

_PROBE = Path(__file__).with_name("probe.py")

# Lambda's runtime has them without anybody asking for them.
_IN_LAMBDA = frozenset(
    (
        *("boto3", "botocore", "awslambdaric", "s3transfer", "jmespath", "dateutil", "urllib3", "six"),
        *("snapshot_restore_py", "simplejson"),
    )
)


@dataclass
class Imported:
    """What came of importing a handler. `error` is None where it was imported; `has_ended` says how where it was not.

    `has_ended` is "", "hangs", "prints" or "crashes"; `status` is the exit code of a process that ended by itself.
    """

    error: Mapping[str, Any] | None = None
    has_ended: str = ""
    status: int = 0
    file: Path | None = None
    line: int = 0
    is_captured: bool = False
    is_callable: bool = True
    loaded: list[str] = field(default_factory=list)
    tracers: list[Mapping[str, Any]] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    both: list[str] = field(default_factory=list)
    unpatchable: dict[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether there is a handler to say anything of."""
        return self.error is None and not self.has_ended and self.is_callable


Running = set[subprocess.Popen[bytes]]
"""The processes that there are now, for who has to end them."""


def import_handler(function: Function, libraries: list[str], timeout_s: float, running: Running) -> Imported:
    """Import the handler of a function whose folder and handler are known."""
    assert function.folder is not None
    daemon = Daemon()
    try:
        with tempfile.TemporaryDirectory(prefix="lambda-tracer-doctor-") as scratch:
            return _import(function, function.folder, libraries, timeout_s, daemon, Path(scratch), running)
    finally:
        daemon.close()


def _import(
    function: Function,
    folder: Path,
    libraries: list[str],
    timeout_s: float,
    daemon: Daemon,
    scratch: Path,
    running: Running,
) -> Imported:
    environment = _environment(function, folder, daemon)
    path = environment.pop("PYTHONPATH").split(os.pathsep)
    for layer in function.layer_folders:
        path[1:1] = [str(layer / "python"), str(layer)]
    request = {
        "handler": environment["_HANDLER"],
        "own_handler": function.own_handler,
        "root": str(folder) + os.sep,
        "path": path,
        "libraries": libraries,
        "result": str(scratch / "result"),
        "stacks": str(scratch / "stacks"),
        "stack_after_s": timeout_s * 0.8,
    }
    (scratch / "request").write_text(json.dumps(request), encoding="utf-8")
    process = subprocess.Popen(
        # -E: the function's PYTHON* variables are for its own code; a module in its folder must not be ours.
        [sys.executable, "-E", "-X", "utf8", "-B", str(_PROBE), str(scratch / "request")],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    running.add(process)
    try:
        has_ended = _drain(process, timeout_s)
    finally:
        end_family(process)
        running.discard(process)
        if process.stdout is not None:
            process.stdout.close()
    return _read(scratch, folder, has_ended, process.returncode)


def _environment(function: Function, folder: Path, daemon: Daemon) -> dict[str, str]:
    """Lambda's variables and the template's. What only a deployment can tell is there, as a name of some kind."""
    variables = {
        name: name if setting.text is None else setting.text for name, setting in function.variables.items()
    }
    variables.pop("AWS_XRAY_DAEMON_ADDRESS", None)
    for flag in FLAGS:
        # It keeps the Tracer from being made, which is a finding of its own: all else is still to be found.
        if not is_flag(variables.get(flag, "")):
            del variables[flag]
    handler = function.handler.text if function.handler is not None else ""
    if variables.pop("AWS_LAMBDA_EXEC_WRAPPER", "") == OUR_WRAPPER and handler:
        variables["LAMBDA_TRACER_HANDLER"], handler = handler, OUR_HANDLER
    name = function.name if re.fullmatch(r"[\w-]{1,64}", function.name, re.ASCII) else ""
    settings = FunctionSettings(
        handler=handler or "", task_root=folder, name=name, environment=_without_nul(variables)
    )
    return settings.variables(daemon.host, daemon.port)


def _without_nul(variables: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in variables.items()
        if name and "=" not in name and "\0" not in name + value
    }


def _drain(process: subprocess.Popen[bytes], timeout_s: float) -> str:
    """Wait for the end, and let what is printed go; gives "hangs" or "prints" where there is none."""
    give_up_at = clock.monotonic() + timeout_s
    printed = 0
    with selectors.DefaultSelector() as selector:
        assert process.stdout is not None
        selector.register(process.stdout, selectors.EVENT_READ)
        while process.poll() is None:
            left_s = give_up_at - clock.monotonic()
            if left_s <= 0:
                return "hangs"
            # A child of the handler's may keep the pipe open, or the handler itself close it.
            if not selector.get_map():
                try:
                    process.wait(min(left_s, 0.5))
                except subprocess.TimeoutExpired:
                    pass
            elif selector.select(min(left_s, 0.5)):
                data = os.read(process.stdout.fileno(), 1 << 20)
                printed += len(data)
                if not data:
                    selector.unregister(process.stdout)
                elif printed > MAX_OUTPUT_BYTES:
                    return "prints"
    return ""


def _read(scratch: Path, folder: Path, has_ended: str, status: int) -> Imported:
    imported = Imported(has_ended=has_ended, status=status)
    stages = {}
    for line in _text(scratch / "result").splitlines():
        try:
            stage = json.loads(line)
            stages[stage.pop("stage")] = stage
        except (ValueError, KeyError, AttributeError):
            continue
    if "imported" not in stages:
        imported.has_ended = has_ended or "crashes"
        imported.file, imported.line = _innermost(_text(scratch / "stacks"), folder)
        return imported
    imported.error = stages["imported"].get("error")
    if imported.error is None and "examined" not in stages:
        imported.has_ended = has_ended or "crashes"
        return imported
    # What comes after is about libraries: that they hang is no matter of the handler's.
    imported.has_ended = ""
    for stage in ("examined", "libraries"):
        for name, value in stages.get(stage, {}).items():
            if hasattr(imported, name):
                setattr(imported, name, value)
    return imported


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _innermost(stacks: str, folder: Path) -> tuple[Path | None, int]:
    """Where in the function's own code a process hung, by what it wrote of its stacks, the innermost call first."""
    for file, line in re.findall(r'File "([^"\n]+)", line (\d+)', stacks):
        if file.startswith(str(folder) + os.sep):
            return Path(file), int(line)
    return None, 0


def findings(function: Function, imported: Imported, needed: bool, timeout_s: float) -> Iterator[Finding]:
    """What is said where there is no handler to say anything of. `needed`: whether the folder has requirements."""
    handler = function.handler
    name = function.own_handler
    at = (function.file, handler.line if handler is not None else 0)
    if imported.has_ended == "hangs":
        yield Finding(
            "handler-hangs",
            f"Importing {name} did not end within {timeout_s:g} s: Lambda ends an initialisation after 10 s.",
            "Move what waits into the handler, or give it a time limit of its own.",
            *((imported.file, imported.line) if imported.file else at),
        )
    elif imported.has_ended == "prints":
        yield Finding(
            "handler-prints-endlessly",
            f"Importing {name} printed more than {MAX_OUTPUT_BYTES:,} bytes, and was ended.",
            "Look for a loop at the top of the module.",
            *at,
        )
    elif imported.has_ended == "crashes" and imported.status >= 0:
        yield Finding(
            "handler-exits",
            f"Importing {name} ended the process, with exit code {imported.status}.",
            "Take the exit out of what runs at import.",
            *at,
        )
    elif imported.has_ended == "crashes":
        yield Finding(
            "handler-crashes",
            f"Importing {name} crashed Python itself: {_signal(-imported.status)}.",
            "Look for a library with compiled code that is made for another Python or processor.",
            *at,
        )
    elif imported.error is not None:
        yield _of_error(function, imported.error, needed, *at)
    elif not imported.succeeded:
        yield Finding(
            "handler-not-found",
            f"{name} is there, but it can't be called.",
            "Name a function as the handler.",
            *at,
        )


def _of_error(
    function: Function, error: Mapping[str, Any], needed: bool, file: Path | None, line: int
) -> Finding:
    name, kind = function.own_handler, error["kind"]
    place = (Path(error["file"]), int(error["line"])) if error["file"] and error["line"] else (file, line)
    if kind == "no module":
        what = (
            f"There is no module {name.rpartition('.')[0]} in the function's folder: Lambda finds no handler."
        )
        return Finding(
            "handler-not-found", what, "Correct the handler, or the folder of the code.", file, line
        )
    if kind == "no attribute":
        module, _, attribute = name.rpartition(".")
        what = f"The module {module} has no {attribute}: Lambda finds no handler."
        return Finding(
            "handler-not-found", what, "Correct the handler, or the name of the function.", file, line
        )
    if kind == "exit":
        what = f"Importing {name} calls sys.exit: there is no handler."
        return Finding("handler-exits", what, "Take the exit out of what runs at import.", *place)
    missing = str(error.get("missing") or "").partition(".")[0]
    is_brought = needed or bool(function.layers) or function.is_image or missing in _IN_LAMBDA
    if kind == "missing" and (is_brought or not function.kind):
        what = f"{name} can't be imported here, for {missing} is not installed: what only an import tells was left out."
        remedy = "Install the function's requirements beside lambda-tracer, or examine the folder that is deployed."
        return Finding("not-installed", what, remedy, *place)
    said = f"{error['type']}: {error['message']}" if error["message"] else str(error["type"])
    what = f"Importing {name} fails with {said}."
    return Finding(
        "handler-fails", what, "Correct it: nothing is traced of a function that does not start.", *place
    )


def _signal(number: int) -> str:
    try:
        return (signal.strsignal(number) or str(number)).lower()
    except ValueError:
        return str(number)
