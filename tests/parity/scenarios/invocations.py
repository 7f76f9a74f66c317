"""What the trace header says: sampled or not, undecided, missing, broken; and one invocation after another."""

from __future__ import annotations

from typing import Any

from tests.parity.lab import Lab, scenario

ROOT = "1-67891233-" + "a" * 24
PARENT = "f" * 16


def _states(label: str, header: str | None, *differs: str) -> None:
    @scenario(*differs, name=f"header {label}")
    def run(lab: Lab) -> None:
        lab.header(header)
        recorder = lab.recorder
        tracer = lab.tracer()
        lab.note("sampled", recorder.is_sampled())
        segment = recorder.current_segment()
        lab.note("current outside", recorder.current_subsegment() is not None)
        lab.note("segment", [segment.id, segment.trace_id, segment.sampled])
        with recorder.in_subsegment("with block") as subsegment:
            lab.note("subsegment", [subsegment.id, bool(subsegment.sampled)])
            subsegment.put_annotation("key", "value")
            lab.attempt("annotation", recorder.put_annotation, "key", "value")
            lab.attempt("metadata", recorder.put_metadata, "key", "value")
            lab.note("current inside", recorder.current_subsegment() is not None)
        begun = recorder.begin_subsegment("begun")
        lab.note("begun", begun is not None)
        lab.attempt("end", recorder.end_subsegment)

        @tracer.capture_lambda_handler
        def handler(event: Any, context: Any) -> str:
            tracer.put_annotation("key", "value")
            return "answered"

        lab.attempt("handler", handler, {}, None)


_states("sampled", f"Root={ROOT};Parent={PARENT};Sampled=1")
_states("sampled with lineage", f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:2|3:4;mine=x")
_states("unsampled", f"Root={ROOT};Parent={PARENT};Sampled=0", "where-nothing-is-recorded")
_states("missing", None, "where-nothing-is-recorded")
_states("empty", "", "where-nothing-is-recorded")
_states("pass-through", f"Root={ROOT};Lineage=1:2:3", "where-nothing-is-recorded")
_states("undecided", f"Root={ROOT};Parent={PARENT};Sampled=?", "where-nothing-is-recorded")
_states("without Sampled", f"Root={ROOT};Parent={PARENT}", "where-nothing-is-recorded")
_states("without Parent", f"Root={ROOT};Sampled=1", "where-nothing-is-recorded")
_states("without Root", f"Parent={PARENT};Sampled=1", "where-nothing-is-recorded")
_states("garbage", "garbage", "where-nothing-is-recorded")
_states("of another decision", f"Root={ROOT};Parent={PARENT};Sampled=true", "where-nothing-is-recorded")


@scenario()
def one_after_another(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def work(number: int) -> int:
        return number

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> int:
        return int(work(event))

    for number, sampled in enumerate(("1", "0", "1", "1")):
        lab.invoke(sampled=sampled)
        lab.attempt(f"invocation {number}", handler, number, None)


@scenario("invocations-are-kept-apart")
def same_root_with_another_parent(lab: Lab) -> None:
    lab.invoke(ROOT, parent="a" * 16)
    with lab.recorder.in_subsegment("first"):
        pass
    lab.invoke(ROOT, parent="b" * 16)
    with lab.recorder.in_subsegment("second"):
        pass
    lab.invoke(ROOT, parent="c" * 16, sampled="0")
    with lab.recorder.in_subsegment("not sampled"):
        pass


@scenario("invocations-are-kept-apart")
def same_root_with_one_left_open(lab: Lab) -> None:
    lab.invoke(ROOT, parent="a" * 16)
    lab.recorder.begin_subsegment("left open")
    lab.invoke(ROOT, parent="b" * 16)
    with lab.recorder.in_subsegment("next"):
        pass
    lab.recorder.clear_trace_entities()


@scenario("what-is-open-is-sent")
def another_root_with_one_left_open(lab: Lab) -> None:
    left = lab.recorder.begin_subsegment("left open")
    lab.invoke()
    with lab.recorder.in_subsegment("next") as subsegment:
        lab.note("trace", subsegment.trace_id)
    lab.attempt("end", lab.recorder.end_subsegment)
    lab.note("still open", left.in_progress)
    lab.recorder.clear_trace_entities()


@scenario("invocations-are-kept-apart")
def header_gone(lab: Lab) -> None:
    with lab.recorder.in_subsegment("with a header"):
        pass
    lab.header(None)
    with lab.recorder.in_subsegment("without a header"):
        pass
