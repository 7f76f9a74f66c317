"""What deploys the functions: layers, and whether tracing is switched on."""

from __future__ import annotations

from pathlib import Path

from tests.local.migrate.projects import LIST, make, migrated, plan_of

SDK = "from aws_xray_sdk.core import patch_all\n"
BOTH = "from aws_lambda_powertools import Logger, Tracer\n"
POWERTOOLS = "arn:aws:lambda:${AWS::Region}:017000801446:layer:AWSLambdaPowertoolsPythonV3-python312-x86_64:5"
OURS = "arn:aws:lambda:eu-north-1:123456789012:layer:lambda-tracer:7"

TEMPLATES = {
    "sam.yaml": f"""\
Transform: AWS::Serverless-2016-10-31  # SAM
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      CodeUri: src/
      Tracing: Active
      Layers:
        - !Sub {POWERTOOLS}  # utilities
        - !Ref Other
  Other:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: python3.12, CodeUri: src/, Layers: [!Sub "{POWERTOOLS}"]}}
  Elsewhere:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: python3.12, CodeUri: elsewhere/}}
  Node:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: nodejs22.x}}
""",
    "cloudformation.json": """\
{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"TracingConfig": {"Mode": "PassThrough"}}},
 "G": {"Type": "AWS::Lambda::Function", "Properties": {"TracingConfig": {"Mode": "Active"}}},
 "H": {"Type": "AWS::Lambda::Function", "Properties": {"TracingConfig": {"Fn::If": ["A", {"Mode": "Active"}, 1]}}}}}
""",
    "on/serverless.yml": """\
provider: {name: aws, runtime: python3.12, tracing: {lambda: true}}
functions:
  f: {handler: a.b}
""",
    "off/serverless.yml": """\
provider: {name: aws, runtime: python3.12}
functions:
  f: {handler: a.b}
  g: {handler: a.b, tracing: Active}
  h: {handler: d.e}
""",
    "cdk/app.py": """\
import aws_cdk.aws_lambda as lambda_
lambda_.Function(self, "A", runtime=r, handler="a.b", tracing=lambda_.Tracing.ACTIVE)
lambda_.Function(self, "B", runtime=r, handler="a.b")
lambda_.Function(self, "C", handler="a.b", tracing=lambda_.Tracing.DISABLED)
lambda_.Function(self, "D", **common)
""",
    "cdk/stack.ts": """\
import * as lambda from 'aws-cdk-lib/aws-lambda';
new lambda.Function(this, 'A', { runtime: lambda.Runtime.PYTHON_3_12, tracing: lambda.Tracing.ACTIVE });
new lambda.Function(this, 'B', { runtime: lambda.Runtime.NODEJS_22_X });
new PythonFunction(this, 'C', { entry: 'x' });
""",
    "main.tf": """\
resource "aws_lambda_function" "on" {
  runtime = "python3.12"
  tracing_config {
    mode = "Active"
  }
}
resource "aws_lambda_function" "off" {
  runtime = "python3.12"
}
""",
    ".chalice/config.json": '{"stages": {"dev": {"xray": true}, "prod": {}}}',
    "zappa_settings.json": '{"dev": {"app_function": "a.b"}}',
    "broken.yaml": "AWS::Serverless::Function: [\n",
}


def test_what_a_template_merges_into_a_function_counts(tmp_path: Path) -> None:
    template = """
x-common: &common
  Runtime: python3.13
  Tracing: Active
Resources:
  Traced:
    Type: AWS::Serverless::Function
    Properties: {<<: *common, Handler: app.handler, CodeUri: src/}
  Untraced:
    Type: AWS::Serverless::Function
    Properties: {<<: *common, Tracing: Disabled, Handler: app.handler, CodeUri: src/}
"""
    make(tmp_path, {"src/app.py": SDK, "template.yaml": template, "requirements.txt": LIST})

    messages = [finding.message for finding in plan_of(tmp_path).to_look_at]

    assert messages == ["tracing is not switched on, so nothing is recorded, in: Untraced"]


def test_what_is_not_traced_is_named_in_each_notation(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "src/app.py": SDK,
            "on/a.py": SDK,
            "off/a.py": "import c\n",
            "off/c.py": SDK,
            "off/d.py": "",
            **TEMPLATES,
        }
        | {"requirements.txt": LIST},
    )

    plan = plan_of(tmp_path)

    assert [(finding.place, finding.message.partition(":")[0]) for finding in plan.to_look_at] == [
        (".chalice/config.json", "tracing is not switched on, so nothing is recorded in prod"),
        ("cdk/app.py:3", "tracing is not switched on, so nothing is recorded"),
        ("cdk/stack.ts:4", "tracing is not switched on, so nothing is recorded"),
        ("cloudformation.json:1", "tracing is not switched on, so nothing is recorded, in"),
        ("main.tf:7", "tracing is not switched on, so nothing is recorded"),
        ("off/serverless.yml:3", "tracing is not switched on, so nothing is recorded, in"),
        ("sam.yaml:13", "tracing is not switched on, so nothing is recorded, in"),
        ("zappa_settings.json", "tracing is not switched on, so nothing is recorded"),
    ]
    assert plan.to_look_at[1].message.endswith("(also line 4)")
    assert plan.to_look_at[3].message.endswith("in: F")
    assert plan.to_look_at[5].message.endswith("in: f")
    assert plan.to_look_at[6].message.endswith("in: Other")


def test_our_layer_is_put_beside_powertools_own(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "src/app.py": BOTH,
            "sam.yaml": TEMPLATES["sam.yaml"],
            "cdk/app.ts": f"// aws-cdk\nx = '{POWERTOOLS}'\n",
        },
    )

    named = plan_of(tmp_path)
    plan = plan_of(tmp_path, OURS)
    changed = migrated(tmp_path, plan)

    layers = [finding.place for finding in named.to_look_at if "--layer ARN" in finding.message]
    assert layers == ["cdk/app.ts:2", "sam.yaml:10", "sam.yaml:14"]
    assert changed["sam.yaml"] == TEMPLATES["sam.yaml"].replace(
        "  # utilities\n", f"  # utilities\n        - {OURS}\n"
    ).replace(f'"{POWERTOOLS}"]', f'"{POWERTOOLS}", {OURS}]')
    assert plan_of(tmp_path, OURS).changes == []
    assert [finding.place for finding in plan.to_look_at] == ["cdk/app.ts:2", "sam.yaml:13"]


def test_a_layer_that_nothing_imports_any_more_may_go(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "app.py": "from aws_lambda_powertools import Tracer\n",
            "main.tf": f'x = "{POWERTOOLS}"\nAWSLambdaPowertools\n',
            "requirements.txt": "aws-lambda-powertools[tracer]\n",
        },
    )

    findings = [finding for finding in plan_of(tmp_path).findings if finding.path == "main.tf"]

    assert findings[0].message.startswith("Powertools' layer may go")
    assert findings[0].weight == "note"


def test_templates_of_a_project_without_tracing_are_none_of_our_business(tmp_path: Path) -> None:
    make(tmp_path, {"src/app.py": "from aws_lambda_powertools import Logger\n", **TEMPLATES})

    assert plan_of(tmp_path).findings == []


def test_a_python_on_which_it_does_not_run_is_named(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "src/app.py": SDK,
            "other.py": "",
            "template.yaml": """\
Globals: {Function: {Tracing: Active, Runtime: python3.9}}
Resources:
  A: {Type: AWS::Serverless::Function, Properties: {CodeUri: src/, Handler: app.f}}
  B: {Type: AWS::Serverless::Function, Properties: {CodeUri: ., Handler: other.f}}
  C: {Type: AWS::Serverless::Function, Properties: {CodeUri: src/, Runtime: python3.8}}
""",
            "pyproject.toml": '[project]\nrequires-python = ">=3.9"\ndependencies = ["aws-xray-sdk"]\n',
            "other/pyproject.toml": '[project]\nrequires-python = ">=3.10"\ndependencies = ["aws-xray-sdk"]\n',
        },
    )

    findings = plan_of(tmp_path).to_look_at

    assert [(finding.place, finding.message) for finding in findings] == [
        ("pyproject.toml:2", "lambda_tracer needs Python 3.10 or later"),
        ("template.yaml:1", "lambda_tracer needs Python 3.10 or later (also line 5)"),
    ]


def test_our_layer_is_for_functions_that_moved(tmp_path: Path) -> None:
    layers = f"layers: ['{POWERTOOLS}']"
    make(
        tmp_path,
        {
            "a/h.py": BOTH,
            "a/other.py": "from aws_lambda_powertools import Logger\n",
            "a/serverless.yml": "functions:\n"
            f"  h: {{handler: h.h, tracing: true, {layers}}}\n  o: {{handler: other.h, {layers}}}\n",
            "b/h.py": f"{BOTH}class Own(Tracer): ...\n",
            "b/serverless.yml": f"functions:\n  h: {{handler: h.h, tracing: true, {layers}}}\n",
        },
    )

    changed = migrated(tmp_path, plan_of(tmp_path, OURS))

    assert sorted(changed) == ["a/h.py", "a/serverless.yml"]
    assert [OURS in line for line in changed["a/serverless.yml"].splitlines()] == [False, True, False]
