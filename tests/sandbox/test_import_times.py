"""Slow imports are subsegments, nested as they import each other, as long as they took; nothing else changes."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.daemon import Daemon
from tests.functions.running import python, running
from tests.tree import tree

COLD_START = Path(__file__).resolve().parents[1] / "functions" / "cold_start"

PRELUDE = """
import os, sys
from lambda_tracer import Tracer, xray_recorder
sys.path.insert(0, os.environ["MODULES"])
"""


def write(folder: Path, **modules: str) -> str:
    """Modules by their paths, without the suffix; returns their folder."""
    for name, code in modules.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(code), encoding="utf-8")
    return str(folder)


def test_a_cold_start_is_explained_import_by_import(daemon: Daemon) -> None:
    with running(daemon, COLD_START, LAMBDA_TRACER_IMPORTS_MS="100") as function:
        result = function()
        function()

    assert result["answer"] == 42
    daemon.expect_tree("""
        Initialization code
          import shop
            import shop.catalog
              import shop.pictures
            read settings
        ## lambda_handler
          import shop.late
        ## lambda_handler
    """)


@pytest.mark.alone
def test_the_times_are_those_of_the_sleeps(daemon: Daemon) -> None:
    """Within 10 %, as the sleeps themselves turned out to be; again, where what else runs here got in between."""
    for _ in range(10):
        daemon.clear()
        with running(daemon, COLD_START, LAMBDA_TRACER_IMPORTS_MS="100") as function:
            spans = function()["spans"]
        if all(0 <= extra <= 0.1 for extra in _extras(daemon, spans)):
            break

    assert set(spans) == {"shop", "shop.catalog", "shop.pictures", "shop.late"}
    assert all(0 <= extra <= 0.1 for extra in _extras(daemon, spans)), _extras(daemon, spans)


def _extras(daemon: Daemon, spans: dict[str, list[float]]) -> list[float]:
    """By which part each import's own time is longer than its sleep; negative if the sleep is not inside it."""
    imports = [part for part in daemon.subsegments() if part["name"].startswith("import ")]
    extras = []
    for module, (began_at, ended_at) in spans.items():
        part = daemon.subsegment(f"import {module}")
        inner = sum(_duration(each) for each in imports if each["parent_id"] == part["id"])
        is_inside = part["start_time"] <= began_at + 1e-5 and ended_at - 1e-5 <= part["end_time"]
        slept = ended_at - began_at
        extras.append((_duration(part) - inner - slept) / slept if is_inside else -1.0)
    return extras


def _duration(part: dict[str, Any]) -> float:
    duration: float = part["end_time"] - part["start_time"]
    return duration


def test_it_is_off_unless_asked_for(daemon: Daemon) -> None:
    with running(daemon, COLD_START) as function:
        function()

    daemon.expect_tree("""
        Initialization code
          read settings
        ## lambda_handler
    """)


def test_the_tracer_asks_for_what_takes_ten_milliseconds(daemon: Daemon, tmp_path: Path) -> None:
    """A busy machine may take as long for one module that does nothing, but not for each of ten."""
    fast = [f"fast{number}" for number in range(10)]
    modules = write(tmp_path, slow="import time; time.sleep(0.03)", **dict.fromkeys(fast, ""))
    ran = python(
        PRELUDE
        + f"""
tracer = Tracer(trace_imports=True)
with xray_recorder.in_subsegment("work"):
    import slow, {", ".join(fast)}
""",
        MODULES=modules,
    )

    assert ran.stderr == ""
    parents = {part["name"]: part.get("parent_id") for part in daemon.subsegments()}
    assert parents["import slow"] == daemon.subsegment("work")["id"]
    assert not parents.keys() >= {f"import {name}" for name in fast}


def test_the_tracer_may_refuse_what_the_environment_asks_for(daemon: Daemon, tmp_path: Path) -> None:
    modules = write(tmp_path, slow="import time; time.sleep(0.03)")
    python(
        PRELUDE
        + """
tracer = Tracer(trace_imports=False)
with xray_recorder.in_subsegment("work"):
    import slow
""",
        MODULES=modules,
        LAMBDA_TRACER_IMPORTS_MS="1",
    )

    daemon.expect_tree("work")


def test_a_threshold_of_zero_records_every_import(daemon: Daemon, tmp_path: Path) -> None:
    modules = write(tmp_path, **{"package/__init__": "from . import inner", "package/inner": ""})
    python(
        PRELUDE
        + """
tracer = Tracer(auto_patch=False)
with xray_recorder.in_subsegment("work"):
    import package
""",
        MODULES=modules,
        LAMBDA_TRACER_IMPORTS_MS="0",
    )

    daemon.expect_tree("""
        work
          import package
            import package.inner
    """)


def test_what_a_fast_import_recorded_goes_to_the_one_above(daemon: Daemon, tmp_path: Path) -> None:
    modules = write(
        tmp_path,
        fast="""
        from lambda_tracer import xray_recorder
        with xray_recorder.in_subsegment("in the import"):
            pass
        xray_recorder.begin_subsegment("left open")
        """,
    )
    python(
        PRELUDE
        + """
tracer = Tracer()
with xray_recorder.in_subsegment("work"):
    import fast
    with xray_recorder.in_subsegment("afterwards"):
        pass
""",
        MODULES=modules,
        LAMBDA_TRACER_IMPORTS_MS="60000",
    )

    parts = {part["name"]: part for part in daemon.subsegments()}
    known = {part["id"] for part in parts.values()}
    assert {"work", "in the import", "left open", "afterwards"} <= set(parts)
    assert all(part["parent_id"] in known for name, part in parts.items() if name != "work")


FAILING = {
    "fails": "import holder\nraise holder.error",
    "lacks": "import nowhere_to_be_found",
    "around": "import fails",
    "broken": "def :",
    "exits": "raise SystemExit(3)",
    "holder": "error = ImportError('the very one', name='x', path='y')",
}


@pytest.mark.parametrize("imports", ["60000", "0"])
@pytest.mark.parametrize(
    "module", ["fails", "lacks", "around", "broken", "exits", "nowhere", "package.nowhere"]
)
def test_an_import_that_fails_fails_as_it_would_unrecorded(
    daemon: Daemon, tmp_path: Path, module: str, imports: str
) -> None:
    program = (
        PRELUDE
        + f"""
import importlib, json
tracer = Tracer(auto_patch=False)
with xray_recorder.in_subsegment("work"):
    try:
        importlib.import_module({module!r})
    except BaseException as error:
        import holder
        raised = [type(error).__name__, str(error), getattr(error, "name", None), getattr(error, "path", None)]
        print(json.dumps([raised, error is holder.error, {module!r} in sys.modules]))
"""
    )
    modules = write(tmp_path, **FAILING)

    plain = python(program, MODULES=modules)
    daemon.clear()
    recorded = python(program, MODULES=modules, LAMBDA_TRACER_IMPORTS_MS=imports)

    assert (recorded.returncode, recorded.stderr) == (0, "")
    assert json.loads(recorded.stdout) == json.loads(plain.stdout)
    assert json.loads(plain.stdout)[2] is False
    assert tree(daemon).text.startswith("work")


def test_a_slow_import_that_fails_is_seen_to_have_failed_and_a_fast_one_leaves_no_trace(
    daemon: Daemon, tmp_path: Path
) -> None:
    modules = write(tmp_path, **{**FAILING, "fails": "import time; time.sleep(0.4); raise ImportError('no')"})
    python(
        PRELUDE
        + """
tracer = Tracer(auto_patch=False)
with xray_recorder.in_subsegment("work"):
    for module in ("around", "lacks"):
        try:
            __import__(module)
        except ImportError:
            pass
""",
        MODULES=modules,
        LAMBDA_TRACER_IMPORTS_MS="200",
    )

    daemon.expect_tree("""
        work
          import around  fault ImportError
            import fails  fault ImportError
    """)


def test_modules_keep_their_own_loaders_and_specs(daemon: Daemon, tmp_path: Path) -> None:
    modules = write(
        tmp_path,
        **{
            "package/__init__": "seen = type(__spec__.loader).__name__, type(__loader__).__name__",
            "package/inner": "value = 1",
            "namespace/inner": "",
        },
    )
    (tmp_path / "package" / "data.txt").write_text("data")
    ran = python(
        PRELUDE
        + """
tracer = Tracer(auto_patch=False)
with xray_recorder.in_subsegment("work"):
    import importlib, importlib.resources, inspect, pkgutil
    import package.inner, namespace.inner
    again = importlib.reload(package.inner)
print(package.seen, type(package.inner.__spec__.loader).__name__, again is package.inner)
print(pkgutil.get_data("package", "data.txt"), inspect.getsource(package.inner))
print(importlib.resources.files("package").joinpath("data.txt").read_text())
""",
        MODULES=modules,
        LAMBDA_TRACER_IMPORTS_MS="0",
    )

    assert ran.stderr == ""
    assert ran.stdout.split() == [
        *("('SourceFileLoader',", "'SourceFileLoader')", "SourceFileLoader", "True"),
        *("b'data'", "value", "=", "1"),
        *("data",),
    ]
    names = [part["name"] for part in daemon.subsegments()]
    assert names.count("import package.inner") == 2
    assert "import namespace.inner" in names


def test_unsampled_imports_are_not_recorded(daemon: Daemon) -> None:
    with running(daemon, COLD_START, LAMBDA_TRACER_IMPORTS_MS="0") as function:
        result = function(is_sampled=False)

    assert result["loader"] == "SourceFileLoader"
    assert daemon.documents() == []


def test_threads_that_import_the_same_module_do_not_disturb_each_other(
    daemon: Daemon, tmp_path: Path
) -> None:
    modules = write(tmp_path, slow="import time; time.sleep(0.5); value = 1")
    ran = python(
        PRELUDE
        + """
import threading
tracer = Tracer()
values = []

@tracer.capture_method
def load():
    import slow
    values.append(slow.value)

@tracer.capture_lambda_handler
def handler(event, context):
    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()

handler(None, None)
print(values)
""",
        MODULES=modules,
        LAMBDA_TRACER_IMPORTS_MS="50",
    )

    assert (ran.stdout.strip(), ran.stderr) == ("[1, 1, 1, 1]", "")
    names = [part["name"] for part in daemon.subsegments()]
    assert sorted(names) == ["## __main__.load"] * 4 + ["## handler", "import slow"]
