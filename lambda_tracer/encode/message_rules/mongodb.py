"""What MongoDB and its drivers say."""

from __future__ import annotations

import re

from .error import read, text_of
from .text import without_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner


def message(error: BaseException, inner: Inner) -> str:
    """The server's messages quote documents: code and name, and of a duplicate key the collection and index."""
    text = text_of(error)
    code, details = read(error, "code"), read(error, "details")
    if type(code) is int or type(details) is dict:
        name = details.get("codeName") if type(details) is dict else None
        found = re.match(r"E11000 duplicate key error collection: ([\w.$-]+) index: ([\w.$-]+)", text)
        said = found[0] if found else name if type(name) is str else "the server refused"
        return f"{said} (code {code})" if type(code) is int else said
    text = text.partition(", Topology Description:")[0].partition(", full error:")[0]
    text = re.sub(
        r"(cannot encode object|Invalid document|Invalid key|[Kk]ey)\b.*", r"\1 ?", text, flags=re.DOTALL
    )
    return without_values(text)
