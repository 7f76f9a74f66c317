"""An error that the function's module raised, as the runtime client would report it if we were not here."""

from __future__ import annotations

from ..guard import PACKAGE_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_IMPORT_SYSTEM = '  File "<frozen importlib'


def reported(error: Exception, runtime: Mapping[str, Any]) -> BaseException:
    """The runtime client's own exception, which it reports without the frames that are ours.

    `runtime` is the client's namespace.
    """
    stack = error.__traceback__.tb_next if error.__traceback__ else None
    told = runtime["build_fault_result"]((type(error), error, stack), None)
    fault: BaseException = runtime["FaultException"](
        told["errorType"], told["errorMessage"], _without_our_frames(told["stackTrace"])
    )
    return fault


def _without_our_frames(stack: list[str]) -> list[str]:
    """The formatted frames that there would be if nobody timed imports.

    Python hides the frames of its own import system where it runs a module straight from there. Where we stand in
    between it does not, so those above ours go as well.
    """
    ours = f'  File "{PACKAGE_FOLDER}'
    kept: list[str] = []
    is_below_ours = False
    for frame in stack:
        if frame.startswith(ours):
            is_below_ours = True
            continue
        if is_below_ours and not frame.startswith(_IMPORT_SYSTEM):
            while kept and kept[-1].startswith(_IMPORT_SYSTEM):
                kept.pop()
        is_below_ours = False
        kept.append(frame)
    return kept
