"""Functions in a CloudFormation template, SAM's included: `AWS::Lambda::Function` and `AWS::Serverless::Function`.

A reference to a parameter is read as the parameter's default. What else only a deployment can tell is not known, and
nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lambda_tracer.local.template.setting import Setting
from lambda_tracer.local.template.value import Value

from . import permissions
from .function import Function

_SAM = "AWS::Serverless::Function"
_PLAIN = "AWS::Lambda::Function"
_LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")


def functions(path: Path, template: Value) -> Iterator[Function]:
    """The Python functions of a template."""
    resources = template.get("Resources")
    if resources is None:
        return
    parameters = _parameters(template)
    for name, resource in resources.items():
        kind = resource.get("Type")
        if kind is None or kind.text not in (_SAM, _PLAIN):
            continue
        function = _Reader(path, template, resources, parameters).function(name, resource, kind.text == _SAM)
        if function.is_python:
            yield function


def _parameters(template: Value) -> dict[str, str]:
    declared = template.get("Parameters")
    found = {}
    for name, parameter in declared.items() if declared is not None else ():
        default = parameter.get("Default")
        if default is not None and default.text is not None:
            found[name] = default.text
    return found


class _Reader:
    """Reads one function; SAM's `Globals` stand behind what it says itself."""

    def __init__(self, path: Path, template: Value, resources: Value, parameters: dict[str, str]) -> None:
        self.path = path
        self.resources = resources
        self.parameters = parameters
        self.globals = template.get("Globals", "Function")
        self.properties: list[Value] = []

    def function(self, name: str, resource: Value, is_sam: bool) -> Function:
        own = resource.get("Properties")
        self.properties = [each for each in (own, self.globals if is_sam else None) if each is not None]
        image = self._first("PackageType")
        function = Function(
            name=name,
            kind="SAM" if is_sam else "CloudFormation",
            file=self.path,
            line=resource.line - 1 if resource.line > 1 else resource.line,
            handler=self._setting("Handler"),
            runtime=self._setting("Runtime"),
            timeout=self._setting("Timeout"),
            tracing=self._setting("Tracing") if is_sam else self._setting("TracingConfig", "Mode"),
            log_format=self._setting("LoggingConfig", "LogFormat"),
            log_level=self._setting("LoggingConfig", "ApplicationLogLevel"),
            is_image=image is not None and image.text == "Image",
        )
        architectures = self._first("Architectures")
        if architectures is not None and len(architectures.members()) == 1:
            function.architecture = architectures.members()[0].setting(self.parameters)
        function.folder = self._folder(is_sam)
        if function.is_image:
            self._read_image(function, resource)
        for properties in reversed(self.properties):
            variables = properties.get("Environment", "Variables")
            for key, value in variables.items() if variables is not None else ():
                function.variables[key] = value.setting(self.parameters)
            self._read_layers(function, properties.get("Layers"))
        role = self._first("Role")
        if role is not None:
            function.may_send = permissions.may_send(role, self.resources)
        elif is_sam:
            function.may_send = True  # SAM makes the role, and adds the right where tracing is on
        return function

    def _first(self, *path: str) -> Value | None:
        return next((found for each in self.properties if (found := each.get(*path)) is not None), None)

    def _setting(self, *path: str) -> Setting | None:
        value = self._first(*path)
        return None if value is None else value.setting(self.parameters)

    def _folder(self, is_sam: bool) -> Path | None:
        code = self._first("CodeUri") if is_sam else self._first("Code")
        if code is None:
            inline = self._first("InlineCode")
            return self.path.parent if is_sam and inline is None else None
        return self._path(code.resolved(self.parameters))

    def _path(self, text: str | None) -> Path | None:
        if text is None or "://" in text:
            return None
        try:
            folder = (self.path.parent / text).resolve()
            return folder if folder.is_dir() else None
        except (OSError, ValueError, RuntimeError):
            return None

    def _read_image(self, function: Function, resource: Value) -> None:
        command = self._first("ImageConfig", "Command")
        if command is not None and command.members():
            function.handler = command.members()[0].setting(self.parameters)
        context = resource.get("Metadata", "DockerContext")
        function.folder = self._path(context.text) if context is not None else None

    def _read_layers(self, function: Function, layers: Value | None) -> None:
        if layers is None:
            return
        if layers.intrinsic:
            function.layers.append(Setting(None, layers.line))
        for layer in layers.members():
            name = layer.argument.text if layer.intrinsic == "Ref" else None
            resource = self.resources.get(name) if name else None
            function.layers.append(layer.setting(self.parameters))
            kind = resource.get("Type") if resource is not None else None
            if resource is None or kind is None or kind.text not in _LAYERS:
                continue
            content = resource.get("Properties", "ContentUri")
            folder = self._path(content.text) if content is not None else None
            if folder is not None:
                function.layer_folders.append(folder)
            for key, what, setting in (
                ("CompatibleRuntimes", "runtime", function.runtime),
                ("CompatibleArchitectures", "processor", function.architecture),
            ):
                declared = resource.get("Properties", key)
                if declared is None or declared.has_intrinsic() or setting is None or setting.text is None:
                    continue
                if setting.text not in [member.text for member in declared.members()]:
                    said = f"the layer {name} does not declare the function's {what}, {setting.text}"
                    function.wrong_layers.append(Setting(said, layer.line))
