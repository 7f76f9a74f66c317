"""What is current to OpenTelemetry is what is current to the recorder, and the other way round."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambda_tracer import Tracer, patch, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon

pytestmark = pytest.mark.otel


@pytest.fixture
def context(otel: Any) -> Any:
    """`opentelemetry.context`."""
    import opentelemetry.context

    return opentelemetry.context


@pytest.fixture
def tracer(otel: Any) -> Any:
    return otel.get_tracer(__name__)


def id_of(span: Any) -> str:
    return f"{span.get_span_context().span_id:016x}"


def test_a_context_that_is_attached_makes_its_spans_subsegment_current(
    otel: Any, context: Any, tracer: Any, daemon: Daemon
) -> None:
    span = tracer.start_span("span")

    with xray_recorder.in_subsegment("handler") as handler:
        token = context.attach(otel.set_span_in_context(span))
        assert xray_recorder.current_subsegment() is span.subsegment
        with xray_recorder.in_subsegment("below span"):
            pass
        context.detach(token)
        assert xray_recorder.current_subsegment() is handler

    span.end()
    daemon.expect_tree("""
        span
          below span
        handler
    """)


def test_the_current_span_is_that_of_handlers_and_methods(otel: Any, daemon: Daemon) -> None:
    tracer = Tracer(service="shop")
    seen = []

    @tracer.capture_method
    def charge() -> None:
        seen.append(id_of(otel.get_current_span()))

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        seen.append(id_of(otel.get_current_span()))
        charge()

    handler({}, None)

    documents = sorted(daemon.subsegments(), key=lambda each: each["start_time"])
    assert seen == [each["id"] for each in documents]


def test_outside_of_subsegments_the_current_span_is_lambdas_segment(otel: Any, invoke: Invoke) -> None:
    invocation = invoke()

    span = otel.get_current_span()

    assert (id_of(span), span.is_recording()) == (invocation.parent, False)
    assert span.get_span_context().trace_flags.sampled


def test_baggage_and_other_keys_stay(otel: Any, context: Any, tracer: Any, daemon: Daemon) -> None:
    from opentelemetry import baggage

    token = context.attach(baggage.set_baggage("plan", "gold"))
    with xray_recorder.in_subsegment("handler"):
        inner = context.attach(context.set_value("key", 1))
        with tracer.start_as_current_span("span"), xray_recorder.in_subsegment("ours"):
            assert (baggage.get_baggage("plan"), context.get_value("key")) == ("gold", 1)
        context.detach(inner)
        assert (baggage.get_baggage("plan"), context.get_value("key")) == ("gold", None)
    context.detach(token)

    assert baggage.get_all() == {}
    daemon.expect_tree("""
        handler
          span
            ours
    """)


def test_what_is_attached_between_leaves_what_is_opened_alone(
    otel: Any, context: Any, tracer: Any, daemon: Daemon
) -> None:
    """Baggage that is attached before a subsegment opens and detached while it is open."""
    token = context.attach(context.set_value("key", 1))
    subsegment = xray_recorder.begin_subsegment("open")
    context.detach(token)

    assert xray_recorder.current_subsegment() is subsegment
    xray_recorder.end_subsegment()
    daemon.expect_tree("open")


def test_a_context_is_given_as_the_parent(otel: Any, tracer: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        parent = tracer.start_span("parent")
        tracer.start_span("child", context=otel.set_span_in_context(parent)).end()
        with tracer.start_as_current_span("block", otel.set_span_in_context(parent)):
            tracer.start_span("grandchild").end()
        parent.end()
        tracer.start_span("late child", context=otel.set_span_in_context(parent)).end()

    daemon.expect_tree("""
        handler
          parent
            child
            block
              grandchild
          late child
    """)


@pytest.mark.parametrize("attached", [False, True])
def test_a_context_without_a_span_says_nothing_of_the_parent(
    otel: Any, context: Any, tracer: Any, daemon: Daemon, attached: bool
) -> None:
    """What a propagator reads from a message without headers, as a rule. The trace stays one tree."""
    with xray_recorder.in_subsegment("handler"):
        if attached:
            token = context.attach(context.Context())
            tracer.start_span("span").end()
            context.detach(token)
        else:
            tracer.start_span("span", context=context.Context()).end()

    daemon.expect_tree("""
        handler
          span
    """)


@pytest.mark.parametrize("attached", [False, True])
def test_a_parent_in_another_trace_is_a_link_and_an_annotation(
    otel: Any, context: Any, tracer: Any, daemon: Daemon, attached: bool
) -> None:
    remote = otel.NonRecordingSpan(otel.SpanContext(0xABC, 0xDEF, is_remote=True))
    there = otel.set_span_in_context(remote)

    with xray_recorder.in_subsegment("handler"):
        token = context.attach(there) if attached else None
        assert not attached or otel.get_current_span() is remote
        span = tracer.start_span("span", context=None if attached else there)
        if token is not None:
            context.detach(token)
        span.end()

    assert span.links == [(0xABC, 0xDEF, {})]
    daemon.expect_tree(
        f"""
        handler
          span  {{"CallerTraceId": "1-00000000-{0xABC:024x}"}}
    """,
        annotations=True,
    )


def test_a_remote_parent_in_our_trace_is_found_where_it_is_open(
    otel: Any, tracer: Any, daemon: Daemon
) -> None:
    with xray_recorder.in_subsegment("handler") as handler:
        ours = otel.get_current_span().get_span_context()
        for name, span_id in (("known", int(handler.id, 16)), ("unknown", 5)):
            with xray_recorder.in_subsegment("current"):
                remote = otel.NonRecordingSpan(otel.SpanContext(ours.trace_id, span_id, is_remote=True))
                span = tracer.start_span(name, context=otel.set_span_in_context(remote))
                span.end()
                assert span.links == []

    daemon.expect_tree("""
        handler
          current
          known
          current
            unknown
    """)


def test_tasks_have_a_current_span_of_their_own(otel: Any, tracer: Any, daemon: Daemon) -> None:
    async def work(name: str) -> None:
        with tracer.start_as_current_span(name) as span:
            await asyncio.sleep(0)
            assert otel.get_current_span() is span
            with xray_recorder.in_subsegment(f"{name} ours"):
                await asyncio.sleep(0)
            await asyncio.to_thread(tracer.start_span(f"{name} thread").end)

    async def main() -> None:
        with tracer.start_as_current_span("main"):
            await asyncio.gather(work("a"), work("b"))

    asyncio.run(main())

    daemon.expect_tree("""
        main
          a
            a ours
            a thread
          b
            b ours
            b thread
    """)


def test_a_decorated_coroutine_is_a_span_until_it_ends(otel: Any, tracer: Any, daemon: Daemon) -> None:
    @tracer.start_as_current_span("work")
    async def work() -> int:
        await asyncio.sleep(0)
        tracer.start_span("inner").end()
        return 1

    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(work()) == 1
    daemon.expect_tree("""
        work
          inner
    """)


def test_threads_are_carried(otel: Any, tracer: Any, daemon: Daemon) -> None:
    patch(["threads"])

    def work(name: str) -> str:
        tracer.start_span(name).end()
        return id_of(otel.get_current_span())

    with tracer.start_as_current_span("main") as span:
        thread = threading.Thread(target=work, args=("thread",))
        thread.start()
        thread.join()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(work, "pool").result() == id_of(span)

    daemon.expect_tree("""
        main
          thread
          pool
    """)


def test_a_copied_context_brings_the_span_along(otel: Any, tracer: Any, daemon: Daemon) -> None:
    with tracer.start_as_current_span("main"):
        copied = contextvars.copy_context()

    copied.run(lambda: tracer.start_span("late").end())
    copied.run(lambda: xray_recorder.begin_subsegment("late too").close())

    assert len(daemon.subsegments()) == 3


def test_generators_that_interleave_leave_nothing_behind(otel: Any, tracer: Any, daemon: Daemon) -> None:
    """As contexts go, the consumer is below the span of a generator; afterwards it is not."""

    def generate(name: str) -> Iterator[None]:
        with tracer.start_as_current_span(name):
            yield

    def consume() -> None:
        with xray_recorder.in_subsegment("handler") as handler:
            first, second = generate("first"), generate("second")
            next(first)
            next(second)
            assert list(first) == list(second) == []
            assert xray_recorder.current_subsegment() is handler
            assert id_of(otel.get_current_span()) == handler.id

    contextvars.copy_context().run(consume)  # OpenTelemetry's own context stays that of the first generator

    assert len(daemon.subsegments()) == 3


def test_a_token_of_another_context_is_refused_as_ever(
    otel: Any, context: Any, tracer: Any, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with tracer.start_as_current_span("span") as span:
        token = contextvars.copy_context().run(context.attach, otel.set_span_in_context(otel.INVALID_SPAN))
        context.detach(token)
        assert otel.get_current_span() is span

    assert [record.message for record in caplog.records] == ["Failed to detach context"]
    daemon.expect_tree("span")


def test_a_span_of_an_earlier_invocation_is_no_parent(
    otel: Any, tracer: Any, daemon: Daemon, invoke: Invoke
) -> None:
    before = tracer.start_span("before")

    invoke()
    tracer.start_span("after", context=otel.set_span_in_context(before)).end()

    before.end()
    documents = {each["name"]: each for each in daemon.subsegments()}
    assert documents["after"]["trace_id"] != documents["before"]["trace_id"]
    assert documents["after"]["parent_id"] != documents["before"]["id"]
    assert "CallerTraceId" in documents["after"]["annotations"]


def test_spans_are_gone_when_they_have_ended(otel: Any, tracer: Any, daemon: Daemon) -> None:
    """Nothing keeps them but who has them: no cycle is left for the garbage collector."""
    import gc
    import weakref

    gc.collect()
    gc.disable()
    try:
        with xray_recorder.in_subsegment("ours") as ours:
            view = weakref.ref(otel.get_current_span())
            with tracer.start_as_current_span("span") as span:
                pass
            kept = weakref.ref(span), weakref.ref(ours)
            del span
        del ours
        with xray_recorder.in_subsegment("another"):
            otel.get_current_span()
        assert [each() for each in (view, *kept)] == [None, None, None]
    finally:
        gc.enable()
    daemon.expect_tree("""
        ours
          span
        another
    """)
