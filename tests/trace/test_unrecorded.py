"""The subsegment that does nothing has the surface of one that is recorded, and the trace's id."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from lambda_tracer import Subsegment, xray_recorder
from lambda_tracer.sdk.segment import LambdaSegment
from lambda_tracer.trace.unrecorded import UNRECORDED, UnrecordedSubsegment
from tests.conftest import Invoke
from tests.daemon import Daemon


def public(kind: type) -> set[str]:
    declared = {name for base in kind.__mro__ for name in getattr(base, "__annotations__", ())}
    return {name for name in {*dir(kind), *declared} if not name.startswith("_")}


NOT_FOR_USERS = {
    *(
        "accepts_children",
        "captured",
        "given_annotations",
        "given_aws",
        "given_http",
        "given_metadata",
        "is_announced",
        "put_captured",
        "recorder",
        "thread_id",
        "waiting",
        "waiting_bytes",
    )
}
"""Attributes by which the recorder's own modules speak of a subsegment that is recorded."""


def test_the_subsegment_that_does_nothing_has_the_same_surface() -> None:
    assert public(Subsegment) - NOT_FOR_USERS == public(UnrecordedSubsegment)


@pytest.mark.parametrize(
    "method",
    sorted(name for name in public(Subsegment) - NOT_FOR_USERS if callable(getattr(Subsegment, name, None))),
)
def test_its_methods_take_the_same_arguments(method: str) -> None:
    def arguments(kind: type) -> list[tuple[str, object, object]]:
        parameters = inspect.signature(getattr(kind, method)).parameters.values()
        return [(parameter.name, parameter.kind, parameter.default) for parameter in parameters]

    assert arguments(UnrecordedSubsegment) == arguments(Subsegment)
    assert arguments(LambdaSegment) == arguments(Subsegment)


def test_nothing_that_is_done_to_it_has_an_effect(daemon: Daemon, invoke: Invoke) -> None:
    invoke(sampled=0)
    subsegment: Any = xray_recorder.begin_subsegment("work")
    subsegment.put_annotation("a", 1)
    subsegment.put_metadata("m", 1)
    subsegment.put_http_meta("status", 500)
    subsegment.apply_status_code(500)
    subsegment.add_fault_flag()
    subsegment.add_error_flag()
    subsegment.add_throttle_flag()
    subsegment.add_exception(ValueError("no"), [], True)
    subsegment.set_aws({"operation": "x"})
    subsegment.set_sql({"url": "x"})
    subsegment.http = subsegment.aws = subsegment.annotations = subsegment.metadata = {"a": 1}
    assert (subsegment.http, subsegment.aws, subsegment.annotations, subsegment.metadata) == ({}, {}, {}, {})
    subsegment.add_subsegment(subsegment)
    subsegment.remove_subsegment(subsegment)
    subsegment.save_origin_trace_header("x")
    subsegment.annotations["a"] = 1
    subsegment.metadata["n"] = {}
    subsegment.http["request"] = {}
    subsegment.aws["operation"] = "x"
    subsegment.close()

    assert [subsegment.fault, subsegment.error, subsegment.throttle] == [False, False, False]
    assert subsegment.annotations == subsegment.metadata == subsegment.http == subsegment.aws == {}
    assert subsegment.cause is None
    assert subsegment.sql is None
    assert subsegment.end_time is None
    assert subsegment.to_dict() == {}
    assert subsegment.serialize() is None
    assert subsegment.get_origin_trace_header() is None
    assert subsegment is UNRECORDED
    assert daemon.documents() == []


def test_it_has_ids_of_zeros_and_the_trace_of_its_invocation(daemon: Daemon, invoke: Invoke) -> None:
    """Code logs the trace id and puts it into headers: the trace goes on although nothing is recorded here."""
    invocation = invoke(sampled=0)
    subsegment = xray_recorder.begin_subsegment("work")

    assert (subsegment.id, subsegment.parent_id) == ("0" * 16, "0" * 16)
    assert subsegment.trace_id == invocation.root
    assert xray_recorder.get_trace_entity().trace_id == invocation.root
    assert subsegment.sampled is False


def test_what_is_opened_without_sampling_has_the_trace_of_its_invocation(
    daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke()
    subsegment = xray_recorder.begin_subsegment_without_sampling("noise")

    assert subsegment.trace_id == invocation.root
