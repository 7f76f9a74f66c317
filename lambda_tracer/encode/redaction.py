"""The names that mark a secret, the shapes in which they stand beside it, and what stands in its place.

Captured responses and errors are searched for such names at any depth before anything of them is encoded: keys of
mappings, attributes, headers as pairs, `{"name": .., "value": ..}`, and JSON inside texts. A value cannot be recognised
by itself: a password under the key `note` is recorded.

Each name and each shape is written down once, in the tables here. The quick look at an encoded text and the careful
replacement (`secret_shapes`, `walk`) both read them.
"""

from __future__ import annotations

import re

from .. import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

REDACTED = "[redacted]"
"""What is recorded in the place of a secret."""

# Names are compared in small letters without separators: `X-Api-Key`, `apiKey` and `API_KEY` are one.
PARTS = (
    *("password", "passwd", "passphrase", "passcode", "pwd", "pincode", "securitycode", "otpcode"),
    *("secret", "token", "bearer", "authorization", "basicauth", "cookie", "credential", "sessionid", "jwt"),
    *("apikey", "accesskey", "privatekey", "signingkey", "encryptionkey", "sshkey", "masterkey"),
    *("sessionkey", "authkey", "accountkey", "functionskey", "functionkey", "subscriptionkey"),
    *("connectionstring", "connstr", "cvv", "cardnumber", "creditcard", "socialsecurity"),
)
"""What makes any name that contains it a secret's."""

LAST_WORDS = ("pass", "pw", "otp", "totp", "ssn", "cvc")
"""What makes a name a secret's that it is the last word of: `db_pass`, `dbPass`, `pass`."""

WHOLE_NAMES = ("auth", "pin", "plaintext")
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
COUNTS = r"(new)?tokens"
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

_known: dict[str, bool] = {}
_caches: list[set[str] | list[str]] = []  # what others remember of our answers
_further: set[str] = set()
is_on = True


def configure(names: Iterable[str] | bool) -> None:
    """Redact under further `names` too (any key that contains one); False: redact nothing, True: as it was."""
    global is_on
    _forget()
    if isinstance(names, bool):
        is_on = names
    else:
        _further.update(filter(None, map(plain, [names] if isinstance(names, str) else names)))


def reset() -> None:
    """Back to the well-known names and those of `LAMBDA_TRACER_REDACT`."""
    global is_on
    is_on = True
    _forget()
    _further.clear()


def is_secret(name: str) -> bool:
    """Whether the value under this name is not to be recorded, unless it is a count (see `secret_shapes.hides`)."""
    known = _known.get(name)
    if known is None:
        known = is_on and _decide(name)
        if len(_known) < 10_000 and len(name) <= 200:  # keys made of data must not fill the memory
            _known[name] = known
    return known


def remember_in(cache: set[str] | list[str]) -> None:
    """Empty `cache` whenever the answers may change."""
    _caches.append(cache)


def plain(name: str) -> str:
    """A name in small letters without separators."""
    return "".join(filter(str.isalnum, name.lower()))


def _forget() -> None:
    _known.clear()
    for cache in _caches:
        cache.clear()


def _decide(name: str) -> bool:
    if len(name) > 400:
        name = name[:200] + name[-200:]
    letters = plain(name)
    for part in given_names():
        if part in letters:
            return True
    if letters in WHOLE_NAMES:
        return True
    for word in LAST_WORDS:
        if word in letters and _is_last_word(word, name):
            return True
    for part in PARTS:
        if part in letters:
            # Vault's `secret_id` is one, the `SecretId` of AWS names one.
            return not re.fullmatch(_NO_SECRETS, letters) or letters == "secretid" != name.lower()
    return False


def _is_last_word(word: str, name: str) -> bool:
    words = re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    if not words or words[-1].lower() != word:
        return False
    return word != "pass" or len(words) == 1 or not re.fullmatch(_NO_PASSWORDS, words[-2].lower())


def given_names() -> list[str]:
    """Further names, which were given in code or by environment."""
    return [*_further, *filter(None, map(plain, settings.redacted_keys()))]
