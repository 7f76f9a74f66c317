"""What `keep` takes, as an argument and as a variable."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tracer import Tracer, global_sdk_config, recording
from lambda_tracer.capture.keep_rule import Rule, rule_of, rule_of_variable
from lambda_tracer.testing import capture_traces
from tests.daemon import Daemon
from tests.keep.lines import Log
from tests.logged import messages

KEEP = "LAMBDA_TRACER_KEEP"


def said(rule: Rule | None) -> tuple[bool, float | None] | None:
    return None if rule is None else (rule.errors, rule.slow_s)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("errors", (True, None)),
        ("errors,slow:2000", (True, 2.0)),
        (" Errors , SLOW:0.5 ", (True, 0.0005)),
        ("slow:0", (False, 0.0)),
        ("", None),
        ("false", None),
        (" OFF ", None),
        ("errors,", (True, None)),
        (False, None),
        (["errors", "slow:100"], (True, 0.1)),
        ((), None),
    ],
)
def test_it_takes_words_with_commas_between_or_in_a_list(words: Any, expected: object) -> None:
    assert said(rule_of(words)) == expected


@pytest.mark.parametrize(
    "words",
    ["error", "slow", "slow:", "slow:soon", "slow:-1", "slow:nan", "errors;slow:1", True, 5, ["errors", 5]],
)
def test_what_it_does_not_know_is_a_value_error(words: Any) -> None:
    with pytest.raises(ValueError, match="keep: expected 'errors'"):
        Tracer(auto_patch=False, keep=words)


def test_it_is_off_by_default(daemon: Daemon) -> None:
    Tracer(auto_patch=False)

    assert recording.kept is None


def test_the_variable_switches_it_on_and_the_argument_wins(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEEP, "errors")
    Tracer(auto_patch=False)
    assert recording.kept is not None

    Tracer(auto_patch=False, keep=False)
    assert recording.kept is None


def test_a_later_tracer_takes_over_what_an_earlier_one_was_told(daemon: Daemon) -> None:
    Tracer(auto_patch=False, keep="errors")
    Tracer(auto_patch=False)

    assert recording.kept is not None


def test_what_a_tracer_has_switched_off_is_not_switched_on_by_a_capture_that_ends(daemon: Daemon) -> None:
    Tracer(auto_patch=False, keep="errors")
    Tracer(auto_patch=False, keep=False)

    with capture_traces():
        pass

    assert recording.kept is None


def test_a_disabled_tracer_keeps_nothing(daemon: Daemon) -> None:
    Tracer(auto_patch=False, keep="errors", disabled=True)

    assert recording.kept is None


@pytest.mark.parametrize(
    ("text", "expected", "is_reported"),
    [
        ("errors,slow:2000", (True, 2.0), False),
        ("errors,warnings", (True, None), True),
        ("slow:soon", None, True),
        ("everything", None, True),
        ("false", None, False),
        ("0", None, False),
    ],
)
def test_unknown_words_in_the_variable_are_reported_once_and_ignored(
    caplog: pytest.LogCaptureFixture, text: str, expected: object, is_reported: bool
) -> None:
    assert said(rule_of_variable(text)) == expected

    message = (
        "LAMBDA_TRACER_KEEP: errors and slow with milliseconds (slow:2000) are known, the rest is ignored"
    )
    assert messages(caplog) == [("WARNING", message)] * is_reported


def test_what_was_switched_off_meanwhile_is_not_kept(tracer: Tracer, log: Log) -> None:
    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        raise ValueError("no")

    global_sdk_config.set_sdk_enabled(False)
    with pytest.raises(ValueError, match="no"):
        handler({}, None)

    assert log.texts() == []
