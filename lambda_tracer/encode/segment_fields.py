"""What the document of a segment has, and that of a subsegment has not: origin, service and user.

Rules: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

from ..safe import safe_str
from ..xray import MAX_HTTP_TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_SERVICE_FIELDS = 20
"""Of what a segment says of its service; X-Ray knows three of them."""


def fields_of(segment: Any) -> str:
    """These fields in JSON, with a comma before each. A text is cut to 250 characters."""
    text = ""
    for name in ("origin", "user"):
        value = getattr(segment, name, None)
        if value:
            text += f',"{name}":{_short(value)}'
    service = getattr(segment, "service", None)
    if type(service) is dict and service:
        shown = [
            f"{_short(key)}:{_short(value)}" for key, value in list(service.items())[:MAX_SERVICE_FIELDS]
        ]
        text += f',"service":{{{",".join(shown)}}}'
    return text


def standalone(text: str, trace_id: str, parent_id: str) -> str:
    """A closed text as the document of a segment, which has a parent where another service has asked for it."""
    of = f',"parent_id":"{parent_id}"' if parent_id else ""
    return f'{{"trace_id":"{trace_id}"{of},{text[1:]}'


def _short(value: object) -> str:
    return quote((value if type(value) is str else safe_str(value))[:MAX_HTTP_TEXT])
