"""Templates: what deploys the functions, and whether it switches tracing on. (SAM, CloudFormation, serverless.yml.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from .findings import Finding
from .manifests import Uses


@dataclass
class Templates:
    """What becomes of them, and what there is to say."""

    changes: dict[PurePosixPath, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    names_ours: bool = False


def is_template(path: PurePosixPath) -> bool:
    return False


def read_templates(
    others: Mapping[PurePosixPath, bytes], python: Mapping[PurePosixPath, bytes], uses: Uses, layer_arn: str
) -> Templates:
    return Templates()
