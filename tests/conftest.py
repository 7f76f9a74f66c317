"""What every test gets: a process as new, an environment without settings, and a daemon to send to."""

from __future__ import annotations

import gc
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from difflib import ndiff
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest

from lambda_tracer import guard, testing
from tests.daemon import Daemon, Reader
from tests.tree import Tree, without_margin

# No deadline, and no complaint of slowness: a busy machine is no reason to fail. In CI the examples are the same in
# every run, so that a change is not blamed for what it did not break; everywhere else they are new each time.
PATIENT: Any = {
    "deadline": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
    "print_blob": True,
}
hypothesis.settings.register_profile("local", **PATIENT)
hypothesis.settings.register_profile("ci", **PATIENT, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")

TRACER_VARIABLES = ("_X_AMZN_TRACE_ID", "AWS_SAM_LOCAL", "AWS_CHALICE_CLI_MODE", "LAMBDA_TASK_ROOT")
TRACER_VARIABLE_PREFIXES = (
    *("AWS_LAMBDA_", "AWS_XRAY_", "LAMBDA_TRACER_", "POWERTOOLS_"),
    *("AWS_EC2_METADATA_", "ECS_CONTAINER_METADATA_"),
)
"""The environment variables that decide what the tracer does; tests start without them."""

NO_DAEMON = "127.0.0.1:9"
"""Where nobody listens. Without an address the tracer sends to port 2000, at which a view may be running."""

NO_SKIP = bool(os.environ.get("LAMBDA_TRACER_NO_SKIP"))
"""Set where everything is installed: a skipped test is a failure there, for something is missing."""

TAKEN_AWAY = tuple(os.environ.get("LAMBDA_TRACER_WITHOUT", "").split())
"""What is not installed on purpose: that a test needs one of these is a reason to skip it, also there."""

# The authorities that a machine trusts are some hundred: each client that may use TLS would read them all, which takes
# it 30 ms. No test speaks to a server that one of them has signed; one authority is enough.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("authority.pem"))
os.environ.pop("SSL_CERT_DIR", None)

# What a shell puts into the background ignores Ctrl-C, and so would every process that the tests start and interrupt.
if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    and threading.current_thread() is threading.main_thread()
):
    signal.signal(signal.SIGINT, signal.default_int_handler)

_passed: pytest.StashKey[bool] = pytest.StashKey()


class Invocation(NamedTuple):
    """What the Lambda runtime would say of one invocation."""

    header: str
    root: str
    parent: str


class Invoke:
    """Begins invocations, as the runtime client does: by setting `_X_AMZN_TRACE_ID`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(
        self,
        root: str | None = None,
        parent: str | None = None,
        sampled: int | str | None = 1,
        **extra: str,
    ) -> Invocation:
        """Set the header and return it with its parts.

        None makes up a new `root` or `parent`, an empty text leaves it out; `sampled=None` leaves Sampled
        out. `extra` (Lineage, say) follows in the order given.
        """
        root = new_trace_id() if root is None else root
        parent = secrets.token_hex(8) if parent is None else parent
        known = {"Root": root, "Parent": parent, "Sampled": "" if sampled is None else str(sampled)}
        header = ";".join(f"{key}={value}" for key, value in {**known, **extra}.items() if value)
        self._monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
        return Invocation(header, root, parent)


def reset() -> None:
    """`testing.reset`, and the guard as this suite wants it."""
    testing.reset()
    guard.reraise = True
    guard.LOG_WAIT_S = 2.0  # what was said is in the log when a test looks, on a busy machine too


def new_trace_id() -> str:
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only tests that stand `alone` are asked for, modules without any are not even imported."""
    is_half = config.getoption("markexpr").startswith("alone and ")
    return True if is_half and collection_path.suffix == ".py" and not _has_alone(collection_path) else None


def pytest_deselected(items: list[pytest.Item]) -> None:
    """What is `alone` in a module that does not show it would run in neither half of the suite."""
    for item in items:
        if item.get_closest_marker("alone") and not _has_alone(item.path):
            raise pytest.UsageError(f"{item.nodeid}: write pytest.mark.alone in the module itself")


def _has_alone(path: Path) -> bool:
    return b"pytest.mark.alone" in path.read_bytes()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was collected stays to the end: a garbage collection need not look through it each time."""
    _keep_what_is_there()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """So does what a module has imported: else a collection takes half a second after some thousand tests."""
    if nextitem is None or nextitem.path != item.path:
        _keep_what_is_there()


def _keep_what_is_there() -> None:
    if sys.version_info >= (3, 14):
        return  # hypothesis warns where the collector can't name who refers to a generator of random numbers
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins as the first one of a process does, and leaves nothing to the next."""
    for name in list(os.environ):
        if name in TRACER_VARIABLES or name.startswith(TRACER_VARIABLE_PREFIXES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", NO_DAEMON)
    reset()
    yield
    reset()


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """A function that begins an invocation; see `Invoke`."""
    return Invoke(monkeypatch)


@pytest.fixture(scope="session")
def _reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.close()


@pytest.fixture
def daemon(
    _reader: Reader, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Daemon]:
    """A daemon, in a process that is a Lambda function with a sampled invocation under way.

    A test that leaves a document unread fails, and so does one that sends what X-Ray would not take.
    """
    daemon = Daemon(_reader)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.address)
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(Path.cwd()))
    invoke()
    yield daemon
    try:
        if request.node.stash.get(_passed, False):
            unread = daemon.unread()
            if unread:
                pytest.fail(f"documents that the test did not read: {', '.join(unread)}", pytrace=False)
    finally:
        daemon.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_passed] = report.passed
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """See NO_SKIP. A reason that begins with "needs Python" stays a reason: no installation helps there.

    So does one that names what is TAKEN_AWAY.
    """
    if not NO_SKIP or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    is_wanted = any(name in reason for name in TAKEN_AWAY)
    if not is_wanted and not reason.removeprefix("Skipped: ").startswith("needs Python"):
        report.outcome = "failed"
        report.longrepr = f"{reason}: no test may be skipped here (LAMBDA_TRACER_NO_SKIP)"


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Two trees that differ are shown line by line."""
    if op != "==" or not isinstance(left, Tree):
        return None
    expected = without_margin(str(right)).splitlines()
    return ["the trace differs: - is expected, + is what came", *ndiff(expected, left.text.splitlines())]
