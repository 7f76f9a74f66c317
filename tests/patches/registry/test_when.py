"""When a library is patched: at once if it is imported, else at its import, and never by importing it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_tracer.patches.registry import patch
from tests.daemon import Daemon
from tests.patches.registry.made_up import MadeUp

PROJECT = Path(__file__).resolve().parents[3]


def run(program: str, **variables: str) -> str:
    """Run Python in a process of its own; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(PROJECT), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_registering_imports_nothing_but_ourselves() -> None:
    program = """
import sys
from lambda_tracer import Tracer
before = set(sys.modules)
Tracer(disabled=False)
print(sorted(name for name in set(sys.modules) - before))
"""

    new = eval(run(program, LAMBDA_TASK_ROOT="/var/task"))

    assert [name for name in new if not name.startswith("lambda_tracer.")] == []
    patches = {name for name in new if name.startswith("lambda_tracer.patches.")}
    assert patches <= {
        f"lambda_tracer.patches.{name}" for name in ("import_hook", "registry", "replace", "threads")
    }


SQLITE = {
    "imported before": "import sqlite3\nTracer()\nconnect = sqlite3.connect",
    "imported after": "Tracer()\nimport sqlite3\nconnect = sqlite3.connect",
    "imported before by name": "from sqlite3 import connect\nTracer()",
    "imported after by name": "Tracer()\nfrom sqlite3 import connect",
    "another module of it imported before": "import sqlite3.dbapi2\nTracer()\nfrom sqlite3 import connect",
    "another module of it imported after": "Tracer()\nfrom sqlite3.dbapi2 import connect",
    "imported in the middle of two Tracers": "Tracer()\nimport sqlite3\nTracer()\nconnect = sqlite3.connect",
}


@pytest.mark.parametrize("order", SQLITE)
def test_the_order_of_imports_does_not_matter(order: str, daemon: Daemon) -> None:
    run(f"from lambda_tracer import Tracer\n{SQLITE[order]}\nconnect(':memory:').execute('select 1')")

    daemon.expect_tree(":memory:")


def test_a_library_that_is_imported_is_patched_at_once(library: MadeUp, daemon: Daemon) -> None:
    module = importlib.import_module("madeup")

    patch(["madeup"])

    assert module.call() == "called"
    daemon.expect_tree("madeup")


def test_a_library_that_is_not_is_patched_when_it_is_imported(library: MadeUp, daemon: Daemon) -> None:
    patch(["madeup"])
    assert library.patched == []

    from madeup import call  # type: ignore[import-not-found]

    assert call() == "called"
    daemon.expect_tree("madeup")


def test_each_module_of_a_library_is_patched_when_it_is_imported(made_up: MadeUp) -> None:
    made_up.package()
    made_up.known("madeup", "madeup.extra")
    patch(["madeup"])

    package = importlib.import_module("madeup")
    was_patched = list(made_up.patched)
    extra = importlib.import_module("madeup.extra")

    assert was_patched == [package]
    assert made_up.patched == [package, extra]


def test_a_library_that_is_not_installed_is_missing_as_before(made_up: MadeUp) -> None:
    made_up.known("madeup_missing", library="madeup")

    patch(["madeup"])

    with pytest.raises(ModuleNotFoundError) as raised:
        importlib.import_module("madeup_missing")
    assert (str(raised.value), raised.value.name) == ("No module named 'madeup_missing'", "madeup_missing")


def test_a_library_that_somebody_has_blocked_stays_blocked(
    library: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "madeup", None)

    patch(["madeup"])

    with pytest.raises(ModuleNotFoundError, match="import of madeup halted"):
        importlib.import_module("madeup")
