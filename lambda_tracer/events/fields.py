"""What a record has under a name, in any of the forms in which it comes.

Lambda gives dicts, Powertools' data classes are mappings around them, pydantic models and boto3's resources have
attributes. Nothing here raises, whatever it is given.
"""

from __future__ import annotations

from ..guard import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def field(record: object, *names: str) -> Any:
    """What a record has under the first of these names that it has, as an entry or as an attribute; else None."""
    found = entry(record, *names)
    return attribute(record, *names) if found is None else found


def entry(record: Any, *names: str) -> Any:
    """What a mapping has under the first of these names that it has; None where it has none, or is no mapping."""
    is_dict = issubclass(type(record), dict)
    for name in names:
        try:
            found = dict.get(record, name) if is_dict else type(record).__getitem__(record, name)
        except BaseException as error:  # no mapping, or no such key; its own code may raise anything
            pass_on(error)
            continue
        if found is not None:
            return found
    return None


def attribute(record: object, *names: str) -> Any:
    """What an object has as the first of these attributes that it has, or None."""
    for name in names:
        try:
            found = getattr(record, name, None)
        except BaseException as error:  # the object's own code
            pass_on(error)
            continue
        if found is not None:
            return found
    return None


def text(value: object) -> str | None:
    """A text as a plain `str`, without the subclass that it may have; None for anything else."""
    return str.__str__(value) if issubclass(type(value), str) else None
