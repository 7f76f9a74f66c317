"""Where a secret may be in what a function returns: names in many spellings, in values of many shapes.

Each shape is a function of a name and a canary, the text that must never leave the process.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import email.message
import enum
import json
import keyword
import types
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

Shape = Callable[[str, Any], Any]

NAMES = [
    *(
        "password",
        "Password",
        "PASSWORD",
        "passWord",
        "pass_word",
        "db_password",
        "dbPassword",
        "DB-PASSWORD",
    ),
    *("user password", "new.password", "passwd", "pwd", "PGPASSWORD", "MYSQL_PWD", "passphrase"),
    *("secret", "Secret", "client_secret", "clientSecret", "webhook-secret", "SecretString", "SecretBinary"),
    *(
        "SecretAccessKey",
        "AWS_SECRET_ACCESS_KEY",
        "aws_session_token",
        "SessionToken",
        "X-Amz-Security-Token",
    ),
    *(
        "token",
        "Token",
        "access_token",
        "accessToken",
        "refreshToken",
        "id_token",
        "csrfToken",
        "tokenSecret",
    ),
    *("Authorization", "authorization", "AUTHORIZATION", "Proxy-Authorization", "auth"),
    *("apikey", "apiKey", "api_key", "API KEY", "x-api-key", "X-API-KEY", "stripe_api_key"),
    *("cookie", "Cookie", "Set-Cookie", "set_cookie", "cookies", "sessionCookie"),
    *("private_key", "privateKey", "PRIVATE-KEY", "ssh_private_key", "signing_key", "encryptionKey"),
    *("credentials", "aws_credential", "session_id", "sessionId", "jwt", "JWT", "cvv", "card_number", "pin"),
    *("pass", "db_pass", "dbPass", "DB_PASS", "SMTP-PASS", "userPass", "pw", "db_pw", "userPw"),
    *("passcode", "passCode", "bearer", "Bearer", "otp", "OTP", "totp", "user_otp", "otp_code", "pin_code"),
    *("security_code", "securityCode", "credit_card", "creditCardNumber", "social_security_number"),
    *("ssn", "customer_ssn", "cvc", "card_cvc", "ssh_key", "master_key", "session_key", "auth_key"),
    *("basic_auth", "AccountKey", "X-Auth-Key", "x-functions-key", "Ocp-Apim-Subscription-Key"),
    *("connection_string", "ConnectionString", "secret_id", "VAULT_SECRET_ID", "tokens", "newTokens"),
    *("Plaintext", "plaintext"),
]
"""Well-known names of secrets, as people write them."""

WHOLE_NAMES = ("auth", "pin", "Plaintext", "plaintext", "tokens", "newTokens")
"""Those that count only as a whole name: too many other names contain them."""

LAST_WORDS = (
    *("pass", "db_pass", "dbPass", "DB_PASS", "SMTP-PASS", "userPass", "pw", "db_pw", "userPw"),
    *("otp", "OTP", "totp", "user_otp", "ssn", "customer_ssn", "cvc", "card_cvc"),
)
"""Those that count as the last word of a name, and not in front of another one."""

ATTRIBUTES = [name for name in NAMES if name.isidentifier() and not keyword.iskeyword(name)]

PLURALS = [
    "passwords",
    "clientSecrets",
    "access_tokens",
    "refreshTokens",
    "api-tokens",
    "apiKeys",
    "private_keys",
]
"""The same, of several."""

HARMLESS = [
    *("NextToken", "next_token", "nextToken", "nextPageToken", "NextContinuationToken", "ContinuationToken"),
    *("StartingToken", "pageToken", "nextForwardToken", "sync_token"),
    *("max_tokens", "maxTokens", "total_tokens", "prompt_tokens", "completion_tokens", "tokens_used"),
    *("token_count", "tokenCount", "token_type", "prompt_tokens_details"),
    *(
        "author",
        "Authors",
        "authority",
        "authenticated",
        "SecretId",
        "SecretName",
        "secret_arn",
        "AccessKeyId",
    ),
    *("password_last_changed", "token_expires", "cookie_consent", "cookies_enabled"),
    *("opinion", "pinned", "shipping", "passenger", "compass", "key", "keys", "primary_key", "partitionKey"),
    *("monkey", "sessions", "name", "value", "credit", "discard", "tracking"),
    *("boarding_pass", "seasonPass", "pass_rate", "passed", "bypass", "hotpot", "powder", "spw"),
    *("max_new_tokens", "tokens_count", "secretId", "credit_card_type", "bearerFormat", "public_key"),
]
"""Names that look like those, and are recorded."""


class Text(str):
    """A text of a type of its own."""


class OwnDict(dict):
    """A dict of a type of its own."""


class OwnMapping(Mapping):
    """What is a mapping without being a dict."""

    def __init__(self, data: dict[Any, Any]) -> None:
        self._data = data

    def __getitem__(self, key: Any) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


class Plain:
    """An object with whatever attributes it is given."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Failed(Exception):
    """An exception with whatever attributes it is given."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__("failed")
        self.__dict__.update(attributes)


def text(value: Any) -> str:
    """JSON, longer than what a number or a date would be."""
    return json.dumps({"what this is": "a text long enough to hold anything at all", "inner": value})


def escaped(name: str) -> str:
    """A name with one of its letters as JSON's escape."""
    return f"{name[0]}\\u{ord(name[1]):04x}{name[2:]}"


def nested(levels: int, value: Any) -> Any:
    """`value` so many dicts and lists deep."""
    for level in range(levels):
        value = {"level": value, "beside": level} if level % 2 else [level, value, "beside"]
    return value


def cycle(value: dict[str, Any]) -> Any:
    """`value` in a dict that is its own member."""
    whole: dict[str, Any] = {"it": value}
    whole["again"] = whole
    return whole


def message(name: str, canary: str) -> email.message.Message:
    """A message with one header."""
    made = email.message.Message()
    made[name.replace(" ", "-")] = canary
    return made


def slots(name: str, canary: Any, *, inherited: bool = False) -> Any:
    """An object whose attributes are slots, its own or its base class's."""
    base = type("Base", (), {"__slots__": (name,)})
    made = type("Slots", (base,), {"__slots__": ("other",)})() if inherited else base()
    setattr(made, name, canary)
    return made


def enum_key(name: str) -> Any:
    """A member of that name."""
    fields: Any = enum.Enum
    return fields("Field", {name: 1})[name]


def named_tuple(*names: str) -> Any:
    """A type of named tuples."""
    return collections.namedtuple("Row", names)


SHAPES: dict[str, Shape] = {
    "dict": lambda name, canary: {name: canary},
    "dict in dict": lambda name, canary: {"user": {"name": "bob", name: canary}},
    "list of dicts": lambda name, canary: [{"id": 1}, {"id": 2, name: canary}],
    "tuple of dicts": lambda name, canary: ({"id": 1}, {name: canary}),
    "dict beside dates": lambda name, canary: {"amount": Decimal("1.5"), "of": [{name: canary}]},
    "deep, 11 levels": lambda name, canary: nested(11, {name: canary}),
    "deep, 12 levels": lambda name, canary: nested(12, {name: canary}),
    "deep, 13 levels": lambda name, canary: nested(13, {name: canary}),
    "deep, 40 levels": lambda name, canary: nested(40, {name: canary}),
    "list under the name": lambda name, canary: {name: [canary, canary]},
    "dict under the name": lambda name, canary: {name: {"S": canary}},
    "bytes under the name": lambda name, canary: {name: canary.encode()},
    "pairs, lists": lambda name, canary: [["Accept", "*/*"], [name, canary]],
    "pairs, tuples": lambda name, canary: [("Accept", "*/*"), (name, canary)],
    "pairs, tuple of tuples": lambda name, canary: (("Accept", "*/*"), (name, canary)),
    "pairs, bytes": lambda name, canary: [(b"accept", b"*/*"), (name.encode(), canary.encode())],
    "pairs, frozenset": lambda name, canary: frozenset({("Accept", "*/*"), (name, canary)}),
    "pairs, deque": lambda name, canary: collections.deque([("Accept", "*/*"), (name, canary)]),
    "pairs, items of a dict": lambda name, canary: {"Accept": "*/*", name: canary}.items(),
    "name and value": lambda name, canary: [{"name": name, "value": canary}],
    "Name and Value": lambda name, canary: {"Parameter": {"Name": name, "Value": canary}},
    "key and value": lambda name, canary: {"tags": [{"key": name, "value": canary}]},
    "Key and Value": lambda name, canary: [{"Key": name, "Value": canary}],
    "value and name": lambda name, canary: [{"value": canary, "type": "text", "name": name}],
    "name and value beside JSON": lambda name, canary: [{"name": name, "value": canary}, {"body": "{}"}],
    "name and value beside a text": lambda name, canary: {"a": "[log]", "b": {"Key": name, "Value": canary}},
    "pairs of three": lambda name, canary: [("Accept", "*/*", ""), (name, canary, "Path=/")],
    "pairs of four, lists": lambda name, canary: [[name, canary, canary, 5]],
    "one pair": lambda name, canary: (name, canary),
    "many pairs": lambda name, canary: [["A", "b"]] * 100 + [[name, canary]],
    "ParameterKey and ParameterValue": lambda name, canary: [
        {"ParameterKey": name, "ParameterValue": canary}
    ],
    "ParameterName and ParameterValue": lambda name, canary: {
        "ParameterName": name,
        "ParameterValue": canary,
        "Source": "user",
    },
    "field and value": lambda name, canary: [{"field": name, "value": canary}],
    "field and values": lambda name, canary: [{"FIELD": name, "VALUES": [canary]}],
    "name and stringValue": lambda name, canary: [{"name": name, "value": {"stringValue": canary}}],
    "headers of a response": lambda name, canary: {"statusCode": 200, "headers": {name: canary}},
    "headers of many values": lambda name, canary: {"multiValueHeaders": {name: [canary]}},
    "JSON": lambda name, canary: text({name: canary}),
    "JSON, short": lambda name, canary: json.dumps({name: canary}),
    "JSON as body": lambda name, canary: {"statusCode": 200, "body": text({name: canary})},
    "JSON as body, short": lambda name, canary: {"body": json.dumps({name: canary})},
    "JSON in JSON": lambda name, canary: {"body": text(text({name: canary}))},
    "JSON in JSON, short": lambda name, canary: {"body": json.dumps({"m": json.dumps({name: canary})})},
    "JSON in JSON in JSON": lambda name, canary: text(text(text({name: canary}))),
    "JSON, a list": lambda name, canary: json.dumps(["a text that comes before the rest", {name: canary}]),
    "JSON, deep, 12 levels": lambda name, canary: text(nested(12, {name: canary})),
    "JSON, deep, 40 levels": lambda name, canary: {"body": json.dumps(nested(40, {name: canary}))},
    "JSON with line breaks": lambda name, canary: json.dumps({"of": "some length", name: canary}, indent=4),
    "JSON after a line break": lambda name, canary: {"body": "\n  " + text({name: canary})},
    "JSON of pairs": lambda name, canary: {"body": text([[name, canary]])},
    "JSON of names and values": lambda name, canary: {"body": text([{"name": name, "value": canary}])},
    "JSON lines": lambda name, canary: text({"id": 1}) + "\n" + text({name: canary}),
    "JSON cut off": lambda name, canary: text({name: canary, "more": "x" * 50})[:-30],
    "JSON of JSON": lambda name, canary: {"body": json.dumps(json.dumps({name: canary}))},
    "JSON of JSON of JSON": lambda name, canary: json.dumps(json.dumps(json.dumps([{name: canary}]))),
    "JSON after a byte order mark": lambda name, canary: {"body": "\ufeff" + json.dumps({name: canary})},
    "JSON as bytes after a byte order mark": lambda name, canary: (
        b"\xef\xbb\xbf" + json.dumps({name: canary}).encode()
    ),
    "JSON with escapes in the key": lambda name, canary: {"body": f'{{"{escaped(name)}": "{canary}"}}'},
    "JSON of JSON with escapes": lambda name, canary: json.dumps(f'{{"{escaped(name)}": "{canary}"}}'),
    "JSON with escapes, cut off": lambda name, canary: f'{{"{escaped(name)}": "{canary}", "more": "x',
    "JSON with a tab before the colon": lambda name, canary: {"body": f'{{"{name}"\t : "{canary}"}}'},
    "JSON with a line break before the colon": lambda name, canary: f'{{"{name}"\r\n:\t"{canary}"}}',
    "JSON with a key that comes twice": lambda name, canary: f'{{"{name}": "{canary}", "{name}": null}}',
    "JSON in a line of a log": lambda name, canary: f'INFO sent {{"{name}": "{canary}"}} to them',
    "JSON behind a prefix": lambda name, canary: [f"data: {json.dumps({'inner': {name: canary}})}"],
    "JSON of pairs of three": lambda name, canary: {"body": text([[name, canary, "Path=/"]])},
    "JSON of pairs, cut off": lambda name, canary: text([[name, canary, "Path=/"]])[:-3],
    "JSON of ParameterKey": lambda name, canary: json.dumps({"ParameterKey": name, "ParameterValue": canary}),
    "JSON beside accents": lambda name, canary: {"é": "ü", "body": json.dumps({"é": 1, name: canary})},
    "JSON as bytes": lambda name, canary: text({name: canary}).encode(),
    "JSON as bytes, short": lambda name, canary: [json.dumps({name: canary}).encode()],
    "JSON as bytearray": lambda name, canary: bytearray(text({name: canary}).encode()),
    "JSON as memoryview": lambda name, canary: {"body": memoryview(text({name: canary}).encode())},
    "JSON as a text of another type": lambda name, canary: {"body": Text(text({name: canary}))},
    "OrderedDict": lambda name, canary: collections.OrderedDict({"id": 1, name: canary}),
    "defaultdict": lambda name, canary: {"of": collections.defaultdict(str, {name: canary})},
    "dict of another type": lambda name, canary: OwnDict({name: canary}),
    "mapping proxy": lambda name, canary: types.MappingProxyType({name: canary}),
    "ChainMap": lambda name, canary: collections.ChainMap({}, {name: canary}),
    "UserDict": lambda name, canary: collections.UserDict({name: canary}),
    "UserList": lambda name, canary: collections.UserList([{name: canary}]),
    "mapping of another type": lambda name, canary: [OwnMapping({name: canary})],
    "message headers": message,
    "beside NaN": lambda name, canary: {"rate": float("nan"), name: canary},
    "in a cycle": lambda name, canary: cycle({name: canary}),
    "beside an iterator": lambda name, canary: {"rows": iter([1]), name: canary},
    "name of another text type": lambda name, canary: {Text(name): canary},
    "name beside numbers as keys": lambda name, canary: {1: "one", None: "none", name: canary},
    "exception": lambda name, canary: Failed(**{name: canary}),
    "exception in a list": lambda name, canary: {"errors": [Failed(response={name: canary})]},
    "namespace": lambda name, canary: types.SimpleNamespace(**{name: canary}),
    "object": lambda name, canary: Plain(**{name: canary}),
    "object of objects": lambda name, canary: {"user": Plain(account=Plain(**{name: canary}))},
    "argparse": lambda name, canary: argparse.Namespace(**{name: canary}),
}
"""Shapes that take any name."""

LONGER_NAME_SHAPES: dict[str, Shape] = {
    "path and Value": lambda name, canary: {"Parameter": {"Name": f"/shop/{name}", "Value": canary}},
    "name as bytes": lambda name, canary: {name.encode(): canary},
    "name as a member of an Enum": lambda name, canary: {enum_key(name): canary},
    "name with an ending": lambda name, canary: {f"{name}_2": canary, f"{name} (old)": canary},
}
"""Shapes in which the name is a part of another one, as which the shortest (`auth`, `pin`) are no secrets."""

ATTRIBUTE_SHAPES: dict[str, Shape] = {
    "dataclass": lambda name, canary: dataclasses.make_dataclass("D", [name])(canary),
    "dataclass, frozen": lambda name, canary: dataclasses.make_dataclass("D", [name], frozen=True)(canary),
    "dataclass, slots": lambda name, canary: dataclasses.make_dataclass("D", [name], slots=True)(canary),
    "dataclass of dicts": lambda name, canary: dataclasses.make_dataclass("D", ["x"])([{name: canary}]),
    "namedtuple": lambda name, canary: named_tuple("user", name)("bob", canary),
    "namedtuple in a list": lambda name, canary: [named_tuple(name, "id")(canary, 1)],
    "namedtuple of dicts": lambda name, canary: named_tuple("a", "b")(1, {name: canary}),
    "slots": slots,
    "slots of a base class": lambda name, canary: {"of": slots(name, canary, inherited=True)},
}
"""Shapes that take a name that is an identifier."""

LARGE_SHAPES: dict[str, Shape] = {
    "beside many numbers": lambda name, canary: {name: canary, "rows": [list(range(1_000))] * 40},
    "below many numbers": lambda name, canary: {"rows": [list(range(900))] * 10, "z": {name: canary}},
    "beside a long text": lambda name, canary: {"text": "x" * 250_000, name: canary},
    "JSON as body, after a long text": lambda name, canary: {"t": "x" * 55_000, "b": text({name: canary})},
    "in many rows": lambda name, canary: [{"id": number, name: canary} for number in range(2_000)],
    "in many small rows": lambda name, canary: {str(number): {name: canary} for number in range(20_000)},
    "JSON, behind many numbers": lambda name, canary: json.dumps([*range(1_100), {name: canary}]),
    "JSON, behind many lists": lambda name, canary: {"b": text([*[[1, 2]] * 900, {name: canary}])},
    "JSON, long": lambda name, canary: text({"rows": "x" * 50_000, name: canary}),
    "JSON, longer than what is kept": lambda name, canary: {"b": text({"rows": "x" * 70_000, name: canary})},
    "JSON, longer, the name first": lambda name, canary: {"b": text({name: canary, "rows": "x" * 70_000})},
    "JSON, cut off inside the secret": lambda name, canary: text({name: canary * 10_000}),
}
"""Shapes that leave the fast way, or what the walk keeps; a few names each."""
