"""Environment variables of a function: names that nobody reads, values that can't be read, what turns tracing off."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator

from lambda_tracer.local.template.setting import Setting
from lambda_tracer.send.daemon_address import InvalidDaemonAddressException, parse_daemon_address

from .finding import Finding
from .function import DEFAULT_TIMEOUT_S, Function

FLAGS = {
    "POWERTOOLS_TRACE_DISABLED": False,
    "POWERTOOLS_TRACER_CAPTURE_RESPONSE": True,
    "POWERTOOLS_TRACER_CAPTURE_ERROR": True,
    "AWS_XRAY_SDK_ENABLED": True,
    "LAMBDA_TRACER_EVENT_FACTS": True,
    "LAMBDA_TRACER_CLIENT_IP": False,
    "LAMBDA_TRACER_TAKE_OVER": False,
}
"""Variables that are true or false, and what they are where they are not set."""

MILLISECONDS = {"LAMBDA_TRACER_TIMEOUT_MARGIN_MS": 200.0, "LAMBDA_TRACER_IMPORTS_MS": 10.0}
"""Variables that are a number of milliseconds, and what holds for any other value."""

WORDS = {
    "LAMBDA_TRACER_PROPAGATORS": ("xray", "tracecontext", "baggage", "none"),
    "LAMBDA_TRACER_WIRE": ("xray", "otlp"),
}
"""Variables whose words are known, and which those are."""

LISTS = frozenset(("LAMBDA_TRACER_PROPAGATORS",))
"""Those of them that may have several, with commas between."""

_TEXTS = (
    "LAMBDA_TRACER_KEEP",
    "LAMBDA_TRACER_REDACT",
    "LAMBDA_TRACER_HANDLER",
    "LAMBDA_TRACER_LOG_IDS",
    "LAMBDA_TRACER_SAMPLING",
    "LAMBDA_TRACER_SEGMENT",
    "OTEL_SERVICE_NAME",
    "POWERTOOLS_SERVICE_NAME",
)

OURS = {*FLAGS, *MILLISECONDS, *WORDS, *_TEXTS}
"""Those that the tracer reads and a template may set."""

# https://docs.aws.amazon.com/powertools/python/latest/environment_variables/ and what its sources read.
POWERTOOLS = frozenset(
    f"POWERTOOLS_{name}"
    for name in (
        *("SERVICE_NAME", "DEBUG", "DEV", "EVENT_HANDLER_DEBUG", "LOG_LEVEL", "LOG_DEDUPLICATION_DISABLED"),
        *("LOGGER_LOG_EVENT", "LOGGER_SAMPLE_RATE", "METRICS_NAMESPACE", "METRICS_FUNCTION_NAME"),
        *("METRICS_DISABLED", "TRACE_DISABLED", "TRACE_MIDDLEWARES", "TRACER_CAPTURE_RESPONSE"),
        *("TRACER_CAPTURE_ERROR", "PARAMETERS_MAX_AGE", "PARAMETERS_SSM_DECRYPT", "IDEMPOTENCY_DISABLED"),
        *("CIRCUIT_BREAKER_DISABLED", "LOG_LEVEL"),
    )
)

X_RAY = frozenset(
    (
        *(
            "AWS_XRAY_SDK_ENABLED",
            "AWS_XRAY_DAEMON_ADDRESS",
            "AWS_XRAY_TRACING_NAME",
            "AWS_XRAY_CONTEXT_MISSING",
        ),
        *("AWS_XRAY_DEBUG_MODE", "AWS_XRAY_LOG_LEVEL", "AWS_XRAY_NOOP_ID"),
    )
)

_PREFIXES = ("POWERTOOLS_", "LAMBDA_TRACER_", "AWS_XRAY_")

_ALMOST = (
    "POWERTOOL_",
    "POWERTOOLS",
    "POWER_TOOLS_",
    "LAMBDATRACER_",
    "LAMBDA_TRACE",
    "AWS_X_RAY_",
    "AWSXRAY_",
)

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, "Defined runtime environment variables".
RESERVED = frozenset(
    (
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    )
)

_TRUE = frozenset(("1", "y", "yes", "t", "true", "on"))
_FALSE = frozenset(("0", "n", "no", "f", "false", "off"))

HOSTS = frozenset(
    (
        *("AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
        *(
            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
            "ECS_CONTAINER_METADATA_URI",
            "ECS_CONTAINER_METADATA_URI_V4",
        ),
    )
)
"""Those that tell the plugins for segments outside Lambda where they run: nothing is to be said of them here."""

LOCAL = {
    "AWS_SAM_LOCAL": "a function under `sam local`",
    "AWS_CHALICE_CLI_MODE": "Chalice's command line",
}


def findings(function: Function) -> Iterator[Finding]:
    """What is said of a function's variables."""
    for name, setting in function.variables.items():
        yield from _name(function, name, setting)
        if setting.text is not None:
            yield from _value(function, name, setting, setting.text.strip())
    yield from _off(function)
    yield from _margin(function)


def is_flag(text: str) -> bool:
    """Whether it is one of the words for true and false, or empty, which is as if it were not set."""
    return text.strip().lower() in {"", *_TRUE, *_FALSE}


def _name(function: Function, name: str, setting: Setting) -> Iterator[Finding]:
    if name in RESERVED:
        yield Finding(
            "reserved-variable",
            f"{name} is Lambda's own variable: Lambda refuses a function that sets it.",
            "Take it out of the template.",
            function.file,
            setting.line,
        )
        return
    if name in OURS or name in POWERTOOLS or name in X_RAY:
        return
    upper = name.upper()
    if not upper.startswith((*_PREFIXES, *_ALMOST)):
        return
    known = sorted({*OURS, *POWERTOOLS, *X_RAY})
    near = next(iter(difflib.get_close_matches(upper, known, 1, 0.82)), "")
    if near:
        yield Finding(
            "misspelt-variable",
            f"Nobody reads the variable {name}: it looks like {near}.",
            f"Write {near}.",
            function.file,
            setting.line,
        )
    elif upper.startswith(_PREFIXES):
        yield Finding(
            "unknown-variable",
            f"The tracer does not know the variable {name}.",
            "Look it up among the environment variables, or take it away.",
            function.file,
            setting.line,
        )


def _value(function: Function, name: str, setting: Setting, text: str) -> Iterator[Finding]:
    if name in FLAGS and not is_flag(text):
        consequence = (
            "the function does not start"
            if name.startswith("POWERTOOLS_")
            else "tracing stays on"
            if name == "AWS_XRAY_SDK_ENABLED"
            else "it counts as false"
        )
        yield Finding(
            "variable-value",
            f"The value of {name} is neither true nor false: {consequence}.",
            "Write true or false.",
            function.file,
            setting.line,
        )
    if name == "LAMBDA_TRACER_LOG_IDS" and text.lower() != "w3c" and not is_flag(text):
        yield Finding(
            "variable-value",
            f"The value of {name} is neither true nor false, nor w3c: it counts as false.",
            "Write true, or w3c for ids of 32 hex digits as well.",
            function.file,
            setting.line,
        )
    if name in WORDS:
        words = text.split(",") if name in LISTS else [text]
        unknown = [word.strip() for word in words if word.strip().lower() not in {"", *WORDS[name]}]
        if unknown:
            yield Finding(
                "variable-value",
                f"{name} has the word {unknown[0][:40]!r}: it counts for nothing.",
                f"Known are {', '.join(WORDS[name])}.",
                function.file,
                setting.line,
            )
    if name in MILLISECONDS and text and _milliseconds(text) is None:
        yield Finding(
            "variable-value",
            f"The value of {name} is not a number of milliseconds: {MILLISECONDS[name]:g} holds.",
            "Write a number of 0 or more, without a unit.",
            function.file,
            setting.line,
        )
    if name == "AWS_XRAY_DAEMON_ADDRESS":
        try:
            parse_daemon_address(text)
        except InvalidDaemonAddressException as exc:
            yield Finding(
                "daemon-address",
                f"The value of {name} can't be read ({exc}): no trace is sent.",
                "Take it away: Lambda sets it.",
                function.file,
                setting.line,
            )


def _off(function: Function) -> Iterator[Finding]:
    remedy = "Take the variable away."
    for name in ("POWERTOOLS_TRACE_DISABLED", "AWS_XRAY_SDK_ENABLED"):
        setting = function.variables.get(name)
        wanted = _FALSE if FLAGS[name] else _TRUE
        if setting is not None and (setting.text or "").strip().lower() in wanted:
            yield Finding(
                "tracer-disabled",
                f"{name} is {setting.text}: nothing is recorded.",
                remedy,
                function.file,
                setting.line,
            )
    for name, where in LOCAL.items():
        setting = function.variables.get(name)
        if setting is not None and setting.text != "":
            yield Finding(
                "tracer-disabled",
                f"{name} is set, by which the tracer knows {where}: a Tracer is off.",
                remedy,
                function.file,
                setting.line,
            )


def _margin(function: Function) -> Iterator[Finding]:
    setting = function.variables.get("LAMBDA_TRACER_TIMEOUT_MARGIN_MS")
    timeout = function.timeout
    seconds = number(timeout.text if timeout is not None else DEFAULT_TIMEOUT_S)
    margin = _milliseconds((setting.text or "").strip()) if setting is not None else None
    if setting is None or margin is None or seconds is None or margin < seconds * 1000:
        return
    yield Finding(
        "timeout-margin",
        f"The margin of {margin:g} ms is not below the time-out of {seconds:g} s: the trace is sent as it stands, at "
        "the very beginning.",
        "Make the margin a small part of the time-out: 200 is the default.",
        function.file,
        setting.line,
    )


def _milliseconds(text: str) -> float | None:
    value = number(text)
    return value if value is not None and 0 <= value < 1e9 else None


def number(text: str | None) -> float | None:
    """The number that a setting is; None where it is none, or not known."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
