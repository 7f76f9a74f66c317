"""Imports that fail, go in circles, or come from several threads."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

import pytest

from lambda_tracer.patches.registry import patch
from tests.daemon import PATIENCE_S, Daemon
from tests.patches.registry.made_up import SOURCE, MadeUp, is_traced

BROKEN = {
    "a module that is missing": "import no_such_module",
    "a name that is missing": "from json import no_such_name",
    "an import of its own that is missing": "from . import no_such_name",
    "no Python": "def call(:\n    pass",
    "an exception": "call = 1 / 0",
    "an exit": "import sys\nsys.exit(3)",
    "an interruption": "raise KeyboardInterrupt",
    "an exception without a message": "raise ImportError",
}


def failure(name: str) -> list[Any]:
    """How an import fails, without where."""
    try:
        importlib.import_module(name)
    except BaseException as error:
        about = [getattr(error, attribute, None) for attribute in ("name", "path", "lineno", "code", "args")]
        return [type(error), str(error), *about, error.__cause__, type(error.__context__)]
    raise AssertionError("the import did not fail")


@pytest.mark.parametrize("trouble", BROKEN)
def test_an_import_that_fails_does_so_as_before_and_leaves_nothing(made_up: MadeUp, trouble: str) -> None:
    made_up.write({"madeup/__init__": BROKEN[trouble]})
    before = failure("madeup")
    made_up.known()
    patch(["madeup"])
    modules = set(sys.modules)

    assert failure("madeup") == before

    assert set(sys.modules) - modules == set()
    assert made_up.patched == []


def test_a_library_whose_import_failed_is_patched_once_it_succeeds(made_up: MadeUp, daemon: Daemon) -> None:
    made_up.write({"madeup": "raise OSError('not today')"})
    made_up.known()
    patch(["madeup"])
    with pytest.raises(OSError, match="not today"):
        importlib.import_module("madeup")

    made_up.write({"madeup": SOURCE})

    assert importlib.import_module("madeup").call() == "called"
    daemon.expect_tree("madeup")


def test_a_package_whose_optional_part_fails_is_patched(made_up: MadeUp) -> None:
    optional = "try:\n    from . import extra\nexcept ImportError:\n    extra = None\n"
    made_up.write(
        {"madeup/__init__": SOURCE + optional, "madeup/extra": f"{SOURCE}\nimport no_such_module\n"}
    )
    made_up.known("madeup", "madeup.extra")
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert (module.extra, is_traced(module), made_up.patched) == (None, True, [module])
    assert "madeup.extra" not in sys.modules


def test_modules_that_import_each_other_are_patched_each_when_it_is_complete(made_up: MadeUp) -> None:
    seen = "\nseen = sorted(name for name in vars({0}) if name in ('call', 'end'))\n"
    made_up.write(
        {
            "madeup/__init__": "",
            "madeup/one": f"import madeup.two as two\n{SOURCE}\nend = 1\n{seen.format('two')}",
            "madeup/two": f"import madeup.one as one\n{SOURCE}\nend = 1\n{seen.format('one')}",
        }
    )
    made_up.known("madeup.one", "madeup.two")
    patch(["madeup"])

    one = importlib.import_module("madeup.one")
    two = sys.modules["madeup.two"]

    assert made_up.patched == [two, one]
    assert (one.seen, two.seen) == (["call", "end"], [])
    assert is_traced(one)
    assert is_traced(two)


def test_a_library_that_is_being_imported_is_patched_when_it_is_complete(made_up: MadeUp) -> None:
    made_up.write({"madeup": f"from lambda_tracer import patch\npatch(['madeup'])\n{SOURCE}"})
    made_up.known()
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert made_up.patched == [module]


def test_threads_that_import_at_the_same_time_neither_wait_forever_nor_patch_twice(made_up: MadeUp) -> None:
    names = [f"madeup{number}" for number in range(8)]
    made_up.write({"madeup_base": SOURCE})
    for number, name in enumerate(names):
        # Each imports what all import, and the next but one: in the end, in a circle.
        after = names[(number + 2) % len(names)]
        made_up.write({name: f"import time, madeup_base\ntime.sleep(0.001)\nimport {after}\n{SOURCE}"})
    made_up.known("madeup_base", *names)
    patch(["madeup"])
    start = threading.Barrier(2 * len(names))
    failures: list[BaseException] = []

    def work(name: str) -> None:
        start.wait(PATIENCE_S)
        try:
            importlib.import_module(name)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[name], daemon=True) for name in names * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert [thread for thread in threads if thread.is_alive()] == []
    assert failures == []
    assert sorted(module.__name__ for module in made_up.patched) == sorted([*names, "madeup_base"])
