"""What can be put into a subsegment: annotations, metadata, http, sql, aws, flags, names, namespaces."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
from typing import Any

from tests.parity.lab import Lab, scenario


class Word(str, enum.Enum):
    YES = "yes"


class Number(enum.IntEnum):
    ONE = 1


class Text(str):
    """A subclass of str."""


@scenario()
def annotations_that_count(lab: Lab) -> None:
    with lab.recorder.in_subsegment("annotated") as subsegment:
        for key, value in {
            "text": "value",
            "empty_text": "",
            "whole": 1,
            "negative": -1,
            "large": 2**60,
            "fraction": 0.5,
            "yes": True,
            "no": False,
            "UPPER_and_123": "x",
            "1starts_with_a_digit": "x",
            "int_enum": Number.ONE,
            "subclass": Text("text"),
            "unicode_value": "ünïcödé",
        }.items():
            subsegment.put_annotation(key, value)


@scenario()
def annotations_left_out_for_their_value(lab: Lab) -> None:
    with lab.recorder.in_subsegment("annotated") as subsegment:
        values = (None, decimal.Decimal(1), b"x", [1], {"a": 1}, datetime.date(2024, 1, 1), object(), 1j)
        for number, value in enumerate(values):
            subsegment.put_annotation(f"key{number}", value)


@scenario("annotation-keys")
def annotations_left_out_for_their_key(lab: Lab) -> None:
    with lab.recorder.in_subsegment("annotated") as subsegment:
        for key in ("with-dash", "with space", "dotted.key", "ünïcödé", "colon:", "new\nline"):
            subsegment.put_annotation(key, "value")
        subsegment.put_annotation(1, "value")
        subsegment.put_annotation(None, "value")


@scenario("limits-of-the-format", "annotation-keys")
def annotations_beyond_the_limits(lab: Lab) -> None:
    with lab.recorder.in_subsegment("annotated") as subsegment:
        subsegment.put_annotation("", "empty key")
        subsegment.put_annotation("k" * 501, "long key")
        subsegment.put_annotation("k" * 500, "key of 500")
        subsegment.put_annotation("long", "v" * 1001)
        subsegment.put_annotation("just", "v" * 1000)


@scenario("json-is-strict")
def annotation_that_is_no_number(lab: Lab) -> None:
    with lab.recorder.in_subsegment("annotated") as subsegment:
        subsegment.put_annotation("nan", float("nan"))


@scenario()
def annotation_of_a_text_enum(lab: Lab) -> None:
    with lab.recorder.in_subsegment("annotated") as subsegment:
        subsegment.put_annotation("word", Word.YES)


@scenario()
def annotation_put_twice(lab: Lab) -> None:
    with lab.recorder.in_subsegment("annotated") as subsegment:
        subsegment.put_annotation("key", "first")
        subsegment.put_annotation(key="key", value="second")


@scenario()
def annotation_goes_to_the_innermost(lab: Lab) -> None:
    tracer = lab.tracer()
    with lab.recorder.in_subsegment("outer"):
        tracer.put_annotation("where", "outer")
        with lab.recorder.in_subsegment("inner"):
            tracer.put_annotation("where", "inner")
            lab.recorder.put_annotation("by_the_recorder", True)
            lab.recorder.put_metadata("by the recorder", True)
            lab.recorder.put_metadata("by the recorder", True, "namespace")
        tracer.put_annotation("after", "outer")


@scenario("nothing-raises-into-the-application")
def annotation_with_nothing_open(lab: Lab) -> None:
    tracer = lab.tracer()
    lab.attempt("annotation", tracer.put_annotation, "key", "value")
    lab.attempt("metadata", tracer.put_metadata, "key", "value")
    lab.attempt("by the recorder", lab.recorder.put_annotation, "key", "value")


class SaysNothing:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@scenario("nothing-raises-into-the-application")
def metadata_that_cannot_be_printed(lab: Lab) -> None:
    tracer = lab.tracer()
    with lab.recorder.in_subsegment("metadata"):
        lab.attempt("metadata", tracer.put_metadata, "key", SaysNothing())


@scenario()
def metadata_namespaces(lab: Lab) -> None:
    with lab.recorder.in_subsegment("metadata") as subsegment:
        subsegment.put_metadata("key", "value")
        subsegment.put_metadata("key", "value", "namespace")
        subsegment.put_metadata(key="other", value="value", namespace="namespace")
        subsegment.put_metadata("key", "value", "")
        subsegment.put_metadata("key", "allowed", "AWS")
        subsegment.put_metadata("key", "allowed", "aws.lower")
        subsegment.put_metadata("key", "refused", "AWS.reserved")
        subsegment.put_metadata("key", "refused", None)
        subsegment.put_metadata("key", "refused", 1)
        subsegment.put_metadata("key", "last", "namespace")


@scenario()
def metadata_keys(lab: Lab) -> None:
    with lab.recorder.in_subsegment("metadata") as subsegment:
        for key in ("", "with space", "ünïcödé", "a.b", 1, True):
            subsegment.put_metadata(key, "value")


@scenario()
def http_in_full(lab: Lab) -> None:
    with lab.recorder.in_subsegment("http", namespace="remote") as subsegment:
        subsegment.put_http_meta("url", "https://example.com/path")
        subsegment.put_http_meta("method", "GET")
        subsegment.put_http_meta("user_agent", "agent/1.0")
        subsegment.put_http_meta("client_ip", "127.0.0.1")
        subsegment.put_http_meta("x_forwarded_for", True)
        subsegment.put_http_meta("status", 200)
        subsegment.put_http_meta("content_length", 1234)


@scenario()
def http_left_out(lab: Lab) -> None:
    with lab.recorder.in_subsegment("http") as subsegment:
        subsegment.put_http_meta("url", None)
        subsegment.put_http_meta("status", None)
        subsegment.put_http_meta("unknown", "value")
        subsegment.put_http_meta("traced", True)


def _status(code: Any) -> None:
    @scenario(name=f"http status {code!r}")
    def run(lab: Lab) -> None:
        with lab.recorder.in_subsegment("http") as subsegment:
            subsegment.put_http_meta("status", code)
        with lab.recorder.in_subsegment("applied") as subsegment:
            if isinstance(code, int):
                subsegment.apply_status_code(code)


for _code in (100, 200, 302, 400, 404, 429, 499, 500, 503, 599, "404", "500"):
    _status(_code)


@scenario("nothing-raises-into-the-application")
def http_status_that_is_no_number(lab: Lab) -> None:
    with lab.recorder.in_subsegment("http") as subsegment:
        lab.attempt("put", subsegment.put_http_meta, "status", "many")


@scenario()
def status_codes_accumulate(lab: Lab) -> None:
    with lab.recorder.in_subsegment("several") as subsegment:
        for code in (200, 429, 500, None, 0):
            subsegment.apply_status_code(code)


@scenario("limits-of-the-format")
def http_beyond_the_limits(lab: Lab) -> None:
    with lab.recorder.in_subsegment("http") as subsegment:
        subsegment.put_http_meta("url", "https://example.com/" + "p" * 300)
        subsegment.put_http_meta("user_agent", "a" * 251)


@scenario()
def flags(lab: Lab) -> None:
    for flag in ("fault", "error", "throttle"):
        with lab.recorder.in_subsegment(flag) as subsegment:
            getattr(subsegment, f"add_{flag}_flag")()
            lab.note(flag, getattr(subsegment, flag))


@scenario()
def aws_block(lab: Lab) -> None:
    with lab.recorder.in_subsegment("dynamodb", namespace="aws") as subsegment:
        subsegment.set_aws({"replaced": True})
        subsegment.set_aws({"operation": "GetItem", "region": "eu-west-1", "retries": 0, "table_name": "t"})
    with lab.recorder.in_subsegment("empty") as subsegment:
        subsegment.set_aws({})


@scenario("members-without-a-value")
def aws_and_sql_with_none(lab: Lab) -> None:
    with lab.recorder.in_subsegment("with None") as subsegment:
        subsegment.set_aws({"operation": "GetItem", "request_id": None})
        subsegment.set_sql({"url": "db", "user": None})


@scenario()
def sql_block(lab: Lab) -> None:
    with lab.recorder.in_subsegment("database", namespace="remote") as subsegment:
        subsegment.set_sql(
            {
                "url": "postgresql://db/name",
                "user": "reader",
                "database_type": "PostgreSQL",
                "database_version": "16.1",
                "driver_version": "psycopg",
                "sanitized_query": "select * from t where id = ?",
                "preparation": "statement",
            }
        )
    with lab.recorder.in_subsegment("empty") as subsegment:
        subsegment.set_sql({})


@scenario()
def namespaces(lab: Lab) -> None:
    for namespace in ("local", "remote", "aws", "anything else"):
        with lab.recorder.in_subsegment(f"in {namespace}", namespace=namespace) as subsegment:
            lab.note(namespace, subsegment.namespace)
    subsegment = lab.recorder.begin_subsegment("positional", "remote")
    lab.recorder.end_subsegment()


NAMES = (
    "with space",
    "a.b/c:d",
    "dynamodb.eu-west-1",
    "ünïcödé",
    "日本",
    "## handler",
    "a_b-c@d=e&f%g#h+i",
    "x" * 200,
)


@scenario()
def names(lab: Lab) -> None:
    for name in NAMES:
        with lab.recorder.in_subsegment(name) as subsegment:
            lab.note(f"name {name}", subsegment.name)


@scenario()
def names_with_refused_characters(lab: Lab) -> None:
    for name in ("what?", "a;b", "f(x)", "wild*", "<module>", "oh! $1 ~2 ^3"):
        with lab.recorder.in_subsegment(name):
            pass


@scenario("limits-of-the-format")
def names_that_the_format_does_not_know(lab: Lab) -> None:
    for name in ("x" * 201, "???", "", "two\nlines", 'say "hello"', "comma, brace{}", "smile \U0001f600"):
        with lab.recorder.in_subsegment(name):
            pass


@scenario("nothing-raises-into-the-application")
def names_that_are_no_text(lab: Lab) -> None:
    for name in (None, 1, b"bytes"):
        lab.attempt(f"{name!r}", lab.recorder.begin_subsegment, name)
        lab.recorder.clear_trace_entities()


@scenario("limits-of-the-format")
def name_changed_later(lab: Lab) -> None:
    with lab.recorder.in_subsegment("before") as subsegment:
        subsegment.name = "after"
    with lab.recorder.in_subsegment("before") as subsegment:
        subsegment.name = "what?"


@scenario("documents-are-spelled-out")
def attribute_of_the_users_own(lab: Lab) -> None:
    with lab.recorder.in_subsegment("marked") as subsegment:
        subsegment.own = {"private": "to the application"}
        lab.note("own", subsegment.own)


@scenario()
def attributes(lab: Lab) -> None:
    with lab.recorder.in_subsegment("outer") as outer, lab.recorder.in_subsegment("inner") as inner:
        for subsegment in (outer, inner):
            lab.note(
                subsegment.name,
                {
                    "id": subsegment.id,
                    "parent": subsegment.parent_id,
                    "trace": subsegment.trace_id,
                    "namespace": subsegment.namespace,
                    "type": subsegment.type,
                    "sampled": bool(subsegment.sampled),
                    "in progress": subsegment.in_progress,
                    "started": isinstance(subsegment.start_time, float),
                },
            )
    lab.note("ended", [outer.in_progress, isinstance(outer.end_time, float)])


@scenario("closed-is-closed")
def after_the_end(lab: Lab) -> None:
    with lab.recorder.in_subsegment("parent"):
        subsegment = lab.recorder.begin_subsegment("ended")
        lab.recorder.end_subsegment()
        for label, change in {
            "annotation": lambda: subsegment.put_annotation("late", 1),
            "metadata": lambda: subsegment.put_metadata("late", 1),
            "http": lambda: subsegment.put_http_meta("status", 500),
            "aws": lambda: subsegment.set_aws({"late": 1}),
            "sql": lambda: subsegment.set_sql({"url": "late"}),
            "exception": lambda: subsegment.add_exception(ValueError("late"), []),
            "status": lambda: subsegment.apply_status_code(500),
            "flag": subsegment.add_fault_flag,
            "close": subsegment.close,
        }.items():
            lab.attempt(label, change)


@scenario()
def to_dict_and_serialize(lab: Lab) -> None:
    with lab.recorder.in_subsegment("described", namespace="remote") as subsegment:
        subsegment.put_annotation("key", "value")
        subsegment.put_metadata("key", [1])
        subsegment.put_http_meta("status", 404)
        document = json.loads(subsegment.serialize())
        lab.note("serialized", {key: value for key, value in document.items() if not key.endswith("_time")})
        described = subsegment.to_dict()
        lab.note("described", {key: value for key, value in described.items() if not key.endswith("_time")})


@scenario()
def origin_header(lab: Lab) -> None:
    with lab.recorder.in_subsegment("origin") as subsegment:
        subsegment.save_origin_trace_header("kept")
        lab.note("kept", subsegment.get_origin_trace_header())


@scenario()
def end_times(lab: Lab) -> None:
    import time

    later = time.time() + 10
    subsegment = lab.recorder.begin_subsegment("later")
    lab.recorder.end_subsegment(later)
    lab.note("as given", subsegment.end_time == later)
    subsegment = lab.recorder.begin_subsegment("zero")
    lab.recorder.end_subsegment(0)
    lab.note("zero is now", later - 20 < subsegment.end_time < later + 20)


@scenario("times-make-sense")
def end_before_the_start(lab: Lab) -> None:
    lab.recorder.begin_subsegment("back in time")
    lab.recorder.end_subsegment(1_700_000_000.5)


@scenario()
def unsampled_entities_take_everything(lab: Lab) -> None:
    lab.invoke(sampled="0")
    with lab.recorder.in_subsegment("nothing") as subsegment:
        subsegment.put_annotation("key", object())
        subsegment.put_metadata("key", object(), None)
        subsegment.put_http_meta("status", "many")
        subsegment.set_aws(None)
        subsegment.set_sql(None)
        subsegment.add_exception(ValueError(), [])
        subsegment.apply_status_code(500)
        subsegment.add_fault_flag()
        lab.note("id", subsegment.id)
        lab.note("sampled", subsegment.sampled)
        lab.note("document", subsegment.serialize())
