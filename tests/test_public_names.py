"""The names that users import, and those that code written for the X-Ray SDK expects to find."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from types import FunctionType
from typing import Any, get_type_hints

import pytest

import lambda_tracer
from lambda_tracer import Recorder, Tracer
from tests.docs.pages import PAGES

SDK_RECORDER = [
    *("begin_segment", "end_segment", "current_segment", "in_segment", "in_segment_async"),
    *("begin_subsegment", "begin_subsegment_without_sampling", "end_subsegment", "current_subsegment"),
    *("in_subsegment", "in_subsegment_async", "capture", "capture_async"),
    *("get_trace_entity", "set_trace_entity", "clear_trace_entities"),
    *("put_annotation", "put_metadata", "is_sampled", "stream_subsegments"),
    *("record_subsegment", "record_subsegment_async", "configure"),
]

SDK_SETTINGS = [
    *("sampling", "sampler", "service", "dynamic_naming", "context", "emitter", "enabled"),
    *("streaming", "streaming_threshold", "max_trace_back", "stream_sql"),
]


def test_what_the_package_offers_can_be_imported() -> None:
    namespace: dict[str, object] = {}
    exec("from lambda_tracer import *", namespace)

    assert set(lambda_tracer.__all__) == set(namespace) - {"__builtins__"}


@pytest.mark.parametrize(
    "name", ["Tracer", "xray_recorder", "TraceHeader", "global_sdk_config", "patch", "patch_all", "Recorder"]
)
def test_the_names_people_know_are_there(name: str) -> None:
    assert name in lambda_tracer.__all__


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        lambda_tracer.no_such_name  # noqa: B018


def _documented() -> Iterator[tuple[str, Any]]:
    """What the page on the API shows, and the public methods of its classes that it does not leave out.

    But for the functions that make events: their types are those of a package that nothing needs at run time.
    """
    page = PAGES["docs/reference/api.md"]
    left_out = re.search(r'"!\^\(([^)]+)\)\$"', page)
    assert left_out is not None
    for path in re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE):
        if path == "lambda_tracer.testing.events":
            continue
        module, _, name = path.rpartition(".")
        shown = getattr(importlib.import_module(module), name)
        yield path, shown
        for method in dir(shown) if isinstance(shown, type) else ():
            found = inspect.getattr_static(shown, method)
            function = getattr(found, "fget", None) or getattr(found, "__func__", found)
            is_shown = method == "__init__" or not method.startswith("_")
            if is_shown and method not in left_out[1].split("|") and isinstance(function, FunctionType):
                yield f"{path}.{method}", function


def test_type_hints_of_what_the_page_on_the_api_shows_can_be_looked_up() -> None:
    """Frameworks that hand over dependencies do so."""
    documented = dict(_documented())
    failing = []
    for name, shown in documented.items():
        try:
            get_type_hints(shown)
        except NameError as error:
            failing.append(f"{name}: {error}")

    assert len(documented) > 100
    assert failing == []


def test_patch_is_that_of_the_shared_recorder() -> None:
    assert lambda_tracer.patch == lambda_tracer.xray_recorder.patch
    assert lambda_tracer.patch_all == lambda_tracer.xray_recorder.patch_all


def test_the_package_has_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", lambda_tracer.__version__)


@pytest.mark.parametrize("method", SDK_RECORDER)
def test_the_recorder_has_every_method_of_the_sdks(method: str) -> None:
    assert callable(getattr(Recorder(), method))


@pytest.mark.parametrize("setting", SDK_SETTINGS)
def test_the_recorder_has_every_setting_of_the_sdks_to_read_and_write(setting: str) -> None:
    recorder = Recorder()
    value = object()
    assert hasattr(recorder, setting)
    setattr(recorder, setting, value)

    assert getattr(recorder, setting) is value


def test_nothing_in_the_package_looks_like_the_sdk_to_powertools() -> None:
    """Powertools takes a provider for the X-Ray SDK when its module's name says so."""
    assert "aws_xray_sdk" not in Recorder.__module__


@pytest.mark.parametrize("owner", [Tracer, Recorder])
def test_every_public_method_says_what_it_does(owner: type) -> None:
    methods = [member for name, member in inspect.getmembers(owner, callable) if not name.startswith("_")]

    assert [method.__qualname__ for method in methods if not inspect.getdoc(method)] == []
