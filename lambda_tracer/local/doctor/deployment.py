"""What a template says of a function, or leaves out, and keeps traces from being sent."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from lambda_tracer.local.template.setting import Setting

from . import files
from .finding import Finding
from .function import OUR_HANDLER, OUR_WRAPPER, Function

OLDEST = (3, 10)
"""The first Python that the package runs on."""

_ACTIVE = {
    "SAM": "Write `Tracing: Active` in its properties, or under Globals.",
    "CloudFormation": "Write `TracingConfig: {Mode: Active}` in its properties.",
    "Serverless Framework": "Write `tracing: {lambda: true}` under `provider`.",
    "Terraform": 'Write `tracing_config { mode = "Active" }`.',
    "CDK": "Give it `tracing=lambda_.Tracing.ACTIVE`.",
}

# https://docs.aws.amazon.com/powertools/python/latest/: AWSLambdaPowertoolsPythonV3-python313-arm64:7
_POWERTOOLS_LAYER = re.compile(r"AWSLambdaPowertoolsPythonV3-python(\d)(\d+)-(arm64|x86_64)")
_OLD_POWERTOOLS_LAYER = re.compile(r"AWSLambdaPowertoolsPythonV2(-Arm64)?:")


def findings(function: Function, uses_ours: bool) -> Iterator[Finding]:
    """What is said of a function's settings; `uses_ours` is whether its code imports lambda_tracer."""
    if not function.kind:
        return
    yield from _tracing(function)
    if function.may_send is False:
        at = function.tracing or Setting(None, function.line)
        yield Finding(
            "no-permission",
            "The role that the function is given may not send traces: the daemon drops them.",
            "Add the managed policy AWSXRayDaemonWriteAccess to the role.",
            function.file,
            at.line,
        )
    yield from _runtime(function)
    yield from _wrapper(function)
    yield from _handler_variable(function)
    yield from _layers(function)
    if uses_ours:
        yield from _packaged(function)


def _tracing(function: Function) -> Iterator[Finding]:
    setting = function.tracing
    if setting is None or setting.text == "Disabled":
        yield Finding(
            "tracing-not-active",
            f"The template does not turn active tracing on for {function.name}: Lambda samples nothing.",
            _ACTIVE[function.kind],
            function.file,
            setting.line if setting is not None else function.line,
        )
    elif setting.text == "PassThrough":
        yield Finding(
            "tracing-pass-through",
            f"Tracing of {function.name} is PassThrough: only what a caller has sampled is traced.",
            f"Leave it if that is meant. {_ACTIVE[function.kind]}",
            function.file,
            setting.line,
        )


def _runtime(function: Function) -> Iterator[Finding]:
    setting = function.runtime
    found = re.fullmatch(r"python(\d+)\.(\d+)", (setting.text or "") if setting is not None else "")
    if setting is not None and found and (int(found[1]), int(found[2])) < OLDEST:
        yield Finding(
            "old-runtime",
            f"The runtime is {setting.text}: lambda_tracer needs Python 3.10 or later, and the wrapper does nothing "
            "before.",
            "Move the function to python3.10 or later.",
            function.file,
            setting.line,
        )


def _wrapper(function: Function) -> Iterator[Finding]:
    setting = function.variables.get("AWS_LAMBDA_EXEC_WRAPPER")
    if setting is None or setting.text is None:
        return
    text = setting.text.strip()
    if text != OUR_WRAPPER:
        is_near = difflib.SequenceMatcher(None, text.lower(), OUR_WRAPPER).ratio() > 0.8
        if is_near or "lambda-tracer" in text or "lambda_tracer" in text:
            yield Finding(
                "wrapper-misspelt",
                f"AWS_LAMBDA_EXEC_WRAPPER is {text}, which is not there: the function does not start.",
                f"Write {OUR_WRAPPER}.",
                function.file,
                setting.line,
            )
        return
    if function.is_image:
        yield Finding(
            "wrapper-in-image",
            "A container image has no exec wrapper: AWS_LAMBDA_EXEC_WRAPPER does nothing there.",
            f"Set the handler to {OUR_HANDLER} and LAMBDA_TRACER_HANDLER to your own.",
            function.file,
            setting.line,
        )
    elif not function.layers:
        yield Finding(
            "wrapper-without-layer",
            f"AWS_LAMBDA_EXEC_WRAPPER names {OUR_WRAPPER}, but the function has no layer that brings it: it does not "
            "start.",
            "Attach the layer of lambda_tracer.",
            function.file,
            setting.line,
        )


def _handler_variable(function: Function) -> Iterator[Finding]:
    setting = function.variables.get("LAMBDA_TRACER_HANDLER")
    handler = function.handler
    remedy = "Set LAMBDA_TRACER_HANDLER to your own handler, as in app.lambda_handler."
    if handler is not None and handler.text == OUR_HANDLER:
        if setting is None or setting.text in ("", OUR_HANDLER):
            yield Finding(
                "handler-variable",
                f"The handler is {OUR_HANDLER}, but LAMBDA_TRACER_HANDLER does not name the function's own: it does "
                "not start.",
                remedy,
                function.file,
                (setting or handler).line,
            )
    elif setting is not None and not function.has_wrapper:
        yield Finding(
            "handler-variable",
            f"LAMBDA_TRACER_HANDLER is read by {OUR_HANDLER} alone, which is not the handler: it does nothing.",
            f"Make {OUR_HANDLER} the handler, or take the variable away.",
            function.file,
            setting.line,
        )


def _layers(function: Function) -> Iterator[Finding]:
    remedy = "Attach the layer that is made for this function."
    for said in function.wrong_layers:
        what = (said.text or "").removeprefix("the layer ")
        yield Finding("layer-mismatch", f"The layer {what}.", remedy, function.file, said.line)
    for layer in function.layers:
        found = _POWERTOOLS_LAYER.search(layer.text or "")
        old = _OLD_POWERTOOLS_LAYER.search(layer.text or "")
        processor = found[3] if found else ("arm64" if old and old[1] else "x86_64" if old else "")
        runtime = f"python{found[1]}.{found[2]}" if found else ""
        wanted = function.architecture or Setting("x86_64" if function.kind != "CDK" else None, 0)
        for theirs, ours in (
            (processor, wanted.text),
            (runtime, function.runtime.text if function.runtime is not None else None),
        ):
            if theirs and ours and theirs != ours:
                yield Finding(
                    "layer-mismatch",
                    f"A layer is made for {theirs}, and the function is {ours}: what it brings may not load.",
                    remedy,
                    function.file,
                    layer.line,
                )


def _packaged(function: Function) -> Iterator[Finding]:
    """SAM installs what requirements.txt names, and nothing else brings it."""
    folder = function.folder
    if folder is None or function.kind != "SAM" or function.layers or function.is_image:
        return
    requirements = folder / "requirements.txt"
    if (folder / "lambda_tracer").is_dir() or any(
        (folder / name).exists() for name in ("pyproject.toml", "Makefile")
    ):
        return
    named = files.read(requirements)
    if named is not None and not re.search(
        r"lambda[-_.]tracer|^\s*(?:-r|--requirement|\.)", named, re.I | re.M
    ):
        yield Finding(
            "tracer-not-packaged",
            "The code imports lambda_tracer, which neither requirements.txt nor a layer brings: it does not start.",
            "Add lambda-tracer to requirements.txt, or attach the layer.",
            requirements,
            1,
        )
