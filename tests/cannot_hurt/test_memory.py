"""Nothing of a call is kept alive: its arguments, its locals, its result, its exception."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.cannot_hurt.kinds import KIND, Decorate, Kind, decorators, finish, plain
from tests.cannot_hurt.outcome import outcome
from tests.daemon import Daemon


class Thing:
    """Something whose end can be seen."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Objects end when the last reference does, or not at all."""
    gc.disable()
    yield
    gc.enable()


def released(kind: Kind, decorate: Decorate, fails: bool) -> list[str]:
    """What of a call is still alive when its caller has forgotten it."""
    things: dict[str, weakref.ref[Thing]] = {}

    def action() -> Any:
        thing, local = Thing(), Thing()
        things.update(value=weakref.ref(thing), local=weakref.ref(local))
        if fails:
            raise ValueError(thing)
        return thing

    drive = kind(decorate)
    outcome(drive, action)
    gone = weakref.ref(action)
    del action
    return [name for name, thing in things.items() if thing() is not None] + ["argument"] * (
        gone() is not None
    )


@KIND
@pytest.mark.parametrize("fails", [False, True], ids=["returns", "raises"])
@pytest.mark.parametrize("inside", [False, True], ids=["outermost", "under the handler"])
def test_nothing_of_a_call_is_kept_alive(
    kind: Kind, fails: bool, inside: bool, daemon: Daemon, no_collector: None
) -> None:
    expected = released(kind, plain, fails)
    with xray_recorder.in_subsegment("handler") if inside else contextlib.nullcontext():
        for name, decorate in decorators().items():
            assert (name, released(kind, decorate, fails)) == (name, expected)
    daemon.documents()


def test_a_context_copied_during_a_call_does_not_keep_its_values_alive(
    daemon: Daemon, no_collector: None
) -> None:
    import contextvars

    contexts = []
    things: list[weakref.ref[Thing]] = []

    @Tracer().capture_method
    def spawn(fails: bool) -> Any:
        contexts.append(contextvars.copy_context())  # as a thread or a task that outlives the call would
        thing = Thing()
        things.append(weakref.ref(thing))
        if fails:
            raise ValueError(thing)
        return thing

    spawn(False)
    with contextlib.suppress(ValueError):
        spawn(True)

    assert [thing() for thing in things] == [None, None]
    daemon.documents()


def test_a_suspended_generator_does_not_hold_what_it_yielded(daemon: Daemon, no_collector: None) -> None:
    def items(decorate: Decorate) -> bool:
        @decorate
        def function() -> Any:
            yield Thing()
            yield

        generator = function()
        thing = weakref.ref(next(generator))
        is_gone = thing() is None
        generator.close()
        return is_gone

    assert items(plain)
    assert items(Tracer().capture_method)
    daemon.documents()


def test_a_suspended_asynchronous_generator_does_not_hold_what_it_yielded(
    daemon: Daemon, no_collector: None
) -> None:
    async def items(decorate: Decorate) -> bool:
        @decorate
        async def function() -> Any:
            yield Thing()
            yield

        generator = function()
        thing = weakref.ref(await generator.__anext__())
        is_gone = thing() is None
        await generator.aclose()
        return is_gone

    assert finish(items(plain))
    assert finish(items(Tracer().capture_method))
    daemon.documents()
