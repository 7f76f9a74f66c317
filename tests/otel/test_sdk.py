"""An application that runs OpenTelemetry's SDK beside us: its provider has every span, and no call is twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from lambda_tracer import patch, patch_all, unpatch, xray_recorder
from lambda_tracer.patches.registry import registered
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.logged import messages
from tests.otel.libraries import LIBRARIES, Servers

pytestmark = pytest.mark.otel

pytest.importorskip("opentelemetry.instrumentation", reason="opentelemetry-instrumentation is not installed")

NAMES = ("requests", "boto3", "sqlalchemy", "redis")


def run(servers: Servers) -> list[object]:
    return [seen for name in NAMES for seen in LIBRARIES[name].program(servers)]


@pytest.mark.parametrize("first", ["provider", "instrumentations", "patches"])
def test_what_the_application_instruments_is_its_own_providers(
    application: Any,
    provider: Any,
    servers: Servers,
    daemon: Daemon,
    caplog: pytest.LogCaptureFixture,
    first: str,
) -> None:
    with ExitStack() as instrumented:
        for name in NAMES:
            instrumented.enter_context(LIBRARIES[name].instrumented(tracer_provider=provider))
        expected = run(servers)
    exported = provider.exported()
    assert len(exported) == 13
    with ExitStack() as instrumented:
        steps: dict[str, Callable[[], Any]] = {
            "provider": lambda: application.set_tracer_provider(provider),
            "instrumentations": lambda: [
                instrumented.enter_context(LIBRARIES[name].instrumented(tracer_provider=provider))
                for name in NAMES
            ],
            "patches": patch_all,
        }
        for step in (steps.pop(first), *steps.values()):
            step()
        with xray_recorder.in_subsegment("handler"):
            assert run(servers) == expected

    assert provider.exported() == exported * 2
    assert len(messages(caplog)) == 1
    daemon.expect_tree("handler")


@pytest.mark.parametrize("first", ["ours", "theirs"])
@pytest.mark.parametrize("last", ["ours", "theirs"])
@pytest.mark.parametrize("name", ["requests", "boto3", "redis"])
def test_whoever_is_taken_back_first_leaves_nothing_behind(
    application: Any, provider: Any, servers: Servers, daemon: Daemon, name: str, first: str, last: str
) -> None:
    library = LIBRARIES[name]
    patch(["opentelemetry"])
    with ExitStack() as instrumented:
        if first == "ours":
            patch(library.patches)
        instrumentor = instrumented.enter_context(library.instrumented(tracer_provider=provider))
        if first == "theirs":
            patch(library.patches)
        if last == "ours":
            instrumentor.uninstrument()
            with xray_recorder.in_subsegment("handler"):
                library.program(servers)
            assert provider.exported() == []
            assert len(daemon.subsegments()) == len(library.calls.strip().splitlines())
            unpatch(library.patches)
        else:
            unpatch(library.patches)
            instrumentor.uninstrument()
        unpatch_all()
        daemon.clear()

        library.program(servers)

    assert provider.exported() == []
    assert daemon.subsegments() == []
    assert not registered
