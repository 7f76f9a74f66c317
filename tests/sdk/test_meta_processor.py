"""Calls recorded for code that was written for the SDK's patches: a processor describes them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from tests.daemon import Daemon
from tests.logged import messages


class Described:
    """A meta processor as the X-Ray SDK's patches have them: keeps what it is told, and describes the call."""

    def __init__(self) -> None:
        self.call: dict[str, Any] = {}

    def __call__(self, **call: Any) -> None:
        self.call = call
        call["subsegment"].put_annotation("described", True)
        if call["exception"] is not None:
            call["subsegment"].add_exception(call["exception"], call["stack"])


def double(value: int) -> int:
    return value * 2


async def double_later(value: int) -> int:
    await asyncio.sleep(0)
    return value * 2


def fail(value: int) -> int:
    raise ValueError("no")


def test_a_call_recorded_for_a_patch_is_described_by_its_processor(daemon: Daemon) -> None:
    processor = Described()
    result = xray_recorder.record_subsegment(double, "instance", (21,), {}, "call", "remote", processor)

    assert result == 42
    daemon.expect_tree('call  [remote]  {"described": true}', annotations=True, namespace=True)
    subsegment = processor.call.pop("subsegment")
    assert subsegment.name == "call"
    assert processor.call == {
        "wrapped": double,
        "instance": "instance",
        "args": (21,),
        "kwargs": {},
        "return_value": 42,
        "exception": None,
        "stack": None,
    }


def test_a_processor_is_told_of_the_exception_and_its_stack(daemon: Daemon) -> None:
    processor = Described()
    with pytest.raises(ValueError, match="no") as caught:
        xray_recorder.record_subsegment(fail, None, (1,), {}, "call", "remote", processor)

    daemon.expect_tree('call  fault ValueError  {"described": true}', annotations=True)
    assert processor.call["exception"] is caught.value
    assert processor.call["return_value"] is None
    assert processor.call["stack"][-1].name == "fail"


def test_what_an_exception_means_is_for_the_processor_to_say(daemon: Daemon) -> None:
    with pytest.raises(ValueError, match="no"):
        xray_recorder.record_subsegment(fail, None, (1,), {}, "call", "remote", lambda **call: None)

    daemon.expect_tree("call")


def test_without_a_processor_a_call_is_recorded_all_the_same(daemon: Daemon) -> None:
    assert xray_recorder.record_subsegment(double, None, (), {"value": 4}, "call", "local", None) == 8
    with pytest.raises(ValueError, match="no"):
        xray_recorder.record_subsegment(fail, None, (1,), {}, "call", "local", None)

    daemon.expect_tree("""
        call
        call  fault ValueError
    """)


def test_a_processor_that_fails_does_not_reach_the_caller_and_is_reported_once(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    def processor(**call: Any) -> None:
        raise RuntimeError("secret")

    for _ in range(2):
        assert xray_recorder.record_subsegment(double, None, (21,), {}, "call", "remote", processor) == 42

    assert len(daemon.documents()) == 2
    assert messages(caplog) == [
        ("WARNING", "a meta_processor raised: what it would have described is not in the trace")
    ]


def test_a_coroutine_is_recorded_for_a_patch_in_the_same_way(daemon: Daemon) -> None:
    processor = Described()

    async def call() -> Any:
        return await xray_recorder.record_subsegment_async(
            double_later, None, (21,), {}, "call", "remote", processor
        )

    assert asyncio.run(call()) == 42
    daemon.expect_tree('call  {"described": true}', annotations=True)
    assert processor.call["return_value"] == 42


def test_a_cancelled_call_is_a_fault(daemon: Daemon) -> None:
    async def forever() -> None:
        await asyncio.sleep(3600)

    async def call() -> None:
        task = asyncio.create_task(
            xray_recorder.record_subsegment_async(forever, None, (), {}, "call", "remote", None)
        )
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(call())

    daemon.expect_tree("call  fault CancelledError")
