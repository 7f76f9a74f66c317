"""TraceHeader: the value of `X-Amzn-Trace-Id`, taken apart and put together again.

The form is `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0|1|?>` and any number of further `key=value`
pairs (`Lineage` is one that Lambda depends on), as AWS describes under "Tracing header" in the X-Ray
developer guide.
"""

from __future__ import annotations

from ..guard import Late, can_load, pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from . import sendable

    SamplingDecision = Literal[0, 1, "?"]
else:
    # As in `tracer`: what type hints name.
    from _collections_abc import Mapping

    SamplingDecision = int | str
    sendable = Late("lambda_tracer.trace.sendable")

_DECISIONS: dict[object, SamplingDecision] = {1: 1, "1": 1, 0: 0, "0": 0, "?": "?"}

HEADER_NAME = "X-Amzn-Trace-Id"
"""Of the HTTP header, and of a message's attribute."""

MAX_HEADER_CHARACTERS = 4_096
"""A longer header is not handed on whole: servers refuse headers of 8 kB in all, some of 4 kB."""

_NAMED = frozenset(("Root", "Parent", "Sampled", "Self"))

# The value of an item that came without "=": told apart from an empty value when the header is written again.
_BARE = "\0"


def _decision(value: object) -> SamplingDecision | None:
    try:
        return _DECISIONS.get(value)
    except TypeError as error:  # unhashable, hence none of the known ones
        pass_on(error)
        return None


class TraceHeader:
    """A trace header in its parts.

    `root` and `parent` are texts or None, `sampled` is 1, 0, `"?"` (undecided) or None (not said), and `data`
    maps every other key to its value in the order they came. `Self`, which load balancers add about
    themselves, is not kept.
    """

    __slots__ = ("data", "parent", "root", "sampled")

    def __init__(
        self,
        root: str | None = None,
        parent: str | None = None,
        sampled: bool | int | str | None = None,
        data: Mapping[str, str] | None = None,
    ) -> None:
        """`sampled` may be 1, 0, True, False, "1", "0" or "?"; anything else counts as not said."""
        self.root = root
        self.parent = parent
        self.sampled: SamplingDecision | None = _decision(sampled)
        self.data: dict[str, str] | None = dict(data) if data else None

    @classmethod
    def from_header_str(cls, header: str | None) -> TraceHeader:
        """Read a header; never raises.

        None and an empty text give an empty header. Space around keys and values is dropped, the last of
        several equal keys wins, and what has no `=` is kept as it is.
        """
        parts: dict[str, str] = {}
        if isinstance(header, str):
            for item in header.split(";"):
                key, equals, value = item.partition("=")
                key = key.strip()
                if equals:
                    parts[key] = value.strip()
                elif key and key not in _NAMED:
                    parts[key] = _BARE
        parts.pop("Self", None)
        return cls(
            root=parts.pop("Root", None),
            parent=parts.pop("Parent", None),
            sampled=parts.pop("Sampled", None),
            data=parts,
        )

    def keep_what_can_be_sent(self) -> None:
        """Forget what could not be the value of an HTTP header: parts with other than printable ASCII characters, and,
        of further fields, those beyond MAX_HEADER_CHARACTERS in all; `Lineage` comes before the others.
        """
        if can_load(sendable):
            sendable.limit(self, MAX_HEADER_CHARACTERS, _BARE)
        else:
            self.root = self.parent = self.data = None

    def to_header_str(self) -> str:
        """The header as it is sent: Root, Parent and Sampled as far as they are known, then everything else."""
        items = []
        if self.root:
            items.append(f"Root={self.root}")
        if self.parent:
            items.append(f"Parent={self.parent}")
        if self.sampled is not None:
            items.append(f"Sampled={self.sampled}")
        for key, value in (self.data or {}).items():
            items.append(key if value == _BARE else f"{key}={value}")
        return ";".join(items)

    def __repr__(self) -> str:
        return f"TraceHeader({self.to_header_str()!r})"
