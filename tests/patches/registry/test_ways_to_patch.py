"""The ways to patch: the package's functions, the recorder's, a Tracer, and other providers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

import lambda_tracer
from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.patches.registry import patch
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.logged import messages
from tests.patches.registry.made_up import MadeUp, is_traced


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

    assert [(level, text) for level, text in messages(caplog) if level == "WARNING"] == [
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
