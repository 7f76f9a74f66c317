"""The clock: the tracer tells the time, and pauses, by functions that no test of the user's has patched."""

from __future__ import annotations

import time

import pytest

from lambda_tracer.clock import Clock
from lambda_tracer.trace import time_travel
from tests.daemon import Daemon
from tests.programs import run

FROZEN = {
    "freezegun": "from freezegun import freeze_time\nfrozen = freeze_time('2000-01-01')",
    "freezegun that moves": "from freezegun import freeze_time\nfrozen = freeze_time('2000-01-01', tick=True)",
    "time-machine": "import time_machine\nfrozen = time_machine.travel(0, tick=False)",
    "mocks that raise": """
from unittest import mock
frozen = mock.patch.multiple(time, time=mock.Mock(side_effect=[1.0]), monotonic=mock.Mock(side_effect=[1.0]),
                             sleep=mock.Mock(side_effect=RuntimeError))
""",
}

USE = """
real = time.time
before = real()

def use():
    from lambda_tracer import Tracer, guard, xray_recorder

    os.environ["_X_AMZN_TRACE_ID"] = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    tracer = Tracer(auto_patch=False)
    handler = tracer.capture_lambda_handler(lambda event, context: "result")
    assert handler({}, None) == "result"
    with xray_recorder.in_subsegment("block") as subsegment:
        pass
    assert guard.failures == 0
    return subsegment.start_time, subsegment.end_time

def check(times):
    assert before - 1 <= times[0] <= times[1] <= real() + 1, (before, times)
"""


@pytest.mark.parametrize("name", FROZEN)
@pytest.mark.parametrize("is_imported_before", [True, False])
def test_times_are_true_in_a_test_that_patches_the_clock_and_after_it(
    name: str, is_imported_before: bool, daemon: Daemon
) -> None:
    """Not even where the tracer is imported in the middle of it, for good."""
    run(f"""
if not {is_imported_before}:
    for module in [module for module in sys.modules if module.startswith("lambda_tracer")]:
        del sys.modules[module]
    del tracer, guard, xray_recorder, Tracer
{FROZEN[name]}
{USE}
with frozen:
    times = use()
check(times)
check(use())
""")

    assert daemon.documents()


def test_time_machine_that_nobody_travels_with_changes_nothing() -> None:
    pytest.importorskip("time_machine")
    clock = Clock()

    time_travel.renew(clock)

    assert abs(clock.now() - time.time()) < 60
    assert abs(clock.monotonic() - time.monotonic()) < 60
