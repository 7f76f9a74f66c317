"""The names that can be patched: libraries, their aliases, and what is refused."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import logging
from types import ModuleType
from typing import Any

import pytest

from lambda_tracer.patches import registry
from lambda_tracer.patches.registry import ALIASES, LIBRARIES, patch
from lambda_tracer.patches.unpatch import unpatch
from tests.daemon import Daemon
from tests.logged import messages
from tests.patches.registry.made_up import MadeUp, is_traced

IN_THEIR_OWN_WAY = ("opentelemetry", "pymongo", "sqlalchemy_core", "sqlite3")
"""Libraries that are not patched by replacing functions alone."""


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


FURTHER_PACKAGES = {"threads": {"concurrent"}, "starlette": {"fastapi"}}


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_modules_in_the_table_are_those_of_the_library(name: str) -> None:
    """At least one of them can be imported; others may be of older or newer versions."""
    library = LIBRARIES[name]
    imported = []
    for module in library.modules:
        with contextlib.suppress(ModuleNotFoundError):
            imported.append(importlib.import_module(module))
    spec = importlib.util.find_spec(library.modules[0].partition(".")[0])
    if spec is None or (spec.origin is None and not imported):  # of a namespace other packages may be there
        pytest.skip(f"{name} is not installed")

    assert imported
    packages = {module.__name__.partition(".")[0] for module in imported}
    assert packages - {library.modules[0].partition(".")[0]} <= FURTHER_PACKAGES.get(name, set())


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

    (first, message), (second, _) = messages(caplog)
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
