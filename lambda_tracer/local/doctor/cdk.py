"""Functions that an app of the AWS CDK in Python makes, by a reading of its code: what stands there word for word.

What the app computes is not known. The CDK gives a role the right to send where it turns tracing on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from lambda_tracer.local.template.setting import Setting

from .function import DEFAULT_TIMEOUT_S, Function
from .source import Source, argument, constant

_FUNCTIONS = (
    "aws_cdk.aws_lambda.Function",
    "aws_cdk.aws_lambda.DockerImageFunction",
    "aws_cdk.aws_lambda_python_alpha.PythonFunction",
)


def functions(source: Source, root: Path) -> Iterator[Function]:
    """The functions in one file; `root` is where the app may be run."""
    for call in source.calls:
        origin = source.origin(call)
        if origin not in _FUNCTIONS:
            continue
        name = constant(call.args[1]) if len(call.args) > 1 else constant(argument(call, "id"))
        is_open = any(keyword.arg is None for keyword in call.keywords)
        unknown = Setting(None, call.lineno) if is_open else None
        function = Function(
            name=name if isinstance(name, str) else f"function in line {call.lineno}",
            kind="CDK",
            file=source.path,
            line=call.lineno,
            handler=_text(argument(call, "handler")),
            runtime=_runtime(source, argument(call, "runtime")),
            timeout=_timeout(source, argument(call, "timeout")) or Setting(DEFAULT_TIMEOUT_S, call.lineno),
            tracing=_member(source, argument(call, "tracing"), _TRACING) or unknown,
            architecture=_member(source, argument(call, "architecture"), _PROCESSORS),
            log_format=_format(source, call) or unknown,
            log_level=_level(source, call),
            is_image=origin.endswith("DockerImageFunction"),
            may_send=None if argument(call, "role") is not None or is_open else True,
        )
        code = argument(call, "code")
        asset = code.args[0] if isinstance(code, ast.Call) and code.args else argument(call, "entry")
        function.folder = _folder(constant(asset), source.path, root)
        if argument(call, "entry") is not None and function.handler is not None and function.handler.text:
            index = str(constant(argument(call, "index")) or "index.py").removesuffix(".py")
            function.handler = Setting(f"{index}.{function.handler.text}", function.handler.line)
        layers = argument(call, "layers")
        if layers is not None or is_open:
            function.layers = [Setting(None, layers.lineno if layers is not None else call.lineno)]
        variables = argument(call, "environment")
        if isinstance(variables, ast.Dict):
            for key, value in zip(variables.keys, variables.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    text = constant(value)
                    function.variables[key.value] = Setting(
                        text if isinstance(text, str) else None, key.lineno
                    )
        if function.is_python:
            yield function


_TRACING = {"ACTIVE": "Active", "PASS_THROUGH": "PassThrough", "DISABLED": "Disabled"}
_PROCESSORS = {"ARM_64": "arm64", "X86_64": "x86_64"}


def _format(source: Source, call: ast.Call) -> Setting | None:
    """`logging_format=LoggingFormat.JSON`, or the older `log_format=LogFormat.JSON.value`."""
    node = argument(call, "logging_format") or argument(call, "log_format")
    if node is None:
        return None
    names = {"JSON": "JSON", "TEXT": "Text"}
    return Setting(
        next((names[part] for part in source.origin(node).split(".") if part in names), None), node.lineno
    )


def _level(source: Source, call: ast.Call) -> Setting | None:
    node = argument(call, "application_log_level_v2") or argument(call, "application_log_level")
    if node is None:
        return None
    text = constant(node)
    return Setting(text if isinstance(text, str) else source.origin(node).rpartition(".")[2], node.lineno)


def _text(node: ast.expr | None) -> Setting | None:
    if node is None:
        return None
    value = constant(node)
    return Setting(value if isinstance(value, str) else None, node.lineno)


def _member(source: Source, node: ast.expr | None, names: dict[str, str]) -> Setting | None:
    """A member of one of the CDK's enumerations."""
    if node is None:
        return None
    return Setting(names.get(source.origin(node).rpartition(".")[2]), node.lineno)


def _runtime(source: Source, node: ast.expr | None) -> Setting | None:
    if node is None:
        return None
    name = source.origin(node).rpartition(".")[2]
    text = f"python{name[7:].replace('_', '.')}" if name.startswith("PYTHON_") else None
    is_other = name.startswith(("NODEJS", "JAVA", "DOTNET", "GO", "RUBY"))
    return Setting("other" if is_other else text, node.lineno)


def _timeout(source: Source, node: ast.expr | None) -> Setting | None:
    if node is None:
        return None
    value = constant(node.args[0]) if isinstance(node, ast.Call) and node.args else ...
    unit = {"seconds": 1, "minutes": 60}.get(source.origin(node).rpartition(".")[2])
    is_known = unit is not None and isinstance(value, (int, float))
    return Setting(str(value * unit) if is_known else None, node.lineno)  # type: ignore[operator]


def _folder(text: object, path: Path, root: Path) -> Path | None:
    if not isinstance(text, str):
        return None
    try:
        candidates = [base / text for base in (path.parent, root)]
        return next((folder.resolve() for folder in candidates if folder.is_dir()), None)
    except (OSError, ValueError, RuntimeError):
        return None
