"""How a durable function ended, where the AWS Durable Execution SDK decorates it first, so that it does not raise."""

from __future__ import annotations

from ..guard import failed
from .method import CapturedCall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..trace.kept import KeptSubsegment
    from .provider import ForeignCall

_STATUSES = {"SUCCEEDED", "FAILED", "PENDING"}


def note_status(call: CapturedCall | ForeignCall | KeptSubsegment, answer: dict[Any, Any]) -> None:
    """Note the status that such a handler answered with: an annotation, and a fault where it failed."""
    try:
        status = answer.get("Status")
        if type(status) is not str or status not in _STATUSES:
            return
        call.annotate("DurableStatus", status)
        if status == "FAILED" and isinstance(call, CapturedCall) and call.subsegment is not None:
            call.subsegment.add_fault_flag()
    except Exception as error:
        failed(error)
