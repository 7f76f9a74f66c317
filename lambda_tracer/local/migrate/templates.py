"""Templates: SAM, CloudFormation and serverless.yml, where functions get layers, and tracing is switched on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import yaml

from .findings import Finding
from .infrastructure import infrastructure_findings, is_test
from .manifests import Uses
from .source import Edit, Source, Unreadable
from .yaml_tree import Tree, entry, items, text

_SUFFIXES = frozenset((".yaml", ".yml", ".json", ".template", ".tf", ".ts", ".toml"))
_DEPLOYS = re.compile(
    rb"AWS::(?:Serverless|Lambda)::Function|aws_lambda_function|lambda/aws|AWSLambdaPowertools|aws[-_]cdk|functions:"
    rb"|POWERTOOLS_TRACE_MIDDLEWARES"
)
_SERVERLESS = re.compile(r"serverless\.ya?ml")
_LAYER = "AWSLambdaPowertoolsPython"
_OUR_LAYER = re.compile(r"lambda[-_]?tracer", re.IGNORECASE)
_MAX_NAMES = 5


@dataclass
class Templates:
    """What becomes of them, and what there is to say. `names_ours`: a layer of ours is in one of them."""

    changes: dict[PurePosixPath, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    names_ours: bool = False


def is_template(path: PurePosixPath) -> bool:
    """May it deploy functions, by its name?"""
    return path.suffix in _SUFFIXES


def is_of_interest(path: PurePosixPath, raw: bytes) -> bool:
    """Does it deploy functions, by a quick look?"""
    return (
        _DEPLOYS.search(raw) is not None
        or path.name.startswith("zappa_settings.")
        or path.match(".chalice/config.json")
    )


class Reader:
    """Reads the templates of a project whose files have been decided on."""

    def __init__(self, uses: Uses, layer_arn: str, *, is_installed: bool) -> None:
        """`is_installed`: a list of requirements names lambda-tracer, so that functions may get it that way."""
        self._uses = uses
        self._layer_arn = layer_arn
        self._is_installed = is_installed
        self._result = Templates()

    def read(self, others: Mapping[PurePosixPath, bytes], python: Mapping[PurePosixPath, bytes]) -> Templates:
        """What there is to do and to say."""
        for path, raw in others.items():
            if is_test(path):
                continue
            if path.suffix in {".yaml", ".yml", ".json", ".template"} and _DEPLOYS.search(raw):
                self._read_yaml(path, raw)
            elif path.suffix in {".tf", ".ts"}:
                self._name_layers(path, raw)
        for path, raw in python.items():
            if _LAYER.encode() in raw:
                self._name_layers(path, raw)
        self._result.findings += infrastructure_findings(others, python)
        return self._result

    def _find(self, path: PurePosixPath, line: int, message: str, *, is_note: bool = False) -> None:
        self._result.findings.append(Finding(str(path), line, message, "note" if is_note else "look"))

    def _read_yaml(self, path: PurePosixPath, raw: bytes) -> None:
        try:
            source = Source(raw)
            tree = Tree(source)
        except Unreadable as exc:
            if _LAYER.encode() in raw:
                self._find(path, 0, f"{exc}: left as it is")
            return
        untraced: list[tuple[int, str]] = []
        for document in tree.documents:
            functions = (
                _serverless(document) if _SERVERLESS.fullmatch(path.name) else self._sam(path, document)
            )
            untraced += [(tree.line(node), name) for name, node in functions]
        if untraced:
            names = ", ".join(name for _, name in untraced[:_MAX_NAMES])
            more = f" and {len(untraced) - _MAX_NAMES} more" if len(untraced) > _MAX_NAMES else ""
            self._find(
                path, untraced[0][0], f"tracing is not switched on, so nothing is recorded, in: {names}{more}"
            )
        edits = list(self._layer_edits(path, tree)) if _LAYER.encode() in raw else []
        if edits:
            self._result.changes[path] = source.edited(edits)

    def _sam(self, path: PurePosixPath, document: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
        """The functions of a SAM or CloudFormation template that use tracing, but have it not switched on."""
        common = entry(document, "Globals", "Function")
        for name, resource in items(entry(document, "Resources")):
            properties = entry(resource, "Properties")
            kind = text(entry(resource, "Type"))
            if kind == "AWS::Serverless::Function":
                tracing = entry(properties, "Tracing") or entry(common, "Tracing")
            elif kind == "AWS::Lambda::Function":
                tracing = entry(properties, "TracingConfig", "Mode")
                if tracing is None and text(entry(properties, "TracingConfig")) is None:
                    tracing = _computed(entry(properties, "TracingConfig"))
            else:
                continue
            runtime = text(entry(properties, "Runtime") or entry(common, "Runtime"))
            code = text(entry(properties, "CodeUri") or entry(properties, "Code") or entry(common, "CodeUri"))
            is_python = runtime is None or runtime.startswith("python")
            if is_python and self._uses_tracing(path, code) and not _is_on(tracing):
                yield name, resource

    def _uses_tracing(self, template: PurePosixPath, code: str | None) -> bool:
        """Does a file below the function's folder use tracing? Yes where that can't be known."""
        if code is None or ":" in code:
            return True
        parts: list[str] = []
        for part in (template.parent / code).parts:
            if part == "..":
                parts = parts[:-1]
            elif part != ".":
                parts.append(part)
        folder = PurePosixPath(*parts)
        return not parts or any(folder in path.parents for path in self._uses.all)

    def _layer_edits(self, path: PurePosixPath, tree: Tree) -> Iterator[Edit]:
        done: set[int] = set()
        for scalar, parent in tree.scalars():
            if _LAYER not in str(scalar.value):
                continue
            layers = parent if isinstance(parent, yaml.SequenceNode) else None
            if layers is not None and any(_OUR_LAYER.search(str(child.value)) for child in layers.value):
                self._result.names_ours = True
                continue
            if not self._layer_arn or layers is None:
                self._name_layer(path, tree.line(scalar))
            elif id(layers) not in done:
                done.add(id(layers))
                edit = self._added(tree, scalar, layers)
                if edit is None:
                    self._name_layer(path, tree.line(scalar))
                else:
                    self._result.names_ours = True
                    yield edit

    def _added(self, tree: Tree, scalar: yaml.ScalarNode, layers: yaml.SequenceNode) -> Edit | None:
        source, end = tree.source, tree.end(scalar)
        if layers.flow_style:
            quote = '"' if source.data.lstrip().startswith(b"{") else ""
            return Edit(end, end, f", {quote}{self._layer_arn}{quote}")
        start = tree.start(scalar)
        before = source.text(source.line_start(start), start)
        if not re.fullmatch(r"[ \t]*-[ \t]+", before) or scalar.style in ("|", ">"):
            return None
        place = end + len(source.data[end : source.line_end(end)].rstrip(b"\r\n"))
        return Edit(place, place, f"{source.newline}{before}{self._layer_arn}")

    def _name_layers(self, path: PurePosixPath, raw: bytes) -> None:
        for number, line in enumerate(raw.splitlines(), 1):
            if _LAYER.encode() in line:
                self._name_layer(path, number)

    def _name_layer(self, path: PurePosixPath, line: int) -> None:
        needs = self._uses.needs(path)
        if not needs.ours:
            return
        stays = (
            "stays, for what else of it is used"
            if needs.powertools
            else "may go: nothing imports it any more"
        )
        if self._is_installed:
            message = "lambda_tracer comes with the requirements, or with its own layer beside this one"
        else:
            message = (
                "lambda_tracer has a layer of its own: build it with `make layer`, publish it with `aws lambda "
                "publish-layer-version`, and add its ARN here (`--layer ARN` does so in YAML)"
            )
        self._find(path, line, f"Powertools' layer {stays}; {message}", is_note=self._is_installed)


def _serverless(document: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """The functions of a serverless.yml that have tracing not switched on."""
    runtime = text(entry(document, "provider", "runtime"))
    common = entry(document, "provider", "tracing", "lambda")
    for name, function in items(entry(document, "functions")):
        own = text(entry(function, "runtime")) or runtime
        if (own is None or own.startswith("python")) and not _is_on(entry(function, "tracing") or common):
            yield name, function


def _computed(node: yaml.Node | None) -> yaml.Node | None:
    """A value that a function of the template computes (`!If`, `Fn::If`)."""
    is_computed = node is not None and (
        not node.tag.startswith("tag:yaml.org,2002:") or any(key.startswith("Fn::") for key, _ in items(node))
    )
    return node if is_computed else None


def _is_on(value: yaml.Node | None) -> bool:
    """Is tracing switched on? What the template computes may be."""
    written = text(value)
    if written is None:
        return value is not None
    return written.lower() in {"active", "true"} or written.startswith("${")
