"""Projects of a few files, and what `migrate` makes of them, in this process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lambda_tracer.local.migrate.findings import Finding
from lambda_tracer.local.migrate.migration import Migration, Plan
from lambda_tracer.local.migrate.project import Project

LIST = "boto3\naws-xray-sdk\n"
"""A requirements.txt: without one, a person is told that none names lambda-tracer."""


def make(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write the files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def plan_of(folder: Path, layer_arn: str = "") -> Plan:
    """What is to be done with the project."""
    return Migration(Project(folder), layer_arn).plan()


def migrated(folder: Path, plan: Plan) -> dict[str, str]:
    """The changed files, which are written, too."""
    for change in plan.changes:
        (folder / change.path).write_bytes(change.new)
    return {str(change.path): change.new.decode() for change in plan.changes}


def said(findings: list[Finding]) -> list[str]:
    """Places and messages, up to the first colon of these."""
    return [f"{finding.place}: {finding.message.partition(':')[0]}" for finding in findings]
