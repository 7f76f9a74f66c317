"""A package with its code ready to run behaves as one without it, and what is not right is not run.

Each test imports a copy of the package in a process of its own, from a folder without bytecode.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from bundle import build, sources
from lambda_tracer import bundle
from tests.shared_build import built_once

PROJECT = Path(__file__).parent.parent.parent
PYTHONS = build.interpreters()

FROM_BUNDLE = """
import sys, lambda_tracer
ready = getattr(sys.modules.get("lambda_tracer.bundle_rest"), "ready", {})
print("lambda_tracer.tracer" in ready and ready["lambda_tracer.tracer"][2] is not None)
"""


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        shutil.copytree(PROJECT / "lambda_tracer", folder / "lambda_tracer", ignore=_IGNORED)
        assert build.make(folder / "lambda_tracer", PYTHONS) == [python.version for python in PYTHONS]

    return built_once(tmp_path_factory, "bundled", make)


_IGNORED = shutil.ignore_patterns("__pycache__", "bundles", "local", "testing")


@pytest.fixture
def site(_made: Path, tmp_path: Path) -> Path:
    """A folder with the package in it, to be changed by the test."""
    return Path(shutil.copytree(_made, tmp_path / "site"))


@pytest.fixture(scope="session")
def _packed(_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        shutil.copytree(_made / "lambda_tracer", folder / "lambda_tracer")
        sources.pack(folder / "lambda_tracer")

    return built_once(tmp_path_factory, "packed", make)


@pytest.fixture
def packed(_packed: Path, tmp_path: Path) -> Path:
    """The same folder with the sources packed, as in the layer."""
    return Path(shutil.copytree(_packed, tmp_path / "packed"))


@pytest.fixture(params=["plain", "packed"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with the sources as files, or packed."""
    found: Path = request.getfixturevalue({"plain": "site", "packed": "packed"}[request.param])
    return found


def run(site: Path, program: str, *options: str, python: str = sys.executable) -> str:
    """What a program prints that has nothing on its path but the folder and the standard library."""
    program = f"import sys; sys.path.insert(0, {str(site)!r})\n{program}"
    command = [python, "-I", "-S", "-B", *options, "-c", program]
    ran = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.strip()


def start_bundle(site: Path) -> Path:
    return site / "lambda_tracer" / "bundles" / "start.bundle"


@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: python.version)
def test_every_module_is_loaded_from_a_bundle_but_the_two_that_find_it(
    python: build.Interpreter, site: Path
) -> None:
    program = """
compiled = []
from _frozen_importlib_external import SourceLoader
to_code = SourceLoader.source_to_code
SourceLoader.source_to_code = lambda self, data, path, **_: (compiled.append(path), to_code(self, data, path))[1]
import pkgutil, importlib, lambda_tracer
for module in pkgutil.walk_packages(lambda_tracer.__path__, "lambda_tracer."):
    # These want a handler, or what they are made for: an SDK, a framework.
    of_others = ["durable", "compat.django", "compat.sqlalchemy", "compat.flask_sqlalchemy"]
    of_otel = "beside bridge calls context current given provider span"
    of_others += ["otel." + name for name in of_otel.split()]
    if module.name.removeprefix("lambda_tracer.") not in ("auto", *of_others):
        importlib.import_module(module.name)
print(*sorted(path.partition("lambda_tracer/")[2] for path in compiled if "lambda_tracer/" in path))
"""

    assert run(site, program, python=python.command[0]).split() == ["__init__.py", "__main__.py", "bundle.py"]


@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: python.version)
def test_what_a_cold_start_needs_is_made_at_once_and_in_order(
    python: build.Interpreter, either: Path
) -> None:
    """Failing means that the list in bundle/build.py is behind, and a module is found and loaded one by one."""
    program = """
import os
os.environ["LAMBDA_TASK_ROOT"] = "/var/task"
import lambda_tracer
from _frozen_importlib_external import SourceFileLoader
made = [name for name in sys.modules if name.startswith("lambda_tracer.")]
found = []
load = SourceFileLoader.exec_module
SourceFileLoader.exec_module = lambda self, module: (found.append(module.__name__), load(self, module))
tracer = lambda_tracer.Tracer()
tracer.capture_lambda_handler(tracer.capture_method(lambda event, context: None))({}, None)
print(len(made), *[name for name in found if name.startswith("lambda_tracer")])
"""

    assert run(either, program, python=python.command[0]) == str(len(build.START) + 1)


def test_a_module_that_is_made_at_once_is_like_one_that_is_imported(either: Path) -> None:
    program = f"PROJECT = {str(PROJECT)!r}"
    program += """
import os
import lambda_tracer
from importlib.util import module_from_spec
for module in [module for name, module in sys.modules.items() if name.startswith("lambda_tracer.")]:
    name = module.__name__
    assert module.__spec__ == module_from_spec(module.__spec__).__spec__
    for attribute in ("__name__", "__package__", "__file__", "__path__", "__doc__", "__spec__"):
        expected = getattr(module_from_spec(module.__spec__), attribute, None)
        assert attribute == "__doc__" or getattr(module, attribute, None) == expected, (name, attribute)
    assert module.__loader__ is module.__spec__.loader
    assert module.__loader__.get_code(name).co_filename == module.__file__
    source = module.__loader__.get_source(name)
    assert source == open(os.path.join(PROJECT, *name.split(".")) + (
        "/__init__.py" if hasattr(module, "__path__") else ".py")).read()
    parent, _, last = name.rpartition(".")
    assert getattr(sys.modules[parent], last) is module
print("fine")
"""

    assert run(either, program) == "fine"


def test_nothing_is_compiled_and_nothing_is_written(site: Path) -> None:
    for path in (site / "lambda_tracer").rglob("*.py"):
        if path.name != "bundle.py" and path.parent != site / "lambda_tracer":
            path.write_bytes(b"?" * path.stat().st_size)  # no Python; of the same size
    before = sorted(site.rglob("*"))

    assert run(site, "import lambda_tracer.tracer, lambda_tracer.encode.any_value; print('fine')") == "fine"
    assert sorted(site.rglob("*")) == before


def test_files_lines_and_sources_are_those_of_the_repository(either: Path) -> None:
    program = """
import inspect, traceback, lambda_tracer
from lambda_tracer.trace import header
print(inspect.getsourcefile(lambda_tracer.Tracer.put_annotation))
print(inspect.getsource(header.TraceHeader.to_header_str).splitlines()[0])
print(inspect.signature(lambda_tracer.Tracer.put_annotation))
print(inspect.getdoc(lambda_tracer.Tracer.put_annotation).split(";")[0])
try:
    lambda_tracer.UDPEmitter("nonsense")
except ValueError as error:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    print(frame.filename, "raise" in frame.line)
"""

    assert run(either, program).splitlines() == [
        f"{either}/lambda_tracer/tracer.py",
        "    def to_header_str(self) -> str:",
        "(self, key: 'str', value: 'str | int | float | bool') -> 'None'",
        "Annotate the current subsegment",
        f"{either}/lambda_tracer/send/daemon_address.py True",
    ]


WORDS = """
import inspect, lambda_tracer
for name in lambda_tracer.__all__:
    held = getattr(lambda_tracer, name)
    for each in [held, *(getattr(held, below) for below in dir(held) if below[0] != "_")]:
        is_function = inspect.isfunction(each) or inspect.ismethod(each)
        signed = inspect.signature(each) if is_function else ""
        if is_function or inspect.isclass(each) or inspect.isdatadescriptor(each):
            print(name, getattr(each, "__name__", ""), signed, repr(inspect.getdoc(each)))
"""


@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: python.version)
def test_public_names_have_the_documentation_and_types_of_the_repository(
    python: build.Interpreter, site: Path
) -> None:
    of_bundle = run(site, WORDS, python=python.command[0])
    (start_bundle(site)).unlink()

    assert of_bundle.splitlines() == run(site, WORDS, python=python.command[0]).splitlines()
    assert (
        "put_annotation (self, key: 'str', value: 'str | int | float | bool') -> 'None' 'Annotate"
        in of_bundle
    )


def test_other_names_have_them_in_their_sources_alone(site: Path) -> None:
    program = """
import inspect
from lambda_tracer import guard
from lambda_tracer.sdk import recorder
print(inspect.signature(guard.failed), guard.failed.__doc__, guard.__doc__, guard.__annotations__)
print(inspect.getsource(guard.failed).splitlines()[0])
"""

    assert run(site, program).splitlines() == [
        "(error) None None {}",
        "def failed(error: BaseException) -> None:",
    ]


def test_a_source_that_was_edited_wins(site: Path) -> None:
    edited = site / "lambda_tracer" / "safe.py"
    edited.write_text(edited.read_text() + "\nEDITED = True\n")

    program = "import lambda_tracer.safe as safe; print(safe.EDITED, type(safe.__spec__.loader).__name__)"
    assert run(site, program) == "True SourceFileLoader"


@pytest.mark.parametrize("name", ["safe.py", "trace/header.py"])
def test_a_source_that_was_edited_wins_over_the_packed_one(name: str, packed: Path) -> None:
    """Whatever its size, for there is no file where nobody has put one."""
    edited = packed / "lambda_tracer" / name
    edited.parent.mkdir(exist_ok=True)
    source, added = (PROJECT / "lambda_tracer" / name).read_text(), "\nEDITED = True\n"
    edited.write_text(source[:3] + source[3 + len(added) :] + added)  # less documentation

    program = "from importlib import import_module as load; it = load(sys.argv[1])\n".replace(
        "sys.argv[1]", repr("lambda_tracer." + name.removesuffix(".py").replace("/", "."))
    )
    program += "import lambda_tracer.tracer as other; print(it.EDITED, type(other.__loader__).__name__)"
    assert run(packed, program) == "True BundleLoader"


@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: python.version)
def test_packed_sources_are_run_where_nothing_is_ready(python: build.Interpreter, packed: Path) -> None:
    """As by a Python that is newer than the layer."""
    for each in (packed / "lambda_tracer" / "bundles").iterdir():
        if each.name != "sources.bundle":
            each.unlink()
    before = sorted(packed.rglob("*"))
    program = """
import lambda_tracer.tracer, lambda_tracer.encode.cause, lambda_tracer.compat.finder
import lambda_tracer.encode.any_value as it
lambda_tracer.Tracer().capture_method(lambda: None)()
print(type(it.__loader__).__name__, it.__file__)
"""

    loaded = run(packed, program, python=python.command[0]).split()
    assert loaded == ["BundleLoader", f"{packed}/lambda_tracer/encode/any_value.py"]
    assert sorted(packed.rglob("*")) == before


def test_threads_that_ask_for_packed_sources_at_the_same_time_get_what_they_asked_for(packed: Path) -> None:
    program = f"PROJECT = {str(PROJECT / 'lambda_tracer')!r}"
    program += """
import random, sys, threading
from lambda_tracer import bundle_rest as it
sys.setswitchinterval(1e-5)
it.source_of("")
paths = [path for path in it.places if not path.startswith("dependencies/")]
wrong = []
def ask(seed):
    for path in random.Random(seed).sample(paths, 40):
        if it.source_of(f"{it.FOLDER}/{path}") != open(f"{PROJECT}/{path}", "rb").read():
            wrong.append(path)
threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(paths) > 200, wrong)
"""

    assert run(packed, program) == "True []"


def test_packed_sources_that_are_cut_short_are_said(packed: Path) -> None:
    _cut(packed / "lambda_tracer" / "bundles" / "sources.bundle")
    program = """
import lambda_tracer
try:
    import lambda_tracer.encode.cause
except ImportError as error:
    print(error)
"""

    said = run(packed, program)
    assert said == f"{packed}/lambda_tracer/bundles/sources.bundle is not whole"


def test_packed_modules_are_found_after_others_have_cleared_what_python_knows_of_folders(
    packed: Path,
) -> None:
    """As those do that put a path hook of theirs first."""
    program = """
import importlib, lambda_tracer
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
loaders = (ExtensionFileLoader, EXTENSION_SUFFIXES), (SourceFileLoader, [".py"])
sys.path_hooks.insert(0, FileFinder.path_hook(*loaders))
sys.path_importer_cache.clear()
importlib.invalidate_caches()
import lambda_tracer.events, lambda_tracer.encode.cause
try:
    import lambda_tracer.no_such_module
except ModuleNotFoundError as error:
    print(error)
"""

    assert run(packed, program) == "No module named 'lambda_tracer.no_such_module'"


def test_what_is_rare_is_found_after_a_first_attempt_has_failed(packed: Path) -> None:
    program = """
import resource, lambda_tracer.bundle_sources
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
try:
    import lambda_tracer.encode.cause
except OSError as error:
    print(error.strerror)
resource.setrlimit(resource.RLIMIT_NOFILE, limits)
import lambda_tracer.encode.cause
"""

    assert run(packed, program) == "Too many open files"


def test_imports_of_two_threads_do_not_wait_for_each_other(packed: Path) -> None:
    """As whoever finds a module keeps all others from it, nothing may be imported meanwhile."""
    program = """
import os, threading, time, lambda_tracer
from importlib.machinery import PathFinder
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name != "_lzma":
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name)
        load, spec.loader.exec_module = spec.loader.exec_module, self.exec_module
        self.load = load
        return spec
    def exec_module(self, module):
        other.start()
        time.sleep(0.2)
        import colorsys
        self.load(module)
def load():
    import lambda_tracer.encode.cause
other = threading.Thread(target=load, daemon=True)
sys.meta_path.insert(0, Slow())
def first():
    import lzma
thread = threading.Thread(target=first, daemon=True)
thread.start()
thread.join(30)
other.join(30)
print("lambda_tracer.encode.cause" in sys.modules, "lzma" in sys.modules, flush=True)
os._exit(0)
"""

    assert run(packed, program) == "True True"


def test_code_that_an_older_release_has_left_is_not_run_with_packed_sources(packed: Path) -> None:
    """Layers are unpacked over each other."""
    rare = packed / "lambda_tracer" / "bundles" / f"{sys.implementation.cache_tag}.bundle"
    assert b"lambda_tracer.sqs" in rare.read_bytes()
    older = packed.with_name("older")
    shutil.copytree(PROJECT / "lambda_tracer", older / "lambda_tracer", ignore=_IGNORED)
    with (older / "lambda_tracer" / "sqs.py").open("a") as source:
        source.write("OLD = True\n")
    this = [python for python in PYTHONS if python.tag == sys.implementation.cache_tag]
    build.make(older / "lambda_tracer", this)
    rare.write_bytes((older / "lambda_tracer" / "bundles" / rare.name).read_bytes())

    assert run(packed, "import lambda_tracer.sqs as it; print(hasattr(it, 'OLD'))") == "False"


def test_the_lines_of_what_calls_a_functions_code_come_first_of_the_packed_sources(packed: Path) -> None:
    """Lambda's runtime reads them of a handler's exception: all of the sources would take it 10 ms."""
    program = """
import traceback, lambda_tracer
tracer = lambda_tracer.Tracer()
@tracer.capture_lambda_handler
def handler(event, context):
    raise KeyError
try:
    handler({}, None)
except KeyError as error:
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__) if "lambda_tracer" in frame.filename]
from lambda_tracer import bundle_sources
((_, unpacked),) = bundle_sources._unpacked.values()
ends = max(end for _, end in lambda_tracer.bundle_rest.places.values())
print("function(*args" in lines[0], len(unpacked) < ends / 2)
"""

    assert run(packed, program) == "True True"


def _missing(bundle: Path) -> None:
    bundle.unlink()


def _cut(bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes()[:-1])


def _empty(bundle: Path) -> None:
    bundle.write_bytes(b"")


def _of_another_python(bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes().replace(MAGIC_NUMBER, b"????", 1))


def _of_another_format(bundle: Path) -> None:
    bundle.write_bytes(b"?" + bundle.read_bytes()[1:])


@pytest.mark.parametrize("spoil", [_missing, _cut, _empty, _of_another_python, _of_another_format])
def test_sources_are_run_where_the_bundle_is_not_right(spoil: Callable[[Path], None], either: Path) -> None:
    spoil(start_bundle(either))

    assert run(either, FROM_BUNDLE) == "False"


def test_with_assertions_off_the_sources_are_run(either: Path) -> None:
    assert run(either, FROM_BUNDLE) == "True"
    assert run(either, FROM_BUNDLE, "-O") == "False"


@pytest.mark.parametrize("spoil", [_missing, _cut, _empty, _of_another_format])
def test_what_is_rare_is_run_of_its_source_where_its_bundle_is_not_right(
    spoil: Callable[[Path], None], site: Path
) -> None:
    spoil(site / "lambda_tracer" / "bundles" / f"{sys.implementation.cache_tag}.bundle")

    program = "import lambda_tracer.encode.library_types as it; print(type(it.__spec__.loader).__name__)"
    assert run(site, program) == "SourceFileLoader"
    assert run(site, FROM_BUNDLE) == "True"


def test_without_sources_bytecode_beside_them_is_run(site: Path) -> None:
    """Some strip what they deploy of its sources."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", "-b", str(site)], check=True)
    for path in site.rglob("*.py"):
        path.unlink()

    assert run(site, "import lambda_tracer.tracer as it; print(type(it.__loader__).__name__)") == (
        "SourcelessFileLoader"
    )


def test_in_a_zip_the_sources_are_run(site: Path, tmp_path: Path) -> None:
    archive = tmp_path / "site.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for path in sorted(site.rglob("*")):
            made.write(path, path.relative_to(site))

    assert (
        run(archive, "import lambda_tracer.tracer as it; print(type(it.__loader__).__name__)")
        == "zipimporter"
    )


def test_threads_that_import_at_the_same_time_get_one_package(either: Path) -> None:
    program = """
import threading
found = []
def load():
    from lambda_tracer import Tracer, xray_recorder
    from lambda_tracer.encode import any_value
    found.append((id(Tracer), id(xray_recorder), id(any_value)))
threads = [threading.Thread(target=load) for _ in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), len(set(found)))
"""

    assert run(either, program) == "20 1"


def test_collections_go_on_after_the_import(site: Path) -> None:
    program = """
import gc
import lambda_tracer
print(gc.isenabled())
gc.disable()
for name in [name for name in sys.modules if name.startswith("lambda_tracer")]: del sys.modules[name]
import lambda_tracer
print(gc.isenabled())
"""

    assert run(site, program).split() == ["True", "False"]


@pytest.mark.skipif(sys.version_info < (3, 13), reason="needs Python 3.13: they have another name before")
def test_an_interpreter_within_the_process_loads_it_too(either: Path) -> None:
    program = f"""
import _interpreters
made = _interpreters.create()
result = _interpreters.exec(made, '''
import sys
sys.path.insert(0, {str(either)!r})
import lambda_tracer
assert lambda_tracer.bundle_rest.ready
''')
_interpreters.destroy(made)
print(result)
"""

    assert run(either, program) == "None"


def test_a_module_that_is_loaded_again_is_that_of_the_bundle(either: Path) -> None:
    program = """
import importlib, lambda_tracer.safe as safe
before = safe.safe_str
print(importlib.reload(safe) is safe, safe.safe_str is not before, safe.safe_str.__code__.co_filename)
"""

    assert run(either, program) == f"True True {either}/lambda_tracer/safe.py"


def test_the_same_sources_give_the_same_bytes(site: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(PROJECT / "lambda_tracer", again, ignore=_IGNORED)
    build.make(again, PYTHONS)

    bundles = sorted((site / "lambda_tracer" / "bundles").iterdir())
    assert [bundle.name for bundle in bundles] == sorted(
        ["start.bundle", *(f"{python.tag}.bundle" for python in PYTHONS)]
    )
    assert [bundle.read_bytes() for bundle in bundles] == [
        (again / "bundles" / bundle.name).read_bytes() for bundle in bundles
    ]


def test_a_python_that_is_missing_is_said_and_wanted_only_where_it_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert build.report(["3.11"], is_every_needed=False) == 0
    assert build.report(["3.11"], is_every_needed=True) == 1
    assert build.report(build.VERSIONS, is_every_needed=True) == 0

    said = capsys.readouterr().err.splitlines()
    assert said[0] == said[1]
    assert said[0].startswith(
        "ready to run for Python 3.11; compiled at each cold start on 3.10, 3.12, 3.13, 3.14"
    )
    assert said[2] == "each is needed: name those that are elsewhere in BUNDLE_PYTHONS"
    assert said[3] == "ready to run for Python 3.10, 3.11, 3.12, 3.13, 3.14"


def test_a_python_may_be_a_command_of_several_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLE_PYTHONS", f"no-such-python; {sys.executable} -X utf8")

    (this,) = [python for python in build.interpreters() if python.tag == sys.implementation.cache_tag]
    assert this.command == [sys.executable, "-X", "utf8"]


def test_what_writes_and_what_reads_agree_on_the_form() -> None:
    assert (build.KIND, build.HEADER_BYTES) == (bundle.KIND, bundle.HEADER_BYTES)
    assert build.FIRST_READ_BYTES == bundle.FIRST_READ_BYTES
