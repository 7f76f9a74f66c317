"""Powertools' Tracer on our recorder, and our Tracer on a recorder that is not ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import Recorder, Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.documents import flatten

pytest.importorskip("aws_lambda_powertools")

import aws_lambda_powertools
from aws_lambda_powertools.tracing.base import BaseProvider, BaseSegment


def powertools_tracer(provider: Any) -> Any:
    """Powertools' Tracer on that provider; what earlier ones were told is forgotten. It wants Any for a type:
    recorders satisfy its `BaseProvider` by their methods, the X-Ray SDK's as well as ours.
    """
    make: Any = aws_lambda_powertools.Tracer
    make._reset_config()
    return make(service="payment", provider=provider, auto_patch=False) if provider is not None else None


@pytest.fixture
def theirs() -> Iterator[Any]:
    """Powertools' Tracer on our recorder."""
    yield powertools_tracer(xray_recorder)
    powertools_tracer(None)


# --- Their Tracer, our recorder -----------------------------------------------------------------------------


def test_their_tracer_records_a_handler_and_its_methods(daemon: Daemon, theirs: Any) -> None:
    @theirs.capture_method
    def charge(amount: int) -> dict[str, int]:
        theirs.put_annotation("amount", amount)
        theirs.put_metadata("attempt", 1)
        return {"charged": amount}

    @theirs.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        return charge(event["amount"])

    result = handler({"amount": 5}, None)

    assert result == {"charged": 5}
    by_name = {part["name"].rpartition(".")[2]: part for part in daemon.subsegments()}
    assert set(by_name) == {"## handler", "charge"}
    assert by_name["charge"]["parent_id"] == by_name["## handler"]["id"]
    assert by_name["charge"]["annotations"] == {"amount": 5}
    assert by_name["charge"]["metadata"]["payment"]["attempt"] == 1
    assert by_name["## handler"]["annotations"]["Service"] == "payment"
    assert by_name["## handler"]["metadata"] == {"payment": {"handler response": {"charged": 5}}}


def test_their_tracer_records_an_exception(daemon: Daemon, theirs: Any) -> None:
    error = ValueError("declined")

    @theirs.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        raise error

    with pytest.raises(ValueError) as raised:
        handler({}, None)

    assert raised.value is error
    daemon.expect_tree("## handler  fault ValueError")


def test_their_tracer_records_concurrent_coroutines(daemon: Daemon, theirs: Any) -> None:
    @theirs.capture_method
    async def step(number: int) -> int:
        await asyncio.sleep(0.001 * (3 - number))
        theirs.put_annotation("number", number)
        return number

    @theirs.capture_method
    async def all_steps() -> list[int]:
        return list(await asyncio.gather(step(1), step(2), step(3)))

    result = asyncio.run(all_steps())

    assert result == [1, 2, 3]
    outer, *steps = daemon.subsegments()
    assert [part["parent_id"] for part in steps] == [outer["id"]] * 3
    assert sorted(part["annotations"]["number"] for part in steps) == [1, 2, 3]
    assert all(
        list(part["metadata"]["payment"].values()) == [part["annotations"]["number"]] for part in steps
    )


def test_their_tracer_records_a_generator(daemon: Daemon, theirs: Any) -> None:
    @theirs.capture_method
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    result = list(numbers())

    assert result == [1, 2]
    [generator] = daemon.subsegments()
    assert generator["name"].endswith("numbers")


@pytest.mark.parametrize("order", ["above", "below"])
def test_their_tracer_records_a_context_manager(order: str, daemon: Daemon, theirs: Any) -> None:
    def opened() -> Iterator[str]:
        yield "open"

    if order == "above":
        manager = theirs.capture_method(contextlib.contextmanager(opened))
    else:
        manager = contextlib.contextmanager(theirs.capture_method(opened))

    with manager() as value, theirs.provider.in_subsegment("inside"):
        pass

    assert value == "open"
    outer, inside = daemon.subsegments()
    assert inside["parent_id"] == outer["id"]


def test_their_tracer_accepts_a_recorder_of_its_own(daemon: Daemon) -> None:
    recorder = Recorder()
    tracer = powertools_tracer(recorder)

    @tracer.capture_method
    def work() -> str:
        return "worked"

    work()

    [subsegment] = daemon.subsegments()
    assert list(subsegment["metadata"]["payment"].values()) == ["worked"]
    powertools_tracer(None)
    recorder.emitter.reset()


def test_their_tracer_on_our_recorder_records_nothing_when_unsampled(
    daemon: Daemon, invoke: Invoke, theirs: Any
) -> None:
    invoke(sampled=0)

    @theirs.capture_lambda_handler
    def handler(event: Any, context: Any) -> str:
        theirs.put_annotation("key", "value")
        return "answered"

    result = handler({}, None)

    assert result == "answered"
    assert daemon.datagrams() == []


def test_their_tracer_does_not_take_our_recorder_for_the_x_ray_sdks(theirs: Any) -> None:
    """It would change the streaming threshold, and call functions of the SDK about it."""
    assert "aws_xray_sdk" not in theirs.provider.__module__


def test_every_method_of_their_provider_is_a_method_of_our_recorder() -> None:
    wanted = {"in_subsegment", "in_subsegment_async", "put_annotation", "put_metadata", "patch", "patch_all"}

    assert wanted >= BaseProvider.__abstractmethods__
    assert all(callable(getattr(Recorder(), name)) for name in BaseProvider.__abstractmethods__)


def test_every_method_of_their_segment_is_a_method_of_our_subsegments(daemon: Daemon, invoke: Invoke) -> None:
    with xray_recorder.in_subsegment("recorded") as recorded:
        pass
    invoke(sampled=0)
    with xray_recorder.in_subsegment("not recorded") as unrecorded:
        pass

    for subsegment in (recorded, unrecorded):
        assert all(callable(getattr(subsegment, name)) for name in BaseSegment.__abstractmethods__)
    daemon.clear()


# --- Our Tracer, their recorder -----------------------------------------------------------------------------


class Note(BaseSegment):
    """A segment of a provider that keeps everything in memory, as a user would write one for tests."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.annotations: dict[str, Any] = {}
        self.metadata: dict[tuple[str, str], Any] = {}
        self.errors: list[BaseException] = []
        self.is_closed = False

    def close(self, end_time: int | None = None) -> None:
        self.is_closed = True

    def add_subsegment(self, subsegment: Any) -> None:
        raise NotImplementedError

    def remove_subsegment(self, subsegment: Any) -> None:
        raise NotImplementedError

    def put_annotation(self, key: str, value: Any) -> None:
        self.annotations[key] = value

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        self.metadata[namespace, key] = value

    def add_exception(self, exception: BaseException, stack: list[Any], remote: bool = False) -> None:
        self.errors.append(exception)


class Notebook(BaseProvider):
    """The provider to `Note`."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.open: list[Note] = []
        self.patched: list[Any] = []

    @contextlib.contextmanager
    def in_subsegment(self, name: str | None = None, **kwargs: Any) -> Iterator[Note]:
        note = Note(str(name))
        self.notes.append(note)
        self.open.append(note)
        try:
            yield note
        except BaseException as error:
            note.add_exception(error, [])
            raise
        finally:
            self.open.pop()
            note.close()

    @contextlib.asynccontextmanager
    async def in_subsegment_async(self, name: str | None = None, **kwargs: Any) -> AsyncIterator[Note]:
        with self.in_subsegment(name, **kwargs) as note:
            yield note

    def put_annotation(self, key: str, value: Any) -> None:
        self.open[-1].put_annotation(key, value)

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        self.open[-1].put_metadata(key, value, namespace)

    def patch(self, modules: Any) -> None:
        self.patched.append(modules)

    def patch_all(self) -> None:
        self.patched.append("all")


@pytest.fixture
def notebook(daemon: Daemon) -> Notebook:
    """Where our Tracer records in these tests; that nothing goes to the daemon is checked by the daemon."""
    return Notebook()


@pytest.fixture
def ours(notebook: Notebook) -> Tracer:
    return Tracer(service="payment", provider=notebook)


def test_our_tracer_records_a_handler_with_a_foreign_provider(notebook: Notebook, ours: Tracer) -> None:
    @ours.capture_method
    def charge(amount: int) -> int:
        ours.put_annotation("amount", amount)
        ours.put_metadata("attempt", 1)
        return amount

    @ours.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        return {"charged": charge(event)}

    result = handler(5, None)

    assert result == {"charged": 5}
    outer, inner = notebook.notes
    assert outer.name == "## handler"
    assert outer.annotations == {"ColdStart": True, "Service": "payment"}
    assert outer.metadata == {("payment", "handler response"): {"charged": 5}}
    assert inner.name.startswith(f"## {__name__}.test_our_tracer")
    assert inner.annotations == {"amount": 5}
    assert inner.metadata["payment", "attempt"] == 1
    assert outer.is_closed
    assert inner.is_closed


def test_our_tracer_patches_with_a_foreign_provider(notebook: Notebook) -> None:
    Tracer(provider=notebook)
    Tracer(provider=notebook, patch_modules=["requests"])
    Tracer(provider=notebook, auto_patch=False)

    assert notebook.patched == ["all", ["requests"]]


def test_an_exception_passes_a_foreign_provider_unchanged(notebook: Notebook, ours: Tracer) -> None:
    error = ValueError("declined")

    @ours.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        raise error

    with pytest.raises(ValueError) as raised:
        handler({}, None)

    assert raised.value is error
    [note] = notebook.notes
    assert note.errors == [error]
    assert note.metadata == {("payment", "handler error"): error}
    assert note.annotations["ColdStart"] is True


def test_coroutines_are_recorded_with_a_foreign_provider(notebook: Notebook, ours: Tracer) -> None:
    @ours.capture_method
    async def fetch() -> str:
        await asyncio.sleep(0)
        return "fetched"

    @ours.capture_lambda_handler
    async def handler(event: Any, context: Any) -> str:
        return await fetch()

    result = handler({}, None)

    assert result == "fetched"
    assert [(note.name.rpartition(".")[2], note.is_closed) for note in notebook.notes] == [
        ("## handler", True),
        ("fetch", True),
    ]


def test_generators_and_context_managers_are_recorded_with_a_foreign_provider(
    notebook: Notebook, ours: Tracer
) -> None:
    @ours.capture_method
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    @ours.capture_method
    @contextlib.contextmanager
    def opened() -> Iterator[str]:
        yield "open"

    items = list(numbers())
    with opened() as value:
        pass

    assert items == [1, 2]
    assert value == "open"
    generator, manager = notebook.notes
    assert list(manager.metadata.values()) == ["open"]
    assert generator.is_closed
    assert manager.is_closed


def test_a_foreign_provider_is_called_in_disabled_tracers_as_powertools_calls_it(notebook: Notebook) -> None:
    """Whether the trace is wanted is then the provider's own business; annotations of the Tracer's stay away."""
    tracer = Tracer(provider=notebook, disabled=True)

    @tracer.capture_method
    def work() -> str:
        tracer.put_annotation("key", "value")
        return "worked"

    result = work()

    assert result == "worked"
    assert [note.annotations for note in notebook.notes] == [{}]
    assert notebook.patched == []


def test_our_tracer_records_with_the_x_ray_sdks_recorder() -> None:
    """In a process of its own: the SDK looks for Lambda when it is imported."""
    pytest.importorskip("aws_xray_sdk")
    program = Path(__file__).with_name("sdk_as_provider.py")

    done = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    flat = [part for document in json.loads(done.stdout) for part in flatten(document)]
    by_name = {part["name"].rpartition(".")[2]: part for part in flat}
    assert set(by_name) == {"## handler", "fetch", "rows", "fails"}
    handler = by_name["## handler"]
    assert handler["annotations"] == {"ColdStart": True, "Service": "payment"}
    assert handler["metadata"]["payment"]["handler response"] == ["fetched", [1, 2]]
    assert {part["parent_id"] for name, part in by_name.items() if name != "## handler"} == {handler["id"]}
    assert by_name["fails"]["fault"] is True
    assert by_name["fails"]["cause"]["exceptions"][0]["message"] == "declined"
