"""The rules of redaction: the names that mark a secret, and the shapes in which a value stands beside such a name.

Each name and each shape is one entry in a table here. Two read them: the quick look, which decides whether a value goes
the careful way (`json_text`, `secret_search.may_be_in`), and the replacement of what is found (`secret_search`).

A name is looked for at any depth, in what functions return and raise, before anything of it is encoded. A value cannot
be recognised by itself: a password under the key `note` is recorded.
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


class Shape:
    """How a value stands beside what says that it is a secret, in one list or in one mapping."""

    __slots__ = ("name_keys", "name_places", "texts", "value_word")

    def __init__(
        self,
        *,
        name_places: tuple[int, ...] = (),
        name_keys: tuple[str, ...] = (),
        texts: tuple[str, ...] = (),
        value_word: str = "",
    ) -> None:
        self.name_places = name_places
        """Places in a list where a name stands. All that stands behind it belongs to it."""
        self.name_keys = frozenset(name_keys)
        """Keys of a mapping under which a name stands, as `letters_of` gives them."""
        self.texts = texts
        """What says under any key of a mapping, without a name, that there is a secret; as `letters_of` gives it."""
        self.value_word = value_word
        """What the keys of a mapping end with that the name, or the text, is about; a plural's s aside."""


_NAMING_KEYS = (
    *("name", "key", "field", "fieldname", "parameterkey", "parametername", "param", "parameter"),
    *("attribute", "attributename", "header", "headername", "variable", "variablename"),
    *("property", "propertyname", "option", "optionname", "setting", "settingname", "label", "id", "k"),
)

SHAPES = (
    # A header as a pair, or with more behind it: ["Set-Cookie", "..", "Path=/"]
    Shape(name_places=(0,)),
    # {"name": "password", "value": ".."}, {"ParameterKey": "DbPassword", "ParameterValue": ".."}
    Shape(name_keys=_NAMING_KEYS, value_word="value"),
    # A parameter of SSM: {"Name": "/shop/db", "Type": "SecureString", "Value": ".."}
    Shape(texts=("securestring",), value_word="value"),
)
"""The shapes in which a secret's own key does not name it.

Where it does, no entry is needed: a key, an attribute, a field, a column. Nor is one for JSON in a text, which is read.
"""

NAME_PLACES: tuple[int, ...] = ()
VALUE_WORDS: tuple[str, ...] = ()
TEXTS: tuple[str, ...] = ()
"""Those of all shapes, for quick looks."""

for _shape in SHAPES:
    NAME_PLACES += _shape.name_places
    TEXTS += _shape.texts
    if _shape.value_word and _shape.value_word not in VALUE_WORDS:
        VALUE_WORDS += (_shape.value_word,)

_known: dict[str, bool] = {}
_caches: list[set[str] | list[str] | dict[str, str]] = []  # what others remember of our answers
further: set[str] = set()
"""Names of secrets that code has added, as `letters_of` gives them: `configure` does."""

is_on = True


def configure(names: Iterable[str] | bool | None) -> None:
    """Redact under further `names` too (any key that contains one); False: redact nothing, True: as it was.

    None: back to the well-known names and those of `LAMBDA_TRACER_REDACT`.
    """
    global is_on
    if names is None:
        further.clear()
    if names is None or isinstance(names, bool):
        is_on = names is not False
    else:
        further.update(filter(None, map(letters_of, [names] if isinstance(names, str) else names)))
    _forget()  # only now: another thread may have asked in between


def is_secret(name: str) -> bool:
    """Whether the value of this name is not to be recorded, unless it is a count (see `secret_search.hides`)."""
    known = _known.get(name)
    if known is None:
        known = is_on and _decide(name)
        if len(_known) < 10_000 and len(name) <= 200:  # keys made of data must not fill the memory
            _known[name] = known
    return known


def may_be_value(key: str) -> bool:
    """Whether what stands under this key may be a secret for what stands beside it, at a quick look."""
    key = key.lower()
    for word in VALUE_WORDS:  # noqa: SIM110  # asked of every key called `value`: `any` takes three times as long
        if word in key:
            return True
    return False


def remember_in(cache: set[str] | list[str] | dict[str, str]) -> None:
    """Empty `cache` whenever the answers may change."""
    _caches.append(cache)


def letters_of(name: str) -> str:
    """A name in small letters without separators."""
    name = name.lower()
    return name if name.isalnum() else "".join(filter(str.isalnum, name))


def _forget() -> None:
    _known.clear()
    for cache in _caches:
        cache.clear()


def _decide(name: str) -> bool:
    if len(name) > 400:
        name = name[:200] + name[-200:]
    letters = letters_of(name)
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
    return [*further, *filter(None, map(letters_of, settings.redacted_keys()))]
