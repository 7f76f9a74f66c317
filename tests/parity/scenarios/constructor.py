"""How a Tracer is made: arguments, environment variables, what instances share, and what disabled means."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.parity.lab import Lab, scenario

WORDS = (
    "1",
    "y",
    "YES",
    "t",
    "True",
    "on",
    "0",
    "n",
    "no",
    "F",
    "false",
    "OFF",
    "maybe",
    "2",
    "none",
    "",
    " true",
)


def trace(lab: Lab, tracer: Any, label: str = "answer") -> None:
    """One invocation of a small handler."""

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        tracer.put_annotation("number", 1)
        tracer.put_metadata("place", "here")
        return {"ok": True}

    lab.attempt(label, handler, {}, None)


@scenario()
def service_as_argument(lab: Lab) -> None:
    tracer = lab.tracer(service="booking")
    lab.note("service", tracer.service)
    trace(lab, tracer)


@scenario()
def service_from_environment(lab: Lab) -> None:
    lab.environ(POWERTOOLS_SERVICE_NAME="from environment")
    tracer = lab.tracer(service=None)
    lab.note("service", tracer.service)
    trace(lab, tracer)


@scenario()
def service_argument_beats_environment(lab: Lab) -> None:
    lab.environ(POWERTOOLS_SERVICE_NAME="from environment")
    lab.note("service", lab.tracer(service="argument").service)


@scenario()
def service_unset(lab: Lab) -> None:
    tracer = lab.tracer(service=None)
    lab.note("service", tracer.service)
    trace(lab, tracer)


@scenario()
def service_of_the_first_instance_is_that_of_the_next(lab: Lab) -> None:
    first = lab.tracer(service="first")
    second = lab.tracer(service=None)
    empty = lab.tracer(service="")
    third = lab.tracer(service="third")
    lab.note("services", [first.service, second.service, empty.service, third.service])
    lab.environ(POWERTOOLS_SERVICE_NAME="from environment")
    lab.note("environment beats the shared one", lab.tracer(service=None).service)
    lab.environ(POWERTOOLS_SERVICE_NAME="")
    lab.note("an empty variable is none", lab.tracer(service=None).service)


@scenario()
def service_empty_argument_hides_the_environment(lab: Lab) -> None:
    lab.environ(POWERTOOLS_SERVICE_NAME="from environment")
    lab.note("service", lab.tracer(service="").service)


@scenario()
def service_set_later(lab: Lab) -> None:
    tracer = lab.tracer(service="before")

    @tracer.capture_method
    def work() -> str:
        tracer.put_metadata("key", "value")
        return "done"

    tracer.service = "after"
    work()
    trace(lab, tracer)


@scenario()
def positional_arguments(lab: Lab) -> None:
    tracer = lab.Tracer("positional", False, False, [], None)
    lab.note("attributes", [tracer.service, tracer.disabled, tracer.auto_patch])
    lab.note("provider is the recorder", tracer.provider is lab.recorder)
    trace(lab, tracer)


@scenario()
def patching_nothing(lab: Lab) -> None:
    tracer = lab.Tracer(service="payment", patch_modules=[])
    lab.note("auto_patch", tracer.auto_patch)
    trace(lab, tracer)


@scenario()
def auto_patch_is_shared(lab: Lab) -> None:
    lab.note("first", lab.Tracer(auto_patch=False).auto_patch)
    lab.note("second", lab.Tracer().auto_patch)


@scenario()
def unknown_argument(lab: Lab) -> None:
    try:
        lab.Tracer(nonsense=True)
    except TypeError:
        lab.note("raised", "TypeError")


@scenario()
def reset_config(lab: Lab) -> None:
    lab.tracer(service="before")
    lab.Tracer._reset_config()
    tracer = lab.tracer(service=None)
    lab.note("service", tracer.service)


@scenario("misspelt-libraries-are-refused-everywhere")
def disabled_by_argument(lab: Lab) -> None:
    tracer = lab.tracer(disabled=True)
    lab.note("disabled", tracer.disabled)
    lab.note("sdk enabled", lab.sdk_config.sdk_enabled())
    trace(lab, tracer)
    lab.note("annotation", tracer.put_annotation("key", "value"))
    lab.note("metadata", tracer.put_metadata("key", "value"))
    lab.note("patch", tracer.patch(["no such library"]))
    with lab.recorder.in_subsegment("by the recorder") as subsegment:
        subsegment.put_annotation("key", "value")


@scenario()
def disabled_methods_of_every_kind_run(lab: Lab) -> None:
    tracer = lab.tracer(disabled=True)

    @tracer.capture_method
    def plain(value: int) -> int:
        return value + 1

    @tracer.capture_method
    async def coroutine(value: int) -> int:
        return value + 2

    @tracer.capture_method
    def generator(value: int) -> Any:
        yield value + 3
        return value

    lab.attempt("plain", plain, 1)
    lab.run("coroutine", lambda: coroutine(1))
    lab.attempt("generator", lambda: list(generator(1)))


@scenario()
def disabled_is_shared(lab: Lab) -> None:
    lab.tracer(disabled=True)
    tracer = lab.tracer()
    lab.note("disabled", tracer.disabled)
    trace(lab, tracer)


@scenario("disabled-can-be-undone")
def disabled_then_told_otherwise(lab: Lab) -> None:
    lab.tracer(disabled=True)
    tracer = lab.tracer(disabled=False)
    lab.note("disabled", tracer.disabled)
    trace(lab, tracer)


@scenario("reset-undoes-the-switch")
def disabled_then_reset(lab: Lab) -> None:
    lab.tracer(disabled=True)
    lab.Tracer._reset_config()
    tracer = lab.tracer()
    lab.note("disabled", tracer.disabled)
    trace(lab, tracer)


@scenario()
def disabled_outside_lambda(lab: Lab) -> None:
    lab.environ(LAMBDA_TASK_ROOT=None)
    lab.note("unset", lab.tracer().disabled)
    trace(lab, lab.tracer())


@scenario()
def disabled_with_an_empty_task_root(lab: Lab) -> None:
    lab.environ(LAMBDA_TASK_ROOT="")
    lab.note("empty", lab.tracer().disabled)


@scenario()
def disabled_in_sam_local(lab: Lab) -> None:
    lab.environ(AWS_SAM_LOCAL="false")
    lab.note("any text", lab.tracer().disabled)


@scenario()
def disabled_not_by_an_empty_sam_local(lab: Lab) -> None:
    lab.environ(AWS_SAM_LOCAL="", AWS_CHALICE_CLI_MODE="")
    lab.note("empty", lab.tracer().disabled)


@scenario()
def disabled_in_chalice(lab: Lab) -> None:
    lab.environ(AWS_CHALICE_CLI_MODE="true")
    lab.note("any text", lab.tracer().disabled)


@scenario()
def enabled_by_argument_everywhere(lab: Lab) -> None:
    lab.environ(LAMBDA_TASK_ROOT=None, AWS_SAM_LOCAL="true", POWERTOOLS_TRACE_DISABLED="true")
    tracer = lab.tracer(disabled=False)
    lab.note("disabled", tracer.disabled)
    trace(lab, tracer)


@scenario("forgiving-flags")
def disabled_by_environment(lab: Lab) -> None:
    for word in WORDS:
        lab.Tracer._reset_config()
        lab.environ(POWERTOOLS_TRACE_DISABLED=word)
        lab.note(f"{word!r}", _outcome(lambda: lab.tracer().disabled))


@scenario("forgiving-flags")
def capture_response_by_environment(lab: Lab) -> None:
    tracer = lab.tracer()
    for word in WORDS:
        lab.environ(POWERTOOLS_TRACER_CAPTURE_RESPONSE=word)
        lab.note(f"{word!r}", _outcome(partial(_captured, tracer, _answer, word)))


@scenario("forgiving-flags", "error-metadata", "stack-of-a-decorator")
def capture_error_by_environment(lab: Lab) -> None:
    tracer = lab.tracer()
    for word in WORDS:
        lab.environ(POWERTOOLS_TRACER_CAPTURE_ERROR=word)
        lab.note(f"{word!r}", _outcome(partial(_captured, tracer, _fail, word)))


@scenario()
def capture_flags_explicit_beat_the_environment(lab: Lab) -> None:
    lab.environ(POWERTOOLS_TRACER_CAPTURE_RESPONSE="maybe", POWERTOOLS_TRACER_CAPTURE_ERROR="maybe")
    tracer = lab.tracer()
    tracer.capture_method(_answer, capture_response=True, capture_error=True)("given")
    tracer.capture_lambda_handler(_handler, capture_response=False, capture_error=False)({}, None)


@scenario()
def sdk_switch(lab: Lab) -> None:
    lab.note("at first", lab.sdk_config.sdk_enabled())
    lab.sdk_config.set_sdk_enabled(False)
    lab.note("off", lab.sdk_config.sdk_enabled())
    with lab.recorder.in_subsegment("not recorded"):
        pass
    lab.sdk_config.set_sdk_enabled(True)
    with lab.recorder.in_subsegment("recorded"):
        pass
    lab.sdk_config.set_sdk_enabled("off")
    lab.note("anything but a bool", lab.sdk_config.sdk_enabled())


@scenario()
def sdk_switch_by_environment(lab: Lab) -> None:
    for word in (*WORDS, "no way"):
        lab.environ(AWS_XRAY_SDK_ENABLED=word)
        lab.sdk_config.set_sdk_enabled(True)
        lab.note(f"{word!r}", lab.sdk_config.sdk_enabled())
    lab.environ(AWS_XRAY_SDK_ENABLED="true")
    lab.sdk_config.set_sdk_enabled(False)
    lab.note("environment wins", lab.sdk_config.sdk_enabled())


def _answer(word: str) -> str:
    return f"answer {word}"


def _fail(word: str) -> None:
    raise ValueError(f"failed {word}")


def _captured(tracer: Any, function: Any, word: str) -> Any:
    return tracer.capture_method(function)(word)


def _handler(event: Any, context: Any) -> str:
    return "handled"


def _outcome(function: Any) -> Any:
    try:
        return function()
    except Exception as error:
        return type(error).__name__
