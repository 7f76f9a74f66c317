"""Which names mark a secret, and what stands in its place.

Captured responses and errors are searched for such names at any depth before anything of them is encoded: keys of
mappings, attributes, headers as pairs, `{"name": .., "value": ..}`, and JSON inside texts. A value cannot be recognised
by itself: a password under the key `note` is recorded.
"""

from __future__ import annotations

import re

from . import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

REDACTED = "[redacted]"
"""What is recorded in the place of a secret."""

# Parts of names, in small letters without separators: `X-Api-Key`, `apiKey` and `API_KEY` are one.
_SECRET_PARTS = (
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "authorization",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "cookie",
    "credential",
    "sessionid",
    "jwt",
    "cvv",
    "cardnumber",
)
_SECRET_WORDS = frozenset(("auth", "pin", "cvc", "ssn"))
_NO_SECRETS = (
    # Cursors through pages, counts of a language model, and what names a secret without being one.
    r"(next|previous|continuation|pagination|starting|page|sync)+(forward|backward|page)?token"
    r"|(max|min|total|prompt|completion|input|output|cached?|read|write|reasoning|new|num|remaining)*"
    r"tokens(used|count|limit|details)?|token(count|type|usage|limit|index|use)|.*tokencount"
    r"|secret(id|name|arn|version|versionid|type)|.*accesskeyid|passwordlast(changed|used)|.*(expires|expiration|ttl)"
    r"|cookies?(consent|policy|enabled)"
)

_known: dict[str, bool] = {}
_caches: list[set[str]] = []  # what others remember of our answers
_further: set[str] = set()
_is_on = True


def configure(names: Iterable[str] | bool) -> None:
    """Redact under further `names` too (any key that contains one); False: redact nothing, True: as it was."""
    global _is_on
    _forget()
    if isinstance(names, bool):
        _is_on = names
    else:
        _further.update(filter(None, map(_plain, [names] if isinstance(names, str) else names)))


def reset() -> None:
    """Back to the well-known names and those of `LAMBDA_TRACER_REDACT`."""
    global _is_on
    _is_on = True
    _forget()
    _further.clear()


def is_secret(name: str) -> bool:
    """Whether the value under this key is not to be recorded."""
    known = _known.get(name)
    if known is None:
        known = _is_on and _decide(name)
        if len(_known) < 10_000 and len(name) <= 200:  # keys made of data must not fill the memory
            _known[name] = known
    return known


def hides(name: str, value: object) -> bool:
    """Whether this value under this name is not to be recorded."""
    return is_secret(name)


def may_name_secret(text: str) -> bool:
    names = re.findall(r'"([^"\\]{2,100})\\*"\s*[:,}]', text)
    return any(map(is_secret, names))


def names_secret(text: str) -> bool:
    names = re.findall(r'"([^"\\]{2,100})\\*"\s*:', text)
    return any(map(is_secret, names))


def values_in(mapping: dict[str, object]) -> list[str]:
    return [key for key in mapping if key in ("value", "Value")]


def named_values(mapping: dict[str, object]) -> list[str]:
    names = [mapping.get(key) for key in ("name", "Name", "key", "Key")]
    return values_in(mapping) if any(type(name) is str and is_secret(name) for name in names) else []


def remember_in(cache: set[str]) -> None:
    """Empty `cache` whenever the answers may change."""
    _caches.append(cache)


def _forget() -> None:
    _known.clear()
    for cache in _caches:
        cache.clear()


def _decide(name: str) -> bool:
    plain = _plain(name[:200])
    names = [*_further, *map(_plain, settings.redacted_keys())]
    if any(further in plain for further in names if further):
        return True
    if plain in _SECRET_WORDS:
        return True
    return any(part in plain for part in _SECRET_PARTS) and not re.fullmatch(_NO_SECRETS, plain)


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def is_value(key: str) -> bool:
    return key in ("value", "Value")
