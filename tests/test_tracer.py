"""Tracer: how it is told what to do, what its instances share, and how it works with another provider."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import Recorder, Tracer, global_sdk_config, recording, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.provider import Provider


@pytest.fixture
def provider() -> Provider:
    return Provider()


# --- Service ------------------------------------------------------------------------------------------------


def test_a_tracer_of_which_nothing_is_said_has_the_defaults(daemon: Daemon, provider: Provider) -> None:
    tracer = Tracer(auto_patch=False)

    assert tracer.service == ""
    assert tracer.disabled is False
    assert tracer.provider is xray_recorder


def test_the_arguments_have_the_order_that_powertools_gives_them(daemon: Daemon, provider: Provider) -> None:
    tracer = Tracer("payment", False, True, ["requests"], provider)

    assert (tracer.service, tracer.disabled, tracer.auto_patch, tracer.provider) == (
        "payment",
        False,
        True,
        provider,
    )
    assert provider.calls == [("patch", ["requests"])]


def test_the_service_is_that_of_the_argument_then_of_the_environment(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "from environment")

    assert Tracer(auto_patch=False).service == "from environment"
    assert Tracer("from code", auto_patch=False).service == "from code"


def test_the_service_of_one_tracer_is_that_of_the_next(daemon: Daemon) -> None:
    Tracer("payment", auto_patch=False)

    assert Tracer(auto_patch=False).service == "payment"


def test_the_environment_wins_over_the_service_of_an_earlier_tracer(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    Tracer("payment", auto_patch=False)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "from environment")

    assert Tracer(auto_patch=False).service == "from environment"


def test_an_empty_service_means_that_of_an_earlier_tracer(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    Tracer("payment", auto_patch=False)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "from environment")

    assert Tracer("", auto_patch=False).service == "payment"


def test_a_later_tracer_changes_nothing_in_an_earlier_one(daemon: Daemon) -> None:
    first = Tracer("first", auto_patch=False)
    Tracer("second", auto_patch=False)

    assert first.service == "first"


# --- Disabled -----------------------------------------------------------------------------------------------


def test_a_tracer_can_be_disabled(daemon: Daemon) -> None:
    tracer = Tracer(disabled=True)

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> int:
        tracer.put_annotation("key", 1)
        tracer.put_metadata("key", 1)
        with xray_recorder.in_subsegment("work"):
            return 7

    assert tracer.disabled is True
    assert handler({}, None) == 7
    assert daemon.documents() == []


def test_a_disabled_tracer_disables_later_ones_that_do_not_say_otherwise(daemon: Daemon) -> None:
    Tracer(disabled=True)

    assert Tracer(auto_patch=False).disabled is True


def test_a_tracer_that_says_otherwise_is_enabled_again_and_records(daemon: Daemon) -> None:
    Tracer(disabled=True)
    tracer = Tracer(disabled=False, auto_patch=False)

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None: ...

    handler({}, None)

    assert tracer.disabled is False
    assert Tracer(auto_patch=False).disabled is False
    assert global_sdk_config.sdk_enabled()
    daemon.expect_tree("## handler")


def test_the_environment_disables_a_tracer_that_was_not_told(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    disabled = Tracer().disabled
    enabled = Tracer(disabled=False, auto_patch=False).disabled

    assert (disabled, enabled) == (True, False)


def test_outside_lambda_a_tracer_is_disabled_unless_told_otherwise(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAMBDA_TASK_ROOT")

    assert Tracer().disabled is True
    assert Tracer(disabled=False, auto_patch=False).disabled is False


def test_a_misspelt_switch_stops_the_tracer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "maybe")

    with pytest.raises(ValueError, match="POWERTOOLS_TRACE_DISABLED"):
        Tracer()


def test_a_switch_is_not_read_when_the_argument_says_it(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "maybe")

    assert Tracer(disabled=False, auto_patch=False).disabled is False


@pytest.mark.parametrize("text", ["false", "False", "0", "no", " off ", ""])
def test_text_that_says_false_is_false_for_each_option_that_is_on_or_off(
    text: Any, daemon: Daemon, provider: Provider
) -> None:
    before = logging.getLogRecordFactory()
    tracer = Tracer(
        disabled=text, auto_patch=text, provider=provider, event_facts=text, keep=text, log_ids=text
    )

    assert (tracer.disabled, tracer.auto_patch, tracer.event_facts) == (False, False, False)
    assert (recording.kept, logging.getLogRecordFactory()) == (None, before)
    assert provider.calls == []


def test_text_that_says_false_is_false_for_the_tracing_of_imports(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_by_a_test_of_text.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LAMBDA_TRACER_IMPORTS_MS", "0")
    no: Any = "false"
    Tracer(auto_patch=False, trace_imports=no)

    with xray_recorder.in_subsegment("work"):
        import_module("imported_by_a_test_of_text")

    daemon.expect_tree("work")


@pytest.mark.parametrize("text", ["true", "1", "yes", "anything else"])
def test_other_text_is_true(text: Any, daemon: Daemon, provider: Provider) -> None:
    tracer = Tracer(disabled=text, auto_patch=text, event_facts=text, provider=provider)

    assert (tracer.disabled, tracer.auto_patch, tracer.event_facts) == (True, True, True)


def test_text_that_says_false_is_false_where_decorators_and_metadata_take_it(daemon: Daemon) -> None:
    no: Any = "false"
    tracer = Tracer(service="s", auto_patch=False)

    @tracer.capture_method(capture_response=no, capture_error=no)
    def work(is_failing: bool) -> str:
        tracer.put_metadata("password", "shown", redact=no)
        if is_failing:
            raise ValueError("x")
        return "answer"

    work(False)
    with pytest.raises(ValueError, match="x"):
        work(True)

    assert [each["metadata"] for each in daemon.subsegments()] == [{"s": {"password": "shown"}}] * 2


def test_a_tracer_may_be_disabled_later(daemon: Daemon) -> None:
    tracer = Tracer(service="payment", auto_patch=False)

    @tracer.capture_method
    def method() -> int:
        tracer.put_annotation("key", 1)
        return 1

    tracer.disabled = True
    method()
    tracer.disabled = False
    method()

    [document] = daemon.documents()
    assert document["annotations"] == {"key": 1}


def test_a_disabled_tracer_patches_nothing(daemon: Daemon, provider: Provider) -> None:
    tracer = Tracer(disabled=True, provider=provider)
    tracer.patch()
    tracer.patch(["requests"])
    tracer.put_annotation("key", 1)
    tracer.put_metadata("key", 1)

    assert provider.calls == []


# --- Patching -----------------------------------------------------------------------------------------------


def test_a_tracer_patches_all_libraries_when_it_is_made(daemon: Daemon, provider: Provider) -> None:
    Tracer(provider=provider)

    assert provider.calls == [("patch_all",)]


def test_it_patches_only_those_it_is_told(daemon: Daemon, provider: Provider) -> None:
    Tracer(provider=provider, patch_modules=["requests", "boto3"])

    assert provider.calls == [("patch", ["requests", "boto3"])]


def test_told_none_it_patches_none(daemon: Daemon, provider: Provider) -> None:
    Tracer(provider=provider, patch_modules=[])

    assert provider.calls == [("patch", [])]


def test_what_one_tracer_patches_is_what_the_next_one_patches(daemon: Daemon, provider: Provider) -> None:
    Tracer(provider=provider, patch_modules=["requests"])
    Tracer()

    assert provider.calls == [("patch", ["requests"])] * 2


def test_patching_may_be_left_to_the_user(daemon: Daemon, provider: Provider) -> None:
    tracer = Tracer(provider=provider, auto_patch=False)
    later = Tracer()
    at_first = list(provider.calls)
    tracer.patch(["requests"])
    tracer.patch()

    assert at_first == []
    assert later.auto_patch is False
    assert provider.calls == [("patch", ["requests"]), ("patch_all",)]


def test_a_library_that_nobody_knows_is_a_mistake(daemon: Daemon) -> None:
    with pytest.raises(ValueError, match="no_such_library"):
        Tracer(auto_patch=False).patch(["no_such_library"])


# --- Annotations and metadata -------------------------------------------------------------------------------


def test_annotations_and_metadata_go_to_the_innermost_subsegment(daemon: Daemon) -> None:
    tracer = Tracer(service="payment", auto_patch=False)
    with xray_recorder.in_subsegment("outer"):
        with xray_recorder.in_subsegment("inner"):
            tracer.put_annotation("a", "text")
            tracer.put_annotation(key="b", value=True)
            tracer.put_metadata("m", {"n": 1})
        tracer.put_metadata(key="m", value=2, namespace="orders")

    daemon.expect_tree(
        """
        outer  metadata={"orders": {"m": 2}}
          inner  {"a": "text", "b": true}  metadata={"payment": {"m": {"n": 1}}}
    """,
        annotations=True,
        metadata=True,
    )


@pytest.mark.parametrize("namespace", [None, ""])
def test_metadata_without_a_namespace_has_that_of_the_service(namespace: str | None, daemon: Daemon) -> None:
    tracer = Tracer(service="payment", auto_patch=False)
    with xray_recorder.in_subsegment("work"):
        tracer.put_metadata("key", 1, namespace)

    assert daemon.subsegment("work")["metadata"] == {"payment": {"key": 1}}


def test_annotating_with_nothing_open_does_not_raise(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    tracer = Tracer(auto_patch=False)
    tracer.put_annotation("key", 1)
    tracer.put_metadata("key", 1)

    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert daemon.documents() == []


def test_a_value_whose_text_cannot_be_made_may_be_metadata(daemon: Daemon) -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError

        __repr__ = __str__

    tracer = Tracer(service="payment", auto_patch=False)
    with xray_recorder.in_subsegment("work"):
        tracer.put_metadata("key", Mute())

    kind = f"<{Mute.__module__}.{Mute.__qualname__}>"
    assert daemon.subsegment("work")["metadata"] == {"payment": {"key": kind}}


# --- Forms of the decorators --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["capture_lambda_handler", "capture_method"])
def test_a_decorator_is_used_bare_with_arguments_or_as_a_function(form: str, daemon: Daemon) -> None:
    capture: Any = getattr(Tracer(auto_patch=False), form)

    def work(event: object = None, context: object = None) -> int:
        return 1

    keyword = "lambda_handler" if form == "capture_lambda_handler" else "method"
    forms = [
        capture(work),
        capture()(work),
        capture(None)(work),
        capture(capture_response=True, capture_error=True)(work),
        capture(work, True, True),
        capture(None, True, True)(work),
        capture(**{keyword: work}),
    ]

    assert [decorated() for decorated in forms] == [1] * len(forms)
    assert len(daemon.documents()) == len(forms)


def test_a_decorated_function_follows_the_provider_that_its_tracer_has_then(
    daemon: Daemon, provider: Provider
) -> None:
    tracer = Tracer(auto_patch=False)

    @tracer.capture_method(capture_response=False)
    def work() -> None: ...

    tracer.provider = provider
    work()

    assert [call[0] for call in provider.calls] == ["begin", "end"]
    assert daemon.documents() == []


# --- Another provider ---------------------------------------------------------------------------------------


def test_another_recorder_of_ours_may_be_the_provider(daemon: Daemon) -> None:
    recorder = Recorder()
    tracer = Tracer(service="payment", auto_patch=False, provider=recorder)

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        with xray_recorder.in_subsegment("work"):
            tracer.put_annotation("key", 1)

    handler({}, None)
    recorder.emitter.reset()

    daemon.expect_tree(
        """
        ## handler  {"ColdStart": true, "Service": "payment"}
          work  {"key": 1}
    """,
        annotations=True,
    )


def test_a_provider_is_called_as_powertools_calls_it(daemon: Daemon, provider: Provider) -> None:
    tracer = Tracer(service="payment", auto_patch=False, provider=provider)

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> str:
        tracer.put_annotation("key", 1)
        tracer.put_metadata("key", 2)
        return "response"

    assert handler({}, None) == "response"
    assert provider.calls == [
        ("begin", "## handler"),
        ("annotation", "key", 1),
        ("metadata", "payment", "key", 2),
        ("metadata", "payment", "handler response", "response"),
        ("annotation", "ColdStart", True),
        ("annotation", "Service", "payment"),
        ("end", "## handler"),
    ]


def test_a_provider_sees_exceptions_itself(daemon: Daemon, provider: Provider) -> None:
    tracer = Tracer(service="payment", auto_patch=False, provider=provider)
    error = ValueError("no")

    @tracer.capture_method
    def work() -> None:
        raise error

    with pytest.raises(ValueError, match="no") as caught:
        work()

    assert caught.value is error
    [begin, metadata, *rest] = provider.calls
    assert begin[0] == "begin"
    assert metadata[3] is error
    assert metadata[2].endswith(" error")
    assert [call[0] for call in rest] == ["failed", "end"]


def test_a_provider_is_called_in_unsampled_invocations_too(
    daemon: Daemon, invoke: Invoke, provider: Provider
) -> None:
    """Whether something is recorded is for the provider to know."""
    invoke(sampled=0)
    tracer = Tracer(auto_patch=False, provider=provider)

    @tracer.capture_method
    def work() -> None: ...

    work()

    assert [call[0] for call in provider.calls] == ["begin", "end"]


def test_a_provider_records_coroutines_and_generators(daemon: Daemon, provider: Provider) -> None:
    tracer = Tracer(auto_patch=False, provider=provider)

    @tracer.capture_method
    async def coroutine() -> int:
        provider.calls.append(("inside",))
        return 1

    @tracer.capture_method
    def generator() -> Iterator[int]:
        provider.calls.append(("inside",))
        yield 1

    @tracer.capture_method
    async def async_generator() -> AsyncIterator[int]:
        provider.calls.append(("inside",))
        yield 1

    async def main() -> list[int]:
        return [await coroutine(), *generator(), *[number async for number in async_generator()]]

    assert asyncio.run(main()) == [1, 1, 1]
    assert [call[0] for call in provider.calls if call[0] != "metadata"] == ["begin", "inside", "end"] * 3


@pytest.mark.parametrize("broken", ["in_subsegment", "put_metadata", "put_annotation"])
def test_a_provider_that_fails_does_not_reach_the_caller(
    broken: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr("lambda_tracer.guard.reraise", False)
    provider = Provider()
    setattr(provider, broken, fails)
    tracer = Tracer(service="payment", auto_patch=False, provider=provider)

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> int:
        return 7

    assert handler({}, None) == 7
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("broken_at", ["begin", "end"])
def test_a_provider_that_fails_around_the_call_does_not_reach_the_caller(
    broken_at: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Breaks(Provider):
        @contextmanager
        def in_subsegment(self, name: str | None = None, **kwargs: Any) -> Iterator[Provider]:
            if broken_at == "begin":
                raise RuntimeError("broken")
            try:
                yield self
            finally:
                raise RuntimeError("broken")

    monkeypatch.setattr("lambda_tracer.guard.reraise", False)
    tracer = Tracer(auto_patch=False, provider=Breaks())

    @tracer.capture_method
    def work(error: Exception | None = None) -> int:
        if error is not None:
            raise error
        return 7

    @tracer.capture_method
    async def work_later() -> int:
        return 7

    error = ValueError("the user's")
    with pytest.raises(ValueError, match="the user's") as caught:
        work(error)

    assert caught.value is error
    assert work() == 7
    assert asyncio.run(work_later()) == 7


def test_the_provider_of_one_tracer_is_that_of_the_next(daemon: Daemon, provider: Provider) -> None:
    Tracer(auto_patch=False, provider=provider)

    assert Tracer(auto_patch=False).provider is provider


# --- For tests ----------------------------------------------------------------------------------------------


def test_what_tracers_share_can_be_forgotten(daemon: Daemon, provider: Provider) -> None:
    Tracer("payment", disabled=True, auto_patch=False, provider=provider, patch_modules=["requests"])
    Tracer._reset_config()
    with xray_recorder.in_subsegment("recorded again"):
        pass
    tracer = Tracer(auto_patch=False)

    assert (tracer.service, tracer.disabled, tracer.provider) == ("", False, xray_recorder)
    daemon.expect_tree("recorded again")
