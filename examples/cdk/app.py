"""An example: the layer, and a function that is traced without a change to its code, by the AWS CDK.

make layer
pip install aws-cdk-lib
cdk deploy --app "python app.py"        in this folder
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

PROJECT = Path(__file__).resolve().parents[2]

PYTHONS = [
    lambda_.Runtime.PYTHON_3_10,
    lambda_.Runtime.PYTHON_3_11,
    lambda_.Runtime.PYTHON_3_12,
    lambda_.Runtime.PYTHON_3_13,
    lambda_.Runtime.PYTHON_3_14,
]


class Shipping(Stack):
    """A function that tells the warehouse what to ship."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        layer = lambda_.LayerVersion(
            self,
            "LambdaTracerLayer",
            code=lambda_.Code.from_asset(str(PROJECT / "layer" / "dist" / "lambda-tracer-layer.zip")),
            compatible_runtimes=PYTHONS,
            compatible_architectures=[lambda_.Architecture.ARM_64, lambda_.Architecture.X86_64],
            license="Apache-2.0",
        )
        topic = sns.Topic(self, "WarehouseTopic")
        function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="app.lambda_handler",
            code=lambda_.Code.from_asset(str(PROJECT / "examples" / "zero_code")),
            layers=[layer],
            # Adds the permission to send traces to the function's role.
            tracing=lambda_.Tracing.ACTIVE,
            environment={
                "AWS_LAMBDA_EXEC_WRAPPER": "/opt/lambda-tracer",
                "POWERTOOLS_SERVICE_NAME": "shipping",
                "WAREHOUSE_TOPIC_ARN": topic.topic_arn,
            },
        )
        topic.grant_publish(function)
        CfnOutput(self, "FunctionName", value=function.function_name)


if __name__ == "__main__":
    app = App()
    Shipping(app, "lambda-tracer-shipping")
    app.synth()
