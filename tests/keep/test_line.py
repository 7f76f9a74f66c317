"""The line is bounded, and so is what is kept for it; no secret is in it, and no response."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import threading
import tracemalloc
from collections.abc import Callable

import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.encode.kept_line import MAX_LINE_BYTES
from lambda_tracer.trace import kept
from tests.conftest import new_trace_id
from tests.encode.secret_shapes import LAST_WORDS, NAMES, SHAPES
from tests.keep.lines import Failed, Line, Log, all_of, fail

CANARY = "Canary7Quetzal"


def told(tracer: Tracer, log: Log, work: Callable[[], object]) -> tuple[Line, str]:
    """The line of an invocation that does that, and its text."""
    fail(tracer, work)
    (text,) = log.texts()
    assert len(text) + 1 <= MAX_LINE_BYTES
    assert text.isascii()
    return json.loads(text), text


def names(line: Line) -> set[str]:
    return {each["name"] for each in all_of(line)}


def test_of_many_calls_the_newest_stay_and_those_that_failed(tracer: Tracer, log: Log) -> None:
    def work() -> None:
        with xray_recorder.in_subsegment("early") as early:
            early.add_fault_flag()
        with xray_recorder.in_subsegment("still open"):
            for number in range(2_000):
                with xray_recorder.in_subsegment(f"call {number}"):
                    pass

    line, _ = told(tracer, log, work)

    found = all_of(line)
    assert len(found) <= kept.MAX_ENTRIES
    assert line["segments_left_out"] == 2_003 - len(found)
    assert {"## handler", "early", "still open", "call 1999", "call 1800"} <= names(line)
    assert "call 0" not in names(line)


@pytest.mark.parametrize("depth", [60, 2_000])
def test_calls_within_calls_are_shown_as_deep_as_can_be(tracer: Tracer, log: Log, depth: int) -> None:
    def work() -> None:
        for number in range(depth):
            xray_recorder.begin_subsegment(f"level {number}")
        xray_recorder.current_subsegment().put_annotation("is", "innermost")  # type: ignore[union-attr]

    line, _ = told(tracer, log, work)

    assert {"## handler", f"level {depth - 1}"} <= names(line)
    assert len(all_of(line)) + line.get("segments_left_out", 0) == depth + 1
    assert depth >= kept.MAX_ENTRIES or "segments_left_out" not in line


def test_a_parent_that_has_left_leaves_its_children_to_its_own_parent(tracer: Tracer, log: Log) -> None:
    def work() -> None:
        outer = xray_recorder.begin_subsegment("outer")
        with xray_recorder.in_subsegment("gone"):
            xray_recorder.begin_subsegment("stays").add_fault_flag()
        for number in range(3_000):
            with xray_recorder.in_subsegment(f"fails {number}") as failing:
                failing.add_fault_flag()
        outer.close()

    line, _ = told(tracer, log, work)

    (handler,) = line["segments"]
    (outer,) = [each for each in handler["subsegments"] if each["name"] == "outer"]
    assert "fails 2999" in {each["name"] for each in outer["subsegments"]}
    assert len(all_of(line)) <= kept.MAX_ENTRIES


def test_where_a_line_would_be_too_long_what_ended_well_leaves_first(tracer: Tracer, log: Log) -> None:
    def work() -> None:
        for number in range(200):
            with xray_recorder.in_subsegment(f"well {number}") as well:
                well.put_annotation("text", "x" * 280)
            with pytest.raises(ValueError, match="failed"), xray_recorder.in_subsegment(f"bad {number}"):
                raise ValueError(f"failed {number}")

    line, text = told(tracer, log, work)

    assert len(text) > MAX_LINE_BYTES * 0.9
    assert {f"bad {number}" for number in range(200)} <= names(line)
    assert "well 199" in names(line)
    assert "well 0" not in names(line)
    assert line["segments_left_out"] + len(all_of(line)) == 401


def test_where_everything_failed_texts_are_cut(tracer: Tracer, log: Log) -> None:
    def work() -> None:
        for number in range(60):
            with pytest.raises(ValueError), xray_recorder.in_subsegment(f"bad {number}"):
                raise ValueError(f"{number} " + "\u20ac" * 4_000)

    line, _ = told(tracer, log, work)

    assert "## handler" in names(line)
    assert len(all_of(line)) == 61
    messages = [
        each["cause"]["exceptions"][0].get("message") for each in all_of(line) if each["name"] == "bad 3"
    ]
    assert [len(message) for message in messages] == [200]


def test_what_cannot_be_shortened_leaves_at_last(tracer: Tracer, log: Log) -> None:
    def work() -> None:
        for number in range(400):
            with xray_recorder.in_subsegment(f"{number} " + "n" * 190) as bad:
                bad.add_fault_flag()
                bad.put_annotation("text", "\u20ac" * 100)

    line, _ = told(tracer, log, work)

    assert "## handler" in names(line)
    assert 100 < len(all_of(line)) < 401


def test_what_is_put_as_annotation_is_kept_if_x_ray_would_take_it(tracer: Tracer, log: Log) -> None:
    class Colour(str):
        def __str__(self) -> str:
            raise AssertionError("not to be asked")

    def work() -> None:
        tracer.put_annotation("text", "t" * 5_000)
        tracer.put_annotation("whole", 10**400)
        tracer.put_annotation("half", 0.5)
        tracer.put_annotation("flag", True)
        tracer.put_annotation("colour", Colour("red"))
        tracer.put_annotation("no key", 1)
        tracer.put_annotation("no_value", {"a": 1})  # type: ignore[arg-type]
        tracer.put_metadata("metadata", CANARY)

    line, text = told(tracer, log, work)

    annotations = line["segments"][0]["annotations"]
    assert len(annotations.pop("text")) == 1_000
    assert annotations.pop("whole")
    assert annotations == {"ColdStart": True, "Service": "shop", "half": 0.5, "flag": True, "colour": "red"}
    assert CANARY not in text


def test_all_annotations_together_are_bounded(tracer: Tracer, log: Log) -> None:
    def work() -> None:
        for number in range(10_000):
            tracer.put_annotation(f"key_{number}", "x" * 100)

    line, _ = told(tracer, log, work)

    assert 100 < len(line["segments"][0]["annotations"]) < 700


def test_annotations_leave_room_for_those_that_come_later(tracer: Tracer, log: Log) -> None:
    @tracer.capture_method
    def step(number: int) -> None:
        tracer.put_annotation("item", f"{number:x>100}")

    def work() -> None:
        for number in range(5_000):
            tracer.put_annotation("progress", number)
        for number in range(1_000):
            step(number)
        tracer.put_annotation("last", "l" * 200)

    line, _ = told(tracer, log, work)

    handler = line["segments"][0]
    assert handler["annotations"]["progress"] == 4_999
    assert len(handler["annotations"]["last"]) == 200
    assert handler["subsegments"][-1]["annotations"] == {"item": f"{999:x>100}"}


@pytest.mark.parametrize("others", [150, 1_500])
@pytest.mark.parametrize("is_first", [True, False])
def test_what_left_the_handler_is_described_however_many_others_there_were(
    tracer: Tracer, log: Log, others: int, is_first: bool
) -> None:
    @tracer.capture_method
    def fail(error: Exception) -> None:
        raise error

    def work() -> None:
        reason = LookupError("nobody answers " + "w" * 100)
        errors = [ValueError(f"{number} " + "m" * 400) for number in range(others)]
        for error in [reason, *errors] if is_first else errors:
            with contextlib.suppress(ValueError, LookupError):
                fail(error)
        fail(reason)

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        work()

    with pytest.raises(LookupError):
        handler({}, None)

    line = log.line()
    cause = line["segments"][0]["cause"]
    if isinstance(cause, str):  # the exception is described where it was raised
        causes = [each["cause"] for each in all_of(line) if isinstance(each.get("cause"), dict)]
        (cause,) = [each for each in causes if each["exceptions"][0]["id"] == cause]
    (exception,) = cause["exceptions"]
    assert (exception["type"], exception["message"][:14]) == ("LookupError", "nobody answers")


def test_any_attribute_may_be_set_on_what_is_kept(tracer: Tracer, log: Log) -> None:
    odd = {
        "name": ["a"],
        "namespace": 7,
        "cause": {"id": "1"},
        "status": "done",
        "start_time": "now",
        "id": '"}',
        "annotations": {"a": 1},
        "http": None,
        "trace_id": "1",
        "subsegment": None,
    }

    def work() -> None:
        with xray_recorder.in_subsegment("block") as block:
            for name, value in odd.items():
                setattr(block, name, value)
        with xray_recorder.in_subsegment("ended") as block:
            setattr(block, "end_time", "later")  # noqa: B010  # of the wrong type

    line, _ = told(tracer, log, work)

    assert [each["name"] for each in line["segments"][0]["subsegments"]] == ["unnamed", "ended"]


def test_no_response_is_in_a_line(tracer: Tracer, log: Log) -> None:
    @tracer.capture_method
    def respond() -> dict[str, str]:
        return {"answer": CANARY}

    _, text = told(tracer, log, respond)

    assert CANARY not in text


def test_no_secret_is_in_an_annotation(tracer: Tracer, log: Log) -> None:
    def work() -> None:
        for name in NAMES:
            with xray_recorder.in_subsegment("by name") as block:
                block.put_annotation(name.replace(" ", "_").replace("-", "_"), CANARY)
        for name in NAMES:
            with xray_recorder.in_subsegment("in JSON") as block:
                block.put_annotation("body", json.dumps({"user": {name: CANARY}}))
                block.put_annotation("cut", json.dumps({"user": {name: CANARY}, "more": "x" * 2_000}))

    line, text = told(tracer, log, work)

    assert "[redacted]" in text
    assert len(all_of(line)) > 100
    assert CANARY not in text


def test_no_secret_is_in_a_message(tracer: Tracer, log: Log) -> None:
    """Whoever reads logs may not be whoever reads traces: JSON in the middle of a message is looked at, too."""
    texts = [shape for shape in SHAPES.values() if isinstance(shape("password", CANARY), str)]
    assert len(texts) > 10

    def work() -> None:
        for name in ("password", "X-Api-Key", *LAST_WORDS):
            for shape in texts:
                with pytest.raises(Failed), xray_recorder.in_subsegment("asks"):
                    raise Failed(shape(name, CANARY))

    _, text = told(tracer, log, work)

    assert "[redacted]" in text
    assert CANARY not in text


def test_a_key_of_the_users_tracer_is_a_secret_too(log: Log) -> None:
    tracer = Tracer(auto_patch=False, keep="errors", redact=["iban"])

    _, text = told(tracer, log, lambda: tracer.put_annotation("customer_iban", CANARY))

    assert CANARY not in text


def test_no_header_from_elsewhere_is_in_a_line(
    tracer: Tracer, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={CANARY};Parent={CANARY};Sampled=0")

    line, text = told(tracer, log, lambda: None)

    assert line["xray_trace_id"] is None
    assert CANARY not in text


# Memory


def test_a_ring_that_is_full_takes_less_than_256_kb(tracer: Tracer, log: Log) -> None:
    sizes = []

    def work() -> None:
        with xray_recorder.in_subsegment("first") as block:  # loads modules, too
            block.put_annotation("text", "x")
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(3_000):
            with xray_recorder.in_subsegment(f"{number} " + "n" * 300) as block:
                block.put_annotation("text", f"{number:x>900}")
                block.add_fault_flag()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        sizes.append(after - before)

    told(tracer, log, work)

    assert sizes[0] < (256_000 if sys.version_info < (3, 14) else 330_000)


def test_an_invocation_leaves_nothing_to_the_garbage_collector(tracer: Tracer, log: Log) -> None:
    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        with xray_recorder.in_subsegment("block") as block:
            block.put_annotation("a", 1)

    handler({}, None)
    gc.collect()
    gc.disable()
    try:
        handler({}, None)
        left = [each for each in gc.get_objects() if type(each) in (kept.KeptSubsegment, kept.Ring)]
    finally:
        gc.enable()

    assert left == []


def invoke_many(tracer: Tracer, count: int) -> None:
    """Unsampled invocations that end well, fail, and leave something open."""

    @tracer.capture_method
    def method(number: int) -> dict[str, int]:
        tracer.put_annotation("number", number)
        if number % 10 == 3:
            raise ValueError(f"number {number}")
        return {"number": number}

    @tracer.capture_lambda_handler
    def handler(event: int, context: object) -> None:
        if event % 20 == 1:
            xray_recorder.begin_subsegment("left open")
        method(event)

    headers = [f"Root={new_trace_id()};Parent=0123456789abcdef;Sampled=0" for _ in range(100)]
    for number in range(count):
        os.environ["_X_AMZN_TRACE_ID"] = headers[number % len(headers)]
        try:
            handler(number, None)
        except ValueError:
            continue


@pytest.mark.parametrize("count", [500, pytest.param(100_000, marks=pytest.mark.soak)])
def test_many_invocations_do_not_grow_what_python_allocates(tracer: Tracer, log: Log, count: int) -> None:
    invoke_many(tracer, 500)
    tracemalloc.start()
    try:
        invoke_many(tracer, count // 5)
        before, _ = tracemalloc.get_traced_memory()
        invoke_many(tracer, count)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 100_000


def test_what_threads_open_while_there_is_no_room_does_not_break_it(tracer: Tracer, log: Log) -> None:
    def job() -> None:
        for number in range(1_000):
            with xray_recorder.in_subsegment(f"call {number}"):
                pass

    def work() -> None:
        threads = [threading.Thread(target=job) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    line, _ = told(tracer, log, work)

    assert len(all_of(line)) <= kept.MAX_ENTRIES + 4
