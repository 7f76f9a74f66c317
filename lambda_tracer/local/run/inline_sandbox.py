"""The handler in this very process, for where `awslambdaric` can't be installed, and for debuggers.

The function sees the same environment, context and event. What a process of its own would give is missing:
an exit ends the run, and a time-out is an exception in the handler, which only interrupts Python code. A Ctrl-C is one,
too: what it ends is closed on its way up, so that the trace shows where it came.
"""

from __future__ import annotations

import decimal
import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.daemon import Daemon
from lambda_tracer.local.receive.invocation import MAX_PAYLOAD_BYTES, Invocation
from lambda_tracer.local.receive.plain_text import escaped
from lambda_tracer.local.run.alarm import TaskTimedOut, alarm
from lambda_tracer.local.run.function import FunctionSettings
from lambda_tracer.local.run.interruption import Interrupted, ignore_signals
from lambda_tracer.local.run.process import exit_reason
from lambda_tracer.local.run.sandbox import Initialization


class LambdaContext:
    """The handler's second argument, with what the runtime client's has."""

    def __init__(self, settings: FunctionSettings, invocation: Invocation, deadline: float) -> None:
        self.aws_request_id = invocation.request_id
        self.function_name = settings.function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn = invocation.arn
        self.memory_limit_in_mb = str(settings.memory_mb)
        self.log_group_name = settings.log_group
        self.log_stream_name = settings.log_stream
        self.client_context = None
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.tenant_id = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the time-out, never below 0."""
        return max(0, int((self._deadline - clock.now()) * 1000))

    def log(self, message: object) -> None:
        """Write to the function's log."""
        sys.stdout.write(str(message))


Handler = Callable[[object, LambdaContext], object]


class InlineSandbox:
    """Changes this process for good: its environment, folder and import path become the function's."""

    def __init__(self, settings: FunctionSettings, daemon: Daemon) -> None:
        self._settings = settings
        self._handler: Handler | None = None
        self._request_id = ""
        os.environ.clear()
        os.environ.update(settings.variables(daemon.host, daemon.port))
        if hasattr(time, "tzset"):
            time.tzset()
        os.chdir(settings.task_root)
        sys.path.insert(0, str(settings.task_root))
        # The daemon's thread must get its turn while the handler sends: a full socket buffer drops datagrams.
        sys.setswitchinterval(0.0005)
        _log_like_the_runtime(self)

    @property
    def request_id(self) -> str:
        """Of the invocation that runs; empty during initialization."""
        return self._request_id

    def run(self, invocation: Invocation) -> Initialization | None:
        """Import the handler if that is still to be done, and call it."""
        initialization = None
        if self._handler is None:
            began_at = clock.now()
            limit_s = self._settings.init_timeout_s
            try:
                with self._alarm(limit_s):
                    self._handler = _load(self._settings.handler)
            except KeyboardInterrupt:
                _interrupt(invocation)
            except TaskTimedOut:
                invocation.time_out("Initialization", limit_s)
            except _LoadError as exc:
                invocation.error = exc.error
            except BaseException as exc:
                self._failed(exc, invocation, "")
            initialization = (began_at, clock.now())
        if self._handler is None or invocation.is_interrupted:
            invocation.finished_at = clock.now()
            return initialization
        self._call(self._handler, invocation)
        return initialization

    def sync_log(self) -> None:
        """Flush what the handler printed."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                continue  # the handler has closed it, or put something of its own in its place

    def take_log(self) -> str:
        """Not known: it is printed by this very process."""
        return ""

    def max_memory_mb(self) -> int | None:
        """Not known: this process holds more than the function."""
        return None

    def environment(self) -> Mapping[str, str]:
        """This process' own, with whatever the function has made of it."""
        return os.environ

    def take_notes(self) -> list[str]:
        """Nothing more to say."""
        return []

    def close(self) -> None:
        """Nothing of its own is left running."""

    def _call(self, handler: Handler, invocation: Invocation) -> None:
        self._request_id = invocation.request_id
        os.environ["_X_AMZN_TRACE_ID"] = invocation.trace_header
        invocation.started_at = clock.now()
        context = LambdaContext(self._settings, invocation, invocation.started_at + invocation.timeout_s)
        try:
            event = json.loads(invocation.event)
            with self._alarm(invocation.timeout_s):
                response = handler(event, context)
            invocation.response = _payload(response)
            if len(invocation.response) > MAX_PAYLOAD_BYTES:
                invocation.refuse_response()
        except KeyboardInterrupt:
            _interrupt(invocation)
        except TaskTimedOut:
            invocation.time_out("Task", invocation.timeout_s)
        except _LoadError as exc:
            invocation.error = {**exc.error, "requestId": invocation.request_id}
        except BaseException as exc:
            self._failed(exc, invocation, invocation.request_id)
            if invocation.cause is None:
                self._log_error(invocation.error or {})
        invocation.finished_at = clock.now()
        self._request_id = ""

    def _failed(self, exception: BaseException, invocation: Invocation, request_id: str) -> None:
        """Note what the runtime client would tell, or what its end would be called; ours goes on."""
        if isinstance(exception, Interrupted):
            raise exception
        if isinstance(exception, SystemExit):
            code = exception.code
            invocation.exit(exit_reason(code if isinstance(code, int) else int(code is not None)))
        elif isinstance(exception, Exception):
            invocation.error = _error(exception, request_id)
        else:
            # The runtime client catches no other ones: they end the process.
            invocation.exit(exit_reason(1))

    def _alarm(self, limit_s: float) -> AbstractContextManager[None]:
        """What ends the function after so long, if anything is to: a debugger may keep it for hours."""
        return alarm(limit_s) if self._settings.is_timed else nullcontext()

    def _log_error(self, error: dict[str, Any]) -> None:
        self.sync_log()
        lines = [
            f"[ERROR] {error['errorType']}: {error['errorMessage']}",
            "Traceback (most recent call last):",
        ]
        lines += "".join(error["stackTrace"]).splitlines()
        try:
            print("\n".join(escaped(line, kept="\t") for line in lines))
        except Exception:
            return  # the handler has closed standard output; the result says it as well


def _interrupt(invocation: Invocation) -> None:
    ignore_signals()
    invocation.interrupt()


class _LoadError(Exception):
    """What the runtime client calls a fault: an error with a type of Lambda's."""

    def __init__(self, error_type: str, message: str) -> None:
        self.error: dict[str, Any] = {
            "errorMessage": message,
            "errorType": error_type,
            "requestId": "",
            "stackTrace": [],
        }


def _load(handler: str) -> Handler:
    module_name, _, function_name = handler.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as exc:
        raise _LoadError(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {_message(exc)}"
        ) from exc
    except SyntaxError as exc:
        message = f"Syntax error in module '{module_name}': {_message(exc)}"
        raise _LoadError("Runtime.UserCodeSyntaxError", message) from exc
    try:
        found: Handler = getattr(module, function_name)
    except AttributeError as exc:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise _LoadError("Runtime.HandlerNotFound", message) from exc
    return found


def _payload(response: object) -> bytes:
    if isinstance(response, bytes):
        return response
    try:
        return json.dumps(response, ensure_ascii=False, default=_number).encode()
    except Exception as exc:
        raise _LoadError("Runtime.MarshalError", f"Unable to marshal response: {_message(exc)}") from exc


def _number(value: object) -> float:
    if isinstance(value, decimal.Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _error(exception: BaseException, request_id: str) -> dict[str, Any]:
    frames = traceback.extract_tb(exception.__traceback__)
    while frames and (frames[0].filename == __file__ or "importlib" in frames[0].filename):
        frames.pop(0)
    return {
        "errorMessage": _message(exception),
        "errorType": str(type(exception).__name__),
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames),
    }


def _message(exception: BaseException) -> str:
    """Its text. An exception whose own code fails to give one is the function's error all the same."""
    try:
        return str.__str__(str(exception))
    except (KeyboardInterrupt, Interrupted, TaskTimedOut):
        raise
    except BaseException as exc:
        return f"(its message can't be had: {type(exc).__name__})"


class _PlainFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return escaped(super().format(record), kept="\n\t")


def _log_like_the_runtime(sandbox: InlineSandbox) -> None:
    def note_request_id(record: logging.LogRecord) -> bool:
        record.aws_request_id = sandbox.request_id
        return True

    log_handler = logging.StreamHandler(sys.stdout)
    formatter = _PlainFormatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    log_handler.setFormatter(formatter)
    log_handler.addFilter(note_request_id)
    logging.getLogger().addHandler(log_handler)
