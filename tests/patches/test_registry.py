"""The registry of patches: its names, when a library is patched, what that leaves as it was, and how it is undone."""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import importlib.machinery
import importlib.resources
import importlib.util
import inspect
import logging
import os
import pickle
import pkgutil
import runpy
import subprocess
import sys
import threading
import zipfile
import zipimport
from collections.abc import Callable, Iterator
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import lambda_tracer
from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.patches import own_packages, patch, patch_all, registry, replace, unpatch, unpatch_all
from lambda_tracer.patches.registry import ALIASES, LIBRARIES, Library
from tests.conftest import Invoke
from tests.daemon import PATIENCE_S, Daemon

PROJECT = Path(__file__).resolve().parents[2]

SOURCE = """
import sys

loader_while_running = __loader__
spec_loader_while_running = __spec__.loader

def call():
    return "called"

class Client:
    def method(self):
        return self
    @staticmethod
    def static():
        return "static"
    @classmethod
    def of_class(cls):
        return cls
"""


class MadeUp:
    """A library that a test makes up, on disk, and its patch: `call()` is a subsegment named by the module."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patched: list[ModuleType] = []
        self.targets: Callable[[Any], list[tuple[Any, str]]] = lambda module: [(module, "call")]
        self._monkeypatch = monkeypatch
        monkeypatch.syspath_prepend(str(folder))

    def write(self, sources: dict[str, str]) -> None:
        """Write files, by path without `.py`; importlib is told that they are new."""
        for name, source in sources.items():
            path = self.folder / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        importlib.invalidate_caches()

    def package(self, name: str = "madeup") -> None:
        """A package with a file of data and a module in it."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "__init__.py").write_text(SOURCE)
        (folder / "extra.py").write_text(SOURCE)
        (folder / "data.txt").write_text("some data")
        importlib.invalidate_caches()

    def known(self, *modules: str, library: str = "madeup", needs: tuple[str, ...] = ()) -> None:
        """Have the registry know the library: those of its modules are patched."""
        patches = ModuleType(f"lambda_tracer.patches.{library}")
        patches.__dict__.update(targets=self._targets)
        self._monkeypatch.setitem(LIBRARIES, library, Library("", modules or (library,), needs=needs))
        self._monkeypatch.setitem(sys.modules, patches.__name__, patches)

    def forget(self) -> None:
        """Remove from `sys.modules` what tests have made up."""
        for name in [name for name in sys.modules if name.startswith("madeup")]:
            del sys.modules[name]

    def _targets(self, module: ModuleType) -> list[replace.Target]:
        make = functools.partial(self._traced, module)
        return [(owner, name, make) for owner, name in self.targets(module)]

    def _traced(self, module: ModuleType, function: Callable[..., Any]) -> Callable[..., Any]:
        self.patched.append(module)

        def traced(*args: Any, **kwargs: Any) -> Any:
            with xray_recorder.in_subsegment(function.__module__, namespace="remote"):
                return function(*args, **kwargs)

        return traced


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeUp]:
    made_up = MadeUp(tmp_path, monkeypatch)
    yield made_up
    unpatch_all()
    made_up.forget()


@pytest.fixture
def library(made_up: MadeUp) -> MadeUp:
    """The package `madeup`, not imported yet, which the registry knows."""
    made_up.package()
    made_up.known()
    return made_up


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    yield
    unpatch_all()


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


def is_traced(module: Any) -> bool:
    """Whether `call` of a made-up library is replaced."""
    return replace.is_replaced(module, "call")


def records_of(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


IN_THEIR_OWN_WAY = ("pymongo", "sqlalchemy_core", "sqlite3")
"""Libraries that are not patched by replacing functions alone."""


# Names


def test_every_name_that_the_x_ray_sdk_takes_is_known() -> None:
    patcher = pytest.importorskip("aws_xray_sdk.core.patcher", reason="aws-xray-sdk is not installed")

    assert {*patcher.SUPPORTED_MODULES, "boto3", "aioboto3"} <= {*LIBRARIES, *ALIASES}


def test_no_two_libraries_are_patched_at_the_same_module() -> None:
    modules = [module for library in LIBRARIES.values() for module in library.modules]

    assert len(modules) == len(set(modules))


def test_every_alias_stands_for_a_library_that_is_known() -> None:
    assert set(ALIASES.values()) <= set(LIBRARIES)
    assert not set(ALIASES) & set(LIBRARIES)


@pytest.mark.parametrize("name", LIBRARIES)
def test_every_library_has_a_patch_of_the_one_shape(name: str) -> None:
    module: Any = registry.patch_of(name)
    says = [word for word in ("targets", "patch", "unpatch") if hasattr(module, word)]

    assert module.__name__.rpartition(".")[2] == name
    assert says == (["patch", "unpatch"] if name in IN_THEIR_OWN_WAY else ["targets"])
    for word in says:
        assert list(inspect.signature(getattr(module, word)).parameters) == ["module"]
    documentation = module.__doc__ or ""
    headings = ("Wraps:", "Records:", "Never records:", "Propagates:")
    assert [heading for heading in headings if heading not in documentation] == []


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_a_library_needs_is_known_and_in_turn_needs_nothing(name: str) -> None:
    needs = [LIBRARIES[needed] for needed in LIBRARIES[name].needs]

    assert name not in LIBRARIES[name].needs
    assert [needed.needs for needed in needs] == [()] * len(needs)


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_modules_in_the_table_are_those_of_the_library(name: str) -> None:
    """At least one of them can be imported; others may be of older or newer versions."""
    library = LIBRARIES[name]
    if not own_packages.is_importable(library.modules[0]):
        pytest.skip(f"{name} is not installed")
    imported = []
    for module in library.modules:
        with contextlib.suppress(ModuleNotFoundError):
            imported.append(importlib.import_module(module))

    assert imported
    assert {module.__name__.partition(".")[0] for module in imported} == {
        library.modules[0].partition(".")[0]
    } | ({"concurrent"} if name == "threads" else set())


@pytest.mark.parametrize("name", [name for name in LIBRARIES if name not in IN_THEIR_OWN_WAY])
def test_targets_are_owners_that_have_what_is_replaced_and_what_makes_the_new(name: str) -> None:
    patch: Any = registry.patch_of(name)
    targets = patch.targets
    modules = []
    for module_name in LIBRARIES[name].modules:
        with contextlib.suppress(ImportError):
            modules.append(importlib.import_module(module_name))
    if not modules:
        pytest.skip(f"{name} is not installed")

    for module in modules:
        for owner, attribute, make in targets(module):
            assert isinstance(owner, (type, ModuleType))
            assert attribute in vars(owner)
            assert callable(make)
    assert targets.__annotations__ == {"module": "ModuleType", "return": "list[replace.Target]"}


@pytest.mark.parametrize(
    ("alias", "library", "module", "owner", "function"),
    [
        ("boto3", "botocore", "botocore.client", "BaseClient", "_make_api_call"),
        ("aioboto3", "aiobotocore", "aiobotocore.client", "AioBaseClient", "_make_api_call"),
        ("http.client", "httplib", "http.client", "HTTPConnection", "getresponse"),
    ],
)
def test_an_alias_patches_the_library_that_it_stands_for(
    alias: str, library: str, module: str, owner: str, function: str
) -> None:
    imported = pytest.importorskip(module, reason=f"{module} is not installed")
    before = vars(getattr(imported, owner))[function]

    patch([alias])
    patched = vars(getattr(imported, owner))[function]
    unpatch([library])

    assert patched is not before
    assert vars(getattr(imported, owner))[function] is before


def test_sqlalchemy_is_patched_by_its_own_name_too(daemon: Daemon) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed")
    patch(["sqlalchemy"])
    engine = sqlalchemy.create_engine("sqlite://")

    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select 1"))
    engine.dispose()

    assert daemon.subsegments()[0]["sql"]["database_type"] == "sqlite"


def test_an_unknown_name_is_refused_with_the_names_that_are_known(library: MadeUp) -> None:
    with pytest.raises(ValueError) as raised:
        patch(["madeup", "no_such_library"])

    assert str(raised.value).startswith(
        "cannot patch 'no_such_library': neither a known library nor importable;"
    )
    assert str(raised.value).endswith("known are " + ", ".join(sorted({*LIBRARIES, *ALIASES})))
    assert not is_traced(importlib.import_module("madeup"))


def test_an_unknown_name_is_logged_once_where_errors_are_not_to_be_raised(
    library: MadeUp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "lambda_tracer")

    patch(["madeup", "no_such_library"], raise_errors=False)
    patch(["madeup", "no_such_library"], raise_errors=False)

    (first, message), (second, _) = records_of(caplog)
    assert (first, second) == ("WARNING", "DEBUG")
    assert message.startswith("cannot patch 'no_such_library'")
    assert not is_traced(importlib.import_module("madeup"))


def test_a_bare_text_is_one_name(library: MadeUp) -> None:
    patch("madeup")
    module = importlib.import_module("madeup")
    traced = is_traced(module)
    unpatch("madeup")

    assert traced
    assert not is_traced(module)


@pytest.mark.parametrize("name", ["", None, 7, b"requests", "no_such_library.module", ".", ".requests"])
def test_what_is_no_name_is_unknown(name: Any) -> None:
    with pytest.raises(ValueError, match="neither a known library nor importable"):
        patch([name])


def test_no_names_patch_nothing(library: MadeUp) -> None:
    patch([])

    assert not is_traced(importlib.import_module("madeup"))


# When a library is patched


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


# What the import system shows is as it was


def test_spec_and_loader_are_the_original_ones_already_while_the_module_runs(library: MadeUp) -> None:
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert is_traced(module)
    assert module.__spec__ is not None
    loaders = (
        module.__loader__,
        module.__spec__.loader,
        module.loader_while_running,
        module.spec_loader_while_running,
    )
    assert {type(loader) for loader in loaders} == {importlib.machinery.SourceFileLoader}
    assert module.__spec__.origin == module.__file__ == str(library.folder / "madeup" / "__init__.py")
    assert inspect.getsource(module.call) == 'def call():\n    return "called"\n'


def test_what_is_not_to_be_patched_is_found_by_the_other_finders_alone(library: MadeUp) -> None:
    library.package("madeup_other")
    patch(["madeup"])

    spec = importlib.util.find_spec("madeup_other")

    assert spec is not None
    assert type(spec.loader) is importlib.machinery.SourceFileLoader


def test_there_is_one_finder_however_often_something_is_patched(library: MadeUp) -> None:
    patch(["madeup"])
    before = list(sys.meta_path)

    patch_all()
    patch(["madeup"])

    assert sys.meta_path == before


def test_a_reloaded_library_is_patched_again(library: MadeUp, daemon: Daemon) -> None:
    patch(["madeup"])
    module = importlib.import_module("madeup")
    before = module.call

    reloaded = importlib.reload(module)

    assert reloaded is module
    assert module.call is not before
    assert type(module.__loader__) is importlib.machinery.SourceFileLoader
    module.call()
    daemon.expect_tree("madeup")


@pytest.mark.parametrize("is_imported", [False, True], ids=["before its import", "after it"])
def test_data_files_are_found(library: MadeUp, is_imported: bool) -> None:
    patch(["madeup"])
    if is_imported:
        importlib.import_module("madeup")

    data = pkgutil.get_data("madeup", "data.txt")
    text = importlib.resources.files("madeup").joinpath("data.txt").read_text()

    assert (data, text) == (b"some data", "some data")
    assert [found.name for found in pkgutil.iter_modules([str(library.folder / "madeup")])] == ["extra"]
    assert is_traced(sys.modules["madeup"])


def test_a_spec_that_is_only_looked_at_is_as_without_us(library: MadeUp) -> None:
    before = importlib.util.find_spec("madeup")
    patch(["madeup"])

    spec = importlib.util.find_spec("madeup")

    assert before is not None
    assert spec is not None
    assert spec == before
    assert type(spec.loader) is importlib.machinery.SourceFileLoader
    assert vars(spec) == vars(before)
    assert copy.deepcopy(spec) == pickle.loads(pickle.dumps(spec)) == before


def test_who_looks_for_a_module_while_others_are_imported_only_looks(made_up: MadeUp) -> None:
    made_up.write(
        {
            "madeup": SOURCE,
            "madeup_other": "import importlib.util\nspec = importlib.util.find_spec('madeup')\n",
        }
    )
    made_up.known("madeup", "madeup_other")
    made_up.targets = lambda module: []
    patch(["madeup"])

    other = importlib.import_module("madeup_other")

    assert type(other.spec.loader) is importlib.machinery.SourceFileLoader


def test_what_imports_of_a_package_nobody_waits_for_look_like_is_as_without_us() -> None:
    """importlib.util is as it was when nothing is waited for any more."""
    made = importlib.util.module_from_spec
    patch_all()
    while_patched = importlib.util.module_from_spec
    unpatch_all()

    assert while_patched is not made
    assert importlib.util.module_from_spec is made


class AnotherTracer(MetaPathFinder):
    """Finds by all others, as Datadog's does, and changes the loader it found, as told."""

    def __init__(self, change: Callable[[Any, Any], None]) -> None:
        self._change = change
        self._finding: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith("madeup") or name in self._finding:
            return None
        self._finding.add(name)
        try:
            spec: Any = importlib.util.find_spec(name)
            self._change(spec, spec.loader)
            return spec
        finally:
            self._finding.discard(name)


def sets_get_code(spec: Any, loader: Any) -> None:
    get_code = loader.get_code
    loader.get_code = lambda name: get_code(name).replace(co_consts=get_code(name).co_consts)


def wraps_exec_module(spec: Any, loader: Any) -> None:
    exec_module = loader.exec_module

    def theirs(module: Any) -> None:
        module.__dict__.setdefault("told", []).append("before")
        exec_module(module)
        module.told.append("after")

    loader.exec_module = theirs


def wraps_exec_module_twice(spec: Any, loader: Any) -> None:
    wraps_exec_module(spec, loader)
    wraps_exec_module(spec, loader)


class Chained:
    """A loader of somebody else's around the one that it found."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: Any) -> Any:
        return self.loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        self.loader.exec_module(module)
        module.told = ["chained"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


def puts_its_own_around(spec: Any, loader: Any) -> None:
    spec.loader = Chained(loader)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (sets_get_code, []),
        (wraps_exec_module, ["before", "after"]),
        (wraps_exec_module_twice, ["before", "before", "after", "after"]),
        (puts_its_own_around, ["chained"]),
    ],
)
@pytest.mark.parametrize("is_ours_first", [False, True], ids=["theirs first", "ours first"])
def test_what_others_do_with_the_loader_takes_effect(
    change: Callable[[Any, Any], None],
    told: list[str],
    is_ours_first: bool,
    library: MadeUp,
    daemon: Daemon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patch(["madeup"])
    theirs = AnotherTracer(change)
    first, *rest = sys.meta_path
    finders = [first, theirs, *rest] if is_ours_first else [theirs, first, *rest]
    monkeypatch.setattr(sys, "meta_path", finders)

    module: Any = importlib.import_module("madeup")

    assert getattr(module, "told", []) == told
    assert module.call() == "called"
    daemon.expect_tree("madeup")
    assert type(module.__loader__) is (
        Chained if change is puts_its_own_around else importlib.machinery.SourceFileLoader
    )


def test_what_stands_in_for_the_loader_passes_for_it(
    library: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def look(spec: Any, loader: Any) -> None:
        original = importlib.machinery.PathFinder.find_spec("madeup")
        assert original is not None
        loader.noted = "by others"
        seen["noted"] = vars(loader).pop("noted")
        seen["is one"] = isinstance(loader, importlib.machinery.SourceFileLoader)
        seen["equal"] = loader == original.loader and original.loader == loader and spec == original
        seen["hash"] = hash(loader) == hash(original.loader)
        seen["copied"] = type(copy.deepcopy(spec).loader), type(copy.copy(loader))
        seen["pickled"] = pickle.loads(pickle.dumps(spec)) == original
        seen["repr"] = "SourceFileLoader" in repr(loader)
        seen["dir"] = dir(loader) == dir(original.loader)
        seen["reader"] = type(loader.get_resource_reader("madeup"))

    patch(["madeup"])
    monkeypatch.setattr(sys, "meta_path", [AnotherTracer(look), *sys.meta_path])

    module = importlib.import_module("madeup")

    assert is_traced(module)
    kind = importlib.machinery.SourceFileLoader
    assert seen.pop("copied") == (kind, kind)
    assert seen.pop("reader").__name__ == "FileReader"
    assert seen.pop("noted") == "by others"
    assert set(seen.values()) == {True}


class Legacy:
    """A finder without find_spec, as there were until Python 3.11."""

    def find_module(self, name: str, path: Any = None) -> None: ...


def test_a_finder_of_the_old_kind_changes_nothing(library: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    patch(["madeup"])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Legacy()])

    assert is_traced(importlib.import_module("madeup"))


def test_a_finder_that_gives_the_same_spec_twice_is_served(
    library: MadeUp, monkeypatch: pytest.MonkeyPatch, daemon: Daemon
) -> None:
    spec = importlib.util.find_spec("madeup")

    class Remembers(MetaPathFinder):
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
            return spec if name == "madeup" else None

    patch(["madeup"])
    monkeypatch.setattr(sys, "meta_path", [sys.meta_path[0], Remembers(), *sys.meta_path[1:]])
    importlib.import_module("madeup")
    del sys.modules["madeup"]

    module = importlib.import_module("madeup")

    module.call()
    daemon.expect_tree("madeup")
    assert type(spec.loader) is importlib.machinery.SourceFileLoader  # type: ignore[union-attr]


def test_the_source_of_an_imported_library_is_shown(library: MadeUp) -> None:
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert inspect.getsource(module) == SOURCE
    assert inspect.getsource(module.Client) in SOURCE


def test_a_library_can_be_run_as_a_script(library: MadeUp) -> None:
    library.known("madeup.extra")
    patch(["madeup"])

    namespace = runpy.run_module("madeup.extra", run_name="__main__")

    assert namespace["call"]() == "called"


def test_a_module_made_of_a_spec_by_hand_is_patched_too(library: MadeUp) -> None:
    patch(["madeup"])
    spec = importlib.util.find_spec("madeup")
    assert spec is not None
    assert spec.loader is not None

    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    assert is_traced(module)


def lazily(name: str) -> Any:
    """Import lazily, by the recipe in importlib's documentation."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    loader = importlib.util.LazyLoader(spec.loader)
    spec.loader = loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def has_run(module: ModuleType) -> bool:
    """Whether the code of a lazy module has run; asking for any attribute would make it."""
    return "call" in object.__getattribute__(module, "__dict__")


@pytest.mark.parametrize("is_lazy_first", [False, True], ids=["patched, then lazy", "lazy, then patched"])
def test_a_lazy_library_stays_lazy_and_is_patched_when_it_is_loaded(
    library: MadeUp, daemon: Daemon, is_lazy_first: bool
) -> None:
    if is_lazy_first:
        module = lazily("madeup")
        patch(["madeup"])
    else:
        patch(["madeup"])
        module = lazily("madeup")
    had_run = has_run(module)

    assert module.call() == "called"

    assert not had_run
    daemon.expect_tree("madeup")
    assert type(module.__spec__.loader) is importlib.machinery.SourceFileLoader


def test_a_library_that_a_path_hook_makes_lazy_stays_so(
    library: MadeUp, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    lazy = importlib.util.LazyLoader.factory(importlib.machinery.SourceFileLoader)  # type: ignore[arg-type]
    hook = importlib.machinery.FileFinder.path_hook((lazy, [".py"]))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "path_hooks", [hook, *sys.path_hooks])
    monkeypatch.delitem(sys.path_importer_cache, str(library.folder), raising=False)
    patch(["madeup"])

    module = importlib.import_module("madeup")
    had_run = has_run(module)

    assert module.call() == "called"
    monkeypatch.delitem(sys.path_importer_cache, str(library.folder), raising=False)
    assert not had_run
    daemon.expect_tree("madeup")


def test_a_library_in_a_zip_file_is_patched(
    made_up: MadeUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, daemon: Daemon
) -> None:
    archive = tmp_path / "libraries.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("madeup/__init__.py", SOURCE)
        file.writestr("madeup/data.txt", "some data")
    monkeypatch.syspath_prepend(str(archive))
    made_up.known()
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert isinstance(module.__loader__, zipimport.zipimporter)
    assert pkgutil.get_data("madeup", "data.txt") == b"some data"
    module.call()
    daemon.expect_tree("madeup")


def test_a_library_that_is_a_namespace_package_is_what_it_was(made_up: MadeUp) -> None:
    made_up.write({"madeup/inside": SOURCE})
    made_up.targets = lambda module: [(module, "call")] if hasattr(module, "call") else []
    plain = importlib.import_module("madeup")
    kind, path = type(plain.__loader__), list(plain.__path__)
    del sys.modules["madeup"]
    made_up.known("madeup", "madeup.inside")
    patch(["madeup"])

    inside = importlib.import_module("madeup.inside")
    package = sys.modules.pop("madeup")

    assert is_traced(inside)
    assert (type(package.__loader__), list(package.__path__)) == (kind, path)


def test_a_module_of_the_interpreters_own_is_patched(
    made_up: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ModuleType] = []

    def targets(module: Any) -> list[tuple[Any, str]]:
        asked.append(module)
        return []

    made_up.known("this", library="madeup")
    made_up.targets = targets
    monkeypatch.delitem(sys.modules, "this", raising=False)
    patch(["madeup"])

    import this

    assert asked == [this]


def test_a_module_that_puts_another_object_in_its_place_is_patched_as_that(made_up: MadeUp) -> None:
    source = f"{SOURCE}\nother = type(sys)(__name__)\nother.call = call\nother.__file__ = __file__\n"
    made_up.write({"madeup": f"{source}\nsys.modules[__name__] = other\n"})
    made_up.known()
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert made_up.patched == [module]
    assert not hasattr(module, "Client")


def test_a_module_that_gives_itself_another_name_is_patched(made_up: MadeUp) -> None:
    made_up.write({"madeup": f"{SOURCE}\n__name__ = 'another'\n"})
    made_up.known()
    patch(["madeup"])

    assert is_traced(importlib.import_module("madeup"))


@pytest.mark.parametrize("is_ours_first", [False, True], ids=["theirs first", "ours first"])
def test_wrapts_import_hooks_work_beside_ours(library: MadeUp, daemon: Daemon, is_ours_first: bool) -> None:
    wrapt = pytest.importorskip("wrapt", reason="wrapt is not installed")
    told: list[str] = []
    if is_ours_first:
        patch(["madeup"])
    wrapt.register_post_import_hook(lambda module: told.append(module.__name__), "madeup")
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert told == ["madeup"]
    module.call()
    daemon.expect_tree("madeup")


class Imports(MetaPathFinder):
    """Somebody else's finder: finds nothing."""

    asked: list[str]

    def __init__(self) -> None:
        self.asked = []

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        self.asked.append(name)


def test_other_finders_are_asked(library: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    patch(["madeup"])
    imports = Imports()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path[:1], imports, *sys.meta_path[1:]])

    importlib.import_module("madeup")

    assert "madeup" in imports.asked


# Imports that fail, go in circles, or come from several threads


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
    made_up.write({"madeup": f"from lambda_tracer.patches import patch\npatch(['madeup'])\n{SOURCE}"})
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


# A patch that fails


def test_a_library_that_cannot_be_patched_is_as_it_was_and_that_is_said_once(
    library: MadeUp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "lambda_tracer")
    library.targets = lambda module: [(module, "call"), (module.Client, "method"), (module, "gone")]
    patch(["madeup"])

    module = importlib.import_module("madeup")
    patch(["madeup"])

    assert not is_traced(module)
    assert not replace.is_replaced(module.Client, "method")
    message = (
        "madeup could not be patched (AttributeError: madeup has no gone of its own): it works, untraced"
    )
    assert records_of(caplog) == [("WARNING", message), ("DEBUG", message)]


def test_a_class_that_refuses_leaves_the_whole_library_as_it_was(library: MadeUp) -> None:
    library.targets = lambda module: [(module, "call"), (int, "bit_length")]
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert not is_traced(module)


def test_a_library_of_which_one_module_cannot_be_patched_is_not_patched_at_all(made_up: MadeUp) -> None:
    made_up.write({"madeup/__init__": SOURCE, "madeup/second": "", "madeup/third": SOURCE})
    made_up.known("madeup", "madeup.second", "madeup.third")
    patch(["madeup"])

    package = importlib.import_module("madeup")
    was_traced = is_traced(package)
    importlib.import_module("madeup.second")
    third = importlib.import_module("madeup.third")

    assert was_traced
    assert not is_traced(package)
    assert not is_traced(third)


def test_a_library_whose_targets_cannot_be_told_is_as_it_was_and_can_be_unpatched(made_up: MadeUp) -> None:
    made_up.write({"madeup/__init__": SOURCE, "madeup/second": ""})
    made_up.known("madeup", "madeup.second")
    made_up.targets = lambda module: [(module.Client, "method")]
    patch(["madeup"])
    package = importlib.import_module("madeup")
    was_traced = replace.is_replaced(package.Client, "method")
    importlib.import_module("madeup.second")

    unpatch(["madeup"])
    unpatch_all()

    assert was_traced
    assert not replace.is_replaced(package.Client, "method")


def test_a_patch_that_cannot_be_imported_does_not_break_the_users_import(
    made_up: MadeUp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made_up.package()
    monkeypatch.setitem(LIBRARIES, "madeup", Library("", ("madeup",)))
    patch(["madeup"])

    module = importlib.import_module("madeup")

    made_up.known()  # so that it can be unpatched
    assert module.call() == "called"
    assert [level for level, _ in records_of(caplog)] == ["WARNING"]


# Again, and undone


@pytest.mark.parametrize("again", [1, 2, 5])
def test_patching_again_changes_nothing(library: MadeUp, daemon: Daemon, again: int) -> None:
    for _ in range(again):
        patch(["madeup"])
    module = importlib.import_module("madeup")
    patched = module.call
    for _ in range(again):
        patch(["madeup"])
        patch_all()
        Tracer()

    assert module.call is patched
    module.call()
    daemon.expect_tree("madeup")


def test_patching_again_patches_what_was_put_in_the_place_of_ours(library: MadeUp, daemon: Daemon) -> None:
    patch(["madeup"])
    module: Any = importlib.import_module("madeup")
    module.call = replaced = lambda: "another"

    patch(["madeup"])

    assert module.call is not replaced
    assert module.call() == "another"
    assert len(daemon.subsegments()) == 1


def test_unpatch_puts_the_very_same_functions_back(library: MadeUp) -> None:
    module = importlib.import_module("madeup")
    library.targets = lambda module: [
        (module, "call"),
        *((module.Client, name) for name in ("method", "static", "of_class")),
    ]
    before = [vars(owner)[name] for owner, name in library.targets(module)]

    patch(["madeup"])
    patched = [vars(owner)[name] for owner, name in library.targets(module)]
    client = module.Client()
    answers = (client.method(), client.static(), module.Client.of_class())
    unpatch(["madeup"])

    assert [type(each) for each in patched] == [type(each) for each in before]
    assert [inspect.signature(each.__func__) for each in patched[2:]] == [
        inspect.signature(each.__func__) for each in before[2:]
    ]
    assert answers == (client, "static", module.Client)
    assert not any(after is original for after, original in zip(patched, before, strict=True))
    now = [vars(owner)[name] for owner, name in library.targets(module)]
    assert all(each is original for each, original in zip(now, before, strict=True))


def functions(module: ModuleType) -> dict[tuple[str, str, str], Any]:
    """Everything callable in a module's namespace and in those of its classes."""
    found = {}
    owners: list[tuple[str, Any]] = [("", module)]
    owners += [(name, value) for name, value in vars(module).items() if isinstance(value, type)]
    for owner_name, owner in owners:
        for name, value in list(vars(owner).items()):
            if callable(value) or isinstance(value, (staticmethod, classmethod, property)):
                found[module.__name__, owner_name, name] = value
    return found


LISTENING = ("sqlalchemy_core", "pymongo", "pynamodb")
"""Those whose patches replace no function: they listen, or have another library patched."""


@pytest.mark.parametrize("name", LIBRARIES)
def test_every_library_has_its_own_functions_back_when_it_is_unpatched(name: str) -> None:
    modules = []
    for target in LIBRARIES[name].modules:
        try:
            modules.append(importlib.import_module(target))
        except ImportError:  # an older version, or without its C extension
            continue
    if not modules:
        pytest.skip(f"{name} is not installed")
    before = {place: value for module in modules for place, value in functions(module).items()}

    patch([name])
    patched = {place: value for module in modules for place, value in functions(module).items()}
    unpatch([name])

    after = {place: value for module in modules for place, value in functions(module).items()}
    assert [place for place in before if after.get(place) is not before[place]] == []
    assert set(after) == set(before)
    assert (patched != before) == (name not in LISTENING)


def test_what_is_unpatched_before_its_import_is_not_patched_by_it(library: MadeUp) -> None:
    patch(["madeup"])

    unpatch(["madeup"])

    assert not is_traced(importlib.import_module("madeup"))


def test_unpatch_all_undoes_patch_all(library: MadeUp) -> None:
    module = importlib.import_module("madeup")
    thread_start = vars(threading.Thread)["start"]
    patch_all()
    assert is_traced(module)

    unpatch_all()

    assert not is_traced(module)
    assert vars(threading.Thread)["start"] is thread_start


def test_unpatching_what_never_was_patched_changes_nothing(library: MadeUp) -> None:
    module = importlib.import_module("madeup")
    call = module.call

    unpatch(["madeup"])
    unpatch(["madeup", "requests"])
    unpatch_all()

    assert module.call is call


def test_unpatching_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot unpatch 'no_such_library': never patched"):
        unpatch(["no_such_library"])


def test_what_somebody_else_put_around_ours_stays(library: MadeUp, daemon: Daemon) -> None:
    patch(["madeup"])
    module: Any = importlib.import_module("madeup")
    ours = module.call

    @functools.wraps(ours)
    def theirs() -> list[str]:
        return [ours()]

    module.call = theirs
    patch(["madeup"])
    unpatch(["madeup"])

    assert module.call is theirs
    assert module.call() == ["called"]
    assert daemon.datagrams() == []


# A library that needs another


@pytest.fixture
def pair(made_up: MadeUp) -> MadeUp:
    """The library `madeup_front`, which works through `madeup_back`, which is a library, too."""
    made_up.write({"madeup_front": f"import madeup_back\n{SOURCE}", "madeup_back": SOURCE})
    made_up.known(library="madeup_back")
    made_up.known(library="madeup_front", needs=("madeup_back",))
    return made_up


def test_what_a_library_needs_is_patched_and_unpatched_with_it(pair: MadeUp) -> None:
    patch(["madeup_front"])
    back = importlib.import_module("madeup_back")
    was_traced_alone = is_traced(back)
    front = importlib.import_module("madeup_front")
    were_traced = is_traced(front), is_traced(back)
    unpatch(["madeup_front"])

    assert not was_traced_alone
    assert were_traced == (True, True)
    assert (is_traced(front), is_traced(back)) == (False, False)


def test_what_a_library_needs_stays_patched_that_is_patched_for_its_own_sake(pair: MadeUp) -> None:
    front, back = map(importlib.import_module, ("madeup_front", "madeup_back"))
    patch(["madeup_back", "madeup_front"])

    unpatch(["madeup_front"])
    was_traced = is_traced(back)
    unpatch(["madeup_back"])

    assert was_traced
    assert (is_traced(front), is_traced(back)) == (False, False)


def test_a_library_is_as_it_was_if_what_it_needs_cannot_be_patched(
    pair: MadeUp, caplog: pytest.LogCaptureFixture
) -> None:
    pair.targets = lambda module: [
        (module, "call"),
        *([(module, "gone")] if module.__name__ == "madeup_back" else []),
    ]
    front, back = map(importlib.import_module, ("madeup_front", "madeup_back"))

    patch(["madeup_front"])

    assert (is_traced(front), is_traced(back)) == (False, False)
    ((_, message),) = records_of(caplog)
    assert message.startswith("madeup_front could not be patched")


# A library that is patched in a way of its own


class Switch:
    """The patch of a library that replaces nothing."""

    def __init__(self) -> None:
        self.on: list[ModuleType] = []

    def patch(self, module: ModuleType) -> None:
        self.on.append(module)
        if hasattr(module, "refuses"):
            raise RuntimeError("it refuses")

    def unpatch(self, module: ModuleType) -> None:
        self.on = [each for each in self.on if each is not module]


@pytest.fixture
def switch(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> Switch:
    made_up.known("madeup", "madeup.extra")
    switch = Switch()
    patches = ModuleType("lambda_tracer.patches.madeup")
    patches.__dict__.update(patch=switch.patch, unpatch=switch.unpatch)
    monkeypatch.setitem(sys.modules, patches.__name__, patches)
    return switch


def test_a_patch_may_do_what_it_does_by_itself(made_up: MadeUp, switch: Switch) -> None:
    made_up.package()
    patch(["madeup"])
    package, extra = map(importlib.import_module, ("madeup", "madeup.extra"))
    on = list(switch.on)
    unpatch(["madeup"])

    assert on == [package, extra]
    assert switch.on == []


def test_what_a_patch_does_by_itself_is_undone_if_the_rest_cannot_be_done(
    made_up: MadeUp, switch: Switch
) -> None:
    made_up.write({"madeup/__init__": SOURCE, "madeup/extra": "refuses = True"})
    patch(["madeup"])
    importlib.import_module("madeup")
    was_on = len(switch.on)
    importlib.import_module("madeup.extra")

    assert was_on == 1
    assert switch.on == []


# The ways to patch


@pytest.mark.parametrize(
    "patch_by",
    [lambda_tracer.patch, xray_recorder.patch, lambda modules: Tracer(auto_patch=False).patch(modules)],
    ids=["package", "recorder", "Tracer"],
)
def test_the_package_the_recorder_and_a_tracer_patch_alike(
    library: MadeUp, daemon: Daemon, patch_by: Callable[[list[str]], None]
) -> None:
    patch_by(["madeup"])

    importlib.import_module("madeup").call()

    daemon.expect_tree("madeup")


@pytest.mark.parametrize(
    "patch_all_by",
    [
        lambda_tracer.patch_all,
        lambda: lambda_tracer.patch_all(double_patch=True),
        xray_recorder.patch_all,
        lambda: Tracer(auto_patch=False).patch(),
        Tracer,
    ],
    ids=["package", "double", "recorder", "tracer.patch", "Tracer()"],
)
def test_everything_is_patched_by_each_of_them(
    library: MadeUp, daemon: Daemon, patch_all_by: Callable[[], object]
) -> None:
    patch_all_by()

    importlib.import_module("madeup").call()

    daemon.expect_tree("madeup")


def test_a_tracer_patches_the_libraries_that_it_is_told_to(library: MadeUp, daemon: Daemon) -> None:
    library.package("madeup_other")
    library.known("madeup_other", library="madeup_other")

    Tracer(patch_modules=["madeup"])

    assert is_traced(importlib.import_module("madeup"))
    assert not is_traced(importlib.import_module("madeup_other"))


def test_later_tracers_patch_what_the_first_was_told_to(library: MadeUp, daemon: Daemon) -> None:
    Tracer(patch_modules=[])
    Tracer()

    assert not is_traced(importlib.import_module("madeup"))


@pytest.mark.parametrize("arguments", [{"auto_patch": False}, {"patch_modules": []}, {"disabled": True}])
def test_a_tracer_patches_nothing_where_it_is_not_to(
    library: MadeUp, daemon: Daemon, arguments: dict[str, Any]
) -> None:
    Tracer(**arguments)
    Tracer()

    assert not is_traced(importlib.import_module("madeup"))


@pytest.mark.parametrize(
    "variables",
    [{"LAMBDA_TASK_ROOT": ""}, {"POWERTOOLS_TRACE_DISABLED": "true"}, {"AWS_SAM_LOCAL": "true"}],
    ids=["outside Lambda", "by the environment", "in sam local"],
)
def test_a_disabled_tracer_patches_nothing_also_when_asked_to(
    library: MadeUp, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    tracer = Tracer(patch_modules=["madeup"])
    tracer.patch()
    tracer.patch(["madeup"])

    assert tracer.disabled
    assert not is_traced(importlib.import_module("madeup"))


@pytest.mark.parametrize("is_in_lambda", [True, False])
def test_a_tracer_refuses_an_unknown_name_in_lambda_and_outside(
    is_in_lambda: bool, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt library shows in a unit test, and not when the function starts."""
    if not is_in_lambda:
        monkeypatch.delenv("LAMBDA_TASK_ROOT")
    with pytest.raises(ValueError, match="cannot patch 'no_such_library'"):
        Tracer(patch_modules=["no_such_library"])
    with pytest.raises(ValueError, match="cannot patch 'no_such_library'"):
        Tracer(patch_modules=[]).patch(["no_such_library"])


def test_another_provider_patches_by_itself(library: MadeUp, daemon: Daemon) -> None:
    class Provider:
        asked: list[object]

        def __init__(self) -> None:
            self.asked = []

        def patch(self, modules: list[str]) -> None:
            self.asked.append(modules)

        def patch_all(self) -> None:
            self.asked.append("all")

    provider = Provider()
    Tracer(provider=provider).patch(["madeup"])

    assert provider.asked == ["all", ["madeup"]]
    assert not is_traced(importlib.import_module("madeup"))


def test_the_x_ray_sdks_patches_beside_ours_are_told_once(
    daemon: Daemon, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    patcher = pytest.importorskip("aws_xray_sdk.core.patcher", reason="aws-xray-sdk is not installed")
    monkeypatch.setattr(patcher, "_PATCHED_MODULES", {"httplib", "sqlite3"})
    for name in ("http.client", "sqlite3.dbapi2"):  # what nobody has imported is not patched yet
        importlib.import_module(name)

    patch(["httplib", "sqlite3"])

    assert [(level, text) for level, text in records_of(caplog) if level == "WARNING"] == [
        (
            "WARNING",
            "the X-Ray SDK has patched httplib, too, and both record its calls: have one of them patch",
        )
    ]


def test_an_unsampled_call_of_a_patched_library_sends_nothing(
    library: MadeUp, daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)
    patch(["madeup"])

    assert importlib.import_module("madeup").call() == "called"

    assert daemon.datagrams() == []
