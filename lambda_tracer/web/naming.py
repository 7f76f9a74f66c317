"""DynamicNaming: names the segments of requests by the host that was asked, where that matches a pattern."""

from __future__ import annotations

from ..segments.sampling.pattern import matches


class DynamicNaming:
    """What a middleware may take in the place of a name: requests to hosts of a pattern have their host's name."""

    def __init__(self, pattern: str, fallback: str) -> None:
        """`pattern`: `*` is any text, `?` any character, as in `*.example.com`; `fallback` is for other hosts."""
        self._pattern = pattern
        self._fallback = fallback

    def get_name(self, host_name: str | None) -> str:
        """The host's name, or the fallback."""
        return host_name if host_name and matches(self._pattern, host_name) else self._fallback
