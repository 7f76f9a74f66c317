"""Web frameworks on their adapters: the handler tells the route and the exception that became the answer.

What the application answers is the same as untraced, to the last header.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from lambda_tracer import Tracer, unpatch
from lambda_tracer.patches.registry import patch_all
from lambda_tracer.patches.unpatch import unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.web.case import CANARY, IN_PATH, Application, Case
from tests.patches.web.event_loop import event_loop

MODULES = {
    "fastapi_on_mangum": ("fastapi", "mangum"),
    "starlette_on_mangum": ("starlette", "mangum"),
    "flask_on_wsgi": ("flask", "apig_wsgi", "serverless_wsgi", "awsgi"),
    "django_on_both": ("django", "apig_wsgi", "mangum"),
    "powertools_resolvers": ("aws_lambda_powertools", "pydantic"),
    "chalice_alone": ("chalice",),
    "bottle_on_wsgi": ("bottle", "apig_wsgi", "awsgi"),
    "quart_on_mangum": ("quart", "mangum"),
    "aiohttp_server": ("aiohttp",),
}
"""The applications' modules, and what each of them needs."""


@pytest.fixture(params=MODULES)
def applications(request: pytest.FixtureRequest, daemon: Daemon) -> Iterator[list[Application]]:
    """Those of one framework. It is patched when it is imported, or is already."""
    for module in MODULES[request.param]:
        pytest.importorskip(module, reason=f"{module} is not installed")
    patch_all()
    found: list[Application] = importlib.import_module(f"tests.patches.web.apps.{request.param}").APPLICATIONS
    with event_loop():
        yield found
    unpatch_all()


class Outcome(NamedTuple):
    """What came of a call: what it returned, or the exception that left it."""

    response: Any
    error: str | None


def outcome(handler: Any, event: Any) -> Outcome:
    try:
        return Outcome(handler(event, None), None)
    except Exception as error:
        return Outcome(None, f"{type(error).__name__}: {error}")


def request_of(case: Case) -> tuple[str, str, str | None]:
    return case.method, case.path, case.body


def traced(handler: Any) -> Any:
    def lambda_handler(event: Any, context: Any) -> Any:
        return handler(event, context)

    tracer = Tracer(service="shop")
    unpatch(["opentelemetry"])  # by which FastAPI traces itself
    return tracer.capture_lambda_handler(lambda_handler, capture_response=False)


class Told(NamedTuple):
    """What the trace tells of a request."""

    application: str
    request: str
    route: str | None
    error: str | None
    says: str | None
    flags: str


def expected(application: Application, case: Case, event: dict[str, Any]) -> Told:
    status = case.status or 500  # else it leaves the handler
    flags = "fault" if status >= 500 else "error" if status >= 400 else ""
    if status == 429:
        flags += " throttle"
    return Told(application.name, str(case), case.route or route_of(event), case.error, case.says, flags)


def route_of(event: dict[str, Any]) -> str | None:
    """What the event says of the route, where the framework found none."""
    resource = event.get("resource", "/{proxy+}")
    return None if resource == "/{proxy+}" else f"{event['httpMethod']} {resource}"


def told(application: Application, case: Case, daemon: Daemon) -> Told:
    handler = daemon.subsegment("## lambda_handler")
    assert len(daemon.subsegments()) == 1
    cause: Any = handler.get("cause") or {"exceptions": [{"type": None}]}
    exception = cause["exceptions"][0]
    assert exception["type"] is None or exception["stack"][0]["label"], exception
    return Told(
        application.name,
        str(case),
        handler["annotations"].get("Route"),
        exception["type"],
        exception.get("message") if case.says is not None else None,
        " ".join(flag for flag in ("error", "fault", "throttle") if handler.get(flag)),
    )


def test_the_handler_tells_the_route_and_the_exception_that_became_the_answer(
    applications: list[Application], daemon: Daemon, invoke: Invoke
) -> None:
    wanted, found = [], []
    for application in applications:
        handler = traced(application.handler())
        for case in application.cases:
            invoke()
            daemon.clear()

            event = application.event(*request_of(case))
            outcome(handler, event)

            wanted.append(expected(application, case, event))
            found.append(told(application, case, daemon))
            document = daemon.subsegment("## lambda_handler")
            assert IN_PATH not in str([document["annotations"], document.get("cause")]), case
            assert not any(CANARY.encode() in datagram for datagram in daemon.datagrams()), case
    assert found == wanted


def test_the_answer_is_the_same_as_untraced(
    applications: list[Application], daemon: Daemon, invoke: Invoke
) -> None:
    for application in applications:
        unpatch_all()
        handler = application.handler()
        untraced = [outcome(handler, application.event(*request_of(case))) for case in application.cases]
        patch_all()
        handler = traced(application.handler())
        answers = []
        for case in application.cases:
            invoke()
            answers.append(outcome(handler, application.event(*request_of(case))))

        assert answers == untraced
        for case, answer in zip(application.cases, answers, strict=True):
            if answer.error is None:
                assert application.status(answer.response) == case.status, case
            else:
                assert case.status == 0, case
        daemon.clear()


@pytest.mark.parametrize("sampled", [0, None])
def test_nothing_is_recorded_of_what_is_not_sampled(
    applications: list[Application], daemon: Daemon, invoke: Invoke, sampled: int | None
) -> None:
    for application in applications:
        handler = traced(application.handler())
        for case in application.cases[:6]:
            invoke(sampled=sampled)
            answer = outcome(handler, application.event(*request_of(case)))

            assert (answer.error is None) == bool(case.status)
    assert daemon.documents() == []
