"""A Tracer or a Recorder that is copied is the same one; pickled, it is the one that works in that process."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import Recorder, Tracer, xray_recorder
from tests.daemon import Daemon

PROJECT = Path(__file__).resolve().parents[1]


@dataclasses.dataclass
class Service:
    tracer: Tracer
    recorder: Recorder
    limits: dict[str, list[int]]


class Provider:
    """Somebody else's, which can be pickled."""

    def put_annotation(self, key: str, value: Any) -> None: ...
    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None: ...
    def in_subsegment(self, name: str | None = None, **kwargs: Any) -> Any: ...
    def in_subsegment_async(self, name: str | None = None, **kwargs: Any) -> Any: ...
    def patch(self, modules: Any) -> None: ...
    def patch_all(self) -> None: ...


def service() -> Service:
    return Service(Tracer(service="shop", auto_patch=False), xray_recorder, {"a": [1]})


def test_copies_keep_the_same_tracer_and_recorder(daemon: Daemon) -> None:
    original = service()
    with xray_recorder.in_subsegment("open"):
        copies = [copy.copy(original), copy.deepcopy(original), dataclasses.replace(original)]
        as_dict = dataclasses.asdict(original)

    assert [each.tracer is original.tracer for each in copies] == [True] * 3
    assert [each.recorder is xray_recorder for each in copies] == [True] * 3
    assert copies[1].limits is not original.limits
    assert as_dict["tracer"] is original.tracer
    assert as_dict["recorder"] is xray_recorder
    daemon.expect_tree("open")


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_tracer_is_one_of_the_same_service_that_works(protocol: int, daemon: Daemon) -> None:
    original = service()
    with xray_recorder.in_subsegment("open"):
        loaded = pickle.loads(pickle.dumps(original, protocol))

        assert loaded.tracer.capture_method(len)([]) == 0

    assert loaded.recorder is loaded.tracer.provider is xray_recorder
    assert (loaded.tracer.service, loaded.tracer.disabled) == ("shop", False)
    daemon.expect_tree("""
        open
          ## builtins.len
    """)


def test_a_subclass_keeps_what_it_has(daemon: Daemon) -> None:
    loaded = pickle.loads(pickle.dumps(Ours("shop")))

    assert (type(loaded), loaded.extra, loaded.service) == (Ours, [1], "shop")


class Ours(Tracer):
    def __init__(self, service: str) -> None:
        super().__init__(service=service, auto_patch=False)
        self.extra = [1]


def test_a_tracer_with_another_provider_brings_that(daemon: Daemon) -> None:
    loaded = pickle.loads(pickle.dumps(Tracer(provider=Provider(), auto_patch=False)))

    assert type(loaded.provider) is Provider


def test_another_recorder_is_copied_as_itself_and_pickled_as_a_new_one(daemon: Daemon) -> None:
    recorder = Recorder()

    assert copy.copy(recorder) is copy.deepcopy(recorder) is recorder
    loaded = pickle.loads(pickle.dumps(recorder))
    assert type(loaded) is Recorder
    assert loaded is not xray_recorder
    with loaded.in_subsegment("works"):
        pass
    daemon.expect_tree("works")
    loaded.emitter.reset()


PROGRAM = """
import multiprocessing
import pickle
import sys
from lambda_tracer import Tracer, xray_recorder

class Service:
    def __init__(self):
        self.tracer, self.recorder = Tracer(service="shop"), xray_recorder

    def work(self, number):
        with self.recorder.in_subsegment("inside"):
            return self.tracer.service, number, self.recorder is xray_recorder is self.tracer.provider

if __name__ == "__main__":
    service = Service()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(service.work, [1, 2]))
"""


def test_an_object_that_keeps_a_tracer_is_sent_to_another_process(daemon: Daemon, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, str(path)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout.strip(), done.stderr) == ("[('shop', 1, True), ('shop', 2, True)]", "")
    assert [part["name"] for part in daemon.subsegments()] == ["inside", "inside"]
