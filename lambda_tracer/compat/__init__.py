"""The X-Ray SDK's names, so that code which imports `aws_xray_sdk` runs on lambda_tracer's recorder as it is.

`install()` puts a finder before all others: whatever imports `aws_xray_sdk`, or a module below it, gets modules of
ours, whether the SDK is installed or not. Nothing is imported until then. `LAMBDA_TRACER_TAKE_OVER=true` does it for
functions that `lambda_tracer.auto` runs, `python -m lambda_tracer.compat` for scripts and test suites.
"""

from __future__ import annotations

import sys

from ..guard import warn_once
from .finder import FINDER, NAME

__all__ = ["install", "is_installed", "uninstall"]

_POWERTOOLS = "aws_lambda_powertools.tracing.tracer"


def install() -> bool:
    """Answer imports of `aws_xray_sdk` from now on; whether they are answered.

    Call it before anything imports the SDK. Where the real one has been imported already, that stays, and one log
    message says so. A second call changes nothing.
    """
    if is_installed():
        return True
    if NAME in sys.modules:
        warn_once(
            "compat",
            "aws_xray_sdk has been imported already, and stays: call lambda_tracer.compat.install() before that",
        )
        return False
    sys.meta_path.insert(0, FINDER)
    return True


def uninstall() -> None:
    """Undo `install`: what has been imported from the compatible modules keeps working, later imports find the SDK.

    For tests. The recorder goes on as it is, under its own names.
    """
    if is_installed():
        sys.meta_path.remove(FINDER)
        FINDER.forget()


def is_installed() -> bool:
    """Whether imports of `aws_xray_sdk` are answered by lambda_tracer."""
    return FINDER in sys.meta_path


def is_used() -> bool:
    """Whether imports of `aws_xray_sdk` are answered by lambda_tracer; says so, once, if there have been any."""
    if is_installed() and NAME in sys.modules:
        what = "Powertools' Tracer" if _POWERTOOLS in sys.modules else "the X-Ray SDK"
        warn_once(
            "take over", "the function uses %s, which runs on lambda_tracer (LAMBDA_TRACER_TAKE_OVER)", what
        )
    return is_installed()
