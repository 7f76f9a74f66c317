"""Imports as subsegments: what a cold start is spent on.

Each module that is imported while something is recorded is a subsegment `import <module>`, below the one that imports
it; those faster than the threshold leave no trace of their own. Imports that ran before recording was asked for are not
seen.
"""

from __future__ import annotations

from .clock import clock
from .guard import failed
from .patches import importing
from .recorder import Recording, xray_recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_OURS = f"{__package__}."
_threshold_s = 0.0


def record(threshold_s: float) -> None:
    """Record imports that take `threshold_s` seconds or longer, from now on."""
    global _threshold_s
    _threshold_s = threshold_s
    importing.run_modules_in(_timed)


def stop() -> None:
    """Record imports no longer."""
    importing.run_modules_in(None)


def _timed(name: str, run: Callable[[], None]) -> None:
    # Our own modules are not timed: recording that may be what imports them.
    subsegment = None if name.startswith(_OURS) else xray_recorder.begin_recorded(f"import {name}")
    if subsegment is None:
        run()
        return
    with Recording(subsegment):
        try:
            run()
        finally:
            try:
                # One that fails as fast is mostly a package asking whether another is there.
                if clock.now() - subsegment.start_time < _threshold_s:
                    xray_recorder.discard(subsegment)
            except Exception as error:
                failed(error)
