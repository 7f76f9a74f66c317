"""Functions in a serverless.yml. The framework gives the role the right to send where it turns tracing on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lambda_tracer.local.template.setting import Setting
from lambda_tracer.local.template.value import Value

from .function import Function

DEFAULT_TIMEOUT_S = "6"
"""The framework's own default."""


def functions(path: Path, service: Value) -> Iterator[Function]:
    """The Python functions of a service."""
    declared = service.get("functions")
    provider = service.get("provider")
    if declared is None or provider is None:
        return
    for name, properties in declared.items():
        function = Function(
            name=name,
            kind="Serverless Framework",
            file=path,
            line=max(1, properties.line - 1),
            folder=path.parent,
            handler=_setting(properties, "handler"),
            runtime=_setting(properties, "runtime") or _setting(provider, "runtime"),
            timeout=_setting(properties, "timeout") or _setting(provider, "timeout"),
            tracing=_tracing(properties.get("tracing")) or _tracing(provider.get("tracing", "lambda")),
            architecture=_setting(properties, "architecture") or _setting(provider, "architecture"),
            log_format=_logs(properties, provider, "logFormat"),
            log_level=_logs(properties, provider, "applicationLogLevel"),
            is_image=properties.get("image") is not None,
        )
        command = properties.get("image", "command")
        if function.handler is None and command is not None and command.members():
            function.handler = _read(command.members()[0])
        if function.timeout is None:
            function.timeout = Setting(DEFAULT_TIMEOUT_S, function.line)
        for each in (provider, properties):
            variables = each.get("environment")
            for key, value in variables.items() if variables is not None else ():
                function.variables[key] = _read(value)
        layers = properties.get("layers") or provider.get("layers")
        function.layers = [_read(layer) for layer in layers.members()] if layers is not None else []
        own_role = properties.get("role") or provider.get("role") or provider.get("iam", "role")
        is_arn = own_role is not None and not list(own_role.items())
        function.may_send = None if is_arn else True
        if function.is_python:
            yield function


def _setting(value: Value, key: str) -> Setting | None:
    found = value.get(key)
    return None if found is None else _read(found)


def _logs(properties: Value, provider: Value, key: str) -> Setting | None:
    found = properties.get("logs", key) or provider.get("logs", "lambda", key)
    return None if found is None else _read(found)


def _read(value: Value) -> Setting:
    text = value.text
    return Setting(None if text is None or "${" in text else text, value.line)


def _tracing(value: Value | None) -> Setting | None:
    """`true`, `Active` or `PassThrough`, in Lambda's words."""
    if value is None:
        return None
    text, line = _read(value)
    return Setting({"true": "Active", "false": None}.get(text or "", text), line) if text != "false" else None
