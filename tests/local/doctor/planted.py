"""Projects with faults planted in them. Where a finding must be, the line says so: `# doctor: its-code, another`."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from tests.local.command import COMMAND, PATIENCE_S, environment

_FILE = re.compile(r"^=== (\S+)\n", re.MULTILINE)
_MARK = re.compile(r"# doctor: ([a-z0-9, -]+)")


class Examined(NamedTuple):
    """How the command ended, and what it found."""

    exit_code: int
    findings: list[dict[str, Any]]
    functions: list[dict[str, Any]]
    notes: list[str]

    @property
    def places(self) -> set[tuple[str, int, str]]:
        """File, line and code of each finding."""
        return {(each["file"] or "", each["line"] or 0, each["code"]) for each in self.findings}

    def of(self, code: str) -> dict[str, Any]:
        """The one finding of that code."""
        (found,) = [each for each in self.findings if each["code"] == code]
        return found


def plant(folder: Path, text: str) -> set[tuple[str, int, str]]:
    """Write the files of a project, and give file, line and code of each fault in it."""
    folder = folder.resolve()
    expected = set()
    parts = _FILE.split(text.lstrip("\n"))
    for name, content in zip(parts[1::2], parts[2::2], strict=True):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        for number, line in enumerate(content.splitlines(), 1):
            if found := _MARK.search(line):
                expected |= {(name, number, code.strip()) for code in found[1].split(",")}
    return expected


def doctor(folder: Path, *arguments: str, **variables: str) -> Examined:
    """`lambda-tracer doctor ARGUMENTS --json` in a folder."""
    done = run(folder, *arguments, "--json", **variables)
    assert done.stderr == ""
    told = json.loads(done.stdout)
    return Examined(done.returncode, told["findings"], told["functions"], told["notes"])


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`lambda-tracer doctor ARGUMENTS` in a folder, in a pipe."""
    return subprocess.run(
        [*COMMAND, "doctor", *arguments],
        cwd=folder,
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
    )


SAM = """
=== template.yaml
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Old: {Type: String, Default: python3.9}
  Where: {Type: String}
Globals:
  Function:
    Runtime: python3.13
    Handler: app.lambda_handler
    Timeout: 2
    Environment: &variables
      Variables:
        POWERTOOLS_SERVICE_NAME: shop
Resources:
  Untraced:  # doctor: tracing-not-active
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
  Passing:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
      Tracing: PassThrough  # doctor: tracing-pass-through
  Unpermitted:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
      Tracing: Active  # doctor: no-permission
      Role: !GetAtt Poor.Arn
  Permitted:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
      Tracing: Active
      Role: !GetAtt [Rich, Arn]
  Elsewhere:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
      Tracing: !Ref Where
      Role: !ImportValue role
  Aged:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
      Tracing: Active
      Runtime: !Ref Old  # doctor: old-runtime
  Missing:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
      Handler: handlers.main  # doctor: handler-not-found
      Tracing: Active
  Nameless:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
      Handler: app.handle  # doctor: handler-not-found
      Tracing: Active
  Unwrapped:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: unaware/
      Tracing: Active
      Environment:
        Variables:
          AWS_LAMBDA_EXEC_WRAPPER: /opt/lambda-tracer  # doctor: wrapper-without-layer
  Misspelt:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
      Tracing: Active
      Layers: [!Ref Layer]
      Environment:
        Variables:
          AWS_LAMBDA_EXEC_WRAPPER: /opt/lambda_tracer  # doctor: wrapper-misspelt
          POWERTOOLS_TRACE_DISABLED: true  # doctor: tracer-disabled
          POWERTOOLS_TRACER_CAPTURE_RESPONSE: perhaps  # doctor: variable-value
          POWERTOOLS_TRACE_DISABELD: "true"  # doctor: misspelt-variable
          POWERTOOLS_METRICS_NAMESPACE: shop
          LAMBDA_TRACER_COLOUR: blue  # doctor: unknown-variable
          LAMBDA_TRACER_EVENT_FACTS: maybe  # doctor: variable-value
          LAMBDA_TRACER_IMPORTS_MS: 10ms  # doctor: variable-value
          LAMBDA_TASK_ROOT: /var/task  # doctor: reserved-variable
          AWS_XRAY_DAEMON_ADDRESS: daemon  # doctor: daemon-address
          LAMBDA_TRACER_TIMEOUT_MARGIN_MS: 2000  # doctor: timeout-margin
          LAMBDA_TRACER_HANDLER: app.lambda_handler  # doctor: handler-variable
          TABLE: !Ref Table
  Unasked:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
      Tracing: Active
      Handler: lambda_tracer.auto.handler  # doctor: handler-variable
  Layered:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: good/
      Tracing: Active
      Architectures: [arm64]
      Layers:
        - !Ref Layer  # doctor: layer-mismatch
        - arn:aws:lambda:x:0:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:7  # doctor: layer-mismatch
  Unpacked:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: unpacked/
      Tracing: Active
  Observed:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: observed/
      Tracing: Active
      Environment:
        Variables:
          POWERTOOLS_TRACE_MIDDLEWARES: "true"  # doctor: two-tracers
  TakenOver:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: taken/
      Tracing: Active
      Layers: [!Ref Layer]
      Environment:
        Variables:
          AWS_LAMBDA_EXEC_WRAPPER: /opt/lambda-tracer
          LAMBDA_TRACER_TAKE_OVER: "true"
  Bare:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: unaware/
      Tracing: Active
      Handler: app.other  # doctor: no-tracer
  Script:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      CodeUri: good/
      Handler: index.handler
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties:
      ContentUri: layer/
      CompatibleArchitectures: [x86_64]
      CompatibleRuntimes: [python3.13]
  Poor:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [!Sub "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
      Policies:
        - PolicyDocument:
            Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]
  Rich:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument:
            Statement: [{Effect: Allow, Action: ["xray:Put*"], Resource: "*"}]
=== good/app.py
import os

from lambda_tracer import Tracer

tracer = Tracer()

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    tracer.put_annotation("Order.id", 1)
=== unaware/app.py
def lambda_handler(event, context):
    pass

other = lambda_handler
=== layer/python/shared.py
=== unpacked/requirements.txt
requests  # doctor: tracer-not-packaged
aioredis>=2  # doctor: untraced-library
=== unpacked/app.py
from lambda_tracer import Tracer

tracer = Tracer(auto_patch=False)  # doctor: auto-patch-off

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    pass
=== observed/app.py
import opentelemetry.sdk  # doctor: other-tracer
from aws_lambda_powertools import Logger, Tracer as Powertools  # doctor: two-tracers
from aws_xray_sdk.core import patch_all  # doctor: two-tracers
from aws_xray_sdk.core.models.trace_header import TraceHeader

import unread
from lambda_tracer import Tracer

tracer = Tracer()

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    pass
=== observed/unread.py
=== taken/app.py
from aws_lambda_powertools import Tracer
from aws_xray_sdk.core import patch_all

tracer = Tracer()

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    pass
"""

CODE = """
=== app.py
import asyncio
from functools import cached_property

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.middleware_factory import lambda_handler_decorator
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent, event_source
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, idempotent
from aws_lambda_powertools.utilities.parser import event_parser
from lambda_tracer import Tracer, xray_recorder

import broken_driver
from package.part import work

tracer = Tracer(patch_modules=["broken_driver", "pymysql"])  # doctor: no-service
logger = Logger()
app = APIGatewayRestResolver()

@lambda_handler_decorator
def timed(handler, event, context):
    return handler(event, context)

@logger.inject_lambda_context
@tracer.capture_lambda_handler
def fine(event, context):
    return app.resolve(event, context)

@event_source(data_class=APIGatewayProxyEvent)  # doctor: below-event-decorator
@tracer.capture_lambda_handler
def typed(event, context):
    pass

@event_parser(model=dict)  # doctor: below-event-decorator
@tracer.capture_lambda_handler(capture_response=False)
def parsed(event, context):
    pass

@timed  # doctor: below-middleware
@tracer.capture_lambda_handler
@tracer.capture_method
def timed_handler(event, context):
    pass

@tracer.capture_lambda_handler  # doctor: handler-captured-twice
@tracer.capture_lambda_handler
def twice(event, context):
    pass

@tracer.capture_method  # doctor: handler-as-method
def method(event, context):
    pass

def plain(event, context):  # doctor-if-handler
    pass

def calls_a_captured_one(event, context):
    return fine(event, context)

assigned = tracer.capture_lambda_handler(plain)

@tracer.capture_lambda_handler
async def asynchronous(event, context):
    await asyncio.sleep(0)

class Shelf:
    @tracer.capture_method
    @staticmethod
    def a():
        pass

    @classmethod
    @tracer.capture_method
    def b(cls):
        pass

    @cached_property
    @tracer.capture_method
    def c(self):
        pass

@tracer.capture_method  # doctor: captured-class
class Whole:
    pass

@tracer.capture_method  # doctor: above-route
@app.get("/items")
def items():
    return []

@app.get("/orders")
@tracer.capture_method
def orders():
    tracer.put_annotation("order-id", 1)  # doctor: annotation-key
    tracer.put_annotation(key="Order", value={"a": 1})  # doctor: annotation-value
    tracer.put_annotation("Order", str({"a": 1}))
    tracer.put_metadata("a", 1, namespace="AWS.x")  # doctor: metadata-namespace
    with xray_recorder.in_segment("orders"):  # doctor: segment-calls
        pass
=== broken_driver.py
=== package/__init__.py
=== package/part.py
from .deeper import work
=== package/deeper.py
def work(tracer):
    tracer.put_annotation("Größe", 1)  # doctor: annotation-key
    from stored import lambda_handler
=== docs/example.py
from aws_xray_sdk.core import xray_recorder
=== stored.py
from aws_lambda_powertools.utilities.idempotency import idempotent
from lambda_tracer import Tracer, global_sdk_config, patch

tracer = Tracer(disabled=True)  # doctor: tracer-disabled
patch(["boto4"], raise_errors=False)  # doctor: unknown-library

@idempotent(persistence_store=None)  # doctor: below-idempotent
@tracer.capture_lambda_handler
def lambda_handler(event, context):
    pass
=== tests/test_app.py
from aws_xray_sdk.core import xray_recorder
=== requirements.txt
aws-lambda-powertools[tracer]==3.20
pymysql ; python_version > "3"  # doctor: patch-not-taken
=== pymysql/__init__.py
from . import cursors
=== pymysql/cursors.py
class Pointer:
    pass
=== pyproject.toml
[project]
dependencies = [
    "requests>=2",
    "pika[x]",  # doctor: untraced-library
]
"""

OTHER_NOTATIONS = """
=== plain/template.json
{
\t"Resources": {
\t\t"Function": {
\t\t\t"Type": "AWS::Lambda::Function",
\t\t\t"Properties": {
\t\t\t\t"Runtime": "python3.12", "Handler": "app.handler", "TracingConfig": {"Mode": {"Ref": "Mode"}},
\t\t\t\t"Role": {"Fn::GetAtt": ["Role", "Arn"]},
\t\t\t\t"Environment": {"Variables": {"AWS_XRAY_SDK_ENABLED": "false"}}
\t\t\t}
\t\t},
\t\t"Role": {"Type": "AWS::IAM::Role", "Properties": {}}
\t},
\t"Parameters": {"Mode": {"Type": "String", "Default": "Active"}}
}
=== service/serverless.yml
service: shop
provider:
  name: aws
  runtime: python3.9  # doctor: old-runtime
  environment:
    POWERTOOLS_SERVICE_NAM: ${self:service}  # doctor: misspelt-variable
functions:
  order:  # doctor: tracing-not-active
    handler: src/app.handler
    timeout: 1
    environment:
      LAMBDA_TRACER_TIMEOUT_MARGIN_MS: 1500  # doctor: timeout-margin
  look:
    handler: src/app.missing  # doctor: handler-not-found
    tracing: true
    runtime: python3.13
=== service/src/app.py
from lambda_tracer import Tracer

tracer = Tracer(service="shop")

@tracer.capture_lambda_handler
def handler(event, context):
    pass
=== terraform/main.tf
resource "aws_lambda_function" "order" {  # doctor: tracing-not-active, no-permission
  role    = aws_iam_role.order.arn
  runtime = "python3.8"  # doctor: old-runtime
  handler = "app.handler"
  environment {
    variables = {
      TABLE = "a { b"
      POWERTOOLS_TRACE_DISABLED = "true"  # doctor: tracer-disabled
    }
  }
}
resource "aws_lambda_function" "look" {
  role    = var.role
  runtime = var.runtime
  tracing_config {
    mode = "PassThrough"  # doctor: tracing-pass-through
  }
}
resource "aws_lambda_function" "image" {
  role         = var.role
  package_type = "Image"
  tracing_config {
    mode = "Active"
  }
  environment {
    variables = {
      AWS_LAMBDA_EXEC_WRAPPER = "/opt/lambda-tracer"  # doctor: wrapper-in-image
    }
  }
}
resource "aws_iam_role" "order" {
  name = "order"
}
=== cdk/app.py
from aws_cdk import aws_lambda as lambda_

def stack(scope, tracing):
    lambda_.Function(  # doctor: tracing-not-active
        scope,
        "Order",
        runtime=lambda_.Runtime.PYTHON_3_9,  # doctor: old-runtime
        handler="app.missing",  # doctor: handler-not-found
        code=lambda_.Code.from_asset("../service/src"),
        environment={"LAMBDA_TRACER_REDCAT": "pin"},  # doctor: misspelt-variable
    )
    lambda_.Function(
        scope, "Look", runtime=lambda_.Runtime.PYTHON_3_13, handler="app.handler", tracing=tracing,
        code=lambda_.Code.from_asset("../service/src"),
    )
"""

HANDLERS = """
=== template.yaml
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.13, Tracing: Active, CodeUri: src/, Layers: [arn]}}
Resources:
  Called: {Type: AWS::Serverless::Function, Properties: {Handler: app.calls_a_captured_one}}
  Assigned: {Type: AWS::Serverless::Function, Properties: {Handler: app.assigned}}
  Asynchronous: {Type: AWS::Serverless::Function, Properties: {Handler: app.asynchronous}}
  Below: {Type: AWS::Serverless::Function, Properties: {Handler: app.below_another}}
  Made: {Type: AWS::Serverless::Function, Properties: {Handler: app.application}}
  Plain: {Type: AWS::Serverless::Function, Properties: {Handler: app.plain}}
  Wrapped:
    Type: AWS::Serverless::Function
    Properties: {Handler: app.plain, Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/lambda-tracer}}}
=== src/app.py
import functools
import os

from lambda_tracer import Tracer

os.environ["POWERTOOLS_TRACE_DISABLED"] = ""
tracer = Tracer(service="shop")

def repeated(handler):
    def again(event, context):
        return handler(event, context)
    return again

class Adapter:
    def __init__(self, handler):
        self.handler = handler

    def __call__(self, event, context):
        return self.handler(event, context)

@repeated
@tracer.capture_lambda_handler
def below_another(event, context):
    pass

def calls_a_captured_one(event, context):
    return below_another(event, context)

def plain(event, context):  # doctor: handler-not-captured
    pass

assigned = functools.partial(tracer.capture_lambda_handler(plain))
application = Adapter(below_another)

@tracer.capture_lambda_handler
async def asynchronous(event, context):
    pass
"""

HOSTILE = """
=== template.yaml
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    Tracing: Active
    CodeUri: src/
    Layers: [arn]
    Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/lambda-tracer}}
Resources:
  Exits: {Type: AWS::Serverless::Function, Properties: {Handler: exits.handler}}
  Leaves:
    Type: AWS::Serverless::Function
    Properties:
      Handler: leaves.handler  # doctor: handler-exits
  Crashes:
    Type: AWS::Serverless::Function
    Properties:
      Handler: crashes.handler  # doctor: handler-crashes
  Prints:
    Type: AWS::Serverless::Function
    Properties:
      Handler: prints.handler  # doctor: handler-prints-endlessly
  Fails: {Type: AWS::Serverless::Function, Properties: {Handler: folder/fails.handler}}
  Broken: {Type: AWS::Serverless::Function, Properties: {Handler: broken.handler}}
  Needs: {Type: AWS::Serverless::Function, Properties: {Handler: needs.handler}}
  Number:
    Type: AWS::Serverless::Function
    Properties:
      Handler: fine.number  # doctor: handler-not-found
  Missing:
    Type: AWS::Serverless::Function
    Properties:
      Handler: folder/nowhere.handler  # doctor: handler-not-found
  Nameless:
    Type: AWS::Serverless::Function
    Properties:
      Handler: fine.no_handler  # doctor: handler-not-found
  Fine: {Type: AWS::Serverless::Function, Properties: {Handler: fine.handler}}
=== src/exits.py
import sys
sys.exit("no")  # doctor: handler-exits
=== src/leaves.py
import os
os._exit(3)
=== src/crashes.py
import os
os.abort()
=== src/prints.py
import os
while True:
    os.write(1, b"x" * 100000)
=== src/folder/fails.py
def number():
    return 1 / 0  # doctor: handler-fails
number()
=== src/broken.py
def handler(:  # doctor: handler-fails
=== src/needs.py
import nowhere_to_be_found  # doctor: not-installed
=== src/json.py
raise RuntimeError("the function's own module, and no other's")
=== src/fine.py
import atexit, os, sys, threading, time
from lambda_tracer import Tracer

print("\\x1b]0;title\\x07 printed")
os.closerange(3, 100)
sys.stdout = sys.stderr = None
threading.Thread(target=time.sleep, args=(100,)).start()
atexit.register(time.sleep, 100)
number = 1

@Tracer(service="shop").capture_lambda_handler
def handler(event, context):
    pass
"""

BESIDE = """
=== app.py
import aws_lambda_powertools
from aws_lambda_powertools import tracing
from aws_xray_sdk.core import patch_all  # doctor: two-tracers
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware  # doctor: two-tracers
from aws_xray_sdk.core.exceptions.exceptions import SegmentNotFoundException
from lambda_tracer import Recorder, xray_recorder

tracer = aws_lambda_powertools.Tracer()  # doctor: two-tracers
=== given.py
from aws_lambda_powertools import Tracer
from lambda_tracer import Recorder

tracer = Tracer(provider=Recorder())
"""

INSTALLED = """
=== early.py
import lambda_tracer.compat

lambda_tracer.compat.install()

from aws_xray_sdk.core import xray_recorder
=== late.py
from aws_xray_sdk.core import xray_recorder  # doctor: two-tracers
import lambda_tracer.compat

lambda_tracer.compat.install()
"""

HANGS = """
=== hangs.py
import subprocess, sys, threading
for _ in range(3):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(50)", "left by a handler"], start_new_session=True)
threading.Event().wait()  # doctor: handler-hangs
"""

LOG = """
=== template.yaml
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.13, Tracing: Active, CodeUri: src/, Handler: app.handler, Timeout: 3, Layers: [arn]}
Resources:
  Kept:
    Type: AWS::Serverless::Function
    Properties:
      LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: WARN}
      Environment:
        Variables:
          LAMBDA_TRACER_KEEP: errors, slow:2999.5
          LAMBDA_TRACER_LOG_IDS: w3c
          LAMBDA_TRACER_PROPAGATORS: XRay, none
          LAMBDA_TRACER_WIRE: OTLP
  Off:
    Type: AWS::Serverless::Function
    Properties:
      Environment: {Variables: {LAMBDA_TRACER_KEEP: "off", LAMBDA_TRACER_TIMEOUT_MARGIN_MS: 0}}
  Misspelt:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables:
          LAMBDA_TRACER_KEEP: error,slow  # doctor: keep-word
          LAMBDA_TRACER_LOG_IDS: w3  # doctor: variable-value
          LAMBDA_TRACER_PROPAGATORS: xray,tracecontex  # doctor: variable-value
          LAMBDA_TRACER_WIRE: otpl  # doctor: variable-value
  Patient:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables:
          LAMBDA_TRACER_KEEP: slow:3000  # doctor: keep-slow
          LAMBDA_TRACER_TIMEOUT_MARGIN_MS: 0  # doctor: keep-no-timeout
  Silent:
    Type: AWS::Serverless::Function
    Properties:
      LoggingConfig:
        LogFormat: JSON
        ApplicationLogLevel: FATAL  # doctor: keep-level
      Environment: {Variables: {LAMBDA_TRACER_KEEP: errors}}
  Hasty:
    Type: AWS::Serverless::Function
    Properties:
      LoggingConfig:
        LogFormat: JSON
        ApplicationLogLevel: ERROR  # doctor: keep-level
      Environment: {Variables: {LAMBDA_TRACER_KEEP: "errors,slow:100"}}
  Loud:
    Type: AWS::Serverless::Function
    Properties:
      LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: ERROR}
      Environment: {Variables: {LAMBDA_TRACER_KEEP: errors}}
  Unseen:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables:
          LAMBDA_TRACER_LOG_IDS: "true"  # doctor: log-ids-unseen
  Formatted:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: formatted/
      Environment: {Variables: {LAMBDA_TRACER_LOG_IDS: "true"}}
  Coded: {Type: AWS::Serverless::Function, Properties: {CodeUri: coded/}}
  Identified: {Type: AWS::Serverless::Function, Properties: {CodeUri: identified/}}
=== src/app.py
import logging

from lambda_tracer import Tracer

tracer = Tracer(service="shop")

@tracer.capture_lambda_handler
def handler(event, context):
    logging.getLogger().info("here")
=== formatted/app.py
import logging

from lambda_tracer import Tracer

tracer = Tracer(service="shop")
for handler in logging.getLogger().handlers:
    handler.setFormatter(logging.Formatter("%(span_id)s %(message)s"))

@tracer.capture_lambda_handler
def handler(event, context):
    pass
=== identified/app.py
from lambda_tracer import Tracer

tracer = Tracer(service="shop", log_ids=True)  # doctor: log-ids-unseen

@tracer.capture_lambda_handler
def handler(event, context):
    pass
=== coded/app.py
from lambda_tracer import Tracer

patient = Tracer(service="shop", keep=["errors", "slow:20000"])  # doctor: keep-slow
tracer = Tracer(keep="errors,quick")  # doctor: keep-word, handler-fails
"""

LOG_ELSEWHERE = """
=== service/serverless.yml
service: shop
provider:
  name: aws
  runtime: python3.13
  tracing: {lambda: true}
  logs: {lambda: {logFormat: JSON}}
functions:
  order:
    handler: src/app.handler
    logs:
      applicationLogLevel: FATAL  # doctor: keep-level
    environment:
      LAMBDA_TRACER_KEEP: errors
=== service/src/app.py
from lambda_tracer import Tracer

@Tracer(service="shop").capture_lambda_handler
def handler(event, context):
    pass
=== terraform/main.tf
resource "aws_lambda_function" "order" {
  role    = var.role
  runtime = "python3.13"
  tracing_config {
    mode = "Active"
  }
  logging_config {
    log_format            = "JSON"
    application_log_level = "FATAL"  # doctor: keep-level
  }
  environment {
    variables = {
      LAMBDA_TRACER_KEEP = "errors,slow:3000"  # doctor: keep-slow
    }
  }
}
=== cdk/app.py
from aws_cdk import Duration, aws_lambda as lambda_

lambda_.Function(
    None, "Order", handler="index.handler", tracing=lambda_.Tracing.ACTIVE, timeout=Duration.seconds(30),
    logging_format=lambda_.LoggingFormat.JSON,
    application_log_level_v2=lambda_.ApplicationLogLevel.FATAL,  # doctor: keep-level
    environment={"LAMBDA_TRACER_KEEP": "slow:29000"},
)
"""

CODES = {
    code.strip()
    for text in (LOG, SAM, CODE, OTHER_NOTATIONS, HANDLERS, HOSTILE, HANGS, BESIDE)
    for found in _MARK.finditer(text)
    for code in found[1].split(",")
}
"""The codes that are planted."""
