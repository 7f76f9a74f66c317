"""What is released runs from one file, and is in every other way the separate modules.

Each program below runs twice: with the package from the sources, and with that of the wheel.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from release import amalgamation, as_function
from tests.daemon import Daemon
from tests.documents import Document
from tests.layer.running import interpreters
from tests.shared_build import built_once

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "lambda_tracer"
FUTURE = "from __future__ import annotations\n"

COLD_START = """
import awslambdaric.bootstrap, json, sys
opened = []
sys.addaudithook(lambda event, args: event == "open" and str(args[0]).endswith(".py") and opened.append(args[0]))
from lambda_tracer import Tracer

tracer = Tracer(service="shop")

@tracer.capture_method
def charge(amount):
    tracer.put_annotation("amount", amount)
    tracer.put_metadata("a", [1, {"b": None}])
    if amount > 5:
        raise ValueError("too much")
    return {"status": "paid", "amount": amount, "lines": [1, 2.5, None, True]}

@tracer.capture_lambda_handler
def handler(event, context):
    return charge(event["amount"])

handler({"amount": 3}, None)
"""

LOADED = """
folder = sys.path[0]
own = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "lambda_tracer"}
print(json.dumps({
    "modules": {name: module.__file__ for name, module in own.items()},
    "opened": [name for name in opened if name.startswith(folder)],
}))
"""

FACTS = """
import importlib, json, re, sys, types
import lambda_tracer
for name in json.loads(sys.argv[2]):
    importlib.import_module(name)

def of(code):
    "What there is to say of code, which is what it does, and that of what is in it."
    yield [code.co_name, code.co_flags & ~0x10, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount]
    yield [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from of(each)
        else:
            yield shown(each)

def shown(value):
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))

def functions(names, module, seen):
    for name, value in names.items():
        value = getattr(value, "__wrapped__", getattr(value, "__func__", value))
        for each in (value.fget, value.fset) if isinstance(value, property) else (value,):
            if isinstance(each, type) and each.__module__ == module.__name__ and each not in seen:
                seen.add(each)
                yield f"class {each.__qualname__}", [shown(each.__mro__), each.__doc__, sorted(vars(each))]
                yield from functions(vars(each), module, seen)
            elif isinstance(each, types.FunctionType) and each.__globals__ is vars(module):
                defaults = shown([each.__defaults__, each.__kwdefaults__])
                yield each.__qualname__, [each.__module__, each.__doc__, defaults, list(of(each.__code__))]

def facts(module):
    names = {name: value for name, value in vars(module).items() if name not in LEFT_OUT}
    return {
        "names": {name: type(value).__name__ for name, value in names.items()},
        "documented": [module.__name__, module.__doc__, module.__package__, getattr(module, "__path__", None)],
        "spec": [module.__spec__.name, module.__spec__.parent, module.__spec__.has_location],
        "functions": sorted(functions(names, module, set())),
    }

LEFT_OUT = {
    "__file__", "__cached__", "__spec__", "__loader__",  # say where it comes from
    "__annotations__", "__annotate__", "__conditional_annotations__",  # of the module's own variables
    "annotations",  # from __future__
}
own = {name: facts(sys.modules[name]) for name in json.loads(sys.argv[2])}
print(json.dumps(own).replace(json.dumps(sys.argv[1])[1:-1], ""))
"""


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is in the wheel."""

    def build(folder: Path) -> None:
        command = [
            sys.executable,
            "-m",
            "hatchling",
            "build",
            "--target",
            "wheel",
            "--directory",
            str(folder),
        ]
        subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
        (wheel,) = folder.iterdir()
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)

    return built_once(tmp_path_factory, "released", build)


@pytest.fixture
def as_read(python: str, tmp_path: Path) -> Path:
    """A folder with the separate modules, without what is not in the amalgamation. Made by the Python that reads it."""
    script = PROJECT / "tests" / "without_prose.py"
    subprocess.run(
        [python, "-I", script, PACKAGE, tmp_path / PACKAGE.name, *as_function.DOCUMENTED], check=True
    )
    return tmp_path


def run(folder: Path, program: str, *arguments: str, python: str = sys.executable, **variables: str) -> Any:
    """What the program prints, as JSON, with the package in that folder."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COVERAGE"))
    }
    program = f"import sys; sys.path.insert(0, sys.argv[1])\n{program}"
    ran = subprocess.run(
        [python, "-B", "-W", "error", "-c", program, str(folder), *arguments],
        env={**environment, **variables},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return json.loads(ran.stdout)


def invoked(folder: Path, program: str, daemon: Daemon) -> Any:
    """The same, in a Lambda function with a sampled invocation under way."""
    return run(
        folder,
        program,
        LAMBDA_TASK_ROOT="/var/task",
        AWS_XRAY_DAEMON_ADDRESS=daemon.address,
        _X_AMZN_TRACE_ID="Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    )


def names() -> list[str]:
    """The modules in the amalgamation."""
    return [f"lambda_tracer.{name}" for name in amalgamation.modules(PACKAGE)]


def test_a_cold_start_loads_the_same_modules_and_reads_two_files(released: Path, daemon: Daemon) -> None:
    """When it fails, `ALSO_LOADED` in release/amalgamation.py is most likely to be brought up to date."""
    source = invoked(PROJECT, COLD_START + LOADED, daemon)
    made = invoked(released, COLD_START + LOADED, daemon)
    daemon.clear()

    package, amalgamated = released / "lambda_tracer", "lambda_tracer._amalgamation"
    start, file = str(package / "__init__.py"), str(package / "_amalgamation.py")
    assert set(made["modules"]) == set(source["modules"]) | {amalgamated}
    assert made["modules"].pop("lambda_tracer") == start
    assert set(made["modules"].values()) == {file}
    assert made["opened"] == [start, file]


def test_the_documents_are_the_same(released: Path, daemon: Daemon) -> None:
    program = COLD_START + (
        "try: handler({'amount': 9}, None)\n"
        "except ValueError: pass\n"
        "import lambda_tracer\n"
        "with lambda_tracer.xray_recorder.in_subsegment('a', 'remote') as it: it.put_http_meta('status', 500)\n"
        "print(0)\n"
    )
    invoked(PROJECT, program, daemon)
    source = daemon.documents()
    invoked(released, program, daemon)
    made = daemon.documents()[len(source) :]

    assert len(source) == 3
    assert [without_ids(each) for each in made] == [without_ids(each) for each in source]


def without_ids(document: Document) -> Any:
    """The document without what is different at every run."""
    varying = re.compile(r'"(id|parent_id|start_time|end_time|cause)": ("[0-9a-f]{16}"|[0-9.]+)')
    return json.loads(varying.sub(r'"\1": 0', json.dumps(document)))


@pytest.mark.parametrize("python", interpreters(), ids=lambda path: Path(path).name)
def test_every_function_of_every_module_is_the_same(python: str, released: Path, as_read: Path) -> None:
    """Name, parameters, public docstrings, and what its code speaks of; and so is what else a module has.

    Not the bytecode: of a name that is imported at the top level the compiler calls an attribute in another way.
    """
    source = run(as_read, FACTS, json.dumps(names()), python=python)
    made = run(released, FACTS, json.dumps(names()), python=python)

    assert list(source) == list(made) == names()
    assert [name for name in names() if source[name] != made[name]] == []
    assert sum(len(facts["functions"]) for facts in made.values()) > 200


def test_help_shows_what_users_have_to_do_with(released: Path) -> None:
    program = """
import inspect, json, lambda_tracer
public = [each for each in (getattr(lambda_tracer, name) for name in lambda_tracer.__all__) if isinstance(each, type)]
public += [type(lambda_tracer.global_sdk_config)]
print(json.dumps([
    [each.__qualname__, inspect.getdoc(each)]
    for kind in public
    for each in (kind, *(value for name, value in vars(kind).items() if name[0] != "_" and callable(value)))
]))
"""
    source, made = run(PROJECT, program), run(released, program)

    assert len(source) > 60
    assert made == source


def test_the_text_is_the_same_whichever_python_makes_it(tmp_path: Path) -> None:
    texts = set()
    for python in interpreters():
        target = tmp_path / Path(python).name
        subprocess.run([python, "-m", "release.amalgamation", target], cwd=PROJECT, check=True)
        texts.add((target / "lambda_tracer" / "_amalgamation.py").read_bytes())

    assert len(texts) == 1


def test_the_wheel_has_what_the_tool_makes(released: Path) -> None:
    made = amalgamation.released(PACKAGE)

    assert {name: (released / "lambda_tracer" / name).read_bytes() for name in made} == made


def test_a_module_is_where_an_import_expects_it(released: Path) -> None:
    program = """
import json, importlib, lambda_tracer, lambda_tracer.recorder, lambda_tracer.sqs
from lambda_tracer import recorder, patches
from lambda_tracer.patches import importing, requests
print(json.dumps([
    lambda_tracer.recorder is recorder is sys.modules["lambda_tracer.recorder"],
    patches.importing is importing is sys.modules["lambda_tracer.patches.import_hook"],
    lambda_tracer.sqs.TraceHeader is lambda_tracer.TraceHeader,
    requests.__file__ == patches.__path__[0] + "/requests.py",
    repr(recorder),
]))
"""
    *found, representation = run(released, program)

    assert found == [True] * 4
    assert (
        representation
        == f"<module 'lambda_tracer.recorder' from '{released}/lambda_tracer/_amalgamation.py'>"
    )


def test_the_import_system_finds_a_module_and_can_reload_it(released: Path) -> None:
    program = """
import json, importlib.util, lambda_tracer
spec = importlib.util.find_spec("lambda_tracer.settings")
before = lambda_tracer.settings, lambda_tracer.settings.service_name
after = importlib.reload(lambda_tracer.settings)
print(json.dumps([spec.name, spec.origin, spec.parent, after is before[0], after.service_name is before[1]]))
"""
    file = str(released / "lambda_tracer" / "_amalgamation.py")

    assert run(released, program) == ["lambda_tracer.settings", file, "lambda_tracer", True, False]


IMPORTS_BY_THREADS = """
import json, threading, time
name = sys.argv[2]
failed = []

def run(statement):
    try:
        exec(statement, {})
    except BaseException as error:
        failed.append(repr(error))

thread = threading.Thread(target=run, args=("import lambda_tracer",))
thread.start()
while "lambda_tracer._amalgamation" not in sys.modules:
    time.sleep(1e-5)
run(f"import {name}")
thread.join()
import lambda_tracer, lambda_tracer.recorder
is_one = lambda_tracer.xray_recorder is lambda_tracer.recorder.xray_recorder
print(json.dumps([failed, is_one, sys.modules[name].__spec__._initializing]))
"""


@pytest.mark.parametrize("name", ["lambda_tracer.recorder", "lambda_tracer.patches", "lambda_tracer.sqs"])
@pytest.mark.parametrize("kind", ["wheel", "layer"])
def test_a_thread_may_import_a_module_while_another_imports_the_package(
    kind: str, name: str, released: Path, tmp_path: Path
) -> None:
    """The layer does not have the separate modules."""
    folder = released
    if kind == "layer":
        folder = tmp_path
        alone = {path.relative_to(PACKAGE) for path in amalgamation.modules(PACKAGE).values()}
        for path in (released / PACKAGE.name).rglob("*.py"):
            relative = path.relative_to(released / PACKAGE.name)
            if relative not in alone:
                (folder / PACKAGE.name / relative).parent.mkdir(parents=True, exist_ok=True)
                (folder / PACKAGE.name / relative).write_bytes(path.read_bytes())

    assert [run(folder, IMPORTS_BY_THREADS, name) for _ in range(4)] == [[[], True, False]] * 4


def test_what_is_pickled_by_name_is_found(released: Path) -> None:
    program = """
import json, pickle, lambda_tracer
from lambda_tracer import Recorder, TraceHeader, Tracer
things = [TraceHeader, Recorder, Recorder.begin_subsegment, Tracer.capture_method, lambda_tracer.settings.service_name]
print(json.dumps([pickle.loads(pickle.dumps(each)) is each for each in things]))
"""

    assert run(released, program) == [True] * 5


@pytest.mark.parametrize("python", interpreters(), ids=lambda path: Path(path).name)
def test_the_source_of_a_class_and_of_a_function_is_shown(python: str, released: Path) -> None:
    """Before Python 3.13 that of functions and methods alone: `inspect` seeks a class by what is written around it."""
    program = """
import inspect, json, lambda_tracer
from lambda_tracer import Recorder, Tracer, settings
things = [Recorder.begin_subsegment, Tracer.patch]
things += [settings.SDKConfig] if sys.version_info >= (3, 13) else []
lines = [line.strip() for each in things for line in inspect.getsource(each).splitlines()]
lines = [line for line in lines if not line.startswith("def ")]  # which has lost its annotations
print(json.dumps([lines, [inspect.getsourcefile(each) for each in things]]))
"""
    source, _ = run(PROJECT, program, python=python)
    made, files = run(released, program, python=python)

    assert made == source
    assert set(files) == {str(released / "lambda_tracer" / "_amalgamation.py")}


def test_a_traceback_shows_the_line_and_the_guard_says_which_it_is(released: Path) -> None:
    program = """
import json, logging, traceback, lambda_tracer
from lambda_tracer import guard, settings
said = []
handler = logging.Handler()
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger("lambda_tracer").addHandler(handler)
try:
    lambda_tracer.patch(["no such library"])
except ValueError as error:
    guard.failed(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
print(json.dumps([said, last.filename, last.lineno, last.name, last.line]))
"""
    [said], file, number, function, line = run(released, program)

    amalgamated = released / "lambda_tracer" / "_amalgamation.py"
    assert file == str(amalgamated)
    assert (function, line) == ("check", amalgamated.read_text().splitlines()[number - 1].strip())
    assert "raise ValueError" in line
    assert said.endswith(f"ValueError at _amalgamation.py:{number}")


def test_an_editable_installation_runs_the_sources() -> None:
    """As this environment does, which has one."""
    program = """
import json, lambda_tracer.recorder
print(json.dumps([*sys.modules, lambda_tracer.recorder.__file__]))
"""
    *loaded, file = run(Path("/no such folder"), program)

    assert file == str(PACKAGE / "recorder.py")
    assert "lambda_tracer._amalgamation" not in loaded
    assert not (PACKAGE / "_amalgamation.py").exists()


@pytest.mark.slow
def test_mypy_finds_the_types_of_what_is_installed(released: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    venv.create(tmp_path / "environment", with_pip=False)
    (site,) = (tmp_path / "environment").glob("lib/python*/site-packages")
    (site / "lambda_tracer").symlink_to(released / "lambda_tracer")
    (tmp_path / "app.py").write_text(
        "from lambda_tracer import Tracer, settings\n"
        "@Tracer().capture_method\n"
        "def charge(amount: int) -> str: return str(amount)\n"
        "reveal_type(charge(1))\n"
        "reveal_type(settings.service_name())\n"
        "charge('1')\n"
    )

    environment = str(tmp_path / "environment" / "bin" / "python")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", environment, "app.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    found = re.findall(r"^app.py:(\d+): (\w+): .*\[?(str|arg-type)\b", ran.stdout, re.MULTILINE)
    assert Counter(found) == Counter([("4", "note", "str"), ("5", "note", "str"), ("6", "error", "arg-type")])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("from os import *\n", "an import of *"),
        ("key = lambda: 0\n", "a lambda"),
        ("if True:\n    names = locals()\n", "a call of locals()"),
        ("def f(all=vars()): pass\n", "a call of vars()"),
        ("global x\nx = 1\n", "a global statement"),
        ('x = 1\ny = f"""a\n{x}"""\n', "an f-string of several lines"),
        ("from __future__ import annotations, division\n", "must stand there, alone in its line"),
        ("x: (int) = 1\n", "it is no Python"),
    ],
)
def test_what_would_mean_something_else_is_refused(source: str, reason: str) -> None:
    source = source if "__future__" in source else FUTURE + source

    with pytest.raises(as_function.CannotAmalgamate, match=re.escape(reason)) as caught:
        as_function.as_function(source.encode(), "_module", Path("module.py"))
    assert str(caught.value).startswith("module.py: ")


@pytest.mark.parametrize("source", ["await x\n", "yield 1\n", "return 1\n", "nonlocal x\n"])
def test_what_is_no_module_is_none_in_a_function_either(source: str) -> None:
    with pytest.raises(SyntaxError, match=r"module\.py"):
        as_function.as_function((FUTURE + source).encode(), "_module", Path("module.py"))
