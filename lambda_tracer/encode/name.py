"""A subsegment's name as X-Ray takes it: of its alphabet, and no longer than it allows."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

from ..guard import Late
from ..safe import safe_str
from ..xray import ASCII_NAME, MAX_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import letters
else:
    letters = Late("lambda_tracer.encode.letters")  # only for names beyond ASCII

known: dict[str, str] = {}
"""Names as they stand in a document, each cleaned once: a function traces the same few again and again."""


def clean_name(name: object) -> str:
    """`name` as X-Ray accepts it: 1 to 200 letters, digits, spaces and `_ . : / % & # = + - @`.

    Other characters are left out, line breaks and tabs become spaces; of nothing that remains, `unnamed` is
    made.
    """
    text = str.__str__(name) if issubclass(type(name), str) else safe_str(name)
    if not ASCII_NAME.issuperset(text):
        text = " ".join(text[: 10 * MAX_NAME].split())
        if text.isascii():
            text = "".join(filter(ASCII_NAME.__contains__, text))
        else:
            text = "".join(filter(letters.is_taken, text))
    return text[:MAX_NAME] if text and not text.isspace() else "unnamed"


def quoted_name(name: object) -> str:
    """`clean_name` in JSON."""
    quoted = quote(clean_name(name))
    if type(name) is str and len(known) < 1_000:  # names made up at run time must not fill the memory
        known[name] = quoted
    return quoted
