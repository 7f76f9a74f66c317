"""Whatever an unsampled invocation does has its place in the tree; what is said of it to others stays as it was."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from textwrap import indent

import boto3
import botocore.config
import botocore.exceptions
import pytest
import requests

from lambda_tracer import Tracer, patch, unpatch_all, xray_recorder
from tests.conftest import Invoke
from tests.keep.lines import Failed, Log, all_of, fail, tree
from tests.patches.http.server import HttpServer, serving
from tests.tree import without_margin


@pytest.fixture
def patched() -> Iterator[None]:
    patch(["boto3", "requests", "http.client", "sqlite3", "threads"])
    yield
    unpatch_all()


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with serving() as server:
        yield server


def expect(log: Log, expected: str) -> None:
    line = log.line()
    assert tree(line) == "## handler  fault  Failed: None\n" + indent(without_margin(expected), "  ")


def test_tasks_that_run_side_by_side_have_their_own_parents(tracer: Tracer, log: Log) -> None:
    async def ask(name: str) -> None:
        async with xray_recorder.in_subsegment_async(name):
            await asyncio.sleep(0)
            with xray_recorder.in_subsegment(f"below {name}"):
                await asyncio.sleep(0)

    async def all_three() -> None:
        await asyncio.gather(*map(ask, "abc"))

    fail(tracer, lambda: asyncio.run(all_three()))

    expect(
        log,
        """
          a
            below a
          b
            below b
          c
            below c
        """,
    )


@pytest.mark.usefixtures("patched")
def test_threads_are_below_what_started_them(tracer: Tracer, log: Log) -> None:
    @tracer.capture_method
    def job(number: int) -> None:
        tracer.put_annotation("number", number)

    def work() -> None:
        with xray_recorder.in_subsegment("pool"), ThreadPoolExecutor(1) as pool:
            pool.submit(job, 1).result()
        with xray_recorder.in_subsegment("thread"):
            thread = threading.Thread(target=job, args=(2,))
            thread.start()
            thread.join()

    fail(tracer, work)

    name = "## tests.keep.test_tree.test_threads_are_below_what_started_them.locals.job"
    expect(log, f"pool\n  {name}  number=1\nthread\n  {name}  number=2")


def test_a_thread_that_knows_nothing_of_the_handler_is_beside_it(tracer: Tracer, log: Log) -> None:
    """Where threads are not patched."""

    def job() -> None:
        with xray_recorder.in_subsegment("alone"):
            pass

    def work() -> None:
        thread = threading.Thread(target=job)
        thread.start()
        thread.join()

    fail(tracer, work)

    assert tree(log.line()) == "## handler  fault  Failed: None\nalone"


def test_what_a_generators_consumer_does_is_not_below_it(tracer: Tracer, log: Log) -> None:
    @tracer.capture_method
    def rows() -> Iterator[int]:
        for number in range(2):
            with xray_recorder.in_subsegment(f"row {number}"):
                pass
            yield number

    @tracer.capture_method
    async def pages() -> AsyncIterator[int]:
        with xray_recorder.in_subsegment("page"):
            pass
        yield 1

    async def read() -> None:
        async for _ in pages():
            with xray_recorder.in_subsegment("reads"):
                pass

    def work() -> None:
        for number in rows():
            with xray_recorder.in_subsegment(f"consumes {number}"):
                pass
        asyncio.run(read())

    fail(tracer, work)

    name = "## tests.keep.test_tree.test_what_a_generators_consumer_does_is_not_below_it.locals"
    expect(
        log,
        f"""
          {name}.rows
            row 0
            row 1
          consumes 0
          consumes 1
          {name}.pages
            page
          reads
        """,
    )


def test_what_was_begun_by_hand_is_ended_by_hand(tracer: Tracer, log: Log) -> None:
    def work() -> None:
        outer = xray_recorder.begin_subsegment("outer", namespace="remote")
        outer.put_annotation("size", 1.5)
        xray_recorder.begin_subsegment("inner")
        assert xray_recorder.current_subsegment() is not outer
        xray_recorder.end_subsegment()
        assert xray_recorder.current_subsegment() is outer
        with xray_recorder.in_subsegment("block"):
            xray_recorder.end_subsegment()  # one too many: it is the block's to end
            with xray_recorder.in_subsegment("in the block"):
                pass
        outer.apply_status_code(429)
        xray_recorder.end_subsegment()
        xray_recorder.begin_subsegment("left open")

    fail(tracer, work)

    expect(
        log,
        """
          outer  error  throttle  size=1.5
            inner
            block
              in the block
          left open  in_progress
        """,
    )


def test_an_exception_is_described_where_it_was_raised_and_referred_to_above(
    tracer: Tracer, log: Log
) -> None:
    def work() -> None:
        with (
            contextlib.suppress(KeyError),
            xray_recorder.in_subsegment("outer"),
            xray_recorder.in_subsegment("inner"),
        ):
            raise KeyError("colour")

    fail(tracer, work)

    line = log.line()
    outer = line["segments"][0]["subsegments"][0]
    (inner,) = outer["subsegments"]
    assert outer["fault"]
    assert outer["cause"] == inner["cause"]["exceptions"][0]["id"]


def test_what_is_below_one_that_is_not_to_be_recorded_is_not_kept(tracer: Tracer, log: Log) -> None:
    def work() -> None:
        xray_recorder.begin_subsegment_without_sampling("quiet")
        with xray_recorder.in_subsegment("below"):
            pass
        xray_recorder.end_subsegment()
        with xray_recorder.in_subsegment("beside"):
            pass

    fail(tracer, work)

    expect(log, "beside")


def test_records_of_a_batch_are_kept(tracer: Tracer, log: Log) -> None:
    event = {
        "Records": [
            {
                "eventSource": "aws:sqs",
                "messageId": number,
                "body": "",
                "eventSourceARN": "arn:aws:sqs:r:1:orders",
            }
            for number in "12"
        ]
    }

    def work() -> None:
        for record in tracer.records(event):
            if record["messageId"] == "2":
                raise Failed

    with pytest.raises(Failed):
        tracer.capture_lambda_handler(lambda event, context: work())(event, None)

    (handler,) = log.line()["segments"]
    assert [(each["name"], each.get("fault", False)) for each in handler["subsegments"]] == [
        ("## sqs orders", False),
        ("## sqs orders", True),
    ]


@pytest.mark.usefixtures("patched")
def test_calls_of_libraries_are_kept_by_name_and_flags_alone(
    tracer: Tracer, log: Log, server: HttpServer
) -> None:
    secret = "c4nary"
    config = botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=1)
    client = boto3.client(
        *("sqs", "eu-west-1", None, False),
        endpoint_url=server.url("/status/500"),
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=config,
    )

    def work() -> None:
        requests.get(server.url(f"/status/404?q={secret}"), timeout=10)
        with pytest.raises(urllib.error.HTTPError) as unavailable:
            urllib.request.urlopen(server.url("/status/503"))
        unavailable.value.close()
        with contextlib.suppress(botocore.exceptions.ClientError):
            client.send_message(QueueUrl=server.url("/status/500"), MessageBody=secret)
        with contextlib.closing(sqlite3.connect(":memory:")) as connection:
            connection.execute(f"select '{secret}'")
            with contextlib.suppress(sqlite3.Error):
                connection.execute(f"select '{secret}' from nowhere")

    fail(tracer, work)

    text = log.texts()[0]
    assert secret not in text
    assert "/status/" not in text
    assert "select" not in text
    (handler,) = json.loads(text)["segments"]
    assert [
        (each["name"], each["namespace"], *(flag for flag in ("fault", "error") if each.get(flag)))
        for each in handler["subsegments"]
    ] == [
        ("127.0.0.1", "remote", "error"),
        ("127.0.0.1", "remote", "fault"),
        ("sqs", "aws", "fault"),
        *[
            (handler["subsegments"][3]["name"], "remote"),
            (handler["subsegments"][4]["name"], "remote", "fault"),
        ],
    ]


@pytest.mark.usefixtures("patched")
@pytest.mark.parametrize("keep", ["errors", ""])
def test_requests_carry_the_header_that_they_carry_without(
    log: Log, server: HttpServer, invoke: Invoke, keep: str
) -> None:
    tracer = Tracer(auto_patch=False, keep=keep)
    invocation = invoke(sampled=0, Lineage="1:0123abcd:0")
    server.received.clear()
    client = boto3.client(
        *("sqs", "eu-west-1", None, False),
        endpoint_url=server.url("/"),
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )

    def work() -> None:
        with xray_recorder.in_subsegment("block"):
            requests.get(server.url("/"), timeout=10)
            urllib.request.urlopen(server.url("/")).read()
            with contextlib.suppress(Exception):
                client.list_queues()

    fail(tracer, work)

    assert len(server.received) >= 3
    assert [each.trace_headers for each in server.received] == [[invocation.header]] * len(server.received)
    assert len(log.texts()) == bool(keep)


def test_a_subsegment_that_is_kept_has_an_id_that_the_line_names(tracer: Tracer, log: Log) -> None:
    """For whoever writes it into a log record."""
    ids = []

    def work() -> None:
        with xray_recorder.in_subsegment("block") as block:
            ids.append(block.id)

    fail(tracer, work)

    assert ids == [each["id"] for each in all_of(log.line()) if each["name"] == "block"]
