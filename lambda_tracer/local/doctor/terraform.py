"""Functions in Terraform's files, by a search of their text: what stands there word for word, and nothing else.

Modules, variables, `for_each` and `dynamic` blocks are not followed: what they decide is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lambda_tracer.local.template.setting import Setting

from .function import DEFAULT_TIMEOUT_S, Function

_RESOURCE = re.compile(r'^[ \t]*resource\s+"aws_lambda_function"\s+"([^"\n]+)"\s*\{', re.MULTILINE)
_SENDS = re.compile(
    r"xray:(?:\*|Put\*|PutTrace\*|PutTraceSegments)|AWSXRayDaemonWriteAccess|AWSXrayWriteOnlyAccess|AWSXrayFullAccess"
    r"|AdministratorAccess|PowerUserAccess"
)
_POLICY_FROM_ELSEWHERE = re.compile(
    r'\bmodule\s+"|policy_arn\s*=\s*(?:var|data|local|module)\.|policy\s*=\s*(?:var|module)\.'
)

_PAIR = re.compile(
    r'\s*"?([A-Za-z_]\w*)"?\s*[=:]\s*(?:"([^"$]*)"|(true|false|\d+)|.+?)\s*,?\s*(?:#.*|//.*)?$'
)
_ASSIGNED = r'^\s*{}\s*=\s*("[^"\n]*"|[^\s#/]+)'


def functions(path: Path, text: str, others: str) -> Iterator[Function]:
    """The functions of one file; `others` is the text of all files of its folder."""
    for found in _RESOURCE.finditer(text):
        block = _block(text, found.end())
        first = text.count("\n", 0, found.start()) + 1

        def setting(pattern: str, block: str = block, first: int = first) -> Setting | None:
            match = re.search(pattern, block, re.MULTILINE)
            if match is None:
                return None
            line = first + block.count("\n", 0, match.start(1))
            quoted = re.fullmatch(r'"([^"$]*)"|(\d+)', match[1])
            return Setting((quoted[1] or quoted[2] or "") if quoted else None, line)

        function = Function(
            name=found[1],
            kind="Terraform",
            file=path,
            line=first,
            handler=setting(_ASSIGNED.format("handler")),
            runtime=setting(_ASSIGNED.format("runtime")),
            timeout=setting(_ASSIGNED.format("timeout")) or Setting(DEFAULT_TIMEOUT_S, first),
            tracing=setting(r"tracing_config\s*\{[^}]*?\bmode\s*=\s*(\S+)"),
            architecture=setting(r"^\s*architectures\s*=\s*\[\s*(\"[^\"]*\")\s*\]"),
            log_format=setting(r"logging_config\s*\{[^}]*?\blog_format\s*=\s*(\S+)"),
            log_level=setting(r"logging_config\s*\{[^}]*?\bapplication_log_level\s*=\s*(\S+)"),
            is_image=re.search(r'package_type\s*=\s*"Image"', block) is not None,
        )
        if function.tracing is None and re.search(r'dynamic\s+"tracing_config"', block):
            function.tracing = Setting(None, first)
        if function.log_format is None and re.search(r'dynamic\s+"logging_config"', block):
            function.log_format = Setting(None, first)
        layers = setting(_ASSIGNED.format("layers"))
        function.layers = [Setting(None, layers.line)] if layers is not None else []
        variables = re.search(r"\bvariables\s*=\s*\{([^}]*)\}", block)
        if variables is not None:
            start = first + block.count("\n", 0, variables.start(1))
            for number, line in enumerate(variables[1].split("\n")):
                pair = _PAIR.match(line)
                if pair:
                    value = pair[2] if pair[2] is not None else pair[3]
                    function.variables[pair[1]] = Setting(value, start + number)
        own_role = re.search(r"^\s*role\s*=\s*aws_iam_role\.([\w-]+)", block, re.MULTILINE)
        if own_role and f'"{own_role[1]}"' in others:
            if _SENDS.search(others):
                function.may_send = True
            elif not _POLICY_FROM_ELSEWHERE.search(others):
                function.may_send = False
        if function.is_python:
            yield function


def _block(text: str, start: int) -> str:
    """From behind an opening brace to its closing one, comments included, the braces in texts not counted."""
    depth = 1
    for token in re.finditer(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|//[^\n]*|[{}]', text[start:]):
        if token[0] in "{}":
            depth += 1 if token[0] == "{" else -1
            if depth == 0:
                return text[start - 1 : start + token.start()]
    return text[start - 1 :]
