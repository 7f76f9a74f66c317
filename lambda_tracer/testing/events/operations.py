"""What accounts are run with: CloudWatch, CloudFormation, CodePipeline, CodeCommit, Config, Secrets Manager.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html
https://docs.aws.amazon.com/lambda/latest/dg/services-codecommit.html
https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_example-events.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import cast

from .values import ACCOUNT, REGION, Ids, Moment, Resource, compact, data, fresh, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal

    from aws_lambda_typing.events import (
        CloudFormationCustomResourceEvent,
        CloudWatchLogsEvent,
        CodeCommitMessageEvent,
        CodePipelineEvent,
        ConfigEvent,
        SecretsManagerRotationEvent,
    )

    from .values import At


# CloudWatch


def logs(
    *messages: object,
    group: str = "/aws/lambda/shop",
    stream: str | None = None,
    filters: Sequence[str] = ("all",),
    at: At = None,
    seed: object = None,
) -> CloudWatchLogsEvent:
    """A subscription of CloudWatch Logs: its messages, compressed and in Base64. See `logs_data`."""
    moment = Moment(at, before_s=1)
    ids = Ids("logs", group, stream, messages, seed)
    said = {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": group,
        "logStream": f"2026/01/01/[$LATEST]{ids.hexadecimal(32)}" if stream is None else stream,
        "subscriptionFilters": list(filters),
        "logEvents": [
            {"id": ids.decimal(56), "timestamp": moment.ms + index, "message": text(message)}
            for index, message in enumerate(messages or ("hello",))
        ],
    }
    packed = gzip.compress(compact(said).encode(), mtime=0)
    return {"awslogs": {"data": data(packed)}}


def logs_data(event: CloudWatchLogsEvent) -> dict[str, Any]:
    """What is in the event of `logs`, unpacked."""
    unpacked: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    return unpacked


def alarm(
    name: str = "too-many-errors",
    *,
    state: str = "ALARM",
    previous_state: str = "OK",
    reason: str = "Threshold Crossed: 1 datapoint [5.0] was greater than the threshold (0.0).",
    metric: str = "Errors",
    metric_namespace: str = "AWS/Lambda",
    dimensions: Mapping[str, str] | None = None,
    description: str = "",
    at: At = None,
    seed: object = None,
) -> dict[str, Any]:
    """An alarm of CloudWatch that has a function as its action."""
    of = Resource("cloudwatch", name, "alarm:")
    moment, before = Moment(at), Moment(at, before_s=300)
    measured = {
        "namespace": metric_namespace,
        "name": metric,
        "dimensions": {"FunctionName": "shop"} if dimensions is None else dict(dimensions),
    }
    return {
        "source": "aws.cloudwatch",
        "alarmArn": of.arn,
        "accountId": of.account,
        "time": moment.iso_offset,
        "region": of.region,
        "alarmData": {
            "alarmName": of.name,
            "state": {"value": state, "reason": reason, "reasonData": "{}", "timestamp": moment.iso_offset},
            "previousState": {
                "value": previous_state,
                "reason": "Unchecked: Initial alarm creation",
                "reasonData": "{}",
                "timestamp": before.iso_offset,
            },
            "configuration": {
                "description": description,
                "metrics": [
                    {
                        "id": Ids("alarm", of.arn, measured, seed).uuid(),
                        "metricStat": {"metric": measured, "period": 60, "stat": "Sum"},
                        "returnData": True,
                    }
                ],
            },
        },
    }


# What is deployed


def cloudformation(
    request_type: Literal["Create", "Update", "Delete"] = "Create",
    *,
    properties: Mapping[str, Any] | None = None,
    old_properties: Mapping[str, Any] | None = None,
    resource_type: str = "Custom::Orders",
    logical_id: str = "Orders",
    physical_id: str = "orders-1",
    stack: str = "shop",
    response_url: str = "http://127.0.0.1:9/",
    seed: object = None,
) -> CloudFormationCustomResourceEvent:
    """A custom resource of CloudFormation; `properties` beside the `ServiceToken` that all of them have.

    Nobody listens at the default `response_url`, so that an answer that is sent for real fails at once.
    """
    ids = Ids("cloudformation", request_type, stack, logical_id, properties, seed)
    of = Resource("cloudformation", stack, "stack/")
    function = f"arn:aws:lambda:{of.region}:{of.account}:function:custom-resource"
    event: dict[str, Any] = {
        "RequestType": request_type,
        "ServiceToken": function,
        "ResponseURL": response_url,
        "StackId": of.arn if "/" in of.name else f"{of.arn}/{Ids('stack', stack).uuid()}",
        "RequestId": ids.uuid(),
        "LogicalResourceId": logical_id,
        "ResourceType": resource_type,
        "ResourceProperties": {"ServiceToken": function, **fresh(dict(properties or {}))},
    }
    if request_type != "Create":
        event["PhysicalResourceId"] = physical_id
    if request_type == "Update":
        event["OldResourceProperties"] = {"ServiceToken": function, **fresh(dict(old_properties or {}))}
    return cast("CloudFormationCustomResourceEvent", event)


def codepipeline(
    user_parameters: object = "",
    *,
    function: str = "shop",
    input_artifacts: Sequence[str] = ("source",),
    output_artifacts: Sequence[str] = (),
    bucket: str = "shop-artifacts",
    continuation_token: str | None = None,
    at: At = None,
    seed: object = None,
) -> CodePipelineEvent:
    """A job of CodePipeline. `user_parameters` is a text, or becomes JSON. The credentials are made up."""
    ids = Ids("codepipeline", function, user_parameters, input_artifacts, output_artifacts, seed)

    def artifact(name: str) -> dict[str, Any]:
        place = {"bucketName": bucket, "objectKey": f"shop/{name}/{ids.small(7)}"}
        return {"name": name, "revision": None, "location": {"type": "S3", "s3Location": place}}

    stated: dict[str, Any] = {
        "actionConfiguration": {
            "configuration": {"FunctionName": function, "UserParameters": text(user_parameters)}
        },
        "inputArtifacts": [artifact(name) for name in input_artifacts],
        "outputArtifacts": [artifact(name) for name in output_artifacts],
        "artifactCredentials": {
            "accessKeyId": "ASIAEXAMPLEEXAMPLE12",
            "secretAccessKey": ids.base64(30),
            "sessionToken": ids.base64(32),
            "expirationTime": Moment(at).ms + 3_600_000,
        },
    }
    if continuation_token is not None:
        stated["continuationToken"] = continuation_token
    job = {"id": ids.uuid(), "accountId": ACCOUNT, "data": stated}
    return cast("CodePipelineEvent", {"CodePipeline.job": job})


def codecommit(
    *refs: str,
    repository: str = "shop",
    name: str = "ReferenceChanges",
    trigger: str = "all",
    custom_data: str | None = None,
    at: At = None,
    seed: object = None,
) -> CodeCommitMessageEvent:
    """A push to a CodeCommit repository; a ref is `refs/heads/main`."""
    of = Resource("codecommit", repository)
    ids = Ids("codecommit", of.arn, refs, seed)
    pushed = [{"commit": ids.hexadecimal(40), "ref": ref} for ref in refs or ("refs/heads/main",)]
    record: dict[str, Any] = {
        "awsRegion": of.region,
        "codecommit": {"references": pushed},
        "eventId": ids.uuid(),
        "eventName": name,
        "eventPartNumber": 1,
        "eventSource": "aws:codecommit",
        "eventSourceARN": of.arn,
        "eventTime": Moment(at, before_s=1).iso_offset,
        "eventTotalParts": 1,
        "eventTriggerConfigId": ids.uuid(),
        "eventTriggerName": trigger,
        "eventVersion": "1.0",
        "userIdentityARN": f"arn:aws:iam::{of.account}:user/jane",
    }
    if custom_data is not None:
        record["customData"] = custom_data
    return cast("CodeCommitMessageEvent", {"Records": [record]})


# What is watched over


def config(
    configuration: Mapping[str, Any] | None = None,
    *,
    rule: str = "encrypted-tables",
    parameters: Mapping[str, str] | None = None,
    resource_type: str = "AWS::DynamoDB::Table",
    resource_id: str = "orders",
    scheduled: bool = False,
    at: At = None,
    seed: object = None,
) -> ConfigEvent:
    """A rule of Config that is of a function: a resource has changed, or its time has come (`scheduled`)."""
    moment = Moment(at)
    ids = Ids("config", rule, configuration, resource_type, resource_id, seed)
    invoking: dict[str, Any] = {"notificationCreationTime": moment.iso_ms, "recordVersion": "1.0"}
    if scheduled:
        invoking |= {"awsAccountId": ACCOUNT, "messageType": "ScheduledNotification"}
    else:
        item = {
            "configuration": dict(configuration or {}),
            "configurationItemVersion": "1.3",
            "configurationItemCaptureTime": moment.iso_ms,
            "configurationStateId": moment.ms,
            "awsAccountId": ACCOUNT,
            "configurationItemStatus": "OK",
            "resourceType": resource_type,
            "resourceId": resource_id,
            "resourceName": resource_id,
            "ARN": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{resource_id}",
            "awsRegion": REGION,
            "availabilityZone": "Not Applicable",
            "configurationStateMd5Hash": "",
            "resourceCreationTime": moment.iso_ms,
            "relatedEvents": [],
            "relationships": [],
            "supplementaryConfiguration": {},
            "tags": {},
        }
        change = {"changedProperties": {}, "changeType": "CREATE"}
        invoking |= {
            "configurationItemDiff": change,
            "configurationItem": item,
            "messageType": "ConfigurationItemChangeNotification",
        }
    rule_id = f"config-rule-{Ids('rule', rule).small(6)}"
    return {
        "version": "1.0",
        "invokingEvent": compact(invoking),
        "ruleParameters": compact(dict(parameters or {})),
        "resultToken": ids.base64(32),
        "eventLeftScope": False,
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/config-role",
        "configRuleArn": f"arn:aws:config:{REGION}:{ACCOUNT}:config-rule/{rule_id}",
        "configRuleName": rule,
        "configRuleId": rule_id,
        "accountId": ACCOUNT,
    }


def secretsmanager(
    step: Literal["createSecret", "setSecret", "testSecret", "finishSecret"] = "createSecret",
    *,
    secret: str = "shop/database-a1b2c3",
    token: str | None = None,
    seed: object = None,
) -> SecretsManagerRotationEvent:
    """A step of the rotation of a secret. `secret` has the six characters that Secrets Manager adds to its name."""
    of = Resource("secretsmanager", secret, "secret:")
    version = Ids("secretsmanager", of.arn, seed).uuid() if token is None else token
    return {"Step": step, "SecretId": of.arn, "ClientRequestToken": version}
