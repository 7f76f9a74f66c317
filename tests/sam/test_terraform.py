"""Terraform's example as far as it can be checked without AWS' provider: it parses, and says what it should."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import hcl2
import pytest

from tests.layer.running import PROJECT
from tests.sam.template import load

pytestmark = pytest.mark.once

FOLDER = PROJECT / "examples" / "terraform"
TERRAFORM = shutil.which("terraform")


def parsed() -> dict[str, Any]:
    with (FOLDER / "main.tf").open(encoding="utf-8") as file:
        found: dict[str, Any] = hcl2.load(file)
    return found


def text() -> str:
    """The file with single spaces."""
    return re.sub(r"[ \t]+", " ", (FOLDER / "main.tf").read_text(encoding="utf-8"))


def test_it_is_terraforms_language() -> None:
    kinds = [kind.strip('"') for resource in parsed()["resource"] for kind in resource]

    assert kinds.count("aws_lambda_layer_version") == 1
    assert kinds.count("aws_lambda_function") == 1


def test_it_says_the_same_of_the_function_as_the_sam_template() -> None:
    template = load(PROJECT / "template.yaml")
    variables = template["Resources"]["ZeroCodeFunction"]["Properties"]["Environment"]["Variables"]
    runtimes = template["Resources"]["LambdaTracerLayer"]["Properties"]["CompatibleRuntimes"]

    written = text()
    assert 'mode = "Active"' in written
    assert 'handler = "{}"'.format(template["Globals"]["Function"]["Handler"]) in written
    assert all(f"{name} = " in written for name in variables)
    assert 'AWS_LAMBDA_EXEC_WRAPPER = "{AWS_LAMBDA_EXEC_WRAPPER}"'.format(**variables) in written
    assert "compatible_runtimes = [{}]".format(", ".join(f'"{each}"' for each in runtimes)) in written


if TERRAFORM:

    def test_terraform_would_write_it_like_that() -> None:
        command = [TERRAFORM or "", "fmt", "-check", "-diff", str(FOLDER)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)

        assert (ran.returncode, ran.stdout) == (0, "")
