"""template.yaml is one that CloudFormation takes, traces every function, and gives away no more than it must."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.layer.running import PROJECT
from tests.sam.template import load, of_type

pytestmark = pytest.mark.once

TEMPLATE = load(PROJECT / "template.yaml")
FUNCTIONS = of_type(TEMPLATE, "AWS::Serverless::Function")


def test_cfn_lint_finds_nothing() -> None:
    ran = subprocess.run(
        [
            Path(sysconfig.get_path("scripts"), "cfn-lint"),
            *("template.yaml", "examples/sam_local/template.yaml"),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_sam_finds_nothing(sam: Path) -> None:
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1"}
    ran = subprocess.run(
        [sam, "validate", "--lint"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )

    assert (ran.returncode, "is a valid SAM Template" in ran.stdout) == (0, True), ran.stderr


def test_every_function_is_traced_and_has_the_layer() -> None:
    settings = TEMPLATE["Globals"]["Function"]

    assert (settings["Tracing"], settings["Layers"]) == ("Active", [{"Ref": "LambdaTracerLayer"}])
    assert [
        name for name, each in FUNCTIONS.items() if {"Tracing", "Layers"} & each["Properties"].keys()
    ] == []


def test_the_layer_is_for_every_python_and_processor_that_the_package_is_for() -> None:
    layer = TEMPLATE["Resources"]["LambdaTracerLayer"]["Properties"]
    classifiers = re.findall(r"Python :: (3\.\d+)", (PROJECT / "pyproject.toml").read_text(encoding="utf-8"))

    assert layer["CompatibleRuntimes"] == [f"python{version}" for version in classifiers]
    assert layer["CompatibleRuntimes"] == TEMPLATE["Parameters"]["Runtime"]["AllowedValues"]
    assert sorted(layer["CompatibleArchitectures"]) == ["arm64", "x86_64"]


def statements() -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, statement)
        for name, function in FUNCTIONS.items()
        for policy in function["Properties"].get("Policies", [])
        for statement in policy["Statement"]
    ]


@pytest.mark.parametrize(("function", "statement"), statements())
def test_a_permission_is_for_named_actions_on_one_resource(function: str, statement: dict[str, Any]) -> None:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    (intrinsic,) = statement["Resource"].values()

    assert function in FUNCTIONS
    assert all(re.fullmatch(r"[a-z]+:[A-Za-z]+", action) for action in actions)
    assert intrinsic.partition(".")[0] in TEMPLATE["Resources"]


def test_the_api_takes_signed_requests_only() -> None:
    assert TEMPLATE["Resources"]["PaymentApi"]["Properties"]["Auth"]["DefaultAuthorizer"] == "AWS_IAM"


def test_messages_that_fail_come_back_alone_and_rest_in_the_dead_letter_queue() -> None:
    source = FUNCTIONS["BatchFunction"]["Properties"]["Events"]["Messages"]["Properties"]
    queue = TEMPLATE["Resources"]["BatchQueue"]["Properties"]
    timeout_s = TEMPLATE["Globals"]["Function"]["Timeout"]

    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": "BatchDeadLetterQueue.Arn"}
    assert queue["VisibilityTimeout"] == 6 * timeout_s


def test_the_template_that_the_pages_show_is_one_that_cfn_lint_takes(tmp_path: Path) -> None:
    pages = [path.read_text(encoding="utf-8") for path in sorted((PROJECT / "docs").rglob("*.md"))]
    blocks = re.findall(r"^```yaml\n(.*?)^```$", "\n".join(pages), re.MULTILINE | re.DOTALL)
    paths = [tmp_path / f"{number}.yaml" for number in range(len(blocks))]
    for path, block in zip(paths, blocks, strict=True):
        path.write_text(
            f"Transform: AWS::Serverless-2016-10-31\nParameters:\n  LayerArn:\n    Type: String\n{block}"
        )

    ran = subprocess.run(
        [Path(sysconfig.get_path("scripts"), "cfn-lint"), *paths], capture_output=True, text=True, check=False
    )

    assert blocks
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
