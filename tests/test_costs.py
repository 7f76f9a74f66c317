"""What tracing costs, counted and never timed: a change that makes it dearer fails here, on any machine.

The limits stand a little above what was counted when they were last set; benchmarks/ says what they amount to in time.
A limit is lowered with the code, and raised only with a reason in the same commit.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from bundle import build
from lambda_tracer import Tracer
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.shared_build import distributions

PROJECT = Path(__file__).parent.parent

OWN_MODULES = 44
OWN_MODULES_WITH_BOTO3 = 52
"""Of the package: each costs a cold start a search, a read and 0.05 ms before its first line has run."""

OWN_FUNCTIONS = 520
"""Functions and classes in those modules: each costs 2 us to load, called or not."""

OTHER_MODULES = {"_contextvars", "_socket", "gc"} | ({"contextlib"} if sys.version_info < (3, 11) else set())
OTHER_MODULES |= {"gc"} if sys.version_info < (3, 12) else set()
"""What else a cold start may load: C modules, and what the runtime client itself loads from Python 3.11 on."""

CALLS_SAMPLED = 15
C_CALLS_SAMPLED = 29
CALLS_UNSAMPLED = 4
CALLS_DISABLED = 3
"""Function calls that one captured call makes, the captured function's own included."""

CALLS_HANDLER = 65
C_CALLS_HANDLER = 71
"""Those of an invocation with nothing but its handler."""

BYTES_A_SUBSEGMENT = 330
BLOCKS_GROWN = 30


@pytest.fixture(autouse=True)
def _no_time_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library for tests, round which the clock goes: no function has it in Lambda."""
    monkeypatch.delitem(sys.modules, "time_machine", raising=False)


class Context:
    """Lambda's, as far as the tracer asks it anything."""

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


Handler = Callable[[int, Context], Any]


def handler_with_calls(**options: Any) -> Handler:
    """A captured handler that calls a captured method as often as its event says."""
    tracer = Tracer(service="payment", auto_patch=False, **options)

    @tracer.capture_method
    def charge(number: int) -> dict[str, Any]:
        return {"id": 1, "status": "paid", "amount": 12.5}

    @tracer.capture_lambda_handler
    def lambda_handler(event: int, context: Context) -> dict[str, bool]:
        for number in range(event):
            charge(number)
        return {"ok": True}

    for warm_up in (0, 3):
        lambda_handler(warm_up, Context())
    return lambda_handler


def counted(function: Callable[[], object]) -> tuple[Counter[str], Counter[str]]:
    """The Python functions and the C functions that are called while `function` runs, by name."""
    python: Counter[str] = Counter()
    native: Counter[str] = Counter()

    def count(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            python[frame.f_code.co_name] += 1
        elif event == "c_call":
            native[argument.__name__] += 1

    gc.disable()  # a collection calls whatever other libraries have hung on it
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
        gc.enable()
    return python, native


def of_one_call(handler: Handler) -> tuple[Counter[str], Counter[str]]:
    """What one captured call adds: an invocation with two, less the same with one."""
    one, two = counted(lambda: handler(1, Context())), counted(lambda: handler(2, Context()))
    return two[0] - one[0], two[1] - one[1]


def loaded_at_a_cold_start(before: str = "", event: str = "{}") -> set[str]:
    """The modules that a new process loads for its first traced call, beyond the runtime client and `before`."""
    program = (
        "import sys, awslambdaric.bootstrap, awslambdaric.lambda_runtime_client\n"
        f"{before}\n"
        "before = set(sys.modules)\n"
        "from lambda_tracer import Tracer\n"
        "tracer = Tracer()\n"
        "charge = tracer.capture_method(lambda: {'id': 1})\n"
        "tracer.capture_lambda_handler(lambda event, context: charge())({EVENT}, None)\n"
        "print(*set(sys.modules) - before)\n"
    )
    program = program.replace("{EVENT}", event)
    header = "Root=1-6530f2a1-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
    environment = {**os.environ, "_X_AMZN_TRACE_ID": header, "LAMBDA_TASK_ROOT": str(PROJECT)}
    environment |= {"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:9", "AWS_DEFAULT_REGION": "eu-west-1"}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def own(modules: set[str]) -> set[str]:
    """The package's."""
    return {name for name in modules if name.partition(".")[0] == "lambda_tracer"}


def functions_in(code: CodeType) -> int:
    """How many functions and classes a code holds, nested ones included."""
    # What Python 3.14 makes of annotations is called by whoever asks for them.
    inner = [each for each in code.co_consts if isinstance(each, CodeType) and each.co_name != "__annotate__"]
    return sum(1 + functions_in(each) for each in inner)


def test_a_cold_start_loads_little_besides_the_package_and_not_much_of_that() -> None:
    """Failing means slower cold starts: something is imported that could be imported on first use."""
    loaded = loaded_at_a_cold_start()

    assert loaded - own(loaded) <= OTHER_MODULES
    assert len(own(loaded)) <= OWN_MODULES, sorted(own(loaded))


@pytest.mark.parametrize(
    ("event", "modules"),
    [
        ("{}", set()),
        ("{'order': 1}", set()),
        ("{'httpMethod': 'GET', 'path': '/', 'requestContext': {}}", {"events.http"}),
        ("{'Records': [{'eventSource': 'aws:sqs'}]}", {"events.batch", "events.arn"}),
    ],
)
def test_a_cold_start_loads_of_the_event_sources_what_its_event_needs(event: str, modules: set[str]) -> None:
    """Failing means that a function pays for sources that it does not have."""
    loaded = own(loaded_at_a_cold_start(event=event)) - own(loaded_at_a_cold_start())

    common = {"events", "events.trigger", "events.facts", "capture.facts"} if event != "{}" else set()
    assert loaded == {f"lambda_tracer.{name}" for name in common | modules}


def test_a_cold_start_loads_few_functions_that_it_does_not_call() -> None:
    """Failing means slower cold starts: what is rarely called is in a module that is always loaded."""
    sources = {
        name: Path(importlib.import_module(name).__file__ or "") for name in own(loaded_at_a_cold_start())
    }
    counts = {
        name: functions_in(compile(source.read_text(), str(source), "exec", dont_inherit=True))
        for name, source in sources.items()
    }

    assert sum(counts.values()) <= OWN_FUNCTIONS, counts


def test_a_function_with_a_boto3_client_pays_for_boto3s_patch_and_little_else() -> None:
    """Failing means slower cold starts of most functions: a patch loads what only a call needs."""
    loaded = loaded_at_a_cold_start("import boto3; boto3.client('dynamodb')")

    assert loaded - {"gc"} == own(loaded)
    assert len(own(loaded)) <= OWN_MODULES_WITH_BOTO3, sorted(own(loaded))


def test_a_sampled_call_makes_few_calls(daemon: Daemon) -> None:
    """Failing means microseconds more for each subsegment: a step was added to its life."""
    python, native = of_one_call(handler_with_calls())
    daemon.clear()

    assert python.total() <= CALLS_SAMPLED, python
    assert native.total() <= C_CALLS_SAMPLED, native


def test_a_sampled_call_asks_the_system_for_an_id_and_two_times_and_sends_nothing(daemon: Daemon) -> None:
    """Failing means a system call more for each subsegment, which costs as much as ten function calls."""
    _, native = of_one_call(handler_with_calls())
    daemon.clear()

    assert native["urandom"] <= 1
    assert native["time"] <= 2
    assert native["monotonic"] <= 1
    assert not {"send", "sendto", "getpid", "getenv", "sleep", "select", "stat", "open"} & native.keys()


def test_an_unsampled_call_is_a_look_at_the_header(daemon: Daemon, invoke: Invoke) -> None:
    """Failing means that requests which nobody will look at are slowed down."""
    invoke(sampled=0)

    python, native = of_one_call(handler_with_calls())

    assert python.total() <= CALLS_UNSAMPLED, python
    assert not {"urandom", "time", "monotonic", "send"} & native.keys()


def test_a_disabled_call_is_next_to_nothing(daemon: Daemon) -> None:
    """Failing means that tests and local runs pay for a tracer that they turned off."""
    python, _ = of_one_call(handler_with_calls(disabled=True))

    assert python.total() <= CALLS_DISABLED, python


def test_the_handlers_own_work_is_bounded_and_reads_the_header_once(daemon: Daemon, invoke: Invoke) -> None:
    """Failing means that every invocation is slower, whatever it does."""
    handler = handler_with_calls()
    invoke()

    python, native = counted(lambda: handler(0, Context()))
    daemon.clear()

    assert (python["_usual"], python["from_header_str"], python["_wake_up"]) == (1, 0, 0)
    assert python.total() <= CALLS_HANDLER, python
    assert native.total() <= C_CALLS_HANDLER, native


def test_an_invocation_of_eleven_subsegments_is_one_datagram_of_little_more_than_its_values(
    daemon: Daemon,
) -> None:
    """Failing means more to send and less room in a trace: X-Ray takes 500 kB."""
    handler = handler_with_calls()
    daemon.clear()

    handler(0, Context())
    handler(10, Context())

    alone, with_calls = daemon.datagrams()
    assert len(with_calls) - len(alone) <= 10 * BYTES_A_SUBSEGMENT


def test_a_hundred_subsegments_are_still_one_datagram(daemon: Daemon) -> None:
    """Failing means that each subsegment pays for a larger part of a send."""
    handler = handler_with_calls()
    daemon.clear()

    handler(100, Context())

    assert len(daemon.datagrams()) == 1


@pytest.mark.parametrize("sampled", [1, 0])
def test_a_thousand_invocations_leave_nothing_behind(daemon: Daemon, invoke: Invoke, sampled: int) -> None:
    """Failing means a leak, which in a sandbox that lives for hours ends in a crash."""
    handler = handler_with_calls()
    headers = [invoke(sampled=sampled).header for _ in range(10)]

    def invocations(count: int) -> int:
        for number in range(count):
            os.environ["_X_AMZN_TRACE_ID"] = headers[number % len(headers)]
            handler(1, Context())
        gc.collect()
        return sys.getallocatedblocks()

    daemon.clear()
    warm = invocations(1_100)  # with its 1,024th call a function gets a cache from CPython 3.10
    grown = invocations(1_000) - warm
    received = len(daemon.datagrams())

    assert received == (2_100 if sampled else 0)
    assert grown <= BLOCKS_GROWN


def test_patching_everything_imports_no_library_and_not_wrapt() -> None:
    """Failing means that a function pays for libraries that it does not use."""
    program = (
        "import sys, lambda_tracer; lambda_tracer.patch_all()\n"
        "import json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    command = [sys.executable, "-c", program]

    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)

    libraries = {"boto3", "botocore", "requests", "urllib3", "httpx", "sqlite3"}
    assert not (libraries | {"wrapt", "jsonpickle", "asyncio"}) & set(json.loads(ran.stdout))


def test_the_wheel_stays_small(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Failing means more to download and to unpack. It had 222 kB without the developer's side when this was set."""
    (wheel,) = distributions(tmp_path_factory).glob("*.whl")

    with zipfile.ZipFile(wheel) as archive:
        entries = [entry for entry in archive.infolist() if "/local/" not in entry.filename]

    assert sum(entry.compress_size for entry in entries) <= 3_200_000


def test_what_a_cold_start_loads_stands_at_the_beginning_of_a_bundle() -> None:
    """Failing means that a cold start reads a bundle to its end: the list in bundle/build.py is behind."""
    needed = loaded_at_a_cold_start() | loaded_at_a_cold_start("import boto3; boto3.client('dynamodb')")
    names = {name.partition(".")[2] for name in own(needed)}

    assert names - {"", "bundle"} <= {*build.START, *build.USUAL}
