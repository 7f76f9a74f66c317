"""Findings: what `lambda-tracer doctor` can say, each kind under a code that stays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

WRONG = "wrong"
WORTH_KNOWING = "worth knowing"


class Code(NamedTuple):
    """A kind of finding: how bad it is, and the part of the documentation's page `no-trace.md` that it is in."""

    severity: str
    group: str


_TEMPLATE = "The function's settings"
_VARIABLES = "Environment variables"
_IMPORT = "Importing the handler"
_TRACERS = "Tracers"
_CODE = "Your code"
_LIBRARIES = "Libraries"

CODES: dict[str, Code] = {
    "template-unreadable": Code(WORTH_KNOWING, _TEMPLATE),
    "tracing-not-active": Code(WRONG, _TEMPLATE),
    "tracing-pass-through": Code(WORTH_KNOWING, _TEMPLATE),
    "no-permission": Code(WRONG, _TEMPLATE),
    "old-runtime": Code(WRONG, _TEMPLATE),
    "wrapper-misspelt": Code(WRONG, _TEMPLATE),
    "wrapper-without-layer": Code(WRONG, _TEMPLATE),
    "wrapper-in-image": Code(WRONG, _TEMPLATE),
    "handler-variable": Code(WRONG, _TEMPLATE),
    "layer-mismatch": Code(WRONG, _TEMPLATE),
    "tracer-not-packaged": Code(WRONG, _TEMPLATE),
    "tracer-disabled": Code(WRONG, _VARIABLES),
    "misspelt-variable": Code(WRONG, _VARIABLES),
    "unknown-variable": Code(WORTH_KNOWING, _VARIABLES),
    "variable-value": Code(WRONG, _VARIABLES),
    "reserved-variable": Code(WRONG, _VARIABLES),
    "daemon-address": Code(WRONG, _VARIABLES),
    "timeout-margin": Code(WRONG, _VARIABLES),
    "keep-word": Code(WRONG, _VARIABLES),
    "keep-slow": Code(WRONG, _VARIABLES),
    "keep-no-timeout": Code(WORTH_KNOWING, _VARIABLES),
    "keep-level": Code(WRONG, _VARIABLES),
    "log-ids-unseen": Code(WORTH_KNOWING, _VARIABLES),
    "no-service": Code(WORTH_KNOWING, _VARIABLES),
    "handler-not-found": Code(WRONG, _IMPORT),
    "handler-fails": Code(WRONG, _IMPORT),
    "handler-exits": Code(WRONG, _IMPORT),
    "handler-crashes": Code(WRONG, _IMPORT),
    "handler-hangs": Code(WRONG, _IMPORT),
    "handler-prints-endlessly": Code(WRONG, _IMPORT),
    "not-installed": Code(WORTH_KNOWING, _IMPORT),
    "no-tracer": Code(WRONG, _TRACERS),
    "two-tracers": Code(WRONG, _TRACERS),
    "other-tracer": Code(WORTH_KNOWING, _TRACERS),
    "handler-not-captured": Code(WRONG, _CODE),
    "handler-as-method": Code(WRONG, _CODE),
    "handler-captured-twice": Code(WORTH_KNOWING, _CODE),
    "below-event-decorator": Code(WRONG, _CODE),
    "below-idempotent": Code(WRONG, _CODE),
    "below-middleware": Code(WORTH_KNOWING, _CODE),
    "above-route": Code(WRONG, _CODE),
    "captured-class": Code(WRONG, _CODE),
    "annotation-key": Code(WRONG, _CODE),
    "annotation-value": Code(WRONG, _CODE),
    "metadata-namespace": Code(WRONG, _CODE),
    "segment-calls": Code(WORTH_KNOWING, _CODE),
    "auto-patch-off": Code(WORTH_KNOWING, _LIBRARIES),
    "unknown-library": Code(WRONG, _LIBRARIES),
    "patch-not-taken": Code(WRONG, _LIBRARIES),
    "untraced-library": Code(WORTH_KNOWING, _LIBRARIES),
}
"""Every code, in the order in which findings are shown."""

_ORDER = {code: number for number, code in enumerate(CODES)}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or worth knowing. `what` and `remedy` are a sentence each.

    `line` counts from 1; 0 where there is none. `functions` are those that it is about, by their names in the template.
    """

    code: str
    what: str
    remedy: str
    file: Path | None = None
    line: int = 0
    functions: tuple[str, ...] = field(default=())

    @property
    def severity(self) -> str:
        """`WRONG` or `WORTH_KNOWING`."""
        return CODES[self.code].severity

    @property
    def more(self) -> str:
        """The command that says more."""
        return f"lambda-tracer doctor --explain {self.code}"

    def of(self, function: str) -> Finding:
        """The same finding, of a function."""
        return replace(self, functions=(function,)) if function else self

    def place(self, root: Path) -> str:
        """File and line, as seen from `root`; empty where there is no file."""
        if self.file is None:
            return ""
        try:
            shown = self.file.relative_to(root)
        except ValueError:
            shown = self.file
        return f"{shown}:{self.line}" if self.line else str(shown)

    def to_dict(self, root: Path) -> dict[str, Any]:
        """What `--json` writes."""
        place = self.place(root)
        return {
            "code": self.code,
            "severity": self.severity,
            "file": place.rpartition(":")[0] if self.line and place else place or None,
            "line": self.line or None,
            "functions": list(self.functions),
            "what": self.what,
            "remedy": self.remedy,
            "more": self.more,
        }


def in_order(findings: list[Finding]) -> list[Finding]:
    """Each finding once, in the order of `CODES`; what several functions share names all of them."""
    merged: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.what, finding.file, finding.line)
        if key in merged:
            names = dict.fromkeys((*merged[key].functions, *finding.functions))
            merged[key] = replace(merged[key], functions=tuple(names))
        else:
            merged[key] = finding
    return sorted(
        merged.values(),
        key=lambda each: (each.severity != WRONG, _ORDER[each.code], str(each.file), each.line, each.what),
    )
