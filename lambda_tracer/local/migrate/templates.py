"""Templates: SAM, CloudFormation and serverless.yml, where functions get layers, and tracing is switched on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

import yaml

from .deployed import Function, functions_of, text_of
from .findings import Finding
from .infrastructure import NEEDS_PYTHON, OLD_RUNTIME, infrastructure_findings, is_test
from .manifests import Uses
from .programs import Programs
from .source import Edit, Source, Unreadable
from .yaml_tree import Tree

_SUFFIXES = frozenset((".yaml", ".yml", ".json", ".template", ".tf", ".ts", ".toml"))
_DEPLOYS = re.compile(
    rb"AWS::(?:Serverless|Lambda)::Function|aws_lambda_function|lambda/aws|AWSLambdaPowertools|aws[-_]cdk|functions:"
    rb"|POWERTOOLS_TRACE_MIDDLEWARES"
)
_TRACES = re.compile(r"\b(?:aws_xray_sdk|lambda_tracer|Tracer)\b")
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

    def __init__(
        self, python: Mapping[PurePosixPath, bytes], uses: Uses, layer_arn: str, *, is_installed: bool
    ) -> None:
        """`python` are all Python files. `is_installed`: a list of requirements names lambda-tracer, so that functions
        may get it that way.
        """
        self._python = python
        self._uses = uses
        self._layer_arn = layer_arn
        self._is_installed = is_installed
        self._result = Templates()

    def read(self, others: Mapping[PurePosixPath, bytes]) -> Templates:
        """What there is to do and to say."""
        for path, raw in others.items():
            if is_test(path):
                continue
            if path.suffix in {".yaml", ".yml", ".json", ".template"} and _DEPLOYS.search(raw):
                self._read_yaml(path, raw)
            elif path.suffix in {".tf", ".ts"}:
                self._name_layers(path, raw)
        for path, raw in self._python.items():
            if _LAYER.encode() in raw:
                self._name_layers(path, raw)
        self._result.findings += infrastructure_findings(
            others, self._python, is_moved=bool(self._uses.moving | self._uses.ours_already)
        )
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
        functions = [function for function in functions_of(path, tree) if function.is_python]
        untraced = [each for each in functions if not each.is_traced and self._runs(each, self._uses.all)]
        if untraced:
            names = ", ".join(each.name for each in untraced[:_MAX_NAMES])
            more = f" and {len(untraced) - _MAX_NAMES} more" if len(untraced) > _MAX_NAMES else ""
            message = f"tracing is not switched on, so nothing is recorded, in: {names}{more}"
            self._find(path, untraced[0].line, message)
        moved = self._uses.moving | self._uses.ours_already
        old = {
            each.runtime.line
            for each in functions
            if each.runtime is not None
            and OLD_RUNTIME.search(text_of(each.runtime) or "")
            and self._runs(each, moved)
        }
        if old:
            self._result.findings.append(Finding.of_lines(str(path), sorted(old), NEEDS_PYTHON))
        if _LAYER.encode() in raw:
            lists = [(id(each.layers.node), each) for each in functions if each.layers is not None]
            others = {layers for layers, each in lists if not self._runs(each, moved)}
            kept = {layers for layers, each in lists if self._runs(each, moved)}
            edits = list(self._layer_edits(path, tree, others - kept))
            if edits:
                self._result.changes[path] = source.edited(edits)

    def _runs(self, function: Function, files: set[PurePosixPath]) -> bool:
        """Does a function run one of these files? Yes where that can't be known, and there are any."""
        if function.inline is not None:
            return _TRACES.search(function.inline) is not None
        module = function.module
        if module is not None and module in self._python:
            return not files.isdisjoint(self._programs.reached_from(module))
        if function.folder is None or function.folder == PurePosixPath("."):
            return bool(files)
        return any(function.folder in path.parents for path in files)

    @cached_property
    def _programs(self) -> Programs:
        return Programs(self._python)

    def _layer_edits(self, path: PurePosixPath, tree: Tree, done: set[int]) -> Iterator[Edit]:
        """Our layer, in the lists that have Powertools' own. `done` are lists that need none."""
        for scalar, parent in tree.scalars():
            if _LAYER not in str(scalar.value):
                continue
            layers = parent if isinstance(parent, yaml.SequenceNode) else None
            if layers is not None and any(_OUR_LAYER.search(str(child.value)) for child in layers.value):
                self._result.names_ours = True
                continue
            if layers is not None and id(layers) in done:
                continue
            if not self._layer_arn or layers is None or not self._uses.needs(path).ours:
                self._name_layer(path, tree.line(scalar))
            else:
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
