"""The recorder's own methods: begin and end, blocks, captures, the current one, threads, settings."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.parity.lab import Lab, scenario


@scenario()
def begin_and_end(lab: Lab) -> None:
    outer = lab.recorder.begin_subsegment("outer")
    lab.note("current", lab.recorder.current_subsegment() is outer)
    inner = lab.recorder.begin_subsegment(name="inner", namespace="remote")
    lab.note("current inside", lab.recorder.current_subsegment() is inner)
    inner.put_annotation("inner", True)
    lab.note("end", lab.recorder.end_subsegment())
    lab.note("current again", lab.recorder.current_subsegment() is outer)
    lab.recorder.end_subsegment()
    lab.note("current at last", lab.recorder.current_subsegment())


@scenario()
def end_with_nothing_open(lab: Lab) -> None:
    lab.attempt("end", lab.recorder.end_subsegment)
    with lab.recorder.in_subsegment("afterwards"):
        pass


@scenario("what-is-open-is-sent")
def never_ended(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> str:
        lab.recorder.begin_subsegment("forgotten")
        return "answered"

    lab.attempt("call", handler, {}, None)
    lab.recorder.clear_trace_entities()


@scenario("what-is-open-is-sent")
def ended_once_too_often(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> str:
        lab.recorder.end_subsegment()
        return "answered"

    lab.attempt("call", handler, {}, None)
    lab.recorder.clear_trace_entities()


@scenario()
def with_block(lab: Lab) -> None:
    with lab.recorder.in_subsegment("first") as first:
        first.put_annotation("n", 1)
        with lab.recorder.in_subsegment("second", namespace="aws") as second:
            second.put_annotation("n", 2)
    with lab.recorder.in_subsegment(name="third"):
        pass


@scenario("names-are-optional")
def with_block_without_a_name(lab: Lab) -> None:
    def work() -> None:
        with lab.recorder.in_subsegment():
            pass

    try:
        work()
    except TypeError:
        lab.note("raised", "TypeError")


@scenario()
def async_with_block(lab: Lab) -> None:
    async def main() -> None:
        async with lab.recorder.in_subsegment_async("outer") as outer:
            outer.put_annotation("n", 1)
            await asyncio.sleep(0)
            async with lab.recorder.in_subsegment_async("inner", namespace="remote"):
                await asyncio.sleep(0)
            with lab.recorder.in_subsegment_async("in a plain with"):
                pass

    lab.run("call", main)


@scenario()
def decorators(lab: Lab) -> None:
    @lab.recorder.capture("named")
    def with_a_name(value: int) -> int:
        """A docstring."""
        lab.recorder.put_annotation("value", value)
        return value

    @lab.recorder.capture()
    def without_a_name() -> str:
        return "captured"

    @lab.recorder.in_subsegment("in subsegment")
    def in_a_subsegment() -> str:
        return "decorated"

    @lab.recorder.in_subsegment()
    def in_an_unnamed_subsegment() -> str:
        return "decorated"

    lab.attempt("named", with_a_name, 1)
    lab.attempt("unnamed", without_a_name)
    lab.attempt("in_subsegment", in_a_subsegment)
    lab.attempt("in_subsegment unnamed", in_an_unnamed_subsegment)
    lab.note("kept", [with_a_name.__name__, with_a_name.__doc__])


@scenario()
def decorators_stacked(lab: Lab) -> None:
    @lab.recorder.capture("outer")
    @lab.recorder.capture("inner")
    def work() -> str:
        return "done"

    lab.attempt("call", work)
    lab.attempt("again", work)


@scenario()
def decorators_on_methods(lab: Lab) -> None:
    class Account:
        @lab.recorder.capture("method")
        def method(self) -> int:
            return 1

        @classmethod
        @lab.recorder.capture("classmethod above")
        def class_above(cls) -> str:
            return cls.__name__

        @lab.recorder.capture("classmethod below")
        @classmethod
        def class_below(cls) -> str:
            return cls.__name__

        @staticmethod
        @lab.recorder.capture("staticmethod above")
        def static_above() -> str:
            return "static"

        @lab.recorder.capture("staticmethod below")
        @staticmethod
        def static_below() -> str:
            return "static"

    account = Account()
    for name in ("method", "class_above", "class_below", "static_above", "static_below"):
        lab.attempt(name, getattr(account, name))


@scenario("captures-cover-the-whole-call")
def decorators_on_a_coroutine_and_a_generator_function(lab: Lab) -> None:
    """`capture`, not `capture_async`."""

    @lab.recorder.capture("coroutine")
    async def coroutine() -> None:
        with lab.recorder.in_subsegment("in the coroutine"):
            await asyncio.sleep(0)

    @lab.recorder.capture("generator")
    def generator() -> Any:
        with lab.recorder.in_subsegment("in the generator"):
            pass
        yield 1

    lab.run("coroutine", coroutine)
    lab.attempt("generator", lambda: list(generator()))


@scenario("namespace-of-a-decorator")
def decorator_with_a_namespace(lab: Lab) -> None:
    @lab.recorder.in_subsegment("remote work", namespace="remote")
    def work() -> None: ...

    work()


@scenario()
def async_decorators(lab: Lab) -> None:
    @lab.recorder.capture_async("named")
    async def named(value: int) -> int:
        await asyncio.sleep(0)
        lab.recorder.put_annotation("value", value)
        return value

    @lab.recorder.capture_async()
    async def unnamed() -> int:
        return await named(2)

    @lab.recorder.in_subsegment_async("in subsegment")
    async def decorated() -> str:
        return "decorated"

    lab.run("named", lambda: named(1))
    lab.run("unnamed", unnamed)
    lab.run("in_subsegment_async", decorated)


@scenario()
def without_sampling(lab: Lab) -> None:
    with lab.recorder.in_subsegment("recorded"):
        quiet = lab.recorder.begin_subsegment_without_sampling("quiet")
        lab.note("sampled", quiet.sampled)
        lab.note("current", lab.recorder.current_subsegment() is quiet)
        with lab.recorder.in_subsegment("below quiet") as below:
            lab.note("below", [below.sampled, below.id])
            lab.recorder.put_annotation("lost", 1)
        lab.recorder.end_subsegment()
        with lab.recorder.in_subsegment("recorded again"):
            pass
    lab.note("sampled at last", lab.recorder.is_sampled())


@scenario()
def without_sampling_at_the_top(lab: Lab) -> None:
    lab.recorder.begin_subsegment_without_sampling("quiet")
    tracer = lab.tracer()
    tracer.capture_method(lambda: 1)()
    lab.recorder.end_subsegment()
    tracer.capture_method(lambda: 2)()


@scenario()
def record_subsegment(lab: Lab) -> None:
    def process(**call: Any) -> None:
        lab.note("processor got", sorted(call))
        lab.note("return value", call["return_value"])
        lab.note("exception", call["exception"])
        lab.note("arguments", [call["args"], call["kwargs"], call["instance"]])
        call["subsegment"].put_annotation("processed", True)

    def work(left: int, right: int) -> int:
        return left + right

    result = lab.recorder.record_subsegment(
        work, "instance", (1,), {"right": 2}, "recorded", "remote", process
    )
    lab.note("result", result)
    result = lab.recorder.record_subsegment(
        wrapped=work,
        instance=None,
        args=(1, 2),
        kwargs={},
        name="keywords",
        namespace="aws",
        meta_processor=None,
    )
    lab.note("result of keywords", result)


@scenario("stack-of-a-capture")
def record_subsegment_that_raises(lab: Lab) -> None:
    def work() -> None:
        raise ValueError("while recorded")

    lab.attempt("call", lab.recorder.record_subsegment, work, None, (), {}, "recorded", "local", None)


@scenario()
def record_subsegment_that_raises_with_a_processor(lab: Lab) -> None:
    def process(**call: Any) -> None:
        lab.note("exception", call["exception"])
        lab.note("has a stack", bool(call["stack"]))
        call["subsegment"].put_annotation("processed", True)

    def work() -> None:
        raise ValueError("while recorded")

    lab.attempt("call", lab.recorder.record_subsegment, work, None, (), {}, "recorded", "local", process)


@scenario("nothing-raises-into-the-application")
def record_subsegment_with_a_broken_processor(lab: Lab) -> None:
    def process(**call: Any) -> None:
        raise RuntimeError("the processor's own")

    lab.attempt("call", lab.recorder.record_subsegment, lambda: 1, None, (), {}, "recorded", "local", process)
    lab.recorder.clear_trace_entities()


@scenario()
def record_subsegment_async(lab: Lab) -> None:
    def process(**call: Any) -> None:
        call["subsegment"].put_annotation("returned", call["return_value"])

    async def work(value: int) -> int:
        await asyncio.sleep(0)
        return value

    lab.run(
        "call",
        lambda: lab.recorder.record_subsegment_async(work, None, (5,), {}, "recorded", "remote", process),
    )


@scenario()
def record_subsegment_unsampled(lab: Lab) -> None:
    lab.invoke(sampled="0")

    def process(**call: Any) -> None:
        call["subsegment"].put_annotation("processed", call["return_value"])
        lab.note("processed", True)

    lab.attempt("call", lab.recorder.record_subsegment, lambda: 1, None, (), {}, "recorded", "local", process)


@scenario()
def current_entities(lab: Lab) -> None:
    recorder = lab.recorder
    lab.note("nothing open", recorder.current_subsegment())
    segment = recorder.current_segment()
    lab.note("segment", [segment.id, segment.trace_id, segment.name, segment.sampled])
    lab.note("entity is the segment", recorder.get_trace_entity().id == segment.id)
    with recorder.in_subsegment("open") as subsegment:
        lab.note("current", recorder.current_subsegment() is subsegment)
        lab.note("entity", recorder.get_trace_entity() is subsegment)
        lab.note("segment inside", recorder.current_segment().id == segment.id)


@scenario("nothing-raises-into-the-application")
def segment_is_not_to_be_written(lab: Lab) -> None:
    segment = lab.recorder.current_segment()
    for label, change in {
        "annotation": lambda: segment.put_annotation("key", 1),
        "metadata": lambda: segment.put_metadata("key", 1),
        "http": lambda: segment.put_http_meta("status", 200),
        "aws": lambda: segment.set_aws({}),
        "user": lambda: segment.set_user("user"),
        "exception": lambda: segment.add_exception(ValueError(), []),
        "status": lambda: segment.apply_status_code(500),
        "fault": segment.add_fault_flag,
        "close": segment.close,
        "serialize": segment.serialize,
        "rule": lambda: segment.set_rule_name("rule"),
        "service": lambda: segment.set_service({}),
        "ready": segment.ready_to_send,
    }.items():
        lab.attempt(label, change)


@scenario()
def trace_entity_in_another_thread(lab: Lab) -> None:
    """The documented pattern: the worker is given the entity of the thread that started it."""
    recorder = lab.recorder
    with recorder.in_subsegment("parent"):
        entity = recorder.get_trace_entity()

        def work() -> None:
            recorder.set_trace_entity(entity)
            with recorder.in_subsegment("in the thread"), recorder.in_subsegment("deeper"):
                recorder.put_annotation("thread", True)
            recorder.clear_trace_entities()

        lab.in_thread(work)
        with recorder.in_subsegment("after the thread"):
            pass


@scenario()
def thread_without_a_trace_entity(lab: Lab) -> None:
    recorder = lab.recorder
    with recorder.in_subsegment("parent"):

        def work() -> None:
            lab.note("current in the thread", recorder.current_subsegment())
            with recorder.in_subsegment("on its own"):
                pass

        lab.in_thread(work)


@scenario()
def trace_entity_set_by_hand(lab: Lab) -> None:
    recorder = lab.recorder
    outer = recorder.begin_subsegment("outer")
    recorder.begin_subsegment("inner")
    recorder.end_subsegment()
    recorder.set_trace_entity(outer)
    with recorder.in_subsegment("below outer"):
        pass
    recorder.set_trace_entity(outer)
    recorder.end_subsegment()


@scenario()
def trace_entity_is_the_segment(lab: Lab) -> None:
    recorder = lab.recorder
    recorder.set_trace_entity(recorder.get_trace_entity())
    with recorder.in_subsegment("below the segment"):
        pass


@scenario("what-is-open-is-sent")
def cleared_while_open(lab: Lab) -> None:
    recorder = lab.recorder
    subsegment = recorder.begin_subsegment("cleared")
    recorder.clear_trace_entities()
    lab.note("current", recorder.current_subsegment())
    with recorder.in_subsegment("next"):
        pass
    subsegment.close()


@scenario("segments-belong-to-lambda")
def segments_of_ones_own(lab: Lab) -> None:
    recorder = lab.recorder
    lab.attempt("begin", recorder.begin_segment, "own")
    with recorder.in_subsegment("below"):
        pass
    lab.attempt("end", recorder.end_segment)
    with recorder.in_segment("own") as segment:
        lab.note("segment", segment is not None)
        with recorder.in_subsegment("inside"):
            pass

    async def main() -> None:
        async with recorder.in_segment_async("own"), recorder.in_subsegment_async("inside async"):
            pass

    lab.run("async", main)


@scenario("settings-without-effect")
def settings(lab: Lab) -> None:
    recorder = lab.recorder
    for name in (
        "sampling",
        "sampler",
        "service",
        "dynamic_naming",
        "context",
        "emitter",
        "streaming",
        "streaming_threshold",
        "max_trace_back",
        "stream_sql",
    ):
        lab.note(name, getattr(recorder, name))


@scenario()
def settings_changed(lab: Lab) -> None:
    recorder = lab.recorder
    recorder.configure(
        service="svc",
        sampling=False,
        context_missing="LOG_ERROR",
        plugins=(),
        max_trace_back=5,
        stream_sql=False,
    )
    lab.note("changed", [recorder.service, recorder.sampling, recorder.max_trace_back, recorder.stream_sql])
    recorder.max_trace_back = 7
    lab.note("set", recorder.max_trace_back)
    for refused in (-1, 1.5, "3", True):
        recorder.configure(max_trace_back=refused, stream_sql=False)
        lab.note(f"refused {refused!r}", recorder.max_trace_back)
    lab.environ(AWS_XRAY_TRACING_NAME="from environment")
    recorder.configure(service="argument")
    lab.note("environment wins", recorder.service)
    with recorder.in_subsegment("still sampled"):
        pass
    recorder.configure(sampling=True)


@scenario("stream-sql-stays-off")
def settings_that_were_not_named(lab: Lab) -> None:
    lab.recorder.configure(stream_sql=False)
    lab.recorder.configure(max_trace_back=10)
    lab.note("stream_sql", lab.recorder.stream_sql)


@scenario("stream-sql-stays-off")
def settings_and_a_new_tracer(lab: Lab) -> None:
    lab.recorder.configure(stream_sql=False)
    lab.tracer()
    lab.note("stream_sql", lab.recorder.stream_sql)


@scenario()
def settings_unknown(lab: Lab) -> None:
    try:
        lab.recorder.configure(nonsense=1)
    except TypeError:
        lab.note("raised", "TypeError")


class Collector:
    """An emitter of the user's own."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def send_entity(self, entity: Any) -> None:
        import json

        self.names.append(json.loads(entity.serialize())["name"])


@scenario()
def emitter_of_ones_own(lab: Lab) -> None:
    collector = Collector()
    lab.recorder.configure(emitter=collector)
    with lab.recorder.in_subsegment("collected"):
        pass
    lab.note("collected", collector.names)


@scenario("nothing-is-lost-to-a-threshold")
def streaming_threshold(lab: Lab) -> None:
    lab.recorder.configure(streaming_threshold=3)
    for number in range(3):
        with lab.recorder.in_subsegment(f"subsegment {number}"):
            pass
    lab.invoke()
    with lab.recorder.in_subsegment("next"):
        pass


@scenario()
def streaming_on_demand(lab: Lab) -> None:
    with lab.recorder.in_subsegment("outer"):
        with lab.recorder.in_subsegment("inner"):
            pass
        lab.note("streamed", lab.recorder.stream_subsegments())


@scenario()
def disabled_recorder(lab: Lab) -> None:
    recorder = lab.recorder
    lab.sdk_config.set_sdk_enabled(False)
    subsegment = recorder.begin_subsegment("disabled")
    lab.note("sampled", subsegment.sampled)
    lab.note("id", subsegment.id)
    lab.note("name", subsegment.name)
    lab.note("end", recorder.end_subsegment())
    lab.note("is sampled", recorder.is_sampled())
    lab.note("annotation", recorder.put_annotation("key", 1))
    lab.note("metadata", recorder.put_metadata("key", 1))
    lab.note("has a current one", recorder.current_subsegment() is not None)
    with recorder.in_subsegment("disabled too") as subsegment:
        subsegment.put_annotation("key", 1)
    lab.attempt("captured", recorder.capture("captured")(lambda: "ran"))


@scenario()
def children_added_by_hand(lab: Lab) -> None:
    recorder = lab.recorder
    with recorder.in_subsegment("first") as first:
        pass
    with recorder.in_subsegment("outer") as outer, recorder.in_subsegment("inner") as inner:
        lab.note("parent", inner.parent_id == outer.id)
    lab.note("siblings", first.parent_id == outer.parent_id)


@scenario()
def provider_as_escape_hatch(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> str:
        with tracer.provider.in_subsegment("## by hand") as subsegment:
            subsegment.put_annotation(key="key", value="value")
            subsegment.put_metadata(key="key", value={"a": 1}, namespace="own")
        tracer.provider.put_annotation("on_the_handler", 1)
        tracer.provider.put_metadata("on the handler", [1])
        return "done"

    lab.attempt("call", handler, {}, None)


@scenario("child-outlives-its-parent")
def ended_out_of_order(lab: Lab) -> None:
    recorder = lab.recorder
    outer = recorder.begin_subsegment("outer")
    inner = recorder.begin_subsegment("inner")
    outer.close()
    inner.close()
    recorder.clear_trace_entities()
    recorder.stream_subsegments()
