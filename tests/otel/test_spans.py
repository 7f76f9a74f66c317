"""A span of OpenTelemetry's API is a subsegment, and does what the API says of spans."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.keep.lines import Log

pytestmark = pytest.mark.otel


def only(daemon: Daemon, name: str) -> dict[str, Any]:
    (found,) = (each for each in daemon.subsegments() if each["name"] == name)
    return found


def test_spans_and_subsegments_are_one_tree(otel: Any, daemon: Daemon) -> None:
    tracer = otel.get_tracer(__name__)

    with xray_recorder.in_subsegment("handler"), tracer.start_as_current_span("outer"):
        with xray_recorder.in_subsegment("ours"), tracer.start_as_current_span("inner"):
            pass
        tracer.start_span("not current").end()

    daemon.expect_tree("""
        handler
          outer
            ours
              inner
            not current
    """)


def test_a_span_has_the_ids_of_the_trace_and_its_subsegment(
    otel: Any, daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke()

    with otel.get_tracer(__name__).start_as_current_span("span") as span:
        context = span.get_span_context()

    document = only(daemon, "span")
    assert otel.format_trace_id(context.trace_id) == invocation.root[2:].replace("-", "")
    assert otel.format_span_id(context.span_id) == document["id"]
    assert (context.is_valid, context.is_remote, context.trace_flags.sampled) == (True, False, True)
    assert span.get_span_context() is context


def test_a_span_that_is_started_alone_is_not_current(otel: Any, daemon: Daemon) -> None:
    tracer = otel.get_tracer(__name__)
    before = otel.get_current_span()

    span = tracer.start_span("alone")

    assert otel.get_current_span() is before
    with otel.use_span(span):
        assert otel.get_current_span() is span
        tracer.start_span("child").end()
    assert otel.get_current_span() is before
    assert span.is_recording()
    span.end()
    daemon.expect_tree("""
        alone
          child
    """)


def test_a_span_as_a_context_manager_ends_with_its_block(otel: Any, daemon: Daemon) -> None:
    with otel.get_tracer(__name__).start_span("block") as span:
        assert otel.get_current_span() is not span

    assert not span.is_recording()
    daemon.expect_tree("block")


def in_block(otel: Any, error: Exception) -> None:
    with otel.get_tracer(__name__).start_as_current_span("failed"):
        raise error


def in_span(otel: Any, error: Exception) -> None:
    with otel.get_tracer(__name__).start_span("failed"):
        raise error


def in_use(otel: Any, error: Exception) -> None:
    with otel.use_span(otel.get_tracer(__name__).start_span("failed"), end_on_exit=True):
        raise error


@pytest.mark.parametrize("fail", [in_block, in_span, in_use])
def test_an_exception_that_leaves_a_block_is_its_cause(otel: Any, daemon: Daemon, fail: Any) -> None:
    error = ValueError("boom")

    with pytest.raises(ValueError) as raised:
        fail(otel, error)

    assert raised.value is error
    (described,) = only(daemon, "failed")["cause"]["exceptions"]
    assert (described["type"], described["message"]) == ("ValueError", "boom")
    assert fail.__name__ in [frame["label"] for frame in described["stack"]]


def test_what_is_not_wanted_of_an_exception_is_not_recorded(otel: Any, daemon: Daemon) -> None:
    unwanted = {"record_exception": False, "set_status_on_exception": False}

    with pytest.raises(ValueError), otel.get_tracer(__name__).start_as_current_span("quiet", **unwanted):
        raise ValueError

    daemon.expect_tree("quiet")


def test_an_exception_is_described_once_and_referred_to_above(otel: Any, daemon: Daemon) -> None:
    tracer = otel.get_tracer(__name__)

    @tracer.start_as_current_span("inner")
    def fail() -> None:
        raise ValueError("boom")

    with (
        pytest.raises(ValueError),
        xray_recorder.in_subsegment("ours"),
        tracer.start_as_current_span("outer"),
    ):
        fail()

    documents = {each["name"]: each for each in daemon.subsegments()}
    (described,) = documents["inner"]["cause"]["exceptions"]
    assert documents["outer"]["cause"] == documents["ours"]["cause"] == described["id"]


def test_leaving_a_block_by_what_is_no_exception_is_no_failure(otel: Any, daemon: Daemon) -> None:
    """As the API's `use_span` has it: GeneratorExit, an exit, an interrupt."""
    with pytest.raises(KeyboardInterrupt), otel.get_tracer(__name__).start_as_current_span("left"):
        raise KeyboardInterrupt

    daemon.expect_tree("left")


def test_recording_exceptions_by_hand_keeps_all_of_them(otel: Any, daemon: Daemon) -> None:
    with otel.get_tracer(__name__).start_as_current_span("attempts") as span:
        span.record_exception(TimeoutError("first"), {"attempt": 1}, timestamp=5, escaped=False)
        span.record_exception(TimeoutError("second"))

    exceptions = only(daemon, "attempts")["cause"]["exceptions"]
    assert [each["message"] for each in exceptions] == ["first", "second"]


def test_the_status_follows_the_rules_of_the_specification(otel: Any, daemon: Daemon) -> None:
    Status, Code = otel.Status, otel.StatusCode
    span = otel.get_tracer(__name__).start_span("span")

    span.set_status(Status(Code.ERROR, "bad"))
    assert (span.status_code, span.status_description) == ("ERROR", "bad")
    span.set_status(Code.UNSET)
    assert span.status_code == "ERROR"
    span.set_status(Code.OK, "ignored")
    assert (span.status_code, span.status_description) == ("OK", None)
    span.set_status(Code.ERROR, "too late")
    assert (span.status_code, span.status_description) == ("OK", None)
    span.end()
    assert len(daemon.subsegments()) == 1


def test_what_is_told_of_a_span_reaches_the_mapping(otel: Any, daemon: Daemon) -> None:
    link = otel.Link(otel.SpanContext(1, 2, is_remote=True), {"why": "because"})
    span = otel.get_tracer(__name__).start_span(
        "first", kind=otel.SpanKind.CLIENT, attributes={"a": 1}, links=[link]
    )

    span.set_attribute("a", 2)
    span.set_attributes({"b": [1, 2], "c": "text"})
    span.add_event("happened", {"d": True}, timestamp=10**18)
    span.add_link(otel.SpanContext(3, 4, is_remote=False))
    span.update_name("second")

    assert (span.name, span.kind.name) == ("second", "CLIENT")
    assert span.attributes == {"a": 2, "b": (1, 2), "c": "text"}
    assert span.events == [("happened", {"d": True}, 10**18)]
    assert span.links == [(1, 2, {"why": "because"}), (3, 4, {})]
    span.end()
    assert len(daemon.subsegments()) == 1


def test_times_are_given_in_nanoseconds(otel: Any, daemon: Daemon) -> None:
    start = 1_700_000_000_000_000_000
    span = otel.get_tracer(__name__).start_span("timed", start_time=start)

    span.end(start + 250_000_000)

    document = only(daemon, "timed")
    assert document["start_time"] == 1_700_000_000
    assert document["end_time"] == pytest.approx(1_700_000_000.25, abs=1e-5)


def test_after_its_end_a_span_does_not_change(otel: Any, daemon: Daemon) -> None:
    span = otel.get_tracer(__name__).start_span("ended")
    span.end()

    span.set_attribute("late", 1)
    span.add_event("late")
    span.update_name("late")
    span.set_status(otel.StatusCode.ERROR)
    span.record_exception(ValueError())
    span.end()

    assert not span.is_recording()
    assert (span.attributes, span.events, span.status_code) == ({}, [], "UNSET")
    daemon.expect_tree("ended")


def test_a_span_that_outlives_its_parent_is_sent_by_itself(otel: Any, daemon: Daemon) -> None:
    tracer = otel.get_tracer(__name__)
    with tracer.start_as_current_span("parent"):
        late = tracer.start_span("late")

    late.end()

    daemon.expect_tree("""
        parent
          late
    """)


def test_a_span_that_never_ends_is_sent_in_progress(otel: Any, daemon: Daemon, invoke: Invoke) -> None:
    otel.get_tracer(__name__).start_span("endless")

    invoke()
    xray_recorder.current_subsegment()

    daemon.expect_tree("endless  in progress")


def test_a_span_may_end_in_another_thread(otel: Any, daemon: Daemon) -> None:
    span = otel.get_tracer(__name__).start_span("passed on")
    thread = threading.Thread(target=span.end)

    thread.start()
    thread.join()

    daemon.expect_tree("passed on")


def test_a_span_has_bounds(otel: Any, daemon: Daemon) -> None:
    with otel.get_tracer(__name__).start_as_current_span("many") as span:
        for number in range(200):
            span.set_attribute(f"key{number}", number)
            span.add_event("event")
            span.add_link(otel.SpanContext(1, number + 1, is_remote=True))

    assert [len(kept) for kept in (span.attributes, span.events, span.links)] == [128, 32, 20]
    assert only(daemon, "many")["metadata"]["lambda_tracer"] == {
        "attributes_left_out": 72,
        "events_left_out": 168,
        "links_left_out": 180,
    }


class Hostile:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    def __str__(self) -> str:
        raise RuntimeError("str")


ODD = {
    "None": lambda: None,
    "number": lambda: 5,
    "bytes": lambda: b"bytes",
    "object": object,
    "hostile": Hostile,
    "no text as key": lambda: {1: 2},
    "list of hostile ones": lambda: [Hostile()],
    "not a number": lambda: float("nan"),
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_odd_values_raise_nothing(otel: Any, daemon: Daemon, make: Any) -> None:
    odd = make()
    tracer = otel.get_tracer(__name__)

    with tracer.start_as_current_span("odd", attributes=odd, links=odd, start_time=odd) as span:
        span.set_attribute("value", odd)
        span.set_attribute(odd, 1)
        span.set_attributes(odd)
        span.add_event(odd, odd, odd)
        span.add_link(odd, odd)
        span.update_name(odd)
        span.set_status(odd, odd)
        span.record_exception(odd, odd, odd)
    tracer.start_span(odd, kind=odd).end(odd)

    assert len(daemon.subsegments()) == 2


def test_a_decorated_function_is_a_span_at_each_call(otel: Any, daemon: Daemon) -> None:
    @otel.get_tracer(__name__).start_as_current_span("work")
    def work(number: int) -> int:
        """Documented."""
        assert otel.get_current_span().get_span_context().is_valid
        return number + 1

    assert (work(1), work(2)) == (2, 3)
    assert (work.__name__, work.__doc__) == ("work", "Documented.")
    daemon.expect_tree("""
        work
        work
    """)


def test_what_a_generator_does_is_below_its_span_and_its_consumers_work_is_not(
    otel: Any, daemon: Daemon
) -> None:
    tracer = otel.get_tracer(__name__)

    @tracer.start_as_current_span("rows")
    def rows() -> Any:
        for number in (1, 2):
            with tracer.start_as_current_span(f"read {number}"):
                pass
            yield number

    with tracer.start_as_current_span("consumer"):
        for number in rows():
            with tracer.start_as_current_span(f"use {number}"):
                pass

    daemon.expect_tree("""
        consumer
          rows
            read 1
            read 2
          use 1
          use 2
    """)


def test_a_tracer_takes_all_that_the_api_gives_it(otel: Any, daemon: Daemon) -> None:
    otel.get_tracer("name", "1.0", None, "https://schema", {"a": 1}).start_span("one").end()
    provider = otel.get_tracer_provider()
    provider.get_tracer("name", "1.0", "https://schema", {"a": 1}).start_span("two").end()
    provider.get_tracer(instrumenting_module_name="name").start_span(name="three", context=None).end()

    assert (provider.force_flush(), provider.force_flush(timeout_millis=10)) == (True, True)
    provider.shutdown()
    provider.get_tracer("after").start_span("four").end()
    daemon.expect_tree("""
        one
        two
        three
        four
    """)


def test_our_subsegment_takes_what_its_span_is_told(otel: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("ours"):
        span = otel.get_current_span()
        span.set_attribute("user.id", 5)
        span.set_attributes({"plan": "gold"})
        span.add_event("cached", {"hit": True}, timestamp=2 * 10**18)
        span.update_name("theirs")
        span.record_exception(ValueError("seen"))
        span.set_status(otel.StatusCode.ERROR, "bad")
        span.end()
        assert span.is_recording()

    document = only(daemon, "ours")
    assert document["metadata"]["default"] == {
        "user.id": 5,
        "plan": "gold",
        "events": [{"name": "cached", "time": 2e9, "attributes": {"hit": True}}],
    }
    assert document["cause"]["exceptions"][0]["message"] == "seen"
    assert document["fault"] is True


def test_a_status_of_our_subsegment_is_its_cause_where_nothing_else_is(otel: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("ours"):
        otel.get_current_span().set_status(otel.StatusCode.ERROR, "out of stock")

    (cause,) = only(daemon, "ours")["cause"]["exceptions"]
    assert cause["message"] == "out of stock"


def test_what_the_sdks_spans_show_beyond_the_api_ours_show_too(otel: Any, daemon: Daemon) -> None:
    """Instrumentations read it of spans that are recording, and would fail the user's call."""
    tracer = otel.get_tracer("app")

    with xray_recorder.in_subsegment("handler") as handler:
        view = otel.get_current_span()
        view.set_attribute("cart", "c-1")
        with tracer.start_as_current_span("ask", kind=otel.SpanKind.CLIENT, attributes={"a": 1}) as span:
            span.set_status(otel.StatusCode.ERROR, "no answer")

    assert (view.name, view.kind, view.status.status_code) == (
        "handler",
        otel.SpanKind.INTERNAL,
        otel.StatusCode.UNSET,
    )
    assert (view.attributes, view.parent.is_remote) == ({"cart": "c-1"}, True)
    assert (span.name, span.kind, span.attributes) == ("ask", otel.SpanKind.CLIENT, {"a": 1})
    assert (span.status.status_code, span.status.description) == (otel.StatusCode.ERROR, "no answer")
    assert (f"{span.parent.span_id:016x}", span.parent.is_remote) == (handler.id, False)
    assert view.start_time <= span.start_time <= span.end_time <= view.end_time
    assert span.context is span.get_span_context()
    daemon.clear()


def test_where_nothing_is_sampled_current_spans_are_kept_for_a_failure(
    otel: Any, daemon: Daemon, invoke: Invoke, capfd: pytest.CaptureFixture[str]
) -> None:
    """But for calls, which our patches keep."""
    invoke(sampled=0)
    log, spans = Log(capfd), otel.get_tracer(__name__)
    tracer = Tracer(service="shop", auto_patch=False, keep="errors")

    @spans.start_as_current_span("count")
    def count() -> Iterator[int]:
        yield 1

    @spans.start_as_current_span("charge")
    def charge() -> None:
        with spans.start_as_current_span("ask", kind=otel.SpanKind.CLIENT):
            raise LookupError("nobody answers")

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        for _ in count():
            with spans.start_as_current_span("consume"):
                pass
        with spans.start_as_current_span("pay") as span:
            assert not span.is_recording()
            charge()

    with pytest.raises(LookupError):
        handler({}, None)

    log.expect(
        "error",
        """
        ## handler  fault
          count
          consume
          pay  fault
            charge  fault  LookupError: nobody answers
        """,
    )


class NoTruth:
    def __bool__(self) -> bool:
        raise ValueError


@pytest.mark.parametrize("name", [None, b"bytes", NoTruth()])
def test_any_name_of_a_tracer_will_do(otel: Any, daemon: Daemon, name: Any) -> None:
    otel.ProxyTracer(name).start_span("span").end()

    assert only(daemon, "span")
