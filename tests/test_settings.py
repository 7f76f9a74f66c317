"""Environment variables, and the switch that turns recording off for the whole process."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tracer import Tracer, global_sdk_config, settings, xray_recorder
from lambda_tracer.settings import SDKConfig
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.logged import messages

TRUE = ["1", "y", "yes", "t", "true", "on", "TRUE", "Yes", " true "]
FALSE = ["0", "n", "no", "f", "false", "off", "FALSE", "No", " false "]

FLAGS = {
    "POWERTOOLS_TRACE_DISABLED": (settings.tracing_disabled, False),
    "POWERTOOLS_TRACER_CAPTURE_RESPONSE": (settings.capture_response, True),
    "POWERTOOLS_TRACER_CAPTURE_ERROR": (settings.capture_error, True),
}

each_flag = pytest.mark.parametrize("variable", FLAGS)


@pytest.fixture(autouse=True)
def _in_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")


# --- True or false ------------------------------------------------------------------------------------------


@each_flag
@pytest.mark.parametrize(("word", "meaning"), [(w, True) for w in TRUE] + [(w, False) for w in FALSE])
def test_each_usual_word_for_true_and_false_is_known(
    variable: str, word: str, meaning: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, word)

    assert FLAGS[variable][0]() is meaning


@each_flag
@pytest.mark.parametrize("empty", [None, "", "  "])
def test_a_variable_that_is_empty_or_not_set_leaves_the_default(
    variable: str, empty: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if empty is not None:
        monkeypatch.setenv(variable, empty)

    read, default = FLAGS[variable]
    assert read() is default


@each_flag
@pytest.mark.parametrize("word", ["secret", "2", "tru", "none"])
def test_any_other_word_is_a_mistake_that_is_named_without_the_word(
    variable: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, word)

    with pytest.raises(ValueError, match=f"environment variable {variable}: expected one of") as caught:
        FLAGS[variable][0]()
    assert f"'{word}'" not in str(caught.value)


# --- When tracing is off ------------------------------------------------------------------------------------


def test_in_lambda_tracing_is_on() -> None:
    assert not settings.tracing_disabled()


@pytest.mark.parametrize("root", [None, ""])
def test_outside_lambda_tracing_is_off(root: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAMBDA_TASK_ROOT")
    if root is not None:
        monkeypatch.setenv("LAMBDA_TASK_ROOT", root)

    assert settings.tracing_disabled()


@pytest.mark.parametrize(
    ("word", "name"),
    [("", None), ("off", None), ("0", None), ("on", ""), ("True", ""), ("shop", "shop"), (" shop ", "shop")],
)
def test_segments_of_our_own_are_off_or_on_or_have_a_name_and_turn_tracing_on_where_it_is_off(
    word: str, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_SEGMENT", word)
    assert settings.segment_name() == name

    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    assert settings.tracing_disabled() == (name is None)
    monkeypatch.delenv("LAMBDA_TASK_ROOT")
    assert settings.tracing_disabled() == (name is None)
    monkeypatch.setenv("AWS_CHALICE_CLI_MODE", "true")
    assert settings.tracing_disabled()


@pytest.mark.parametrize("variable", ["AWS_SAM_LOCAL", "AWS_CHALICE_CLI_MODE"])
@pytest.mark.parametrize(("value", "is_off"), [("true", True), ("1", True), ("false", True), ("", False)])
def test_in_local_tools_tracing_is_off(
    variable: str, value: str, is_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    assert settings.tracing_disabled() is is_off


def test_a_variable_counts_from_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings.tracing_disabled()
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")

    assert (before, settings.tracing_disabled()) == (False, True)


# --- The switch ---------------------------------------------------------------------------------------------


def test_recording_is_on_at_first() -> None:
    assert SDKConfig().sdk_enabled() is True


def test_recording_can_be_turned_off_and_on_for_the_whole_process(daemon: Daemon) -> None:
    global_sdk_config.set_sdk_enabled(False)
    with xray_recorder.in_subsegment("off"):
        pass
    off = global_sdk_config.sdk_enabled()
    global_sdk_config.set_sdk_enabled(True)
    with xray_recorder.in_subsegment("on"):
        pass

    assert off is False
    assert global_sdk_config.sdk_enabled() is True
    daemon.expect_tree("on")


@pytest.mark.parametrize("value", [None, 0, "false", "no", []])
def test_what_is_no_bool_leaves_recording_on_and_is_said_once(
    value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    global_sdk_config.set_sdk_enabled(value)
    global_sdk_config.set_sdk_enabled(value)

    assert global_sdk_config.sdk_enabled() is True
    assert messages(caplog) == [
        ("WARNING", f"set_sdk_enabled takes a bool, not {type(value).__name__}: tracing stays on")
    ]


@pytest.mark.parametrize(("word", "meaning"), [("true", True), ("1", True), ("false", False), ("off", False)])
def test_the_environment_wins_over_the_code(
    word: str, meaning: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_XRAY_SDK_ENABLED", word)
    config = SDKConfig()
    at_first = config.sdk_enabled()
    config.set_sdk_enabled(not meaning)

    assert at_first is meaning
    assert config.sdk_enabled() is meaning


def test_an_environment_that_cannot_be_read_leaves_recording_on_and_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_XRAY_SDK_ENABLED", "secret")
    config = SDKConfig()
    config.set_sdk_enabled(False)

    assert config.sdk_enabled() is True
    assert messages(caplog) == [
        ("WARNING", "AWS_XRAY_SDK_ENABLED is neither true nor false: tracing stays on")
    ]


def test_the_environment_can_turn_off_what_a_tracer_turns_on(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_XRAY_SDK_ENABLED", "false")
    tracer = Tracer(disabled=False, auto_patch=False)

    @tracer.capture_method
    def work() -> int:
        return 1

    assert work() == 1
    assert daemon.documents() == []


def test_the_environment_may_change_between_invocations(
    daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after the import: what counts is what it says when an invocation begins."""
    tracer = Tracer(disabled=False, auto_patch=False)

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> bool:
        return xray_recorder.is_sampled()

    found = []
    for word in ("false", None, "FALSE", "true", "", "off", "nonsense"):
        if word is None:
            monkeypatch.delenv("AWS_XRAY_SDK_ENABLED")
        else:
            monkeypatch.setenv("AWS_XRAY_SDK_ENABLED", word)
        invoke()
        found.append(handler({}, None))

    assert found == [False, True, False, True, True, False, True]
    assert len(daemon.subsegments()) == 4
