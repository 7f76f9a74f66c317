"""Situations in which Powertools' Tracer or the X-Ray SDK goes wrong, done right."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import contextvars
import datetime
import decimal
import enum
import functools
import io
import itertools
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon


@pytest.fixture
def tracer(daemon: Daemon) -> Tracer:
    return Tracer(service="payment", auto_patch=False)


def short(part: dict[str, Any]) -> str:
    """The last part of a decorated function's name."""
    return str(part["name"]).removeprefix("## ").rpartition(".")[2]


def parents(daemon: Daemon) -> dict[str, str]:
    """Which subsegment is whose child; the names must be unique."""
    parts = daemon.subsegments()
    names = {part["id"]: short(part) for part in parts}
    assert len(set(names.values())) == len(names)
    return {short(part): names.get(part["parent_id"], "segment") for part in parts}


def metadata(daemon: Daemon, namespace: str = "payment") -> list[Any]:
    """The metadata values of the one subsegment that was sent."""
    [part] = daemon.subsegments()
    return list(part["metadata"][namespace].values())


def capture(tracer: Tracer, function: Callable[..., Any]) -> Any:
    """The handler, decorated, under the name by which these tests look for it."""
    function.__name__ = "handler"
    return tracer.capture_lambda_handler(function)


# --- Concurrency --------------------------------------------------------------------------------------------


def test_methods_under_gather_keep_their_own_subsegments(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    async def job(delay: int) -> int:
        tracer.put_annotation("before", delay)
        await asyncio.sleep(delay / 1000)
        tracer.put_annotation("after", delay)
        return delay

    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> Any:
        async def main() -> list[int]:
            return list(await asyncio.gather(job(3), job(1), job(2)))

        return asyncio.run(main())

    result = handler({}, None)

    assert result == [3, 1, 2]
    outer, *jobs = daemon.subsegments()
    assert [part["parent_id"] for part in jobs] == [outer["id"]] * 3
    for part in jobs:
        delay = part["annotations"]["before"]
        assert part["annotations"]["after"] == delay
        assert list(part["metadata"]["payment"].values()) == [delay]


def test_blocks_under_gather_keep_their_own_subsegments(daemon: Daemon) -> None:
    async def block(number: int) -> None:
        async with xray_recorder.in_subsegment_async(f"block {number}") as subsegment:
            await asyncio.sleep((3 - number) / 1000)
            subsegment.put_annotation("number", number)
            async with xray_recorder.in_subsegment_async(f"inside {number}"):
                await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*map(block, range(3)))

    asyncio.run(main())

    assert parents(daemon) == {
        **{f"block {number}": "segment" for number in range(3)},
        **{f"inside {number}": f"block {number}" for number in range(3)},
    }


def test_threads_that_copy_the_context_are_children(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    def work() -> str:
        return "worked"

    @tracer.capture_method
    async def fan_out() -> None:
        await asyncio.to_thread(work)

    asyncio.run(fan_out())

    assert parents(daemon) == {"fan_out": "segment", "work": "fan_out"}


def test_annotating_in_a_thread_with_nothing_open_is_no_error(daemon: Daemon, tracer: Tracer) -> None:
    raised: list[BaseException] = []

    def annotate() -> None:
        try:
            tracer.put_annotation("key", 1)
            tracer.put_metadata("key", 1)
        except BaseException as error:
            raised.append(error)

    with xray_recorder.in_subsegment("main"):
        # A context of its own: what a thread has when nobody hands it one.
        thread = threading.Thread(target=contextvars.Context().run, args=(annotate,))
        thread.start()
        thread.join()

    assert not raised
    daemon.expect_tree("main")


# --- Generators ---------------------------------------------------------------------------------------------


def test_an_abandoned_generator_is_no_fault(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> int:
        return next(numbers())

    result = handler({}, None)

    assert result == 1
    assert parents(daemon) == {"handler": "segment", "numbers": "handler"}
    assert not any("fault" in part for part in daemon.subsegments())


def test_a_generator_that_stays_suspended_costs_nobody_a_document(
    daemon: Daemon, tracer: Tracer, invoke: Invoke
) -> None:
    @tracer.capture_method
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    kept: list[Any] = []

    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> int:
        kept.append(numbers())
        return next(kept[0])

    handler({}, None)

    assert parents(daemon) == {"handler": "segment", "numbers": "handler"}
    invoke()
    kept[0].close()
    assert parents(daemon) == {"handler": "segment", "numbers": "handler"}


def test_generators_read_in_turn_are_siblings(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    def letters() -> Iterator[str]:
        yield "a"
        yield "b"

    @tracer.capture_method
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    @tracer.capture_method
    def both() -> list[Any]:
        return list(zip(letters(), numbers(), strict=True))

    result = both()

    assert result == [("a", 1), ("b", 2)]
    assert parents(daemon) == {"both": "segment", "letters": "both", "numbers": "both"}


def test_an_asynchronous_generator_is_recorded_while_it_runs(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    async def numbers() -> AsyncIterator[int]:
        with xray_recorder.in_subsegment("step"):
            await asyncio.sleep(0)
        yield 1

    async def use() -> list[int]:
        return [number async for number in numbers()]

    result = asyncio.run(use())

    assert result == [1]
    assert parents(daemon) == {"numbers": "segment", "step": "numbers"}
    assert all("metadata" not in part for part in daemon.subsegments())


def test_an_asynchronous_context_manager_records_what_it_yields_and_its_body(
    daemon: Daemon, tracer: Tracer
) -> None:
    @tracer.capture_method
    @contextlib.asynccontextmanager
    async def opened(secret: str) -> AsyncIterator[str]:
        yield "opened"

    async def use() -> None:
        async with opened("not for the trace"), xray_recorder.in_subsegment_async("body"):
            await asyncio.sleep(0)

    asyncio.run(use())

    assert parents(daemon) == {"opened": "segment", "body": "opened"}
    assert list(daemon.subsegments()[0]["metadata"]["payment"].values()) == ["opened"]
    assert not any(b"not for the trace" in datagram for datagram in daemon.datagrams())


def test_a_coroutine_handler_is_recorded_to_its_end(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_lambda_handler
    async def handler(event: Any, context: Any) -> str:
        with xray_recorder.in_subsegment("inside"):
            await asyncio.sleep(0.001)
        return "awaited"

    result = handler({}, None)

    assert result == "awaited"
    assert parents(daemon) == {"handler": "segment", "inside": "handler"}
    assert daemon.subsegments()[0]["metadata"] == {"payment": {"handler response": "awaited"}}


def test_a_generator_below_another_decorator_can_be_iterated(daemon: Daemon, tracer: Tracer) -> None:
    def logged(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper() -> Any:
            return function()

        return wrapper

    @tracer.capture_method
    @logged
    def numbers() -> Iterator[int]:
        yield 1

    assert list(numbers()) == [1]
    assert parents(daemon) == {"numbers": "segment"}


# --- Values -------------------------------------------------------------------------------------------------


def test_a_response_over_the_size_of_a_datagram_is_cut(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    def large() -> str:
        return "x" * 70_000

    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> int:
        return len(large())

    result = handler({}, None)

    assert result == 70_000
    assert parents(daemon) == {"handler": "segment", "large": "handler"}
    [shown] = daemon.subsegments()[1]["metadata"]["payment"].values()
    assert shown["bytes"] == 70_002


@pytest.mark.parametrize(
    ("make", "read", "expected"),
    [
        pytest.param(lambda: io.BytesIO(b"0123"), lambda value: value.read(), b"0123", id="stream"),
        pytest.param(lambda: map(str, [1, 2]), list, ["1", "2"], id="map"),
        pytest.param(lambda: iter("ab"), list, ["a", "b"], id="iterator"),
        pytest.param(lambda: (n for n in (1, 2)), list, [1, 2], id="generator"),
        pytest.param(itertools.count, next, 0, id="endless iterator"),
    ],
)
def test_what_can_be_read_only_once_is_left_to_the_caller(
    make: Any, read: Any, expected: Any, daemon: Daemon, tracer: Tracer
) -> None:
    @tracer.capture_method
    def fetch() -> Any:
        return make()

    result = read(fetch())

    assert result == expected
    assert metadata(daemon)[0].startswith("<")


def test_a_streaming_body_is_left_to_the_caller(daemon: Daemon, tracer: Tracer) -> None:
    response = pytest.importorskip("botocore.response")

    @tracer.capture_method
    def fetch() -> Any:
        return {"Body": response.StreamingBody(io.BytesIO(b"0123"), 4)}

    result = fetch()["Body"].read()

    assert result == b"0123"
    assert metadata(daemon) == [{"Body": "<botocore.response.StreamingBody>"}]


def test_exception_metadata_keeps_the_message(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    def fail() -> None:
        raise ValueError("the message")

    with pytest.raises(ValueError):
        fail()

    assert metadata(daemon) == [{"type": "ValueError", "message": "the message"}]


def test_values_of_unusual_types_are_readable(daemon: Daemon) -> None:
    class Colour(enum.Enum):
        RED = 1

    class Name(str):
        """A subclass."""

    value = [
        Colour.RED,
        Name("abc"),
        b"ab",
        {1: "a", None: "b"},
        decimal.Decimal("1.1"),
        datetime.date(2024, 1, 2),
        "\ud800",
    ]

    with xray_recorder.in_subsegment("values") as subsegment:
        subsegment.put_metadata("value", value)

    assert metadata(daemon, "default") == [
        [1, "abc", "ab", {"1": "a", "null": "b"}, "1.1", "2024-01-02", "\ufffd"]
    ]


def test_limits_of_the_format_are_kept(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("n" * 300) as subsegment:
        subsegment.put_annotation("k" * 600, "left out")
        subsegment.put_annotation("", "left out")
        subsegment.put_annotation("key", "v" * 2000)
        subsegment.put_http_meta("url", "http://h/" + "p" * 400)
    with xray_recorder.in_subsegment("???"):
        pass

    long, unnamed = daemon.subsegments()
    assert long["name"] == "n" * 200
    assert long["annotations"] == {"key": "v" * 1000}
    assert len(long["http"]["request"]["url"]) == 250
    assert unnamed["name"] == "unnamed"


class Bad:
    """A value whose iteration fails."""

    def __iter__(self) -> Any:
        raise ZeroDivisionError


class Interrupts:
    """A value that raises what nobody catches."""

    def __iter__(self) -> Any:
        raise KeyboardInterrupt

    __str__ = __repr__ = __iter__


class Endless:
    """A value whose iteration never ends."""

    def __iter__(self) -> Any:
        return itertools.count()


def cycle() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    return loop


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({(1, 2): 3}, id="key that is no text"),
        pytest.param(float("nan"), id="NaN"),
        pytest.param([1, Bad(), 2], id="iteration fails"),
        pytest.param(cycle(), id="cycle"),
        pytest.param(Interrupts(), id="KeyboardInterrupt"),
        pytest.param(Endless(), id="endless"),
    ],
)
def test_one_bad_value_costs_nothing_else(value: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("values") as subsegment:
        subsegment.put_metadata("before", 1)
        subsegment.put_metadata("value", value)
        subsegment.put_metadata("after", 2)

    shown = daemon.subsegment("values")["metadata"]["default"]
    assert (shown["before"], shown["after"]) == (1, 2)
    assert len(str(shown["value"])) < 200


def test_a_value_that_cannot_be_printed_can_be_put(daemon: Daemon, tracer: Tracer) -> None:
    with xray_recorder.in_subsegment("values"):
        tracer.put_metadata("value", Interrupts())
        tracer.put_annotation("key", "value")

    assert daemon.subsegment("values")["annotations"] == {"key": "value"}


# --- Invocations --------------------------------------------------------------------------------------------

ROOT = "1-67891233-" + "a" * 24


def test_what_an_invocation_left_open_is_no_parent_in_its_retry(daemon: Daemon, invoke: Invoke) -> None:
    invoke(root=ROOT, parent="a" * 16)
    left = xray_recorder.begin_subsegment("left open")
    invoke(root=ROOT, parent="b" * 16)

    with xray_recorder.in_subsegment("next") as subsegment:
        assert xray_recorder.current_subsegment() is subsegment

    assert daemon.subsegment("next")["parent_id"] == "b" * 16
    assert daemon.subsegment("left open")["parent_id"] == "a" * 16
    assert daemon.subsegment("left open")["in_progress"] is True
    assert left.id == daemon.subsegment("left open")["id"]


def test_same_root_again_with_another_decision(
    daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke(root=ROOT, parent="a" * 16)
    with xray_recorder.in_subsegment("first"):
        pass
    invoke(root=ROOT, parent="b" * 16, sampled=0)
    with xray_recorder.in_subsegment("unsampled"):
        pass
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    with xray_recorder.in_subsegment("without a header"):
        pass
    invoke(root=ROOT, parent="c" * 16)
    with xray_recorder.in_subsegment("last"):
        pass

    assert [(part["name"], part["parent_id"][0]) for part in daemon.subsegments()] == [
        ("first", "a"),
        ("last", "c"),
    ]


def test_the_same_exception_is_described_in_each_invocation(daemon: Daemon, invoke: Invoke) -> None:
    error = ValueError("kept at module level")
    for _ in range(2):
        invoke()
        with pytest.raises(ValueError), xray_recorder.in_subsegment("fails"):
            raise error

    causes = [part["cause"] for part in daemon.subsegments()]
    assert [cause["exceptions"][0]["message"] for cause in causes] == ["kept at module level"] * 2


def test_a_begin_without_an_end_costs_nobody_a_document(daemon: Daemon, tracer: Tracer) -> None:
    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> str:
        xray_recorder.begin_subsegment("forgotten")
        return "answered"

    result = handler({}, None)

    assert result == "answered"
    assert parents(daemon) == {"handler": "segment", "forgotten": "handler"}


def test_what_a_block_left_open_is_no_parent_after_the_block(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outer"):
        with xray_recorder.in_subsegment("inner"):
            xray_recorder.begin_subsegment("forgotten")
        with xray_recorder.in_subsegment("next"):
            pass

    assert parents(daemon) == {"outer": "segment", "inner": "outer", "forgotten": "inner", "next": "outer"}


def test_an_end_without_a_begin_ends_nobody_elses(daemon: Daemon, tracer: Tracer) -> None:
    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> str:
        xray_recorder.end_subsegment()
        tracer.put_annotation("still", "open")
        return "answered"

    result = handler({}, None)

    assert result == "answered"
    assert daemon.subsegment("## handler")["annotations"]["still"] == "open"


def test_a_threshold_keeps_nothing_back(daemon: Daemon, invoke: Invoke) -> None:
    xray_recorder.configure(streaming_threshold=3)

    for number in range(3):
        with xray_recorder.in_subsegment(f"subsegment {number}"):
            pass

    assert len(daemon.subsegments()) == 3


def test_a_tracer_made_after_a_reset_sends_again(daemon: Daemon) -> None:
    Tracer(disabled=True)
    Tracer._reset_config()
    tracer = Tracer(auto_patch=False)

    tracer.capture_method(lambda: 1)()

    assert len(daemon.subsegments()) == 1


def test_a_tracer_that_is_told_to_is_enabled_after_a_disabled_one(daemon: Daemon) -> None:
    Tracer(disabled=True)
    tracer = Tracer(disabled=False, auto_patch=False)

    tracer.capture_method(lambda: 1)()

    assert not tracer.disabled
    assert len(daemon.subsegments()) == 1


# --- Exceptions ---------------------------------------------------------------------------------------------


def deep(level: int) -> None:
    if level == 0:
        raise ValueError("at the bottom")
    deep(level - 1)


@pytest.mark.parametrize("form", ["with block", "decorator"])
def test_a_stack_that_is_too_deep_keeps_the_line_that_raised(form: str, daemon: Daemon) -> None:
    def in_a_block() -> None:
        with xray_recorder.in_subsegment("deep"):
            deep(20)

    run = in_a_block if form == "with block" else functools.partial(xray_recorder.capture("deep")(deep), 20)
    with pytest.raises(ValueError):
        run()

    [exception] = daemon.subsegment("deep")["cause"]["exceptions"]
    assert len(exception["stack"]) == 10
    assert exception["stack"][-1]["line"] == deep.__code__.co_firstlineno + 2
    assert exception["truncated"] >= 11


class Frozen(Exception):
    """An exception that takes no attributes."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("frozen")


def test_an_exception_that_takes_no_attributes_passes_as_it_is(daemon: Daemon) -> None:
    error = Frozen("the application's own")

    with pytest.raises(Frozen) as raised, xray_recorder.in_subsegment("fails"):
        raise error

    assert raised.value is error
    assert xray_recorder.current_subsegment() is None
    daemon.expect_tree("fails  fault Frozen")


def test_nothing_is_written_on_an_exception(daemon: Daemon) -> None:
    error = ValueError("clean")

    with pytest.raises(ValueError), xray_recorder.in_subsegment("fails"):
        raise error

    assert vars(error) == {}
    daemon.expect_tree("fails  fault ValueError")


def test_an_exception_raised_from_another_refers_to_it(daemon: Daemon) -> None:
    def translate() -> None:
        try:
            with xray_recorder.in_subsegment("inner"):
                raise KeyError("the reason")
        except KeyError as reason:
            raise ValueError("the consequence") from reason

    with pytest.raises(ValueError), xray_recorder.in_subsegment("outer"):
        translate()

    [inner] = daemon.subsegment("inner")["cause"]["exceptions"]
    consequence = daemon.subsegment("outer")["cause"]["exceptions"][0]
    assert consequence["type"] == "ValueError"
    assert consequence["cause"] == inner["id"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs Python 3.11")
def test_the_members_of_a_group_are_recorded(daemon: Daemon) -> None:
    with pytest.raises(BaseException), xray_recorder.in_subsegment("group"):
        raise builtins.ExceptionGroup("both", [ValueError("one"), KeyError("two")])  # type: ignore[attr-defined]

    described = daemon.subsegment("group")["cause"]["exceptions"]
    assert [exception["type"] for exception in described] == ["ExceptionGroup", "ValueError", "KeyError"]


class Falsy(Exception):
    def __bool__(self) -> bool:
        return False


@pytest.mark.parametrize("error", [Falsy("counts as false"), SystemExit(1), KeyboardInterrupt()], ids=repr)
def test_every_exception_makes_a_captured_function_a_fault(error: BaseException, daemon: Daemon) -> None:
    @xray_recorder.capture("captured")
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        fail()

    daemon.expect_tree(f"captured  fault {type(error).__name__}")


def test_a_cancelled_task_is_a_fault(daemon: Daemon) -> None:
    @xray_recorder.capture_async("captured")
    async def wait() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())

    daemon.expect_tree("captured  fault CancelledError")


def test_a_message_longer_than_a_datagram_is_cut(daemon: Daemon) -> None:
    @xray_recorder.capture("talkative")
    def fail() -> None:
        xray_recorder.put_annotation("key", "value")
        raise ValueError("x" * 100_000)

    with pytest.raises(ValueError):
        fail()

    sent = daemon.subsegment("talkative")
    assert sent["annotations"] == {"key": "value"}
    assert sent["cause"]["exceptions"][0]["message"].startswith("xxx")


def test_exceptions_at_the_same_line_are_told_apart(daemon: Daemon) -> None:
    """A loop of attempts: each exception dies before the next, which may be made in the same place in memory."""

    def attempt(number: int) -> None:
        raise ConnectionError(f"attempt {number}")

    for number in range(20):
        with contextlib.suppress(ConnectionError), xray_recorder.in_subsegment("attempt"):
            attempt(number)

    causes = [part["cause"] for part in daemon.subsegments()]
    assert [cause if isinstance(cause, str) else cause["exceptions"][0]["message"] for cause in causes] == [
        f"attempt {number}" for number in range(20)
    ]


# --- Documents and logs -------------------------------------------------------------------------------------


def test_an_end_before_the_start_counts_as_the_start(daemon: Daemon) -> None:
    xray_recorder.begin_subsegment("back in time")
    xray_recorder.end_subsegment(1_700_000_000.0)

    sent = daemon.subsegment("back in time")
    assert sent["end_time"] == sent["start_time"]


def test_attributes_of_the_applications_own_are_not_sent(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("before") as subsegment:
        subsegment.own = "private"  # type: ignore[union-attr]  # of the application's own
        subsegment.name = "after?"

    [sent] = daemon.subsegments()
    assert "own" not in sent
    assert sent["name"] == "after"


def test_nothing_is_logged_for_what_is_ordinary(
    daemon: Daemon, tracer: Tracer, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    for sampled in (1, 0, "?"):
        invoke(sampled=sampled)
        with contextlib.suppress(ValueError):
            tracer.capture_lambda_handler(lambda event, context: tracer.put_annotation("key", 1))({}, None)
            with xray_recorder.in_subsegment("fails"):
                raise ValueError("an ordinary failure")

    assert not [record for record in caplog.records if record.name.startswith("lambda_tracer")]
    assert len(daemon.subsegments()) == 2


def test_sql_text_stays_off_when_a_tracer_is_made(daemon: Daemon) -> None:
    xray_recorder.configure(stream_sql=False)

    xray_recorder.configure(max_trace_back=5)
    Tracer(auto_patch=False)

    assert xray_recorder.stream_sql is False


@pytest.mark.parametrize(
    "header", [None, "", "garbage", f"Root={ROOT};Lineage=1:2:3", f"Root={ROOT};Parent={'a' * 16};Sampled=?"]
)
def test_whatever_the_header_says_nothing_breaks(
    header: str | None, daemon: Daemon, tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    if header is not None:
        monkeypatch.setitem(os.environ, "_X_AMZN_TRACE_ID", header)

    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> str:
        with xray_recorder.in_subsegment("inside") as subsegment:
            subsegment.put_annotation("key", 1)
            current = xray_recorder.current_subsegment()
            if current is not None:  # so it is where the header names no trace
                current.put_http_meta("status", 500)
        return "answered"

    result = handler({}, None)

    assert result == "answered"
    assert daemon.datagrams() == []
