"""What code replaces, sets or runs elsewhere: how subsegments begin and end, attributes, workers of pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.compat.programs import run

REPLACED = """
from aws_xray_sdk.core import AWSXRayRecorder, xray_recorder as x
calls = []

class Own(AWSXRayRecorder):
    def begin_subsegment(self, name, namespace="local"):
        calls.append(name)
        return super().begin_subsegment(name, namespace)

    def end_subsegment(self, end_time=None):
        calls.append("end")
        super().end_subsegment(end_time)

def failing():
    with own.in_subsegment("fails"):
        raise ValueError

own = Own()
with own.in_subsegment("block") as block:
    own.capture("captured")(lambda: calls.append(own.current_subsegment().name))()
note("fails", failing)
note("calls", lambda: [calls, block.in_progress, own.current_subsegment()])
with mock.patch.object(AWSXRayRecorder, "begin_subsegment") as begun:
    with x.in_subsegment("mocked"):
        pass
note("mocked", lambda: begun.call_args.kwargs)

def refuse(*args, **kwargs):
    raise KeyError

outer = x.begin_subsegment("outer")
def refused():
    with mock.patch.object(AWSXRayRecorder, "begin_subsegment", refuse), x.in_subsegment("refused"):
        pass
note("refused", refused)
note("still open", lambda: [x.current_subsegment() is outer, outer.in_progress])
with mock.patch.object(AWSXRayRecorder, "end_subsegment", lambda self, at=None: self.context.end_subsegment(at)):
    x.end_subsegment()
note("ended by the context", lambda: [outer.in_progress, x.current_subsegment()])
invoke(2, sampled=0)
calls.clear()
with own.in_subsegment("unsampled"):
    pass
note("unsampled", lambda: calls)
"""

ATTRIBUTES = """
logging.disable(logging.CRITICAL)
from aws_xray_sdk.core import xray_recorder as x
from aws_xray_sdk.core.models.dummy_entities import DummySegment, DummySubsegment
from aws_xray_sdk.core.models.segment import Segment
NAMES = "trace_id id name in_progress subsegments annotations metadata http aws cause end_time initializing parent_id"

def put(entity):
    for name in NAMES.split():
        setattr(entity, name, getattr(entity, name, None))

entities = [x.current_segment(), x.begin_subsegment("a"), Segment("s"), DummySegment(), DummySubsegment(DummySegment())]
for entity in entities:
    note(type(entity).__name__, lambda: put(entity))
"""


def test_what_replaces_begin_and_end_is_called_by_blocks_and_decorators() -> None:
    for compatible in (True, False):
        told = run(REPLACED, compatible=compatible).told

        assert told["fails"] == "raises ValueError"
        assert told["calls"][1:] == [False, None]
        assert [name for name in told["calls"][0] if name != "<lambda>"][-2:] == ["fails", "end"]
        assert told["calls"][0][:2] == ["block", "captured"]
        assert told["calls"][0].count("end") == 3
        assert told["mocked"] == {"name": "mocked"}
        assert told["refused"] == "raises KeyError"
        assert told["still open"] == [True, True]
        assert told["ended by the context"] == [False, None]
        assert told["unsampled"] == ["unsampled", "end"]


def test_attributes_can_be_set_where_the_sdk_lets_them() -> None:
    for compatible in (True, False):
        assert set(run(ATTRIBUTES, compatible=compatible).told.values()) == {None}


def test_workers_of_pytest_have_the_names(tmp_path: Path) -> None:
    inner_folder, outer = tmp_path / "inner", tmp_path / "outer"
    inner_folder.mkdir()
    (inner_folder / "test_a.py").write_text(
        "import aws_xray_sdk.core as core\n"
        "def test_it():\n"
        "    assert 'lambda_tracer' in core.__spec__.origin\n"
    )
    inner = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(inner_folder)]
    outer.mkdir()
    (outer / "test_b.py").write_text(
        f"import subprocess\ndef test_worker():\n    assert subprocess.call({inner!r}) == 0\n"
    )
    arguments = ["-m", "lambda_tracer.compat", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(outer)]
    # Plugins that are installed for other tests take seconds to load.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, check=False, text=True, timeout=60
    )

    assert done.returncode == 0, done.stdout
