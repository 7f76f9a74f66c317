"""The names that mark a secret, the shapes in which they stand beside it, and what stands in its place.

Captured responses and errors are searched for such names at any depth before anything of them is encoded: keys of
mappings, attributes, headers as pairs, `{"name": .., "value": ..}`, and JSON inside texts. A value cannot be recognised
by itself: a password under the key `note` is recorded.

Each name and each shape is written down once, in the tables here. The quick look at an encoded text (`may_name_secret`)
and the careful replacement (`walk`, `secret_shapes`) both read them.
"""

from __future__ import annotations

import re

from . import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

REDACTED = "[redacted]"
"""What is recorded in the place of a secret."""

# Names are compared in small letters without separators: `X-Api-Key`, `apiKey` and `API_KEY` are one.
_PARTS = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "pincode", "securitycode", "otpcode"),
    *("secret", "token", "bearer", "authorization", "basicauth", "cookie", "credential", "sessionid", "jwt"),
    *("apikey", "accesskey", "privatekey", "signingkey", "encryptionkey", "sshkey", "masterkey"),
    *("sessionkey", "authkey", "accountkey", "functionskey", "functionkey", "subscriptionkey"),
    *("connectionstring", "connstr", "cvv", "cardnumber", "creditcard", "socialsecurity"),
)
"""What makes any name that contains it a secret's."""

_LAST_WORDS = ("pass", "pw", "otp", "totp", "ssn", "cvc")
"""What makes a name a secret's that it is the last word of: `db_pass`, `dbPass`, `pass`."""

_WHOLE_NAMES = ("auth", "pin", "plaintext")
"""What is a secret's name only by itself."""

_NO_PASSWORDS = "boarding|season|ski|single|multi|two|first|second|render|test|tests|low|high|band|all|by|to"
_NO_SECRETS = (
    # Cursors through pages, counts of a language model, and what names a secret without being one.
    r"(next|previous|continuation|pagination|starting|page|sync)+(forward|backward|page)?token"
    r"|((max|min|total|prompt|completion|input|output|cached?|read|write|reasoning|num|remaining)(new)?)+"
    r"tokens(used|count|limit|details)?|(new)?tokens(used|count|limit|details)"
    r"|token(count|type|usage|limit|index|use)|.*tokencount"
    r"|secret(id|name|arn|version|versionid|type)|.*accesskeyid|passwordlast(changed|used)|.*(expires|expiration|ttl)"
    r"|cookies?(consent|policy|enabled)|bearerformat|creditcard(type|brand|network)|subscriptionkeyname"
)
_COUNTS = r"(new)?tokens"
"""Names that are harmless where a number stands under them."""

NAMING_KEYS = frozenset(
    (
        *("name", "key", "field", "fieldname", "parameterkey", "parametername", "param", "parameter"),
        *("attribute", "attributename", "header", "headername", "variable", "variablename"),
        *("property", "propertyname", "option", "optionname", "setting", "settingname", "label", "id", "k"),
    )
)
"""Keys whose value is a name, which the value beside it belongs to."""

VALUE_MARK = "alue"
"""What the key of that value contains: `value`, `ParameterValue`, `values`."""

SECRET_TYPES = ("securestring",)
"""Values, under whatever key, which say that the value beside them is a secret."""

MAX_LOOKED_AT = 64_000
"""Characters of a text that are searched: no more of it could be shown."""

_ESCAPED = re.compile(r"\\u(?:00[2-7]|212a|0130)", re.IGNORECASE)
"""Letters of a name that are written as JSON's escapes, and two that become ASCII in small letters."""

_SQUEEZED = {code: None for code in range(128) if not chr(code).isalnum() and chr(code) != '"'}

_known: dict[str, bool] = {}
_caches: list[set[str]] = []  # what others remember of our answers
_further: set[str] = set()
_needles: list[str] = []  # what a text is searched for, once it is known
_is_on = True


def configure(names: Iterable[str] | bool) -> None:
    """Redact under further `names` too (any key that contains one); False: redact nothing, True: as it was."""
    global _is_on
    _forget()
    if isinstance(names, bool):
        _is_on = names
    else:
        _further.update(filter(None, map(plain, [names] if isinstance(names, str) else names)))


def reset() -> None:
    """Back to the well-known names and those of `LAMBDA_TRACER_REDACT`."""
    global _is_on
    _is_on = True
    _forget()
    _further.clear()


def is_on() -> bool:
    """Whether anything is redacted at all."""
    return _is_on


def is_secret(name: str) -> bool:
    """Whether the value under this name is not to be recorded, unless it is a count (see `secret_shapes.hides`)."""
    known = _known.get(name)
    if known is None:
        known = _is_on and _decide(name)
        if len(_known) < 10_000 and len(name) <= 200:  # keys made of data must not fill the memory
            _known[name] = known
    return known


def may_name_secret(text: str) -> bool:
    """Whether a text holds between its quotes what may be the name of a secret, be it a key or a value.

    A quick look at JSON, of any depth and however often packed. Where it says no, there is none.
    """
    if not _is_on:
        return False
    if len(text) > MAX_LOOKED_AT:
        text = text[:MAX_LOOKED_AT]
        if VALUE_MARK in text.lower():  # its name may stand behind what is looked at
            return True
    squeezed = text.lower().encode("ascii", "ignore").decode().translate(_SQUEEZED)
    for needle in _needles or _all_needles():
        if needle in squeezed:
            return True
    return "\\u" in text and _ESCAPED.search(text) is not None


def remember_in(cache: set[str]) -> None:
    """Empty `cache` whenever the answers may change."""
    _caches.append(cache)


def plain(name: str) -> str:
    """A name in small letters without separators."""
    return "".join(filter(str.isalnum, name.lower()))


def _forget() -> None:
    _known.clear()
    _needles.clear()
    for cache in _caches:
        cache.clear()


def _decide(name: str) -> bool:
    if len(name) > 400:
        name = name[:200] + name[-200:]
    letters = plain(name)
    for part in _given_names():
        if part in letters:
            return True
    if letters in _WHOLE_NAMES:
        return True
    for word in _LAST_WORDS:
        if word in letters and _is_last_word(word, name):
            return True
    for part in _PARTS:
        if part in letters:
            # Vault's `secret_id` is one, the `SecretId` of AWS names one.
            return not re.fullmatch(_NO_SECRETS, letters) or letters == "secretid" != name.lower()
    return False


def _is_last_word(word: str, name: str) -> bool:
    words = re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    if not words or words[-1].lower() != word:
        return False
    return word != "pass" or len(words) == 1 or not re.fullmatch(_NO_PASSWORDS, words[-2].lower())


def is_count(name: str) -> bool:
    """Whether a number under this name is none of its secrets."""
    return re.fullmatch(_COUNTS, plain(name)) is not None and not any(
        part in plain(name) for part in _given_names()
    )


def _given_names() -> list[str]:
    return [*_further, *filter(None, map(plain, settings.redacted_keys()))]


def _all_needles() -> list[str]:
    """What `may_name_secret` looks for: every name of the tables, with the quotes that it must stand in."""
    _needles.extend(_PARTS)
    _needles.extend(SECRET_TYPES)
    _needles.extend([f'"{name}"' for name in _WHOLE_NAMES])
    _needles.extend([f'{word}"' for word in _LAST_WORDS])
    _needles.extend(_given_names())
    return _needles
