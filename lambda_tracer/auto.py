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
    held = _held_by(handler)
    if any(isinstance(each, HandlerCapture) for each in held):
        return handler
    if "aws_xray_sdk.core" in sys.modules or f"{__package__}.compat" in sys.modules:
        from . import auto_beside  # only where there is another tracer

        left = auto_beside.left_to_others(handler, held)
        if left is not None:
            return left
    # A new one: it takes over what the function's own Tracers were told while its module was imported.
    tracer = Tracer()
    if tracer.disabled:
        return handler
    tracer.service = tracer.service or settings.function_name()
    # Nobody has looked at what this function returns, with a trace in mind: only who asks for responses gets them.
    return tracer.capture_lambda_handler(handler, capture_response=settings.capture_response(default=False))


def _held_by(handler: Any) -> list[object]:
    """What functions hold that decorate it, also below other decorators that keep `__wrapped__`."""
    held: list[object] = []
    seen = set()
    while handler is not None and id(handler) not in seen:
        seen.add(id(handler))
        for cell in getattr(handler, "__closure__", None) or ():
            try:
                held.append(cell.cell_contents)
            except ValueError as error:  # an empty cell
                pass_on(error)
        handler = getattr(handler, "__wrapped__", None)
    return held


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
    # Libraries may be patched by now. `set_sdk_enabled` would leave it on where AWS_XRAY_SDK_ENABLED is true.
    settings.global_sdk_config.stop()
    warn_once(
        "auto", "tracing could not start (%s: %s): the function runs untraced", type(error).__name__, error
    )


handler = _load()
