"""The pytest plugin of lambda_tracer: the fixtures `traces` and `lambda_context`, and the trace of a test that failed.

Every run of pytest in an environment with lambda_tracer loads this, also those of people who do not use it. So it
works with each pytest that there is for our Pythons, 6.2 and later. It imports pytest alone, and the package when a
test asks for a fixture: importing it here would cost everybody, and hide from coverage what is imported before that
begins.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import pluggy

    from lambda_tracer.testing import LambdaContext, Traces
    from lambda_tracer.testing.fixtures import Recorded

_recorded: dict[pytest.Item, Recorded] = {}  # of the tests that run

MARKERS = (
    "traces(sampled=True, header=None, cold_start=True, redact=None, force=False, valid=True): how lambda_tracer's "
    "fixture `traces` records the test",
    "lambda_context(function_name=..., timeout_s=..., ...): values of the fixture `lambda_context` of lambda_tracer",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options on pytest's command line."""
    parser.getgroup("lambda_tracer").addoption(
        "--traces-html",
        metavar="DIR",
        default=None,
        help="write a page with the trace of each failed test that has the fixture `traces`",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers, and have the folder for pages be the same one in each process of pytest-xdist."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    folder = config.getoption("traces_html", None)
    if folder is not None:
        config.option.traces_html = str(config.invocation_params.dir / folder)


@pytest.fixture
def traces(request: pytest.FixtureRequest) -> Traces:
    """What lambda_tracer sends while the test runs. Tracing is on, although this is not Lambda."""
    from lambda_tracer.testing import fixtures

    recorded = fixtures.record(request.node)
    _recorded[request.node] = recorded
    return recorded.traces


@pytest.fixture
def lambda_context(request: pytest.FixtureRequest) -> LambdaContext:
    """A context like Lambda's; `@pytest.mark.lambda_context` has its values."""
    from lambda_tracer.testing import fixtures

    return fixtures.context(request.node)


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """How a tree and the text of a test differ, line by line; pytest's own diff would show the text's margin.

    With `-vv`, also the lines that are equal. There is no tree where no test has asked for one.
    """
    if op != "==" or "lambda_tracer.testing.tree" not in sys.modules:
        return None
    from lambda_tracer.testing.tree import explain

    return explain(left, right, 2 if config.getoption("verbose") < 2 else None)


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """A test that has passed fails if X-Ray would not take its trace."""
    __tracebackhide__ = True
    recorded = _recorded.get(item)
    if recorded is not None:
        recorded.check()


# Wrappers of the old kind: pluggy 1.0 and 1.1 know no other, and would end the run.


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pluggy.Result[pytest.TestReport], None]:
    """A test that failed shows its trace. In the end nobody needs it any more."""
    outcome = yield
    recorded = _recorded.get(item)
    if recorded is not None:
        report = outcome.get_result()
        if report.failed:
            recorded.describe(report, item.config.getoption("traces_html", None))
        if report.when == "teardown":
            del _recorded[item]


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Turn tracing off behind all other fixtures: what they replaced in a library may stand around what we did."""
    yield
    recorded = _recorded.get(item)
    if recorded is not None:
        recorded.end(nextitem)
