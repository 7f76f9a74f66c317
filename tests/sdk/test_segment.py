"""The segment is Lambda's: it can be read, and what the X-Ray SDK would do with it is accepted and ignored."""

from __future__ import annotations

import asyncio
import time

import pytest

from lambda_tracer import xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.logged import messages


def test_the_segment_says_what_the_header_says(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()
    segment = xray_recorder.current_segment()

    assert (segment.id, segment.trace_id, segment.sampled) == (invocation.parent, invocation.root, True)
    assert segment.type == "segment"
    assert segment.in_progress


def test_segments_are_lambdas_and_asking_for_one_is_said_once(
    daemon: Daemon, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    invocation = invoke()
    with xray_recorder.in_segment("mine") as segment, xray_recorder.in_subsegment("work"):
        pass
    begun = xray_recorder.begin_segment("mine", traceid="1-2-3", parent_id="4", sampling=0)
    xray_recorder.end_segment()
    xray_recorder.end_segment(end_time=time.time())

    assert segment.id == begun.id == invocation.parent
    daemon.expect_tree("work")
    assert messages(caplog) == [
        ("WARNING", "begin_segment: ignored, in Lambda the segment belongs to Lambda"),
        ("WARNING", "end_segment: ignored, in Lambda the segment belongs to Lambda"),
    ]


def test_a_segment_block_may_be_asynchronous_and_lets_exceptions_pass(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()

    async def work() -> None:
        async with xray_recorder.in_segment_async("mine") as segment:
            assert segment.id == invocation.parent
            async with xray_recorder.in_subsegment("work"):
                raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(work())

    daemon.expect_tree("work  fault ValueError")


def test_the_segment_cannot_be_written_and_says_so_once(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    segment = xray_recorder.current_segment()
    segment.put_annotation("a", 1)
    segment.put_metadata("m", 1)
    segment.put_http_meta("status", 500)
    segment.set_aws({})
    segment.set_user("me")
    segment.close()

    assert daemon.documents() == []
    assert messages(caplog) == [
        (
            "WARNING",
            "put_annotation: ignored, no subsegment is open and the segment itself belongs to Lambda",
        )
    ]


def test_what_the_sdk_lets_one_do_with_the_segment_is_silent(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    segment = xray_recorder.current_segment()
    segment.set_service({"version": "1"})
    segment.set_rule_name("rule")
    segment.save_origin_trace_header("x")

    assert segment.ready_to_send() is False
    assert segment.to_dict() == {}
    assert messages(caplog) == []


def test_the_segment_of_an_unsampled_invocation_says_so(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke(sampled=0)
    segment = xray_recorder.current_segment()

    assert (segment.id, segment.trace_id, segment.sampled) == (invocation.parent, invocation.root, False)


def test_without_a_trace_what_is_current_is_false(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    monkeypatch.delenv("LAMBDA_TASK_ROOT")
    segment = xray_recorder.current_segment()

    assert not segment
    assert not xray_recorder.current_subsegment()
    entity: object = xray_recorder.get_trace_entity()
    assert not entity
    assert (segment.id, segment.trace_id, segment.sampled) == ("0" * 16, "", False)
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation("a", 1)
    assert subsegment.trace_id == ""
