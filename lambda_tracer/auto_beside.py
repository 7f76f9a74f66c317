"""What `auto` does with a handler that another tracer may record: the X-Ray SDK, or Powertools' Tracer on it."""

from __future__ import annotations

import sys

from . import settings
from .guard import warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_POWERTOOLS = "aws_lambda_powertools.tracing.tracer"


def left_to_others(handler: Callable[..., Any], held: Iterable[object]) -> Any:
    """The handler as it is then; None if it is to be captured.

    `held` is what the functions hold that it consists of.
    """
    compat = sys.modules.get(f"{__package__}.compat")
    if compat is not None and compat.is_used():
        if not any(type(each).__name__ == "Tracer" and type(each).__module__ == _POWERTOOLS for each in held):
            return None
        from .capture.watch import watch_handler

        return watch_handler(handler)
    if "aws_xray_sdk.core" not in sys.modules:
        return None
    # Each would record everything, side by side. `set_sdk_enabled` would not do where AWS_XRAY_SDK_ENABLED is true.
    settings.global_sdk_config.stop()
    warn_once(
        "auto",
        "the function uses the X-Ray SDK, or Powertools' Tracer on it: lambda_tracer leaves it to that "
        "(LAMBDA_TRACER_TAKE_OVER=true has it run on lambda_tracer)",
    )
    return handler
