"""Each function as `sam build` made it, run as its user would try it, with the layer that was built beside it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.layer import running
from tests.layer.running import quoted
from tests.local import command
from tests.local.command import Ran
from tests.sam.aws import AWS
from tests.sam.template import load, of_type

pytestmark = pytest.mark.slow


class Built:
    """What `sam build` left."""

    def __init__(self, application: Path, aws: AWS) -> None:
        self.folder = application / ".aws-sam" / "build"
        self.layer = self.folder / "LambdaTracerLayer"
        self.functions = of_type(load(self.folder / "template.yaml"), "AWS::Serverless::Function")
        self.aws = aws

    def invoke(self, function: str, *arguments: str | Path, **variables: str) -> Ran:
        """`lambda-tracer invoke` of a built function; `variables` stand for what the template refers to."""
        properties = self.functions[function]["Properties"]
        folder = self.folder / function
        settings = properties.get("Environment", {}).get("Variables", {})
        given = {name: value for name, value in settings.items() if isinstance(value, str)} | variables
        assert given.keys() == settings.keys()
        given.pop("AWS_LAMBDA_EXEC_WRAPPER", None)
        # The function's own folder, then the layer, as in Lambda; not the sources that are being tested here.
        given["PYTHONPATH"] = f"{folder}{os.pathsep}{self.layer / 'python'}"
        environment = [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
        return command.invoke(
            "app.lambda_handler", *map(str, arguments), *environment, folder=folder, **self.aws.variables
        )


@pytest.fixture
def built(application: Path, aws: AWS) -> Built:
    """The built application."""
    return Built(application, aws)


def segments(ran: Ran) -> dict[str, dict[str, Any]]:
    """What was recorded, by name, of the one invocation that was written as JSON."""
    (invocation,) = json.loads(ran.out)["invocations"]
    found, waiting = {}, list(invocation["segments"])
    while waiting:
        each = waiting.pop()
        found[each["name"]] = each
        waiting += each.get("subsegments", [])
    return found


def test_every_function_of_the_template_is_built_and_run_here(built: Built) -> None:
    assert set(built.functions) == {"PaymentApiFunction", "BatchFunction", "ZeroCodeFunction"}
    assert {name for name in os.listdir(built.folder) if "." not in name} == {
        *built.functions,
        "LambdaTracerLayer",
    }


def test_a_function_gets_the_layers_tracer_ready_to_run_on_its_python(built: Built, tmp_path: Path) -> None:
    program = (
        "import lambda_tracer.tracer as found, lambda_tracer.bundle_rest as bundle\n"
        "print(found.__file__, 'lambda_tracer.tracer' in bundle.ready)"
    )
    ran = subprocess.run(
        [sys.executable, "-B", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(built.layer / "python")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.split() == [str(built.layer / "python/lambda_tracer/tracer.py"), "True"]


def test_the_payment_api_stores_and_finds_a_payment(built: Built) -> None:
    dynamodb = built.aws.client("dynamodb")
    table = dynamodb.create_table(
        TableName="payments",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
    )["TableDescription"]["TableName"]

    paid, again, found = (
        built.invoke("PaymentApiFunction", "--event", f"event-{event}.json", PAYMENT_TABLE=table)
        for event in ("pay", "pay", "look-up")
    )

    answers = [ran.results[0] for ran in (paid, again, found)]
    assert [answer["statusCode"] for answer in answers] == [201, 409, 200]
    assert json.loads(answers[2]["body"]) == {"order": "A-1001", "amount": "129.90", "currency": "EUR"}
    assert paid.tree == expected(
        *("PaymentApiFunction", "## payments.parse", "dynamodb  PutItem  payments  200"),
        answered="POST /payments → 201",
    )
    assert "## lambda_handler  error  POST /payments → 409" in again.tree
    assert found.tree == expected(
        *("PaymentApiFunction", "dynamodb  GetItem  payments  200"), answered="GET /payments/{order} → 200"
    )
    assert "Order=A-1001  ColdStart=true  Service=payment-api  Trigger=api  Source=shop123" in paid.err


def test_a_request_that_is_no_payment_is_refused_by_the_name_of_the_field(built: Built) -> None:
    event = {
        "routeKey": "POST /payments",
        "body": json.dumps({"order": "A-1002", "amount": "-1", "currency": "EUR"}),
    }

    ran = built.invoke("PaymentApiFunction", "--event", json.dumps(event), PAYMENT_TABLE="payments")

    (answer,) = ran.results
    assert (answer["statusCode"], answer["body"]) == (
        400,
        '{"error": "amount: expected a positive number"}',
    )


def test_the_batch_reports_the_messages_that_failed_and_shows_them(built: Built) -> None:
    ran = built.invoke("BatchFunction", "--event", "event.json")

    (answer,) = ran.results
    sent = json.loads((built.folder / "BatchFunction" / "event.json").read_text())["Records"]
    failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
    assert failed < {each["messageId"] for each in sent}
    assert ran.tree.startswith(expected("BatchFunction"))
    shown = re.findall(r"─ ## sqs \S+(  fault)?\n", f"{ran.tree}\n")
    assert (len(shown), shown.count("  fault")) == (
        sum(1 for each in sent if is_sampled(each)),
        sum(1 for each in sent if is_sampled(each) and each["messageId"] in failed),
    )


def is_sampled(message: dict[str, Any]) -> bool:
    """As its sender decided; a message that no sampled sender sent is as its batch, which is sampled here."""
    header = message["attributes"].get("AWSTraceHeader", "")
    return "Sampled=" not in header or "Sampled=1" in header


def test_the_function_without_tracing_in_its_code_is_traced_by_the_wrapper(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = built.functions["ZeroCodeFunction"]["Properties"]["Environment"]["Variables"]
    wrapper = built.layer / Path(settings["AWS_LAMBDA_EXEC_WRAPPER"]).relative_to("/opt")
    running.start_through(monkeypatch, tmp_path / "python", f'exec {quoted(wrapper, sys.executable)} "$@"')
    topic = built.aws.client("sns").create_topic(Name="warehouse")["TopicArn"]

    # boto3 takes its time to import; here no import is slow enough to be recorded.
    arguments = ("--event", "event.json", "--json", "-", "--env", "LAMBDA_TRACER_IMPORTS_MS=60000")
    ran = built.invoke("ZeroCodeFunction", *arguments, WAREHOUSE_TOPIC_ARN=topic)

    recorded = segments(ran)
    assert (
        "lambda_tracer"
        not in (built.folder / "ZeroCodeFunction" / "app.py").read_text().partition('"""\n')[2]
    )
    assert ran.tree == expected("ZeroCodeFunction", "sns  Publish  warehouse  200")
    assert recorded["## lambda_handler"]["annotations"] == {
        "ColdStart": True,
        "Service": "shipping",
        "Trigger": "direct",
    }
    assert (recorded["sns"]["namespace"], recorded["sns"]["aws"]["operation"]) == ("aws", "Publish")
    assert "metadata" not in recorded["## lambda_handler"]


def expected(function: str, *calls: str, answered: str = "") -> str:
    """The waterfall of one cold invocation, with these below the handler, and its answer beside it."""
    last = len(calls) - 1
    return "\n".join(
        [
            f"{function}  AWS::Lambda",
            f"└─ {function}  AWS::Lambda::Function",
            "   ├─ Initialization",
            f"   └─ ## lambda_handler  {answered}".rstrip(),
            *(f"      {'└─' if number == last else '├─'} {call}" for number, call in enumerate(calls)),
        ]
    )
