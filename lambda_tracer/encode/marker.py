"""The marker in the place of a value that is too large, how large it was and what it begins with; and what was lost."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = 200
"""Characters of what a value begins with."""

WORTH_CUTTING = 3 * HEAD
"""What is no longer than this stays: a marker is not much shorter."""


class Marker(str):
    """The JSON of what stands in the place of a value that is too large."""

    __slots__ = ("size",)

    size: int
    """Bytes of the value, or what it has at least."""


def marker(size: int, is_exact: bool, head: str) -> Marker:
    """What stands in the place of JSON of `size` bytes (or more), which starts with `head`."""
    key = "bytes" if is_exact else "bytes_at_least"
    text = Marker(f'{{"lambda_tracer":"cut","{key}":{size},"starts_with":{quote(head)}}}')
    text.size = size
    return text


def described(losses: Mapping[str, list[int]]) -> dict[str, str]:
    """What was lost, as metadata in JSON: of each kind how many times, and how many bytes."""
    return {what: f'{{"count":{count},"bytes":{size}}}' for what, (count, size) in losses.items()}
