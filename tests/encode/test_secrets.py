"""Secrets in what functions return and raise never leave the process; what only looks like one does."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pydantic
import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.encode import redaction
from lambda_tracer.encode.redaction import REDACTED
from tests.daemon import Daemon
from tests.encode.secret_shapes import (
    ATTRIBUTE_SHAPES,
    ATTRIBUTES,
    HARMLESS,
    LARGE_SHAPES,
    LAST_WORDS,
    LONGER_NAME_SHAPES,
    NAMES,
    PLURALS,
    SHAPES,
    WHOLE_NAMES,
    Failed,
    Shape,
)
from tests.functions.running import running

CANARY = "Canary7Quetzal"


@pytest.fixture(autouse=True)
def _well_known_names_only() -> Iterator[None]:
    redaction.configure(None)
    yield
    redaction.configure(None)


@pytest.fixture
def tracer() -> Tracer:
    """One that captures and patches nothing."""
    return Tracer(service="shop", auto_patch=False)


def captured(daemon: Daemon, tracer: Tracer, value: Any) -> Any:
    """What is recorded of a function's response."""

    @tracer.capture_method
    def respond() -> Any:
        return value

    respond()
    ((_, shown),) = daemon.documents()[-1]["metadata"]["shop"].items()
    return shown


def leaked(daemon: Daemon, tracer: Tracer, shape: Shape, names: list[str]) -> list[str]:
    """The names under which a canary got out."""
    canaries = {f"{CANARY}{number:03}": name for number, name in enumerate(names)}

    @tracer.capture_method
    def respond(name: str, canary: str) -> Any:
        return shape(name, canary)

    with xray_recorder.in_subsegment("all of them"):
        for canary, name in canaries.items():
            respond(name, canary)
    sent = b"".join(daemon.datagrams()).decode()
    assert sent.count('"name":"## ') == len(names)
    return [name for canary, name in canaries.items() if canary in sent]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_no_secret_leaves_in_a_value_of_this_shape(daemon: Daemon, tracer: Tracer, shape: Shape) -> None:
    assert leaked(daemon, tracer, shape, NAMES) == []


@pytest.mark.parametrize("shape", LONGER_NAME_SHAPES.values(), ids=LONGER_NAME_SHAPES)
def test_no_secret_leaves_under_a_name_that_contains_a_secrets(
    daemon: Daemon, tracer: Tracer, shape: Shape
) -> None:
    names = [name for name in NAMES if name not in (*WHOLE_NAMES, *LAST_WORDS)]

    assert leaked(daemon, tracer, shape, names) == []


@pytest.mark.parametrize("name", PLURALS)
def test_several_secrets_are_secrets_too(daemon: Daemon, tracer: Tracer, name: str) -> None:
    assert captured(daemon, tracer, {name: [CANARY]}) == {name: REDACTED}


@pytest.mark.parametrize("shape", ATTRIBUTE_SHAPES.values(), ids=ATTRIBUTE_SHAPES)
def test_no_secret_leaves_in_an_object_of_this_shape(daemon: Daemon, tracer: Tracer, shape: Shape) -> None:
    assert leaked(daemon, tracer, shape, ATTRIBUTES) == []


@pytest.mark.parametrize("shape", LARGE_SHAPES.values(), ids=LARGE_SHAPES)
def test_no_secret_leaves_in_a_large_value_of_this_shape(
    daemon: Daemon, tracer: Tracer, shape: Shape
) -> None:
    assert leaked(daemon, tracer, shape, ["password", "X-Api-Key"]) == []


def test_no_secret_leaves_in_a_pydantic_model(daemon: Daemon, tracer: Tracer) -> None:
    def shape(name: str, canary: str) -> Any:
        create: Any = pydantic.create_model
        inner = create("Inner", **{name: (str, ...)})(**{name: canary})
        outer = create("Outer", inner=(Any, ...), many=(list[Any], ...))
        return outer(inner=inner, many=[inner, {name: canary}])

    assert leaked(daemon, tracer, shape, ATTRIBUTES) == []


def test_no_secret_leaves_in_an_attrs_object(daemon: Daemon, tracer: Tracer) -> None:
    def shape(name: str, canary: str) -> Any:
        return [attrs.make_class("A", [name], slots=has_slots)(canary) for has_slots in (True, False)]

    assert leaked(daemon, tracer, shape, ATTRIBUTES) == []


def test_no_secret_leaves_in_a_clients_error(daemon: Daemon, tracer: Tracer) -> None:
    exceptions = pytest.importorskip("botocore.exceptions", reason="botocore is not installed")

    def shape(name: str, canary: str) -> Any:
        response = {"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPHeaders": {name: canary}}}
        return exceptions.ClientError(response, "AssumeRole")

    assert leaked(daemon, tracer, shape, NAMES) == []


@pytest.mark.parametrize("name", LAST_WORDS)
def test_no_secret_leaves_under_a_name_that_ends_with_a_secrets(
    daemon: Daemon, tracer: Tracer, name: str
) -> None:
    value = {f"smtp_{name}": CANARY, "of": [{"Name": f"/shop/{name}", "Value": CANARY}]}

    shown = captured(daemon, tracer, value)

    assert shown == {f"smtp_{name}": REDACTED, "of": [{"Name": f"/shop/{name}", "Value": REDACTED}]}


@pytest.mark.parametrize("name", ["tokens", "newTokens", "new_tokens"])
@pytest.mark.parametrize("number", [0, 77, 1.5])
def test_a_number_of_tokens_is_no_secret(daemon: Daemon, tracer: Tracer, name: str, number: Any) -> None:
    value = {name: number, "pair": [name, number], "of": [{"name": name, "value": number}]}

    shown = captured(daemon, tracer, {**value, "table": {name: Decimal("77")}})

    assert shown == {**value, "table": {name: "77"}}


@pytest.mark.parametrize("value", [CANARY, {"access": CANARY}, [CANARY], {"n": [1, {"refresh": CANARY}]}])
def test_tokens_that_are_no_number_are_secrets(daemon: Daemon, tracer: Tracer, value: Any) -> None:
    shown = captured(daemon, tracer, {"tokens": value, "body": json.dumps({"newTokens": value})})

    assert shown == {"tokens": REDACTED, "body": json.dumps({"newTokens": REDACTED})}


@pytest.mark.parametrize("name", ["/app/x", "whatever"])
@pytest.mark.parametrize("pack", [lambda value: value, json.dumps], ids=["itself", "as JSON"])
def test_the_value_of_a_secure_string_is_a_secret_whatever_its_name(
    daemon: Daemon, tracer: Tracer, name: str, pack: Callable[[Any], Any]
) -> None:
    secure = {"Name": name, "Type": "SecureString", "Value": CANARY, "Version": 1}
    value = {"Parameters": pack([secure, {"Name": name, "Type": "String", "Value": "kept"}])}

    shown = captured(daemon, tracer, value)["Parameters"]

    assert (json.loads(shown) if isinstance(shown, str) else shown) == [
        {"Name": name, "Type": "SecureString", "Value": REDACTED, "Version": 1},
        {"Name": name, "Type": "String", "Value": "kept"},
    ]


@pytest.mark.parametrize("length", [70, 75])
def test_a_text_that_is_cut_off_behind_a_secure_string_is_left_out(
    daemon: Daemon, tracer: Tracer, length: int
) -> None:
    text = json.dumps({"Name": "/app/x", "Type": "SecureString", "Value": CANARY, "Version": 1})[:length]
    assert CANARY[:4] in text

    assert captured(daemon, tracer, {"body": text}) == {"body": REDACTED}


def test_what_kms_has_decrypted_is_a_secret(daemon: Daemon, tracer: Tracer) -> None:
    value = {"KeyId": "arn:aws:kms:key", "Plaintext": CANARY.encode(), "CiphertextBlob": b"cipher"}

    shown = captured(daemon, tracer, value)

    assert shown == {"KeyId": "arn:aws:kms:key", "Plaintext": REDACTED, "CiphertextBlob": "cipher"}


def test_fields_that_a_class_keeps_out_of_its_repr_are_secrets(daemon: Daemon, tracer: Tracer) -> None:
    @dataclasses.dataclass
    class Account:
        name: str
        code: str = dataclasses.field(repr=False)

    @dataclasses.dataclass(slots=True)
    class Slotted:
        name: str
        code: str = dataclasses.field(repr=False)

    @attrs.define
    class Attrs:
        name: str
        code: str = attrs.field(repr=False)

    class Model(pydantic.BaseModel):
        name: str
        code: str = pydantic.Field(repr=False)

    given = [kind(name="bob", code=CANARY) for kind in (Account, Slotted, Attrs, Model)]

    assert captured(daemon, tracer, given) == [{"name": "bob", "code": REDACTED}] * 4


def test_metadata_of_ones_own_shows_such_fields(daemon: Daemon, tracer: Tracer) -> None:
    @dataclasses.dataclass
    class Account:
        code: str = dataclasses.field(repr=False)

    with xray_recorder.in_subsegment("work"):
        tracer.put_metadata("given", Account("as it is"))

    assert daemon.subsegment("work")["metadata"] == {"shop": {"given": {"code": "as it is"}}}


def test_secrets_of_pydantic_and_of_rows_are_left_out(daemon: Daemon, tracer: Tracer) -> None:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    row = connection.execute("select 'bob' as name, ? as password_hash", (CANARY,)).fetchone()
    connection.close()

    shown = captured(daemon, tracer, [row, pydantic.SecretStr(CANARY), {"code": pydantic.SecretBytes(b"x")}])

    assert shown == [
        {"name": "bob", "password_hash": REDACTED},
        "**********",
        {"code": "b'**********'"},
    ]


@pytest.mark.parametrize("count", [30, 2_000])
def test_a_value_before_its_name_is_left_out_however_much_stands_between(
    daemon: Daemon, tracer: Tracer, count: int
) -> None:
    value = {"value": CANARY, **{f"key {number}": "x" * 80 for number in range(count)}, "name": "password"}

    captured(daemon, tracer, [value, {"at": {1, 2}}])
    captured(daemon, tracer, {"body": json.dumps(value)})

    assert not [datagram for datagram in daemon.datagrams() if CANARY.encode() in datagram]


@pytest.mark.parametrize("shape", [*SHAPES.values()], ids=[*SHAPES])
@pytest.mark.parametrize("size", [1, 40, 3_000])
def test_no_secret_leaves_however_much_stands_around_it(
    daemon: Daemon, tracer: Tracer, shape: Shape, size: int
) -> None:
    """Little, so that the fast way takes it; what goes the careful way; what is cut."""

    def surrounded(name: str, canary: str) -> Any:
        return [*[{"id": number, "note": "n" * 40} for number in range(size)], shape(name, canary)]

    assert leaked(daemon, tracer, surrounded, ["db_pass", "X-Auth-Key", "password"]) == []


def test_only_the_secret_is_left_out(daemon: Daemon, tracer: Tracer) -> None:
    value = {
        "user": {"name": "bob", "password": CANARY, "roles": ["admin"]},
        "headers": [["Accept", "*/*"], ["Authorization", f"Bearer {CANARY}"]],
        "parameters": [{"name": "DB_PASSWORD", "value": CANARY}, {"name": "DB_HOST", "value": "db"}],
        "body": json.dumps({"id": 7, "token": CANARY, "note": "long enough to be looked into"}),
    }

    shown = captured(daemon, tracer, value)
    assert json.loads(shown.pop("body")) == {
        **{"id": 7, "token": REDACTED},
        "note": "long enough to be looked into",
    }
    assert shown == {
        "user": {"name": "bob", "password": REDACTED, "roles": ["admin"]},
        "headers": [["Accept", "*/*"], ["Authorization", REDACTED]],
        "parameters": [{"name": "DB_PASSWORD", "value": REDACTED}, {"name": "DB_HOST", "value": "db"}],
    }


def test_the_value_that_the_function_returns_is_not_touched(daemon: Daemon, tracer: Tracer) -> None:
    value = {"password": CANARY, "pairs": [["token", CANARY]], "body": json.dumps({"jwt": CANARY})}
    before = json.dumps(value)

    captured(daemon, tracer, value)

    assert json.dumps(value) == before


@pytest.mark.parametrize("value", [None, "", 0, False, [], {}])
def test_what_stands_under_a_secret_name_may_be_empty(daemon: Daemon, tracer: Tracer, value: Any) -> None:
    """That there is none is worth knowing, and no secret; anything else is."""
    shown = captured(daemon, tracer, {"password": value})

    assert shown == {"password": None if value is None else REDACTED}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_like_a_secrets_name_is_kept(daemon: Daemon, tracer: Tracer, name: str) -> None:
    value = {name: "kept 1", "pairs": [[name, "kept 2"]], "of": [{"Name": name, "Value": "kept 3"}]}

    assert captured(daemon, tracer, value) == value


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_nothing_vanishes_from_a_value_of_this_shape_under_a_harmless_name(
    daemon: Daemon, tracer: Tracer, shape: Shape
) -> None:
    assert REDACTED not in json.dumps([captured(daemon, tracer, shape(name, "kept")) for name in HARMLESS])


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 7, "note": "nothing that anybody would hide, but long"}',
        '[ "spaces", "as they were",   "in a text of some length, kept" ]',
        '{"not": "json", and no secret in it, only something like it}',
        "{{ mustache.password }} is a template of which nothing is known",
        "[INFO] token accepted, a line of a log that begins like a list",
    ],
)
def test_a_text_without_secrets_stays_as_it_is(daemon: Daemon, tracer: Tracer, text: str) -> None:
    assert captured(daemon, tracer, {"body": text}) == {"body": text}


@pytest.mark.parametrize("key", ["nextToken", "spw"])
def test_a_long_text_of_json_without_secrets_stays_as_it_is(daemon: Daemon, tracer: Tracer, key: str) -> None:
    """Although a quick look takes it for one that has some, and there is more in it than is looked into."""
    text = json.dumps({"rows": [[number, "x"] for number in range(1_500)], key: "kept"})

    assert captured(daemon, tracer, {"body": text}) == {"body": text}


# --- Whatever is captured -----------------------------------------------------------------------------------


def test_no_secret_leaves_by_any_kind_of_function(daemon: Daemon, tracer: Tracer) -> None:
    secret = {"password": CANARY}

    @tracer.capture_method
    async def coroutine() -> Any:
        return secret

    @tracer.capture_method
    def generator() -> Generator[int, None, Any]:
        yield 1
        return secret

    @tracer.capture_method
    @contextmanager
    def context() -> Iterator[Any]:
        yield secret

    @tracer.capture_method
    @asynccontextmanager
    async def async_context() -> AsyncIterator[Any]:
        yield secret

    class Callable_:
        def __call__(self) -> Any:
            return secret

    @tracer.capture_lambda_handler
    def handler(event: object, lambda_context: object) -> Any:
        list(generator())
        with context():
            pass
        tracer.capture_method(Callable_())()
        return secret

    async def main() -> None:
        await coroutine()
        async with async_context():
            pass

    handler(None, None)
    asyncio.run(main())

    sent = b"".join(daemon.datagrams()).decode()
    assert CANARY not in sent
    assert sent.count(REDACTED) == 6


ERRORS: dict[str, Callable[[], Exception]] = {
    "attribute": lambda: Failed(password=CANARY),
    "attribute deep down": lambda: Failed(response={"headers": [["Cookie", CANARY]]}),
    "JSON as message": lambda: ValueError(
        json.dumps({"reason": "refused, and here is why", "token": CANARY})
    ),
    "short JSON as message": lambda: ValueError(json.dumps({"token": CANARY})),
    "JSON as message of the cause": lambda: _caused(ValueError(json.dumps({"x": "y" * 50, "token": CANARY}))),
}


def _caused(cause: Exception) -> Exception:
    error = RuntimeError("failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("make", ERRORS.values(), ids=ERRORS)
def test_no_secret_leaves_in_an_error(daemon: Daemon, tracer: Tracer, make: Callable[[], Exception]) -> None:
    """Neither in its metadata nor in X-Ray's cause."""
    error = make()

    @tracer.capture_method
    def fail() -> None:
        raise error

    with pytest.raises(Exception) as raised:
        fail()

    assert raised.value is error
    assert not [datagram for datagram in daemon.datagrams() if CANARY.encode() in datagram]


def test_errors_lose_their_secrets_although_their_metadata_is_off(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method(capture_error=False)
    def fail() -> None:
        raise ValueError(json.dumps({"reason": "refused, and here is why", "token": CANARY}))

    with pytest.raises(ValueError):
        fail()

    assert not [datagram for datagram in daemon.datagrams() if CANARY.encode() in datagram]


# --- What decides -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("redact", ["iban", ["iban"], ("bic", "IBAN"), {"I-ban"}])
def test_further_names_can_be_given(daemon: Daemon, redact: Any) -> None:
    tracer = Tracer(service="shop", auto_patch=False, redact=redact)

    shown = captured(daemon, tracer, {"iban": 1, "customer_iban": 2, "Iban": 3, "password": 4, "id": 5})

    assert shown == {**dict.fromkeys(("iban", "customer_iban", "Iban", "password"), REDACTED), "id": 5}


def test_a_name_that_is_given_wins_over_what_is_known_as_harmless(daemon: Daemon) -> None:
    tracer = Tracer(service="shop", auto_patch=False, redact=["NextToken"])

    assert captured(daemon, tracer, {"next_token": 1}) == {"next_token": REDACTED}


def test_names_add_up_over_tracers(daemon: Daemon) -> None:
    Tracer(redact=["iban"], auto_patch=False)
    tracer = Tracer(service="shop", auto_patch=False, redact=["tax_number"])

    shown = captured(daemon, tracer, {"iban": 1, "taxNumber": 2, "id": 3})

    assert shown == {"iban": REDACTED, "taxNumber": REDACTED, "id": 3}


def test_a_name_that_was_harmless_before_it_was_given_is_a_secret_afterwards(daemon: Daemon) -> None:
    value = {"iban": 1, "rows": [{"iban": 2}]}

    before = captured(daemon, Tracer(service="shop", auto_patch=False), value)
    after = captured(daemon, Tracer(service="shop", auto_patch=False, redact=["iban"]), value)

    assert before == value
    assert after == {"iban": REDACTED, "rows": [{"iban": REDACTED}]}


def test_names_can_be_given_by_environment(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_REDACT", " iban, tax-number,, - ,")
    tracer = Tracer(service="shop", auto_patch=False)

    shown = captured(daemon, tracer, {"IBAN": 1, "tax_number": 2, "id": 3, "-": 4, "token": 5})

    assert shown == {"IBAN": REDACTED, "tax_number": REDACTED, "id": 3, "-": 4, "token": REDACTED}


def test_it_can_be_switched_off_and_on_again(daemon: Daemon) -> None:
    value = {"password": "p", "body": json.dumps({"token": "t", "more": "x" * 50}), "pairs": [["jwt", "j"]]}

    off = captured(daemon, Tracer(service="shop", auto_patch=False, redact=False), value)
    untold = captured(daemon, Tracer(service="shop", auto_patch=False), value)
    on = captured(daemon, Tracer(service="shop", auto_patch=False, redact=True), value)

    assert off == untold == value
    assert on["password"] == REDACTED
    assert on["pairs"] == [["jwt", REDACTED]]


def test_metadata_is_the_users_own_word(daemon: Daemon, tracer: Tracer) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        tracer.put_metadata("given", {"password": "as it is"})
        subsegment.put_metadata("token", "as it is")
        tracer.put_annotation("token", "as it is")

    work = daemon.subsegment("work")
    assert work["metadata"] == {"shop": {"given": {"password": "as it is"}}, "default": {"token": "as it is"}}
    assert work["annotations"] == {"token": "as it is"}


def test_metadata_is_redacted_on_request(daemon: Daemon, tracer: Tracer) -> None:
    value = {"password": CANARY, "when": None, "rows": [{"token": CANARY}] * 2, "id": 7}
    with xray_recorder.in_subsegment("work"):
        tracer.put_metadata("given", value, redact=True)
        tracer.put_metadata("also", value, namespace="own", redact=True)

    expected = {"password": REDACTED, "when": None, "rows": [{"token": REDACTED}] * 2, "id": 7}
    assert daemon.subsegment("work")["metadata"] == {"shop": {"given": expected}, "own": {"also": expected}}


@pytest.mark.parametrize("value", [CANARY, [CANARY], {"inner": CANARY}])
def test_metadata_whose_own_key_names_a_secret_is_redacted_on_request(
    daemon: Daemon, tracer: Tracer, value: Any
) -> None:
    with xray_recorder.in_subsegment("work"):
        tracer.put_metadata("db_password", value, redact=True)

    assert daemon.subsegment("work")["metadata"] == {"shop": {"db_password": REDACTED}}


def test_in_lambdas_own_runtime_no_canary_reaches_the_daemon(daemon: Daemon, tmp_path: Path) -> None:
    code = f"""
    import json
    from lambda_tracer import Tracer
    tracer = Tracer(service="shop")

    @tracer.capture_method
    def log_in():
        return {{"user": "bob", "access_token": "{CANARY}", "iban": "{CANARY}"}}

    @tracer.capture_method
    def refuse():
        error = ValueError("refused")
        error.request = {{"headers": {{"Authorization": "{CANARY}"}}}}
        raise error

    log_in()

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        log_in()
        try:
            refuse()
        except ValueError:
            pass
        return {{"statusCode": 200, "headers": {{"Set-Cookie": "{CANARY}"}}, "body": "fine"}}
    """
    with running(daemon, tmp_path, code, LAMBDA_TRACER_REDACT="iban") as function:
        result = function()

    assert result["headers"]["Set-Cookie"] == CANARY
    assert not [datagram for datagram in daemon.datagrams() if CANARY.encode() in datagram]
    assert b"".join(daemon.datagrams()).decode().count(REDACTED) == 6
