"""One examination of a project: which functions there are, and all that is found of each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lambda_tracer.local.run.process import end_family
from lambda_tracer.local.template import value
from lambda_tracer.local.template.setting import Setting

from . import (
    annotation,
    capturing,
    cdk,
    cloudformation,
    configuration,
    decorators,
    deployment,
    files,
    imported,
    libraries,
    log,
    reach,
    requirements,
    serverless,
    terraform,
    tracers,
    variables,
)
from . import source as sources
from .finding import WRONG, Finding, in_order
from .function import Function
from .imported import Imported
from .requirements import Requirement
from .source import Source

MAX_IMPORTED = 100
"""Handlers that are imported; what more a template has is examined without."""

_AT_A_TIME = 2


@dataclass
class Examination:
    """What came of it. `imported` are the names of functions whose handlers could be imported."""

    root: Path
    functions: list[Function] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_wrong(self) -> bool:
        """Is anything wrong, and not only worth knowing?"""
        return any(each.severity == WRONG for each in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """What `--json` writes."""
        return {
            "functions": [
                {
                    "name": each.name or None,
                    "template": str(each.file) if each.file is not None else None,
                    "folder": str(each.folder) if each.folder is not None else None,
                    "handler": each.own_handler or None,
                    "imported": each.name in self.imported,
                }
                for each in self.functions
            ],
            "findings": [each.to_dict(self.root) for each in self.findings],
            "notes": self.notes,
        }


def examine(
    path: Path,
    handler: str = "",
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 20.0,
    imports: bool = True,
) -> Examination:
    """Examine the folder, or the one template, at `path`.

    `handler` is examined alone where it is given, with the variables of the function in a template that has it.
    `environment` is added to each function's variables. `imports` is whether handlers are imported, each for no longer
    than `timeout_s`.
    """
    root = path if path.is_dir() else path.parent
    examination = Examination(root)
    found = files.find(root)
    if path != root:
        found.templates, found.serverless, found.terraform, found.cdk = (
            [each for each in those if each.name == path.name and each.parent == root]
            for those in (found.templates, found.serverless, found.terraform, found.cdk)
        )
    examination.notes += found.notes
    functions = list(_functions(found, examination))
    if handler:
        named = [each for each in functions if handler in (each.own_handler, (each.handler or ("",))[0])]
        functions = named or [Function("", "", handler=Setting(handler, 0))]
        for each in functions:
            each.folder = each.folder or root
    elif not functions:
        functions = [Function("", "", folder=root)]
        examination.notes.append(
            "no template here names a function: only the code was read, and no handler imported"
        )
    for each in functions:
        each.variables.update((name, Setting(value, 0)) for name, value in (environment or {}).items())
    examination.functions = functions
    _examine_all(examination, timeout_s, imports)
    examination.findings = in_order(examination.findings)
    examination.notes = list(dict.fromkeys(examination.notes))
    return examination


def _functions(found: files.Files, examination: Examination) -> Iterator[Function]:
    for path in (*found.templates, *found.serverless):
        text = files.read(path)
        try:
            template = value.read(path, text or "")
        except value.Unreadable as exc:
            examination.findings.append(
                Finding("template-unreadable", f"The template can't be read: {exc}.", "Correct it.", path)
            )
            continue
        read = serverless.functions if path in found.serverless else cloudformation.functions
        yield from read(path, template)
    texts = {path: files.read(path) or "" for path in found.terraform}
    for path, text in texts.items():
        others = "\n".join(files.read(each) or "" for each in sorted(path.parent.glob("*.tf"))[:200])
        yield from terraform.functions(path, text, others)
        if "terraform-aws-modules/lambda/aws" in text:
            examination.notes.append(
                f"{path.name}: modules of Terraform are not read, check tracing_mode there yourself"
            )
    for source in sources.sources(found.cdk, examination.notes, every=True):
        yield from cdk.functions(source, found.root)


class _Code:
    """A function's folder. Each file in it is read once, however many functions it is of."""

    def __init__(self, folder: Path, examination: Examination) -> None:
        self.folder = folder
        self.notes = examination.notes
        self.needed: list[Requirement] = requirements.find(folder) or requirements.find(examination.root)
        self._parsed: dict[Path, Source | None] = {}
        self._all: list[Source] | None = None

    def sources(self, function: Function) -> list[Source]:
        """The files that a function's handler imports, or all that have a word of tracing in them."""
        roots = [self.folder]
        for layer in function.layer_folders:
            roots += [layer / "python", layer]
        found = reach.sources(function.own_handler, roots, self._parse) if function.own_handler else None
        if found is None:
            if self._all is None:
                self._all = sources.sources(files.python_files(self.folder, self.notes), self.notes)
            found = self._all
        return found

    def _parse(self, path: Path) -> Source | None:
        if path not in self._parsed:
            text = files.read(path)
            self._parsed[path] = None if text is None else sources.parse(path, text, self.notes)
        return self._parsed[path]


def _examine_all(examination: Examination, timeout_s: float, imports: bool) -> None:
    codes: dict[Path, _Code] = {}
    for function in examination.functions:
        if function.folder is not None and function.folder not in codes:
            codes[function.folder] = _Code(function.folder, examination)
    if imports:
        done = _import_all(examination, codes, timeout_s)
    else:
        done = {}
        examination.notes.append("no handler was imported: what only that tells was left out")
    for function in examination.functions:
        if function.folder is None:
            where = f" ({function.file.name})" if function.file is not None else ""
            examination.notes.append(
                f"{function.name}{where}: its code was not examined, as the template does not say where it is; "
                "name it: lambda-tracer doctor FOLDER HANDLER"
            )
            about = [
                *deployment.findings(function, False),
                *variables.findings(function),
                *log.findings(function, []),
            ]
        else:
            about = list(_examine(function, codes[function.folder], done.get(id(function)), timeout_s))
        examination.findings += [each.of(function.name) for each in about]
        if (result := done.get(id(function))) is not None and result.succeeded:
            examination.imported.append(function.name)


def _import_all(examination: Examination, codes: dict[Path, _Code], timeout_s: float) -> dict[int, Imported]:
    wanted = [each for each in examination.functions if each.folder is not None and each.own_handler]
    if len(wanted) > MAX_IMPORTED:
        examination.notes.append(f"only the first {MAX_IMPORTED} handlers were imported")
    jobs: dict[tuple[Any, ...], list[Function]] = {}
    for function in wanted[:MAX_IMPORTED]:
        variables_of = tuple(sorted((name, each.text) for name, each in function.variables.items()))
        jobs.setdefault(
            (function.folder, function.handler, variables_of, *function.layer_folders), []
        ).append(function)

    def run(functions: list[Function]) -> Imported:
        first = functions[0]
        assert first.folder is not None
        names = [libraries.DISTRIBUTIONS.get(each.name, "") for each in codes[first.folder].needed]
        return imported.import_handler(first, [name for name in names if name], timeout_s, running)

    running: imported.Running = set()
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        futures = [pool.submit(run, functions) for functions in jobs.values()]
        try:
            results = [future.result() for future in futures]
        except BaseException:  # an interruption: who waits for handlers no longer wants them
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(running):
                end_family(process)
            raise
    return {
        id(function): result
        for functions, result in zip(jobs.values(), results, strict=True)
        for function in functions
    }


def _examine(function: Function, code: _Code, result: Imported | None, timeout_s: float) -> Iterator[Finding]:
    found = code.sources(function)
    uses_ours = tracers.uses_ours(found)
    has_result = result is not None and result.succeeded
    yield from deployment.findings(function, uses_ours)
    off = list(variables.findings(function))
    yield from off
    if result is not None:
        yield from imported.findings(function, result, bool(code.needed), timeout_s)
    if function.handler is not None or uses_ours:
        loaded = result.loaded if result is not None else []
        both = result.both if result is not None else []
        yield from tracers.findings(function, found, loaded, both)
    if not uses_ours and not function.has_wrapper and not tracers.takes_over(function, found):
        return
    if result is None or result.is_callable:
        yield from capturing.findings(function, found, result if has_result else None)
    middlewares = decorators.middlewares(found)
    for source in found:
        yield from decorators.findings(source, middlewares)
        yield from annotation.findings(source)
    configured = list(configuration.findings(function, found, code.needed, result.used if result else []))
    yield from configured
    is_told = any(each.code == "tracer-disabled" for each in (*off, *configured))
    made = result.tracers if result is not None and has_result else []
    if made and not is_told and all(each["disabled"] for each in made):
        yield Finding(
            "tracer-disabled",
            "Every Tracer is off once the handler is imported: the code sees to it, or a variable that it sets.",
            "Look for disabled=True, and for POWERTOOLS_TRACE_DISABLED in os.environ.",
            function.file,
            function.line,
        )
    yield from log.findings(function, found)
    if result is not None and has_result:
        yield from log.findings_of_ids(function, found, result.loaded, code.folder)
    if result is not None:
        yield from libraries.not_taken(function, result.unpatchable, code.needed)
    yield from libraries.untraced(code.needed)
