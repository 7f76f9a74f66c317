"""Every environment variable that changes what the tracer does, in one place, and the switch that turns recording off.

Nothing here is read at import: a variable is read when what it decides is decided (a Tracer made, a function
decorated, an invocation noticed), as Powertools and the X-Ray SDK do.
"""

from __future__ import annotations

import os

from .guard import pass_on, warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal

TRUE = frozenset(("1", "y", "yes", "t", "true", "on"))
FALSE = frozenset(("0", "n", "no", "f", "false", "off"))
"""What variables that are true or false may say, in small letters."""

DEFAULT_IMPORTS_MS = 10.0
"""Imports slower than this are recorded where imports are traced and no threshold is given."""

W3C: Final = "w3c"
"""What `log_ids` is where log records get the id of the trace in the W3C's form, too."""

is_capturing = False
"""Whether a test captures what is recorded: outside Lambda too, Tracers are then on."""

_SDK_ENABLED_KEY = os.environ.encodekey("AWS_XRAY_SDK_ENABLED")
TRACE_HEADER_KEY = os.environ.encodekey("_X_AMZN_TRACE_ID")


def is_on(option: object) -> bool:
    """Whether an option in code that is on or off is on: by its truth, and text that says false is false.

    So what a variable of the user's own says can be given as it is. Empty text, and blanks, are false.
    """
    if isinstance(option, str):
        word = option.strip().lower()
        return bool(word) and word not in FALSE
    return bool(option)


def trace_header() -> bytes | str | None:
    """The raw value of `_X_AMZN_TRACE_ID`, as the platform keeps it: compare it or `os.fsdecode` it."""
    try:
        # os.environ's own storage: spares the 0.5 us of encoding key and value at every subsegment.
        value: bytes | str | None = os.environ._data.get(TRACE_HEADER_KEY)  # type: ignore[attr-defined]
    except AttributeError as error:  # somebody has put a plain dict in the place of os.environ
        pass_on(error)
        value = os.environ.get("_X_AMZN_TRACE_ID")
    return value


def propagators() -> str | None:
    """`LAMBDA_TRACER_PROPAGATORS`, unread: see `w3c.propagators`; None when it is not set."""
    return os.environ.get("LAMBDA_TRACER_PROPAGATORS")


def daemon_address() -> str | None:
    """`AWS_XRAY_DAEMON_ADDRESS`, unread; None when it is not set."""
    return os.environ.get("AWS_XRAY_DAEMON_ADDRESS")


def sends_spans() -> bool:
    """Whether `LAMBDA_TRACER_WIRE` is `otlp`, OpenTelemetry's spans, in the place of `xray`, X-Ray's documents.

    Another word is reported once, and the default, `xray`, holds.
    """
    word = os.environ.get("LAMBDA_TRACER_WIRE", "").strip().lower()
    if word not in ("", "xray", "otlp"):
        warn_once("LAMBDA_TRACER_WIRE", "LAMBDA_TRACER_WIRE is neither xray nor otlp: xray holds")
    return word == "otlp"


def service_name() -> str:
    """`POWERTOOLS_SERVICE_NAME`, or an empty string."""
    return os.environ.get("POWERTOOLS_SERVICE_NAME", "")


def tracing_name() -> str | None:
    """`AWS_XRAY_TRACING_NAME`: the X-Ray SDK's name for a service; kept for code that reads `recorder.service`."""
    return os.environ.get("AWS_XRAY_TRACING_NAME")


def in_lambda() -> bool:
    """Whether this process is a Lambda function (`LAMBDA_TASK_ROOT` is set and not empty)."""
    return bool(os.environ.get("LAMBDA_TASK_ROOT"))


def is_real_lambda() -> bool:
    """Whether this process is a Lambda function in AWS, where Lambda writes the segments.

    It is none where SAM's command line runs it on somebody's machine (`AWS_SAM_LOCAL`).
    """
    return in_lambda() and not os.environ.get("AWS_SAM_LOCAL")


def initialization() -> str:
    """`AWS_LAMBDA_INITIALIZATION_TYPE`: what the sandbox was initialised for.

    - `on-demand`, the default: for a request, which waits for it. Any other may run hours before the first request.
    - `provisioned-concurrency`: ahead of its first request.
    - `snap-start`: for a snapshot, of which it is restored.
    """
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")


def timeout_margin_s() -> float:
    """`LAMBDA_TRACER_TIMEOUT_MARGIN_MS` in seconds: how long before the deadline what is open is sent; 0 for never.

    Default 0.2 s. What is no number of milliseconds is reported once, and the default holds.
    """
    return _milliseconds("LAMBDA_TRACER_TIMEOUT_MARGIN_MS", default=200.0) / 1000


def imports_threshold_s() -> float | None:
    """`LAMBDA_TRACER_IMPORTS_MS` in seconds: imports slower than that are recorded; None when it is not set."""
    if not os.environ.get("LAMBDA_TRACER_IMPORTS_MS"):
        return None
    return _milliseconds("LAMBDA_TRACER_IMPORTS_MS", default=DEFAULT_IMPORTS_MS) / 1000


def keep() -> str:
    """`LAMBDA_TRACER_KEEP`: which invocations that are not sampled are written into the log; empty for none."""
    return os.environ.get("LAMBDA_TRACER_KEEP", "").strip()


def redacted_keys() -> list[str]:
    """`LAMBDA_TRACER_REDACT`: further names of secrets, separated by commas."""
    return [name.strip() for name in os.environ.get("LAMBDA_TRACER_REDACT", "").split(",") if name.strip()]


def tracing_disabled() -> bool:
    """Whether a Tracer that was not told otherwise is disabled.

    So it is when `POWERTOOLS_TRACE_DISABLED` is true, and under Chalice's command line (`AWS_CHALICE_CLI_MODE`). Unless
    `LAMBDA_TRACER_SEGMENT` asks for segments of our own, so it is outside Lambda and in `sam local` (`AWS_SAM_LOCAL`).
    While a test captures, only the first counts.
    """
    return switched_off() or (
        not is_capturing
        and (
            (not is_real_lambda() and segment_name() is None) or bool(os.environ.get("AWS_CHALICE_CLI_MODE"))
        )
    )


def switched_off() -> bool:
    """`POWERTOOLS_TRACE_DISABLED`: whether somebody wants no Tracer to record, wherever this runs; default false."""
    return _flag("POWERTOOLS_TRACE_DISABLED", default=False)


def segment_name() -> str | None:
    """`LAMBDA_TRACER_SEGMENT`: what segments of our own are called where Lambda gives none.

    Empty where it is true and no name; None where it is false or not set: then there are none.
    """
    word = os.environ.get("LAMBDA_TRACER_SEGMENT", "").strip()
    if not is_on(word):
        return None
    return "" if word.lower() in TRUE else word


def sampling() -> str:
    """`LAMBDA_TRACER_SAMPLING`: which segments of our own are recorded, unread; empty where it is not set."""
    return os.environ.get("LAMBDA_TRACER_SAMPLING", "").strip()


def own_handler() -> str:
    """`LAMBDA_TRACER_HANDLER`: the handler that `lambda_tracer.auto` captures, in Lambda's own form, or empty."""
    return os.environ.get("LAMBDA_TRACER_HANDLER", "")


def log_ids(option: object = None) -> bool | Literal["w3c"]:
    """Whether log records get ids, and `"w3c"` where they get `trace_id` as well.

    As `option` says, that of a Tracer, or where that is None as `LAMBDA_TRACER_LOG_IDS` does; default false.
    """
    variable = "LAMBDA_TRACER_LOG_IDS"
    said = os.environ.get(variable, "") if option is None else option
    if isinstance(said, str) and said.strip().lower() == W3C:
        return W3C
    return _switch(variable, option, default=False)


def take_over() -> bool:
    """`LAMBDA_TRACER_TAKE_OVER`: whether `lambda_tracer.auto` has code for the X-Ray SDK run on us; default false."""
    return _switch("LAMBDA_TRACER_TAKE_OVER", default=False)


def function_name() -> str:
    """`AWS_LAMBDA_FUNCTION_NAME`: what Lambda calls the function."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")


def runtime_api() -> str:
    """`AWS_LAMBDA_RUNTIME_API`: where the runtime client fetches invocations, `host:port`."""
    return os.environ.get("AWS_LAMBDA_RUNTIME_API", "")


def capture_response(option: object = None, *, default: bool = True) -> bool:
    """Whether decorators record what a function returned.

    As `option` says, a decorator's, or where that is None as `POWERTOOLS_TRACER_CAPTURE_RESPONSE` does.
    """
    return _flag("POWERTOOLS_TRACER_CAPTURE_RESPONSE", option, default=default)


def capture_error(option: object = None) -> bool:
    """`capture_response`, of an exception as metadata: `POWERTOOLS_TRACER_CAPTURE_ERROR`."""
    return _flag("POWERTOOLS_TRACER_CAPTURE_ERROR", option, default=True)


def event_facts(option: object = None) -> bool:
    """Whether the handler's subsegment says what triggered it.

    As `option` says, that of a Tracer, or where that is None as `LAMBDA_TRACER_EVENT_FACTS` does; default true.
    """
    return _switch("LAMBDA_TRACER_EVENT_FACTS", option, default=True)


def client_ip() -> bool:
    """`LAMBDA_TRACER_CLIENT_IP`: whether the address of an HTTP client is recorded; default false."""
    return _switch("LAMBDA_TRACER_CLIENT_IP", default=False)


def _switch(variable: str, option: object = None, *, default: bool) -> bool:
    """A flag of ours: one that is neither true nor false is reported once, and is off."""
    try:
        return _flag(variable, option, default=default)
    except ValueError as error:
        pass_on(error)
        warn_once(variable, "%s is neither true nor false: it is off", variable)
        return False


def _milliseconds(variable: str, *, default: float) -> float:
    text = os.environ.get(variable, "").strip()
    try:
        value = float(text) if text else default
    except ValueError as error:
        pass_on(error)
        value = -1.0
    if not 0 <= value < 1e9:  # NaN is not, either
        warn_once(variable, "%s is not a number of milliseconds: %s holds", variable, default)
        return default
    return value


def _flag(variable: str, option: object = None, *, default: bool) -> bool:
    """Read a true-or-false variable, unless an option in code says it; empty means unset.

    Raises ValueError for any other word: a misspelt switch should stop a deployment, not pick a side.
    """
    if option is not None:
        return is_on(option)
    word = os.environ.get(variable, "").strip().lower()
    if not word:
        return default
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError(f"environment variable {variable}: expected one of {sorted(TRUE | FALSE)}")


class SDKConfig:
    """The process-wide switch, known from the X-Ray SDK as `global_sdk_config`.

    When it is off nothing is recorded or sent, whoever asks. `AWS_XRAY_SDK_ENABLED`, when set, wins over
    `set_sdk_enabled`; it is read again when an invocation begins.
    """

    __slots__ = ("enabled", "is_stopped", "is_wanted")

    def __init__(self) -> None:
        self.enabled = self.is_wanted = True
        self.is_stopped = False
        self.refresh()

    def sdk_enabled(self) -> bool:
        """Whether recording is on."""
        self.refresh()
        return self.enabled

    def set_sdk_enabled(self, value: bool) -> None:
        """Turn recording on or off for the whole process.

        Anything but a bool counts as True and is warned about, as is a value of `AWS_XRAY_SDK_ENABLED` that
        is neither true nor false.
        """
        if not isinstance(value, bool):
            warn_once(
                "sdk_enabled", "set_sdk_enabled takes a bool, not %s: tracing stays on", type(value).__name__
            )
            value = True
        self.is_wanted = value
        self.is_stopped = False
        self.refresh()

    def stop(self) -> None:
        """Turn recording off whatever the environment says, until `set_sdk_enabled`."""
        self.is_stopped = True
        self.enabled = False

    def refresh(self) -> None:
        """Look at the environment again."""
        if self.is_stopped:
            return
        try:
            is_set = _SDK_ENABLED_KEY in os.environ._data  # type: ignore[attr-defined]  # as in `trace_header`
        except AttributeError as error:
            pass_on(error)
            is_set = "AWS_XRAY_SDK_ENABLED" in os.environ
        if not is_set:
            self.enabled = self.is_wanted
            return
        try:
            self.enabled = _flag("AWS_XRAY_SDK_ENABLED", default=self.is_wanted)
        except ValueError as error:
            pass_on(error)
            warn_once(
                "AWS_XRAY_SDK_ENABLED", "AWS_XRAY_SDK_ENABLED is neither true nor false: tracing stays on"
            )
            self.enabled = True


global_sdk_config = SDKConfig()
