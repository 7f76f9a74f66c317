"""What Redis and Valkey say."""

from __future__ import annotations

import re

from ..attributes import mro_of
from .error import names_of, text_of
from .text import unquoted, without_numbers, without_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner

_SAYS = (
    r"operation against a key holding the wrong|value is not|hash value is not|increment|decrement|no such key"
    r"|syntax error|index out of range|offset is out of range|bit |invalid expire time|wrong number of arguments"
    r"|unknown (?:sub)?command|db index|invalid db index|string exceeds|min or max|weight|timeout is|numkeys"
    r"|number of keys|exec without|discard|multi calls|watch inside|invalid cursor|source and destination"
    r"|(?:nx|xx|gt|lt)\b.*(?:and|options)|the id specified|invalid stream|unbalanced|client sent auth"
    r"|max number of clients|command not allowed|you can't write|redis is |link with master|errors? writing to the aof"
    r"|no matching script|authentication required|invalid username-password|this user has no|user \w+ has no"
    r"|transaction discarded|keys in request|\d+ [\w.:-]+\Z|hash slot not served|the cluster is down"
    r"|multiple keys request|not enough good replicas|consumer group name already|target key name"
    r"|no scripts in execution|bad data format|dump payload|invalid longitude|invalid argument|function not found"
    r"|auth <password>|protocol error|unsupported|config set failed|select is not allowed|instance has cluster"
)
"""How the server's own messages begin, behind their codes; a script's and a module's may be anything."""


def message(error: BaseException, inner: Inner) -> str:
    head, text = "", text_of(error)
    match = re.match(r"(Command # \d+) .* (of pipeline caused error: )", text, re.DOTALL)
    if match is not None:
        head, text = f"{match[1]} {match[2]}", text[match.end() :]
    names = [names_of(base)[1] for base in mro_of(type(error))]
    if "ResponseError" in names or match is not None:
        code = re.match(r"(?:[A-Z][A-Z]+ )?", text)
        said = text[code.end() :] if code else text
        if re.match(_SAYS, said, re.IGNORECASE) is None:
            return f"{head}refused by the server"
        text = re.sub(r"(unknown (?:sub)?command).*", r"\1 ?", text, flags=re.DOTALL | re.IGNORECASE)
        text = re.sub(r"(near|parameter|CONFIG SET failed)\b.*", r"\1 ?", text, flags=re.DOTALL)
        text = re.sub(r" script: [0-9a-f]{40}.*", "", text, flags=re.DOTALL)
        return head + without_numbers(unquoted(text, has_names=False))
    text = re.sub(r"(Protocol Error)\b.*", r"\1", text, flags=re.DOTALL)
    return head + without_values(text)
