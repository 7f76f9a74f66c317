"""The links of a subsegment to those of other traces that it goes on with: to a queue's senders, say."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

from ..xray import MAX_LINKS
from .json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..trace.subsegment import Link


def field_of(links: Sequence[Link]) -> str:
    """As AWS's exporter of OpenTelemetry writes them. The schema of documents has no word about them, nor against."""
    shown = []
    for trace_id, id_, *said in links[:MAX_LINKS]:
        attributes = f',"attributes":{dumps(said[0], is_captured=True)}' if said else ""
        shown.append(f'{{"trace_id":{quote(trace_id)},"id":{quote(id_)}{attributes}}}')
    return f',"links":[{",".join(shown)}]'
