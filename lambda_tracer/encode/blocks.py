"""The blocks of a document that may be large: metadata, cause, sql and aws, in JSON."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

from ..guard import Late
from ..safe import safe_str
from ..xray import AWS_TEXTS, MAX_HTTP_TEXT
from .json_text import dumps, encoded
from .limits import MAX_VALUE_BYTES
from .marker import Marker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from . import short_blocks
else:
    short_blocks = Late("lambda_tracer.encode.short_blocks")  # few are so large


def metadata_of(entries: list[list[str]]) -> str:
    """Metadata in JSON; each entry is a namespace, a key and the JSON of a value."""
    namespaces: dict[str, dict[str, str]] = {}
    repeated: dict[tuple[str, str], int] = {}
    for namespace, key, value in entries:
        items = namespaces.setdefault(namespace, {})
        name = key if type(key) is str else safe_str(key)
        while name in items:  # two keys, one text: both are kept
            count = repeated[namespace, name] = repeated.get((namespace, name), 0) + 1
            name += "'" if count == 1 else f"'{count}"
        items[name] = value
    parts = [
        f"{quote(namespace[:MAX_VALUE_BYTES])}:"
        f"{{{','.join([f'{quote(name[:MAX_VALUE_BYTES])}:{value}' for name, value in items.items()])}}}"
        for namespace, items in namespaces.items()
    ]
    return f',"metadata":{{{",".join(parts)}}}'


def blocks_of(
    cause: Mapping[str, Any] | str | None, sql: Mapping[str, Any] | None, aws: Mapping[str, Any] | None
) -> str:
    """The other blocks in JSON; a `Marker` where one of them was too large even to be encoded."""
    text = ""
    uncut = 0
    if aws:
        shown = {key: value for key, value in aws.items() if value is not None}
        for key in AWS_TEXTS:
            if key in shown and type(shown[key]) is not str:
                shown[key] = safe_str(shown[key])
        block, size = _block("aws", shown)
        uncut += size
        text += f',"aws":{block}'
    if cause:
        block = encoded(cause)
        # Always the object, but when so little stack is left that it can't be encoded.
        text += f',"cause":{block}' if block[0] == "{" or isinstance(cause, str) else ""
    if sql:
        texts = {key: safe_str(value) for key, value in sql.items() if value is not None}
        if "user" in texts:
            texts["user"] = texts["user"][:MAX_HTTP_TEXT]
        block, size = _block("sql", texts)
        uncut += size
        text += f',"sql":{block}'
    if uncut:
        shorter = Marker(text)
        shorter.size = uncut + len(text)
        return shorter
    return text


def _block(name: str, whole: dict[str, Any]) -> tuple[str, int]:
    """A block in JSON; where it is too large even to be encoded, what stays of it, and how large it was."""
    text = dumps(whole)
    if type(text) is Marker:
        return encoded(short_blocks.short(name, whole)), text.size
    return text, 0
