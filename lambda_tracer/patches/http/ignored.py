"""HTTP calls that are not traced: by the user's rules, and the Lambda runtime's own.

The rules hold for every HTTP client that is patched. An ignored call records nothing and carries no trace
header, and neither does what the library calls to make it.
"""

from __future__ import annotations

from ... import settings
from ...guard import Late, can_load

TYPE_CHECKING = False
if TYPE_CHECKING:
    import fnmatch
    from collections.abc import Sequence

    from .address import Address
else:
    fnmatch = Late("fnmatch")  # it imports `re`: a function without rules does without

_rules: list[tuple[str | None, tuple[str, ...] | None]] = []


def ignore_endpoint(hostname: str | None = None, urls: Sequence[str] | None = None) -> None:
    """Do not trace calls to a host, or to certain targets, or to certain targets of a host.

    `hostname` is compared with the host without scheme and port, in any case of letters; each of `urls`
    with the request's target, as path alone and as path and query (`/a/b` and `/a/b?c=d`). In both `*`,
    `?` and `[...]` match as in file names (fnmatch). A call is ignored when all that is given matches.
    With neither given nothing is added; a rule that is there already is not added again.
    """
    if hostname is None and urls is None:
        return
    targets = None if urls is None else (urls,) if isinstance(urls, str) else tuple(urls)
    rule = (None if hostname is None else hostname.lower(), targets)
    if rule not in _rules:
        _rules.append(rule)


def reset() -> None:
    """Forget every rule."""
    _rules.clear()


def is_ignored(address: Address) -> bool:
    """Whether a call to this address is one not to trace."""
    return bool(_rules and _matches_a_rule(address)) or _is_runtime_api(address)


def _matches_a_rule(address: Address) -> bool:
    if not can_load(fnmatch):
        return True
    fnmatchcase = fnmatch.fnmatchcase
    return any(
        (hostname is None or fnmatchcase(address.host, hostname))
        and (
            targets is None
            or any(
                fnmatchcase(target, pattern)
                for pattern in targets
                for target in (address.path, address.target)
            )
        )
        for hostname, targets in _rules
    )


def _is_runtime_api(address: Address) -> bool:
    """The runtime client gets its events from there: between invocations, on nobody's behalf."""
    return bool(address.authority) and address.authority == settings.runtime_api()
