"""What a document says by key: entries that name their keys where one is missing, and metadata by namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn


class Entries(dict[str, Any]):
    """A dict that says which keys it has where one is asked for that it has not."""

    def __missing__(self, key: str) -> NoReturn:
        raise KeyError(_missing(key, self))


class Metadata(Mapping[str, Any]):
    """The metadata of a subsegment: each value by its key, or all of a namespace with `of`.

    A key that stands in several namespaces is a KeyError that names them. `Tracer` puts what it captures under its
    service, and what it is given without a namespace.
    """

    def __init__(self, namespaces: Mapping[str, Mapping[str, Any]]) -> None:
        self._namespaces = {name: Entries(values) for name, values in namespaces.items()}

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Their names, in the order of the document."""
        return tuple(self._namespaces)

    def of(self, namespace: str) -> dict[str, Any]:
        """The values of a namespace by key; an empty dict where there is none of that name."""
        return self._namespaces.get(namespace, Entries())

    def __getitem__(self, key: str) -> Any:
        holders = [name for name, values in self._namespaces.items() if key in values]
        if not holders:
            raise KeyError(_missing(key, self))
        if len(holders) > 1:
            places = " or ".join(f"of({name!r})[{key!r}]" for name in holders)
            raise KeyError(f"{key!r} is in {len(holders)} namespaces: ask for {places}")
        return self._namespaces[holders[0]][key]

    def __contains__(self, key: object) -> bool:
        return any(key in values for values in self._namespaces.values())

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for values in self._namespaces.values() for key in values))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __eq__(self, other: object) -> bool:
        """Whether it has the same values by key, whatever their namespaces."""
        return isinstance(other, Mapping) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment]  # as of any mapping

    def __repr__(self) -> str:
        return repr({name: dict(values) for name, values in self._namespaces.items()})


def _missing(key: object, keys: Mapping[str, Any]) -> str:
    there = ", ".join(repr(each) for each in keys)
    return f"{key!r}: there {'are' if len(keys) > 1 else 'is'} {there or 'nothing'}"
