"""Traces a function whose code knows nothing of it: `handler` is the function's own handler, captured.

Set Lambda's handler to `lambda_tracer.auto.handler` and `LAMBDA_TRACER_HANDLER` to the function's own, in any form that
Lambda takes; the layer's exec wrapper does both. The function's module is imported when this one is, once.

What goes wrong in the function is reported as if we were not here, and what goes wrong here leaves the function as it
is: then it runs untraced, and one log record says so.
"""

from __future__ import annotations

import sys

from . import settings
from .capture.handler import HandlerCapture
from .guard import Late, can_load, pass_on, warn_once
from .tracer import Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .sandbox import import_error
else:
    import_error = Late("lambda_tracer.sandbox.import_error")

_POWERTOOLS = "aws_lambda_powertools.tracing.tracer"
_NEEDED_OF_RUNTIME = ("_get_handler", "build_fault_result", "FaultException")


def _load() -> Any:
    """The function's own handler, captured if that can be."""
    name = settings.own_handler()
    if not name:
        raise ImportError(
            "LAMBDA_TRACER_HANDLER must name the function's own handler, as in app.lambda_handler"
        )
    has_begun = _begin()
    handler = _own_handler(name)
    if has_begun:
        try:
            return _captured(handler)
        except Exception as error:
            pass_on(error)
            _runs_untraced(error)
    return handler


def _begin() -> bool:
    """Have libraries patched and imports timed, before the function's module is imported."""
    try:
        if settings.take_over():
            from . import compat  # only where it is asked for

            compat.install()
        Tracer(trace_imports=True)
    except Exception as error:
        pass_on(error)
        _runs_untraced(error)
        return False
    return True


def _captured(handler: Callable[..., Any]) -> Any:
    """The handler, captured, unless the function has seen to that itself."""
    if _is_captured(handler):
        return handler
    compat = sys.modules.get(f"{__package__}.compat")
    is_taken_over = compat is not None and compat.is_used()
    if is_taken_over and _is_captured(handler, by_powertools=True):
        from .capture.watch import watch_handler  # only where it is needed

        return watch_handler(handler)
    if not is_taken_over and "aws_xray_sdk.core" in sys.modules:
        # Each would record everything, side by side.
        _stop_recording()
        warn_once(
            "auto",
            "the function uses the X-Ray SDK, or Powertools' Tracer on it: lambda_tracer leaves it to that "
            "(LAMBDA_TRACER_TAKE_OVER=true has it run on lambda_tracer)",
        )
        return handler
    # A new one: it takes over what the function's own Tracers were told while its module was imported.
    tracer = Tracer()
    if tracer.disabled:
        return handler
    tracer.service = tracer.service or settings.function_name()
    # Nobody has looked at what this function returns, with a trace in mind: only who asks for responses gets them.
    return tracer.capture_lambda_handler(handler, capture_response=settings.capture_response(default=False))


def _is_captured(handler: Any, *, by_powertools: bool = False) -> bool:
    """Whether a Tracer has decorated it, also below other decorators that keep `__wrapped__`: ours, or Powertools'."""
    seen = set()
    while handler is not None and id(handler) not in seen:
        seen.add(id(handler))
        for cell in getattr(handler, "__closure__", None) or ():
            try:
                kept = cell.cell_contents
                if isinstance(kept, HandlerCapture):
                    return True
                if by_powertools and type(kept).__name__ == "Tracer" and type(kept).__module__ == _POWERTOOLS:
                    return True
            except ValueError as error:  # an empty cell
                pass_on(error)
        handler = getattr(handler, "__wrapped__", None)
    return False


def _own_handler(name: str) -> Any:
    """Import the function's module and find its handler, as the runtime client itself would.

    That is what it does, so that every form of `name` and every mistake in it is the client's to judge. An error that
    the module raised becomes the client's own exception, which reports it without the frames that are ours.
    """
    runtime = _runtime()
    if runtime is None:
        import importlib

        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module.replace("/", ".")), attribute)
    try:
        return runtime["_get_handler"](name)
    except runtime["FaultException"]:
        raise
    except Exception as error:
        if not can_load(import_error):
            raise
        raise import_error.reported(error, runtime) from None


def _runtime() -> dict[str, Any] | None:
    """The namespace of the runtime client that is importing us, wherever it lives; None without one."""
    frame = sys._getframe()
    while frame is not None:
        if all(needed in frame.f_globals for needed in _NEEDED_OF_RUNTIME):
            return frame.f_globals
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    return None


def _runs_untraced(error: Exception) -> None:
    _stop_recording()
    warn_once(
        "auto", "tracing could not start (%s: %s): the function runs untraced", type(error).__name__, error
    )


def _stop_recording() -> None:
    # Libraries may be patched by now. `set_sdk_enabled` would leave it on where AWS_XRAY_SDK_ENABLED is true.
    settings.global_sdk_config.stop()


handler = _load()
