"""Exceptions that a span tells in texts: X-Ray's cause, as if the exception itself had been there."""

from __future__ import annotations

import json
import sqlite3
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from lambda_tracer.encode import cause
from lambda_tracer.otel import errors, stacks
from tests.daemon import Daemon
from tests.otel.spans import Kind, Span, said, told


def event_of(error: BaseException) -> tuple[str, dict[str, Any], int]:
    """As OpenTelemetry's SDK records an exception."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    text = "".join(traceback.format_exception(kind, error, error.__traceback__))
    attributes = {
        "exception.type": name,
        "exception.message": str(error),
        "exception.stacktrace": text,
        "exception.escaped": "False",
    }
    return ("exception", attributes, 1_700_000_000_000_000_000)


class OrderError(Exception):
    """A user's own."""


def fails() -> None:
    raise OrderError("order A-7 is 'late'\n  in two lines")


def chained() -> None:
    try:
        fails()
    except OrderError as error:
        raise ValueError("no") from error


def in_passing() -> None:
    try:
        dict[str, int]()["missing"]
    except KeyError:
        fails()


def without_context() -> None:
    try:
        fails()
    except OrderError:
        raise LookupError from None


def deep(levels: int = 40) -> None:
    if levels:
        deep(levels - 1)
    fails()


def composed() -> None:
    int("4111 1111")


def composed_by_library() -> None:
    json.loads("{4111")


def of_a_driver() -> None:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("select 4111 from 'secret")
    finally:
        connection.close()


def no_python() -> None:
    compile("a 4111", "order.py", "exec")


FAILURES = [
    fails, chained, in_passing, without_context, deep, composed, composed_by_library, of_a_driver, no_python
]  # fmt: skip


def raised_by(failure: Callable[[], None]) -> BaseException:
    try:
        failure()
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


def comparable(exceptions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without ids; `cause` as a place in the list."""
    places = {exception["id"]: place for place, exception in enumerate(exceptions)}
    return [
        {
            key: places[value] if key == "cause" else value
            for key, value in exception.items()
            if key not in ("id", "stack", "truncated")
        }
        | {"last": [(frame["path"], frame["line"], frame["label"]) for frame in exception["stack"][-3:]]}
        for exception in exceptions
    ]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_text_tells_what_the_exception_itself_would(failure: Callable[[], None]) -> None:
    """The innermost frames: the stack of a text begins where the exception was caught."""
    error = raised_by(failure)
    _, attributes, _ = event_of(error)

    native = cause.describe(error, cause.Causes(), 10)
    told_in_text = errors.cause_from_event(attributes, False, 10)

    assert isinstance(native, dict)
    for exception in native["exceptions"]:
        exception["stack"] = exception["stack"][-len(told_in_text[0]["stack"]) :]
    assert comparable(told_in_text)[0] == comparable(native["exceptions"])[0]
    assert [each["type"] for each in told_in_text] == [each["type"] for each in native["exceptions"]]
    assert "4111" not in json.dumps(told_in_text)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs Python 3.11: there groups are built in")
def test_a_group_has_its_members() -> None:
    group: Any = sys.modules["builtins"].__dict__["ExceptionGroup"]

    def grouped() -> None:
        try:
            fails()
        except OrderError as error:
            led_by = error
        inner = group("inner", [raised_by(chained), TypeError("never raised\nin two lines")])
        raise group("outer", [inner, KeyError("k")]) from led_by

    _, attributes, _ = event_of(raised_by(grouped))
    found = errors.cause_from_event(attributes, True, 10)
    places = {exception["id"]: place for place, exception in enumerate(found)}

    assert [(each["type"], places.get(each.get("cause", ""))) for each in found] == [
        ("ExceptionGroup", 1),
        ("OrderError", None),
        ("ExceptionGroup", 3),
        ("ValueError", 4),
        ("OrderError", None),
        ("TypeError", None),
        ("KeyError", None),
    ]
    assert found[5]["message"] == "never raised\nin two lines"
    assert found[0]["stack"][-1]["label"] == "grouped"
    assert [each["remote"] for each in found] == [True] + 6 * [False]


def test_every_cut_of_a_text_is_read() -> None:
    """Where the end is missing, the exception is known by its type and its message; nothing is ever raised."""
    _, attributes, _ = event_of(raised_by(chained))
    text = attributes["exception.stacktrace"]

    for end in range(len(text)):
        for part in (text[:end], text[end:]):
            found = errors.cause_from_event({**attributes, "exception.stacktrace": part}, False, 10)

            assert (found[0]["type"], found[0]["message"]) == ("ValueError", "no")
            assert len(found) <= 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Traceback (most recent call last):",
        '  File "x", line 1, in y',
        "Traceback (most recent call last):\n  + Exception Group Traceback (most recent call last):\n  +-+",
        "  + Exception Group Traceback (most recent call last):\n"
        + "    +---------------- 2 ----------------\n      | x\n" * 3,
        "          | Exception Group Traceback (most recent call last):\n"
        + "  +-+---------------- 1 ----------------\n" * 50,
        'Traceback (most recent call last):\n  File "x", line 99999999999999999999, in y\nE',
        "Traceback (most recent call last):\n" + '  File "x", line 1, in y\n' * 50_000,
        "Traceback (most recent call last):\n  [Previous line repeated 996 more times]\n",
        "java.lang.IllegalStateException: no\n\tat shop.Pay.check(Pay.java:7)",
    ],
)
def test_what_is_no_traceback_is_no_failure(text: str) -> None:
    attributes = {"exception.type": "app.OrderError", "exception.stacktrace": text}

    found = errors.cause_from_event(attributes, False, 10)

    assert found[0]["type"] == "OrderError"
    assert len(found[0].get("stack", ())) <= 10


def test_frames_that_python_left_out_count() -> None:
    text = (
        'Traceback (most recent call last):\n  File "app.py", line 1, in go\n    go()\n'
        "  [Previous line repeated 996 more times]\nRecursionError: too deep\n"
    )

    [found] = errors.cause_from_event({"exception.stacktrace": text}, False, 10)

    assert (found["type"], len(found["stack"]), found["truncated"]) == ("RecursionError", 10, 987)


SAID = {
    ("sqlite3.IntegrityError", "UNIQUE constraint failed: t.email"): "UNIQUE constraint failed: t.email",
    (
        "sqlalchemy.exc.IntegrityError",
        "(psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint \"email_key\"\n"
        "DETAIL:  Key (email)=(a@secret) already exists.\n\n[SQL: insert into t values ('a@secret')]\n"
        "(Background on this error at: https://sqlalche.me/e/20/gkpj)",
    ): '(psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint "email_key"',
    (
        "psycopg.errors.UniqueViolation",
        'duplicate key value violates unique constraint "k"\nDETAIL:  Key (email)=(a@secret) already exists.',
    ): 'duplicate key value violates unique constraint "k"',
    (
        "requests.exceptions.ConnectionError",
        "HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: /x?token=secret (Caused by E)",
    ): "HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: /x",
    ("redis.exceptions.ResponseError", "secret of a script"): "refused by the server",
    (
        "botocore.exceptions.ClientError",
        "An error occurred (AccessDenied) when calling the GetItem operation: no",
    ): "An error occurred (AccessDenied) when calling the GetItem operation: no",
    (
        "pydantic_core._pydantic_core.ValidationError",
        "1 validation error for M\nx\n  Input should be valid [type=int, input_value='secret', input_type=str]",
    ): "1 validation error for M\nx\n  Input should be valid [type=int, input_type=str]",
    ("ValueError", "invalid literal for int() with base 10: 'secret'"): (
        "invalid literal for int() with base 10"
    ),
    ("UnicodeDecodeError", "'utf-8' codec can't decode byte 0xff in position 0: secret"): None,
    ("app.OrderError", "in 'my' own words"): "in 'my' own words",
    ("app.OrderError", '{"password": "secret"}'): '{"password": "[redacted]"}',
    ("not a \0 name.\ud800", "said"): "said",
    ("", ""): None,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "message"), SAID)
def test_a_message_loses_the_values_that_a_library_put_in(kind: str, message: str, daemon: Daemon) -> None:
    event = ("exception", {"exception.type": kind, "exception.message": message}, 1)
    [found] = said(daemon, {}, events=[event])["cause"]["exceptions"]

    assert found.get("message") == SAID[kind, message]


STATUSES = {
    # What sqlalchemy's instrumentation says, without a type.
    ("UNIQUE constraint failed: t.email", ("db.system", "sqlite")): (None, "UNIQUE constraint failed: t.email"),
    ('near "secret": syntax error', ("db.system", "sqlite")): (None, "near ?: syntax error"),
    ("Duplicate entry 'secret' for key 'email'", ("db.system", "mysql")): (
        None, "Duplicate entry ? for key 'email'"
    ),
    ("ORA-1: value (secret) is no", ("db.system.name", "oracle.db")): (None, "ORA-1: value "),
    # What `use_span` says: the name of the type, and the message.
    ("ResponseError: WRONGTYPE Operation against a key holding the wrong kind of value", ("db.system", "redis")): (
        "ResponseError", "WRONGTYPE Operation against a key holding the wrong kind of value"
    ),
    ("ResponseError: secret", ("db.system", "redis")): ("ResponseError", "refused by the server"),
    ("ConnectError: All of https://u:secret@h/x?secret", ("http.method", "GET")): (
        "ConnectError", "All of https://h/x"
    ),
    ("Unable to parse response, invalid XML received. Further:\nb'secret'", ("rpc.system", "aws-api")): (
        None, "Unable to parse response, invalid XML received"
    ),
    ("HttpResponseError: status 'secret'", ("error.type", "azure.core.exceptions.HttpResponseError")): (
        "HttpResponseError", "status 'secret'"
    ),
    ("ValueError: invalid literal for int() with base 10: 'secret'", ("x", 1)): (
        "ValueError", "invalid literal for int() with base 10"
    ),
    ("no money for 'A-7'", ("x", 1)): (None, "no money for 'A-7'"),
    ("it timed out", ("error.type", "timeout")): ("timeout", "it timed out"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "attribute"), STATUSES)
def test_a_status_is_the_cause_where_no_exception_is_known(
    text: str, attribute: tuple[str, Any], daemon: Daemon
) -> None:
    span = {"status_code": "ERROR", "status_description": text}
    [found] = said(daemon, dict([attribute]), **span)["cause"]["exceptions"]

    assert (found.get("type"), found["message"], found["remote"]) == (*STATUSES[text, attribute], True)


def test_a_status_that_says_no_error_is_no_cause(daemon: Daemon) -> None:
    assert "cause" not in said(daemon, {}, status_code="OK", status_description="fine")
    assert "cause" not in said(daemon, {}, status_code="ERROR", status_description=None)


def test_an_exception_that_was_recorded_itself_is_not_told_again(daemon: Daemon) -> None:
    error = raised_by(chained)

    document = told(
        daemon,
        Span(status_code="ERROR", status_description=f"ValueError: {error}"),
        lambda subsegment: errors.record(subsegment, error, "CLIENT"),
    )

    assert document["fault"] is True
    assert [(each["type"], each["remote"]) for each in document["cause"]["exceptions"]] == [
        ("ValueError", True),
        ("OrderError", False),
    ]


def test_an_exception_that_was_recorded_and_handled_is_no_fault(daemon: Daemon) -> None:
    error = raised_by(fails)

    document = told(
        daemon, Span(kind=Kind.INTERNAL), lambda subsegment: errors.record(subsegment, error, "INTERNAL")
    )

    assert "fault" not in document
    assert document["cause"]["exceptions"][0]["remote"] is False


def test_an_event_adds_to_what_was_recorded_and_ten_are_described(daemon: Daemon) -> None:
    def during(subsegment: Any) -> None:
        errors.record(subsegment, raised_by(chained), "CLIENT")

    events = [event_of(raised_by(chained)) for _ in range(6)]

    document = told(daemon, Span(events=events), during)

    assert len(document["cause"]["exceptions"]) == cause.MAX_EXCEPTIONS
    assert document["metadata"]["lambda_tracer"] == {"exceptions_left_out": 2}


def test_where_the_cause_refers_to_another_subsegment_it_stays(daemon: Daemon) -> None:
    document = told(
        daemon,
        Span(events=[event_of(raised_by(fails))], status_code="ERROR", status_description="x"),
        lambda subsegment: setattr(subsegment, "cause", "0123456789abcdef"),
    )

    assert document["cause"] == "0123456789abcdef"


def test_what_else_an_exceptions_event_says_is_metadata(daemon: Daemon) -> None:
    name, attributes, time_ns = event_of(raised_by(fails))
    document = said(daemon, {}, events=[(name, {**attributes, "Order": "A-7"}, time_ns)])

    assert document["metadata"]["default"]["events"] == [
        {"name": "exception", "time": 1700000000.0, "attributes": {"Order": "A-7"}}
    ]
    assert document["cause"]["exceptions"][0]["type"] == "OrderError"


@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
def test_aws_throttles_with_a_400_too(code: str, daemon: Daemon) -> None:
    attributes = {"rpc.system": "aws-api", "http.status_code": 400}
    text = f"An error occurred ({code}) when calling the GetItem operation: slower"

    document = said(daemon, attributes, status_code="ERROR", status_description=text)

    assert (document["error"], document["throttle"], document.get("fault")) == (True, True, None)


def test_a_stack_in_text_is_read_once(daemon: Daemon) -> None:
    """In linear time, however long it is: `stacks` says how much of it."""
    text = "Traceback (most recent call last):\n" + '  File "a.py", line 1, in f\n    x\n' * 100_000 + "E: m"

    raised = stacks.read(text)

    assert raised is not None
    assert (raised.kind, raised.message, len(raised.frames)) == ("E", "m", stacks.MAX_FRAMES)
