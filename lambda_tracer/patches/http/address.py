"""The address of an HTTP request: a URL's parts, without what is never recorded of it."""

from __future__ import annotations

DEFAULT_PORTS = {"http": 80, "https": 443}
"""Ports that URLs need not say, by scheme."""


class Address:
    """The parts of a URL.

    `url` is the URL without credentials, query and fragment, `host` the lower-cased host without port,
    `authority` the host with the port if one is written, `path` and `target` the request's target without
    and with its query.
    """

    __slots__ = ("authority", "host", "path", "target", "url")

    def __init__(self, url: str) -> None:
        """Takes any text, and never raises."""
        scheme, separator, rest = url.partition("://")
        if not separator:
            scheme, rest = "", url
        end = _end_of_authority(rest)
        colon, port = rest[:end].rpartition("@")[2].rpartition("]")[2].partition(":")[1:]
        if colon and "@" in rest[end:] and not (port.isascii() and port.isdigit()):
            # Credentials in which a delimiter was left as it is: what seems to be the host is a part of them.
            rest = rest.rpartition("@")[2]
            end = _end_of_authority(rest)
        self.authority = rest[:end].rpartition("@")[2]
        target = rest[end:].partition("#")[0]
        self.target = target if target.startswith("/") else f"/{target}"
        self.path = self.target.partition("?")[0]
        if self.authority.startswith("["):
            self.host = self.authority[1:].partition("]")[0].lower()
        else:
            self.host = self.authority.partition(":")[0].lower()
        self.url = f"{scheme}{separator}{self.authority}{target.partition('?')[0]}"


def _end_of_authority(rest: str) -> int:
    end = len(rest)
    for delimiter in "/?#":
        found = rest.find(delimiter, 0, end)
        end = found if found >= 0 else end
    return end


def text_of(value: object) -> str:
    """The text of a method, a target or a header's name, which HTTP libraries take as bytes, too."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
