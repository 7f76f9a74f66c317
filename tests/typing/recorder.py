"""What type checkers make of the recorder: decorators keep types, blocks give subsegments, settings are named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from typing_extensions import assert_type

from lambda_tracer import (
    Recorder,
    Subsegment,
    TraceHeader,
    Tracer,
    global_sdk_config,
    patch_all,
    xray_recorder,
)

tracer = Tracer("types", True, False, None, None)


@xray_recorder.capture("named")
def captured(value: int) -> str:
    return str(value)


@xray_recorder.capture()
def captured_without_a_name(value: int) -> str:
    return str(value)


@xray_recorder.capture_async("named")
async def captured_async(value: int) -> str:
    return str(value)


@xray_recorder.in_subsegment("named", namespace="remote")
def in_a_subsegment(value: int) -> Iterator[str]:
    yield str(value)


@xray_recorder.in_subsegment_async(name="named")
async def in_a_subsegment_async(value: int) -> AsyncIterator[str]:
    yield str(value)


class Account:
    @xray_recorder.capture("method")
    def method(self, value: int) -> str:
        return str(value)

    @classmethod
    @xray_recorder.capture("class")
    def class_above(cls, value: int) -> str:
        return str(value)

    @xray_recorder.capture("class")
    @classmethod
    def class_below(cls, value: int) -> str:
        return str(value)

    @xray_recorder.capture("static")
    @staticmethod
    def static_below(value: int) -> str:
        return str(value)


def of_decorators() -> None:
    assert_type(captured(1), str)
    assert_type(captured_without_a_name(value=1), str)
    assert_type(in_a_subsegment(1), Iterator[str])
    assert_type(Account().method(1), str)
    assert_type(Account.class_above(1), str)
    assert_type(Account.class_below(1), str)
    assert_type(Account.static_below(1), str)


async def of_async_decorators() -> None:
    assert_type(await captured_async(1), str)
    assert_type([item async for item in in_a_subsegment_async(1)], list[str])
    async with xray_recorder.in_subsegment_async("block") as subsegment:
        subsegment.put_annotation("key", 1)


def of_blocks() -> None:
    with xray_recorder.in_subsegment("block") as subsegment:
        subsegment.put_annotation("key", "value")
        subsegment.put_metadata("key", object(), "namespace")
        subsegment.put_http_meta("status", 200)
        subsegment.add_exception(ValueError(), [])
        assert_type(subsegment.id, str)
        assert_type(subsegment.sampled, bool)
        assert_type(subsegment.trace_id, str)
    current = xray_recorder.current_subsegment()
    if current is not None:
        current.put_annotation("key", True)
    if isinstance(current, Subsegment):
        assert_type(current.start_time, float)
    begun = xray_recorder.begin_subsegment("begun", "remote")
    begun.put_annotation("key", 0.5)
    xray_recorder.end_subsegment()


def of_the_rest() -> None:
    assert_type(xray_recorder, Recorder)
    assert_type(xray_recorder.is_sampled(), bool)
    assert_type(global_sdk_config.sdk_enabled(), bool)
    assert_type(TraceHeader.from_header_str("Root=1").to_header_str(), str)
    assert_type(TraceHeader("1", "2", 1, {"a": "b"}).root, "str | None")
    patch_all()
    assert_type(tracer.service, str)
    assert_type(tracer.disabled, bool)
    xray_recorder.configure(
        service="svc", sampling=False, context_missing="LOG_ERROR", plugins=("ECSPlugin",)
    )


def mistakes_are_found() -> None:
    captured("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    xray_recorder.configure(nonsense=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    tracer.put_annotation("key", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Tracer(service=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    xray_recorder.begin_subsegment()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


CHECKED = (of_decorators, of_async_decorators, of_blocks, of_the_rest)
