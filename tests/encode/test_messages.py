"""Messages of exceptions: the user's own words are kept, those that Python and libraries compose lose their values."""

from __future__ import annotations

import configparser
import datetime
import enum
import ipaddress
import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer.encode import limits, messages
from lambda_tracer.encode.any_value import message_of

CANARY = "CANARY-7"


def raised(function: Callable[[], Any]) -> Exception:
    with pytest.raises(Exception) as caught:  # any: what it says is what is looked at
        function()
    return caught.value


class Color(enum.Enum):
    RED = 1


class Declined(Exception):
    """The user's own."""

    def __init__(self, message: str, **attributes: Any) -> None:
        super().__init__(message)
        vars(self).update(attributes)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: int(CANARY), "invalid literal for int() with base 10"),
        (lambda: float(CANARY), "could not convert string to float"),
        (lambda: Color(CANARY), "? is not a valid Color"),
        (lambda: datetime.datetime.fromisoformat(CANARY), "Invalid isoformat string"),
        (lambda: datetime.datetime.strptime(CANARY, "%Y"), "time data does not match format '%Y'"),
        (lambda: ipaddress.ip_address(CANARY), "? does not appear to be an IPv4 or IPv6 address"),
        (lambda: urllib.request.urlopen(CANARY), "unknown url type"),
        (lambda: f"{CANARY}\xff".encode("ascii"),
         "'ascii' codec can't encode what is in position 8: ordinal not in range(128)"),
        (lambda: f"{CANARY}\xff".encode("latin-1").decode(),
         "'utf-8' codec can't decode what is in position 8: invalid start byte"),
        (lambda: json.loads(f'{{"a": {CANARY}'), "Expecting value: line 1 column 7 (char 6)"),
        (lambda: subprocess.run([sys.executable, "-c", f"exit(3) # {CANARY}"], check=True), "Command ? returned 3"),
    ],
)  # fmt: skip
def test_what_python_composes_from_values_is_kept_without_them(
    function: Callable[[], Any], message: str
) -> None:
    assert message_of(raised(function)) == message


@pytest.mark.parametrize(
    "function",
    [
        lambda: ipaddress.IPv4Address(f"{CANARY}.1.1.1"),
        lambda: ["a"].index(CANARY),
        lambda: configparser.ConfigParser().read_string(CANARY),
        lambda: json.loads(f'["{CANARY}'),
    ],
)
def test_what_python_quotes_is_not_told(function: Callable[[], Any]) -> None:
    error = raised(function)

    assert CANARY not in message_of(error)
    assert CANARY not in str(messages.attributes(error))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: dict[str, int]()["name"], "'name'"),
        (lambda: CANARY.nothing, "'str' object has no attribute 'nothing'"),  # type: ignore[attr-defined]
        (lambda: Path("/nowhere/file").read_text(), "[Errno 2] No such file or directory: '/nowhere/file'"),
        (lambda: int(None), None),  # type: ignore[call-overload]
        (lambda: 1 + "", "unsupported operand type(s) for +: 'int' and 'str'"),  # type: ignore[operator]
    ],
)
def test_what_python_says_of_names_and_types_is_kept(
    function: Callable[[], Any], message: str | None
) -> None:
    error = raised(function)

    assert message_of(error) == (message or str(error))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("'coupon' is not a valid Coupon"),
        ValueError("invalid literal for int() with base 10: 'ours'"),
        KeyError("order 4711 'x'"),
        Declined("card '4711' was declined: see https://shop/pay?id=5"),
        type("Mine", (json.JSONDecodeError,), {"__str__": lambda self: "ours: 'x'"})("m", "d", 0),
    ],
)
def test_the_users_own_words_are_kept(error: Exception) -> None:
    def fail() -> None:
        raise error

    assert message_of(error) == str(error)
    assert message_of(raised(fail)) == str(error)


def test_the_exception_itself_does_not_change() -> None:
    error = raised(lambda: int(CANARY))
    before = (str(error), error.args, vars(error).copy(), error.__traceback__)

    message_of(error)
    messages.attributes(error)

    assert (str(error), error.args, vars(error), error.__traceback__) == before


def test_a_message_is_asked_once_while_the_exception_travels() -> None:
    asked = []

    class Error(Exception):
        def __str__(self) -> str:
            asked.append(1)
            return "no"

    error = Error()

    assert [message_of(error) for _ in range(3)] == ["no"] * 3
    assert len(asked) == 1


def test_a_long_message_is_cut() -> None:
    assert message_of(Declined("x" * 5_000)) == "x" * 4_096 + "... 904 more characters"


def test_json_in_a_message_loses_its_secrets() -> None:
    assert message_of(Declined('{"password": "hunter2", "id": 1}')) == '{"password": "[redacted]", "id": 1}'


def test_a_library_that_is_not_what_it_was_costs_the_message_at_most() -> None:
    """Its attributes and methods may fail."""

    class ValidationError(ValueError):
        title = "Person"

        def error_count(self) -> int:
            raise RuntimeError(CANARY)

    ValidationError.__module__ = "pydantic_core._pydantic_core"

    assert message_of(ValidationError()) == ""


def test_pydantic_tells_where_and_what_but_no_input() -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model(
        "Person", age=(int, ...), tags=(list[int], []), __config__={"extra": "forbid"}
    )

    error = raised(lambda: model(age=CANARY, tags=[1, CANARY], **{CANARY: CANARY}))

    assert message_of(error).splitlines() == [
        "3 validation errors for Person",
        "age",
        "  Input should be a valid integer, unable to parse string as an integer [type=int_parsing]",
        "tags.1",
        "  Input should be a valid integer, unable to parse string as an integer [type=int_parsing]",
        "?",
        "  Extra inputs are not permitted [type=extra_forbidden]",
    ]


def test_a_thousand_errors_of_pydantic_are_counted() -> None:
    pydantic = pytest.importorskip("pydantic")

    error = raised(lambda: pydantic.TypeAdapter(list[int]).validate_python([CANARY] * 5_000))

    assert message_of(error) == "5000 validation errors for list[int]"


def test_jsonschema_tells_the_rule_and_the_place() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = {"properties": {"age": {"type": "integer"}}}

    error = raised(lambda: jsonschema.validate({"age": CANARY}, schema))

    assert message_of(error) == "failed validating 'type' of instance[age]"
    assert messages.attributes(error) == {"validator": "type"}


@pytest.mark.parametrize("size", [100, 1_000_000])
@pytest.mark.parametrize(
    "piece", ["'", 'table "x" ', "b'", "://", "123456.", "404 Client Error: ", "n't ", "("]
)
@pytest.mark.parametrize(
    "module", ["psycopg2", "pymysql", "sqlite3", "sqlalchemy", "redis", "requests", "botocore"]
)
def test_text_made_to_confuse_is_read_within_the_bound(module: str, piece: str, size: int) -> None:
    error = type("Error", (Exception,), {"__module__": module})(piece * size)

    assert len(message_of(error)) <= limits.MAX_MESSAGE + 40


# --- Attributes ---------------------------------------------------------------------------------------------


def test_the_users_own_attributes_are_shown() -> None:
    error = Declined("no", order="A-1", response={"a": 1}, _private=CANARY)

    assert messages.attributes(error) == {"order": "A-1", "response": {"a": 1}}


def test_of_a_users_class_below_a_librarys_the_librarys_attributes_are_not_shown() -> None:
    class Mine(json.JSONDecodeError):
        pass

    error = Mine("m", CANARY, 0)
    error.order = "A-1"  # type: ignore[attr-defined]

    assert CANARY not in str(messages.attributes(error))
    assert messages.attributes(error)["order"] == "A-1"


def test_of_an_answer_of_aws_code_message_and_id_are_shown() -> None:
    exceptions = pytest.importorskip("botocore.exceptions")
    answer = {
        "Error": {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"},
        "ResponseMetadata": {"RequestId": "r", "HTTPStatusCode": 400, "HTTPHeaders": {"x": CANARY}},
        "Item": {"id": {"S": CANARY}},
    }

    error = exceptions.ClientError(answer, "PutItem")

    assert message_of(error) == (
        "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation:"
        " The conditional request failed"
    )
    assert messages.attributes(error) == {
        "operation_name": "PutItem",
        "response": {
            "Error": answer["Error"],
            "ResponseMetadata": {"RequestId": "r", "HTTPStatusCode": 400},
        },
    }
