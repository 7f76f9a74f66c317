"""What the attributes say that have no place of their own: annotations and metadata."""

from __future__ import annotations

import json

from ..guard import pass_on
from ..xray import ANNOTATION_KEY
from .conventions import METADATA, SHORT_FACTS, USAGE
from .facts import items_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .facts import Facts

MAX_JSON = 64_000
"""Characters of a text that is read as JSON: no more of it could be shown."""


def annotations_of(facts: Facts) -> dict[str, str | int | float]:
    """What `aws.xray.annotations` lists, and a few short facts, under keys that X-Ray takes."""
    listed = facts.take("annotations")
    keys = [text_of(key) for key in items_of(listed) or ()]
    keys += SHORT_FACTS
    keys += [key for key in facts.left if key.startswith(USAGE)] if "gen_ai" in facts.areas else ()
    found: dict[str, str | int | float] = {}
    for key in dict.fromkeys(keys):
        value: Any = facts.left.get(key)
        if issubclass(type(value), (str, int, float)):
            found[_key(key)] = value
            del facts.left[key]
    return found


def _key(key: str) -> str:
    is_taken = ANNOTATION_KEY.issuperset(key)
    return key if is_taken else "".join(c if c in ANNOTATION_KEY else "_" for c in key)


def namespaces_of(facts: Facts) -> dict[str, dict[str, Any]]:
    """The namespaces of metadata that are given as JSON. What is no JSON object stands under `value`."""
    found: dict[str, dict[str, Any]] = {}
    if "aws" not in facts.areas:
        return found
    for name in [name for name in facts.left if name.startswith(METADATA)]:
        value = facts.left.pop(name)
        text = text_of(value)
        if text and len(text) <= MAX_JSON:
            try:
                value = json.loads(text)
            except (ValueError, RecursionError) as error:
                pass_on(error)  # a text it is
        found[name.removeprefix(METADATA)] = value if type(value) is dict else {"value": value}
    return found
